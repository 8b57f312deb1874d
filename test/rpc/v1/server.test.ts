// A Server that speaks both protocols, against peers made of octets: what it says to clients of protocol 1, exactly; who is taken for one; what it
// bears from those that are none.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../../src/codec/index.ts'
import type { CoreOptions } from '../../../src/rpc/api/options.ts'
import { type CallContext, method, plain, RpcError } from '../../../src/rpc/index.ts'
import { ServerCore } from '../../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../../src/zmtp/connections.ts'
import { FakeClock } from '../../support/clock.ts'
import { feed } from '../../support/feed.ts'
import {
  AUTHENTICATED,
  ERROR,
  framesOf,
  HEARTBEAT,
  HELLO,
  messageOf,
  OctetPeer,
  type OctetPeerOptions,
  OK,
  UNAUTHORIZED,
  WORK,
} from '../../support/octet-peer.ts'
import { sleep, within } from '../../support/within.ts'

const test = suite('protocol 1: a Server')

const UUID = Buffer.from('000102030405460788090a0b0c0d0e0f', 'hex')
const OTHER = Buffer.from('ffffffffffff4fff8fffffffffffffff', 'hex')

const cores = new Set<ServerCore>()
test.after.each(async () => {
  for (const core of cores) await within(5000, core.close(), 'close')
  cores.clear()
})

interface Bench {
  readonly core: ServerCore
  readonly clock: FakeClock
  /** Errors that the server reports. */
  readonly errors: unknown[]
  readonly ended: unknown[]
  connect(options?: OctetPeerOptions): OctetPeer
}

function newServer(options: CoreOptions = {}): Bench {
  const clock = new FakeClock()
  let draws = 0
  const context = new TransportContext({ clock, random: () => (draws++ % 97) / 97 })
  const core = new ServerCore('remote', { context, protocols: [2, 1], ...options }, undefined)
  cores.add(core)
  const errors: unknown[] = []
  const ended: unknown[] = []
  core.emitter.on('error', (error) => errors.push(error))
  core.registry.registerRpc({
    lower: (text: string) => text.toLowerCase(),
    echo: (...args: unknown[]) => args,
    later: async (value: unknown) => value,
    nothing: () => undefined,
    never: () => new Promise(() => {}),
    math: { add: (a: number, b: number) => a + b },
    area: ({ width, height }: { width: number; height: number }) => width * height,
    wrong: () => {
      throw new TypeError('wrong type')
    },
    far: () => {
      throw new RangeError('too far')
    },
    busy: () => {
      throw new RpcError('RESOURCE_EXHAUSTED', 'come back later')
    },
    denied: () => {
      throw new RpcError('PERMISSION_DENIED', 'not you')
    },
    evil: () => {
      throw Object.assign(new Error('import os'), { name: 'exec' })
    },
    unmakeable: () => {
      throw Object.assign(new Error('text'), { name: 'UnicodeDecodeError' })
    },
    *ticks() {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        ended.push('ticks')
      }
    },
    async *noTicks() {},
    callMe: method(async (ctx: CallContext, n: number) => ctx.peer.call('twice', [n])),
    who: method((ctx: CallContext) => ctx.user ?? null),
  })
  return { core, clock, errors, ended, connect: (peer = {}) => new OctetPeer(core, peer) }
}

test('answers a WORK with an OK of the same uuid, frame for frame', async () => {
  const peer = newServer().connect().frames('').work(UUID, 'lower', ['ABC'])
  assert.equal(await peer.heard(), [
    [Buffer.from(''), Buffer.from('v1'), UUID, Buffer.from([0x01]), Buffer.from([0xa3, 0x61, 0x62, 0x63])],
  ])
})

test('answers a REQ as a ROUTER, behind the delimiter, one after the other', async () => {
  const { core, connect } = newServer()
  const peer = connect({ socketType: 'REQ' })
  for (const [uuid, text] of [
    [UUID, 'ONE'],
    [OTHER, 'TWO'],
  ] as const) {
    peer.work(uuid, 'later', [text])
    await sleep(0)
    assert.equal(await peer.answers(), [{ uuid, type: OK, body: text }])
  }
  assert.is(core.stats().handled, 2)
})

test('a message may arrive whole, octet by octet, or split anywhere', async () => {
  const message = Buffer.concat([
    framesOf(''),
    messageOf(WORK, UUID, encode(['math.add', [2, 4], {}])),
    messageOf(HEARTBEAT, ''),
    messageOf(WORK, OTHER, encode(['lower', ['ABC'], {}])),
  ])
  const { connect } = newServer()
  const peers: OctetPeer[] = []
  feed(message, (chunks) => peers.push(connect().octets(...chunks)))
  assert.ok(peers.length > 50)
  for (const peer of peers) {
    assert.equal(await peer.answers(), [
      { uuid: UUID, type: OK, body: 6 },
      { uuid: OTHER, type: OK, body: 'abc' },
    ])
  }
})

test('keyword arguments are a last plain object, undefined is nil, a promise is awaited', async () => {
  const peer = newServer().connect()
  peer.work(UUID, 'area', [], { width: 3, height: 4 })
  peer.work(UUID, 'echo', [1, [2, 'x'], null])
  peer.work(UUID, 'echo', [1], { two: 2 })
  peer.work(UUID, 'nothing')
  peer.work(OTHER, 'later', [true])
  await sleep(0)
  assert.equal(
    (await peer.answers()).map(({ type, body }) => [type, body]),
    [
      [OK, 12],
      [OK, [1, [2, 'x'], null]],
      [OK, [1, { two: 2 }]],
      [OK, null],
      [OK, true],
    ],
  )
})

test('errors are a class, a message and a traceback; names that Python would call are never sent', async () => {
  const { connect, errors } = newServer()
  const peer = connect()
  for (const name of ['wrong', 'far', 'busy', 'denied', 'evil', 'unmakeable', 'missing', 'constructor']) {
    peer.work(UUID, name)
  }
  peer.work(UUID, 'area', 'no array')
  assert.equal(
    (await peer.answers()).map(({ type, body }) => [type, body]),
    [
      [ERROR, ['TypeError', 'wrong type', '']],
      [ERROR, ['RangeError', 'too far', '']],
      [ERROR, ['Exception', 'RESOURCE_EXHAUSTED: come back later', '']],
      [ERROR, ['PermissionError', 'not you', '']],
      [ERROR, ['Exception', 'import os', '']],
      [ERROR, ['Exception', 'text', '']],
      [ERROR, ['ServiceNotFoundError', 'there is no function "missing"', '']],
      [ERROR, ['ServiceNotFoundError', 'there is no function "constructor"', '']],
      [ERROR, ['ValueError', 'here should be an array (octet 12)', '']],
    ],
  )
  assert.is(errors.length, 4) // what is no RpcError is reported here, too
})

test('with exposeErrors full the traceback is the stack, with none nothing is told', async () => {
  const open = newServer({ exposeErrors: 'full' }).connect().work(UUID, 'wrong')
  const [told] = await open.answers()
  assert.match((told!.body as string[])[2]!, /^TypeError: wrong type\n {4}at /)
  const shut = newServer({ exposeErrors: 'none' }).connect().work(UUID, 'wrong')
  assert.equal((await shut.answers())[0]!.body, ['Exception', 'the function failed', ''])
})

test('a function that streams answers an ERROR that says so, and its finally runs', async () => {
  const { core, connect, ended } = newServer()
  const peer = connect().work(UUID, 'ticks').work(OTHER, 'noTicks')
  await sleep(0)
  const message = 'the function streams, and protocol 1 has no streams'
  assert.equal(await peer.answers(), [
    { uuid: UUID, type: ERROR, body: ['TypeError', message, ''] },
    { uuid: OTHER, type: ERROR, body: ['TypeError', message, ''] },
  ])
  await sleep(0)
  assert.equal(await peer.answers(), [])
  assert.equal(ended, ['ticks'])
  assert.is(core.stats().running, 0)
})

test('pickled datetimes of Python are refused, and the answer says why', async () => {
  const { connect } = newServer()
  const pickle = Buffer.concat([
    Buffer.from([0x93, 0xa4]),
    Buffer.from('echo'),
    Buffer.from('91c7037d80049580', 'hex'),
  ])
  const peer = connect().say(WORK, UUID, pickle)
  const [{ body }] = (await peer.answers()) as unknown as [{ body: string[] }]
  assert.is(body[0], 'ValueError')
  assert.match(body[1]!, /^extension 125 is a pickled datetime of Python, which is not decoded/)
})

test('sendTo calls a client by its Identity, peers by what they are, and results, errors and streams come to their ends', async () => {
  const { core, connect } = newServer()
  const peer = connect({ identity: 'client' }).frames('')
  const session = core.sessionOf('client')!
  const call = (name: string, args: unknown[] = []): Promise<unknown> =>
    session.lane.call(name, args, core.settings)
  const sum = call('addition', [2, 4])
  const failed = call('boom')
  const missing = call('missing')
  const asked = await peer.answers()
  assert.equal(
    asked.map(({ type, body }) => [type, body]),
    [
      [WORK, ['addition', [2, 4], {}]],
      [WORK, ['boom', [], {}]],
      [WORK, ['missing', [], {}]],
    ],
  )
  for (const { uuid } of asked) assert.match(uuid.toString('hex'), /^.{12}4.{3}[89ab].{15}$/)
  peer.say(ERROR, asked[1]!.uuid, encode(['TypeError', 'no', 'Traceback:\n  line 1']))
  peer.say(ERROR, asked[2]!.uuid, encode(['ServiceNotFoundError', 'missing', 'Traceback']))
  peer.say(OK, asked[0]!.uuid, encode(6))
  assert.is(await sum, 6)
  const error = (await failed.catch((reason: unknown) => reason)) as RpcError
  assert.equal(
    [error instanceof TypeError, error.code, error.executed, error.message, error.remoteStack],
    [true, 'INTERNAL', 'yes', 'no', 'Traceback:\n  line 1'],
  )
  const notFound = (await missing.catch((reason: unknown) => reason)) as RpcError
  assert.equal([notFound.name, notFound.code, notFound.executed], ['ServiceNotFoundError', 'NOT_FOUND', 'no'])
  async function* items(): AsyncGenerator<number> {
    yield 1
  }
  const streaming = (await call('sum', [items()]).catch((reason: unknown) => reason)) as RpcError
  assert.equal([streaming.code, streaming.executed], ['INVALID_ARGUMENT', 'no'])
  assert.equal(await peer.answers(), [])
})

test('a caller is called back from within its own call', async () => {
  const peer = newServer().connect().work(UUID, 'callMe', [21])
  const [question] = await peer.answers()
  assert.equal(question!.body, ['twice', [21], {}])
  peer.say(OK, question!.uuid, encode(42))
  await sleep(0)
  assert.equal(await peer.answers(), [{ uuid: UUID, type: OK, body: 42 }])
})

test('a notification is a WORK whose answer nobody waits for', async () => {
  const { core, connect } = newServer()
  const peer = connect({ identity: 'client' }).frames('')
  assert.is(core.sessionOf('client')!.lane.notify('log', ['x'], core.settings), true)
  const [{ uuid, type, body }] = (await peer.answers()) as unknown as [
    { uuid: Buffer; type: number; body: unknown },
  ]
  assert.equal([type, body], [WORK, ['log', ['x'], {}]])
  peer.say(OK, uuid, encode(null))
  assert.equal([peer.over, core.stats().late], [false, 1])
})

test('a HELLO where nobody has to log in is a name to be called by', async () => {
  const { core, connect } = newServer()
  const peer = connect().say(HELLO, UUID, encode(['john', 'secret']))
  assert.equal(await peer.answers(), [{ uuid: UUID, type: AUTHENTICATED, body: '' }])
  assert.ok(core.sessionOf('john') !== undefined)
  assert.is(core.sessionOf('john')!.user, undefined)
})

// -- logins ----------------------------------------------------------------------------------------------------------------

const LOGIN = { security: plain({ users: { john: 's3cret!' }, inHello: true }) }

test('whoever has to log in is told so at each call, logs in, and calls again', async () => {
  const { core, connect } = newServer(LOGIN)
  const peer = connect().frames('').work(UUID, 'who').say(HEARTBEAT, '')
  assert.equal(await peer.answers(), [{ uuid: UUID, type: UNAUTHORIZED, body: 'log in first' }])
  // As octets, as Python's user_id is; the calls behind it wait until it is judged.
  peer.say(HELLO, UUID, encode([Buffer.from('john'), Buffer.from('s3cret!')])).work(UUID, 'who')
  await sleep(0)
  assert.equal(await peer.answers(), [
    { uuid: UUID, type: AUTHENTICATED, body: '' },
    { uuid: UUID, type: OK, body: 'john' },
  ])
  assert.is(core.sessionOf('john')!.user, 'john')
  // A second HELLO changes nothing, whoever it names.
  peer.say(HELLO, OTHER, encode(['mary', 'x'])).work(UUID, 'who')
  assert.equal(
    (await peer.answers()).map(({ type, body }) => [type, body]),
    [
      [AUTHENTICATED, ''],
      [OK, 'john'],
    ],
  )
})

test('a login that is refused is final: the rest is answered so, unjudged, and the connection ends', async () => {
  const { core, clock, connect, errors } = newServer(LOGIN)
  const peer = connect()
    .work(UUID, 'who')
    .say(HELLO, UUID, encode(['john', 'guess']))
  await sleep(0)
  assert.equal(
    (await peer.answers()).map(({ type, body }) => [type, body]),
    [
      [UNAUTHORIZED, 'log in first'],
      [UNAUTHORIZED, 'the login is refused'],
    ],
  )
  peer.say(HELLO, OTHER, encode(['john', 's3cret!'])).work(OTHER, 'who')
  await sleep(0)
  assert.equal(await peer.answers(), [
    { uuid: OTHER, type: UNAUTHORIZED, body: 'the login is refused' },
    { uuid: OTHER, type: UNAUTHORIZED, body: 'the login is refused' },
  ])
  assert.is(peer.over, false)
  clock.advance(1100)
  await sleep(0)
  assert.equal([peer.over, core.stats().peers, core.stats().unauthenticated], [true, 0, 1])
  assert.is((errors[0] as RpcError).code, 'LOGIN_REFUSED')
})

test('who says nothing, or no login, is not waited for longer than a handshake', async () => {
  for (const first of [undefined, framesOf(''), messageOf(WORK, UUID, encode(['who', [], {}]))]) {
    const { clock, connect } = newServer(LOGIN)
    const peer = connect()
    if (first !== undefined) peer.octets(first)
    await sleep(0)
    clock.advance(10_100)
    assert.equal([peer.over, peer.error?.code], [true, 'HANDSHAKE_TIMEOUT'])
  }
})

test('a login of more than 8 KiB, or none, ends the connection', async () => {
  for (const body of [
    encode(['john', 'x'.repeat(9000)]),
    encode(['john']),
    encode([1, 2]),
    Buffer.from('c1', 'hex'),
  ]) {
    const { core, connect } = newServer(LOGIN)
    const peer = connect().say(HELLO, UUID, body)
    assert.ok(['PROTOCOL', 'NOT_LOGGED_IN'].includes(peer.error!.code!))
    assert.is(core.stats().protocolErrors, 1)
  }
})

// -- who speaks what ---------------------------------------------------------------------------------------------------------

const CALL = encode([0, 1, 'lower', ['ABC']])

test('both protocols are answered at one endpoint: the first message decides', async () => {
  const { core, connect } = newServer()
  const v2 = [
    [connect({ socketType: 'DEALER' }), [CALL]],
    [connect({ socketType: 'REQ' }), ['', CALL]],
    [connect({ socketType: 'ROUTER' }), [CALL]],
    [connect({ socketType: 'ROUTER', pseud: true }), [CALL]],
    [connect({ socketType: 'DEALER' }), ['id', '', CALL]],
  ] as const
  for (const [peer, frames] of v2) {
    peer.frames(...frames)
    assert.equal(await peer.heard(), [
      [...frames.slice(0, -1).map((one) => Buffer.from(one)), encode([1, 1, 'abc'])],
    ])
  }
  const v1 = [connect(), connect({ socketType: 'REQ' }), connect()]
  v1[2]!.frames('')
  for (const peer of v1) {
    peer.work(UUID, 'lower', ['ABC'])
    assert.equal(await peer.answers(), [{ uuid: UUID, type: OK, body: 'abc' }])
  }
  assert.is(core.stats().peers, 8)
  assert.is(core.sessions.size, 8)
})

test('a peer is announced when it is known what it speaks: at the probe, or the first message', () => {
  const { core, connect } = newServer()
  const seen: (string | undefined)[] = []
  core.emitter.on('peer', (peer) => seen.push(peer.claimedName))
  const probing = connect({ identity: 'probing' })
  const calling = connect({ identity: 'calling' })
  connect({ socketType: 'DEALER', identity: 'dealer' })
  assert.equal(seen, ['dealer'])
  probing.frames('')
  calling.work(UUID, 'lower', ['X'])
  assert.equal(seen, ['dealer', 'probing', 'calling'])
})

test('a peer that mixes both breaks the protocol', async () => {
  const { core, connect } = newServer()
  const mixed = connect().work(UUID, 'lower', ['ABC']).frames(CALL)
  assert.equal([mixed.over, mixed.error?.code], [true, 'PROTOCOL'])
  // On a connection of protocol 2 it is the message of somebody behind a proxy, which cannot be read: dropped and counted.
  const routed = connect({ socketType: 'DEALER' }).frames(CALL).work(UUID, 'lower', ['ABC'])
  assert.is((await routed.heard()).length, 1)
  assert.is(core.stats().protocolErrors, 2)
})

test('a server of protocol 1 alone takes every connection for it, and does not announce the other', async () => {
  const { connect } = newServer({ protocols: [1] })
  const peer = connect({ socketType: 'DEALER' }).work(UUID, 'lower', ['ABC'])
  assert.equal(await peer.answers(), [{ uuid: UUID, type: OK, body: 'abc' }])
  assert.is(connect().frames(CALL).error?.code, 'PROTOCOL')
})

test('without the option nothing of protocol 1 is understood', async () => {
  const { core, connect } = newServer({ protocols: [2] })
  const peer = connect().work(UUID, 'lower', ['ABC'])
  assert.equal(await peer.heard(), [])
  assert.is(connect().frames('').error?.code, 'PROTOCOL')
  assert.is(core.stats().handled, 0)
})

test('protocols is an array of 1 and 2', () => {
  for (const protocols of [[], [3], ['1'], 1, 'v1']) {
    assert.throws(
      () => new ServerCore('remote', { protocols: protocols as never }, undefined),
      (error: RpcError) => error.code === 'BAD_OPTION',
    )
  }
})

test('connections that are undecided end with the server', async () => {
  const { core, connect } = newServer()
  const peer = connect()
  await core.close()
  assert.is(peer.over, true)
})

// -- hostile -----------------------------------------------------------------------------------------------------------------

const B = (...octets: number[]): Buffer => Buffer.from(octets)

const HOSTILE: [what: string, frames: (Buffer | string)[]][] = [
  ['two frames', ['', 'v1']],
  ['three frames', ['', 'v1', UUID]],
  ['four frames', ['', 'v1', UUID, B(WORK)]],
  ['six frames', ['', 'v1', UUID, B(WORK), encode(['lower', ['A'], {}]), '']],
  ['a route of 60 frames', Array.from({ length: 60 }, () => '')],
  ['another version', ['', 'v3', UUID, B(WORK), encode(['lower', ['A'], {}])]],
  ['no version', ['', '', UUID, B(WORK), encode(['lower', ['A'], {}])]],
  ['an endless version', ['', 'v1'.repeat(5000), UUID, B(WORK), '']],
  ['no delimiter', ['v1', UUID, B(WORK), encode(['lower', ['A'], {}])]],
  ['a uuid of 65 octets', ['', 'v1', Buffer.alloc(65), B(WORK), encode(['lower', ['A'], {}])]],
  ['no uuid', ['', 'v1', '', B(WORK), encode(['lower', ['A'], {}])]],
  ['no type', ['', 'v1', UUID, '', encode(['lower', ['A'], {}])]],
  ['a type of two octets', ['', 'v1', UUID, B(0, WORK), encode(['lower', ['A'], {}])]],
]

for (const [what, frames] of HOSTILE) {
  test(`${what}: the connection ends, the others stay`, async () => {
    const { core, connect } = newServer()
    const witness = connect().work(UUID, 'lower', ['ABC'])
    const peer = connect()
      .work(UUID, 'never')
      .frames(...frames)
    assert.equal([peer.over, peer.error?.code], [true, 'PROTOCOL'])
    witness.work(OTHER, 'lower', ['DEF'])
    assert.is((await witness.answers()).length, 2)
    assert.equal([core.stats().protocolErrors, core.stats().peers, core.stats().running], [1, 1, 0])
  })
}

const UNREADABLE: [what: string, body: Buffer][] = [
  ['nothing', B()],
  ['an octet that is no MessagePack', B(0xc1)],
  ['a number', encode(7)],
  ['two elements', encode(['lower', ['A']])],
  ['four elements', encode(['lower', ['A'], {}, 1])],
  ['kwargs that are no map', encode(['lower', ['A'], []])],
  ['nil for kwargs', encode(['lower', ['A'], null])],
  ['octets behind it', Buffer.concat([encode(['lower', ['A'], {}]), B(0)])],
  ['an array that claims 4 G elements', B(0x93, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff)],
  ['it ends in the middle', encode(['lower', ['ABC'], {}]).subarray(0, -3)],
]

for (const [what, body] of UNREADABLE) {
  test(`WORK, ${what}: an ERROR for this call, and the next one is answered`, async () => {
    const { core, connect } = newServer()
    const peer = connect().say(WORK, UUID, body).work(OTHER, 'lower', ['ABC'])
    const [error, answer] = await peer.answers()
    assert.equal([error!.uuid, error!.type, (error!.body as string[])[0]], [UUID, ERROR, 'ValueError'])
    assert.equal(answer, { uuid: OTHER, type: OK, body: 'abc' })
    assert.equal([core.stats().refused, core.stats().protocolErrors], [1, 0])
  })
}

test('a name that is no text, too long, or an extension is refused like any other bad argument', async () => {
  const peer = newServer().connect()
  for (const name of [7, null, ['lower'], Buffer.from('lower'), 'x'.repeat(300)])
    peer.work(UUID, name, ['ABC'])
  const answers = await peer.answers()
  assert.equal(
    answers.map(({ type, body }) => [type, (body as string[])[0]]),
    Array.from({ length: 5 }, () => [ERROR, 'ValueError']),
  )
})

test('unknown types, stray answers and greetings of the other side are counted and nothing else', async () => {
  const { core, connect } = newServer()
  const peer = connect().frames('').frames('')
  for (let type = 0; type < 256; type++) {
    if (![OK, HELLO, WORK, AUTHENTICATED, HEARTBEAT, ERROR, UNAUTHORIZED].includes(type))
      peer.say(type, UUID, 'x')
  }
  assert.is(core.stats().ignored, 249)
  peer.say(AUTHENTICATED, UUID).say(UNAUTHORIZED, UUID)
  assert.is(core.stats().ignored, 251)
  peer.say(OK, UUID, encode(1)).say(ERROR, '', B()).say(OK, Buffer.alloc(64), B(0xc1))
  assert.is(core.stats().late, 3)
  assert.equal(await peer.answers(), [])
  assert.is(peer.over, false)
})

test('answers that cannot be read fail their own call', async () => {
  const { core, connect } = newServer()
  const peer = connect({ identity: 'client' }).frames('')
  const bad: [number, Buffer][] = [
    [OK, B()],
    [OK, B(0xc1)],
    [ERROR, B()],
    [ERROR, encode('text')],
    [ERROR, encode(['A', 'b'])],
    [ERROR, encode(['A', 1, null])],
    [ERROR, encode([['A'], 'b', 'c'])],
  ]
  for (const [type, body] of bad) {
    const call = core.sessionOf('client')!.lane.call('x', [], core.settings)
    const [{ uuid }] = (await peer.answers()) as unknown as [{ uuid: Buffer }]
    peer.say(type, uuid, body)
    const error = (await call.catch((reason: unknown) => reason)) as RpcError
    assert.equal([error.code, error.executed], ['PROTOCOL', 'yes'])
  }
  assert.is(peer.over, false)
})

test('the uuid of one connection means nothing on another', async () => {
  const { core, connect } = newServer()
  const one = connect({ identity: 'one' }).frames('')
  const two = connect({ identity: 'two' }).frames('')
  const call = core.sessionOf('one')!.lane.call('x', [], core.settings)
  const [{ uuid }] = (await one.answers()) as unknown as [{ uuid: Buffer }]
  two.say(OK, uuid, encode('stolen'))
  assert.is(core.stats().late, 1)
  one.say(OK, uuid, encode('own')).say(OK, uuid, encode('again'))
  assert.is(await call, 'own')
  assert.is(core.stats().late, 2)
})

test('random frames end the connection or are counted; nothing is thrown, and other connections live on', async () => {
  const { core, connect } = newServer()
  const witness = connect().work(UUID, 'lower', ['ABC'])
  let seed = 20_260_101
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return seed % below
  }
  const valid = encode(['echo', [1, { a: [2] }, 'x'], { k: 1 }])
  for (let n = 0; n < 600; n++) {
    const peer = connect({ socketType: random(2) ? 'ROUTER' : 'REQ' })
    const body = Buffer.from(valid)
    for (let i = random(4); i > 0; i--) body[random(body.length)] = random(256)
    const frames = [
      '',
      'v1',
      UUID,
      B([WORK, OK, ERROR, HELLO, HEARTBEAT, 4, 0x11, random(256)][random(8)]!),
      body,
    ]
    for (let i = random(3); i > 0; i--)
      frames[random(5)] = Buffer.from(Array.from({ length: random(5) }, () => random(256)))
    if (random(5) === 0) frames.splice(random(5), 1)
    peer.frames(...frames).work(OTHER, 'lower', ['ABC'])
    await peer.heard()
    peer.close()
  }
  witness.work(OTHER, 'lower', ['ABC'])
  assert.is((await witness.answers()).length, 2)
  await sleep(0)
  assert.equal([core.stats().peers, core.stats().running, core.sessions.size], [1, 0, 1])
})

test('calls that ended in every way leave nothing behind', async () => {
  const { core, connect } = newServer()
  const gone = connect({ identity: 'gone' }).frames('')
  const stays = connect({ identity: 'stays' }).frames('')
  const calls: Promise<unknown>[] = []
  for (const [name, peer] of [
    ['gone', gone],
    ['stays', stays],
  ] as const) {
    for (const method of ['lower', 'later', 'wrong', 'missing', 'ticks', 'never'])
      peer.work(UUID, method, ['X'])
    const { lane } = core.sessionOf(name)!
    for (let n = 0; n < 10; n++) calls.push(lane.call('x', [n], core.settings))
  }
  await sleep(0)
  assert.equal([core.stats().running, core.calls.open], [2, 20])
  const settled = Promise.allSettled(calls)
  gone.close()
  const asked = (await stays.answers()).filter(({ type }) => type === WORK)
  for (const { uuid } of asked) stays.say(OK, uuid, encode(1))
  await settled
  stays.close()
  await sleep(0)
  const { running, waiting, peers } = core.stats()
  assert.equal(
    [running, waiting, peers, core.calls.open, core.sessions.size, core.deadlines.size],
    [0, 0, 0, 0, 0, 0],
  )
})

test('drain lets running calls of protocol 1 end, and answers new ones that it is over', async () => {
  const { core, connect } = newServer()
  let finish!: (value: string) => void
  core.registry.registerRpc('slow', () => new Promise((resolve) => (finish = resolve)))
  const peer = connect().work(UUID, 'slow')
  const drained = core.drain()
  peer.work(OTHER, 'lower', ['ABC'])
  finish('done')
  await within(5000, drained, 'drain')
  const [refused, done] = await peer.answers()
  assert.equal([refused!.uuid, refused!.type], [OTHER, ERROR])
  assert.match((refused!.body as string[])[1]!, /^UNAVAILABLE: .*shutting down/)
  assert.equal(done, { uuid: UUID, type: OK, body: 'done' })
})

test('a heartbeat backend hears of peers of protocol 1 as of any', async () => {
  const heard: (string | undefined)[] = []
  const { clock, connect } = newServer({
    heartbeat: {
      intervalMs: 1000,
      timeoutMs: 5000,
      onHeartbeat: (peer) => void heard.push(peer.claimedName),
    },
  })
  const peer = connect({ identity: 'client' }).frames('')
  for (let n = 0; n < 3; n++) {
    clock.advance(900)
    await sleep(0)
    peer.say(HEARTBEAT, '')
  }
  clock.advance(900)
  assert.ok(heard.length >= 3, `${heard}`)
  assert.equal(new Set(heard), new Set(['client']))
  assert.equal([peer.over, (await peer.answers()).length], [false, 0])
})

test('a peer that does not read its answers is read from no more', async () => {
  const { connect } = newServer({ limits: { slowPeerBytes: 400_000, deadPeerBytes: 1_000_000 } })
  const peer = connect()
  peer.pendingBytes = 1
  const work = messageOf(WORK, UUID, encode(['echo', ['x'.repeat(1000)], {}]))
  for (let n = 0; n < 2000 && !peer.over; n++) peer.octets(work)
  assert.ok(peer.driver.queuedBytes < 1_000_000)
  peer.close()
})

test.run()
