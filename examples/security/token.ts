// Tokens, by a backend of your own: the server's key makes the channel, and a token that runs out says who is on it.
// Run `node scripts/run-example.mjs security/token`.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { type AuthenticationBackend, type CallContext, Client, curve, Server, sameSecret } from 'pseud'

// Whoever gives out tokens and the server share this; a program would use its identity provider's, such as JWT.
const SIGNING_KEY = 'known to the server and to who gives out tokens'
const sign = (text: string) => createHmac('sha256', SIGNING_KEY).update(text).digest('hex')

function tokenFor(user: string, seconds: number): string {
  const claim = `${user}|${Date.now() + seconds * 1000}`
  return `${claim}|${sign(claim)}`
}

const keys = curve.keyPair()
const security: AuthenticationBackend = {
  ...curve.server({ secretKey: keys.secretKey, login: {} }), // the channel; any key may connect
  name: 'token',
  authenticateLogin: ({ password: token }) => {
    const [user = '', until = '', signature = ''] = token.split('|')
    if (!sameSecret(signature, sign(`${user}|${until}`))) return false
    const expiresAt = new Date(Number(until))
    return expiresAt > new Date() && { user, expiresAt } // asked for a new one in time
  },
}

const server = new Server('remote', { security })
server.registerRpc({ withContext: true }, function whoAmI(ctx: CallContext) {
  return ctx.user
})
const endpoint = await server.bind('tcp://127.0.0.1:0')

function connect(token: () => string): Client<{ whoAmI(): string }> {
  // The function is asked before each attempt to connect, and again when the token has run out.
  const login = async () => ({ user: '', password: token() })
  const client = new Client<{ whoAmI(): string }>('remote', {
    security: curve.client({ serverKey: keys.publicKey, login }),
  })
  client.connect(endpoint)
  return client
}

let given = 0
const alice = connect(() => {
  given++
  return tokenFor('alice', 0.2)
})
while (given < 3) assert.equal(await alice.whoAmI(), 'alice')
console.log(`alice was let in with ${given} tokens, one after the other, and no call of hers failed`)

for (const forged of [tokenFor('alice', 60).replace('alice', 'admin'), tokenFor('alice', -1)]) {
  const mallory = connect(() => forged)
  await assert.rejects(mallory.whoAmI(), { code: 'UNAUTHENTICATED', executed: 'no' })
  await mallory.close()
}
console.log('a forged token and an old one were refused')

await alice.close()
await server.close()
