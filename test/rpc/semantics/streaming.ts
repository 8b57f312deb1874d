// Streams against consumers that stop and links that end.
import * as assert from 'uvu/assert'
import {
  type CallOptions,
  method,
  type RemoteStream,
  type RpcError,
  tracked,
} from '../../../src/rpc/index.ts'
import { sleep, until, within } from '../../support/within.ts'
import { failure, type Rows } from './world.ts'

export const streaming: Rows = {
  'row 13: the producer waits for credit: nothing is dropped, and no more than a window is under way': async (
    world,
  ) => {
    let made = 0
    const { client } = await world.pair({
      async *count() {
        for (;;) yield made++
      },
    })
    const items = client.count()[Symbol.asyncIterator]()
    assert.is((await items.next()).value, 0)
    await until(() => made === 64, 5000, 'a full window')
    await sleep(30)
    assert.is(made, 64)
    for (let n = 1; n < 1000; n++) assert.is((await items.next()).value, n)
    await items.return()
  },

  'row 13: with stallMs the stream of a consumer that takes nothing ends, after what has come': async (
    world,
  ) => {
    let over = 0
    const { client, server } = await world.pair(
      {
        async *count() {
          try {
            for (let n = 0; ; n++) yield n
          } finally {
            over++
          }
        },
      },
      { server: { limits: { stallMs: 400 } } },
    )
    const items = client.count()[Symbol.asyncIterator]()
    await until(() => over === 1, 5000, 'the end of the generator')
    for (let n = 0; n < 64; n++) assert.is((await items.next()).value, n)
    const error = await failure(items.next())
    assert.equal([error.code, error.executed], ['RESOURCE_EXHAUSTED', 'yes'])
    assert.match(error.message, /nothing was taken from "count" for 400 ms/)
    await until(() => server.stats().running === 0)
    // Who takes its items is left alone, however long it all lasts.
    const taking = client.count()[Symbol.asyncIterator]()
    for (let n = 0; n < 20; n++) {
      for (let i = 0; i < 64; i++) await taking.next()
      await sleep(10)
    }
    await taking.return()
  },

  'section 6, 10: a consumer that stops reading stops the producer, and reading goes on where it stood':
    async (world) => {
      let made = 0
      const { client } = await world.pair({
        async *large() {
          for (;;) yield { n: made++, filling: new Uint8Array(100_000) }
        },
      })
      const items = client.large()[Symbol.asyncIterator]()
      assert.is((await items.next()).value.n, 0)
      // Ten of them are 1 MiB, of which the last may stick out.
      await until(() => made >= 11, 5000, 'a full window')
      await sleep(50)
      assert.ok(made <= 13, `${made} items were made`)
      for (let n = 1; n < 100; n++) assert.is((await items.next()).value.n, n)
      await items.return()
    },

  'row 14: a link lost during a stream is told after the items that have come': async (world) => {
    const { server, client } = await world.pair({
      async *three() {
        yield* [1, 2, 3]
        await new Promise(() => {})
      },
    })
    const items = client.three()[Symbol.asyncIterator]()
    assert.is((await items.next()).value, 1)
    await until(() => client.stats().itemsReceived === 3)
    await server.close()
    await until(() => client.stats().failed === 1)
    assert.is((await items.next()).value, 2)
    assert.is((await items.next()).value, 3)
    const error = await failure(items.next())
    assert.equal([error.code, error.executed], ['UNAVAILABLE', 'maybe'])
  },

  'row 14: of tracked items the last one is named, by the stream when taken and by the error when it came':
    async (world) => {
      const { server, client } = await world.pair({
        async *letters() {
          for (const letter of 'abc') yield tracked(`id-${letter}`, { letter })
          await new Promise(() => {})
        },
      })
      const items = client.letters()[Symbol.asyncIterator]()
      assert.is(items.lastId, undefined)
      assert.equal((await items.next()).value, { letter: 'a' })
      assert.is(items.lastId, 'id-a')
      await until(() => client.stats().itemsReceived === 3)
      assert.is(items.lastId, 'id-a')
      await server.close()
      assert.equal((await items.next()).value, { letter: 'b' })
      assert.is(items.lastId, 'id-b')
      assert.equal((await items.next()).value, { letter: 'c' })
      const error = await failure(items.next())
      assert.equal([error.code, error.executed, error.details], ['UNAVAILABLE', 'maybe', { lastId: 'id-c' }])
    },

  'row 14: with resume a stream of tracked items goes on at the next server, behind the last one that arrived':
    async (world) => {
      const begun: (string | undefined)[] = []
      let wait = Promise.resolve()
      let rounds = 0
      const feed = {
        feed: method(async function* (ctx, to: number) {
          begun.push(ctx.lastId)
          for (let n = ctx.lastId === undefined ? 0 : Number(ctx.lastId) + 1; n < to; n++) {
            yield tracked(n, `item ${n}`)
            await wait
          }
        }),
      }
      const retry = { minMs: 1, maxMs: 5 }
      let { server, client, at } = await world.pair(feed, { client: { retry } })
      const items = client.with({ resume: true }).feed(600)[Symbol.asyncIterator]() as RemoteStream<string>
      const taken: unknown[] = []
      const take = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) taken.push((await within(5000, items.next(), 'an item')).value)
      }
      for (const [first, unread] of [
        [100, true],
        [150, false],
        [1, true],
      ] as const) {
        await take(first)
        rounds++
        await until(() => begun.length === rounds, 5000, 'the call at this server')
        // With a window of items that nobody has taken, and with none.
        if (unread) await until(() => client.stats().itemsReceived - taken.length >= 32)
        else wait = new Promise(() => {})
        await server.close()
        wait = Promise.resolve()
        server = world.server()
        server.registerRpc(feed)
        await server.bind(at)
      }
      await take(600 - taken.length)
      assert.equal(
        taken,
        Array.from({ length: 600 }, (_, n) => `item ${n}`),
      )
      assert.is(items.lastId, '599')
      assert.equal(await items.next(), { value: undefined, done: true })
      assert.is(begun.length, 4)
      assert.is(begun[0], undefined)
      const { inFlight, queued, retried } = client.stats()
      assert.equal({ inFlight, queued, retried }, { inFlight: 0, queued: 0, retried: 3 })
    },

  'row 14: with resume a stream whose items are not all tracked ends as any other': async (world) => {
    const { server, client } = await world.pair({
      async *mixed() {
        yield tracked(1, 'one')
        yield 'two'
        await new Promise(() => {})
      },
    })
    const items = client.with({ resume: true }).mixed()[Symbol.asyncIterator]() as RemoteStream<string>
    await until(() => client.stats().itemsReceived === 2)
    await server.close()
    assert.is((await items.next()).value, 'one')
    assert.is((await items.next()).value, 'two')
    const error = await failure(items.next())
    assert.equal([error.code, error.executed, error.details], ['UNAVAILABLE', 'maybe', { lastId: '1' }])
  },

  'row 14: a stream that is to be resumed ends with its deadline, its signal, its reader and its client':
    async (world) => {
      const { server, client } = await world.pair({
        async *numbers() {
          for (let n = 0; ; n++) {
            yield tracked(n, n)
            await sleep(1)
          }
        },
      })
      const controller = new AbortController()
      const begin = async (options: CallOptions): Promise<RemoteStream<number>> => {
        const stream = client.with({ resume: true, ...options }).numbers()
        const items = stream[Symbol.asyncIterator]() as RemoteStream<number>
        assert.is((await items.next()).value, 0)
        return items
      }
      const late = await begin({ timeoutMs: 500 })
      const aborted = await begin({ signal: controller.signal })
      const left = await begin({})
      const closed = await begin({})
      const drained = async (items: RemoteStream<number>): Promise<RpcError> => {
        for (;;) {
          const step = await items.next().catch((error: RpcError) => error)
          if (step instanceof Error) return step
        }
      }
      const ends = { late: drained(late), closed: drained(closed) }
      await server.close()
      controller.abort(new Error('enough'))
      assert.is((await drained(aborted)).message, 'enough')
      await left.return()
      assert.is((await within(5000, ends.late)).code, 'DEADLINE_EXCEEDED')
      await client.close()
      assert.is((await within(5000, ends.closed)).code, 'CLOSED')
      const { inFlight, queued } = client.stats()
      assert.equal({ inFlight, queued }, { inFlight: 0, queued: 0 })
    },

  'row 14: with resume a stream that a draining server has to cut goes on at another': async (world) => {
    const feed = {
      feed: method(async function* (ctx) {
        for (let n = Number(ctx.lastId ?? -1) + 1; ; n++) {
          yield tracked(n, n)
          await sleep(1)
        }
      }),
    }
    const { server, client } = await world.pair(feed, { client: { retry: { minMs: 1, maxMs: 5 } } })
    const items = client.with({ resume: true }).feed()[Symbol.asyncIterator]() as RemoteStream<number>
    assert.is((await items.next()).value, 0)
    const other = world.server()
    other.registerRpc(feed)
    client.connect(await other.bind(world.endpoint()))
    await until(() => client.stats().peers === 2)
    const drained = server.drain({ timeoutMs: 20 })
    for (let n = 1; n < 300; n++) assert.is((await within(5000, items.next(), `item ${n}`)).value, n)
    await within(10_000, drained)
    await items.return()
    assert.is(client.stats().retried, 1)
  },
}
