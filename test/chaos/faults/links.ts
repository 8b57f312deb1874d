/**
 * Faults 12 to 14, 44, 50 to 52: links that break, fall silent, flap, or whose middle dies. Times are shortened: heartbeats of 0.15 and 0.6 s
 * instead of 5 and 15, a flap of a tenth of a second up and as long down instead of whole seconds for 10 minutes.
 */
import * as net from 'node:net'
import * as assert from 'uvu/assert'
import * as native from 'zeromq'
import * as ours from '../../../src/zmtp/index.ts'
import { Child } from '../../interop/support/child.ts'
import { findPython } from '../../interop/support/python.ts'
import { support } from '../../interop/support/rpc.ts'
import { type Fault, fault } from '../fault.ts'
import { CONNECTS, MECHANISMS, SERVES } from '../mechanisms.ts'
import type { Direction } from '../proxy.ts'
import { statusOf, until, type World, within } from '../world.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const HEARTBEAT = { heartbeat: { intervalMs: 150, timeoutMs: 600 }, handshakeTimeoutMs: 500 } as const

/** A SUB or XSUB whose link is killed says all of its topics again, each once: an XPUB that is told of everything sees it. */
async function resubscribes(world: World): Promise<void> {
  for (const mechanism of MECHANISMS) {
    for (const cast of ['ours', 'their publisher', 'their subscriber'] as const) {
      if (mechanism === 'PLAIN' && cast === 'their publisher') continue // it would want a ZAP handler of its own
      await resubscribe(world, mechanism, cast)
    }
  }
}

async function resubscribe(
  world: World,
  mechanism: (typeof MECHANISMS)[number],
  cast: string,
): Promise<void> {
  const XPublisher = (cast === 'their publisher' ? native : ours).XPublisher as typeof ours.XPublisher
  const library = (cast === 'their subscriber' ? native : ours) as typeof ours
  const pub = world.socket(new XPublisher({ ...SERVES[mechanism], receiveTimeout: 10_000 }))
  pub.verbosity = 'allSubs'
  if (cast !== 'their publisher') pub.authenticator = () => ({ status: '200' })
  await pub.bind('tcp://127.0.0.1:0')
  const proxy = await world.proxy(pub.lastEndpoint!)
  const topics = Array.from({ length: 20 }, (_, n) => `topic ${n}`)
  const options = { ...CONNECTS[mechanism], reconnectInterval: 5 }
  const isSub = world.dice.random(2) === 0
  const sub = world.socket(isSub ? new library.Subscriber(options) : new library.XSubscriber(options))
  sub.connect(proxy.endpoint)
  for (const topic of topics) {
    if (isSub) (sub as ours.Subscriber).subscribe(topic)
    else await (sub as ours.XSubscriber).send(Buffer.from(`\x01${topic}`))
  }
  const flow = world.ledger.flow(`XPUB to ${cast}, ${mechanism}`)
  // libzmq says its topics again only when its application waits for something.
  const reading = (async () => {
    for await (const [, body] of sub) flow.got(body!)
  })()
  for (let round = 0; round < world.size(2, 4); round++) {
    if (round > 0) {
      proxy.break(world.dice.pick(['fin', 'reset']))
      flow.breaks++
    }
    const said: string[] = []
    while (said.length < topics.length) {
      const [request] = await within(15_000, pub.receive(), `the topics of ${flow.name}`)
      if (request![0] === 1) said.push(String(request!.subarray(1)))
    }
    assert.equal(said.sort(), topics.slice().sort(), 'topics said again')
    // One message for each topic: a topic that was said twice would not show, one that was not would.
    for (const topic of topics) {
      await flow.send((body) => pub.send([topic, body]))
      await until(() => flow.delivered.length === flow.sent, 10_000, `a message on ${topic}`)
    }
  }
  await sleep(1)
  assert.is(pub.readable, false, 'a topic was said twice')
  sub.close()
  await reading
}

/** The peer is gone without a word, or hears us and is not heard: RPC notices by heartbeats, raw sockets do where they are switched on. */
async function blackHole(world: World, directions: readonly Direction[]): Promise<void> {
  const { client, server, proxy } = await world.pair(HEARTBEAT, HEARTBEAT)
  const gone: unknown[] = []
  server.on('peergone', (_, error) => gone.push((error as { code?: string } | undefined)?.code))
  await world.calls(client, 10)
  for (const direction of directions) proxy.hold(direction)
  const caught = world.calls(client, 20, 10)
  const error = (await statusOf(client, 'lost', 5000)) as { code?: string } | undefined
  await within(5000, caught, 'the end of the calls')
  const weHear = !directions.includes('down')
  // Who still hears the other is told by its end, or gives up by itself.
  assert.ok(error?.code === 'SILENT_PEER' || weHear, `lost with ${error?.code}`)
  if (!directions.includes('up') || directions.length === 2) assert.is(error?.code, 'SILENT_PEER')
  for (const direction of directions) proxy.hold(direction, false)
  proxy.break('reset')
  await until(() => gone.length > 0, 5000, 'peergone')
  await world.calls(client, 10)
  assert.ok((world.ledger.endings.result ?? 0) >= 20)
  await rawBlackHole(world, directions)
}

async function rawBlackHole(world: World, directions: readonly Direction[]): Promise<void> {
  const beats = { heartbeatInterval: 100, heartbeatTimeout: 300, reconnectInterval: 5 }
  const cast = world.dice.random(2)
  const pull = world.socket(
    new ((cast === 0 ? native : ours).Pull as typeof ours.Pull)({ ...beats, receiveTimeout: 10_000 }),
  )
  await pull.bind('tcp://127.0.0.1:0')
  const proxy = await world.proxy(pull.lastEndpoint!)
  const push = world.socket(new ours.Push({ ...beats, handshakeInterval: 500 }))
  const flow = world.ledger.flow('PUSH to a black hole', { sender: push })
  push.connect(proxy.endpoint)
  await flow.send((body) => push.send(body))
  flow.got((await within(10_000, pull.receive(), 'the first message'))[0]!)
  let lost = 0
  push.events.on('disconnect', () => lost++)
  for (const direction of directions) proxy.hold(direction)
  for (let n = 0; n < 20; n++) await flow.send((body) => push.send(body))
  await until(() => lost > 0, 5000, 'the disconnect of PUSH')
  for (const direction of directions) proxy.hold(direction, false)
  flow.breaks = 1 + proxy.break('reset')
  await flow.send((body) => push.send(body))
  while (flow.delivered.at(-1) !== flow.sent - 1)
    flow.got((await within(10_000, pull.receive(), 'what follows the hole'))[0]!)
}

/** Up and down again and again; and a peer that accepts and hangs up is dialled ever more slowly, as a connection alone is no success. */
async function flapping(world: World): Promise<void> {
  const { client, proxy } = await world.pair()
  const pull = world.socket(new native.Pull({ receiveTimeout: 10_000 }))
  await pull.bind('tcp://127.0.0.1:*')
  const line = await world.proxy(pull.lastEndpoint!)
  const push = world.socket(new ours.Push({ reconnectInterval: 5, sendHighWaterMark: 0 }))
  const flow = world.ledger.flow('PUSH over a flapping link', { sender: push })
  push.connect(line.endpoint)
  let loading = true
  let sentAll = false
  const load = (async () => {
    while (loading) {
      await Promise.all([
        world.ledger.call((number) => client.work(number, world.dice.random(20)), { what: 'work' }),
        flow.send((body) => push.send(body), world.dice.random(2000)),
      ])
      await sleep(1)
    }
  })()
  const reading = (async () => {
    while (!sentAll || flow.delivered.at(-1) !== flow.sent - 1) flow.got((await pull.receive())[0]!)
  })()
  for (let n = 0; n < world.size(4, 10); n++) {
    await sleep(50 + world.dice.random(100))
    flow.breaks += line.open > 0 ? 1 : 0
    const how = world.dice.pick(['fin', 'reset'] as const)
    await Promise.all([proxy.down(how), line.down(how)])
    await sleep(50 + world.dice.random(100))
    await Promise.all([proxy.up(), line.up()])
  }
  await statusReady(client)
  loading = false
  await within(20_000, load, 'the last call')
  // A last message that surely finds a whole link.
  await sleep(100)
  sentAll = true
  await flow.send((body) => push.send(body))
  await within(20_000, reading, 'the last message')
  await backsOff(world)
}

const statusReady = (client: { ready(options: object): Promise<unknown> }): Promise<unknown> =>
  client.ready({ timeoutMs: 10_000 })

async function backsOff(world: World): Promise<void> {
  const { client, proxy } = await world.pair({}, { reconnect: { minMs: 20, maxMs: 400 } })
  proxy.refuses = true
  proxy.break('reset')
  const before = proxy.accepted.length
  await sleep(1000)
  const attempts = proxy.accepted.length - before
  // Delays are drawn from bounds that double: 20, 40, 80, …: about 12 in a second; 100 if each connection were a success.
  assert.ok(attempts < 40, `${attempts} attempts in a second: the delay was reset by a connection alone`)
  assert.ok(attempts > 1, `${attempts} attempts`)
  proxy.refuses = false
  await world.calls(client, 5)
}

/** Writes fail with what a system may say: one disconnect, with that as its cause, and a new connection. */
async function failingWrites(world: World): Promise<void> {
  for (const code of ['ENOBUFS', 'EPIPE', 'ECONNABORTED', 'ECONNRESET']) {
    const { client, server, proxy } = await world.pair()
    const lost: unknown[] = []
    client.on('status', ({ status, error }) => {
      if (status === 'lost') lost.push((error as Error | undefined)?.cause ?? error)
    })
    const restore = failWritesTo(portOf(proxy.endpoint), code)
    const calls = world.calls(client, 10)
    await until(() => lost.length > 0, 5000, `the loss by ${code}`)
    restore()
    await calls
    await world.calls(client, 10)
    await sleep(5)
    assert.is(lost.length, 1, `${lost.length} disconnects by ${code}`)
    assert.ok(JSON.stringify(chain(lost[0])).includes(code), `${code} is not told: ${chain(lost[0])}`)
    assert.is(server.stats().protocolErrors, 0)
  }
}

function chain(error: unknown): string[] {
  const codes: string[] = []
  for (
    let at = error as { code?: string; cause?: unknown } | undefined;
    at !== undefined && codes.length < 5;
  ) {
    codes.push(String(at.code))
    at = at.cause as typeof at
  }
  return codes
}

const portOf = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))

/** The next write to that port fails. */
function failWritesTo(port: number, code: string): () => void {
  type Writes = { _writeGeneric(...args: [boolean, unknown, string, (error: Error) => void]): void }
  const prototype = net.Socket.prototype as unknown as Writes & net.Socket
  const original = prototype._writeGeneric
  let failed = false
  prototype._writeGeneric = function (this: net.Socket, ...args) {
    if (failed || this.remotePort !== port) return original.apply(this as never, args)
    failed = true
    const error = Object.assign(new Error(`write ${code}`), { code, errno: -1, syscall: 'write' })
    process.nextTick(() => args[3](error))
  }
  return () => {
    prototype._writeGeneric = original
  }
}

/** Of a hundred endpoints one is dead, or falls silent: no call is stuck on it. */
async function oneOfMany(world: World): Promise<void> {
  const count = world.size(30, 100)
  const server = world.server()
  const endpoints = await Promise.all(Array.from({ length: count }, () => server.bind('tcp://127.0.0.1:0')))
  const dead = await world.proxy(endpoints[0]!)
  const at = world.dice.random(count)
  endpoints[at] = 'tcp://127.0.0.1:1' // nobody listens there
  const silent = (at + 1) % count
  dead.target = portOf(endpoints[silent]!)
  endpoints[silent] = dead.endpoint
  const client = world.client({ ...HEARTBEAT, endpoints, timeoutMs: 8000 })
  await client.ready({ timeoutMs: 10_000 })
  await until(() => client.stats().peers === count - 1, 10_000, 'all that live')
  await world.calls(client, 5 * count)
  assert.equal(world.ledger.endings, { result: 5 * count })
  dead.hold('up')
  dead.hold('down')
  const lost = statusOf(client, 'lost', 8000)
  await Promise.all([world.calls(client, 5 * count), lost])
  const { result, ...failed } = world.ledger.endings
  // Those that were on it when it fell silent are given up with it.
  assert.ok(
    Object.keys(failed).every((ending) => ending === 'UNAVAILABLE maybe'),
    JSON.stringify(failed),
  )
  assert.ok(result! >= 9 * count, `${result} results`)
  await world.calls(client, 2 * count)
}

/** libzmq's own proxy between a client and a server is killed: both are told. */
async function brokerDies(world: World): Promise<void> {
  const broker = new Child(findPython()!, [support('rpc_proxy.py')])
  world.keep({ close: () => broker.kill() })
  const [front, back] = JSON.parse(await broker.line()) as [string, string]
  const server = world.server({ reconnect: { minMs: 5, maxMs: 50 } }).connect(back)
  const serverLost = new Promise((resolve) => server.on('peergone', resolve))
  const client = world.client().connect(front)
  await client.ready({ timeoutMs: 10_000 })
  await world.calls(client, 10)
  const caught = world.calls(client, 10, 2000)
  await until(() => server.stats().running === 10)
  const lost = statusOf(client, 'lost')
  await broker.kill()
  await lost
  await within(5000, caught, 'the end of the calls')
  await within(5000, serverLost, 'peergone')
  await until(() => server.stats().peers === 0)
  assert.equal(world.ledger.endings, { result: 10, 'UNAVAILABLE maybe': 10 })
}

export const LINKS: readonly Fault[] = [
  fault(12, 'reconnect of SUB and XSUB for each mechanism', resubscribes),
  fault(13, 'half-open TCP: the peer is gone without FIN', (world) => blackHole(world, ['up', 'down'])),
  fault(14, 'one-way black hole', async (world) => {
    await blackHole(world, [world.dice.pick(['up', 'down'])])
  }),
  fault(44, 'ENOBUFS, EPIPE, ECONNABORTED from write', failingWrites),
  fault(50, 'a flapping link', flapping),
  fault(51, 'a hundred endpoints, one of them dead', oneOfMany),
  fault(52, 'the broker in between dies', brokerDies, {
    impossible: () => (findPython() === undefined ? 'no Python with zmq' : undefined),
  }),
]
