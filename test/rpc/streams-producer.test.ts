// Streams at the end that sends items, as octets see it: ITEM and END, credit, what holds the function and what ends it.
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import type { CallContext } from '../../src/rpc/api/context.ts'
import { method } from '../../src/rpc/index.ts'
import { assertIdle, closeCores, newClient, newServer } from '../support/cores.ts'

const test = suite('streams: the producer')

test.after.each(closeCores)

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
  const { wire, sent } = endlessChunks()
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
  const { wire, sent } = endlessChunks()
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

/** A server with `chunks(size)`, which never ends; `sent` says how many items have come since it was asked last. */
function endlessChunks() {
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
  return { wire, sent }
}

test.run()
