// A user name and a password, in clear: for networks that are private already, and for peers that speak nothing else.
// Run `node scripts/run-example.mjs security/plain`.
import assert from 'node:assert/strict'
import { type CallContext, Client, plain, Server } from 'pseud'

const server = new Server('remote', { security: plain({ users: { alice: 'correct horse' } }) })
server.registerRpc({ withContext: true }, function whoAmI(ctx: CallContext) {
  return ctx.user
})
const endpoint = await server.bind('tcp://127.0.0.1:0')

// A password that changes: the function is asked before each attempt to connect.
const alice = new Client('remote', {
  security: plain({ user: 'alice', password: async () => 'correct horse' }),
})
alice.connect(endpoint)
assert.equal(await alice.whoAmI(), 'alice')

const mallory = new Client('remote', { security: plain({ user: 'alice', password: 'a guess' }) })
mallory.connect(endpoint)
await assert.rejects(mallory.whoAmI(), { code: 'UNAUTHENTICATED', executed: 'no' })

await Promise.all([alice.close(), mallory.close()])
await server.close()
console.log('alice was let in, mallory was not')
