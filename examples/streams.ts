// Streams: a function that is a generator is consumed with `for await`, item by item, and stops when the consumer does.
// Run `node scripts/run-example.mjs streams`.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Server } from 'pseud'

let closed = 0
const api = {
  async *ticks(from: number) {
    try {
      for (let n = from; ; n++) yield n
    } finally {
      closed++ // the consumer has had enough, or is gone
    }
  },
  async average(numbers: AsyncIterable<number>) {
    let sum = 0
    let count = 0
    for await (const n of numbers) {
      sum += n
      count++
    }
    return sum / count
  },
}

const server = new Server('remote')
server.registerRpc(api)
const client = new Client<typeof api>('remote')
client.connect(await server.bind('tcp://127.0.0.1:0'))

const seen: number[] = []
for await (const n of client.ticks(7)) {
  seen.push(n)
  if (seen.length === 3) break
}
assert.deepEqual(seen, [7, 8, 9])
while (closed === 0) await sleep(1)

// The generator has not run ahead: it waits whenever 64 items are under way.
const ticks = await client.ticks(0)
await sleep(50)
assert.equal((await ticks.next()).value, 0)
await ticks.return()

// The other way: an argument that streams.
async function* measured() {
  for (const value of [3, 4, 8]) yield value
}
assert.equal(await client.average(measured()), 5)

await client.close()
await server.close()
console.log('7, 8, 9 and no more; the average is 5')
