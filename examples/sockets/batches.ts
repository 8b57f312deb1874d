// Batches: a promise for many messages instead of one for each, which is how small messages become fast. Marks and order stay.
// Run `node scripts/run-example.mjs sockets/batches`.
import assert from 'node:assert/strict'
import { Pull, Push } from 'pseud/zmtp'

const READINGS = 100_000
const push = new Push()
const pull = new Pull()
await pull.bind('tcp://127.0.0.1:*')
push.connect(pull.lastEndpoint!)

function* readings(): Generator<number> {
  for (let i = 0; i < READINGS; i++) yield i
}
const sent = push.sendMany(readings()) // waits where `send` would

let next = 0
let batches = 0
for await (const batch of pull.batches({ max: 5000 })) {
  batches++
  for (const [reading] of batch) assert.equal(Number(reading), next++)
  if (next === READINGS) break
}
await sent
assert.ok(batches < READINGS / 10)

push.close()
pull.close()
console.log(`${next} readings, in order`)
