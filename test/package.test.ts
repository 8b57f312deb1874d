// The package as users get it: packs the tarball, installs it into an empty project without network or scripts, and
// tries it from there: both module systems, the types, the start-up time, a call under a ban on code generation.
// Never looks at the tree: what is missing from the tarball must be missing here too.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const packaged = suite('package')

const PRINT_CPU = 'const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)'
const ENTRIES = ['pseud', 'pseud/zmtp', 'pseud/zmtp/v5-compat', 'pseud/sync', 'pseud/codec']
const scratch = mkdtempSync(path.join(tmpdir(), 'pseud-package-'))
const project = path.join(scratch, 'project')
const installed = path.join(project, 'node_modules/pseud')
let packed: string[] = []
let size = 0

packaged.before(() => {
  const printed = run('npm', ['pack', '--json', '--silent', '--pack-destination', scratch], '.')
  const [tarball] = JSON.parse(printed.slice(printed.indexOf('[\n'))) // after what the build said
  size = tarball.size
  packed = tarball.files.map((file: { path: string }) => file.path)
  mkdirSync(project)
  writeFileSync(path.join(project, 'package.json'), '{ "name": "empty", "private": true }')
  const file = path.join(scratch, tarball.filename)
  run('npm', ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', file], project)
})

packaged.after(() => rmSync(scratch, { recursive: true, force: true }))

packaged('holds dist/, the licence and the README, and nothing else', () => {
  const others = packed.filter((name) => !name.startsWith('dist/')).sort()
  assert.equal(others, ['LICENSE', 'README.md', 'package.json'])
  assert.equal(
    packed
      .filter(
        (name) => !/\.(?:js|cjs|d\.ts|d\.cts)$|^dist\/(?:THIRD_PARTY_LICENSES|sbom\.cdx\.json)$/.test(name),
      )
      .sort(),
    others,
  )
  // A package of its own: test/standin.test.ts.
  assert.not.ok(packed.some((name) => name.startsWith('dist/zeromq')))
})

packaged('weighs less than 200 KB packed', () => {
  assert.ok(size < 200_000, `${size} octets: docs/decisions/0040-one-copy-of-the-code.md says what they are`)
})

packaged('tells what is bundled, and its licences', () => {
  const bill = JSON.parse(readFileSync(path.join(installed, 'dist/sbom.cdx.json'), 'utf8'))
  const licences = readFileSync(path.join(installed, 'dist/THIRD_PARTY_LICENSES'), 'utf8')
  const { version, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages
  assert.is(bill.metadata.component.purl, `pkg:npm/pseud@${version}`)
  // Every licence comment in the code is of one of them.
  const names = bill.components.map((one: { name: string }) => one.name)
  const code = packed.filter((name) => /\.c?js$/.test(name))
  for (const name of code) {
    const text = readFileSync(path.join(installed, name), 'utf8')
    for (const [comment] of text.matchAll(/\/\*!.*|@licen[cs]e.*/g)) {
      assert.ok(
        names.some((one: string) => comment.includes(one)),
        `${name}: ${comment}`,
      )
    }
  }
  for (const { group, name, version, purl, hashes, licenses } of bill.components) {
    const full = `${group}/${name}`
    assert.is(version, devDependencies[full])
    assert.is(purl, `pkg:npm/${full.replace('@', '%40')}@${version}`)
    const [{ alg, content }] = hashes
    assert.is(
      `${alg} ${Buffer.from(content, 'hex').toString('base64')}`,
      `SHA-512 ${lock[`node_modules/${full}`].integrity.slice('sha512-'.length)}`,
    )
    assert.equal(licenses, [{ license: { id: lock[`node_modules/${full}`].license } }])
    assert.ok(
      licences.includes(`${full} ${version}\n`) &&
        licences.includes(readFileSync(`node_modules/${full}/LICENSE`, 'utf8').trim()),
    )
  }
  assert.equal(names, ['ciphers'])
})

packaged('has a version that the changelog knows, and entries that docs/versioning.md promises', () => {
  const { version, exports } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'))
  assert.ok(readFileSync('CHANGELOG.md', 'utf8').includes(`\n## ${version} `), version)
  const promised = /the entries (.*?):/.exec(readFileSync('docs/versioning.md', 'utf8'))?.[1]
  assert.equal(promised?.split(', ').sort(), ENTRIES.map((entry) => `\`${entry}\``).sort())
  assert.is(Object.keys(exports).length, ENTRIES.length + 1)
})

packaged('brings no dependency and runs no script when installed', () => {
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'))
  for (const key of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies']) {
    assert.is(manifest[key], undefined, key)
  }
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
    assert.is(manifest.scripts?.[name], undefined, name)
  }
  assert.is(manifest.sideEffects, false)
  assert.equal(
    readdirSync(path.join(project, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['pseud'],
  )
  assert.match(run('npm', ['ls', '--omit=dev', '--all'], '.'), /\(empty\)/)
})

packaged(
  'every class bears the name it is exported under: two of one name in a bundle, and one is renamed',
  () => {
    const list = ENTRIES.map((entry) => JSON.stringify(entry)).join(', ')
    for (const load of ['(name) => import(name)', '(name) => require(name)']) {
      const wrong = run(
        process.execPath,
        [
          '-e',
          `(async () => {
          const load = ${load}
          const wrong = []
          for (const entry of [${list}]) {
            for (const [name, value] of Object.entries(await load(entry))) {
              if (/^class /.test(String(value)) && value.name !== name) wrong.push([entry, name, value.name])
            }
          }
          console.log(JSON.stringify(wrong))
        })()`,
        ],
        project,
      )
      assert.equal(JSON.parse(wrong), [], load)
    }
  },
)

packaged('ESM and CommonJS export the same names from every entry', () => {
  const list = ENTRIES.map((entry) => JSON.stringify(entry)).join(', ')
  const esm = node(`const names = []
    for (const entry of [${list}]) names.push(Object.keys(await import(entry)).sort())
    console.log(JSON.stringify(names))`)
  const cjs = node(
    `console.log(JSON.stringify([${list}].map((entry) => Object.keys(require(entry)).sort())))`,
    'commonjs',
  )
  assert.equal(JSON.parse(cjs), JSON.parse(esm))
  for (const names of JSON.parse(esm)) assert.ok(names.length > 0)
  assert.ok(!JSON.parse(esm).flat().includes('default'))
})

packaged('what is imported is what is required', () => {
  const list = ENTRIES.map((entry) => JSON.stringify(entry)).join(', ')
  const twice = node(`import { createRequire } from 'node:module'
    const require = createRequire(process.cwd() + '/x.js')
    const twice = []
    for (const entry of [${list}]) {
      for (const [name, value] of Object.entries(await import(entry))) {
        if (value !== require(entry)[name]) twice.push(name)
      }
    }
    console.log(JSON.stringify(twice))`)
  assert.equal(JSON.parse(twice), [])
})

packaged('stack traces name functions, methods and classes, and no line is longer than a screen', () => {
  const stack = node(`import { Codec } from 'pseud/codec'
    import { Server } from 'pseud'
    try { new Codec().encode([[() => {}]]) } catch (error) { console.log(error.stack) }
    try { new Server('x').registerRpc(1) } catch (error) { console.log(error.stack) }`)
  for (const words of ['failEncode (', 'Encoder.encode (', 'Codec.encode (', 'enrol (', 'lib/codec.cjs:']) {
    assert.ok(stack.includes(words), `${words}: ${stack}`)
  }
  assert.is(/at .*\b\w \(.*pseud/.exec(stack), null, stack)
  for (const name of packed.filter((file) => /^dist\/cjs\//.test(file))) {
    const lines = readFileSync(path.join(installed, name), 'utf8').split('\n')
    const longest = Math.max(...lines.map((line) => line.length))
    assert.ok(longest < 4000, `${name}: a line of ${longest}`)
  }
})

packaged('a class that two entries export is one class, in ESM and in CommonJS', () => {
  const check = (load: string) => `
    const entries = [${ENTRIES.map((entry) => `${load}(${JSON.stringify(entry)})`).join(', ')}]
    let shared = 0
    for (const a of entries) for (const b of entries) {
      if (a === b) continue
      for (const name of Object.keys(a)) {
        if (!/Error$/.test(name) || !(name in b)) continue
        if (a[name] !== b[name]) throw new Error(name + ' exists twice')
        shared++
      }
    }
    console.log(shared)`
  assert.ok(Number(node(check('await import'))) > 0)
  assert.ok(Number(node(check('require'), 'commonjs')) > 0)
})

packaged('an ES module may import names from the CommonJS files', () => {
  const names = JSON.parse(node(`console.log(JSON.stringify(Object.keys(await import('pseud'))))`))
  const source = `import { ${names.join(', ')} } from './node_modules/pseud/dist/cjs/pseud.cjs'\nconsole.log(typeof ${names[0]})`
  assert.match(node(source), /function|object/)
})

packaged('no private field was lowered to a WeakMap and no code is made from text', () => {
  for (const name of packed.filter((file) => /\.c?js$/.test(file))) {
    const text = readFileSync(path.join(installed, name), 'utf8')
    const found = /__private(?:Add|Get|Set|Method|In)\b|__accessCheck|\beval\s*\(|\bnew Function\b/.exec(text)
    assert.is(found, null, `${name}: ${found?.[0]}`)
  }
})

packaged('declarations name no file that is not there', () => {
  const names = new Set(packed)
  let seen = 0
  for (const name of packed.filter((file) => /\.d\.c?ts$/.test(file))) {
    const text = readFileSync(path.join(installed, name), 'utf8')
    for (const [, target = ''] of text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)) {
      const file = path.posix
        .join(path.posix.dirname(name), target)
        .replace(/\.(c?)js$/, (_, kind) => `.d.${kind}ts`)
      assert.ok(names.has(file), `${name} imports ${target}`)
      // The other way round, a CommonJS user could not follow.
      assert.ok(name.endsWith('.d.ts') || target.endsWith('.cjs'), `${name} imports ${target}`)
      seen++
    }
  }
  assert.ok(seen > 0)
})

const PROGRAM = `
import { Client, PseudError, RpcError, Server, createLocalRegistry, registerRpc } from 'pseud'
import { decode, encode } from 'pseud/codec'
import { SyncClient } from 'pseud/sync'
import * as zmq from 'pseud/zmtp'
import * as v5 from 'pseud/zmtp/v5-compat'

interface Api {
  lower(text: string): string
  math: { add(a: number, b: number): number }
}

export async function main(): Promise<string> {
  const server = new Server('remote', { registry: createLocalRegistry('types') })
  server.registerRpc('lower', (text: string) => text.toLowerCase())
  registerRpc('upper', (text: string) => text.toUpperCase())
  const endpoint: string = await server.bind('tcp://127.0.0.1:*')
  const client = new Client<Api>('remote')
  client.connect(endpoint)
  const sum: number = await client.math.add(1, 2)
  const text: string = await client.lower('ABC')
  // @ts-expect-error: no such function
  await client.lowr('ABC')
  // @ts-expect-error: a wrong argument
  await client.lower(1)
  const sync = new SyncClient<Api>('remote').connect(endpoint)
  const blocked: string = sync.lower('ABC') + sync.math.add(1, 2).toFixed()
  // @ts-expect-error: a wrong argument
  sync.with({ timeoutMs: 1 }).lower(1)
  const untyped = new Client('remote')
  await untyped.anything.at.all(1, 'two')
  await using router = new zmq.Router()
  await router.send(['id', encode({ sum })])
  const value: unknown = decode(encode(1))
  v5.socket('push', { linger: 0 }).send('x', v5.ZMQ_SNDMORE).close()
  try {
    await client.close()
  } catch (error) {
    if (error instanceof RpcError) return error.code + error.executed
    if (error instanceof PseudError) return error.code
  }
  return text + value + blocked
}
`

packaged('types resolve for ESM and CommonJS users, by nodenext, node16 and bundler resolution', () => {
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(path.join('node_modules', name), path.join(project, 'node_modules', name), { recursive: true })
  }
  const base = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    exactOptionalPropertyTypes: true,
  }
  const users = {
    'esm.mts': { module: 'nodenext' },
    'cjs.cts': { module: 'nodenext' },
    'esm16.mts': { module: 'node16', moduleResolution: 'node16' },
    'cjs16.cts': { module: 'node16', moduleResolution: 'node16' },
    'bundled.ts': { module: 'esnext', moduleResolution: 'bundler' },
  }
  for (const [file, options] of Object.entries(users)) {
    writeFileSync(path.join(project, file), PROGRAM)
    const config = {
      compilerOptions: { ...base, ...options, skipLibCheck: file !== 'esm.mts' },
      files: [file],
    }
    writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify(config))
    const tsc = spawnSync(process.execPath, [path.resolve('node_modules/typescript/bin/tsc'), '-p', '.'], {
      cwd: project,
      encoding: 'utf8',
    })
    assert.is(tsc.stdout, '', `${file}: ${tsc.stdout}`)
    assert.is(tsc.status, 0, file)
  }
})

const CALL = `
  const server = new Server('remote')
  server.registerRpc('lower', (text) => text.toLowerCase())
  const endpoint = await server.bind('tcp://127.0.0.1:*')
  await server.start()
  const client = new Client('remote')
  client.connect(endpoint)
  console.log(await client.lower('ABC'))
  await client.close()
  await server.close()`

packaged('makes a call where code generation from strings is forbidden, from ESM and from CommonJS', () => {
  const flag = '--disallow-code-generation-from-strings'
  assert.is(node(`import { Client, Server } from 'pseud'\n${CALL}`, 'module', flag).trim(), 'abc')
  const cjs = `const { Client, Server } = require('pseud')\n;(async () => {${CALL}})()`
  assert.is(node(cjs, 'commonjs', flag).trim(), 'abc')
})

packaged('pseud/sync finds its worker thread from ESM, from CommonJS and at the prompt', async () => {
  writeFileSync(
    path.join(project, 'server.mjs'),
    `import { Server } from 'pseud'
    const server = new Server('remote')
    server.registerRpc('lower', (text) => text.toLowerCase())
    console.log(await server.bind('tcp://127.0.0.1:*'))`,
  )
  const server = spawn(process.execPath, ['server.mjs'], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = await once(server.stdout, 'data')
    const call = `new SyncClient('remote').connect('${String(line).trim()}').lower('ABC')`
    const esm = `import { SyncClient } from 'pseud/sync'\nconsole.log(${call})`
    const cjs = `const { SyncClient } = require('pseud/sync')\nconsole.log(${call})`
    for (const flags of [[], ['--disallow-code-generation-from-strings']]) {
      assert.is(node(esm, 'module', ...flags).trim(), 'abc')
      assert.is(node(cjs, 'commonjs', ...flags).trim(), 'abc')
    }
    const prompt = spawnSync(process.execPath, ['-i'], {
      cwd: project,
      encoding: 'utf8',
      env: withoutNpm(),
      input: `const { SyncClient } = require('pseud/sync')\n${call}\n`,
    })
    assert.match(prompt.stdout, /'abc'/)
    // A bundler may leave the package outside. Where it does not, and leaves the thread's code behind, that is said, and nothing hangs.
    for (const [external, said] of [
      [['pseud'], 'abc'],
      [[], 'WORKER_MISSING'],
    ] as const) {
      await build({
        stdin: {
          contents: `import { SyncClient } from 'pseud/sync'
            try { console.log(${call}) } catch (error) { console.log(error.code) }`,
          resolveDir: project,
        },
        outfile: path.join(project, 'bundle.mjs'),
        bundle: true,
        format: 'esm',
        platform: 'node',
        external: external.flatMap((name) => [name, `${name}/*`]),
      })
      assert.is(run(process.execPath, ['bundle.mjs'], project).trim(), said)
    }
  } finally {
    server.kill('SIGKILL')
  }
})

packaged(
  'the command is there, and serves modules that use the library, ES modules and CommonJS',
  async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    const bin = path.join(project, 'node_modules/.bin/pseud')
    assert.is(run(bin, ['--version'], project), `${version}\n`)
    writeFileSync(
      path.join(project, 'api.mjs'),
      "import { method } from 'pseud'\nexport const who = method((ctx, name) => [ctx.method, name])",
    )
    writeFileSync(
      path.join(project, 'api.cjs'),
      "const { method } = require('pseud')\nexports.who = method((ctx, name) => [ctx.method, name])",
    )
    for (const module of ['api.mjs', 'api.cjs']) {
      const server = spawn(bin, ['serve', module, '--bind', ':0', '--watch'], {
        cwd: project,
        env: withoutNpm(),
      })
      try {
        const [line] = await once(server.stdout, 'data', { signal: AbortSignal.timeout(60_000) })
        const [endpoint] = JSON.parse(String(line)).endpoints
        assert.is(run(bin, ['call', endpoint, 'who', 'me'], project), '["who","me"]\n')
      } finally {
        server.kill('SIGTERM')
      }
      const [code] = await once(server, 'close', { signal: AbortSignal.timeout(60_000) })
      assert.is(code, 0)
    }
  },
)

packaged(
  'works by ES modules, by CommonJS, in a thread, in a bundle, and without code from strings: npm run runtimes, in short',
  () => {
    const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? ''
    const words = ['scripts/runtimes.mjs', '--short', '--tarball', path.join(scratch, tarball)]
    assert.match(run(process.execPath, words, '.'), /^5 green, 0 explained, 0 red$/m)
  },
)

packaged('declarations give iterators one argument: TypeScript before 5.6 knows no more', () => {
  for (const name of packed.filter((file) => /\.d\.c?ts$/.test(file))) {
    const text = readFileSync(path.join(installed, name), 'utf8')
    const found = /\b(?:Async)?Itera(?:ble|bleIterator)<[^<>]*(?:<[^<>]*>[^<>]*)*,/.exec(text)
    assert.is(found, null, `${name}: ${found?.[0]}`)
  }
})

packaged('import of pseud costs under 25 ms over bare Node', () => {
  writeFileSync(path.join(project, 'bare.mjs'), PRINT_CPU)
  writeFileSync(path.join(project, 'load.mjs'), `import 'pseud'\n${PRINT_CPU}`)
  const bare: number[] = []
  const load: number[] = []
  for (let round = 0; round < 11; round++) {
    bare.push(Number(run(process.execPath, ['bare.mjs'], project)))
    load.push(Number(run(process.execPath, ['load.mjs'], project)))
  }
  // Processor time, and the least of the rounds, because a busy machine only ever adds to it; where Node itself needs more than its
  // usual 40 ms, the machine is slower, and 25 ms are as much more.
  const least = Math.min(...bare)
  const allowed = 25 * Math.max(1, least / 40)
  const cost = Math.min(...load) - least
  assert.ok(cost < allowed, `${cost.toFixed(1)} ms of ${allowed.toFixed(1)}, bare ${least.toFixed(1)}`)
})

packaged.run()

function run(command: string, args: string[], cwd: string): string {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env: withoutNpm() })
  assert.is(done.status, 0, `${command} ${args.join(' ')}: ${done.stdout}${done.stderr}`)
  return done.stdout
}

function node(source: string, type = 'module', ...flags: string[]): string {
  return run(process.execPath, [...flags, `--input-type=${type}`, '-e', source], project)
}

/** Under `npm test` the environment carries npm's own settings, such as the prefix of this repository. */
function withoutNpm(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !key.startsWith('npm_') && key !== 'NODE_V8_COVERAGE'),
  )
}
