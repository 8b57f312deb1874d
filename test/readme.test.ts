// Every TypeScript block of README.md and of docs/*.md is compiled and run as it stands, in a process of its own; the page of the README
// (server.ts, client.ts) in two, at a free port instead of 5555, with the Python block as a second client where Python is there. Blocks that are files of a
// walk compile together; walks.test.ts runs them. Where a block imports `zeromq`, it gets `pseud/zmtp`. Also: links lead somewhere, commands exist.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pythonOr } from './interop/support/python.ts'
import {
  anchorsOf,
  type Block,
  blocksIn,
  DOCUMENTS,
  linksIn,
  REPLAYED,
  walksIn,
} from './support/documents.ts'
import { freePort } from './support/sockets.ts'

const readme = suite('readme')

/** Pages of which a command makes all, that list other pages, that promise, or that have a command in each line. */
const UNSHOWN = [
  'README.md',
  'benchmarks.md',
  'cli.md',
  'engine-states.md',
  'reliability.md',
  'standin-readme.md',
  'versioning.md',
]

/** Commands outside of walks, and who runs them. */
const OTHERWISE: readonly (readonly [RegExp, string])[] = [
  [/^npm ci && npm (?:test|run demo)$/, 'CI, and test/examples.test.ts'],
  [/^npm run [\w:]+(?: |$)/, 'that there is such a script is tested below; each has tests of its own'],
  [/^npm (?:test|ci)(?: |$)/, 'CI'],
  [/^npm i(?:nstall)? zeromq@npm:pseud-zeromq$/, 'test/standin.test.ts, with a tarball'],
]

const blocks = DOCUMENTS.flatMap((document) => blocksIn(document)).filter(({ language }) => language === 'ts')
const page = ['server.ts', 'client.ts'].map(
  (name) => blocks.find(({ document, file }) => document === 'README.md' && file === name)?.code ?? '',
)
const single = blocks.filter(({ file }) => file === undefined)
const projects = DOCUMENTS.flatMap((document) => walksIn(document))
const python = pythonOr('the Python client of the README')
let folder = ''

readme.before(async () => {
  mkdirSync('build', { recursive: true })
  folder = mkdtempSync(path.resolve('build', 'readme-'))
  for (const [i, { code }] of single.entries()) {
    writeFileSync(path.join(folder, `block-${i}.ts`), `${code}\nexport {}\n`)
  }
  await bundle(single.map((_, i) => `block-${i}.ts`))
})
readme.after(() => rmSync(folder, { recursive: true, force: true }))

readme('has the page and a block for each thing it shows', () => {
  assert.ok(page.every((block) => block !== ''))
  assert.ok(single.filter(({ document }) => document === 'README.md').length >= 5)
})

readme('every block compiles', () => {
  for (const [i, project] of projects.entries()) {
    for (const { file, code } of project.blocks) {
      if (file === undefined || !/\.m?ts$/.test(file)) continue
      const target = path.join(folder, `project-${i}`, file)
      mkdirSync(path.dirname(target), { recursive: true })
      writeFileSync(target, `${code}\n`)
    }
  }
  const { paths } = JSON.parse(readFileSync('tsconfig.json', 'utf8')).compilerOptions
  for (const targets of Object.values<string[]>(paths)) targets[0] = path.resolve(targets[0]!)
  paths.zeromq = paths['pseud/zmtp']
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { paths, declaration: false, isolatedDeclarations: false },
    include: ['**/*.ts', '**/*.mts'],
    exclude: [],
  }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder], {
    encoding: 'utf8',
  })
  const named = tsc.stdout.replace(/block-(\d+)\.ts/g, (_, i) => `${at(single[Number(i)]!)} (from there)`)
  assert.is(named, '')
  assert.is(tsc.status, 0)
})

for (const [i, block] of single.entries()) {
  readme(`runs: ${at(block)}`, async () => {
    const done = await ended(start(`block-${i}`))
    assert.is(done.code, 0, done.output)
  })
}

readme('files that belong together come with the commands that run them', () => {
  for (const { title, blocks: own } of projects) {
    assert.ok(
      own.some(({ language }) => language === 'sh'),
      `${title}: files, and nobody says how they are run`,
    )
  }
})

readme('the page runs: a server and a client in two processes', async () => {
  const port = await freePort()
  const here = (block: string) => block.replace('127.0.0.1:5555', `127.0.0.1:${port}`)
  const [server, client] = page as [string, string]
  assert.not.equal(here(server), server)
  assert.not.equal(here(client), client)
  writeFileSync(path.join(folder, 'server.ts'), here(server))
  writeFileSync(path.join(folder, 'client.ts'), here(client))
  await bundle(['server.ts', 'client.ts'])
  const running = start('server')
  try {
    const done = await ended(start('client'))
    assert.is(done.code, 0, done.output)
    if (python !== undefined) {
      const source = blocksIn('README.md').find(({ language }) => language === 'python')!.code
      const script = path.join(folder, 'client.py')
      writeFileSync(script, here(source))
      const called = await ended(spawn(python, [script]))
      assert.is(called.code, 0, called.output)
      assert.match(called.output, "[1, 1, 'abc']")
    }
  } finally {
    running.kill('SIGKILL')
  }
})

readme('every local link of the documents leads to a file, and to a heading of it', () => {
  const wrong: string[] = []
  for (const document of DOCUMENTS) {
    for (const { target, anchor } of linksIn(document)) {
      const file = path.posix.join(path.dirname(document), target === '' ? path.basename(document) : target)
      const exists = existsSync(file)
      const isThere = exists && (anchor === '' || (file.endsWith('.md') && anchorsOf(file).has(anchor)))
      if (!isThere) wrong.push(`${document} -> ${target}${anchor === '' ? '' : `#${anchor}`}`)
    }
  }
  assert.equal(wrong, [])
})

readme('every document is reached from README.md, and every page of docs/ stands in docs/README.md', () => {
  const reached = new Set<string>()
  const queue = ['README.md']
  for (let document = queue.pop(); document !== undefined; document = queue.pop()) {
    if (reached.has(document)) continue
    reached.add(document)
    queue.push(...neighbours(document))
  }
  assert.equal(
    DOCUMENTS.filter((document) => !reached.has(document)),
    [],
  )
  const listed = new Set(neighbours('docs/README.md'))
  const pages = readdirSync('docs').filter((name) => name.endsWith('.md') && name !== 'README.md')
  assert.equal(
    pages.filter((name) => !listed.has(`docs/${name}`)),
    [],
  )
})

readme('every command that a document shows is run by a test, or stands here with the reason why not', () => {
  const walked = new Set(
    projects.flatMap(({ blocks: own }) => own.map(({ document, line }) => `${document}:${line}`)),
  )
  const wrong: string[] = []
  const shown = DOCUMENTS.filter((document) => !REPLAYED.includes(document))
  for (const block of shown.flatMap((document) => blocksIn(document))) {
    const where = `${block.document}:${block.line}`
    if (!['sh', 'bash', 'shell'].includes(block.language) || walked.has(where)) continue
    for (const line of block.code.split('\n')) {
      const command = line.replace(/\s+#.*$/, '').trim()
      if (command === '' || OTHERWISE.some(([known]) => known.test(command))) continue
      wrong.push(`${where}: ${command}`)
    }
  }
  assert.equal(wrong, [])
})

readme('every file and script that the documents name is there', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const wrong: string[] = []
  for (const document of DOCUMENTS) {
    const words = readFileSync(document, 'utf8')
    for (const [, name = ''] of words.matchAll(/(?:^|`|&& )npm (?:run )?([a-z:]+)/gm)) {
      if (
        !['ci', 'i', 'init', 'install', 'ls', 'pack', 'pkg', 'rm', 'test', 'view'].includes(name) &&
        !(name in scripts)
      )
        wrong.push(`${document}: npm run ${name}`)
    }
    for (const [, name = ''] of words.matchAll(/`((?:src|test|bench|docs|examples|scripts)\/[\w./-]+)`/g)) {
      if (!name.includes('NAME') && !existsSync(name)) wrong.push(`${document}: ${name}`)
    }
    if (document === 'docs/architecture.md') {
      for (const [, name = ''] of words.matchAll(/`((?:base|codec|zmtp|rpc)\/[\w./-]+)`/g)) {
        if (!existsSync(path.join('src', name))) wrong.push(`${document}: ${name}`)
      }
    }
  }
  assert.equal(wrong, [])
})

readme(
  'every page of docs/ says which command shows what it claims, and there is something for it to run',
  () => {
    const tests = readdirSync('test', { recursive: true })
      .map((name) => `test/${String(name).split(path.sep).join('/')}`)
      .filter((name) => name.endsWith('.test.ts'))
    const wrong: string[] = []
    for (const name of readdirSync('docs').filter(
      (file) => file.endsWith('.md') && !UNSHOWN.includes(file),
    )) {
      const command = /^Shown by `npm (test --|run) ([^`]+)`\.$/m.exec(readFileSync(`docs/${name}`, 'utf8'))
      if (command === null) wrong.push(`${name}: "Shown by \`npm test -- …\`." is missing`)
      if (command?.[1] !== 'test --') continue
      for (const part of command[2]!.split(' ')) {
        if (!tests.some((test) => test.includes(part))) wrong.push(`${name}: no test has ${part} in its name`)
      }
    }
    assert.equal(wrong, [])
  },
)

readme('CONTRIBUTING.md stays a page that one reads: at most 150 lines, four recipes', () => {
  const words = readFileSync('CONTRIBUTING.md', 'utf8')
  assert.ok(words.split('\n').length <= 151)
  assert.is([...words.matchAll(/^## Recipe: /gm)].length, 4)
})

readme.run()

function at({ document, line, heading }: Block): string {
  return `${document}:${line}: ${heading}`
}

/** Documents that this one links to; a link to a folder is one to all below it. */
function neighbours(document: string): string[] {
  return linksIn(document).flatMap(({ target }) => {
    const file = path.posix.join(path.dirname(document), target)
    if (target === '' || !existsSync(file)) return []
    return DOCUMENTS.filter((other) => other === file || other.startsWith(`${file.replace(/\/$/, '')}/`))
  })
}

/** All at once, so that they share the library. */
async function bundle(files: string[]): Promise<void> {
  const { build } = await import('esbuild')
  const { sourceAliases } = await import(path.resolve('scripts/source-aliases.mjs'))
  await build({
    entryPoints: files.map((file) => path.join(folder, file)),
    outdir: path.join(folder, 'run'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    plugins: [sourceAliases],
    alias: { zeromq: 'pseud/zmtp' },
  })
}

function start(name: string): ChildProcess {
  return spawn(process.execPath, [path.join(folder, 'run', `${name}.mjs`)], { timeout: 60_000 })
}

function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = ''
  child.stdout?.on('data', (data) => {
    output += data
  })
  child.stderr?.on('data', (data) => {
    output += data
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })))
}
