// Types: the client takes the type of the object that the server registers; wrong names and arguments do not compile.
// Run `node scripts/run-example.mjs typed-api`.
import assert from 'node:assert/strict'
import { Client, Server } from 'pseud'

const api = {
  upper: (text: string) => text.toUpperCase(),
  math: {
    add: (a: number, b: number) => a + b,
    divide: async (a: number, b: number) => ({ quotient: Math.trunc(a / b), rest: a % b }),
  },
  close: () => 'closed', // clashes with a method of Client: reached by client.api
}
const clientApi = { greet: (name: string) => `hello ${name}` }

const server = new Server<typeof clientApi>('remote')
server.registerRpc(api)
const client = new Client<typeof api>('remote', { userId: 'client' })
client.registerRpc(clientApi)
client.connect(await server.bind('tcp://127.0.0.1:0'))
await client.ready()

const sum: number = await client.math.add(2, 4)
const { quotient, rest } = await client.math.divide(17, 5)
const greeting: string = await server.sendTo('client').greet('you')
assert.deepEqual([sum, quotient, rest, greeting], [6, 3, 2, 'hello you'])
assert.equal(await client.api.close(), 'closed')

// @ts-expect-error: no such function
await assert.rejects(client.math.subtract(2, 4), { code: 'NOT_FOUND' })
// @ts-expect-error: a string is no number; at run time nobody checks
assert.equal(await client.math.add('2', 4), '24')

await client.close()
await server.close()
console.log('6, 3 rest 2, hello you, closed')
