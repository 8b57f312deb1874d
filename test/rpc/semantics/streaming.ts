// Streams against consumers that stop and links that end.
import * as assert from 'uvu/assert'
import { tracked } from '../../../src/rpc/index.ts'
import { sleep, until } from '../../support/within.ts'
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
      { server: { limits: { stallMs: 50 } } },
    )
    const items = client.count()[Symbol.asyncIterator]()
    await until(() => over === 1, 5000, 'the end of the generator')
    for (let n = 0; n < 64; n++) assert.is((await items.next()).value, n)
    const error = await failure(items.next())
    assert.equal([error.code, error.executed], ['RESOURCE_EXHAUSTED', 'yes'])
    assert.match(error.message, /nothing was taken from "count" for 50 ms/)
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
}
