// Everybody who can connect is believed: for a network, or a machine, on which all programs are yours.
// Run `node scripts/run-example.mjs security/trusted-peer`.
import assert from 'node:assert/strict'
import { type CallContext, Client, Server, trustedPeer } from 'pseud'

const server = new Server('remote', { security: trustedPeer() })
server.registerRpc({ withContext: true }, function whoAmI(ctx: CallContext) {
  return ctx.user
})
const endpoint = await server.bind('tcp://127.0.0.1:0')

const client = new Client<{ whoAmI(): string }>('remote', { userId: 'whoever I say' })
client.connect(endpoint)
assert.equal(await client.whoAmI(), 'whoever I say')

// It proves nothing, so a server still refuses to listen for other machines, unless it is told to.
await assert.rejects(server.bind('tcp://0.0.0.0:0'), { code: 'UNAUTHENTICATED_BIND' })

await client.close()
await server.close()
console.log('believed')
