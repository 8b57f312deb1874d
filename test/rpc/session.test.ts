// Two sessions joined in memory, or one with a script at its other end: the life of a call, in both directions, on a fake clock.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import type { CallContext } from '../../src/rpc/api/context.ts'
import type { ParticipantOptions } from '../../src/rpc/api/options.ts'
import { Peer } from '../../src/rpc/api/peer.ts'
import type { CallOptions } from '../../src/rpc/api/settings.ts'
import type { RpcError } from '../../src/rpc/errors/errors.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import type { ClientOptions } from '../../src/rpc/participants/client-options.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { method } from '../../src/rpc/registry/registration.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { joinSessions, ScriptedConnection, type ScriptedPeer } from '../support/scripted-driver-rpc.ts'
import { sleep, within } from '../support/within.ts'

const test = suite('RPC sessions')

const cores = new Set<ServerCore | ClientCore>()

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

function world(): { clock: FakeClock; context: TransportContext } {
  const clock = new FakeClock()
  // Ids of calls begin at 1 where the dice show nothing; sessions need different ones.
  let draws = 0
  return { clock, context: new TransportContext({ clock, random: () => Math.max(0, draws++ - 2) / 1000 }) }
}

interface ClientBench {
  readonly clock: FakeClock
  readonly core: ClientCore
  call(method: string, args?: unknown[], options?: CallOptions): Promise<unknown>
  connect(peer?: ScriptedPeer): ScriptedConnection
}

function newClient(options: ClientOptions = {}): ClientBench {
  const { clock, context } = world()
  const core = new ClientCore('remote', { context, ...options })
  cores.add(core)
  return {
    clock,
    core,
    call: (name, args = [], callOptions = {}) =>
      core.calls.start(core, name, args, core.settings.with(callOptions)),
    connect: (peer = {}) =>
      new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote', pseud: false, ...peer }).open(core),
  }
}

function newServer(options: ParticipantOptions = {}): {
  clock: FakeClock
  core: ServerCore
  connect(peer?: ScriptedPeer): ScriptedConnection
} {
  const { clock, context } = world()
  const core = new ServerCore('remote', { context, ...options }, undefined)
  cores.add(core)
  return { clock, core, connect: (peer = {}) => new ScriptedConnection({ pseud: false, ...peer }).open(core) }
}

/** How a promise ended, or `undefined` while it has not. */
function outcome(promise: Promise<unknown>): { settled: boolean; value?: unknown; error?: RpcError & Error } {
  const state: { settled: boolean; value?: unknown; error?: RpcError & Error } = { settled: false }
  promise.then(
    (value) => Object.assign(state, { settled: true, value }),
    (error) => Object.assign(state, { settled: true, error }),
  )
  return state
}

/** Code and executed of what the promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<[string, string]> {
  const error = await promise.then(
    () => {
      throw new Error('it was resolved')
    },
    (reason: unknown) => reason as RpcError,
  )
  return [error.code, error.executed]
}

const settle = (): Promise<void> => sleep(0)

// -- the caller ----------------------------------------------------------------------------------------------------------

test('a call is [0, id, method, args, {d}], and its RESULT settles it', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const result = call('lower', ['ABC'])
  assert.equal(wire.take(), [[0, 1, 'lower', ['ABC'], { d: 30_000 }]])
  wire.feed([1, 1, 'abc'])
  assert.is(await result, 'abc')
  const stats = core.stats()
  assert.equal([stats.started, stats.succeeded, stats.inFlight, core.calls.open], [1, 1, 0, 0])
})

test('options travel as meta; a call without a timeout needs none', () => {
  const { call, connect } = newClient({ timeoutMs: Number.POSITIVE_INFINITY })
  const wire = connect()
  void outcome(call('a'))
  void outcome(call('b', [], { timeoutMs: 1.5, headers: { trace: '7f' }, idempotencyKey: 'key' }))
  assert.equal(wire.take(), [
    [0, 1, 'a', []],
    [0, 2, 'b', [], { d: 2, h: { trace: '7f' }, i: 'key' }],
  ])
})

test('row 1: calls before any server wait in order, and keep what their arguments were', async () => {
  const { core, clock, call, connect } = newClient()
  const args = [{ n: 1 }]
  const first = call('first', args)
  void outcome(call('second'))
  args[0]!.n = 2
  assert.is(core.stats().queued, 2)
  clock.advance(1000)
  await settle() // the time of a turn is read once
  const wire = connect()
  assert.equal(wire.take(), [
    [0, 1, 'first', [{ n: 1 }], { d: 29_000 }],
    [0, 2, 'second', [], { d: 29_000 }],
  ])
  wire.feed([1, 1, 'done'])
  assert.is(await first, 'done')
})

test('row 1: at most 1,000 calls or 16 MiB wait; failFast does not', async () => {
  const { call } = newClient()
  for (let i = 0; i < 1000; i++) void outcome(call('x'))
  assert.equal(await failure(call('x')), ['RESOURCE_EXHAUSTED', 'no'])
  const other = newClient()
  void outcome(other.call('x', [Buffer.alloc(10 * 1024 * 1024)]))
  assert.equal(await failure(other.call('x', [Buffer.alloc(7 * 1024 * 1024)])), ['RESOURCE_EXHAUSTED', 'no'])
  assert.equal(await failure(other.call('x', [], { failFast: true })), ['UNAVAILABLE', 'no'])
})

test('rows 2 and 3: when the link is lost, sent calls fail in this turn, queued ones go to the next server', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const sent = Array.from({ length: 1000 }, () => call('sent'))
  wire.congested = true
  const queued = outcome(call('queued'))
  const link = new LinkError('RESET', 'the connection was lost')
  const inThisTurn = Promise.allSettled(sent)
  let settledCount = 0
  for (const call of sent) call.catch(() => settledCount++)
  wire.lose(link)
  assert.is(core.stats().failed, 1000)
  for (const result of await inThisTurn) {
    assert.is(result.status, 'rejected')
    const error = (result as PromiseRejectedResult).reason as RpcError
    assert.equal([error.code, error.executed, error.cause], ['UNAVAILABLE', 'maybe', link])
  }
  assert.is(settledCount, 1000)
  assert.is(queued.settled, false)
  const next = connect()
  assert.is(next.take()[0]?.[2], 'queued')
})

test('row 8: a deadline rejects once, tells the server of a sent call, and takes a queued one out', async () => {
  const { core, clock, call, connect } = newClient()
  const queued = call('queued', [], { timeoutMs: 50 })
  const failedQueued = failure(queued)
  clock.advance(50)
  assert.equal(await failedQueued, ['DEADLINE_EXCEEDED', 'no'])
  const wire = connect()
  assert.equal(wire.take(), [])
  const sent = call('slow', [], { timeoutMs: 50 })
  const message = sent.catch((error: Error) => error.message)
  const failedSent = failure(sent)
  wire.take()
  clock.advance(50)
  assert.equal(await failedSent, ['DEADLINE_EXCEEDED', 'maybe'])
  assert.match((await message) as string, /slow.*remote.*50 ms/)
  assert.equal(wire.take(), [[3, 2]])
  wire.feed([1, 2, 'late'])
  wire.feed([2, 2, { c: 'X', m: 'later' }])
  assert.is(core.stats().late, 2)
  const next = call('next')
  wire.feed([1, 3, 'fine'])
  assert.is(await next, 'fine')
  assert.is(clock.armed <= 2, true)
})

test('row 10: an aborted signal rejects with its reason; before the call nothing is sent, later the server is told', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const reason = new Error('changed my mind')
  const rejected = async (promise: Promise<unknown>): Promise<unknown> =>
    promise.catch((error: unknown) => error)
  assert.is(await rejected(call('x', [], { signal: AbortSignal.abort(reason) })), reason)
  assert.equal(wire.take(), [])
  const controller = new AbortController()
  const sent = rejected(call('x', [], { signal: controller.signal }))
  wire.congested = true
  const queued = rejected(call('x', [], { signal: controller.signal }))
  wire.take()
  controller.abort(reason)
  controller.abort(new Error('again'))
  assert.equal([await sent, await queued], [reason, reason])
  assert.equal(wire.take(), [[3, 1]])
  assert.is(core.stats().cancelled, 3)
  wire.congested = false
  wire.session.onDrain()
  assert.equal(wire.take(), [])
})

test('row 16: an answer from another session than the call went to is counted and dropped', async () => {
  const { core, call, connect } = newClient()
  const first = connect()
  const result = outcome(call('x'))
  const second = connect()
  second.feed([1, 1, 'forged'])
  await settle()
  assert.is(result.settled, false)
  assert.is(core.stats().late, 1)
  first.feed([1, 1, 'true'])
  await settle()
  assert.is(result.value, 'true')
})

test('row 16: behind a proxy, an answer on another route than the call went by is dropped too', async () => {
  const { core, connect } = newServer()
  let result: Promise<unknown> | undefined
  core.registry.registerRpc({
    ask: method((ctx) => {
      result = ctx.peer.call('name')
    }),
  })
  const wire = connect()
  wire.feed([0, 1, 'ask', []], [Buffer.from('first')])
  const [answer, call] = wire.sent
  assert.equal([...wire.sent.map((frames) => frames[0]!.toString())], ['first', 'first'])
  const forged = outcome(result!)
  wire.feed([1, 1, 'forged'], [Buffer.from('other')])
  wire.feed([1, 1, 'forged'])
  await settle()
  assert.is(forged.settled, false)
  assert.is(core.stats().late, 2)
  wire.feed([1, 1, 'true'], [Buffer.from('first')])
  await settle()
  assert.is(forged.value, 'true')
  assert.ok(answer && call)
})

test('row 21: arguments that have no encoding reject with a TypeError that says where, and nothing is sent', async () => {
  const { core, call, connect } = newClient()
  const check = async (promise: Promise<unknown>): Promise<void> => {
    const error = await promise.then(
      undefined,
      (reason: TypeError & { code: string; executed: string; path: string }) => reason,
    )
    assert.instance(error, TypeError)
    const { code, executed, path } = error as TypeError & { code: string; executed: string; path: string }
    assert.equal([code, executed, path], ['NOT_ENCODABLE', 'no', 'args[1].when'])
  }
  await check(call('x', [1, { when: () => 1 }]))
  const wire = connect()
  await check(call('x', [1, { when: () => 1 }]))
  assert.equal(wire.take(), [])
  assert.is(core.calls.open, 0)
  const next = call('x')
  assert.is(wire.take().length, 1)
  wire.feed([1, 3, 'fine'])
  assert.is(await next, 'fine')
})

test('row 21: over a route, too, nothing is sent of a call that cannot be encoded', async () => {
  const { call, connect } = newClient()
  const wire = connect({ socketType: 'REP', identity: '' })
  await call('x', [() => 1]).catch(() => {})
  assert.equal(wire.sent, [])
  void outcome(call('y', [1]))
  assert.equal(
    wire.sent.map((frames) => frames.length),
    [2],
  )
  assert.is(wire.sent[0]?.[0]?.length, 0)
})

test('user code that calls while its values are being encoded neither breaks the message nor loses its own call', async () => {
  const { call, connect } = newClient()
  const wire = connect()
  let inner: Promise<unknown> | undefined
  const controller = new AbortController()
  const aborted = outcome(call('aborted', [], { signal: controller.signal }))
  const args = [
    {
      get sly() {
        inner = call('inner')
        controller.abort(new Error('in the middle'))
        return 1
      },
    },
  ]
  const outer = call('outer', args)
  assert.equal(
    wire.take().map((message) => message.slice(0, 4)),
    [
      [0, 1, 'aborted', []],
      [0, 2, 'outer', [{ sly: 1 }]],
      [3, 1],
      [0, 3, 'inner', []],
    ],
  )
  wire.feed([1, 2, 'o'])
  wire.feed([1, 3, 'i'])
  assert.equal([await outer, await inner!], ['o', 'i'])
  assert.is(aborted.error?.message, 'in the middle')
})

test('row 23: what is larger than the server takes is not sent', async () => {
  const { call, connect } = newClient()
  const wire = connect({ pseud: true })
  assert.is(wire.take()[0]?.[0], 8)
  wire.feed([9, { v: 2, id: 's', maxMessageSize: 100 }])
  assert.equal(await failure(call('x', ['x'.repeat(100)])), ['PAYLOAD_TOO_LARGE', 'no'])
  assert.equal(wire.take(), [])
  void outcome(call('x', ['x'.repeat(50)]))
  assert.is(wire.take().length, 1)
})

test('row 25: close settles every call in this turn, queued ones as never run, sent ones as maybe', async () => {
  const { core, clock, call, connect } = newClient()
  const wire = connect()
  const sent = failure(call('sent'))
  wire.congested = true
  const queued = failure(call('queued'))
  const ready = failure(
    newClient()
      .core.ready({ timeoutMs: 5 })
      .then(() => {}),
  )
  const closed = core.close()
  assert.is(core.calls.open, 0)
  assert.equal(await sent, ['CLOSED', 'maybe'])
  assert.equal(await queued, ['CLOSED', 'no'])
  assert.equal(await failure(call('after')), ['CLOSED', 'no'])
  await closed
  await core.close()
  assert.is(wire.over, true)
  clock.advance(100_000)
  assert.is(clock.armed, 0)
  void ready.catch(() => {})
})

test('a call goes to the ready server with the fewest open; a busy one is passed over', () => {
  const { core, call, connect } = newClient()
  const one = connect()
  for (let i = 0; i < 3; i++) void outcome(call('x'))
  const two = connect()
  for (let i = 0; i < 4; i++) void outcome(call('x'))
  assert.equal([one.take().length, two.take().length], [4, 3])
  void outcome(call('x'))
  assert.equal([one.take().length, two.take().length], [0, 1])
  one.congested = true
  for (let i = 0; i < 4; i++) void outcome(call('x'))
  assert.equal([one.take().length, two.take().length], [0, 4])
  two.congested = true
  void outcome(call('x'))
  assert.is(core.stats().queued, 1)
  one.congested = false
  one.session.onDrain()
  assert.equal([one.take().length, core.stats().queued], [1, 0])
})

test('GOAWAY: the server gets no new calls, those that are open may end', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const open = call('open')
  wire.take()
  wire.feed([10, 1, 'draining'])
  void outcome(call('later'))
  assert.equal([wire.take(), core.stats().queued], [[], 1])
  wire.feed([1, 1, 'done'])
  assert.is(await open, 'done')
  assert.is(connect().take()[0]?.[2], 'later')
})

test('another server than the one wanted is refused before anything is said', () => {
  const { core, connect } = newClient()
  const errors: unknown[] = []
  core.emitter.on('error', (error) => errors.push((error as { code: string }).code))
  const wire = connect({ identity: 'other' })
  assert.is(wire.error?.code, 'WRONG_SERVER')
  assert.equal([wire.take(), errors, core.connected], [[], ['WRONG_SERVER'], false])
  assert.is(connect({ identity: '' }).error, undefined)
  assert.is(connect({ identity: 'remote' }).error, undefined)
})

test('ready waits for WELCOME where the server knows it, and for nothing more elsewhere', async () => {
  const { core, clock, connect } = newClient()
  const late = failure(core.ready({ timeoutMs: 100 }).then(() => {}))
  clock.advance(100)
  assert.equal(await late, ['DEADLINE_EXCEEDED', 'no'])
  const ready = outcome(core.ready({}))
  const wire = connect({ pseud: true })
  await settle()
  assert.is(ready.settled, false)
  wire.feed([9, { v: 2 }])
  await settle()
  assert.equal([ready.settled, ready.error], [true, undefined])
  await core.ready({})
  const other = newClient()
  const plain = outcome(other.core.ready({}))
  other.connect({ pseud: false })
  await settle()
  assert.is(plain.settled, true)
  const controller = new AbortController()
  const given = newClient().core.ready({ signal: controller.signal })
  controller.abort('enough')
  assert.is(await given.catch((reason: unknown) => reason), 'enough')
})

// -- the callee ----------------------------------------------------------------------------------------------------------

test('row 20: whatever a function throws or rejects with, its caller gets one answer', async () => {
  const { core, connect } = newServer()
  const reported: unknown[] = []
  core.emitter.on('error', (error, about) => reported.push([error, about.method]))
  const thenable = Object.fromEntries([
    [
      'then',
      () => {
        throw new Error('in then')
      },
    ],
  ])
  core.registry.registerRpc({
    throws: () => {
      throw new RangeError('r')
    },
    rejects: () => Promise.reject(new SyntaxError('s')),
    thenable: () => thenable,
    text: () => {
      throw 'text'
    },
    declared: () => {
      throw new RangeError('mine')
    },
  })
  const wire = connect()
  ;['throws', 'rejects', 'thenable', 'text'].forEach((name, id) => {
    wire.feed([0, id, name, []])
  })
  await settle()
  const answers = wire.take().sort((a, b) => (a[1] as number) - (b[1] as number))
  assert.equal(
    answers.map(([kind, id, error]) => [kind, id, (error as { c: string }).c, (error as { m: string }).m]),
    [
      [2, 0, 'INTERNAL', 'r'],
      [2, 1, 'INTERNAL', 's'],
      [2, 2, 'INTERNAL', 'in then'],
      [2, 3, 'INTERNAL', 'text'],
    ],
  )
  assert.is(reported.length, 4)
  assert.is(core.stats().threw, 4)
})

test('row 21: a result that has no encoding is an ERROR, behind its route, and not silence', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({ bad: () => ({ f: () => 1 }), badLater: async () => [Symbol('x')] })
  const wire = connect()
  wire.feed([0, 1, 'bad', []], [Buffer.from('route'), Buffer.alloc(0)])
  wire.feed([0, 2, 'badLater', []])
  await settle()
  const [first, second] = wire.sent
  assert.equal(first!.slice(0, 2).map(String), ['route', ''])
  assert.equal(first!.length, 3)
  assert.equal(second!.length, 1)
  for (const [kind, , error] of wire.take()) {
    assert.is(kind, 2)
    const { c, x, m } = error as { c: string; x: string; m: string }
    assert.equal([c, x], ['INTERNAL', 'yes'])
    assert.match(m, /^result/)
  }
})

test('row 23: a result larger than the caller takes is an ERROR', () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({ big: () => 'x'.repeat(1000) })
  const wire = connect({ pseud: true })
  wire.feed([8, { v: 2, maxMessageSize: 500 }])
  wire.take()
  wire.feed([0, 1, 'big', []])
  const [[kind, , error]] = wire.take() as [[number, number, { c: string; x: string }]]
  assert.equal([kind, error.c, error.x], [2, 'PAYLOAD_TOO_LARGE', 'yes'])
})

test('row 6: when the peer goes, signals abort, results are dropped, peergone comes once', async () => {
  const { core, connect } = newServer()
  const gone: unknown[] = []
  core.emitter.on('peergone', (peer) => gone.push(peer.id))
  let signal: AbortSignal | undefined
  let finish: ((value: unknown) => void) | undefined
  core.registry.registerRpc({
    slow: method((ctx) => {
      signal = ctx.signal
      return new Promise((resolve) => {
        finish = resolve
      })
    }),
  })
  const wire = connect()
  wire.feed([0, 1, 'slow', []])
  assert.is(signal?.aborted, false)
  wire.lose()
  assert.is(signal?.aborted, true)
  assert.is((signal!.reason as RpcError).code, 'PEER_GONE')
  assert.equal([gone.length, core.peers.size, core.slots.running], [1, 0, 0])
  finish!('too late')
  await settle()
  assert.equal([wire.take(), core.stats().dropped], [[], 1])
})

test('CANCEL aborts the signal and frees the slot; what the function still returns is dropped', async () => {
  const { core, connect } = newServer()
  let context: CallContext | undefined
  let finish: ((value: unknown) => void) | undefined
  core.registry.registerRpc({
    slow: method((ctx) => {
      context = ctx
      return new Promise((resolve) => {
        finish = resolve
      })
    }),
  })
  const wire = connect()
  wire.feed([0, 1, 'slow', []])
  wire.feed([3, 1, 'changed my mind'])
  assert.is(context?.signal.aborted, true, 'also when it is first asked for afterwards')
  assert.is((context!.signal.reason as RpcError).code, 'CANCELLED')
  assert.is(core.slots.running, 0)
  finish!(1)
  await settle()
  assert.equal(wire.take(), [])
  wire.feed([0, 1, 'slow', []])
  assert.is(wire.error, undefined, 'the id is free again')
})

test('row 9: a call whose time runs out while it waits is not run', async () => {
  const { core, clock, connect } = newServer({ limits: { maxRunningCalls: 1 } })
  let runs = 0
  let finish: ((value: unknown) => void) | undefined
  core.registry.registerRpc({
    slow: () => {
      runs++
      return new Promise((resolve) => {
        finish = resolve
      })
    },
    quick: () => 'quick',
  })
  const wire = connect()
  wire.feed([0, 1, 'slow', []])
  wire.feed([0, 2, 'slow', [], { d: 100 }])
  wire.feed([0, 3, 'quick', []])
  assert.equal([runs, core.slots.waiting], [1, 2])
  clock.advance(101)
  const [[kind, id, error]] = wire.take() as [[number, number, { c: string; x: string }]]
  assert.equal([kind, id, error.c, error.x], [2, 2, 'DEADLINE_EXCEEDED', 'no'])
  finish!('done')
  await settle()
  assert.equal(wire.take(), [
    [1, 1, 'done'],
    [1, 3, 'quick'],
  ])
  assert.equal([runs, core.slots.running, core.slots.waiting], [1, 0, 0])
})

test('row 30: requests begin in the order they were sent, answers come when they are ready', async () => {
  const { core, connect } = newServer()
  const begun: unknown[] = []
  const finish = new Map<number, () => void>()
  core.registry.registerRpc({
    slow: (n: number) => {
      begun.push(n)
      return new Promise<number>((resolve) => finish.set(n, () => resolve(n)))
    },
  })
  const wire = connect()
  for (let n = 1; n <= 3; n++) wire.feed([0, n, 'slow', [n]])
  assert.equal(begun, [1, 2, 3])
  for (const n of [3, 1, 2]) {
    finish.get(n)!()
    await settle()
  }
  assert.equal(
    wire.take().map(([, id]) => id),
    [3, 1, 2],
  )
})

test('the context: user, peer, headers without prototype, depth, deadline', async () => {
  const { core, clock, connect } = newServer()
  let context: CallContext | undefined
  core.registry.registerRpc({
    look: method((ctx, ...args: unknown[]) => {
      context = ctx
      return args
    }),
  })
  core.registry.registerRpc({ name: 'who', withIdentity: true }, (user: unknown, ...args: unknown[]) => [
    user,
    ...args,
  ])
  const wire = connect({ identity: 'worker' })
  wire.feed([0, 1, 'look', [1, 2], { h: { trace: '7f' }, d: 5000, n: 3 }])
  const ctx = context!
  assert.equal(
    [
      ctx.method,
      ctx.user,
      ctx.depth,
      ctx.remainingMs,
      ctx.headers.trace,
      ctx.peer.claimedName,
      ctx.peer.user,
    ],
    ['look', undefined, 3, 5000, '7f', 'worker', undefined],
  )
  assert.is(Object.getPrototypeOf(ctx.headers), null)
  assert.instance(ctx.deadline, Date)
  assert.is(ctx.peer, ctx.peer)
  assert.is(ctx.peer.id, [...core.peers.keys()][0])
  clock.advance(1000)
  await settle()
  wire.feed([0, 2, 'look', []])
  assert.equal([context!.remainingMs, context!.deadline], [Number.POSITIVE_INFINITY, undefined])
  wire.feed([0, 3, 'who', ['x']])
  assert.equal(wire.take(), [
    [1, 1, [1, 2]],
    [1, 2, []],
    [1, 3, [null, 'x']].map((value, i) => (i === 2 ? [undefined, 'x'] : value)),
  ])
})

test('row 31: a nested call carries its depth, and beyond 32 nobody runs it', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({
    nest: method((ctx) => ctx.peer.call('back')),
    onBehalf: method((ctx) => (ctx.with(ctx.peer) as { back(): Promise<unknown> }).back()),
  })
  const wire = connect()
  wire.feed([0, 1, 'nest', []])
  wire.feed([0, 2, 'nest', [], { n: 31 }])
  wire.feed([0, 3, 'onBehalf', [], { n: 1, d: 500, h: { a: 'b' } }])
  const calls = wire.take()
  assert.equal(
    calls.map((message) => message[4]),
    [
      { d: 30_000, n: 1 },
      { d: 30_000, n: 32 },
      { d: 500, h: { a: 'b' }, n: 2 },
    ],
  )
  wire.feed([0, 4, 'nest', [], { n: 33 }])
  wire.feed([0, 5, 'nest', [], { n: 32 }])
  await settle()
  const errors = wire
    .take()
    .map(([, id, error]) => [id, (error as { c: string }).c, (error as { x: string }).x])
  assert.equal(errors, [
    [4, 'FAILED_PRECONDITION', 'no'],
    [5, 'FAILED_PRECONDITION', 'yes'],
  ])
})

test('ctx.with ends its calls with the call that they are made for', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({
    onBehalf: method((ctx) => (ctx.with(ctx.peer) as { back(): Promise<unknown> }).back()),
  })
  const wire = connect()
  wire.feed([0, 7, 'onBehalf', []])
  assert.is(wire.take()[0]?.[2], 'back')
  wire.feed([3, 7])
  await settle()
  assert.equal(wire.take(), [[3, 1]])
})

test('NOTIFY runs a function and answers nothing, whatever becomes of it', async () => {
  const { core, connect } = newServer()
  const heard: unknown[] = []
  const reported: unknown[] = []
  core.emitter.on('error', (error) => reported.push(error))
  core.registry.registerRpc({
    log: method((ctx, line: string) => heard.push([line, ctx.headers.a])),
    bad: () => {
      throw 'thrown'
    },
    worse: async () => {
      throw 'rejected'
    },
  })
  const wire = connect()
  wire.feed([7, 'log', ['started'], { h: { a: 'b' } }])
  wire.feed([7, 'bad', []])
  wire.feed([7, 'worse', []])
  wire.feed([7, 'constructor', []])
  wire.feed([7, 5, []])
  await settle()
  assert.equal([heard, reported, wire.take()], [[['started', 'b']], ['thrown', 'rejected'], []])
  assert.equal([core.stats().notifiesReceived, core.stats().notifiesDropped], [5, 2])
})

test('notify is sent, or says that it was not', () => {
  const { core, connect } = newClient()
  assert.is(core.notify('log', ['a']), false)
  const wire = connect()
  assert.is(core.notify('log', ['a']), true)
  assert.equal(wire.take(), [[7, 'log', ['a']]])
  wire.congested = true
  assert.is(core.notify('log', ['b']), true)
  wire.queuedBytes = 17 * 1024 * 1024
  assert.is(core.notify('log', ['c']), true)
  assert.is(core.notify('log', ['d']), false)
  const stats = core.stats()
  assert.equal([stats.notifiesSent, stats.notifiesDropped], [3, 2])
})

test('row 17: a peer that does not read its answers is read from no more, then given up', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({ get: () => 1 })
  const wire = connect()
  wire.congested = true
  wire.queuedBytes = 17 * 1024 * 1024
  wire.feed([0, 1, 'get', []])
  assert.is(wire.paused, true)
  wire.congested = false
  wire.session.onDrain()
  assert.is(wire.paused, false)
  wire.congested = true
  wire.queuedBytes = 65 * 1024 * 1024
  wire.feed([0, 2, 'get', []])
  await Promise.resolve()
  assert.is(wire.error?.code, 'SLOW_PEER')
  assert.is(core.peers.size, 0)
})

test('row 17: a call whose own message passes the hard bound fails with the link, and does not hang', async () => {
  const { core, connect } = newServer()
  const wire = connect()
  const [peer] = [...core.peers.values()] as Peer<never>[]
  const endPart = wire.endPart.bind(wire)
  wire.endPart = () => {
    endPart()
    wire.congested = true
    wire.queuedBytes = 65 * 1024 * 1024
  }
  const call = peer!.call('get', [], { timeoutMs: Number.POSITIVE_INFINITY })
  const error = (await within(
    1000,
    Promise.resolve(call).catch((reason: unknown) => reason),
  )) as RpcError
  assert.equal([error.code, error.executed, wire.error?.code], ['UNAVAILABLE', 'maybe', 'SLOW_PEER'])
})

test('PING is answered with its token, except to who does not read', () => {
  const { connect } = newServer()
  const wire = connect()
  wire.feed([11])
  wire.feed([11, 'token'])
  wire.feed([11, { a: [1] }])
  assert.equal(wire.take(), [[12], [12, 'token'], [12, { a: [1] }]])
  wire.congested = true
  wire.feed([11])
  assert.equal(wire.take(), [])
})

test('HELLO is answered with WELCOME and makes a peer of a Client; a second one is ignored', () => {
  const { core, connect } = newServer()
  const peers: unknown[] = []
  core.emitter.on('peer', (peer) => peers.push(peer.claimedName))
  const wire = connect({ pseud: true })
  assert.is(core.peers.size, 0)
  wire.feed([8, { v: 2, id: 'c1', name: 'client', later: true }])
  const [[kind, info]] = wire.take() as [[number, Record<string, unknown>]]
  assert.equal(
    [kind, info.v, info.name, typeof info.id, info.maxMessageSize],
    [9, 2, 'remote', 'string', 16 * 1024 * 1024],
  )
  wire.feed([8, { v: 2, name: 'other' }])
  assert.equal([peers, wire.take(), core.stats().ignored], [['client'], [], 1])
})

test('the first live claimant of a name keeps it; then the next has it', () => {
  const { core, connect } = newServer()
  const first = connect({ identity: 'worker' })
  const second = connect({ identity: 'worker' })
  assert.is(core.sessionOf('worker'), first.session)
  assert.is(core.peersOf('worker').length, 2)
  first.lose()
  assert.is(core.sessionOf('worker'), second.session)
  second.lose()
  assert.is(core.sessionOf('worker'), undefined)
})

test('an Identity that is no text claims nothing', () => {
  const { core, connect } = newServer()
  connect({ identity: '' })
  connect({ identity: '\u0000k\u0001' })
  assert.equal(
    core
      .peersOf('')
      .concat([...core.peers.values()])
      .map((peer) => peer.claimedName),
    [undefined, undefined],
  )
})

test('a REQ is answered behind its delimiter, and cannot be called', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({ get: () => 1 })
  const wire = connect({ socketType: 'REQ', identity: 'asker' })
  wire.feed([0, 1, 'get', []], [Buffer.alloc(0)])
  assert.equal(
    wire.sent.map((frames) => frames.map((frame) => frame.toString('hex'))),
    [['', '930101' + '01']],
  )
  const peer = core.sessionOf('asker')!
  assert.equal(await failure(peer.lane.call('x', [], core.settings)), ['UNAVAILABLE', 'no'])
})

test('row 27: who is gone cannot be called any more', async () => {
  const { core, connect } = newServer()
  const wire = connect({ identity: 'worker' })
  const peer = new Peer(wire.session.lane, core.settings)
  wire.lose()
  assert.equal(await failure(peer.call('x')), ['UNAVAILABLE', 'no'])
  assert.is(peer.notify('x'), false)
})

// -- both ------------------------------------------------------------------------------------------------------------------

test('functions call each other back three levels deep, over one session', async () => {
  const { context } = world()
  const server = new ServerCore('remote', { context }, undefined)
  const client = new ClientCore('remote', { context, userId: 'client' })
  cores.add(server).add(client)
  type Api = { down(n: number): Promise<string[]> }
  server.registry.registerRpc({
    down: method(
      async (ctx: CallContext<Api>, n: number): Promise<string[]> =>
        n === 0
          ? [`server at ${ctx.depth}`]
          : [`server at ${ctx.depth}`, ...(await ctx.peer.api.down(n - 1))],
    ),
  })
  client.registry.registerRpc({
    down: method(
      async (ctx: CallContext<Api>, n: number): Promise<string[]> =>
        n === 0
          ? [`client at ${ctx.depth}`]
          : [`client at ${ctx.depth}`, ...(await ctx.peer.api.down(n - 1))],
    ),
  })
  const { pump } = joinSessions(server, client, { server: 'remote', client: 'client' })
  const result = client.calls.start(client, 'down', [3], client.settings)
  await pump()
  assert.equal(await result, ['server at 0', 'client at 1', 'server at 2', 'client at 3'])
  assert.equal(
    [server.slots.running, client.slots.running, server.calls.open, client.calls.open],
    [0, 0, 0, 0],
  )
})

test('undefined travels between our own, and is nil to others', async () => {
  const { context } = world()
  const server = new ServerCore('remote', { context }, undefined)
  const client = new ClientCore('remote', { context })
  cores.add(server).add(client)
  server.registry.registerRpc({ nothing: () => undefined })
  const { pump } = joinSessions(server, client, { server: 'remote' })
  const result = client.calls.start(client, 'nothing', [], client.settings)
  await pump()
  assert.is(await result, undefined)
  const other = newServer()
  other.core.registry.registerRpc({ nothing: () => undefined })
  const wire = other.connect()
  wire.feed([0, 1, 'nothing', []])
  assert.equal(wire.take(), [[1, 1, null]])
})

test('drain waits for what is open, refuses what is new, then closes', async () => {
  const { core, connect } = newServer()
  let finish: ((value: unknown) => void) | undefined
  core.registry.registerRpc({
    slow: () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  })
  const wire = connect()
  wire.feed([0, 5, 'slow', []])
  const drained = outcome(core.drain())
  assert.equal(wire.take(), [[10, 5, 'draining']])
  wire.feed([0, 6, 'slow', []])
  const [[, id, error]] = wire.take() as [[number, number, { c: string; x: string }]]
  assert.equal([id, error.c, error.x], [6, 'UNAVAILABLE', 'no'])
  await settle()
  assert.is(drained.settled, false)
  finish!('done')
  await settle()
  await settle()
  assert.equal([wire.take(), drained.settled, wire.over], [[[1, 5, 'done']], true, true])
})

test('drain gives up a second after its time, in which what was told to end may do so', async () => {
  const { core, clock, connect } = newServer()
  core.registry.registerRpc({ never: () => new Promise(() => {}) })
  const wire = connect()
  wire.feed([0, 1, 'never', []])
  const drained = outcome(core.drain({ timeoutMs: 500 }))
  clock.advance(500)
  await settle()
  assert.equal([drained.settled, wire.over, core.slots.running], [false, false, 1])
  clock.advance(1000)
  await settle()
  assert.equal([drained.settled, wire.over, core.slots.running], [true, true, 0])
})

test('a queue of a named peer is bounded, and empties when it reads again', async () => {
  const { core, connect } = newServer({ limits: { maxQueuedCalls: 2 } })
  const wire = connect({ identity: 'worker' })
  wire.congested = true
  const lane = wire.session.lane
  for (let i = 0; i < 2; i++) void outcome(lane.call('x', [i], core.settings))
  assert.equal(await failure(lane.call('x', [], core.settings)), ['RESOURCE_EXHAUSTED', 'no'])
  wire.congested = false
  wire.session.onDrain()
  assert.is(wire.take().length, 2)
  wire.congested = true
  const queued = failure(lane.call('x', [], core.settings))
  wire.lose()
  assert.equal(await queued, ['UNAVAILABLE', 'no'])
})

test('a participant has at most 16,384 calls open', async () => {
  const { call, connect } = newClient({ limits: { maxPendingCalls: 3 } })
  connect()
  for (let i = 0; i < 3; i++) void outcome(call('x'))
  assert.equal(await failure(call('x')), ['RESOURCE_EXHAUSTED', 'no'])
})

test.run()
