// What those get to read who have something wrong: no server, another program at its port, other keys, a name misspelt. Each error says what
// keeps the call from its server, as text and as `cause`; over real sockets, for that is where it goes wrong.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Client,
  type ClientOptions,
  curve,
  plain,
  RpcError,
  Server,
  type ServerOptions,
} from '../../src/index.ts'
import { within } from '../support/within.ts'

const test = suite('helpful errors')
const ANY_PORT = 'tcp://127.0.0.1:0'
const keys = curve.keyPair()
const otherKeys = curve.keyPair()
const open: { close(): Promise<void> }[] = []
const directory = mkdtempSync(path.join(tmpdir(), 'pseud-'))
let named = 0
test.after(() => rmSync(directory, { recursive: true, force: true }))
test.after.each(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function serve(options: ServerOptions = {}): Promise<string> {
  const server = new Server('remote', options)
  open.push(server)
  server.registerRpc('lower', (text: string) => text.toLowerCase())
  return server.bind(ANY_PORT)
}

function connect(endpoint: string | undefined, options: ClientOptions = {}): Client {
  const client = new Client('remote', options)
  open.push(client)
  if (endpoint !== undefined) client.connect(endpoint)
  return client
}

/** A port where something else listens, that answers the first octets with `answer`. */
async function stranger(answer = ''): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    if (answer !== '') socket.once('data', () => socket.end(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: async () => void server.close() })
  return `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`
}

/** Where nobody listens: a free port may be somebody's a moment later. */
function nobody(): string {
  return `ipc://${path.join(directory, String(named++))}`
}

async function failure(promise: PromiseLike<unknown>): Promise<RpcError> {
  return within(
    20_000,
    Promise.resolve(promise).then(
      () => assert.unreachable(),
      (error) => error,
    ),
  )
}

/** What the call gets that is given up once an attempt to connect has failed. */
async function lateCall(client: Client): Promise<RpcError> {
  const giveUp = new Promise<void>((resolve) =>
    client.on('status', ({ status }) => status === 'retrying' && resolve()),
  )
  await within(20_000, giveUp)
  return failure(client.with({ timeoutMs: 1 }).lower('A'))
}

test('nobody listens: a call, `ready` and `failFast` say so', async () => {
  const endpoint = nobody()
  const client = connect(endpoint)
  const call = await lateCall(client)
  const why = `cannot connect to ${endpoint}: ENOENT`
  assert.is(call.message, `lower could not be sent to "remote" within 1 ms: ${why}`)
  assert.equal([call.code, call.executed], ['DEADLINE_EXCEEDED', 'no'])
  const ready = await failure(client.ready({ timeoutMs: 1 }))
  assert.is(ready.message, `"remote" was not ready within 1 ms: ${why}`)
  const fast = await failure(client.with({ failFast: true }).lower('A'))
  assert.is(fast.message, `"remote" is not connected: ${why}`)
  for (const { cause } of [call, ready, fast]) assert.is((cause as RpcError).code, 'CONNECT_FAILED')
})

for (const [what, endpoint, why] of [
  ['connect was not called', undefined, 'it was given no endpoint to connect to'],
  ['nobody has bound the name', 'inproc://nobody-binds-this', 'nobody has bound inproc://nobody-binds-this'],
] as const) {
  test(`${what}: a call says so`, async () => {
    const error = await failure(connect(endpoint).with({ timeoutMs: 1 }).lower('A'))
    assert.is(error.message, `lower could not be sent to "remote" within 1 ms: ${why}`)
    assert.is((error.cause as RpcError).code, 'NOT_CONNECTED')
  })
}

test('somebody listens, and says nothing: a call says so, and closing does not wait for it', async () => {
  const server = net.createServer((socket) => socket.on('error', () => {}))
  open.push({ close: async () => void server.close() })
  const connected = once(server, 'connection')
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const client = connect(endpoint, { lingerMs: 600_000 })
  await within(20_000, connected)
  const error = await failure(client.with({ timeoutMs: 1 }).lower('A'))
  assert.match(error.message, `: ${endpoint} has not answered yet`)
  await within(20_000, client.close())
})

test('another program listens: what it says is shown, as text or as octets', async () => {
  for (const [answer, shown] of [
    ['HTTP/1.1 400 Bad Request\r\n\r\n', '"HTTP/1.1"'],
    ['\x16\x03\x03\x00\x02', '16 03 03 00 02'],
  ] as const) {
    const endpoint = await stranger(answer)
    const error = await lateCall(connect(endpoint))
    assert.match(error.message, `: the peer does not speak ZMTP: it begins with ${shown} (${endpoint})`)
    assert.is((error.cause as RpcError).code, 'BAD_SIGNATURE')
  }
})

for (const [what, ofServer, ofClient, why] of [
  [
    'a server that asks for a password, a client without one',
    { security: plain({ users: { ann: 'secret' } }) },
    {},
    'the peer wants PLAIN, we want NULL: the security of both ends differs',
  ],
  [
    'a client with a password, a server that asks for none',
    {},
    { security: plain({ user: 'ann', password: 'secret' }) },
    'the peer wants NULL, we want PLAIN: the security of both ends differs',
  ],
  [
    "another key than the server's",
    { security: curve.server({ secretKey: keys.secretKey, authorize: [otherKeys.publicKey] }) },
    { security: curve.client({ serverKey: otherKeys.publicKey, ...otherKeys }) },
    'the peer closed during the handshake: its key is another than the one that we know, perhaps',
  ],
] as const satisfies readonly [string, ServerOptions, ClientOptions, string][]) {
  test(`${what}: a call says so`, async () => {
    const endpoint = await serve(ofServer)
    const error = await lateCall(connect(endpoint, ofClient))
    assert.is(error.message, `lower could not be sent to "remote" within 1 ms: ${why} (${endpoint})`)
  })
}

test('a wrong password: the status is put in words', async () => {
  const endpoint = await serve({ security: plain({ users: { ann: 'secret' } }) })
  const error = await failure(
    connect(endpoint, { security: plain({ user: 'ann', password: 'guess' }) }).lower('A'),
  )
  assert.is(error.code, 'UNAUTHENTICATED')
  assert.is(
    error.message,
    'no call can reach "remote": the peer refused us: our credentials are not accepted (status 400)',
  )
})

test('what keeps a client away is forgotten once it is there', async () => {
  const endpoint = nobody()
  const client = connect(endpoint, { reconnect: { minMs: 1, maxMs: 5 } })
  assert.match((await lateCall(client)).message, /ENOENT/)
  const server = new Server('remote')
  await server.bind(endpoint)
  await within(20_000, client.ready())
  const afterwards = new Promise<RpcError>((resolve) =>
    client.on('status', ({ status }) => {
      // At once: a moment later the next attempt has failed.
      if (status === 'lost') resolve(failure(client.with({ failFast: true }).lower('A')))
    }),
  )
  await server.close()
  assert.not.match((await within(20_000, afterwards)).message, /ENOENT/)
})

test('an error of the other side names the function and the server, not the inside of this library', async () => {
  const endpoint = await serve()
  const error = await failure(connect(endpoint).lower(5))
  assert.is(
    error.stack,
    `TypeError: text.toLowerCase is not a function\n    at lower of "remote" (${endpoint})`,
  )
  const none = await failure(connect(endpoint).lowr('A'))
  assert.is(
    none.stack,
    `ServiceNotFoundError: there is no function "lowr"\n    at lowr of "remote" (${endpoint})`,
  )
})

test('a key that is none: its size is told, and never the key', () => {
  const given = (serverKey: string | Uint8Array) => () => curve.client({ serverKey, ...keys })
  assert.throws(given('abc'), /^serverKey is a key: 32 octets, or 40 characters of Z85, not 3 characters$/)
  assert.throws(given(Buffer.alloc(31)), /not 31 octets$/)
  assert.throws(given('"'.repeat(40)), /not 40 others$/)
})

test('a call that was sent names the method, the server and the time', async () => {
  const server = new Server('remote')
  server.registerRpc('never', () => new Promise(() => {}))
  const client = new Client('remote').connect(await server.bind('tcp://127.0.0.1:*'))
  await client.ready()
  try {
    await client.with({ timeoutMs: 30 }).never()
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, /^never at "remote" did not answer within 30 ms$/)
  }
  await client.close()
  await server.close()
})

test('classes carry the names that they are exported by, in stacks and in the console', () => {
  assert.equal([Client.name, Server.name, RpcError.name], ['Client', 'Server', 'RpcError'])
})

test.run()
