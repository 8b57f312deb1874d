// A proxy in the middle: clients and workers know one address each and come and go; requests wait for the next free worker.
// Run `node scripts/run-example.mjs sockets/proxy`.
import assert from 'node:assert/strict'
import * as zmq from 'pseud/zmtp'

const proxy = new zmq.Proxy(new zmq.Router(), new zmq.Dealer())
await proxy.frontEnd.bind('tcp://127.0.0.1:0') // clients come here
await proxy.backEnd.bind('tcp://127.0.0.1:0') // workers come here
const clientsAt = proxy.frontEnd.lastEndpoint!
const workersAt = proxy.backEnd.lastEndpoint!
const running = proxy.run() // until it is terminated, and then both sockets are closed

async function work(worker: zmq.Reply): Promise<void> {
  worker.connect(workersAt)
  for await (const [text] of worker) await worker.send(String(text).toUpperCase())
}

async function ask(text: string): Promise<string> {
  const client = new zmq.Request()
  client.connect(clientsAt)
  await client.send(text)
  const [answer] = await client.receive()
  client.close()
  return String(answer)
}

const early = ask('nobody is here yet') // waits
const workers = [new zmq.Reply(), new zmq.Reply()]
const working = workers.map(work)
assert.equal(await early, 'NOBODY IS HERE YET')
assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map(ask)), ['A', 'B', 'C', 'D'])

proxy.pause()
const late = ask('paused')
setTimeout(() => proxy.resume(), 50)
assert.equal(await late, 'PAUSED')

for (const worker of workers) worker.close()
await Promise.all(working)
proxy.terminate()
await running
assert.ok(proxy.frontEnd.closed && proxy.backEnd.closed)
console.log('A B C D, after a pause PAUSED')
