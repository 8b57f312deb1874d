// The life of a call at its callee: a server with a script at its other end, on a fake clock.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallContext } from '../../src/rpc/api/context.ts'
import type { Peer } from '../../src/rpc/api/peer.ts'
import type { RpcError } from '../../src/rpc/errors/errors.ts'
import { method } from '../../src/rpc/registry/registration.ts'
import { closeCores, newClient, newServer } from '../support/cores.ts'
import { sleep, within } from '../support/within.ts'

const test = suite('RPC sessions: the callee')

test.after.each(closeCores)

const settle = (): Promise<void> => sleep(0)

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

test.run()
