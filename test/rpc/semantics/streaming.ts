// Streams against consumers that stop and links that end.
import * as assert from 'uvu/assert'
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
}
