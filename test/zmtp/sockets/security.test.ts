// Sockets that prove who they are: the options of PLAIN and CURVE, ZAP handlers of the application, and the socket's own authenticator.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Authenticate, Event, Message } from '../../../src/zmtp/index.ts'
import * as zmq from '../../../src/zmtp/index.ts'
import { until, within } from '../../support/within.ts'

const test = suite('security of sockets')

const open: { close(): void }[] = []
test.after.each(() => {
  for (const one of open.splice(0)) one.close()
})

const opened = <T extends { close(): void }>(one: T): T => {
  open.push(one)
  return one
}

type Options = Record<string, unknown>
const KEYS = zmq.curveKeyPair()
const CLIENT = zmq.curveKeyPair()
const CURVE_SERVER = { curveServer: true, curveSecretKey: KEYS.secretKey }
const CURVE_CLIENT = {
  curveServerKey: KEYS.publicKey,
  curvePublicKey: CLIENT.publicKey,
  curveSecretKey: CLIENT.secretKey,
}
const PLAIN_CLIENT = { plainUsername: 'admin', plainPassword: 'secret' }

/** A ROUTER and a DEALER of one context, each with these options; what the ROUTER gets, and what becomes of the DEALER. */
async function meet(server: Options, client: Options, context = new zmq.Context()): Promise<Meeting> {
  const router = opened(new zmq.Router({ ...server, context, linger: 0, receiveTimeout: 3000 }))
  const dealer = opened(new zmq.Dealer({ ...client, context, linger: 0, reconnectInterval: 20 }))
  const events = { router: [] as Event[], dealer: [] as Event[] }
  for (const [name, socket] of [
    ['router', router],
    ['dealer', dealer],
  ] as const) {
    ;(async () => {
      for await (const event of socket.events) events[name].push(event)
    })()
  }
  await router.bind('tcp://127.0.0.1:0')
  dealer.connect(router.lastEndpoint!)
  await dealer.send('hi')
  return { router, dealer, events, context }
}

interface Meeting {
  router: zmq.Router
  dealer: zmq.Dealer
  events: { router: Event[]; dealer: Event[] }
  context: zmq.Context
}

/** The message gets through, or one side reports an event of a failed handshake. */
async function outcome({ router, events }: Meeting): Promise<string> {
  const got = (async () => {
    const [, text] = await router.receive()
    return `got ${text}`
  })()
  got.catch(() => {})
  const failed = (async () => {
    await until(() =>
      [...events.router, ...events.dealer].some(({ type }) => type.startsWith('handshake:error')),
    )
    return 'refused'
  })()
  return within(5000, Promise.race([got, failed]))
}

/** A handler at inproc://zeromq.zap.01 that answers as it is told. */
async function zapHandler(
  context: zmq.Context,
  answer: (request: Message[]) => (string | Buffer)[] | undefined,
): Promise<Message[][]> {
  const asked: Message[][] = []
  const handler = opened(new zmq.Router({ context, linger: 0 }))
  await handler.bind('inproc://zeromq.zap.01')
  ;(async () => {
    for await (const [peer, ...request] of handler) {
      asked.push(request)
      const reply = answer(request)
      if (reply !== undefined) await handler.send([peer!, ...reply])
    }
  })().catch(() => {})
  return asked
}

const grant = ([, version, id]: Message[], status = '200'): (string | Buffer)[] => [
  '',
  version!,
  id!,
  status,
  'text',
  'alice',
  '',
]

test('CURVE by options: a key pair as text, everything else as in the clear', async () => {
  const meeting = await meet(CURVE_SERVER, CURVE_CLIENT)
  assert.is(await outcome(meeting), 'got hi')
  assert.equal([meeting.router.securityMechanism, meeting.dealer.securityMechanism], ['curve', 'curve'])
  assert.is(meeting.router.curveSecretKey, KEYS.secretKey)
})

test('CURVE: the wrong server key, or none, gets nothing through', async () => {
  const wrong = await meet(CURVE_SERVER, { ...CURVE_CLIENT, curveServerKey: CLIENT.publicKey })
  assert.is(await outcome(wrong), 'refused')
  const clear = await meet(CURVE_SERVER, {})
  assert.is(await outcome(clear), 'refused')
})

test('CURVE without its keys is refused where it is used, not replaced by a key of zeros', async () => {
  for (const options of [
    { curveServer: true },
    { curveServerKey: KEYS.publicKey },
    { curveServerKey: KEYS.publicKey, curveSecretKey: CLIENT.secretKey },
    { curvePublicKey: CLIENT.publicKey, curveSecretKey: CLIENT.secretKey },
  ]) {
    const dealer = opened(new zmq.Dealer(options))
    const error = (() => {
      try {
        dealer.connect('tcp://127.0.0.1:1')
        return undefined
      } catch (failure) {
        return failure as NodeJS.ErrnoException
      }
    })()
    if (options.curveServer === true) {
      const bound = await dealer.bind('tcp://127.0.0.1:0').catch((failure) => failure.code)
      assert.is(bound, 'EINVAL')
    } else {
      assert.is(error?.code, 'EINVAL')
    }
  }
})

test('PLAIN: a server without a handler lets nobody in', async () => {
  assert.is(await outcome(await meet({ plainServer: true }, PLAIN_CLIENT)), 'refused')
})

test('Z1, Z2: a ZAP handler of the application is asked, and what it says of the user is on the events', async () => {
  for (const [server, client, mechanism, credentials] of [
    [{ zapDomain: 'global' }, {}, 'NULL', []],
    [{ plainServer: true, zapDomain: 'global' }, PLAIN_CLIENT, 'PLAIN', ['admin', 'secret']],
    [{ ...CURVE_SERVER, zapDomain: 'global' }, CURVE_CLIENT, 'CURVE', [CLIENT.publicKey]],
  ] as const) {
    const context = new zmq.Context()
    const asked = await zapHandler(context, grant)
    const meeting = await meet({ ...server, routingId: 'SRV' }, client, context)
    assert.is(await outcome(meeting), 'got hi', mechanism)
    assert.is(asked.length, 1)
    const [delimiter, version, , domain, address, identity, name, ...shown] = asked[0]!
    assert.equal([delimiter, version, domain, address, identity, name].map(String), [
      '',
      '1.0',
      'global',
      '127.0.0.1',
      'SRV',
      mechanism,
    ])
    if (mechanism === 'CURVE') assert.is(shown[0]!.length, 32)
    else assert.equal(shown.map(String), credentials)
    const handshake = meeting.events.router.find(({ type }) => type === 'handshake') as {
      peer?: { userId?: string }
    }
    assert.is(handshake.peer!.userId, 'alice')
  }
})

test('without a domain, NULL asks nobody, and CURVE asks where somebody is there', async () => {
  const context = new zmq.Context()
  const asked = await zapHandler(context, (request) => grant(request, '400'))
  assert.is(await outcome(await meet({}, {}, context)), 'got hi')
  assert.is(asked.length, 0)
  assert.is(await outcome(await meet(CURVE_SERVER, CURVE_CLIENT, context)), 'refused')
  assert.is(asked.length, 1)
})

test('the authenticator of a socket takes the place of the handler', async () => {
  const context = new zmq.Context()
  const asked = await zapHandler(context, (request) => grant(request, '400'))
  const requests: Parameters<Authenticate>[0][] = []
  const authenticator: Authenticate = async (request) => {
    requests.push(request)
    return { status: '200', userId: 'bob' }
  }
  for (const [server, client] of [
    [{}, {}],
    [{ plainServer: true }, PLAIN_CLIENT],
    [CURVE_SERVER, CURVE_CLIENT],
  ]) {
    const meeting = await meet({ ...server, authenticator }, client!, context)
    assert.is(await outcome(meeting), 'got hi')
  }
  assert.equal(
    requests.map(({ credentials }) => credentials.mechanism),
    ['NULL', 'PLAIN', 'CURVE'],
  )
  assert.is(asked.length, 0)
  assert.throws(
    () => opened(new zmq.Router({ authenticator: 'yes' } as never)),
    /Authenticator must be a function/,
  )
})

test('Z2: each message knows its sender, whatever the pattern takes off its front, empty messages too', async () => {
  const authenticator: Authenticate = ({ credentials }) => ({
    status: '200',
    userId: credentials.mechanism === 'PLAIN' ? credentials.username.toString() : '',
    metadata: new Map([['Role', Buffer.from('admin')]]),
  })
  const reply = opened(new zmq.Reply({ plainServer: true, authenticator, linger: 0 }))
  await reply.bind('tcp://127.0.0.1:0')
  for (const plainUsername of ['alice', 'bob']) {
    const request = opened(new zmq.Request({ plainUsername, plainPassword: 'x', linger: 0 }))
    request.connect(reply.lastEndpoint!)
    for (const text of ['hi', '']) {
      await request.send(text)
      const message = await within(3000, reply.receive())
      assert.is(String(message[0]), text)
      assert.is(reply.senderOf(message)?.userId, plainUsername)
      assert.is(reply.senderOf(message)?.userMetadata?.get('Role')?.toString(), 'admin')
      await reply.send('')
      const answer = await within(3000, request.receive())
      // Nobody has judged the server.
      assert.is(request.senderOf(answer), undefined)
    }
  }
  assert.is(reply.senderOf([Buffer.from('not received')]), undefined)
  assert.equal(
    reply.peers.map(({ userId }) => userId),
    ['alice', 'bob'],
  )
})

test('in-process peers are not asked: the handler itself is one', async () => {
  const context = new zmq.Context()
  const router = opened(new zmq.Router({ ...CURVE_SERVER, zapDomain: 'x', context }))
  const dealer = opened(new zmq.Dealer({ context }))
  await router.bind('inproc://inside')
  dealer.connect('inproc://inside')
  await dealer.send('hi')
  const [, text] = await within(3000, router.receive())
  assert.is(String(text), 'hi')
})

test('with handover, an identity passes to the same user, and to nobody else', async () => {
  const context = new zmq.Context()
  const users: Record<string, string> = { alice: 'a', bob: 'b' }
  const authenticator: Authenticate = ({ credentials }) => {
    const name = credentials.mechanism === 'PLAIN' ? String(credentials.username) : ''
    return { status: name in users ? '200' : '400', userId: name }
  }
  const router = opened(
    new zmq.Router({ plainServer: true, authenticator, handover: true, context, receiveTimeout: 3000 }),
  )
  const refused: string[] = []
  router.events.on('disconnect', ({ error }) => refused.push(error!.code))
  await router.bind('tcp://127.0.0.1:0')
  const connect = async (user: string, text: string): Promise<zmq.Dealer> => {
    const dealer = opened(
      new zmq.Dealer({
        context,
        linger: 0,
        routingId: 'the one',
        plainUsername: user,
        plainPassword: users[user]!,
        reconnectInterval: -1,
        receiveTimeout: 3000,
      }),
    )
    dealer.connect(router.lastEndpoint!)
    await dealer.send(text)
    return dealer
  }
  const first = await connect('alice', 'first')
  assert.equal((await router.receive()).map(String), ['the one', 'first'])
  await connect('bob', 'stolen')
  await until(() => refused.length === 1)
  assert.equal(refused, ['IDENTITY_IN_USE'])
  await router.send(['the one', 'still you'])
  assert.equal((await first.receive()).map(String), ['still you'])
  const second = await connect('alice', 'second')
  assert.equal((await router.receive()).map(String), ['the one', 'second'])
  await router.send(['the one', 'now you'])
  assert.equal((await second.receive()).map(String), ['now you'])
  assert.not(router.readable)
})

// ---- 45 cells: three mechanisms, fifteen answers, of which three let somebody in

const ANSWERS: Record<string, (request: Message[]) => (string | Buffer)[] | undefined> = {
  '200': grant,
  '300': (request) => grant(request, '300'),
  '400': (request) => grant(request, '400'),
  '500': (request) => grant(request, '500'),
  '201': (request) => grant(request, '201'),
  '2OO': (request) => grant(request, '2OO'),
  empty: (request) => grant(request, ''),
  '6 frames': (request) => grant(request).slice(0, 6),
  '8 frames': (request) => [...grant(request), ''],
  'another id': ([delimiter, version, , ...rest]) => grant([delimiter!, version!, Buffer.from('0'), ...rest]),
  'another version': ([delimiter, , ...rest]) => grant([delimiter!, Buffer.from('2.0'), ...rest]),
}

const JUDGES: Record<string, Authenticate | undefined> = {
  throws: () => {
    throw new Error('no')
  },
  rejects: async () => {
    throw new Error('no')
  },
  // The handshake's own time is over before the judge's.
  'never answers': () => new Promise(() => {}),
  'is not there': undefined,
}

let cell = 0
for (const [mechanism, server, client] of [
  ['NULL', { zapDomain: 'd' }, {}],
  ['PLAIN', { plainServer: true, zapDomain: 'd' }, PLAIN_CLIENT],
  ['CURVE', { ...CURVE_SERVER, zapDomain: 'd' }, CURVE_CLIENT],
] as const) {
  for (const [name, answer] of Object.entries(ANSWERS)) {
    cell++
    test(`cell ${cell} of T15: ${mechanism}, the handler answers ${name}`, async () => {
      const context = new zmq.Context()
      await zapHandler(context, answer)
      const meeting = await meet(server, client, context)
      assert.is(await outcome(meeting), name === '200' ? 'got hi' : 'refused')
      assert.is(meeting.router.readable, false)
      assert.is(meeting.router.counters.received, name === '200' ? 1 : 0)
      if (name === '400' || name === '500') await until(() => statusOf(meeting) === Number(name))
    })
  }
  for (const [name, authenticator] of Object.entries(JUDGES)) {
    cell++
    test(`cell ${cell} of T15: ${mechanism}, the judge ${name}`, async () => {
      const limit = { handshakeInterval: 200 }
      const meeting = await meet({ ...server, ...limit, ...(authenticator && { authenticator }) }, client)
      assert.is(await outcome(meeting), 'refused')
      assert.is(meeting.router.counters.received, 0)
    })
  }
}

/** What the client was told. */
function statusOf({ events }: Meeting): number | undefined {
  for (const event of events.dealer) {
    if (event.type === 'handshake:error:auth') return event.error.status
  }
  return undefined
}

test.run()
