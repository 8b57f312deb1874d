// Streams: results and arguments that come item by item, with credit from end to end. First two sessions joined in memory, or one
// with a script at its other end; then whole servers and clients over each transport.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import type { CallContext } from '../../src/rpc/api/context.ts'
import type { ParticipantOptions } from '../../src/rpc/api/options.ts'
import { Peer } from '../../src/rpc/api/peer.ts'
import { Client, method, type RpcError, Server } from '../../src/rpc/index.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import type { RemoteStream } from '../../src/rpc/streams/remote-stream.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { joinSessions, ScriptedConnection } from '../support/scripted-driver-rpc.ts'
import { sleep, until, within } from '../support/within.ts'

const cores = new Set<ServerCore | ClientCore>()

function context(clock = new FakeClock()): TransportContext {
  let draws = 0
  return new TransportContext({ clock, random: () => Math.max(0, draws++ - 2) / 1000 })
}

function newServer(options: ParticipantOptions = {}, clock = new FakeClock()) {
  const core = new ServerCore('remote', { context: context(clock), ...options }, undefined)
  cores.add(core)
  return { core, clock, connect: () => new ScriptedConnection({ pseud: false }).open(core) }
}

function newClient(clock = new FakeClock()) {
  const core = new ClientCore('remote', { context: context(clock) })
  cores.add(core)
  return {
    core,
    clock,
    call: (name: string, args: unknown[] = [], options = {}) =>
      core.calls.start(core, name, args, core.settings.with(options)),
    connect: () =>
      new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote', pseud: false }).open(core),
  }
}

/** A server and a client whose sessions are joined, and what the functions of the server do. */
function newPair() {
  const clock = new FakeClock()
  const server = newServer({}, clock)
  const client = newClient(clock)
  const joined = joinSessions(server.core, client.core)
  const events: string[] = []
  server.core.registry.registerRpc({
    async *count(from: number, to: number) {
      try {
        for (let n = from; n < to; n++) {
          events.push(`${n}`)
          yield n
        }
      } finally {
        events.push('finally')
      }
    },
    async sum(numbers: AsyncIterable<number>, most: number) {
      let total = 0
      for await (const n of numbers) {
        total += n
        if (total > most) break
      }
      return total
    },
  })
  return { ...joined, clock, core: client.core, serverCore: server.core, call: client.call, events }
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const list: unknown[] = []
  for await (const item of items) list.push(item)
  return list
}

async function rejection(promise: Promise<unknown>): Promise<RpcError & Error> {
  return within(
    5000,
    promise.then(
      () => {
        throw new Error('it was resolved')
      },
      (error: unknown) => error as RpcError & Error,
    ),
  )
}

/** Nothing of a call is left, on either side. */
function assertIdle(...sides: (ServerCore | ClientCore)[]): void {
  for (const core of sides) {
    const { inFlight, queued, running, waiting } = core.stats()
    assert.equal([inFlight, queued, running, waiting, core.calls.open], [0, 0, 0, 0, 0])
    for (const { lane, open } of core.sessions) {
      if (open) assert.equal([lane.pending.size, lane.running.size], [0, 0])
    }
    assert.is(core.deadlines.size, 0)
  }
}

const test = suite('streams')

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

// -- the producer, as octets see it ------------------------------------------------------------------------------------------

test('a generator answers with ITEMs and END; its return value stays at home', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({
    async *ticks(n: number) {
      for (let i = 0; i < n; i++) yield i
      return 'unheard'
    },
    *letters(text: string) {
      yield* text
    },
    *promised() {
      yield Promise.resolve('kept')
    },
    later: async () => Readable.from(['read']),
    values: () => new Set([7]).values(),
    array: () => [1, 2],
  })
  const wire = connect()
  const answer = async (...request: unknown[]): Promise<unknown[][]> => {
    wire.feed([0, ...request])
    for (let i = 0; i < 10; i++) await turn()
    return wire.take()
  }
  assert.equal(await answer(1, 'ticks', [2]), [
    [4, 1, 0],
    [4, 1, 1],
    [5, 1],
  ])
  assert.equal(await answer(2, 'letters', ['ab']), [
    [4, 2, 'a'],
    [4, 2, 'b'],
    [5, 2],
  ])
  assert.equal(await answer(3, 'ticks', [0]), [[5, 3]])
  assert.equal(await answer(4, 'promised', []), [
    [4, 4, 'kept'],
    [5, 4],
  ])
  assert.equal(await answer(5, 'later', []), [
    [4, 5, 'read'],
    [5, 5],
  ])
  assert.equal(await answer(6, 'values', []), [
    [4, 6, 7],
    [5, 6],
  ])
  assert.equal(await answer(7, 'array', []), [[1, 7, [1, 2]]])
  assert.equal([core.stats().answered, core.stats().itemsSent], [7, 7])
  assertIdle(core)
})

test('row 13: 64 items go out, then as many as CREDIT says; meanwhile the function stands at its yield', async () => {
  const { core, connect } = newServer()
  let made = 0
  core.registry.registerRpc({
    async *endless() {
      for (;;) yield made++
    },
  })
  const wire = connect()
  wire.feed([0, 1, 'endless', []])
  for (let i = 0; i < 50; i++) await turn()
  assert.equal([wire.take().length, made], [64, 64])
  wire.feed([6, 1, 3])
  for (let i = 0; i < 50; i++) await turn()
  assert.equal(wire.take(), [
    [4, 1, 64],
    [4, 1, 65],
    [4, 1, 66],
  ])
  assert.is(made, 67)
})

test('R68, T11: whatever is granted, at most 1,024 items are under way', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({
    *endless() {
      for (let i = 0; ; i++) yield i
    },
  })
  const wire = connect()
  wire.feed([0, 1, 'endless', []])
  wire.feed(Buffer.from('940601ceffffffff00', 'hex'))
  wire.feed([6, 1, 2 ** 53 - 1, 0])
  for (let i = 0; i < 20; i++) await turn()
  assert.is(wire.take().length, 1024)
  // Whoever says nothing else says that he has taken as many as he grants: all of them.
  wire.feed([6, 1, 2 ** 53 - 1])
  for (let i = 0; i < 20; i++) await turn()
  assert.is(wire.take().length, 1024)
})

test('a CREDIT may grant more than was taken: octets that are not taken go on counting', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({
    *chunks(size: number) {
      for (;;) yield Buffer.alloc(size)
    },
  })
  const wire = connect()
  const sent = async (): Promise<number> => {
    for (let i = 0; i < 50; i++) await turn()
    return wire.take().length
  }
  wire.feed([0, 1, 'chunks', [300_000]])
  assert.is(await sent(), 4)
  wire.feed([6, 1, 100, 2])
  assert.is(await sent(), 2)
  wire.feed([6, 1, 100, 0])
  assert.is(await sent(), 0)
})

test('the window grows while credit is all that either side waits for, up to 1,024 items; a slow side lets it be', async () => {
  const { core, connect } = newClient()
  const wire = connect()
  const stream = core.calls.start(core, 'ticks', [], core.settings)[Symbol.asyncIterator]()
  const [[, id]] = wire.take() as [[number, number]]
  let room = 64
  const credits: unknown[] = []
  const round = async (items: number, takes: number): Promise<void> => {
    for (let i = 0; i < items; i++) wire.feed([4, id, i])
    room -= items
    for (let i = 0; i < takes; i++) await stream.next()
    for (const [kind, , n, taken] of wire.take() as number[][]) {
      assert.is(kind, 6)
      credits.push(taken === undefined ? n : [n, taken])
      room += n!
    }
  }
  // Whoever makes fewer than he may is not held up by credit.
  for (let i = 0; i < 10; i++) {
    const early = stream.next()
    await round(1, 0)
    await early
    await round(31, 31)
  }
  assert.equal(credits, new Array(10).fill(32))
  // Nor is it credit, where the consumer is slower.
  await round(room, 0)
  for (let i = 0; i < 10; i++) await round(room, 32)
  assert.equal(credits, new Array(20).fill(32))
  // Both are quick.
  await round(room, 64)
  for (let i = 0; i < 20; i++) {
    const early = stream.next()
    const all = room
    await round(1, 0)
    await early
    await round(all - 1, all - 1)
  }
  const grown = credits.filter((credit) => Array.isArray(credit))
  assert.equal(grown, [
    [96, 32],
    [192, 64],
    [384, 128],
    [768, 256],
  ])
  assert.is(room, 1024)
})

test('row 13: 1 MiB under way is enough too, but a single item may be larger', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({
    *chunks(size: number) {
      for (;;) yield Buffer.alloc(size)
    },
  })
  const wire = connect()
  const sent = async (): Promise<number> => {
    for (let i = 0; i < 50; i++) await turn()
    return wire.take().length
  }
  wire.feed([0, 1, 'chunks', [300_000]])
  assert.is(await sent(), 4)
  wire.feed([6, 1, 2])
  assert.is(await sent(), 2)
  wire.feed([0, 2, 'chunks', [3_000_000]])
  assert.is(await sent(), 1)
  wire.feed([6, 2, 1])
  assert.is(await sent(), 1)
})

test('a connection that takes no more holds the producer, whatever its credit, until it drains', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({
    *count() {
      yield* [1, 2, 3]
    },
  })
  const wire = connect()
  wire.congested = true
  wire.feed([0, 1, 'count', []])
  for (let i = 0; i < 10; i++) await turn()
  assert.equal(wire.take(), [])
  wire.congested = false
  wire.session.onDrain()
  for (let i = 0; i < 10; i++) await turn()
  assert.equal(wire.take(), [
    [4, 1, 1],
    [4, 1, 2],
    [4, 1, 3],
    [5, 1],
  ])
})

test('what a generator throws is an ERROR behind its items; an item that has no encoding is one too, and ends it', async () => {
  const { core, connect } = newServer()
  let ended = 0
  core.registry.registerRpc({
    async *fails() {
      yield 1
      throw new RangeError('too far')
    },
    async *unsendable() {
      try {
        yield 1
        yield () => 'a function'
      } finally {
        ended++
      }
    },
    broken: () => ({
      [Symbol.asyncIterator]: () => {
        throw new TypeError('no iterator')
      },
    }),
  })
  const wire = connect()
  const answer = async (...request: unknown[]): Promise<unknown[][]> => {
    wire.feed([0, ...request])
    for (let i = 0; i < 10; i++) await turn()
    return wire.take()
  }
  const [item, error] = await answer(1, 'fails', [])
  assert.equal(item, [4, 1, 1])
  assert.equal(error, [2, 1, { c: 'INTERNAL', m: 'too far', n: 'RangeError', x: 'yes' }])
  const [first, second] = await answer(2, 'unsendable', [])
  assert.equal(first, [4, 2, 1])
  const { c, x } = second![2] as { c: string; x: string }
  assert.equal([second![0], c, x, ended], [2, 'INTERNAL', 'yes', 1])
  const [third] = await answer(3, 'broken', [])
  assert.equal([third![0], (third![2] as { n: string }).n], [2, 'TypeError'])
  assert.is(core.stats().threw, 3)
  assertIdle(core)
})

test('a running stream holds a slot; CANCEL, its deadline and the end of the connection free it and run its finally', async () => {
  const { core, clock, connect } = newServer({ limits: { maxRunningCallsPerPeer: 1 } })
  const ended: string[] = []
  core.registry.registerRpc({
    held: method(async function* (ctx: CallContext, name: string) {
      try {
        for (;;) yield name
      } finally {
        ended.push(`${name} ${ctx.signal.aborted}`)
      }
    }),
    *plain(name: string) {
      try {
        for (;;) yield name
      } finally {
        ended.push(name)
      }
    },
  })
  const wire = connect()
  wire.feed([0, 1, 'held', ['cancelled']])
  wire.feed([0, 2, 'held', ['late'], { d: 100 }])
  assert.equal([core.stats().running, core.stats().waiting], [1, 1])
  for (let i = 0; i < 70; i++) await turn()
  wire.feed([3, 1])
  for (let i = 0; i < 70; i++) await turn()
  assert.equal(ended, ['cancelled true'])
  assert.equal([core.stats().running, core.stats().waiting], [1, 0])
  wire.take()
  clock.advance(101)
  for (let i = 0; i < 10; i++) await turn()
  assert.equal(ended.at(-1), 'late true')
  assert.equal([wire.take()[0]?.[0], core.stats().running], [2, 0])
  wire.feed([0, 3, 'plain', ['lost']])
  for (let i = 0; i < 70; i++) await turn()
  wire.lose(new LinkError('RESET', 'the connection was lost'))
  assert.is(ended.at(-1), 'lost')
  assertIdle(core)
})

test('a generator that ends its own connection runs its finally', async () => {
  const { core, connect } = newServer()
  let ended = 0
  core.registry.registerRpc({
    *suicidal() {
      try {
        yield 1
        wire.lose()
        yield 2
      } finally {
        ended++
      }
    },
  })
  const wire = connect()
  wire.feed([0, 1, 'suicidal', []])
  for (let i = 0; i < 10; i++) await turn()
  assert.is(ended, 1)
  assertIdle(core)
})

// -- the consumer, as octets see it ------------------------------------------------------------------------------------------

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

// -- both ends -------------------------------------------------------------------------------------------------------------

test('a consumer that does not read holds the producer at 64, and one that goes on gets everything', async () => {
  const { pump, call, events, core, serverCore } = newPair()
  const stream = call('count', [0, 1000])[Symbol.asyncIterator]()
  await pump()
  for (let i = 0; i < 100; i++) await pump()
  assert.is(events.length, 64)
  const all = collect(stream)
  let done = false
  void all.then(() => {
    done = true
  })
  for (let i = 0; i < 200 && !done; i++) await pump()
  assert.equal(
    await within(1000, all),
    Array.from({ length: 1000 }, (_, i) => i),
  )
  assert.is(events.at(-1), 'finally')
  assertIdle(core, serverCore)
})

test('break runs the finally on the other side, and frees everything', async () => {
  const { pump, call, events, core, serverCore } = newPair()
  const loop = (async () => {
    for await (const n of call('count', [0, 1e9])) if (n === 3) break
  })()
  for (let i = 0; i < 20; i++) await pump()
  await within(1000, loop)
  await pump()
  assert.is(events.at(-1), 'finally')
  assertIdle(core, serverCore)
})

test('an argument that is an async iterable streams: its call names its place, and the other side asks for it', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  async function* numbers() {
    yield 1
    yield 2
  }
  const sum = call('sum', ['first', numbers(), 'last'])
  assert.equal(wire.take(), [[0, 1, 'sum', ['first', null, 'last'], { d: 30_000, s: [1] }]])
  wire.feed([0, 9, '$stream', [1, 1], { n: 1 }])
  for (let i = 0; i < 10; i++) await turn()
  assert.equal(wire.take(), [
    [4, 9, 1],
    [4, 9, 2],
    [5, 9],
  ])
  // Once, and only what streams.
  for (const args of [[1, 1], [1, 0], [1, 'x'], [2, 1], []]) wire.feed([0, 10, '$stream', args])
  assert.equal(
    wire.take().map(([kind, , error]) => [kind, (error as { c: string }).c]),
    new Array(5).fill([2, 'NOT_FOUND']),
  )
  wire.feed([1, 1, 3])
  assert.is(await sum, 3)
  wire.feed([0, 11, '$stream', [1, 1]])
  assert.is(wire.take()[0]![0], 2)
  assertIdle(core)
})

test('an argument that nobody asks for is ended with its call, and so is one that is being read', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  let returned = 0
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<number>>(() => {}),
      return: () => {
        returned++
        return Promise.resolve({ done: true as const, value: undefined })
      },
    }),
  }
  const unread = call('a', [source])
  wire.feed([1, 1, 'done'])
  await unread
  assert.is(returned, 1)
  const read = call('b', [source])
  wire.feed([0, 9, '$stream', [2, 0], { n: 1 }])
  assert.is(core.stats().running, 1)
  wire.take()
  wire.feed([1, 2, 'done'])
  await read
  assert.is(returned, 2)
  assert.equal(
    wire.take().map(([kind, id, error]) => [kind, id, (error as { c: string }).c]),
    [[2, 9, 'CANCELLED']],
  )
  assertIdle(core)
})

test('arguments stream with credit; break there runs the finally here', async () => {
  const { pump, call, core, serverCore } = newPair()
  let made = 0
  let ended = 0
  async function* numbers(to: number) {
    try {
      for (; made < to; made++) yield 1
    } finally {
      ended++
    }
  }
  const all = call('sum', [numbers(500), 1e9])
  for (let i = 0; i < 100; i++) await pump()
  assert.is(await within(1000, all), 500)
  made = 0
  const some = call('sum', [numbers(1e9), 10])
  for (let i = 0; i < 20; i++) await pump()
  assert.is(await within(1000, some), 11)
  assert.equal([ended, made < 100], [2, true])
  assertIdle(core, serverCore)
})

test('what an argument throws reaches the function as it came, after the items before it', async () => {
  const { pump, call, core, serverCore } = newPair()
  async function* numbers() {
    yield 1
    throw new RangeError('too far')
  }
  const failed = rejection(call('sum', [numbers(), 1e9]))
  for (let i = 0; i < 20; i++) await pump()
  const error = await failed
  assert.equal([error.name, error.message], ['RangeError', 'too far'])
  assertIdle(core, serverCore)
})

test('a place that is none of the arguments is refused', () => {
  const { core, connect } = newServer()
  core.registry.registerRpc('sum', () => 0)
  const wire = connect()
  for (const places of [[1], [-1], 'x', ['0'], [2 ** 40]]) wire.feed([0, 1, 'sum', [0], { s: places }])
  assert.equal(
    wire.take().map(([kind, , error]) => [kind, (error as { c: string }).c]),
    new Array(5).fill([2, 'INVALID_ARGUMENT']),
  )
})

test('behind a proxy each route has streams of its own, both ways', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({
    *ticks() {
      for (let i = 0; ; i++) yield i
    },
    async sum(numbers: AsyncIterable<number>) {
      let total = 0
      for await (const n of numbers) total += n
      return total
    },
  })
  const wire = connect()
  const [one, two] = [[Buffer.from('one')], [Buffer.from('two')]]
  wire.feed([0, 1, 'ticks', []], one)
  wire.feed([0, 1, 'ticks', []], two)
  for (let i = 0; i < 20; i++) await turn()
  const routes = (): string[] => wire.sent.splice(0).map(([route]) => route!.toString())
  assert.is(routes().length, 128)
  wire.feed([6, 1, 2], two)
  for (let i = 0; i < 20; i++) await turn()
  assert.equal(routes(), ['two', 'two'])
  wire.feed([3, 1], one)
  wire.feed([3, 1], two)
  wire.feed([0, 2, 'sum', [null], { s: [0] }], one)
  await turn()
  assert.is(wire.sent[0]![0]!.toString(), 'one')
  const [[, id, name, args] = []] = wire.take()
  assert.equal([name, args], ['$stream', [2, 0]])
  wire.feed([4, id, 40], two)
  wire.feed([4, id, 4], one)
  wire.feed([5, id], one)
  for (let i = 0; i < 20; i++) await turn()
  assert.equal(wire.take(), [[1, 2, 4]])
  assertIdle(core)
})

test.run()

// -- over each transport -----------------------------------------------------------------------------------------------------

for (const transport of ['tcp', 'ipc', 'inproc'] as const) {
  const scenarios = suite(`streams over ${transport}`)
  const folder = mkdtempSync(path.join(tmpdir(), 'pseud-streams-'))
  const open: { close(): Promise<void> }[] = []
  let counter = 0

  const endpoint = (): string => {
    counter++
    if (transport === 'tcp') return 'tcp://127.0.0.1:0'
    return transport === 'ipc' ? `ipc://${folder}/${counter}` : `inproc://streams-${counter}`
  }
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    open.push(one)
    return one
  }
  const world = async (api: object) => {
    const server = opened(new Server('remote'))
    server.registerRpc(api)
    const client = opened(new Client('remote', { userId: 'client' }))
    const at = await server.bind(endpoint())
    client.connect(at)
    await client.ready({ timeoutMs: 5000 })
    return { server, client, at }
  }
  scenarios.after.each(async () => {
    for (const one of open.splice(0).reverse()) await within(5000, one.close(), 'close')
  })
  scenarios.after(() => rmSync(folder, { recursive: true, force: true }))

  scenarios(
    '10,000 items come in order, through client.x, client.api.x, an awaited call and a call by name',
    async () => {
      const { client } = await world({
        async *ticks(n: number) {
          for (let i = 0; i < n; i++) yield { i }
        },
      })
      let next = 0
      for await (const item of client.ticks(10_000)) assert.is((item as { i: number }).i, next++)
      assert.is(next, 10_000)
      for (const items of [client.api.ticks(3), await client.ticks(3), client.call('ticks', [3])]) {
        assert.equal(await within(5000, collect(items)), [{ i: 0 }, { i: 1 }, { i: 2 }])
      }
    },
  )

  scenarios(
    'break, an exception in the loop, a signal, a deadline and close each run the finally there',
    async () => {
      let ended = 0
      const { client, server, at } = await world({
        async *endless() {
          try {
            for (let i = 0; ; i++) {
              yield i
              if (i > 5) await sleep(1)
            }
          } finally {
            ended++
          }
        },
      })
      const gone = async (count: number): Promise<void> => {
        await until(() => ended === count && server.stats().running === 0)
        assert.equal([client.stats().inFlight, client.stats().queued], [0, 0])
      }
      for await (const n of client.endless()) if (n === 3) break
      await gone(1)
      const thrown = new Error('in the loop')
      const loop = (async () => {
        for await (const n of client.endless()) if (n === 3) throw thrown
      })()
      assert.is(await rejection(loop), thrown)
      await gone(2)
      const controller = new AbortController()
      const reason = new Error('enough')
      const aborted = (async () => {
        for await (const n of client.with({ signal: controller.signal }).endless()) {
          if (n === 3) controller.abort(reason)
        }
      })()
      assert.is(await rejection(aborted), reason)
      await gone(3)
      const late = rejection(collect(client.with({ timeoutMs: 100 }).endless()))
      assert.is((await late).code, 'DEADLINE_EXCEEDED')
      await gone(4)
      const other = opened(new Client('remote').connect(at))
      const closed = rejection(collect(other.endless()))
      await until(() => other.stats().itemsReceived > 0)
      await other.close()
      assert.is((await closed).code, 'CLOSED')
      await gone(5)
    },
  )

  scenarios(
    'a server that goes in the middle: its items, then UNAVAILABLE, and its finally has run',
    async () => {
      let ended = 0
      const { client, server } = await world({
        async *some() {
          try {
            yield* ['a', 'b']
            await new Promise(() => {})
          } finally {
            ended++
          }
        },
        async *more() {
          try {
            for (;;) yield 'c'
          } finally {
            ended++
          }
        },
      })
      const seen: unknown[] = []
      const failed = rejection(
        (async () => {
          for await (const item of client.some()) seen.push(item)
        })(),
      )
      void client.more()
      await until(() => seen.length === 2 && client.stats().itemsReceived === 66)
      await server.close()
      const error = await failed
      assert.equal([error.code, error.executed, seen], ['UNAVAILABLE', 'maybe', ['a', 'b']])
      assert.is(client.stats().inFlight, 0)
      await until(() => ended === 1)
    },
  )

  scenarios('a consumer that stops reading holds the producer; it goes on when it reads on', async () => {
    let made = 0
    const { client, server } = await world({
      *chunks() {
        for (; ; made++) yield Buffer.alloc(10_000)
      },
    })
    const stream = client.chunks()[Symbol.asyncIterator]()
    await until(() => made >= 63)
    await sleep(50)
    assert.is(server.stats().itemsSent, 64)
    for (let i = 0; i < 100; i++) await stream.next()
    await until(() => server.stats().itemsSent === 160)
    await stream.return()
    await until(() => server.stats().running === 0)
  })

  scenarios('the server calls streams of a client, and streams go upward and through', async () => {
    const { client, server, at } = await world({
      async sum(numbers: AsyncIterable<number>) {
        let total = 0
        for await (const n of numbers) total += n
        return total
      },
      async *doubled(numbers: AsyncIterable<number>) {
        for await (const n of numbers) yield n * 2
      },
      relay: method((ctx: CallContext, n: number) => ctx.peer.call('ticks', [n])),
    })
    client.registerRpc('ticks', async function* (n: number) {
      for (let i = 0; i < n; i++) yield i
    })
    const expected = Array.from({ length: 300 }, (_, i) => i)
    assert.equal(await within(5000, collect(server.sendTo('client').ticks(300))), expected)
    for (const peer of server.peers.values()) {
      assert.instance(peer, Peer)
      assert.equal(await within(5000, collect(peer.call('ticks', [2]))), [0, 1])
    }
    assert.equal((await rejection(collect(server.sendTo('nobody').ticks(1)))).code, 'UNAVAILABLE')
    assert.equal((await rejection(collect(client.sendTo('nobody').ticks(1)))).code, 'UNAVAILABLE')
    async function* numbers(n: number) {
      for (let i = 0; i < n; i++) yield i
    }
    assert.is(await within(5000, client.sum(numbers(300))), (299 * 300) / 2)
    assert.is(await within(5000, client.sum(Readable.from([1, 2, 3]))), 6)
    assert.equal(
      await within(5000, collect(client.doubled(numbers(300)))),
      expected.map((n) => n * 2),
    )
    // The server passes on what the client streams to it, to the client.
    assert.equal(await within(5000, collect(client.relay(300))), expected)
    // From one server's stream into a call of it.
    const other = opened(new Client('remote').connect(at))
    assert.is(await within(5000, other.sum(client.doubled(numbers(10)))), 90)
    await until(() => server.stats().running === 0 && client.stats().running === 0)
    assert.equal([client.stats().inFlight, server.stats().inFlight, other.stats().inFlight], [0, 0, 0])
  })

  scenarios('200 streams in each end state leave nothing behind, on either side', async () => {
    let ended = 0
    const { client, server } = await world({
      async *endless() {
        try {
          for (;;) yield 1
        } finally {
          ended++
        }
      },
      *fails() {
        yield 1
        throw new RangeError('too far')
      },
      async first(numbers: AsyncIterable<number>) {
        for await (const n of numbers) return n
        return undefined
      },
    })
    async function* numbers() {
      try {
        for (;;) yield 1
      } finally {
        ended++
      }
    }
    const ends: Record<string, () => Promise<unknown>> = {
      left: async () => {
        for await (const _ of client.endless()) break
      },
      failed: () => collect(client.fails()).catch(() => {}),
      aborted: async () => {
        const controller = new AbortController()
        const items = client.with({ signal: controller.signal }).endless()[Symbol.asyncIterator]()
        await items.next()
        controller.abort()
      },
      late: () => collect(client.with({ timeoutMs: 50 }).endless()).catch(() => {}),
      given: () => client.first(numbers()),
      lost: async () => {
        const items = client.endless()[Symbol.asyncIterator]()
        await items.next()
      },
    }
    for (const [name, end] of Object.entries(ends)) {
      const before = ended
      await within(20_000, Promise.all(Array.from({ length: 200 }, end)), name)
      if (name === 'lost') await client.close()
      const expected = name === 'failed' ? before : before + 200
      await until(() => ended === expected, 10_000, `${name}: ${ended - before}`)
      for (const one of [client, server]) {
        await until(() => one.stats().running + one.stats().inFlight + one.stats().queued === 0)
        assert.is(one.stats().protocolErrors, 0)
      }
    }
  })

  scenarios('drain lets running streams end, those of arguments too', async () => {
    const { client, server } = await world({
      async *ticks(n: number) {
        for (let i = 0; i < n; i++) {
          yield i
          await turn()
        }
      },
      async sum(numbers: AsyncIterable<number>) {
        let total = 0
        for await (const n of numbers) total += n
        return total
      },
    })
    async function* numbers() {
      for (let i = 0; i < 200; i++) {
        yield 1
        await turn()
      }
    }
    const items = collect(client.ticks(200))
    const total = client.sum(numbers())
    await until(() => client.stats().itemsReceived > 0)
    const drained = Promise.all([client.drain(), server.drain()])
    assert.is((await within(10_000, items)).length, 200)
    assert.is(await within(10_000, total), 200)
    await within(10_000, drained)
  })

  scenarios.run()
}
