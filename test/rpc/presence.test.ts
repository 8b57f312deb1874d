// Whom a server calls by a name: the newest connection of a user, the first claimant, somebody who has yet to come; and everybody at once.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode } from '../../src/codec/index.ts'
import type { SendToOptions } from '../../src/rpc/api/presence.ts'
import { type ArgumentError, Client, plain, type RpcError, Server } from '../../src/rpc/index.ts'
import { Directory, type Named } from '../../src/rpc/participants/directory.ts'
import { ServerCore, type ServerCoreOptions } from '../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection, type ScriptedPeer } from '../support/scripted-driver-rpc.ts'
import { sleep, until, within } from '../support/within.ts'

const test = suite('RPC presence')

const closable = new Set<{ close(): Promise<void> }>()
const kept = <T extends { close(): Promise<void> }>(one: T): T => {
  closable.add(one)
  return one
}

test.after.each(async () => {
  for (const one of closable) await within(5000, one.close(), 'close')
  closable.clear()
})

function newServer(options: ServerCoreOptions = {}) {
  const clock = new FakeClock()
  let draws = 0
  const context = new TransportContext({ clock, random: () => Math.max(0, draws++ - 2) / 1000 })
  const core = kept(new ServerCore('remote', { context, ...options }, undefined))
  const connect = (peer: ScriptedPeer = {}): ScriptedConnection =>
    new ScriptedConnection({ pseud: false, ...peer }).open(core)
  const call = (user: string, method: string, callOptions: SendToOptions = {}): Promise<unknown> => {
    const result = core.callerOf(user, callOptions).call(method, []) as Promise<unknown>
    result.catch(() => {})
    return result
  }
  return { clock, core, connect, call }
}

async function failure(promise: Promise<unknown>): Promise<[string, string, string]> {
  const error = await within(
    5000,
    promise.then(
      () => Promise.reject(new Error('it was resolved')),
      (reason: unknown) => reason as RpcError,
    ),
  )
  return [error.code, error.executed, error.message]
}

// -- names ----------------------------------------------------------------------------------------------------------------

test('a directory finds the newest of a user that is ready, and the first that claims a name', () => {
  const session = (user?: string, claimedName?: string): Named & { open: boolean } => ({
    open: true,
    user,
    claimedName,
  })
  const directory = new Directory<Named>(true)
  const [one, two, three] = [session('ann'), session('ann', 'bob'), session(undefined, 'bob')]
  for (const each of [one, two, three]) directory.enter(each)
  assert.is(directory.find('ann'), two)
  assert.is(directory.find('bob'), two)
  two.open = false
  assert.is(directory.find('ann'), one)
  assert.is(directory.find('bob'), three)
  assert.equal(directory.all('ann'), [one, two])
  directory.enter(two)
  directory.leave(two)
  directory.leave(two)
  assert.equal(
    [directory.all('ann'), directory.all('bob'), directory.find('eve')],
    [[one], [three], undefined],
  )
  const proved = new Directory<Named>(false)
  proved.enter(three)
  assert.is(proved.find('bob'), undefined)
})

// -- row 27: waiting for somebody ------------------------------------------------------------------------------------------

test('row 27: a call waits for its user as long as it may, and goes out when it comes', async () => {
  const { clock, core, connect, call } = newServer()
  const late = failure(call('ann', 'late', { waitForPeerMs: 1000 }))
  const first = call('ann', 'first', { waitForPeerMs: 5000 })
  const other = failure(call('bob', 'other', { waitForPeerMs: Number.POSITIVE_INFINITY, timeoutMs: 60_000 }))
  void call('ann', 'second', { waitForPeerMs: 5000 })
  assert.is(core.stats().queued, 4)
  clock.advance(1001)
  assert.equal(await late, ['UNAVAILABLE', 'no', '"ann" did not connect within 1000 ms'])
  clock.advance(1000)
  await sleep(0)
  const wire = connect({ identity: 'ann' })
  assert.equal(wire.take(), [
    [0, 2, 'first', [], { d: 27_999 }],
    [0, 4, 'second', [], { d: 27_999 }],
  ])
  wire.feed([1, 2, 'done'])
  assert.is(await first, 'done')
  assert.is(core.stats().queued, 1)
  clock.advance(60_000)
  assert.equal((await other).slice(0, 2), ['DEADLINE_EXCEEDED', 'no'])
})

test('row 27: an aborted signal and failFast do not wait, close ends what waits, and the queue is bounded', async () => {
  const { core, call } = newServer({ waitForPeerMs: 1000, limits: { maxQueuedCalls: 2 } })
  const controller = new AbortController()
  const aborted = call('ann', 'x', { signal: controller.signal }).catch((error: unknown) => error)
  controller.abort('enough')
  assert.is(await aborted, 'enough')
  assert.equal((await failure(call('ann', 'x', { failFast: true }))).slice(0, 2), ['UNAVAILABLE', 'no'])
  assert.equal((await failure(call('ann', 'x', { waitForPeerMs: 0 }))).slice(0, 2), ['UNAVAILABLE', 'no'])
  const closed = [failure(call('ann', 'x')), failure(call('bob', 'x'))]
  assert.equal((await failure(call('eve', 'x'))).slice(0, 2), ['RESOURCE_EXHAUSTED', 'no'])
  await core.close()
  for (const each of closed) assert.equal((await each).slice(0, 2), ['CLOSED', 'no'])
})

test('row 27: who comes and cannot be called, a REQ, ends the wait', async () => {
  const { connect, call } = newServer({ waitForPeerMs: 1000 })
  const waiting = failure(call('ann', 'x'))
  connect({ identity: 'ann', socketType: 'REQ' })
  assert.equal((await waiting).slice(0, 2), ['UNAVAILABLE', 'no'])
})

test('options of presence that are none are refused', () => {
  assert.throws(() => new Server('x', { sameUser: 'none' as never }), /sameUser/)
  assert.throws(() => new Server('x', { waitForPeerMs: -1 }), /waitForPeerMs/)
  const server = kept(new Server('x'))
  assert.throws(() => server.sendTo('x', { waitForPeerMs: Number.NaN }), /waitForPeerMs/)
  assert.throws(() => server.sendTo('x', { timeoutMs: 0 }), /timeoutMs/)
})

// -- row 28: the same user twice ---------------------------------------------------------------------------------------------

const security = plain({ users: { ann: 'secret' } })

test('row 28: with sameUser replace the older connection ends for good, its calls fail, and peergone comes once', async () => {
  const server = kept(new Server('remote', { security, sameUser: 'replace' }))
  const events: string[] = []
  server.on('peer', ({ user }) => events.push(`+${user}`))
  server.on('peergone', ({ user }, error) =>
    events.push(`-${user} ${(error as { code?: string } | undefined)?.code}`),
  )
  const at = await server.bind('tcp://127.0.0.1:0')
  const client = (name: string): Client => {
    const one = kept(
      new Client('remote', {
        security: plain({ user: 'ann', password: 'secret' }),
        reconnect: { minMs: 1, maxMs: 10 },
      }),
    )
    one.registerRpc({ who: () => name, never: () => new Promise(() => {}) })
    return one
  }
  const older = client('older')
  const refused = new Promise<string>((resolve) => {
    older.on('status', ({ status, error }) => {
      if (status === 'refused') resolve((error as { code?: string }).code!)
    })
  })
  await older.connect(at).ready({ timeoutMs: 5000 })
  const stub = server.sendTo('ann')
  assert.is(await stub.who(), 'older')
  const open = failure(stub.never())
  await client('newer').connect(at).ready({ timeoutMs: 5000 })
  assert.equal((await open).slice(0, 2), ['UNAVAILABLE', 'maybe'])
  assert.is(await within(5000, refused), 'REPLACED')
  assert.is(await stub.who(), 'newer')
  await sleep(50)
  assert.equal(events, ['+ann', '-ann REPLACED', '+ann'])
  assert.equal([server.peers.size, server.peersOf('ann').length], [1, 1])
  assert.equal((await failure(older.call('x'))).slice(0, 2), ['UNAVAILABLE', 'no'])
})

test('row 28: a claimed name is not replaced: the first keeps it', () => {
  const { core, connect } = newServer({ sameUser: 'replace' })
  const first = connect({ identity: 'ann' })
  connect({ identity: 'ann' })
  assert.equal(
    [first.over, core.sessionOf('ann') === first.session, core.peersOf('ann').length],
    [false, true, 2],
  )
})

// -- row 29: without an answer -------------------------------------------------------------------------------------------------

test('broadcast is encoded once, goes to all who take it, and says for how many it was dropped', () => {
  const { core, connect } = newServer({ limits: { slowPeerMessages: 1 } })
  const [one, two] = [connect(), connect()]
  connect({ socketType: 'REQ' })
  const small = connect()
  small.feed([8, { v: 2, maxMessageSize: 20 }])
  small.take()
  let reads = 0
  const value = {
    get text() {
      reads++
      return 'x'.repeat(20)
    },
  }
  assert.equal(core.broadcast('news.weather', [value]), { sent: 2, dropped: 2 })
  assert.is(reads, 1)
  assert.equal(one.take(), [[7, 'news.weather', [{ text: 'x'.repeat(20) }]]])
  assert.is(decode(two.sent[0]!.at(-1)!) !== undefined, true)
  assert.equal(core.broadcast('x', []), { sent: 3, dropped: 1 })
  one.congested = true
  core.broadcast('x', [])
  core.broadcast('x', [])
  assert.equal([one.paused, core.broadcast('x', [])], [true, { sent: 2, dropped: 2 }])
  const stats = core.stats()
  assert.equal([stats.notifiesSent, stats.notifiesDropped], [2 + 3 + 3 + 3 + 2, 2 + 1 + 1 + 1 + 2])
})

test('notify throws for what can never be sent, and counts what is dropped', () => {
  const { core, connect } = newServer()
  const wire = connect({ identity: 'ann' })
  wire.feed([8, { v: 2, maxMessageSize: 20 }])
  wire.take()
  const thrown = (run: () => unknown): { code: string; name: string } => {
    try {
      run()
    } catch (error) {
      return error as ArgumentError
    }
    throw new Error('nothing was thrown')
  }
  assert.is(thrown(() => core.notify('ann', 'x', [() => 1])).code, 'NOT_ENCODABLE')
  assert.is(thrown(() => core.broadcast('x', [Symbol('x')])).code, 'NOT_ENCODABLE')
  assert.is(thrown(() => core.notify('ann', 'x', ['x'.repeat(100)])).code, 'PAYLOAD_TOO_LARGE')
  assert.is(core.notify('ann', 'x', [1]), true)
  assert.is(core.notify('bob', 'x', [1]), false)
  assert.equal(wire.take(), [[7, 'x', [1]]])
  const stats = core.stats()
  assert.equal([stats.notifiesSent, stats.notifiesDropped], [1, 1])
})

test('a notify behind a delimiter and behind a route keeps them in front', () => {
  const { core, connect } = newServer()
  const wire = connect({ socketType: 'REP' })
  assert.equal(core.broadcast('x', [new Uint8Array(20_000)]).sent, 1)
  assert.equal(
    wire.sent[0]!.map((frame) => frame.length > 100),
    [false, true],
  )
})

test('server.broadcast is a stub: dotted names, and results that say what was dropped', async () => {
  interface Api {
    news: { weather(text: string): void }
    add(a: number, b?: number): number
  }
  const server = kept(new Server<Api>('remote'))
  const at = await server.bind('inproc://broadcast')
  const heard: string[] = []
  for (let i = 0; i < 3; i++) {
    const client = kept(new Client('remote').connect(at))
    client.registerRpc('news.weather', (text: string) => heard.push(text))
    await client.ready({ timeoutMs: 5000 })
  }
  assert.is(server.broadcast, server.broadcast)
  assert.equal(server.broadcast.news.weather('rain'), { sent: 3, dropped: 0 })
  assert.equal(server.broadcast.add(1), { sent: 3, dropped: 0 })
  await until(() => heard.length === 3)
  assert.equal(heard, ['rain', 'rain', 'rain'])
})

// -- row 17 ----------------------------------------------------------------------------------------------------------------

test('row 17: above 1,000 messages to a connection that is full nothing is read, until it takes more', () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({ one: () => 1 })
  const wire = connect()
  for (let id = 1; id <= 2000; id++) wire.feed([0, id, 'one', []])
  assert.is(wire.paused, false)
  wire.congested = true
  for (let id = 1; id <= 1000; id++) wire.feed([0, id, 'one', []])
  assert.is(wire.paused, false)
  wire.feed([0, 1001, 'one', []])
  assert.is(wire.paused, true)
  wire.congested = false
  wire.session.onDrain()
  assert.is(wire.paused, false)
})

test('row 17: a peer that goes on not reading is given up after the heartbeat’s timeout and a second for each 64 KB', () => {
  const { clock, core, connect } = newServer({ limits: { slowPeerMessages: 1 } })
  core.registry.registerRpc({ one: () => 1 })
  const wire = connect()
  wire.congested = true
  wire.queuedBytes = 64_000
  wire.feed([0, 1, 'one', []])
  wire.feed([0, 2, 'one', []])
  clock.advance(15_999)
  assert.equal([wire.paused, wire.over], [true, false])
  clock.advance(2)
  assert.equal([wire.error?.code, core.peers.size], ['SLOW_PEER', 0])
  const patient = newServer({ limits: { slowPeerMessages: 1 }, heartbeat: false })
  patient.core.registry.registerRpc({ one: () => 1 })
  const slow = patient.connect()
  slow.congested = true
  slow.feed([0, 1, 'one', []])
  slow.feed([0, 2, 'one', []])
  patient.clock.advance(1_000_000)
  assert.equal([slow.paused, slow.over], [true, false])
})

test.run()
