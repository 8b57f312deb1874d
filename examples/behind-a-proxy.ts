// Behind a proxy: clients and servers know one address each, and servers come and go; the device between is ROUTER and DEALER.
// Run `node scripts/run-example.mjs behind-a-proxy`; the device may be any other, such as libzmq's zmq_proxy.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Server } from 'pseud'
import * as zmq from 'pseud/zmtp'

const proxy = new zmq.Proxy(new zmq.Router(), new zmq.Dealer())
await proxy.frontEnd.bind('tcp://127.0.0.1:0') // clients come here
await proxy.backEnd.bind('tcp://127.0.0.1:0') // servers come here
const running = proxy.run()

/** A server that binds nothing: it connects to the device, as clients do. */
function start(name: string): Server {
  const server = new Server('greeter')
  server.registerRpc('greet', async (whom: string) => {
    await sleep(5)
    return `${name} greets ${whom}`
  })
  return server.connect(proxy.backEnd.lastEndpoint!)
}

// Who sits behind a device is not asked for by name, hence Client('').
const clients = ['Xi', 'Yu', 'Zoe'].map((whom) => ({
  whom,
  client: new Client('').connect(proxy.frontEnd.lastEndpoint!),
}))
const round = () => Promise.all(clients.map(({ whom, client }) => client.greet(whom)))

const ada = start('ada')
const first = (await round()).join(', ')
console.log(first)
assert.equal(first, 'ada greets Xi, ada greets Yu, ada greets Zoe')

const bob = start('bob')
const both = new Set<string>()
while (both.size < 2) for (const greeting of await round()) both.add(String(greeting).split(' ')[0]!)
console.log([...both].sort().join(' and '), 'take turns')

// Ada leaves while nothing is on its way to her. The device does not know that anybody leaves: what it has sent to a server
// that goes is lost, and its caller hears DEADLINE_EXCEEDED.
await ada.drain()
while (proxy.backEnd.counters.peers > 1) await sleep(1)
const alone = (await round()).join(', ')
console.log(alone)
assert.equal(alone, 'bob greets Xi, bob greets Yu, bob greets Zoe')

await Promise.all(clients.map(({ client }) => client.close()))
await bob.close()
proxy.terminate()
await running
