// ROUTER and DEALER: many questions at a time, each answered when it is ready, each to whom it came from.
// Run `node scripts/run-example.mjs sockets/router-dealer`.
import assert from 'node:assert/strict'
import { Dealer, Router } from 'pseud/zmtp'

const router = new Router({ mandatory: true }) // an unknown peer is an error, not a silent loss
await router.bind('tcp://127.0.0.1:*')

async function serve(): Promise<void> {
  // The first part says from whom; as first part of an answer, to whom.
  for await (const [peer, id, text] of router) {
    const delayMs = String(text) === 'slow' ? 50 : 0
    setTimeout(() => void router.send([peer!, id!, String(text).toUpperCase()]), delayMs)
  }
}
const served = serve()

const dealer = new Dealer({ routingId: 'asker' }) // without one the router makes one up
dealer.connect(router.lastEndpoint!)
for (const [id, text] of ['slow', 'quick', 'quick too'].entries()) await dealer.send([id, text])
const answers: string[] = []
for await (const [id, text] of dealer) {
  answers.push(`${id} ${text}`)
  if (answers.length === 3) break
}
assert.deepEqual(answers, ['1 QUICK', '2 QUICK TOO', '0 SLOW'])
await assert.rejects(router.send(['nobody', 'hello']), { code: 'EHOSTUNREACH' })

dealer.close()
router.close()
await served
console.log(answers.join(', '))
