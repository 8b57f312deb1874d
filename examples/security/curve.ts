// Keys on both sides: everything is encrypted, the client knows the server by its key, the server its clients by theirs.
// Run `node scripts/run-example.mjs security/curve`.
import assert from 'node:assert/strict'
import { type CallContext, Client, curve, Server } from 'pseud'

// Made once, by whoever owns the machine. Secret keys stay where they are; public keys may go anywhere.
const serverKeys = curve.keyPair()
const aliceKeys = curve.keyPair()

const server = new Server('remote', {
  security: curve.server({
    secretKey: serverKeys.secretKey,
    authorize: new Map([[aliceKeys.publicKey, 'alice']]), // or a list of keys, or a function that judges one
  }),
})
server.registerRpc({ withContext: true }, function whoAmI(ctx: CallContext) {
  return ctx.user
})
const endpoint = await server.bind('tcp://127.0.0.1:0')

const alice = new Client('remote', {
  security: curve.client({ serverKey: serverKeys.publicKey, ...aliceKeys }),
})
alice.connect(endpoint)
assert.equal(await alice.whoAmI(), 'alice')

const stranger = new Client('remote', { security: curve.client({ serverKey: serverKeys.publicKey }) })
stranger.connect(endpoint)
await assert.rejects(stranger.whoAmI(), { code: 'UNAUTHENTICATED', executed: 'no' })

await Promise.all([alice.close(), stranger.close()])
await server.close()
console.log('alice was let in by her key, the stranger was not')
