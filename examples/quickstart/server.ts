// Quickstart, the server: offers two functions, one of this server only and one of every server of the process.
// Run `node scripts/run-example.mjs quickstart/server [endpoint]`, then quickstart/client; ends when its client has left.
import assert from 'node:assert/strict'
import { registerRpc, Server } from 'pseud'

const server = new Server('remote')
const endpoint = await server.bind(process.argv[2] ?? 'tcp://127.0.0.1:5555')

const lower = (text: string) => text.toLowerCase()
const upper = (text: string) => text.toUpperCase()
server.registerRpc(lower) // this server only
registerRpc(upper) // every Server and Client of this process
await server.start()
console.log(`serving at ${endpoint}`)

server.on('peergone', async () => {
  assert.equal(server.peers.size, 0)
  await server.close()
})
