// Who comes in and who does not, over real connections: every backend, right and wrong, and what the two sides then say.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type AuthenticationBackend,
  type CallContext,
  Client,
  curve,
  type ParticipantOptions,
  plain,
  type RpcError,
  Server,
  trustedPeer,
} from '../../src/rpc/index.ts'
import { sleep, until, within } from '../support/within.ts'

const test = suite('RPC security')

const open: { close(): Promise<void> }[] = []
test.after.each(async () => {
  for (const one of open.splice(0).reverse()) await within(5000, one.close(), 'close')
})

const SERVER = curve.keyPair()
const ALICE = curve.keyPair()
const BOB = curve.keyPair()

async function serve(
  security: AuthenticationBackend | undefined,
  options: ParticipantOptions = {},
): Promise<Served> {
  const server = new Server('remote', { ...(security && { security }), ...options })
  open.push(server)
  const errors: RpcError[] = []
  server.on('error', (error) => errors.push(error as RpcError))
  server.registerRpc({ withContext: true }, function whoAmI(ctx: CallContext) {
    return ctx.user ?? null
  })
  let calls = 0
  server.registerRpc('count', () => ++calls)
  return { server, errors, endpoint: await server.bind('tcp://127.0.0.1:0'), calls: () => calls }
}

interface Served {
  server: Server
  errors: RpcError[]
  endpoint: string
  calls: () => number
}

function connect(endpoint: string, security: AuthenticationBackend | undefined, userId?: string): Client {
  const client = new Client('remote', {
    ...(security && { security }),
    ...(userId !== undefined && { userId }),
    reconnect: { minMs: 20, maxMs: 50 },
  })
  open.push(client)
  client.on('error', () => {})
  client.connect(endpoint)
  return client
}

const call = (client: Client, method: string): Promise<unknown> =>
  within(5000, client.call(method, []) as Promise<unknown>)

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await within(5000, promise)
    return 'no error'
  } catch (error) {
    return `${(error as RpcError).code} ${(error as RpcError).executed}`
  }
}

// ---- PLAIN

test('plain: the right password is let in, and is who it says it is', async () => {
  const { endpoint, server } = await serve(plain({ users: { alice: 'secret', bob: 'hidden' } }))
  const alice = connect(endpoint, plain({ user: 'alice', password: 'secret' }))
  assert.is(await call(alice, 'whoAmI'), 'alice')
  assert.equal(
    [...server.peers.values()].map(({ user }) => user),
    ['alice'],
  )
})

test('plain: a wrong password, an unknown user, and an empty login are refused for good, with one text', async () => {
  const { endpoint, errors, calls, server } = await serve(plain({ users: { alice: 'secret' } }))
  const texts = new Set<string>()
  for (const [user, password] of [
    ['alice', 'wrong'],
    ['alice', 'secreT'],
    ['alice', ''],
    ['mallory', 'secret'],
    ['', ''],
    ['__proto__', 'secret'],
    ['constructor', 'x'],
  ] as const) {
    const client = connect(endpoint, plain({ user, password }))
    const statuses: string[] = []
    client.on('status', ({ status }) => statuses.push(status))
    assert.is(await codeOf(client.call('count', [])), 'UNAUTHENTICATED no', `${user} ${password}`)
    await sleep(120)
    assert.equal(
      statuses.filter((status) => status === 'connecting' || status === 'refused'),
      ['connecting', 'refused'],
      'it tries again',
    )
    texts.add(errors.at(-1)!.message)
  }
  assert.is(texts.size, 1)
  assert.is(calls(), 0)
  assert.is(server.stats().unauthenticated, 7)
  assert.is(server.peers.size, 0)
})

test('plain: a function judges, and gives the user another id', async () => {
  const seen: string[] = []
  const { endpoint } = await serve(
    plain({
      authenticate: async (user, password, address) => {
        seen.push(`${user} ${password} ${address}`)
        return password === 'ok' && `id-of-${user}`
      },
    }),
  )
  assert.is(await call(connect(endpoint, plain({ user: 'alice', password: 'ok' })), 'whoAmI'), 'id-of-alice')
  const client = connect(endpoint, plain({ user: 'alice', password: 'no' }))
  assert.is(await codeOf(client.call('count', [])), 'UNAUTHENTICATED no')
  assert.equal(seen, ['alice ok 127.0.0.1', 'alice no 127.0.0.1'])
})

test('a judge that throws lets nobody in for now; the client comes back when it has recovered', async () => {
  let down = true
  const { endpoint, errors } = await serve(
    plain({
      authenticate: () => {
        if (down) throw new Error('the database is down')
        return true
      },
    }),
  )
  const client = connect(endpoint, plain({ user: 'alice', password: 'x' }))
  const answer = call(client, 'whoAmI')
  await until(() => errors.length > 1)
  assert.is(errors[0]!.code, 'AUTHENTICATION_FAILED')
  assert.is((errors[0]!.cause as Error).message, 'the database is down')
  down = false
  assert.is(await answer, 'alice')
})

test('plain: a password is asked for again before each attempt to connect', async () => {
  let password = 'old'
  const { server, endpoint } = await serve(plain({ authenticate: (_user, shown) => shown === password }))
  let asked = 0
  const client = connect(
    endpoint,
    plain({
      user: 'alice',
      password: async () => {
        asked++
        return password
      },
    }),
  )
  assert.is(await call(client, 'whoAmI'), 'alice')
  assert.is(asked, 1)
  password = 'new'
  await server.close()
  const again = await (async () => {
    const next = new Server('remote', {
      security: plain({ authenticate: (_user, shown) => shown === 'new' }),
    })
    open.push(next)
    next.registerRpc('whoAmI', () => 'back')
    await next.bind(endpoint)
    return next
  })()
  assert.is(await call(client, 'whoAmI'), 'back')
  assert.ok(asked >= 2)
  assert.is(again.peers.size, 1)
})

test('credentials that cannot be had are asked for again, and say why meanwhile', async () => {
  const { endpoint } = await serve(plain({ users: { alice: 'secret' } }))
  let failures = 2
  const client = connect(
    endpoint,
    plain({
      user: 'alice',
      password: () => {
        if (failures-- > 0) throw new Error('the vault is shut')
        return 'secret'
      },
    }),
  )
  const errors: Error[] = []
  client.on('status', ({ error }) => {
    if (error) errors.push(error)
  })
  assert.is(await call(client, 'whoAmI'), 'alice')
  assert.is((errors[0] as RpcError).code, 'NO_CREDENTIALS')
  assert.is((errors[0]!.cause as Error).message, 'the vault is shut')
})

// ---- CURVE

test('curve: listed keys are let in, by the name that the list gives them', async () => {
  for (const [authorize, user] of [
    [[ALICE.publicKey], ALICE.publicKey],
    [new Map([[ALICE.publicKey, 'alice']]), 'alice'],
    [(key: string) => (key === ALICE.publicKey ? 'alice' : undefined), 'alice'],
    [async (key: string) => key === ALICE.publicKey, ALICE.publicKey],
  ] as const) {
    const { endpoint } = await serve(curve.server({ secretKey: SERVER.secretKey, authorize }))
    const alice = connect(endpoint, curve.client({ serverKey: SERVER.publicKey, ...ALICE }))
    assert.is(await call(alice, 'whoAmI'), user)
    const bob = connect(endpoint, curve.client({ serverKey: SERVER.publicKey, ...BOB }))
    assert.is(await codeOf(bob.call('count', [])), 'UNAUTHENTICATED no')
    const anonymous = connect(endpoint, curve.client({ serverKey: SERVER.publicKey }))
    assert.is(await codeOf(anonymous.call('count', [])), 'UNAUTHENTICATED no')
  }
})

test('curve: a server with another key is not spoken to', async () => {
  const { endpoint, calls } = await serve(
    curve.server({ secretKey: SERVER.secretKey, authorize: [ALICE.publicKey] }),
  )
  const client = connect(endpoint, curve.client({ serverKey: BOB.publicKey, ...ALICE }))
  assert.is(await codeOf(client.with({ timeoutMs: 400 }).count!()), 'DEADLINE_EXCEEDED no')
  assert.is(calls(), 0)
})

test('curve with a login: any key may try, the password decides, and the key is accepted once it is right', async () => {
  const { endpoint, calls, server } = await serve(
    curve.server({ secretKey: SERVER.secretKey, login: { alice: 'secret' } }),
  )
  const login = { user: 'alice', password: 'secret' }
  const alice = connect(endpoint, curve.client({ serverKey: SERVER.publicKey, login }))
  const answers = await Promise.all([call(alice, 'whoAmI'), call(alice, 'whoAmI')])
  assert.equal(answers, ['alice', 'alice'])
  for (const wrong of [
    { user: 'alice', password: 'wrong' },
    { user: 'bob', password: 'secret' },
    { user: '', password: '' },
  ]) {
    const client = connect(endpoint, curve.client({ serverKey: SERVER.publicKey, login: wrong }))
    const calls = [client.call('count', []), client.call('count', [])]
    assert.equal(await Promise.all(calls.map(codeOf)), ['UNAUTHENTICATED no', 'UNAUTHENTICATED no'])
    assert.is(await codeOf(client.ready({ timeoutMs: 1000 })), 'UNAUTHENTICATED no')
  }
  const none = connect(endpoint, curve.client({ serverKey: SERVER.publicKey }))
  assert.is(await codeOf(none.call('count', [])), 'UNAUTHENTICATED no')
  assert.is(calls(), 0)
  assert.is(server.peers.size, 1)
})

test('curve with a login: the verdict may take its time, and nothing is heard before it', async () => {
  let decide: (user: boolean) => void = () => {}
  const { endpoint, calls, server } = await serve(
    curve.server({
      secretKey: SERVER.secretKey,
      login: () =>
        new Promise((resolve) => {
          decide = resolve
        }),
    }),
  )
  let asked = 0
  const client = connect(
    endpoint,
    curve.client({
      serverKey: SERVER.publicKey,
      login: async () => {
        asked++
        return { user: 'alice', password: 'x' }
      },
    }),
  )
  const answer = client.call('count', [])
  await until(() => server.stats().peers === 1)
  await sleep(50)
  assert.is(calls(), 0)
  assert.is(server.peers.size, 0)
  decide(true)
  assert.is(await within(5000, answer as Promise<unknown>), 1)
  assert.is(asked, 1)
})

test('a peer that does not log in does not stay', async () => {
  const { endpoint, server } = await serve(
    curve.server({ secretKey: SERVER.secretKey, login: () => new Promise(() => {}) }),
    { handshakeTimeoutMs: 100 },
  )
  const client = connect(
    endpoint,
    curve.client({ serverKey: SERVER.publicKey, login: { user: 'a', password: 'b' } }),
  )
  const lost: string[] = []
  client.on('status', ({ status }) => lost.push(status))
  await until(() => lost.includes('lost'))
  assert.is(server.peers.size, 0)
})

test('a key and a login together: both must be right', async () => {
  const { endpoint } = await serve(
    curve.server({
      secretKey: SERVER.secretKey,
      authorize: [ALICE.publicKey],
      login: (user, password) => user === 'alice' && password === 'secret',
    }),
  )
  const login = { user: 'alice', password: 'secret' }
  assert.is(
    await call(connect(endpoint, curve.client({ serverKey: SERVER.publicKey, ...ALICE, login })), 'whoAmI'),
    'alice',
  )
  for (const [keys, shown] of [
    [BOB, login],
    [ALICE, { ...login, password: 'x' }],
  ] as const) {
    const client = connect(endpoint, curve.client({ serverKey: SERVER.publicKey, ...keys, login: shown }))
    assert.is(await codeOf(client.call('count', [])), 'UNAUTHENTICATED no')
  }
})

// ---- who may be called, and by which name

test('where users are proved, a claimed name is nobody', async () => {
  const { endpoint, server } = await serve(plain({ users: { alice: 'a', mallory: 'm' } }))
  const mallory = connect(endpoint, plain({ user: 'mallory', password: 'm' }), 'alice')
  mallory.registerRpc('secret', () => 'stolen')
  await within(5000, mallory.ready())
  await until(() => server.peers.size === 1)
  assert.is(await codeOf(server.sendTo('alice').secret!()), 'UNAVAILABLE no')
  assert.equal(server.peersOf('alice'), [])
  const alice = connect(endpoint, plain({ user: 'alice', password: 'a' }))
  alice.registerRpc('secret', () => 'mine')
  await within(5000, alice.ready())
  await until(() => server.peers.size === 2)
  assert.is(await within(5000, server.sendTo('alice').secret!() as Promise<unknown>), 'mine')
  assert.is(await within(5000, server.sendTo('mallory').secret!() as Promise<unknown>), 'stolen')
  assert.is(server.peersOf('alice').length, 1)
})

test('domains and predicates see the user that was proved', async () => {
  const { endpoint, server } = await serve(plain({ users: { alice: 'a', bob: 'b' } }))
  server.registerPredicate('admin', ({ user }) => user === 'alice')
  server.registerRpc({ name: 'restart', domain: 'admin' }, () => 'done')
  const alice = connect(endpoint, plain({ user: 'alice', password: 'a' }))
  const bob = connect(endpoint, plain({ user: 'bob', password: 'b' }), 'alice')
  assert.is(await call(alice, 'restart'), 'done')
  assert.is(await codeOf(bob.call('restart', [])), 'NOT_FOUND no')
})

test('trustedPeer takes claimed names for users, and says so only where it was asked to', async () => {
  const { endpoint } = await serve(trustedPeer())
  assert.is(await call(connect(endpoint, undefined, 'alice'), 'whoAmI'), 'alice')
  assert.is(await call(connect(endpoint, undefined), 'whoAmI'), null)
  const untrusting = await serve(undefined)
  assert.is(await call(connect(untrusting.endpoint, undefined, 'alice'), 'whoAmI'), null)
})

// ---- safe by default

test('only a server that asks may listen beyond this machine', async () => {
  for (const security of [undefined, trustedPeer(), plain({ user: 'a', password: 'b' })]) {
    const server = new Server('remote', { ...(security && { security }) })
    open.push(server)
    assert.is(await codeOf(server.bind('tcp://0.0.0.0:0')), 'UNAUTHENTICATED_BIND undefined')
  }
  const asking = new Server('remote', {
    security: curve.server({ secretKey: SERVER.secretKey, authorize: [] }),
  })
  open.push(asking)
  assert.match(await asking.bind('tcp://0.0.0.0:0'), /^tcp:/)
  const allowed = new Server('remote', { security: trustedPeer(), allowUnauthenticated: true })
  open.push(allowed)
  assert.match(await allowed.bind('tcp://0.0.0.0:0'), /^tcp:/)
})

test('mechanisms that differ do not meet: no call gets through, none is lost in silence', async () => {
  const { endpoint, calls } = await serve(plain({ users: { alice: 'a' } }))
  for (const security of [undefined, curve.client({ serverKey: SERVER.publicKey, ...ALICE })]) {
    const client = connect(endpoint, security)
    assert.is(await codeOf(client.with({ timeoutMs: 300 }).count!()), 'DEADLINE_EXCEEDED no')
  }
  assert.is(calls(), 0)
})

test('options that make no sense are refused when they are given', () => {
  const code = (action: () => unknown): string => {
    try {
      action()
      return 'no error'
    } catch (error) {
      return (error as RpcError).code
    }
  }
  assert.is(
    code(() => curve.server({ secretKey: SERVER.secretKey })),
    'BAD_OPTION',
  )
  assert.is(
    code(() => curve.server({ secretKey: 'short', authorize: [] })),
    'BAD_CURVE_KEY',
  )
  assert.is(
    code(() => curve.client({ serverKey: Buffer.alloc(31) })),
    'BAD_CURVE_KEY',
  )
  assert.is(
    code(() => curve.client({ serverKey: `${SERVER.publicKey.slice(0, 39)}~` })),
    'BAD_CURVE_KEY',
  )
  assert.is(
    code(() => curve.client({ serverKey: SERVER.publicKey, publicKey: ALICE.publicKey })),
    'BAD_OPTION',
  )
  assert.is(
    code(() => plain({ user: 'u'.repeat(256), password: '' })),
    'BAD_OPTION',
  )
  assert.is(
    code(() => new Server('remote', { security: {} as never })),
    'BAD_OPTION',
  )
})

test.run()
