// The server makes a client work: whoever is connected can be called, by name, as any server can.
// Run `node scripts/run-example.mjs server-calls-client`.
import assert from 'node:assert/strict'
import { Client, Server } from 'pseud'

const server = new Server('remote')
const endpoint = await server.bind('tcp://127.0.0.1:0')

const client = new Client('remote', { userId: 'client' })
client.registerRpc('addition', (a: number, b: number) => a + b)
client.connect(endpoint)
await client.ready()

assert.equal(await server.sendTo('client').addition(2, 4), 6) // on the server's side
assert.deepEqual(
  [...server.peers.values()].map((peer) => peer.claimedName),
  ['client'],
)
await assert.rejects(server.sendTo('nobody').addition(2, 4), { code: 'UNAVAILABLE', executed: 'no' })

await client.close()
await server.close()
console.log('2 + 4 = 6')
