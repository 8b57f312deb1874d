// The names of the `zeromq` package, through `pseud/zmtp`: a program changes its import line, and one end of a connection before the other.
// Run `node scripts/run-example.mjs sockets/drop-in`; where the package `zeromq` is installed it is the other end.
import assert from 'node:assert/strict'
import * as zmq from 'pseud/zmtp' // was: from 'zeromq'

type Library = Pick<typeof zmq, 'Reply' | 'Request' | 'version'>

/** A service as it was written for `zeromq`: every line of it stays. */
async function serve(reply: zmq.Reply): Promise<void> {
  for await (const [name] of reply) await reply.send(['hello', name!])
}

async function greet(request: zmq.Request, name: string): Promise<string> {
  await request.send(name)
  const [greeting, back] = await request.receive()
  return `${greeting} ${back}`
}

async function exchange(server: Library, client: Library): Promise<void> {
  const reply = new server.Reply({ linger: 0 })
  await reply.bind('tcp://127.0.0.1:*')
  const served = serve(reply)
  const request = new client.Request({ receiveTimeout: 10_000 })
  request.connect(reply.lastEndpoint!)
  const answer = await greet(request, `ZeroMQ ${client.version}`)
  assert.equal(answer, `hello ZeroMQ ${client.version}`)
  console.log(`${names.get(server)} answers ${names.get(client)}: ${answer}`)
  request.close()
  reply.close()
  await served
}

const names = new Map<Library, string>([[zmq, 'pseud/zmtp']])
const native = await import('zeromq').catch(() => undefined)
// Two packages, two sets of classes: to the compiler they are strangers.
if (native !== undefined) names.set(native as unknown as Library, 'zeromq')
for (const server of names.keys()) for (const client of names.keys()) await exchange(server, client)
