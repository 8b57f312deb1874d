// A stream with progress: rows go up as they are read, and meanwhile the function says how far it is; leaving the loop ends both.
// Run `node scripts/run-example.mjs progress`.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Server } from 'pseud'

const ROWS = 10_000
let stored = 0

const api = {
  /** Yields the share of `total` that is stored, after every twentieth of it. */
  async *store(rows: AsyncIterable<{ id: number }>, total: number) {
    let taken = 0
    for await (const row of rows) {
      stored += row.id > 0 ? 1 : 0 // a program would write to its database
      if (++taken % (total / 20) === 0) yield taken / total
    }
  },
}

const server = new Server('store')
server.registerRpc(api)
const client = new Client<typeof api>('store')
client.connect(await server.bind('tcp://127.0.0.1:0'))

let read = 0
let filesOpen = 0
async function* rowsOfFile() {
  filesOpen++
  try {
    for (read = 0; read < ROWS; ) yield { id: ++read }
  } finally {
    filesOpen--
  }
}

const bar = (share: number) => '█'.repeat(share * 20).padEnd(20, '░')

const shares: number[] = []
for await (const share of client.store(rowsOfFile(), ROWS)) {
  shares.push(share)
  if (shares.length % 5 === 0) console.log(`${bar(share)} ${Math.round(share * 100)} %`)
}
assert.equal(shares.length, 20)
assert.equal(stored, ROWS)
assert.equal(filesOpen, 0)

// Enough after a quarter: the function ends, and so does what it was fed from.
stored = 0
for await (const share of client.store(rowsOfFile(), ROWS)) {
  if (share < 0.25) continue
  console.log(`${bar(share)} stopped`)
  break
}
while (filesOpen > 0) await sleep(1)
assert.ok(stored < ROWS && read < ROWS)
await client.close()
await server.close()
console.log(`${read} of ${ROWS} rows were read, no more`)
