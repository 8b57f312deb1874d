// The life of a call at its caller: a client with a script at its other end, on a fake clock.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import type { RpcError } from '../../src/rpc/errors/errors.ts'
import { method } from '../../src/rpc/registry/registration.ts'
import { closeCores, failure, newClient, newServer, outcome } from '../support/cores.ts'
import { sleep } from '../support/within.ts'

const test = suite('RPC sessions: the caller')

test.after.each(closeCores)

const settle = (): Promise<void> => sleep(0)

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

test.run()
