// Servers that die: SIGKILL with a thousand calls in flight, and a restart. And processes that end when nothing is left to wait for.
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, type RpcError } from '../../src/rpc/index.ts'
import { bundle as bundleInto, bundleServer, serve as serveFrom } from '../support/server-process.ts'
import { sleep, within } from '../support/within.ts'

const test = suite('RPC across processes')
const folder = path.resolve(process.env.PSEUD_TEST_DIR ?? 'build/test', `kill-${process.pid}`)
const children = new Set<ChildProcess>()

const bundle = (name: string, text: string): string => bundleInto(folder, name, text)

async function serve(file: string, endpoint: string): Promise<{ child: ChildProcess; endpoint: string }> {
  const server = await serveFrom(file, endpoint)
  children.add(server.child)
  return server
}

/** Runs a program to its end: its output and how long it lived after printing `ready`. */
async function run(file: string): Promise<string> {
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  let output = ''
  child.stdout!.on('data', (text) => {
    output += text
  })
  await within(
    10_000,
    new Promise((resolve) => child.once('close', resolve)),
    `the end of ${path.basename(file)}`,
  )
  return output
}

const SERVER = bundleServer(folder)

test.after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

test('SIGKILL with 1,000 calls in flight: all settle in the turn of the disconnect; after a restart calls work', async () => {
  const first = await serve(SERVER, 'tcp://127.0.0.1:0')
  const client = new Client('remote', { reconnect: { minMs: 20, maxMs: 100 } }).connect(first.endpoint)
  await client.ready({ timeoutMs: 5000 })
  assert.is(await client.lower('ABC'), 'abc')
  const lost = new Promise<number>((resolve) => {
    client.on('status', ({ status }) => {
      if (status === 'lost') resolve(client.stats().failed)
    })
  })
  const calls = Array.from({ length: 1000 }, () => client.never() as Promise<unknown>)
  const settled = Promise.allSettled(calls)
  assert.is(client.stats().inFlight, 1000)
  await sleep(50) // the server has them: 256 run, the others wait for a slot
  first.child.kill('SIGKILL')
  assert.is(await within(5000, lost, 'the disconnect'), 1000)
  const results = await settled
  assert.is(results.length, 1000)
  for (const result of results) {
    assert.is(result.status, 'rejected')
    const { code, executed } = (result as PromiseRejectedResult).reason as RpcError
    assert.equal([code, executed], ['UNAVAILABLE', 'maybe'])
  }
  const waiting = client.lower('DEF')
  const second = await serve(SERVER, first.endpoint)
  assert.is(await within(10_000, waiting), 'def')
  await client.close()
  second.child.kill('SIGKILL')
})

test('section 6, 5: SIGKILL with 100 calls in each state: every promise settles, and says what can have run', async () => {
  const { child, endpoint } = await serve(SERVER, 'tcp://127.0.0.1:0')
  const client = new Client('remote').connect(endpoint)
  await client.ready({ timeoutMs: 5000 })
  const sent = Array.from({ length: 100 }, () => client.never() as Promise<unknown>)
  const timed = Array.from({ length: 100 }, () => client.with({ timeoutMs: 1 }).never() as Promise<unknown>)
  const answered = Array.from({ length: 100 }, () => client.lower('A') as Promise<unknown>)
  const outcomes = Promise.all([sent, timed, answered].map((calls) => Promise.allSettled(calls)))
  await Promise.all(answered)
  await Promise.allSettled(timed)
  const gone = new Promise((resolve) => client.on('status', ({ status }) => status === 'lost' && resolve(0)))
  child.kill('SIGKILL')
  await within(5000, gone)
  const queued = Array.from({ length: 100 }, () => client.never() as Promise<unknown>)
  const queuedOutcomes = Promise.allSettled(queued)
  await client.close()
  const kinds = [...(await outcomes), await queuedOutcomes].map((results) => [
    ...new Set(
      results.map((result) =>
        result.status === 'fulfilled' ? 'a result' : `${result.reason.code} ${result.reason.executed}`,
      ),
    ),
  ])
  assert.equal(kinds, [['UNAVAILABLE maybe'], ['DEADLINE_EXCEEDED maybe'], ['a result'], ['CLOSED no']])
})

test('section 6, 6: a call whose caller gave up while it waited is never run', async () => {
  const first = await serve(SERVER, 'tcp://127.0.0.1:0')
  first.child.kill('SIGKILL')
  const client = new Client('remote', { reconnect: { minMs: 20, maxMs: 100 } }).connect(first.endpoint)
  const stale = Array.from({ length: 10 }, () => client.with({ timeoutMs: 30 }).never() as Promise<unknown>)
  for (const result of await Promise.allSettled(stale)) {
    const { code, executed } = (result as PromiseRejectedResult).reason as RpcError
    assert.equal([code, executed], ['DEADLINE_EXCEEDED', 'no'])
  }
  const counting = bundle(
    'counting',
    `import { Server } from './src/rpc/index.ts'
     let runs = 0
     const server = new Server('remote')
     server.registerRpc({ never: () => { runs++ }, runs: () => runs })
     console.log(await server.bind(process.argv[2]))`,
  )
  const second = await serve(counting, first.endpoint)
  assert.is(await within(10_000, client.runs() as Promise<unknown>), 0)
  await client.close()
  second.child.kill('SIGKILL')
})

test('section 6, 2: a reply after its timeout is counted, and the next call works', async () => {
  const { child, endpoint } = await serve(SERVER, 'tcp://127.0.0.1:0')
  const client = new Client('remote').connect(endpoint)
  await client.ready({ timeoutMs: 5000 })
  const [late] = await Promise.allSettled([client.with({ timeoutMs: 30 }).busy(200) as Promise<unknown>])
  const { code, executed } = (late as PromiseRejectedResult).reason as RpcError
  assert.equal([code, executed], ['DEADLINE_EXCEEDED', 'maybe'])
  assert.is(await client.lower('ABC'), 'abc')
  assert.is(client.stats().late, 1)
  await client.close()
  child.kill('SIGKILL')
})

test('a client’s process ends by itself when its calls are answered, and lives while one is not', async () => {
  const { child, endpoint } = await serve(SERVER, 'tcp://127.0.0.1:0')
  const output = await run(
    bundle(
      'caller',
      `import { Client } from './src/rpc/index.ts'
       const client = new Client('remote').connect(${JSON.stringify(endpoint)})
       console.log(await client.lower('ABC'))
       console.log(await client.with({ timeoutMs: 200 }).never().catch((error) => error.code))`,
    ),
  )
  assert.is(output, 'abc\nDEADLINE_EXCEEDED\n')
  child.kill('SIGKILL')
})

test('a process with a client that never calls, or a server that is not bound, ends; await close() returns', async () => {
  const output = await run(
    bundle(
      'idle',
      `import { Client, Server } from './src/rpc/index.ts'
       new Client('remote').connect('tcp://127.0.0.1:1')
       new Server('remote')
       const server = new Server('remote')
       await server.bind('tcp://127.0.0.1:0')
       await server.close()
       console.log('closed')`,
    ),
  )
  assert.is(output, 'closed\n')
})

test.run()
