// REQ and REP: a question, an answer, in turn. Either side may be started first, and either may be any program that links libzmq.
// Run `node scripts/run-example.mjs sockets/request-reply`.
import assert from 'node:assert/strict'
import { Reply, Request } from 'pseud/zmtp'

const reply = new Reply()
await reply.bind('tcp://127.0.0.1:*') // any free port; lastEndpoint tells which

async function serve(): Promise<void> {
  for await (const [question] of reply) await reply.send(Number(question) ** 2)
}
const served = serve() // ends when the socket is closed

const request = new Request({ receiveTimeout: 5000 }) // or a lost answer would be waited for without end
request.connect(reply.lastEndpoint!)
const answers: number[] = []
for (const number of [2, 3, 4]) {
  await request.send(number)
  const [answer] = await request.receive()
  answers.push(Number(answer))
}
assert.deepEqual(answers, [4, 9, 16])

request.close()
reply.close()
await served
console.log(answers.join(' '))
