// Every example runs in processes of its own, as its header says, checks itself, and ends by itself.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client } from '../src/index.ts'
import { Child } from './interop/support/child.ts'
import { pythonOr } from './interop/support/python.ts'
import { within } from './support/within.ts'

const ANY_PORT = 'tcp://127.0.0.1:0'
const INSTALL_MS = 180_000 // scripts/installed.mjs gives npm as long
const tests = suite('examples')
const python = pythonOr('the Python examples')
const pythonTest: (name: string, run: () => Promise<void>) => void = python === undefined ? tests.skip : tests
const directory = mkdtempSync(path.join(tmpdir(), 'pseud-'))
tests.after(() => rmSync(directory, { recursive: true, force: true }))

function example(name: string, args: string[] = [], env: Record<string, string> = {}): Child {
  return new Child(process.execPath, ['scripts/run-example.mjs', name, ...args], env)
}

async function succeeds(child: Child): Promise<void> {
  assert.is(await child.ended(30_000), 0, child.output)
}

/** Those that need nothing but to be run. The others have tests of their own, below. */
const SINGLE = [
  'behind-a-proxy',
  'job-runner',
  'opentelemetry',
  'progress',
  'registries',
  'server-calls-client',
  'several-servers',
  'streams',
  'sync',
  'typed-api',
  'validation',
  'worker-threads',
  ...['curve', 'curve-login', 'plain', 'token', 'trusted-peer'].map((name) => `security/${name}`),
  ...[
    'batches',
    'drop-in',
    'pipeline',
    'proxy',
    'pub-sub',
    'request-reply',
    'router-dealer',
    'stream-http',
  ].map((name) => `sockets/${name}`),
]
const OTHERS = ['demo', 'http-front', 'python', 'quickstart/client', 'quickstart/server']

for (const name of SINGLE) {
  if (name === 'job-runner') continue
  tests(`${name} runs, checks itself and ends`, async () => {
    const child = example(name)
    await succeeds(child)
    assert.is.not(child.output.trim(), '')
  })
}

const files = readdirSync('examples', { recursive: true })
  .map((file) => String(file).split(path.sep).join('/'))
  .filter((file) => /\.(?:ts|py)$/.test(file) && !/node_modules|build/.test(file))
  .sort()
const text = (file: string) => readFileSync(path.join('examples', file), 'utf8')

/** The rows of the table of examples/README.md: the examples of each, and the packages that it needs. */
const rows = text('README.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [, names, , needs] = line.split('|')
    const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!)
    return { names: quoted(names!), needs: quoted(needs!) }
  })

tests('every example is listed in examples/README.md, and is run by the tests', () => {
  // What its folder is named after, or a file that is one of several of its folder, or none.
  const folders = new Set(files.filter((file) => file.endsWith('/main.ts')).map((file) => path.dirname(file)))
  const names = new Set(
    files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => (folders.has(path.dirname(file)) ? path.dirname(file) : file.replace(/\.ts$/, ''))),
  )
  assert.equal(rows.flatMap((row) => row.names).sort(), [...names].sort())
  assert.equal([...SINGLE, ...OTHERS].sort(), [...names].sort())
})

tests('every file of the examples begins with two lines: what it shows, and how it is run', () => {
  for (const file of files) {
    const [first, second, third] = text(file)
      .split('\n')
      .map((line) => line.replace(/^\/\/ |^"""/, ''))
    assert.match(first!, /^[A-Z`].*\.$/, file)
    assert.match(second!, /^(?:Run `|Not to be run: )/, file)
    assert.match(third!, /^(?!\/\/)/, file)
  }
})

tests(
  'an example can be copied: it imports Node, pseud, its own folder, and what examples/README.md says that it needs',
  () => {
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const row = rows.find(
        ({ names }) => names.includes(file.replace(/\.ts$/, '')) || names.includes(path.dirname(file)),
      )
      const wrong = [...text(file).matchAll(/(?<=\bfrom |\bimport\(|new URL\()'([^']+)'/g)]
        .map(([, name]) => name!)
        .filter(
          (name) => !/^(?:node:|\.\/[\w-]+\.\w+$|pseud$|pseud\/)/.test(name) && !row!.needs.includes(name),
        )
      assert.equal(wrong, [], file)
    }
  },
)

tests('quickstart: the client calls the server, and both end by themselves', async () => {
  const server = example('quickstart/server', [ANY_PORT])
  const endpoint = (await server.line()).replace('serving at ', '')
  const client = example('quickstart/client', [endpoint])
  assert.is(await client.line(), 'abc DEF')
  await succeeds(client)
  await succeeds(server)
})

tests('job-runner: a worker is killed in the middle of a job, which another makes', async () => {
  const app = example('job-runner')
  await succeeds(app)
  const jobs = ['bread', 'cake', 'pie', 'waffles', 'pancakes']
  const lines = app.output.split('\n')
  for (const job of jobs) {
    assert.ok(
      lines.some((line) => line.startsWith(`${job} `) && line.includes('█ done at ')),
      app.output,
    )
  }
  const [, lost, worker] = /bob was killed in the middle of the (\w+); (\w+) made it/.exec(app.output)!
  assert.ok(jobs.includes(lost!))
  assert.ok(worker === 'ada' || worker === 'cleo')
  assert.match(app.output, new RegExp(`${lost} +█+ done at ${worker}, attempt 2`))
})

tests('quickstart: the client may be started first', async () => {
  const endpoint = `ipc://${path.join(directory, 'quickstart')}`
  const client = example('quickstart/client', [endpoint])
  const server = example('quickstart/server', [endpoint])
  assert.is(await client.line(), 'abc DEF')
  await succeeds(client)
  await succeeds(server)
})

pythonTest('the Python client calls the server of the quickstart', async () => {
  const server = example('quickstart/server', [ANY_PORT])
  const endpoint = (await server.line()).replace('serving at ', '')
  const client = new Child(python!, ['examples/python/client.py', endpoint])
  assert.is(await client.line(), "[1, 1, 'abc']")
  await succeeds(client)
  await succeeds(server)
})

pythonTest('python: a Python process is called, calls back, and fails as it should', async () => {
  const child = example('python', [], { PSEUD_PYTHON: python! })
  await succeeds(child)
  assert.match(child.output, /median: 5/)
  assert.match(child.output, /INTERNAL, no median for empty data/)
})

tests('http-front: statuses, cancellation and streams, in Express and in Fastify', async () => {
  const child = example('http-front')
  const code = await child.ended(INSTALL_MS + 30_000)
  // run-example.mjs exits with 3 where it could not install the frameworks.
  if (code === 3)
    return console.log(`SKIPPED: the HTTP front: npm ci in examples/http-front failed: ${child.output}`)
  assert.is(code, 0, child.output)
  for (const framework of ['Express', 'Fastify']) {
    assert.is(child.output.split(`${framework}: `).length - 1, 6, child.output)
  }
})

tests('`npm start` serves until Ctrl-C', async () => {
  const server = example('demo/server', [ANY_PORT])
  const endpoint = /tcp:\S+\d/.exec(await server.line())![0]
  const client = new Client('remote').connect(endpoint)
  assert.is(await within(10_000, client.lower('ABC') as Promise<unknown>), 'abc')
  await client.close()
  server.signal('SIGINT')
  await succeeds(server)
})

const ROUTES = ['client → server', 'server → client', 'libzmq → server', 'server → libzmq', 'client → libzmq']
const PYTHON_ROUTES = ['python → server', 'server → python', 'client → python']

/** Whether the demo printed a call from one to the other, that went well. */
function hasRoute(output: string, route: string): boolean {
  const [from, to] = route.split(' → ') as [string, string]
  return output
    .split('\n')
    .some((line) => new RegExp(`^ *${from} → ${to} .* \\d+(\\.\\d+)? ms +✓$`).test(line))
}

pythonTest(
  'the demo calls every way, Python included, prints each call with its time, and exits with 0',
  async () => {
    const demo = example('demo', [], { PSEUD_PYTHON: python! })
    await succeeds(demo)
    for (const route of [...ROUTES, ...PYTHON_ROUTES])
      assert.ok(hasRoute(demo.output, route), `${route}\n${demo.output}`)
    assert.match(demo.output, /\d+ calls, all as expected, in \d+\.\d s/)
    assert.not.match(demo.output, /✗/)
  },
)

tests('the demo works without Python, and without colours where there is no terminal', async () => {
  const demo = example('demo', [], { PSEUD_PYTHON: path.join(directory, 'none') })
  await succeeds(demo)
  for (const route of ROUTES) assert.ok(hasRoute(demo.output, route), `${route}\n${demo.output}`)
  for (const route of PYTHON_ROUTES) assert.not(hasRoute(demo.output, route))
  assert.match(demo.output, /No Python/)
  assert.not.ok(demo.output.includes('\u001b'))
})

tests('the demo exits with another code than 0 when one of its processes fails', async () => {
  const broken = path.join(directory, 'python')
  writeFileSync(broken, '#!/bin/sh\n[ "$1" = -c ] && exit 0\nexit 3\n')
  chmodSync(broken, 0o755)
  const demo = example('demo', [], { PSEUD_PYTHON: broken })
  assert.is(await demo.ended(30_000), 1)
  assert.match(demo.output, /python peer ended with exit code 3/)
})

tests.run()
