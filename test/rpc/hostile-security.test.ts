/**
 * Peers that mean harm, against Servers that ask who they are, over real connections: what they say before their login, logins that are none,
 * answers to calls of others, names of others. No function runs for whoever was not let in, and honest clients notice nothing.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { maybeDecodeZ85 } from '../../src/base/z85.ts'
import { encode } from '../../src/codec/index.ts'
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
import { TransportContext } from '../../src/zmtp/connections.ts'
import { Dealer } from '../../src/zmtp/index.ts'
import { FakeClock } from '../support/clock.ts'
import { CurveScript } from '../support/curve-script.ts'
import { nextTurn } from '../support/delivery.ts'
import { command, greeting, octets, property } from '../support/engine.ts'
import { RawListener, RawPeer } from '../support/raw-peer.ts'
import { until, within } from '../support/within.ts'

const test = suite('hostile RPC peers and security')

const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))

const open: { close(): unknown }[] = []
test.after.each(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

function opened<T extends { close(): unknown }>(one: T): T {
  open.push(one)
  return one
}

const SERVER = curve.keyPair()
const MALLORY = curve.keyPair()
const LOGIN = { user: 'alice', password: 'wonderland' }

class Served {
  readonly server: Server
  readonly errors: RpcError[] = []
  readonly ran: unknown[][] = []
  endpoint = ''

  constructor(security: AuthenticationBackend | undefined, options: ParticipantOptions = {}) {
    this.server = opened(new Server('remote', { ...(security && { security }), ...options }))
    this.server.on('error', (error) => this.errors.push(error as RpcError))
    this.server.registerRpc('run', (...args: unknown[]) => {
      this.ran.push(args)
      return args.length
    })
    this.server.registerRpc({ withContext: true }, function whoAmI(ctx: CallContext) {
      return ctx.user ?? null
    })
  }

  async bind(): Promise<this> {
    this.endpoint = await this.server.bind('tcp://127.0.0.1:0')
    return this
  }

  client(security: AuthenticationBackend | undefined, userId?: string): Client {
    const client = opened(
      new Client('remote', { ...(security && { security }), ...(userId !== undefined && { userId }) }),
    )
    client.on('error', () => {})
    client.connect(this.endpoint)
    return client
  }

  /** A socket that encrypts, and then says what it likes. */
  stranger(identity?: string): Dealer {
    const dealer = opened(
      new Dealer({
        linger: 0,
        reconnectInterval: -1,
        curveServerKey: SERVER.publicKey,
        curvePublicKey: MALLORY.publicKey,
        curveSecretKey: MALLORY.secretKey,
        ...(identity !== undefined && { routingId: identity }),
      }),
    )
    dealer.connect(this.endpoint)
    return dealer
  }
}

/** A peer made of octets that is closed with everything else. */
class Stranger {
  readonly raw: RawPeer

  private constructor(raw: RawPeer) {
    this.raw = raw
  }

  static async connect(endpoint: string): Promise<Stranger> {
    return new Stranger(await RawPeer.connect(endpoint))
  }

  close(): void {
    this.raw.destroy()
  }
}

/** Asks for a login inside CURVE. */
function loginServer(options: ParticipantOptions = {}): Promise<Served> {
  const login = { [LOGIN.user]: LOGIN.password }
  return new Served(curve.server({ secretKey: SERVER.secretKey, login }), options).bind()
}

const honest = (served: Served): Client =>
  served.client(curve.client({ serverKey: SERVER.publicKey, login: LOGIN }))

const call = (client: Client, method: string, ...args: unknown[]): Promise<unknown> =>
  within(5000, client.call(method, args) as Promise<unknown>)

function over(dealer: Dealer): Promise<unknown> {
  return within(5000, new Promise((resolve) => dealer.events.on('disconnect', resolve)), 'the end')
}

// -- before the login --------------------------------------------------------------------------------------------------

const EARLY: readonly (readonly [what: string, frame: Buffer | string])[] = [
  ['a CALL', encode([0, 1, 'run', ['early']])],
  ['a RESULT', encode([1, 1, 'forged'])],
  ['an ERROR', encode([2, 1, { c: 'X', m: 'x' }])],
  ['a CANCEL', encode([3, 1])],
  ['an ITEM', encode([4, 1, 'x'])],
  ['a NOTIFY', encode([7, 'run', ['early']])],
  ['a WELCOME', encode([9, { v: 2 }])],
  ['a GOAWAY', encode([10, 0, 'UNAUTHENTICATED'])],
  ['a PING', encode([11, 'token'])],
  ['a PONG', encode([12, 'token'])],
  ['a kind of the future', encode([99])],
  ['nothing', ''],
  ['an octet that is no MessagePack', octets('c1')],
  ['text', 'GET / HTTP/1.1\r\n\r\n'],
  ['a bomb of arrays', octets('dd ffffffff dd ffffffff dd ffffffff')],
  ['a HELLO without info', encode([8])],
  ['a HELLO that holds a text', encode([8, 'alice'])],
  ['a HELLO that holds nil', encode([8, null])],
  ['a HELLO with octets behind it', octets('92 08 80 00')],
  ['a HELLO with a key __proto__', octets('92 08 81 a9 "__proto__" 80')],
  ['a HELLO of 9 KiB', encode([8, { ...LOGIN, id: 'x'.repeat(9000) }])],
  ['a HELLO of 8 MiB', encode([8, { ...LOGIN, password: 'x'.repeat(8 << 20) }])],
  ['a HELLO of a million values', encode([8, { ...LOGIN, id: Array(999_000).fill(0) }])],
]

for (const [what, message] of EARLY) {
  test(`before the login: ${what} ends the connection, and nothing behind it is heard`, async () => {
    const served = await loginServer()
    const alice = honest(served)
    const dealer = served.stranger()
    const ended = over(dealer)
    await dealer.send(message)
    await dealer.send(encode([8, LOGIN])).catch(() => {})
    await dealer.send(encode([0, 1, 'run', ['late']])).catch(() => {})
    await ended
    await until(() => served.server.stats().protocolErrors === 1)
    assert.equal(served.ran, [])
    assert.not(dealer.readable)
    assert.is(await call(alice, 'run', 'honest'), 1)
    assert.is(served.server.peers.size, 1)
    assert.is(served.server.stats().unauthenticated, 0)
  })
}

test('before the login: what comes by a route that is not its own is dropped, and its place is lost when time is up', async () => {
  const served = await loginServer({ handshakeTimeoutMs: 300 })
  const dealer = served.stranger()
  const ended = over(dealer)
  await dealer.send(['proxied', encode([8, LOGIN])])
  await dealer.send(['proxied', encode([0, 1, 'run', []])])
  await dealer.send(['', encode([0, 2, 'run', []])])
  await ended
  assert.equal(served.ran, [])
  assert.is(served.server.peers.size, 0)
  assert.not(dealer.readable)
})

// -- logins ------------------------------------------------------------------------------------------------------------

const LOGINS: readonly (readonly [what: string, info: unknown])[] = [
  ['none', {}],
  ['a user without a password', { user: 'alice' }],
  ['a password without a user', { password: LOGIN.password }],
  ['a wrong password', { ...LOGIN, password: 'Wonderland' }],
  ['a password with something behind it', { ...LOGIN, password: `${LOGIN.password}\0` }],
  ['the beginning of a password', { ...LOGIN, password: LOGIN.password.slice(0, -1) }],
  ['a user of another case', { ...LOGIN, user: 'Alice' }],
  ['a password that is true', { ...LOGIN, password: true }],
  ['a password that is a list of itself', { ...LOGIN, password: [LOGIN.password] }],
  ['a password that is a map', { ...LOGIN, password: { length: 10 } }],
  ['octets for a password', { ...LOGIN, password: Buffer.from(LOGIN.password) }],
  ['numbers', { user: 0, password: 0 }],
  ['nil', { user: null, password: null }],
  ['the name of a method of every object', { user: 'toString', password: '' }],
  ['the name of its maker', { user: 'constructor', password: '' }],
  ['a name that is no user, and the empty password', { user: 'nobody', password: '' }],
  ['a password of 7 KiB', { ...LOGIN, password: 'x'.repeat(7000) }],
  ['a name claimed', { user: '', password: '', name: 'alice' }],
]

for (const [what, info] of LOGINS) {
  test(`a login that is ${what} is refused with one text, and what was sent behind it is not heard`, async () => {
    const served = await loginServer()
    const alice = honest(served)
    await within(5000, alice.ready())
    const dealer = served.stranger('alice')
    const ended = over(dealer)
    await dealer.send(encode([8, info]))
    await dealer.send(encode([0, 1, 'run', ['behind']])).catch(() => {})
    await dealer.send(encode([8, LOGIN])).catch(() => {})
    await dealer.send(encode([0, 2, 'run', ['behind']])).catch(() => {})
    await ended
    const answers: string[] = []
    while (dealer.readable) answers.push((await dealer.receive())[0]!.toString('hex'))
    assert.equal(answers, [encode([10, 0, 'UNAUTHENTICATED']).toString('hex')])
    assert.equal(served.ran, [])
    assert.equal(
      served.errors.map(({ code, message }) => [code, message]),
      [['LOGIN_REFUSED', 'the login of a peer was refused']],
    )
    assert.is(served.server.stats().unauthenticated, 1)
    assert.is(await call(alice, 'run', 'honest'), 1)
    assert.is(served.server.peers.size, 1)
  })
}

test('of two HELLOs the first decides: the second is neither judged nor answered', async () => {
  const asked: string[] = []
  let decide: (user: boolean) => void = () => {}
  const login = (user: string, _password: string, address: string): Promise<boolean> => {
    asked.push(`${user} at ${address}`)
    return new Promise((resolve) => {
      decide = resolve
    })
  }
  const served = await new Served(curve.server({ secretKey: SERVER.secretKey, login })).bind()
  const dealer = served.stranger()
  await dealer.send(encode([8, { user: 'first', password: '' }]))
  await dealer.send(encode([8, { user: 'second', password: '' }]))
  await dealer.send(encode([0, 1, 'whoAmI', []]))
  await until(() => asked.length > 0)
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  assert.not(dealer.readable, 'it was heard before it was judged')
  decide(true)
  const welcome = await within(5000, dealer.receive())
  assert.is(welcome[0]![1], 9)
  assert.is(String((await within(5000, dealer.receive()))[0]), String(encode([1, 1, 'first'])))
  assert.equal(asked, ['first at 127.0.0.1'])
  assert.is(served.server.stats().ignored, 1)
})

test('a peer that leaves while it is judged is gone, whatever the verdict', async () => {
  for (const verdict of [true, false]) {
    let decide: (user: boolean) => void = () => {}
    let asked = 0
    const login = (): Promise<boolean> => {
      asked++
      return new Promise((resolve) => {
        decide = resolve
      })
    }
    const served = await new Served(curve.server({ secretKey: SERVER.secretKey, login })).bind()
    const dealer = served.stranger()
    await dealer.send(encode([8, LOGIN]))
    await dealer.send(encode([0, 1, 'run', []]))
    await until(() => asked === 1)
    dealer.close()
    await until(() => served.server.stats().peers === 0)
    decide(verdict)
    await nextTurn()
    assert.equal(served.ran, [])
    assert.is(served.server.peers.size, 0)
    assert.equal(served.errors, [])
  }
})

test('a login where none is wanted changes nothing: neither with no security, nor with another', async () => {
  for (const [security, expected] of [
    [undefined, null],
    [trustedPeer(), 'bob'],
  ] as const) {
    const served = await new Served(security).bind()
    const dealer = opened(new Dealer({ linger: 0 }))
    dealer.connect(served.endpoint)
    await dealer.send(encode([8, { user: 'alice', password: 'guess', name: 'bob' }]))
    await dealer.send(encode([0, 1, 'whoAmI', []]))
    await within(5000, dealer.receive())
    assert.is(String((await within(5000, dealer.receive()))[0]), String(encode([1, 1, expected])))
  }
  const served = await new Served(plain({ users: { mallory: 'm' } })).bind()
  const dealer = opened(new Dealer({ linger: 0, plainUsername: 'mallory', plainPassword: 'm' }))
  dealer.connect(served.endpoint)
  await dealer.send(encode([8, { ...LOGIN, name: 'alice' }]))
  await dealer.send(encode([0, 1, 'whoAmI', []]))
  await within(5000, dealer.receive())
  assert.is(String((await within(5000, dealer.receive()))[0]), String(encode([1, 1, 'mallory'])))
  assert.equal(served.server.peersOf('alice'), [])
})

// -- before the handshake is done --------------------------------------------------------------------------------------

test('P17: a PLAIN dialog with a wrong password and a CALL, all in one, gets ERROR 400 and runs nothing', async () => {
  const served = await new Served(plain({ users: { alice: 'a' } })).bind()
  const alice = served.client(plain({ user: 'alice', password: 'a' }))
  const peer = await RawPeer.connect(served.endpoint)
  const run = encode([0, 1, 'run', ['sneaky']])
  peer.write(
    greeting('PLAIN'),
    command('HELLO', '\x05alice\x05wrong'),
    command('INITIATE', property('Socket-Type', 'DEALER')),
    Buffer.concat([Buffer.from([0, run.length]), run]),
  )
  await peer.over()
  assert.equal(peer.frames, [{ flags: 4, body: octets('05 "ERROR" 03 "400"') }])
  assert.is(await call(alice, 'run'), 0)
  assert.equal(served.ran, [[]])
  assert.equal(
    served.errors.map(({ code }) => code),
    ['AUTHENTICATION_FAILED'],
  )
})

test('S07, S08: a server that refuses rejects the calls that wait, and is not dialled again', async () => {
  for (const refusal of [octets('040a 05 "ERROR" 03 "400"'), octets('0409 5e "RROR" 03 "400"')]) {
    const listener = await RawListener.open()
    open.push(listener)
    const client = opened(
      new Client('remote', {
        security: plain({ user: 'alice', password: 'a' }),
        reconnect: { minMs: 1, maxMs: 2 },
      }),
    )
    client.on('error', () => {})
    client.connect(listener.endpoint)
    const waiting = [client.call('run', []), client.call('run', [1])] as Promise<unknown>[]
    const refused = Promise.allSettled([...waiting, client.ready()])
    const peer = await (await listener.peer(0)).hears(64)
    peer.write(greeting('PLAIN'))
    await until(() => peer.frames.length === 1)
    peer.write(refusal)
    const outcomes = await within(5000, refused)
    assert.equal(
      outcomes.map(
        (outcome) => outcome.status === 'rejected' && [outcome.reason.code, outcome.reason.executed],
      ),
      Array(3).fill(['UNAUTHENTICATED', 'no']),
    )
    for (let turn = 0; turn < 100; turn++) await nextTurn()
    assert.is(listener.count, 1)
  }
})

test('fault 24: a Server gives an address a hundred key exchanges at once, and no more before time has passed', async () => {
  const clock = new FakeClock()
  const context = new TransportContext({ clock })
  const security = curve.server({ secretKey: SERVER.secretKey, authorize: [MALLORY.publicKey] })
  const served = await new Served(security, { context }).bind()
  const hello = new CurveScript(maybeDecodeZ85(SERVER.publicKey)!).hello()
  const ask = async (): Promise<boolean> => {
    const peer = opened(await Stranger.connect(served.endpoint))
    peer.raw.write(greeting('CURVE'), hello)
    await until(() => peer.raw.closed || peer.raw.frames.length > 0)
    return peer.raw.frames.length > 0
  }
  const welcomed = async (tries: number): Promise<number> => {
    const answers = await Promise.all(Array.from({ length: tries }, ask))
    return answers.filter(Boolean).length
  }
  assert.is(await welcomed(150), 100)
  clock.advance(100)
  assert.is(await welcomed(30), 10)
  clock.advance(1000)
  const client = served.client(curve.client({ serverKey: SERVER.publicKey, ...MALLORY }))
  assert.is(await call(client, 'whoAmI'), MALLORY.publicKey)
})

// -- among peers that were let in ----------------------------------------------------------------------------------------

test('R52, T7: an answer to a call of another peer, and a CANCEL of it, count for nothing, whatever id is guessed', async () => {
  const served = await new Served(plain({ users: { alice: 'a', mallory: 'm' } })).bind()
  const { server } = served
  let finish: (value: string) => void = () => {}
  let aborted = 0
  server.registerRpc({ withContext: true }, function wait(ctx: CallContext) {
    ctx.signal.addEventListener('abort', () => aborted++)
    return new Promise((resolve) => {
      finish = resolve
    })
  })
  let id = 0
  const alice = opened(new Dealer({ linger: 0, plainUsername: 'alice', plainPassword: 'a' }))
  alice.connect(served.endpoint)
  await alice.send(encode([0, 7, 'wait', []]))
  await until(() => server.peers.size === 1 && server.stats().running === 1)
  const question = server.sendTo('alice').secret!() as Promise<unknown>
  const [asked] = await within(5000, alice.receive())
  // The id of the very call, as a wiretap would know it: uint32, behind the head of the array and the kind.
  id = asked![2] === 0xce ? asked!.readUInt32BE(3) : asked![2]!
  const mallory = opened(new Dealer({ linger: 0, plainUsername: 'mallory', plainPassword: 'm' }))
  mallory.connect(served.endpoint)
  for (let guess = id - 50; guess <= id + 50; guess++) {
    await mallory.send(encode([1, guess, 'forged']))
    await mallory.send(encode([2, guess, { c: 'FORGED', m: 'forged', x: 'no' }]))
  }
  for (let guess = 0; guess < 20; guess++) await mallory.send(encode([3, guess]))
  await until(() => server.stats().late === 202 && server.stats().ignored === 20)
  await alice.send(encode([1, id, 'the truth']))
  assert.is(await within(5000, question), 'the truth')
  assert.is(aborted, 0)
  finish('done')
  assert.is(String((await within(5000, alice.receive()))[0]), String(encode([1, 7, 'done'])))
})

test('T6: neither a routing id nor a claimed name makes a peer somebody else', async () => {
  const served = await new Served(plain({ users: { alice: 'a', mallory: 'm' } })).bind()
  const { server } = served
  const mallory = opened(
    new Dealer({ linger: 0, plainUsername: 'mallory', plainPassword: 'm', routingId: 'alice' }),
  )
  mallory.connect(served.endpoint)
  await mallory.send(encode([8, { name: 'alice', user: 'alice' }]))
  await mallory.send(encode([0, 1, 'whoAmI', []]))
  await within(5000, mallory.receive())
  assert.is(String((await within(5000, mallory.receive()))[0]), String(encode([1, 1, 'mallory'])))
  const nobody: RpcError = await server.sendTo('alice').secret!().catch((error: RpcError) => error)
  assert.equal([nobody.code, nobody.executed], ['UNAVAILABLE', 'no'])
  const alice = served.client(plain({ user: 'alice', password: 'a' }), 'mallory')
  alice.registerRpc('secret', () => 'from alice')
  assert.is(await call(alice, 'whoAmI'), 'alice')
  assert.is(await within(5000, server.sendTo('alice').secret!() as Promise<unknown>), 'from alice')
  assert.not(mallory.readable)
  assert.equal(
    server.peersOf('mallory').map(({ user }) => user),
    ['mallory'],
  )
})

test('nothing is rejected unheard in all of this', async () => {
  await nextTurn()
  assert.equal(rejections, [])
})

test.run()
