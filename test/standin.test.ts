// The package that stands in for `zeromq`, as users get it: packed, installed under that name without network or scripts. Programs that were
// written for the native package (test/fixtures/standin) run unchanged against both, and must say the same. Never looks at the tree.
import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmtp from '../src/zmtp/index.ts'
import * as v5 from '../src/zmtp/v5-compat/index.ts'
import { within } from './support/within.ts'

const standin = suite('standin')

const PROGRAMS = readdirSync('test/fixtures/standin').filter((name) => /\.[mc]js$/.test(name))
const TYPED = ['calculator.mts', 'counter.cts', 'veteran-typed.cts']
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'pseud-standin-')))
const ours = path.join(scratch, 'ours')
const native = path.join(scratch, 'native')
let tarball = ''
let packed: string[] = []

standin.before(() => {
  // Not dist/zeromq: another test may be building that at this moment.
  const built = path.join(scratch, 'built')
  run(process.execPath, ['scripts/standin.mjs', built], '.')
  const [{ filename, files }] = JSON.parse(
    run('npm', ['pack', built, '--json', '--silent', '--pack-destination', scratch], '.'),
  )
  tarball = path.join(scratch, filename)
  packed = files.map((file: { path: string }) => file.path)
  install(ours, { dependencies: { zeromq: `file:${tarball}` } })
  mkdirSync(path.join(native, 'node_modules'), { recursive: true })
  symlinkSync(path.resolve('node_modules/zeromq'), path.join(native, 'node_modules/zeromq'))
  for (const project of [ours, native]) cpSync('test/fixtures/standin', project, { recursive: true })
})

standin.after(() => rmSync(scratch, { recursive: true, force: true }))

standin('has the licence, a page to read, its files, and neither dependencies nor scripts', () => {
  const manifest = manifestOf(ours)
  const own = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.is(manifest.name, 'pseud-zeromq')
  for (const key of ['version', 'license', 'engines', 'author']) assert.equal(manifest[key], own[key], key)
  for (const key of ['dependencies', 'optionalDependencies', 'peerDependencies', 'scripts', 'bin']) {
    assert.is(manifest[key], undefined, key)
  }
  for (const name of ['LICENSE', 'README.md', 'index.js', 'index.d.ts', 'lib/bundle.js']) {
    assert.ok(packed.includes(name), name)
  }
  assert.equal(
    packed.filter(
      (name) =>
        !/\.js$|\.d\.ts$|^(?:LICENSE|README\.md|package\.json|THIRD_PARTY_LICENSES|sbom\.cdx\.json)$/.test(
          name,
        ),
    ),
    [],
  )
  assert.not.ok(packed.some((name) => /rpc|codec/.test(name)))
  const kib = packed.reduce(
    (sum, name) => sum + readFileSync(path.join(ours, 'node_modules/zeromq', name)).length,
    0,
  )
  assert.ok(kib < 1024 * 1024, `${kib} octets`)
})

standin(
  'exports the names of pseud/zmtp and its entries, all of which are names of the native package',
  () => {
    for (const [entry, exported] of [
      ['zeromq', zmtp],
      ['zeromq/v5-compat', v5],
      ['zeromq/v5-compat.js', v5],
    ] as const) {
      const names = Object.keys(exported).sort()
      for (const load of [
        `console.log(JSON.stringify(Object.keys(require('${entry}')).sort()))`,
        `import('${entry}').then((all) => console.log(JSON.stringify(Object.keys(all).filter((name) => !['default', '__esModule', 'module.exports'].includes(name)).sort())))`,
      ]) {
        assert.equal(JSON.parse(run(process.execPath, ['-e', load], ours)), names)
        if (load.startsWith('import') && entry !== 'zeromq') continue // the native one has no exports map: Node wants its extension, and sees no names
        const theirs = JSON.parse(run(process.execPath, ['-e', load], native))
        assert.equal(
          names.filter((name) => !theirs.includes(name)),
          [],
        )
      }
    }
  },
)

for (const program of PROGRAMS) {
  standin(`${program} says the same as with the native package`, async () => {
    assert.equal(await outcome(program, ours), await outcome(program, native))
  })
}

standin('typed programs compile with its typings as with the native ones, and say the same', async () => {
  for (const project of [ours, native]) {
    for (const name of ['@types/node', 'undici-types']) {
      cpSync(path.join('node_modules', name), path.join(project, 'node_modules', name), { recursive: true })
    }
  }
  compile(native, { module: 'nodenext', outDir: 'out' })
  // Its declarations are checked themselves, too: they name nothing that is not there.
  compile(ours, { module: 'nodenext', outDir: 'out', skipLibCheck: false })
  compile(ours, { module: 'node16', moduleResolution: 'node16', noEmit: true })
  compile(ours, { module: 'preserve', moduleResolution: 'bundler', noEmit: true })
  for (const name of TYPED) {
    const program = path.join('out', name.replace('ts', 'js'))
    assert.equal(await outcome(program, ours), await outcome(program, native))
  }
})

standin('a dependency that asks for zeromq gets it through overrides, the very same', () => {
  const dependency = path.join(scratch, 'needs-zeromq')
  mkdirSync(dependency)
  writeFileSync(
    path.join(dependency, 'package.json'),
    JSON.stringify({ name: 'needs-zeromq', version: '1.0.0', dependencies: { zeromq: '^6.0.0' } }),
  )
  writeFileSync(
    path.join(dependency, 'index.js'),
    `const zmq = require('zeromq')
    exports.Push = zmq.Push
    exports.echo = async (text) => {
      const [a, b] = [new zmq.Pair(), new zmq.Pair()]
      await a.bind('inproc://echo')
      b.connect('inproc://echo')
      await b.send(text)
      return String((await a.receive())[0])
    }`,
  )
  run('npm', ['pack', dependency, '--silent', '--pack-destination', scratch], '.')
  const project = path.join(scratch, 'overriding')
  install(project, {
    dependencies: {
      zeromq: `file:${tarball}`,
      'needs-zeromq': `file:${path.join(scratch, 'needs-zeromq-1.0.0.tgz')}`,
    },
    overrides: { zeromq: '$zeromq' },
  })
  const said = run(
    process.execPath,
    [
      '-e',
      `const { echo, Push } = require('needs-zeromq')
      echo('through a dependency').then((text) => console.log(text, Push === require('zeromq').Push))`,
    ],
    project,
  )
  assert.is(said, 'through a dependency true\n')
  assert.equal(
    readdirSync(path.join(project, 'node_modules'))
      .filter((name) => !name.startsWith('.'))
      .sort(),
    ['needs-zeromq', 'zeromq'],
  )
})

standin('is bundled into one file by esbuild, which then needs no package', async () => {
  const { build } = await import('esbuild')
  const outfile = path.join(scratch, 'bundled/broker.cjs')
  await build({ entryPoints: [path.join(ours, 'broker.cjs')], outfile, bundle: true, platform: 'node' })
  assert.equal(await outcome('broker.cjs', path.dirname(outfile)), await outcome('broker.cjs', ours))
})

standin.run()

/** Writes package.json and installs it. */
function install(project: string, manifest: object): void {
  mkdirSync(project)
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ name: 'user', private: true, ...manifest }),
  )
  run('npm', ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund'], project)
}

function manifestOf(project: string): Record<string, unknown> {
  const text = run(
    process.execPath,
    ['-e', `console.log(JSON.stringify(require('zeromq/package.json')))`],
    project,
  )
  return JSON.parse(text)
}

function compile(project: string, options: object): void {
  const compilerOptions = {
    strict: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    ...options,
  }
  writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: TYPED }))
  const tsc = spawnSync(process.execPath, [path.resolve('node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd: project,
    encoding: 'utf8',
  })
  assert.is(tsc.stdout, '', `${path.basename(project)}: ${tsc.stdout}`)
  assert.is(tsc.status, 0)
}

interface Outcome {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** What a program of `project` says and ends with: it must end well, by itself, and say something. */
async function outcome(program: string, project: string): Promise<Outcome> {
  const child = spawn(process.execPath, [program], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { output: '', errors: '' }
  child.stdout.on('data', (data) => {
    said.output += data
  })
  child.stderr.on('data', (data) => {
    said.errors += data
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  try {
    const code = await within(20_000, ended, `the end of ${program}: ${said.output}${said.errors}`)
    assert.is(code, 0, `${program}: ${said.output}${said.errors}`)
    assert.ok(said.output.length > 0, program)
    return { code, ...said }
  } finally {
    child.kill('SIGKILL')
  }
}

function run(command: string, args: string[], cwd: string): string {
  // Under `npm test` the environment carries npm's own settings, such as the prefix of this repository.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !key.startsWith('npm_') && key !== 'NODE_V8_COVERAGE'),
  )
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env })
  assert.is(done.status, 0, `${command} ${args.join(' ')}: ${done.stdout}${done.stderr}`)
  return done.stdout
}
