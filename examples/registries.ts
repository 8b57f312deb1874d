// Where a function can be registered, and who may then call it: everywhere, in a registry, on one server.
// Run `node scripts/run-example.mjs registries`.
import assert from 'node:assert/strict'
import { Client, createLocalRegistry, registerRpc, Server } from 'pseud'

registerRpc('this.is.a.name', () => 'Done') // every Server and Client of this process, under a dotted name
const registry = createLocalRegistry('worker')
registerRpc({ registry }, function callMe() {
  return 'Done'
}) // only where this registry is used

class Api {
  @registerRpc('math.add') add(a: number, b: number) {
    return a + b
  }
}

const worker = new Server('worker', { registry })
worker.registerRpc(new Api()) // this server only
const other = new Server('other')
const client = new Client('worker').connect(await worker.bind('tcp://127.0.0.1:0'))
const otherClient = new Client('other').connect(await other.bind('tcp://127.0.0.1:0'))

assert.equal(await client.this.is.a.name(), 'Done')
assert.equal(await client.callMe(), 'Done')
assert.equal(await client.math.add(2, 4), 6)

assert.equal(await otherClient.this.is.a.name(), 'Done')
await assert.rejects(otherClient.callMe(), { code: 'NOT_FOUND', executed: 'no' })
await assert.rejects(otherClient.math.add(2, 4), { code: 'NOT_FOUND', executed: 'no' })

await Promise.all([client.close(), otherClient.close(), worker.close(), other.close()])
console.log('Done Done 6')
