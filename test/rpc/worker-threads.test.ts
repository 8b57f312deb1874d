// Calls between threads, and between the two ends of a MessageChannel: with real workers, that compute, block, throw and are terminated.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { buildSync } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type CallContext,
  Client,
  type ClientOptions,
  curve,
  method,
  type Peer,
  type RpcError,
  Server,
  type StatusEvent,
} from '../../src/rpc/index.ts'
import { Dealer } from '../../src/zmtp/index.ts'
import { sleep, until, within } from '../support/within.ts'

const test = suite('RPC between threads')
const folder = path.resolve(process.env.PSEUD_TEST_DIR ?? 'build/test', `threads-${process.pid}`)
const open: { close(): Promise<unknown> }[] = []

test.after.each(async () => {
  for (const one of open.splice(0).reverse()) await within(10_000, one.close(), 'close')
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

function opened<T extends { close(): Promise<unknown> }>(one: T): T {
  open.push(one)
  return one
}

/** Bundles a program that may import from the sources; returns the file. */
function bundle(name: string, text: string): string {
  const outfile = path.join(folder, `${name}.mjs`)
  buildSync({
    stdin: { contents: text, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    outfile,
  })
  return outfile
}

function startWorker(
  file: string,
  options: { workerData?: unknown; transferList?: [MessagePort] } = {},
): Worker {
  const worker = new Worker(file, options as ConstructorParameters<typeof Worker>[1])
  opened({ close: () => worker.terminate() })
  return worker
}

/** An error that a call rejects with. */
function rejection(call: PromiseLike<unknown>): Promise<RpcError> {
  const rejected = Promise.resolve(call).then(
    () => {
      throw new Error('it was resolved')
    },
    (error: unknown) => error as RpcError,
  )
  return within(10_000, rejected, 'the rejection')
}

// What a worker offers; where it binds is said to it, or else it is its parent.
const COMPUTE = bundle(
  'compute',
  `import { parentPort, workerData } from 'node:worker_threads'
   import { method, Server } from './src/rpc/index.ts'
   const server = new Server('compute')
   let aborted = 0
   server.registerRpc({
     lower: (text: string) => text.toLowerCase(),
     echo: (value: unknown) => value,
     never: () => new Promise(() => {}),
     aborted: () => aborted,
     wait: method((ctx) => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => { aborted++; reject(ctx.signal.reason) }))),
     block: (ms: number) => { const end = performance.now() + ms; while (performance.now() < end); return ms },
     fail: () => { throw new RangeError('not so far') },
     die: () => { setImmediate(() => { throw new Error('a defect') }) },
     exit: (code: number) => process.exit(code),
     leave: () => { setImmediate(() => server.close()) },
     progress: method(async (ctx, n: number) => { for (let i = 1; i <= n; i++) await ctx.peer.api.step(i); return 'done' }),
     async *chunks(count: number, size: number) { for (let i = 0; i < count; i++) yield Buffer.alloc(size, i) },
     async total(items: AsyncIterable<Uint8Array>) { let sum = 0; for await (const item of items) sum += item.length; return sum },
   })
   await server.bind(workerData?.port ?? parentPort)`,
)

interface ComputeApi {
  lower(text: string): string
  block(ms: number): number
}

function compute(options: ClientOptions = {}): { worker: Worker; client: Client } {
  const worker = startWorker(COMPUTE)
  worker.on('error', () => {})
  const client = opened(new Client('compute', { lingerMs: 100, ...options }))
  return { worker, client: client.connect(worker) }
}

test('a worker serves its parent: typed calls, errors, cancellation', async () => {
  const worker = startWorker(COMPUTE)
  const client = opened(new Client<ComputeApi>('compute').connect(worker))
  const text: string = await within(10_000, client.lower('ABC'))
  assert.is(text, 'abc')
  const any = client as unknown as Client
  const error = await rejection(any.fail())
  assert.equal([error instanceof RangeError, error.message], [true, 'not so far'])
  const controller = new AbortController()
  const waiting = rejection(any.with({ signal: controller.signal }).wait())
  await any.lower('sent by now')
  controller.abort(new Error('enough'))
  assert.is((await waiting).message, 'enough')
  assert.is((await rejection(any.with({ timeoutMs: 20 }).wait())).code, 'DEADLINE_EXCEEDED')
  for (let tries = 0; tries < 100 && (await any.aborted()) !== 2; tries++) await sleep(2)
  assert.is(await any.aborted(), 2)
})

test('a worker is served by its parent, and called back', async () => {
  const server = opened(new Server('main'))
  server.registerRpc('double', (n: number) => 2 * n)
  const peers: string[] = []
  server.on('peer', (peer: Peer) => peers.push(`${peer.claimedName} at ${peer.address}`))
  const worker = startWorker(
    bundle(
      'caller',
      `import { parentPort } from 'node:worker_threads'
       import { Client } from './src/rpc/index.ts'
       const client = new Client('main', { userId: 'worker-1' })
       client.registerRpc('twice', async (n: number) => (await client.double(n)) + 1)
       client.connect(parentPort)`,
    ),
  )
  await new Promise((resolve) => worker.once('online', resolve))
  await sleep(100) // what a Worker says before somebody listens is lost
  const at = await server.bind(worker)
  assert.match(at, /^port:\/\/\d+$/)
  await until(() => server.peers.size === 1)
  assert.equal(peers, [`worker-1 at ${at}`])
  assert.is(await within(5000, server.sendTo('worker-1').twice(5)), 11)
})

test('a port that was given to a worker, streams both ways, calls back', async () => {
  const { port1, port2 } = new MessageChannel()
  startWorker(COMPUTE, { workerData: { port: port2 }, transferList: [port2] })
  const client = opened(new Client('compute'))
  const steps: number[] = []
  client.registerRpc('step', (n: number) => void steps.push(n))
  client.connect(port1)
  assert.is(await within(10_000, client.progress(3)), 'done')
  assert.equal(steps, [1, 2, 3])
  let got = 0
  for await (const chunk of client.chunks(300, 100)) got += (chunk as Uint8Array).length
  assert.is(got, 30_000)
  async function* up(): AsyncGenerator<Buffer> {
    for (let i = 0; i < 300; i++) yield Buffer.alloc(100)
  }
  assert.is(await client.total(up()), 30_000)
})

test('100 MB go both ways at once with flat memory', async () => {
  const { client } = compute()
  const size = 256 * 1024
  const count = 400
  let most = 0
  const before = process.memoryUsage().arrayBuffers
  const look = (): void => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  let made = 0
  async function* up(): AsyncGenerator<Buffer> {
    for (; made < count; made++) yield Buffer.alloc(size)
  }
  const sum = client.total(up())
  let got = 0
  for await (const chunk of client.chunks(count, size)) {
    got += (chunk as Uint8Array).length
    look()
  }
  assert.equal([got, await within(60_000, Promise.resolve(sum))], [count * size, count * size])
  // What the collector has not looked at yet is in it.
  assert.ok(most < 64 * 1024 * 1024, `${Math.round(most / 1024 / 1024)} MiB`)
})

test('a worker that blocks is not dead, and what is meant for it waits within bounds', async () => {
  const { client } = compute({
    heartbeat: { intervalMs: 20, timeoutMs: 40 },
    limits: { maxQueuedBytes: 1024 * 1024 },
  })
  await client.ready({ timeoutMs: 10_000 })
  const lost: StatusEvent[] = []
  client.on('status', (event) => lost.push(event))
  const blocked = client.block(500)
  const late = await rejection(client.with({ timeoutMs: 100 }).lower('ABC'))
  assert.equal([late.code, late.executed], ['DEADLINE_EXCEEDED', 'maybe'])
  const large = Buffer.alloc(200_000)
  const ends: Promise<unknown>[] = []
  for (let n = 0; n < 50; n++)
    ends.push(
      client.echo(large).then(
        () => 'done',
        (error: RpcError) => error.code,
      ),
    )
  assert.is(await within(10_000, blocked), 500)
  const codes = new Set(await within(10_000, Promise.all(ends)))
  assert.equal([...codes].sort(), ['RESOURCE_EXHAUSTED', 'done'])
  assert.equal(lost, [])
  assert.is(await client.lower('STILL'), 'still')
})

test('a worker that is terminated: what was sent is rejected in one turn, and later calls at once', async () => {
  const { client, worker } = compute()
  await client.ready({ timeoutMs: 10_000 })
  const statuses: string[] = []
  client.on('status', ({ status }) => statuses.push(status))
  let turns = 0
  const ends = Array.from({ length: 100 }, () =>
    rejection(client.never()).then((error) => [error, turns] as const),
  )
  await client.lower('sent')
  const count = setInterval(() => turns++, 0)
  await worker.terminate()
  const errors = await Promise.all(ends)
  clearInterval(count)
  for (const [error, turn] of errors) {
    assert.equal([error.code, error.executed, turn], ['UNAVAILABLE', 'maybe', errors[0]![1]])
    assert.match((error.cause as Error).message, 'worker thread ended with exit code 1')
  }
  assert.equal(statuses, ['lost', 'refused'])
  const refused = await rejection(client.lower('ABC'))
  assert.equal([refused.code, refused.executed], ['UNAVAILABLE', 'no'])
  client.connect(startWorker(COMPUTE))
  assert.is(await within(10_000, client.lower('ABC')), 'abc')
})

test('a worker that throws: the calls tell what it died of, and who listens to its errors still hears', async () => {
  const worker = startWorker(COMPUTE)
  const client = opened(new Client('compute').connect(worker))
  await client.ready({ timeoutMs: 10_000 })
  const heard = new Promise<Error>((resolve) => worker.once('error', resolve))
  const waiting = rejection(client.never())
  client.notify('die')
  assert.is((await within(5000, heard)).message, 'a defect')
  const error = await waiting
  assert.is(error.code, 'UNAVAILABLE')
  assert.is(((error.cause as Error).cause as Error).message, 'a defect')
})

test('a worker that exits, and one that has ended before', async () => {
  const { client, worker } = compute()
  const error = await rejection(client.exit(7))
  assert.equal([error.code, error.executed], ['UNAVAILABLE', 'maybe'])
  await until(() => worker.threadId === -1)
  const other = opened(new Client('compute').connect(worker))
  assert.equal((await rejection(other.lower('ABC'))).executed, 'no')
})

test('a server that is closed in its thread: the end is orderly, nothing is dialled again', async () => {
  const { client } = compute()
  client.registerRpc('here', () => true)
  const statuses: StatusEvent[] = []
  client.on('status', (event) => statuses.push(event))
  const call = client.never()
  await client.leave()
  const error = await rejection(call)
  assert.equal([error.code, error.executed], ['UNAVAILABLE', 'maybe'])
  await until(() => statuses.some(({ status }) => status === 'refused'))
  assert.is(statuses.at(-1)!.status, 'refused')
  assert.is((await rejection(client.lower('ABC'))).executed, 'no')
})

test('the functions of a worker that is gone are told so', async () => {
  const server = opened(new Server('main'))
  const ended: (string | undefined)[] = []
  server.registerRpc(
    'wait',
    method((ctx: CallContext) => {
      ctx.signal.addEventListener('abort', () => ended.push((ctx.signal.reason as RpcError).code))
      return new Promise(() => {})
    }),
  )
  const gone: unknown[] = []
  server.on('peergone', (_, error) => gone.push(error))
  const worker = startWorker(
    bundle(
      'asking',
      `import { parentPort } from 'node:worker_threads'
       import { Client } from './src/rpc/index.ts'
       new Client('main').connect(parentPort).wait().then(() => {}, () => {})`,
    ),
  )
  await server.bind(worker)
  await until(() => server.stats().running === 1)
  await worker.terminate()
  await until(() => gone.length > 0)
  assert.equal([ended, server.peers.size, server.stats().running, gone.length], [['PEER_GONE'], 0, 0, 1])
})

// -- two ends in one thread --------------------------------------------------------------------------------------------------

async function pair(): Promise<{ server: Server; client: Client; at: string }> {
  const { port1, port2 } = new MessageChannel()
  const server = opened(new Server('remote', { lingerMs: 100 }))
  server.registerRpc('lower', (text: string) => text.toLowerCase())
  const at = await server.bind(port1)
  const client = opened(
    new Client('remote', { reconnect: { minMs: 1, maxMs: 5 }, lingerMs: 100 }).connect(port2),
  )
  await client.ready({ timeoutMs: 5000 })
  return { server, client, at }
}

test('a server takes many ports', async () => {
  const server = opened(new Server('remote'))
  server.registerRpc(
    'who',
    method((ctx: CallContext) => ctx.peer.address),
  )
  const addresses = new Set<unknown>()
  for (let n = 0; n < 10; n++) {
    const { port1, port2 } = new MessageChannel()
    const at = await server.bind(port1)
    const client = opened(new Client('remote').connect(port2))
    assert.is(await within(5000, client.who()), at)
    addresses.add(at)
  }
  assert.equal([addresses.size, server.peers.size], [10, 10])
})

test('CURVE and the lids on strangers work over a port as elsewhere', async () => {
  const keys = curve.keyPair()
  const own = curve.keyPair()
  const { port1, port2 } = new MessageChannel()
  const server = opened(
    new Server('remote', { security: curve.server({ secretKey: keys.secretKey, authorize: () => 'ada' }) }),
  )
  server.registerRpc(
    'user',
    method((ctx: CallContext) => ctx.user),
  )
  await server.bind(port1)
  const client = opened(
    new Client('remote', { security: curve.client({ serverKey: keys.publicKey, ...own }) }).connect(port2),
  )
  assert.is(await within(5000, client.user()), 'ada')
})

test('a program may say other things over its worker', async () => {
  const { client, worker } = compute()
  await client.ready({ timeoutMs: 10_000 })
  for (const message of ['hello', { type: 'hello' }, -5, new Uint8Array(100)]) worker.postMessage(message)
  assert.is(await client.lower('ABC'), 'abc')
})

/** Dials without a Client: the channel of the link, and what comes over it. */
async function dialRaw(port: MessagePort): Promise<{ channel: MessagePort; heard: unknown[] }> {
  const { port1, port2 } = new MessageChannel()
  const heard: unknown[] = []
  port1.on('message', (message) => heard.push(message))
  port.postMessage({ pseud: 'open', port: port2 }, [port2])
  await until(() => heard.length > 0)
  return { channel: port1, heard }
}

test('what is no message of ours ends that link alone', async () => {
  const { port1, port2 } = new MessageChannel()
  const server = opened(new Server('remote'))
  server.registerRpc('lower', (text: string) => text.toLowerCase())
  await server.bind(port1)
  const other = await pair()
  for (const message of [
    'hello',
    { type: 'hello' },
    -5,
    new Uint8Array(2 * 1024 * 1024),
    new Float64Array(3),
  ]) {
    const { channel, heard } = await dialRaw(port2)
    channel.postMessage(message)
    await until(() => heard.includes('pseud:end'))
    channel.postMessage('late')
  }
  const { channel, heard } = await dialRaw(port2)
  for (let n = 0; n < 40; n++) channel.postMessage(new Uint8Array(100_000)) // a flood, and no ZMTP
  await until(() => heard.includes('pseud:end'))
  const client = opened(new Client('remote').connect(port2))
  assert.is(await within(5000, client.lower('ABC')), 'abc')
  assert.is(await other.client.lower('ABC'), 'abc')
  assert.is(server.peers.size, 1)
})

test('ends that do not fit are told', async () => {
  const { port1, port2 } = new MessageChannel()
  const a = opened(new Client('remote', { reconnect: { minMs: 1, maxMs: 5 } }))
  const b = opened(new Client('remote', { reconnect: { minMs: 1, maxMs: 5 } }))
  const trouble = new Promise<StatusEvent>((resolve) => {
    a.on('status', (event) => event.status === 'retrying' && resolve(event))
  })
  a.connect(port1)
  b.connect(port2)
  assert.match((await within(5000, trouble)).error!.message, 'both ends connect')

  const channel = new MessageChannel()
  const first = opened(new Server('remote'))
  const second = opened(new Server('remote'))
  const errors: Error[] = []
  first.on('error', (error) => errors.push(error as Error))
  await first.bind(channel.port1)
  await second.bind(channel.port2)
  await until(() => errors.length > 0)
  assert.match(errors[0]!.message, 'both ends bind')
  assert.is((await rejection(second.bind(channel.port1))).code as string, 'PORT_TAKEN')
  assert.throws(
    () => a.connect(channel.port1),
    (error: RpcError) => (error.code as string) === 'PORT_TAKEN',
  )
  for (const wrong of [undefined, null, 5, {}, { postMessage() {} }, []]) {
    assert.throws(
      () => a.connect(wrong as never),
      (error: RpcError) => (error.code as string) === 'BAD_ENDPOINT',
    )
  }
})

test('close closes the port, and the other end hears of it at once', async () => {
  const { server, client } = await pair()
  const { port1, port2 } = new MessageChannel()
  const closed = new Promise((resolve) => port2.once('close', () => resolve(true)))
  port2.on('message', () => {}) // a port hears nothing before
  await server.bind(port1)
  const waiting = rejection(client.call('never'))
  await server.close()
  assert.ok(['NOT_FOUND', 'UNAVAILABLE'].includes((await waiting).code))
  assert.is(await within(5000, closed), true)
  await until(() => client.stats().peers === 0)
})

test('a client that has bound a port learns that nobody can come any more', async () => {
  const { port1, port2 } = new MessageChannel()
  const client = opened(new Client('remote'))
  await client.bind(port1)
  const queued = rejection(client.lower('ABC'))
  port2.close()
  const error = await queued
  assert.equal([error.code, error.executed], ['UNAVAILABLE', 'no'])
  assert.match(error.message, 'was closed at the other end')
})

test('1,000 channels are bound, used and closed without a leak', async () => {
  const count = (): number => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length
  const cycle = async (): Promise<void> => {
    const { port1, port2 } = new MessageChannel()
    const server = new Server('remote', { lingerMs: 0 })
    server.registerRpc('lower', (text: string) => text.toLowerCase())
    await server.bind(port1)
    const client = new Client('remote', { lingerMs: 0 }).connect(port2)
    assert.is(await client.lower('A'), 'a')
    await Promise.all([client.close(), server.close()])
  }
  for (let n = 0; n < 50; n++) await cycle()
  const before = count()
  const heap = process.memoryUsage().heapUsed
  for (let n = 0; n < 1000; n++) await cycle()
  await sleep(20)
  assert.ok(count() <= before + 2, `${count()} ports are open, ${before} were`)
  const grown = process.memoryUsage().heapUsed - heap
  assert.ok(grown < 40 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MiB more`)
})

test('inproc names are the same for sockets and for RPC', async () => {
  const server = opened(new Server('remote'))
  server.registerRpc('lower', (text: string) => text.toLowerCase())
  await server.bind('inproc://both')
  const dealer = new Dealer()
  dealer.connect('inproc://both')
  await dealer.send(Buffer.from([0x94, 0, 1, 0xa5, ...Buffer.from('lower'), 0x91, 0xa1, 0x41]))
  const [answer] = await within(5000, dealer.receive())
  assert.equal([...answer!], [0x93, 1, 1, 0xa1, 0x61])
  dealer.close()
})

// -- the end of the process --------------------------------------------------------------------------------------------------

/** Runs a program to its end: what it printed. */
function run(file: string): Promise<string> {
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout!.on('data', (text) => {
    output += text
  })
  const closed = new Promise<string>((resolve) => child.once('close', () => resolve(output)))
  return within(20_000, closed, `the end of ${path.basename(file)}`).finally(() => child.kill('SIGKILL'))
}

test('a process whose client closes ends, and so does the worker that served it', async () => {
  const output = await run(
    bundle(
      'ends',
      `import { Worker } from 'node:worker_threads'
       import { Client } from './src/rpc/index.ts'
       const worker = new Worker(${JSON.stringify(COMPUTE)})
       worker.on('exit', (code) => console.log('exit', code))
       const client = new Client('compute').connect(worker)
       console.log(await client.lower('ABC'))
       await client.close()`,
    ),
  )
  assert.is(output, 'abc\nexit 0\n')
})

test('a client that only might call keeps no process alive, and a call does', async () => {
  const output = await run(
    bundle(
      'idle',
      `import { MessageChannel } from 'node:worker_threads'
       import { Client } from './src/rpc/index.ts'
       const { port1, port2 } = new MessageChannel()
       port2.unref()
       const client = new Client('nobody').connect(port1)
       client.with({ timeoutMs: 200 }).lower('ABC').catch((error) => console.log(error.code))`,
    ),
  )
  assert.is(output, 'DEADLINE_EXCEEDED\n')
})

test.run()
