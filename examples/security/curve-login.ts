// A key for the server, a password for its clients: the channel is encrypted first, then the login travels inside it.
// Run `node scripts/run-example.mjs security/curve-login`.
import assert from 'node:assert/strict'
import { type CallContext, Client, curve, Server, sameSecret } from 'pseud'

const serverKeys = curve.keyPair()

const server = new Server('remote', {
  security: curve.server({
    secretKey: serverKeys.secretKey,
    // Ask a database, an identity provider, ...: `true` for this user, a string for another user id.
    login: async (user, password) => user === 'alice' && sameSecret(password, 'correct horse'),
  }),
})
server.registerRpc({ withContext: true }, function whoAmI(ctx: CallContext) {
  return ctx.user
})
const endpoint = await server.bind('tcp://127.0.0.1:0')

const connect = (password: string): Client<{ whoAmI(): string }> => {
  const client = new Client<{ whoAmI(): string }>('remote', {
    security: curve.client({ serverKey: serverKeys.publicKey, login: { user: 'alice', password } }),
  })
  client.connect(endpoint)
  return client
}

const alice = connect('correct horse')
assert.equal(await alice.whoAmI(), 'alice')
const mallory = connect('a guess')
await assert.rejects(mallory.whoAmI(), { code: 'UNAUTHENTICATED', executed: 'no' })

await Promise.all([alice.close(), mallory.close()])
await server.close()
console.log('the password decided, and nobody on the way could read it')
