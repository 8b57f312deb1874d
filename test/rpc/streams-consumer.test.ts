// Streams at the end that reads items, as octets see it: order, credit, what ends the loop, and peers that break the rules.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import type { RemoteStream } from '../../src/rpc/streams/remote-stream.ts'
import { assertIdle, closeCores, collect, newClient, newServer, rejection } from '../support/cores.ts'

const test = suite('streams: the consumer')

test.after.each(closeCores)

test('items come in order, before and after the loop begins; END ends it; CREDIT is given at half of the window', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const ticks = call('ticks')
  assert.is(wire.take()[0]?.[0], 0)
  for (let i = 0; i < 64; i++) wire.feed([4, 1, i])
  const stream = (await ticks) as RemoteStream<number>
  for (let i = 0; i < 31; i++) assert.equal(await stream.next(), { value: i, done: false })
  assert.equal(wire.take(), [])
  await stream.next()
  assert.equal(wire.take(), [[6, 1, 32]])
  wire.feed([4, 1, 64])
  wire.feed([5, 1])
  assert.is(core.calls.open, 0)
  assert.equal(
    await collect(stream),
    Array.from({ length: 33 }, (_, i) => i + 32),
  )
  assert.equal(await stream.next(), { value: undefined, done: true })
  assert.equal(wire.take(), [])
  assert.equal([core.stats().itemsReceived, core.stats().succeeded], [65, 1])
  assertIdle(core)
})

test('half a window in octets gives credit too', async () => {
  const { call, connect } = newClient()
  const wire = connect()
  const stream = call('chunks')[Symbol.asyncIterator]()
  wire.take()
  wire.feed([4, 1, Buffer.alloc(400_000)])
  wire.feed([4, 1, Buffer.alloc(400_000)])
  await stream.next()
  assert.equal(wire.take(), [])
  await stream.next()
  assert.equal(wire.take(), [[6, 1, 2]])
})

test('R67, R71: items, ends and credit for calls that are not open are counted, and harm nothing', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const items = collect(call('ticks'))
  wire.feed(Buffer.from('920501', 'hex'))
  wire.feed([4, 1, 'late'])
  wire.feed([5, 1])
  wire.feed([4, 77, 'never asked for'])
  wire.feed(Buffer.from('9306ce000679320a', 'hex'))
  assert.equal(await items, [])
  assert.equal([core.stats().late, core.stats().ignored, wire.error], [3, 1, undefined])
})

test('R65: items for a function that takes no stream, from its caller, end the session', () => {
  const { core, connect } = newServer()
  core.registry.registerRpc('slow', () => new Promise(() => {}))
  const wire = connect()
  wire.feed([0, 1, 'slow', []])
  wire.feed(Buffer.from('930401a178', 'hex'))
  assert.is(wire.error?.code, 'PROTOCOL')
  assertIdle(core)
})

test('R69, R70: credit that is no count ends the session', () => {
  for (const hex of ['930601ff', '930601cb7fe1ccf385ebc8a0']) {
    const { core, connect } = newServer()
    core.registry.registerRpc('endless', function* () {
      for (;;) yield 1
    })
    const wire = connect()
    wire.feed([0, 1, 'endless', []])
    wire.feed(Buffer.from(hex, 'hex'))
    assert.is(wire.error?.code, 'PROTOCOL')
    assertIdle(core)
  }
})

test('more items than were granted end the session', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const ticks = call('ticks')
  for (let i = 0; i < 64; i++) wire.feed([4, 1, i])
  assert.is(wire.error, undefined)
  wire.feed([4, 1, 64])
  assert.is(wire.error?.code, 'PROTOCOL')
  const seen: unknown[] = []
  const error = await rejection(
    (async () => {
      for await (const item of ticks) seen.push(item)
    })(),
  )
  assert.equal([error.code, seen.length], ['UNAVAILABLE', 64])
  assertIdle(core)
})

test('an item that cannot be read fails its stream alone, and cancels it', async () => {
  const { call, connect } = newClient()
  const wire = connect()
  const items = call('ticks')[Symbol.asyncIterator]()
  wire.take()
  wire.feed(Buffer.from('930401c1', 'hex'))
  assert.is((await rejection(items.next())).code, 'PROTOCOL')
  assert.equal([wire.take(), wire.error], [[[3, 1]], undefined])
})

test('row 14: what has come is delivered, then the error; nothing is pending when the connection is gone', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const stream = call('ticks')[Symbol.asyncIterator]()
  wire.feed([4, 1, 'a'])
  wire.feed([4, 1, 'b'])
  const link = new LinkError('RESET', 'the connection was lost')
  wire.lose(link)
  assertIdle(core)
  assert.is((await stream.next()).value, 'a')
  assert.is((await stream.next()).value, 'b')
  const error = await rejection(stream.next())
  assert.equal([error.code, error.executed, error.cause], ['UNAVAILABLE', 'maybe', link])
  assert.equal(await stream.next(), { value: undefined, done: true })
})

test('row 10: a signal that aborts rejects with its reason at once, and cancels; so does the deadline', async () => {
  const { core, clock, call, connect } = newClient()
  const wire = connect()
  const controller = new AbortController()
  const aborted = call('ticks', [], { signal: controller.signal })[Symbol.asyncIterator]()
  const late = call('ticks', [], { timeoutMs: 50 })[Symbol.asyncIterator]()
  wire.take()
  wire.feed([4, 1, 'dropped'])
  const reason = new Error('enough')
  controller.abort(reason)
  assert.is(await rejection(aborted.next()), reason)
  assert.equal(wire.take(), [[3, 1]])
  wire.feed([4, 2, 'first'])
  await late.next()
  const next = rejection(late.next())
  clock.advance(51)
  assert.equal([(await next).code, wire.take()], ['DEADLINE_EXCEEDED', [[3, 2]]])
  assertIdle(core)
})

test('row 25: close ends the iterators', async () => {
  const { core, call, connect } = newClient()
  connect()
  const waiting = rejection(call('ticks')[Symbol.asyncIterator]().next())
  await core.close()
  assert.is((await waiting).code, 'CLOSED')
})

test('leaving a stream cancels it: before its first item, in a queue, and with several takers', async () => {
  const { core, call, connect } = newClient()
  const queued = call('queued')[Symbol.asyncIterator]()
  const waiting = queued.next()
  await queued.return()
  assert.equal(await waiting, { value: undefined, done: true })
  const wire = connect()
  assert.equal(wire.take(), [])
  const stream = call('sent')[Symbol.asyncIterator]()
  const takers = [stream.next(), stream.next(), stream.next()]
  wire.take()
  wire.feed([4, 2, 'one'])
  await stream.return()
  assert.equal(await Promise.all(takers), [
    { value: 'one', done: false },
    { value: undefined, done: true },
    { value: undefined, done: true },
  ])
  assert.equal(wire.take(), [[3, 2]])
  assert.equal(await collect(stream), [])
  await stream[Symbol.asyncDispose]()
  assert.equal([wire.take(), core.stats().cancelled], [[], 2])
  assertIdle(core)
})

test('a loop over a call that gives a result, or fails, or cannot be made, throws', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const result = rejection(collect(call('lower')))
  const failed = rejection(collect(call('lower')))
  wire.feed([1, 1, 'abc'])
  wire.feed([2, 2, { c: 'NOT_FOUND', m: 'no lower', x: 'no' }])
  assert.is((await result).code, 'NOT_A_STREAM')
  assert.is((await failed).code, 'NOT_FOUND')
  const reason = new Error('no')
  assert.is(await rejection(collect(call('x', [], { signal: AbortSignal.abort(reason) }))), reason)
  await core.close()
  assert.is((await rejection(collect(call('x')))).code, 'CLOSED')
})

test('a call that could not be sent is over: leaving its stream changes nothing', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const stream = call('x', [() => 'a function'])[Symbol.asyncIterator]()
  await stream.return()
  assert.equal([wire.take(), core.calls.open, core.stats().cancelled], [[], 0, 0])
})

test('a call is a plain promise to all who look at one', async () => {
  const { call, connect } = newClient()
  const wire = connect()
  const pending = call('lower')
  assert.is(Promise.resolve(pending), pending)
  assert.is(pending.constructor, Promise)
  const then = pending.then((value) => value)
  assert.is(Object.getPrototypeOf(then), Promise.prototype)
  wire.feed([1, 1, 'abc'])
  assert.equal([await pending, await then], ['abc', 'abc'])
})

test.run()
