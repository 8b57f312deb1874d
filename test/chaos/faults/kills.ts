/**
 * Faults 1 to 7: processes that are killed, restarted, drained, stopped. Times are shortened: where the list says 15 s, heartbeats here are some
 * hundred ms; a restart follows after 0, 0.1 or 0.3 s (in long runs 0, 1 or 5 s).
 */
import * as assert from 'uvu/assert'
import { Push } from '../../../src/zmtp/index.ts'
import { type Fault, fault } from '../fault.ts'
import { heapUsed, isBusy, statusOf, until, type World, within } from '../world.ts'

const MIB = 1024 * 1024

/** How long a dead server stays dead. */
function pauseMs(world: World): number {
  return world.size(world.dice.pick([0, 100, 300]), world.dice.pick([0, 1000, 5000]))
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function withResolvers(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve!: () => void
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

async function killServerMidFrame(world: World): Promise<void> {
  const first = await world.serverProcess()
  const proxy = await world.proxy(first.endpoint)
  const client = world.client().connect(proxy.endpoint)
  await client.ready({ timeoutMs: 10_000 })
  await world.calls(client, 5)
  const size = 4 * MIB
  // Half of the large frame passes.
  proxy.rule('up', { cutAt: proxy.passed.up + size / 2 + world.dice.random(1000), cutBy: 'stall' })
  const large = world.ledger.call((number) => client.take(number, Buffer.alloc(size)), { expected: size })
  const small = world.calls(client, 20)
  await until(() => proxy.cuts === 1, 10_000, 'half of the frame')
  await first.kill()
  proxy.rule('up', {})
  proxy.break('reset')
  const line = await within(10_000, large, 'the end of the large call')
  assert.equal([line.error?.code, line.error?.executed, line.runs], ['UNAVAILABLE', 'maybe', 0])
  await small
  await world.serverProcess(first.endpoint)
  await world.calls(client, 20)
  assert.is(world.ledger.endings.result, 25)
}

/** The same on raw sockets: what the dead reader had in half is nowhere; what follows is whole. */
async function killReaderMidFrame(world: World): Promise<void> {
  const peer = world.peer(world.dice.pick(['zeromq', 'pyzmq']))
  await peer.run({ do: 'socket', name: 'pull', type: 'PULL' })
  const at = (await peer.run({ do: 'bind', name: 'pull', endpoint: 'tcp://127.0.0.1:*' })) as string
  const proxy = await world.proxy(at)
  const push = world.socket(new Push({ reconnectInterval: 10 }))
  const flow = world.ledger.flow('PUSH to a killed PULL', { sender: push })
  push.connect(proxy.endpoint)
  for (let n = 0; n < 10; n++) await flow.send((body) => push.send(body))
  for (let n = 0; n < 10; n++)
    flow.got(Buffer.from(((await peer.run({ do: 'take', name: 'pull' })) as string[])[0]!, 'base64'))
  proxy.rule('up', { cutAt: proxy.passed.up + MIB, cutBy: 'stall' })
  await flow.send((body) => push.send(body), 2 * MIB)
  await until(() => proxy.cuts === 1)
  await peer.kill()
  flow.breaks = 1
  proxy.rule('up', {})
  proxy.break('reset')
  const heir = world.peer('pyzmq')
  await heir.run({ do: 'socket', name: 'pull', type: 'PULL' })
  proxy.target = Number(
    ((await heir.run({ do: 'bind', name: 'pull', endpoint: 'tcp://127.0.0.1:*' })) as string)
      .split(':')
      .pop(),
  )
  for (let n = 0; n < 10; n++) await flow.send((body) => push.send(body))
  while (flow.delivered.at(-1) !== flow.sent - 1)
    flow.got(Buffer.from(((await heir.run({ do: 'take', name: 'pull' })) as string[])[0]!, 'base64'))
  assert.ok(flow.lost <= 1 + 10, `${flow.lost} lost`)
  assert.ok(!flow.delivered.includes(10), 'the broken message was delivered')
}

async function killClientMidFrame(world: World): Promise<void> {
  const server = world.server()
  const gone: string[] = []
  server.on('peergone', (peer) => gone.push(peer.claimedName!))
  const endpoint = await server.bind('tcp://127.0.0.1:0')
  const honest = world.client({ userId: 'honest' }).connect(endpoint)
  await honest.ready({ timeoutMs: 10_000 })
  const heap = heapUsed()
  const proxy = await world.proxy(endpoint)
  const size = 8 * MIB
  const child = await world.clientProcess(proxy.endpoint)
  await child.run('ready', { timeoutMs: 10_000 })
  await until(() => server.stats().peers === 2)
  proxy.rule('up', { cutAt: proxy.passed.up + size / 2, cutBy: 'stall' })
  await child.run('take', { size })
  await until(() => proxy.cuts === 1)
  await world.calls(honest, 50)
  await child.kill()
  await until(() => gone.length > 0, 10_000, 'peergone')
  await world.calls(honest, 50)
  assert.equal(gone, ['client-0'])
  const { peers, running, waiting, queuedBytes } = server.stats()
  assert.equal([peers, running, waiting, queuedBytes], [1, 0, 0, 0])
  assert.ok(heapUsed() - heap < 2 * MIB, 'the half message is still held')
}

async function restart(world: World, inFlight: number): Promise<void> {
  const first = await world.serverProcess('tcp://127.0.0.1:0', {
    limits: { maxRunningCallsPerPeer: inFlight, maxRunningCalls: inFlight, maxWaitingCalls: inFlight },
  })
  const client = world
    .client({ limits: { maxPendingCalls: 2 * inFlight, maxKeptBytes: 1 }, timeoutMs: 60_000 })
    .connect(first.endpoint)
  await client.ready({ timeoutMs: 10_000 })
  const heap = heapUsed()
  const open = world.calls(client, inFlight, 0, 'never')
  await until(() => client.stats().inFlight === inFlight, 20_000, `${inFlight} calls in flight`)
  const lost = statusOf(client, 'lost').then(() => client.stats().failed)
  const from = performance.now()
  first.signal('SIGKILL')
  assert.is(await lost, inFlight, 'settled in the turn of the disconnect')
  await open
  const ms = Math.round(performance.now() - from)
  await first.kill()
  world.note(`${inFlight} settled ${ms} ms after the kill`)
  // The list says 1 s; a machine with other work is given more.
  assert.ok(ms < (isBusy() || world.scale === 'small' ? 10_000 : 1000), `the settling took ${ms} ms`)
  const queued = Array.from({ length: 200 }, () => world.ledger.call((number) => client.work(number)))
  await sleep(pauseMs(world))
  assert.is(client.stats().queued, 200)
  await world.serverProcess(first.endpoint)
  await Promise.all(queued)
  assert.equal(world.ledger.endings, { 'UNAVAILABLE maybe': inFlight, result: 200 })
  // What the ledger itself holds for each call is below 1 KiB.
  const grown = heapUsed() - heap
  assert.ok(grown < 8 * MIB + inFlight * 2048, `the heap does not return: ${Math.round(grown / 1024)} KiB`)
  world.note(`heap ${Math.round(grown / 1024)} KiB`)
}

async function rolling(world: World): Promise<void> {
  const fleet = await Promise.all([0, 1, 2].map(() => world.serverProcess()))
  const endpoints = fleet.map(({ endpoint }) => endpoint)
  const client = world.client({ endpoints, idempotent: ['add'], retry: { budget: 1 } })
  await client.ready({ timeoutMs: 10_000 })
  let loading = true
  const load = async (method: string): Promise<void> => {
    while (loading) {
      const options = { what: method, repeatable: method === 'add' }
      await world.ledger.call((number) => client.call(method, [number, world.dice.random(20)]), options)
    }
  }
  const loads = Promise.all([...Array(6)].map((_, n) => load(n % 2 === 0 ? 'add' : 'work')))
  for (let n = 0; n < world.size(3, 6); n++) {
    const at = n % 3
    fleet[at]!.signal('SIGTERM')
    await fleet[at]!.child.ended()
    await sleep(world.dice.random(world.size(20, 200)))
    fleet[at] = await world.serverProcess(endpoints[at]!)
  }
  loading = false
  await within(10_000, loads, 'the last calls')
  const failed = world.ledger.calls.filter(({ state }) => state === 'error')
  assert.equal(
    failed.filter(({ repeatable }) => repeatable),
    [],
    'idempotent calls that failed',
  )
  assert.equal(
    failed.filter(({ error }) => error!.code !== 'UNAVAILABLE'),
    [],
  )
}

/** SIGSTOP of the server: dead after the timeout of heartbeats (0.6 s here), calls rejected; after SIGCONT nothing comes twice. */
async function stopServer(world: World): Promise<void> {
  const child = await world.serverProcess()
  const client = world
    .client({ heartbeat: { intervalMs: 150, timeoutMs: 600 }, handshakeTimeoutMs: 500 })
    .connect(child.endpoint)
  await client.ready({ timeoutMs: 10_000 })
  const running = world.calls(client, 20, 300)
  const done = world.calls(client, 20)
  await done
  child.signal('SIGSTOP')
  const stopped = world.calls(client, 20)
  const error = (await statusOf(client, 'lost')) as { code?: string } | undefined
  assert.is(error?.code, 'SILENT_PEER')
  await within(5000, Promise.all([running, stopped]), 'the end of the calls')
  child.signal('SIGCONT')
  await world.calls(client, 20)
  // What the server says on the old connection finds nobody.
  assert.is(client.stats().peers, 1)
  assert.is(world.ledger.endings['UNAVAILABLE maybe'], 40)
}

/** SIGSTOP of a client that is being told much: the server holds on to so much and no more, then SLOW_PEER; others are unaffected. */
async function stopClient(world: World): Promise<void> {
  const limits = { slowPeerBytes: 256 * 1024, deadPeerBytes: 2 * MIB }
  const server = world.server({ limits, heartbeat: false })
  const gate = withResolvers()
  server.registerRpc({ give: (size: number) => gate.promise.then(() => Buffer.alloc(size)) })
  const gone: string[] = []
  server.on('peergone', (peer, error) => {
    gone.push(`${peer.claimedName} ${(error as { code?: string } | undefined)?.code}`)
  })
  const endpoint = await server.bind('tcp://127.0.0.1:0')
  const child = await world.clientProcess(endpoint, { heartbeat: false })
  await child.run('ready', { timeoutMs: 10_000 })
  const honest = world.client({ userId: 'honest' }).connect(endpoint)
  await honest.ready({ timeoutMs: 10_000 })
  await until(() => server.stats().peers === 2)
  await child.run('give', { count: 200, size: 64 * 1024 })
  await until(() => server.stats().running === 200)
  child.signal('SIGSTOP')
  // Notifies that are too many are dropped and counted; calls wait.
  const data = Buffer.alloc(32 * 1024)
  for (let n = 0; n < 10_000 && server.notify('client-0', 'eat', [data]); n++) {
    if (n % 8 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  assert.is(server.stats().notifiesDropped, 1)
  const calls = Array.from({ length: 100 }, () =>
    world.ledger.call((number) => server.sendTo('client-0').one(number, data), { untold: true }),
  )
  await world.calls(honest, 50)
  assert.equal(gone, [])
  // 12 MiB of answers: more than the system and the hard bound hold together.
  gate.resolve()
  await until(() => gone.length > 0, 10_000, 'the end of the slow peer')
  await Promise.all(calls)
  assert.equal(gone, ['client-0 SLOW_PEER'])
  await world.calls(honest, 50)
  assert.is(world.ledger.endings.result, 100)
  assert.equal([server.stats().peers, server.stats().queuedBytes], [1, 0])
  child.signal('SIGCONT')
}

export const KILLS: readonly Fault[] = [
  fault(1, 'kill -9 of the server in the middle of a large frame', async (world) => {
    await killServerMidFrame(world)
    await killReaderMidFrame(world)
  }),
  fault(2, 'kill -9 of the client in the middle of a frame', killClientMidFrame),
  fault(3, 'server restart with 1,000 calls in flight', (world) => restart(world, 1000)),
  fault(
    4,
    'server restart with 100,000 calls in flight',
    (world) => restart(world, world.size(10_000, 100_000)),
    {
      deadlineMs: 60_000,
    },
  ),
  fault(5, 'rolling restart of 3 servers with drain()', rolling),
  fault(6, 'SIGSTOP of the server', stopServer),
  fault(7, 'SIGSTOP of a client', stopClient),
]
