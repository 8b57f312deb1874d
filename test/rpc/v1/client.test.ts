// A Client of protocol 1 against a server made of octets, and against our own Server: what it says, exactly, and when.
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../../src/codec/index.ts'
import { Client, curve, plain, type RpcError, Server } from '../../../src/rpc/index.ts'
import { ClientCore } from '../../../src/rpc/participants/client-core.ts'
import type { ClientOptions } from '../../../src/rpc/participants/client-options.ts'
import { TransportContext } from '../../../src/zmtp/connections.ts'
import { FakeClock } from '../../support/clock.ts'
import {
  AUTHENTICATED,
  ERROR,
  HEARTBEAT,
  HELLO,
  OctetPeer,
  type OctetPeerOptions,
  OK,
  UNAUTHORIZED,
  WORK,
} from '../../support/octet-peer.ts'
import { sleep, until, within } from '../../support/within.ts'

const test = suite('protocol 1: a Client')

const UUID = Buffer.from('000102030405460788090a0b0c0d0e0f', 'hex')

const open = new Set<{ close(): Promise<void> }>()
test.after.each(async () => {
  for (const one of [...open].reverse()) await within(5000, one.close(), 'close')
  open.clear()
})

interface Bench {
  readonly core: ClientCore
  readonly clock: FakeClock
  call(name: string, ...args: unknown[]): Promise<unknown>
  connect(options?: OctetPeerOptions): OctetPeer
}

function newClient(options: ClientOptions = {}): Bench {
  const clock = new FakeClock()
  let draws = 0
  const context = new TransportContext({ clock, random: () => (draws++ % 97) / 97 })
  const core = new ClientCore('remote', { context, protocol: 1, heartbeat: false, ...options })
  open.add(core)
  core.registry.registerRpc({ lower: (text: string) => text.toLowerCase() })
  return {
    core,
    clock,
    call: (name, ...args) => {
      const call = core.calls.start(core, name, args, core.settings)
      call.catch(() => {}) // what a failing test leaves open
      return call
    },
    connect: (peer = {}) => new OctetPeer(core, { identity: 'remote', outgoing: true, ...peer }),
  }
}

async function failure(call: Promise<unknown>): Promise<RpcError> {
  return within(
    5000,
    call.then(
      () => {
        throw new Error('it was resolved')
      },
      (error: unknown) => error as RpcError,
    ),
  )
}

test('is a ROUTER, probes, calls, and takes OK for the result', async () => {
  const { call, connect } = newClient()
  const peer = connect()
  const result = call('math.add', 2, { a: 4 })
  const [probe, work] = await peer.heard()
  assert.equal(probe, [Buffer.from('')])
  assert.equal(
    work!.map((part) => part.length),
    [0, 2, 16, 1, 17],
  )
  assert.equal(decode(work![4]!), ['math.add', [2, { a: 4 }], {}])
  peer.say(OK, work![2]!, encode(6))
  assert.is(await result, 6)
})

test('a call of undefined, with headers and a deadline, is a name and arguments all the same', async () => {
  const { core, connect } = newClient()
  const peer = connect()
  const settings = core.settings.with({ headers: { trace: '7f' }, timeoutMs: 500, idempotencyKey: 'k' })
  core.calls.start(core, 'echo', [null], settings).catch(() => {})
  await peer.heard().then((messages) => assert.equal(decode(messages[1]![4]!), ['echo', [null], {}]))
})

test('answers what the server calls, and takes its errors', async () => {
  const { call, connect } = newClient()
  const peer = connect().frames('').work(UUID, 'lower', ['ABC']).work(UUID, 'missing')
  const declared = call('boom')
  const [, ...said] = await peer.heard()
  assert.equal(decode(said[0]![4]!), 'abc')
  assert.equal(decode(said[1]![4]!), ['ServiceNotFoundError', 'there is no function "missing"', ''])
  peer.say(ERROR, said[2]![2]!, encode(['KeyError', "'nothing'", 'Traceback (most recent call last):\n  x']))
  const error = await failure(declared)
  assert.equal(
    [error.name, error.code, error.executed, error.message, error.remoteStack],
    ['KeyError', 'INTERNAL', 'yes', "'nothing'", 'Traceback (most recent call last):\n  x'],
  )
})

test('names of errors are looked up in the fixed table alone', async () => {
  const { call, connect } = newClient()
  const peer = connect()
  await peer.heard()
  for (const [name, isStandard] of [
    ['RangeError', true],
    ['constructor', false],
    ['Function', false],
    ['__proto__', false],
    ['AggregateError', false],
  ] as const) {
    const failed = call('x')
    const [{ uuid }] = (await peer.answers()) as unknown as [{ uuid: Buffer }]
    peer.say(ERROR, uuid, encode([name, 'text', '']))
    const error = await failure(failed)
    assert.equal([error.name, error.code, error instanceof RangeError], [name, 'INTERNAL', isStandard])
  }
})

test('a result that is a pickled datetime is refused with the reason as cause', async () => {
  const { call, connect } = newClient()
  const peer = connect()
  const result = call('now')
  const [, work] = await peer.heard()
  peer.say(OK, work![2]!, Buffer.from('c7037d80049580', 'hex'))
  const error = await failure(result)
  assert.equal([error.code, error.executed], ['PROTOCOL', 'yes'])
  assert.match((error.cause as Error).message, /pickled datetime of Python/)
})

test('an application may give the codes of the pickles a meaning of its own', async () => {
  class Moment {}
  const moment = { type: 125, class: Moment, encode: () => Buffer.of(1), decode: () => new Moment() }
  const { call, connect } = newClient({ extensions: [moment] })
  const peer = connect()
  const result = call('now')
  const [, work] = await peer.heard()
  peer.say(OK, work![2]!, Buffer.from('d47d01', 'hex'))
  assert.ok((await result) instanceof Moment)
})

test('says HEARTBEAT at each interval, and nobody is asked to answer', async () => {
  const { clock, connect } = newClient({ heartbeat: { intervalMs: 1000, timeoutMs: 60_000 } })
  const peer = connect()
  await peer.heard()
  for (let n = 0; n < 3; n++) {
    clock.advance(1010)
    await sleep(0)
  }
  const beats = await peer.answers()
  assert.equal(
    beats.map(({ uuid, type, body }) => [uuid.length, type, body]),
    Array.from({ length: 3 }, () => [0, HEARTBEAT, '']),
  )
  peer.say(HEARTBEAT, '')
  assert.equal([(await peer.answers()).length, peer.over], [0, false])
})

test('heartbeat: false says none', async () => {
  const { clock, connect } = newClient()
  const peer = connect()
  clock.advance(60_000)
  await sleep(0)
  assert.is((await peer.heard()).length, 1)
})

test('a late answer is counted, an aborted call says nothing to a server that could not hear it', async () => {
  const { core, clock, connect } = newClient()
  const peer = connect()
  const abort = new AbortController()
  const aborted = failure(core.calls.start(core, 'a', [], core.settings.with({ signal: abort.signal })))
  const timed = failure(core.calls.start(core, 'b', [], core.settings.with({ timeoutMs: 100 })))
  const said = await peer.heard()
  abort.abort(new Error('enough'))
  clock.advance(150)
  assert.equal([(await aborted).message, (await timed).code], ['enough', 'DEADLINE_EXCEEDED'])
  assert.equal(await peer.heard(), [])
  for (const work of said.slice(1)) peer.say(OK, work[2]!, encode(1))
  assert.is(core.stats().late, 2)
})

test('the link is lost: sent calls fail at once with maybe', async () => {
  const { call, connect } = newClient()
  const peer = connect()
  const lost = failure(call('x'))
  await peer.heard()
  peer.close()
  const error = await lost
  assert.equal([error.code, error.executed], ['UNAVAILABLE', 'maybe'])
})

test('a server of another name is refused', async () => {
  const { core, connect } = newClient()
  const peer = connect({ identity: 'other' })
  await sleep(0)
  assert.equal([peer.over, core.connected], [true, false])
})

test('a server that speaks protocol 2 is told so by the end of the connection', async () => {
  const { core, connect } = newClient()
  const peer = connect().frames(encode([0, 1, 'lower', ['ABC']]))
  assert.equal([peer.over, peer.error?.code, core.stats().protocolErrors], [true, 'PROTOCOL', 1])
})

test('messages that mean nothing at a client are counted', async () => {
  const { core, connect } = newClient()
  const peer = connect()
    .frames('')
    .say(HELLO, UUID, encode(['a', 'b']))
    .say(AUTHENTICATED, UUID)
  peer.say(UNAUTHORIZED, UUID).say(0x7f, UUID)
  assert.equal([core.stats().ignored, peer.over], [4, false])
})

// -- logins ----------------------------------------------------------------------------------------------------------------

const LOGIN: ClientOptions = { security: plain({ user: 'john', password: 's3cret!', inHello: true }) }

test('logs in before anything else, and calls wait until that is answered', async () => {
  const { core, call, connect } = newClient(LOGIN)
  const peer = connect()
  const result = call('lower', 'ABC')
  await sleep(0)
  const [probe, beat, hello, ...rest] = await peer.heard()
  assert.equal([probe!.length, beat![3], hello!.length, rest.length], [1, Buffer.of(HEARTBEAT), 5, 0])
  assert.equal(
    [hello![3], decode(hello![4]!)],
    [Buffer.of(HELLO), [Buffer.from('john'), Buffer.from('s3cret!')]],
  )
  assert.is(core.stats().queued, 1)
  let ready = false
  void core.ready({}).then(() => {
    ready = true
  })
  await sleep(0)
  assert.is(ready, false)
  peer.say(UNAUTHORIZED, '', 'Authentication Required') // to the HEARTBEAT
  peer.say(AUTHENTICATED, hello![2]!, "Welcome b'john'")
  const [work] = await peer.answers()
  assert.equal([ready, work!.type, work!.body], [true, WORK, ['lower', ['ABC'], {}]])
  peer.say(OK, work!.uuid, encode('abc'))
  assert.is(await result, 'abc')
})

test('a refused login is final: the calls that wait are told, and nobody dials again', async () => {
  const { core, call, connect } = newClient(LOGIN)
  const peer = connect()
  const error = failure(call('lower', 'ABC'))
  await sleep(0)
  const [, , hello] = await peer.heard()
  peer.say(UNAUTHORIZED, hello![2]!, 'Authentication Error')
  await sleep(0)
  assert.is(peer.over, true)
  await core.close()
  assert.ok(['UNAUTHENTICATED', 'CLOSED'].includes((await error).code))
})

test('a HELLO that nobody answers ends the connection after handshakeTimeoutMs', async () => {
  const { clock, connect } = newClient(LOGIN)
  const peer = connect()
  await sleep(0)
  clock.advance(10_100)
  assert.equal([peer.over, peer.error?.code], [true, 'HANDSHAKE_TIMEOUT'])
})

test('a server that asks for a login that there is not: the call is told so, and was not run', async () => {
  const { call, connect } = newClient()
  const peer = connect()
  const failed = failure(call('lower', 'ABC'))
  const [, work] = await peer.heard()
  peer.say(UNAUTHORIZED, work![2]!, 'Authentication Required')
  const error = await failed
  assert.equal([error.name, error.code, error.executed], ['UnauthorizedError', 'UNAUTHENTICATED', 'no'])
})

// -- with our own Server -----------------------------------------------------------------------------------------------------

const SERVER_KEYS = curve.keyPair()

for (const [name, at] of [
  ['tcp', 'tcp://127.0.0.1:0'],
  ['ipc', `ipc://${path.join(tmpdir(), `pseud-v1-${process.pid}`)}`],
  ['inproc', 'inproc://v1'],
] as const) {
  test(`${name}: clients of both protocols at one endpoint, and the server calls both`, async () => {
    const server = new Server('remote', { protocols: [2, 1] })
    open.add(server)
    server.registerRpc('lower', (text: string) => text.toLowerCase())
    const endpoint = await server.bind(at)
    const clients = ([1, 2] as const).map((protocol) => {
      const client = new Client('remote', { protocol, userId: `client ${protocol}` }).connect(endpoint)
      open.add(client)
      client.registerRpc('twice', (n: number) => 2 * n)
      return client
    })
    for (const client of clients) {
      assert.is(await within(5000, client.lower('ABC') as Promise<unknown>), 'abc')
      assert.equal(
        await within(5000, client.call('lower', ['x'.repeat(200_000).toUpperCase()])),
        'x'.repeat(200_000),
      )
    }
    await until(() => server.peers.size === 2)
    for (const user of ['client 1', 'client 2']) {
      assert.is(await within(5000, server.sendTo(user).twice(21) as Promise<unknown>), 42)
    }
    for (const client of clients) await client.close()
    await until(() => server.peers.size === 0)
  })
}

test('a client that is bound is found by a server that dials, whichever of the two speaks first', async () => {
  for (const protocols of [[1], [2, 1]] as const) {
    const client = new Client('remote', { protocol: 1, userId: 'client' })
    open.add(client)
    client.registerRpc('twice', (n: number) => 2 * n)
    const server = new Server('remote', { protocols })
    open.add(server)
    server.registerRpc('lower', (text: string) => text.toLowerCase())
    server.connect(await client.bind('tcp://127.0.0.1:0'))
    if (protocols.length === 1) {
      await until(() => server.peers.size === 1)
      assert.is(await within(5000, server.sendTo('client').twice(21) as Promise<unknown>), 42)
    }
    assert.is(await within(5000, client.lower('ABC') as Promise<unknown>), 'abc')
    assert.is(await within(5000, server.sendTo('client').twice(21) as Promise<unknown>), 42)
    assert.is(client.stats().ignored, 0)
  }
})

test('calls to a server of protocol 1 are sent again when that is safe, and not otherwise', async () => {
  const { core, clock, connect } = newClient({
    idempotent: ['get'],
    retry: { minMs: 10, maxMs: 20 },
  })
  const first = connect()
  const get = core.calls.start(core, 'get', [1], core.settings)
  const put = failure(core.calls.start(core, 'put', [1], core.settings))
  assert.is((await first.heard()).length, 3)
  first.close()
  assert.equal([(await put).code, (await put).executed], ['UNAVAILABLE', 'maybe'])
  const second = connect()
  clock.advance(100)
  await sleep(0)
  const [, again] = await second.heard()
  assert.equal(decode(again![4]!), ['get', [1], {}])
  second.say(OK, again![2]!, encode('got'))
  assert.is(await get, 'got')
})

test('a thousand calls in one turn are answered, in both directions', async () => {
  const server = new Server('remote', { protocols: [1] })
  open.add(server)
  server.registerRpc('echo', async (n: number) => n)
  const client = new Client('remote', { protocol: 1, userId: 'client' })
  open.add(client)
  client.registerRpc('echo', (n: number) => n)
  client.connect(await server.bind('tcp://127.0.0.1:0'))
  const calls = Array.from({ length: 1000 }, (_, n) => n)
  assert.equal(await within(10_000, Promise.all(calls.map((n) => client.call('echo', [n])))), calls)
  const back = calls.map((n) => server.sendTo('client').echo(n) as Promise<unknown>)
  assert.equal(await within(10_000, Promise.all(back)), calls)
  assert.equal([server.stats().running, client.stats().inFlight], [0, 0])
})

test('a login inside CURVE: the right one is who it says, the wrong one is refused for good', async () => {
  const server = new Server('remote', {
    protocols: [2, 1],
    security: curve.server({ secretKey: SERVER_KEYS.secretKey, login: { john: 's3cret!' } }),
  })
  open.add(server)
  server.on('error', () => {})
  server.registerRpc({ withIdentity: true }, function who(user: string | undefined) {
    return user ?? null
  })
  const endpoint = await server.bind('tcp://127.0.0.1:0')
  for (const protocol of [1, 2] as const) {
    const login = (password: string): Client => {
      const security = curve.client({ serverKey: SERVER_KEYS.publicKey, login: { user: 'john', password } })
      const client = new Client('remote', { protocol, security }).connect(endpoint)
      open.add(client)
      return client
    }
    assert.is(await within(5000, login('s3cret!').who() as Promise<unknown>), 'john')
    const error = await failure(login('guess').who() as Promise<unknown>)
    assert.equal([error.code, error.executed], ['UNAUTHENTICATED', 'no'])
  }
})

test('PLAIN in the handshake knows the user of protocol 1, too; a login in HELLO serves both protocols', async () => {
  for (const inHello of [false, true]) {
    const security = plain({ users: { john: 's3cret!' }, inHello })
    const server = new Server('remote', { protocols: [2, 1], security })
    open.add(server)
    server.registerRpc({ withIdentity: true }, function who(user: string | undefined) {
      return user ?? null
    })
    const endpoint = await server.bind('tcp://127.0.0.1:0')
    for (const protocol of [1, 2] as const) {
      const login = plain({ user: 'john', password: 's3cret!', inHello })
      const client = new Client('remote', { protocol, security: login }).connect(endpoint)
      open.add(client)
      assert.is(await within(5000, client.who() as Promise<unknown>), 'john')
    }
    assert.is(server.peersOf('john').length, 2)
  }
})

test('protocol is 1 or 2', () => {
  for (const protocol of [0, 3, '1', 'v1'] as never[]) {
    assert.throws(
      () => new Client('remote', { protocol }),
      (error: RpcError) => error.code === 'BAD_OPTION',
    )
  }
})

test.run()
