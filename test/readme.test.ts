// Every TypeScript block of README.md and of docs/*.md is compiled and run as it stands, in a process of its own; the page of the README
// (server.ts, client.ts) in two, at a free port instead of 5555, with the Python block as a second client where Python is there.
// Where a block imports `zeromq`, it gets `pseud/zmtp`. Also: links lead somewhere, commands exist.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pythonOr } from './interop/support/python.ts'

const readme = suite('readme')

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'bench/README.md',
  'examples/README.md',
  ...readdirSync('docs', { recursive: true })
    .map((name) => path.join('docs', String(name)))
    .filter((name) => name.endsWith('.md'))
    .sort(),
]
const blocks = DOCUMENTS.flatMap((document) =>
  blocksOf(document, 'ts').map((code) => ({ code, title: titleOf(document, code) })),
)
const page = ['server.ts', 'client.ts'].map(
  (name) => blocks.find(({ code }) => code.startsWith(`// ${name}\n`))?.code ?? '',
)
const others = blocks.filter(({ code }) => !page.includes(code))
const python = pythonOr('the Python client of the README')
let folder = ''

readme.before(() => {
  mkdirSync('build', { recursive: true })
  folder = mkdtempSync(path.resolve('build', 'readme-'))
})
readme.after(() => rmSync(folder, { recursive: true, force: true }))

readme('has the page and a block for each thing it shows', () => {
  assert.ok(page.every((block) => block !== ''))
  assert.ok(others.filter(({ title }) => title.startsWith('README.md')).length >= 6)
})

readme('every block compiles', () => {
  for (const [i, { code }] of blocks.entries()) {
    writeFileSync(path.join(folder, `block-${i}.ts`), `${code}\nexport {}\n`)
  }
  const { paths } = JSON.parse(readFileSync('tsconfig.json', 'utf8')).compilerOptions
  for (const targets of Object.values<string[]>(paths)) targets[0] = path.resolve(targets[0]!)
  paths.zeromq = paths['pseud/zmtp']
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { paths },
    include: ['block-*.ts'],
    exclude: [],
  }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder], {
    encoding: 'utf8',
  })
  assert.is(tsc.stdout, '')
  assert.is(tsc.status, 0)
})

for (const { code, title } of others) {
  readme(`runs: ${title}`, async () => {
    const done = await ended(await start(code))
    assert.is(done.code, 0, done.output)
  })
}

readme('the page runs: a server and a client in two processes', async () => {
  const port = await freePort()
  const at = (block: string) => block.replace('127.0.0.1:5555', `127.0.0.1:${port}`)
  const [server, client] = page as [string, string]
  assert.not.equal(at(server), server)
  assert.not.equal(at(client), client)
  const running = await start(at(server))
  try {
    const done = await ended(await start(at(client)))
    assert.is(done.code, 0, done.output)
    if (python !== undefined) {
      const [source = ''] = blocksOf('README.md', 'python')
      const script = path.join(folder, 'client.py')
      writeFileSync(script, at(source))
      const called = await ended(spawn(python, [script]))
      assert.is(called.code, 0, called.output)
      assert.match(called.output, "[1, 1, 'abc']")
    }
  } finally {
    running.kill('SIGKILL')
  }
})

readme('every local link of the documents leads to a file', () => {
  const wrong: string[] = []
  for (const document of DOCUMENTS) {
    for (const [, target = ''] of readFileSync(document, 'utf8').matchAll(/\]\(([^)#]+?)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      if (!existsSync(path.join(path.dirname(document), target))) wrong.push(`${document} -> ${target}`)
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
      if (!['ci', 'i', 'install', 'ls', 'pack', 'rm', 'test'].includes(name) && !(name in scripts))
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

readme('CONTRIBUTING.md stays a page that one reads: at most 150 lines, four recipes', () => {
  const words = readFileSync('CONTRIBUTING.md', 'utf8')
  assert.ok(words.split('\n').length <= 151)
  assert.is([...words.matchAll(/^## Recipe: /gm)].length, 4)
})

readme.run()

function blocksOf(document: string, language: string): string[] {
  const text = readFileSync(document, 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => block!,
  )
}

/** Where it stands: the document, and the heading above it. */
function titleOf(document: string, block: string): string {
  const text = readFileSync(document, 'utf8')
  const before = text.slice(0, text.indexOf(block))
  return `${document}: ${before.slice(before.lastIndexOf('\n## ') + 4).split('\n')[0]}`
}

let started = 0

async function start(block: string): Promise<ChildProcess> {
  const { build } = await import('esbuild')
  const { sourceAliases } = await import(path.resolve('scripts/source-aliases.mjs'))
  const outfile = path.join(folder, `run-${++started}.mjs`)
  await build({
    stdin: { contents: block, loader: 'ts', resolveDir: folder },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    plugins: [sourceAliases],
    alias: { zeromq: 'pseud/zmtp' },
  })
  return spawn(process.execPath, ['--enable-source-maps', outfile], { timeout: 20_000 })
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

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
