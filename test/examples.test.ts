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

const SINGLE = [
  'opentelemetry',
  'registries',
  'server-calls-client',
  'streams',
  'sync',
  'typed-api',
  'validation',
  'worker-threads',
]
const SOCKETS = [
  'batches',
  'pipeline',
  'proxy',
  'pub-sub',
  'request-reply',
  'router-dealer',
  'stream-http',
].map((name) => `sockets/${name}`)
const SECURITY = ['curve', 'curve-login', 'plain', 'trusted-peer'].map((name) => `security/${name}`)

for (const name of [...SINGLE, ...SOCKETS, ...SECURITY]) {
  tests(`${name} runs, checks itself and ends`, async () => {
    const child = example(name)
    await succeeds(child)
    assert.is.not(child.output.trim(), '')
  })
}

tests(
  'every example begins with two lines that say what it shows, and those at the top and of sockets are tested here',
  () => {
    const files = readdirSync('examples', { recursive: true }).map(String).sort()
    const sources = files.filter((file) => file.endsWith('.ts'))
    for (const file of sources) {
      const lines = readFileSync(path.join('examples', file), 'utf8').split('\n')
      assert.ok(
        lines[0]!.startsWith('// ') && lines[1]!.startsWith('// ') && !lines[2]!.startsWith('//'),
        file,
      )
    }
    const top = sources.filter((file) => !file.includes(path.sep)).map((file) => file.replace('.ts', ''))
    assert.equal(top, SINGLE)
    const sockets = files.filter((file) => path.dirname(file) === 'sockets')
    assert.equal(
      sockets.map((file) => file.split(path.sep).join('/').replace('.ts', '')),
      SOCKETS,
    )
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
