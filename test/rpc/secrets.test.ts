/**
 * Passwords and secret keys are nowhere to be read: not in errors and their causes, events, warnings, what objects show of themselves, what is
 * printed, nor on the wire where that is encrypted. Each test makes what it can go wrong, collects all texts, and searches them.
 */

import { inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { maybeDecodeZ85 } from '../../src/base/z85.ts'
import { type AuthenticationBackend, Client, curve, plain, Server } from '../../src/rpc/index.ts'
import * as zmq from '../../src/zmtp/index.ts'
import { RawListener, RawPeer } from '../support/raw-peer.ts'
import { until, within } from '../support/within.ts'

const test = suite('secrets')

const open: { close(): unknown }[] = []
test.after.each(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

function opened<T extends { close(): unknown }>(one: T): T {
  open.push(one)
  return one
}

const PASSWORD = 'S3cret-W0nderland'
const WRONG = 'Wr0ng-W0nderland'
const SERVER = curve.keyPair()
const ALICE = curve.keyPair()
const OTHER = curve.keyPair()
const LOGIN = { user: 'alice', password: PASSWORD }

/** In every spelling in which it could slip through. */
function spellings(secret: string): string[] {
  const octets = maybeDecodeZ85(secret)
  const texts = [secret, Buffer.from(secret).toString('base64').replace(/=*$/, ''), hex(Buffer.from(secret))]
  if (octets === undefined || octets.length !== 32) return texts
  return [...texts, octets.toString('base64').replace(/=*$/, ''), octets.toString('base64url'), hex(octets)]
}

// Also as Buffers show themselves, with a space between octets.
const hex = (octets: Buffer): string => octets.toString('hex').slice(0, 40)

const SECRETS = [PASSWORD, WRONG, SERVER.secretKey, ALICE.secretKey, OTHER.secretKey].flatMap(spellings)

class Texts {
  readonly all: string[] = []

  add(...values: unknown[]): void {
    for (const value of values) {
      this.all.push(
        inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null }),
      )
      this.all.push(String(value), format(value))
    }
  }

  check(): void {
    assert.ok(this.all.length > 0)
    for (const text of this.all) {
      const packed = text.replace(/([0-9a-f]{2}) (?=[0-9a-f]{2}\b)/g, '$1')
      for (const secret of SECRETS) {
        if (text.includes(secret) || packed.includes(secret))
          throw new Error(`it says: ${text.slice(0, 400)}`)
      }
    }
  }
}

function thrownBy(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}

function format(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

/** Collects what is printed and warned of while `run` goes on. */
async function listening(texts: Texts, run: () => Promise<void>): Promise<void> {
  const onWarning = (warning: Error): void => texts.add(warning)
  const writes = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write
    stream.write = ((chunk: unknown, ...rest: never[]) => {
      texts.add(String(chunk))
      return write.call(stream, chunk as string, ...rest)
    }) as typeof write
    return () => {
      stream.write = write
    }
  })
  process.on('warning', onWarning)
  try {
    await run()
  } finally {
    process.off('warning', onWarning)
    for (const restore of writes) restore()
  }
  texts.check()
}

test('the search finds secrets in every spelling', () => {
  const key = maybeDecodeZ85(SERVER.secretKey)!
  for (const leak of [
    new Error(`wrong password ${PASSWORD}`),
    new Error('outside', { cause: new Error(PASSWORD) }),
    { deep: { list: [{ password: PASSWORD }] } },
    Object.defineProperty({}, 'hidden', { value: PASSWORD }),
    { key },
    { key: SERVER.secretKey },
    key.toString('hex'),
    key.toString('base64'),
    Buffer.from(PASSWORD),
    new Map([['alice', PASSWORD]]),
  ]) {
    const texts = new Texts()
    texts.add(leak)
    assert.throws(() => texts.check(), /it says/, inspect(leak))
  }
})

const CHECKS: readonly (readonly [
  what: string,
  right: AuthenticationBackend,
  wrong: AuthenticationBackend,
  server: AuthenticationBackend,
])[] = [
  ['plain, users', plain(LOGIN), plain({ ...LOGIN, password: WRONG }), plain({ users: { alice: PASSWORD } })],
  [
    'plain, a judge that throws',
    plain({ user: 'alice', password: () => PASSWORD }),
    plain({ user: 'alice', password: async () => WRONG }),
    plain({
      authenticate: (_user, password) => {
        if (password === WRONG) throw new Error('the database is down')
        return true
      },
    }),
  ],
  [
    'curve, keys',
    curve.client({ serverKey: SERVER.publicKey, ...ALICE }),
    curve.client({ serverKey: SERVER.publicKey, ...OTHER }),
    curve.server({ secretKey: SERVER.secretKey, authorize: [ALICE.publicKey] }),
  ],
  [
    'curve, another server',
    curve.client({ serverKey: SERVER.publicKey, ...ALICE }),
    curve.client({ serverKey: OTHER.publicKey, ...ALICE }),
    curve.server({ secretKey: SERVER.secretKey, authorize: [ALICE.publicKey] }),
  ],
  [
    'curve, a login',
    curve.client({ serverKey: SERVER.publicKey, ...ALICE, login: LOGIN }),
    curve.client({ serverKey: SERVER.publicKey, ...ALICE, login: { ...LOGIN, password: WRONG } }),
    curve.server({ secretKey: SERVER.secretKey, login: new Map([['alice', PASSWORD]]) }),
  ],
  [
    'curve, a judge of logins that rejects',
    curve.client({ serverKey: SERVER.publicKey, ...ALICE, login: () => LOGIN }),
    curve.client({
      serverKey: SERVER.publicKey,
      ...ALICE,
      login: async () => ({ ...LOGIN, password: WRONG }),
    }),
    curve.server({
      secretKey: SERVER.secretKey,
      login: async (_user, password) => {
        if (password === WRONG) throw new Error('the database is down')
        return true
      },
    }),
  ],
]

for (const [what, right, wrong, security] of CHECKS) {
  test(`${what}: no error, event, status or object tells a secret`, async () => {
    const texts = new Texts()
    await listening(texts, async () => {
      const server = opened(new Server('remote', { security, exposeErrors: 'full' }))
      server.on('error', (error, about) => texts.add(error, about))
      server.on('peer', (peer) => texts.add(peer, peer.user))
      server.on('peergone', (peer, error) => texts.add(peer, error))
      server.registerRpc({ withContext: true }, function who(ctx) {
        texts.add(ctx)
        throw new Error(`I am ${ctx.user}`)
      })
      const endpoint = await server.bind('tcp://127.0.0.1:0')
      for (const backend of [right, wrong]) {
        const client = opened(new Client('remote', { security: backend, reconnect: { minMs: 5, maxMs: 10 } }))
        client.on('error', (error, about) => texts.add(error, about))
        client.on('status', (event) => texts.add(event))
        client.connect(endpoint)
        const failed = await within(
          5000,
          (client.with({ timeoutMs: 300 }).who!() as Promise<unknown>).catch((error) => error),
        )
        assert.ok(failed instanceof Error)
        texts.add(failed, client, client.stats(), backend)
      }
      texts.add(server, server.stats(), security, [...server.peers])
    })
  })
}

test('what is refused when it is given does not repeat it', () => {
  const texts = new Texts()
  const long = PASSWORD.repeat(20)
  for (const misuse of [
    () => plain({ user: 'alice', password: long }),
    () => plain({ user: long, password: '' }),
    () => plain({ user: 'alice', password: { [PASSWORD]: PASSWORD } as never }),
    () => curve.client({ serverKey: PASSWORD }),
    () =>
      curve.client({
        serverKey: SERVER.publicKey,
        publicKey: ALICE.publicKey,
        secretKey: `${ALICE.secretKey} `,
      }),
    () => curve.client({ serverKey: SERVER.publicKey, secretKey: ALICE.secretKey }),
    () => curve.server({ secretKey: `${SERVER.secretKey}\n`, authorize: [] }),
    () => curve.server({ secretKey: Buffer.from(SERVER.secretKey), authorize: [] }),
    () => curve.server({ secretKey: SERVER.secretKey }),
    () => curve.server({ secretKey: SERVER.secretKey, authorize: [PASSWORD] }),
    () => new Server('remote', { security: { secretKey: SERVER.secretKey } as never }),
    () => new zmq.Dealer({ curveSecretKey: `${ALICE.secretKey}!` }),
    () => new zmq.Dealer({ curveSecretKey: ALICE.secretKey.slice(1) }),
    () => new zmq.Dealer({ plainPassword: long }),
    () => new zmq.Dealer({ plainPassword: [PASSWORD] as never }),
    () => new zmq.Dealer({ curveServer: true, curveSecretKey: PASSWORD } as never),
  ]) {
    const error = thrownBy(misuse)
    assert.ok(error instanceof Error, `${misuse} is allowed`)
    texts.add(error)
  }
  texts.check()
})

test('a socket does not show its secrets, nor do its events', async () => {
  const texts = new Texts()
  await listening(texts, async () => {
    const context = new zmq.Context()
    for (const [server, client] of [
      [
        { plainServer: true, authenticator: () => ({ status: '400' }) },
        { plainUsername: 'alice', plainPassword: PASSWORD },
      ],
      [
        { plainServer: true, authenticator: () => ({ status: '200', userId: 'alice' }) },
        { plainUsername: 'alice', plainPassword: PASSWORD },
      ],
      [
        { curveServer: true, curveSecretKey: SERVER.secretKey },
        { curveServerKey: OTHER.publicKey, curvePublicKey: ALICE.publicKey, curveSecretKey: ALICE.secretKey },
      ],
      [
        { curveServer: true, curveSecretKey: SERVER.secretKey },
        {
          curveServerKey: SERVER.publicKey,
          curvePublicKey: ALICE.publicKey,
          curveSecretKey: ALICE.secretKey,
        },
      ],
    ]) {
      const router = opened(new zmq.Router({ ...server, context, linger: 0 }))
      const dealer = opened(new zmq.Dealer({ ...client, context, linger: 0, reconnectInterval: -1 }))
      let told = 0
      for (const socket of [router, dealer]) {
        for (const type of [
          'handshake',
          'handshake:error:protocol',
          'handshake:error:auth',
          'disconnect',
        ] as const) {
          socket.events.on(type, (event) => {
            told++
            texts.add(event, event.peer, 'error' in event ? event.error : '')
          })
        }
      }
      await router.bind('tcp://127.0.0.1:0')
      dealer.connect(router.lastEndpoint!)
      await until(() => told >= 2)
      texts.add(router, dealer, context, router.peers, dealer.peers)
    }
  })
})

test('under CURVE, neither a login nor a key is on the wire', async () => {
  const server = opened(
    new Server('remote', {
      security: curve.server({ secretKey: SERVER.secretKey, login: { alice: PASSWORD } }),
    }),
  )
  server.registerRpc('echo', (value: unknown) => value)
  const endpoint = await server.bind('tcp://127.0.0.1:0')
  const listener = await RawListener.open()
  open.push(listener)
  const client = opened(
    new Client('remote', { security: curve.client({ serverKey: SERVER.publicKey, ...ALICE, login: LOGIN }) }),
  )
  client.connect(listener.endpoint)
  const answer = client.call('echo', [PASSWORD]) as Promise<unknown>
  const wire = await listener.peer(0)
  const onward = await RawPeer.connect(endpoint)
  open.push({ close: () => onward.destroy() })
  onward.write(wire.heard)
  wire.socket.pipe(onward.socket)
  onward.socket.pipe(wire.socket)
  assert.is(await within(5000, answer), PASSWORD)
  const said = Buffer.concat([wire.heard, onward.heard])
  assert.ok(said.length > 1000)
  for (const text of [PASSWORD, 'alice', 'echo', ALICE.publicKey, ALICE.secretKey])
    assert.not(said.includes(text))
  for (const key of [ALICE.secretKey, ALICE.publicKey, SERVER.secretKey]) {
    assert.not(said.includes(maybeDecodeZ85(key)!))
  }
})

test.run()
