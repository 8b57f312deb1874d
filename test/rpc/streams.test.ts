// Streams from end to end: results and arguments that come item by item, between two sessions joined in memory.
import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FakeClock } from '../support/clock.ts'
import { assertIdle, closeCores, collect, newClient, newServer, rejection } from '../support/cores.ts'
import { joinSessions } from '../support/scripted-driver-rpc.ts'
import { within } from '../support/within.ts'

const test = suite('streams')

test.after.each(closeCores)

/** A server and a client whose sessions are joined, and what the functions of the server do. */
function newPair() {
  const clock = new FakeClock()
  const server = newServer({}, clock)
  const client = newClient({}, clock)
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
