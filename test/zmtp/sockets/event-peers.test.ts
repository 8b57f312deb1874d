// `peer` and `error` of events: who is at the other end and why it has gone, and that programs which do not know of them see nothing.
import { inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Dealer,
  type Event,
  type EventOfType,
  type EventType,
  Pair,
  Publisher,
  Router,
  type Socket,
} from '../../../src/zmtp/index.ts'
import { greeting, octets } from '../../support/engine.ts'
import { RawListener, RawPeer } from '../../support/raw-peer.ts'
import { overAll } from '../../support/sockets.ts'
import { until, within } from '../../support/within.ts'

const test = suite('event peers')

/** Keeps all events of a socket. */
class Log {
  readonly events: Event[] = []

  constructor(socket: Socket) {
    this.#read(socket).catch(() => {})
  }

  async #read(socket: Socket): Promise<void> {
    for await (const event of socket.events) this.events.push(event)
  }

  all<T extends EventType>(type: T): EventOfType<T>[] {
    return this.events.filter((event) => event.type === type) as EventOfType<T>[]
  }

  /** The event of this type and number, from 0, once it is there. */
  async of<T extends EventType>(type: T, index = 0): Promise<EventOfType<T>> {
    await until(() => this.all(type).length > index, 5000, `${type} ${index}`)
    return this.all(type)[index]!
  }
}

overAll(
  test,
  'a ROUTER learns which routing id has come and gone: the very Buffer of its messages, also where it was made up',
  async (s) => {
    const router = s.use(new Router())
    const log = new Log(router)
    const address = await s.bind(router)
    const named = s.use(new Dealer({ routingId: 'A' }))
    const nameless = s.use(new Dealer())
    const ids: Buffer[] = []
    for (const dealer of [named, nameless]) {
      dealer.connect(address)
      await dealer.send('hello')
      ids.push((await router.receive())[0]!)
    }
    assert.is(String(ids[0]), 'A')
    assert.is(ids[1]!.length, 5)
    for (const [index, id] of ids.entries()) {
      const { peer } = await log.of('handshake', index)
      assert.is(peer.identity, id)
      assert.is(peer.socketType, 'DEALER')
      assert.is(String(peer.properties.get('Socket-Type')), 'DEALER')
      assert.is(peer.userId, undefined)
      assert.not('userId' in peer)
    }
    nameless.close()
    const first = await log.of('disconnect', 0)
    assert.is(first.peer.identity, ids[1])
    assert.is(first.peer, log.all('handshake')[1]!.peer)
    assert.is(first.error, undefined)
    named.close()
    assert.is((await log.of('disconnect', 1)).peer.identity, ids[0])
  },
  ['tcp', 'ipc'],
)

test('a ROUTER that dials knows a peer by the id it was given, and a nameless one by the same id after it came back', async () => {
  const listener = await RawListener.open()
  const router = new Router({ reconnectInterval: 5 })
  const log = new Log(router)
  router.connect(listener.endpoint, { routingId: 'mine' })
  ;(await listener.peer(0)).hello('DEALER', { identity: 'theirs' })
  assert.is(String((await log.of('handshake')).peer.identity), 'mine')
  router.disconnect(listener.endpoint)
  router.connect(listener.endpoint)
  const raw = (await listener.peer(1)).hello('DEALER')
  const { identity } = (await log.of('handshake', 1)).peer
  assert.is(identity.length, 5)
  raw.destroy()
  ;(await listener.peer(2)).hello('DEALER')
  assert.is((await log.of('handshake', 2)).peer.identity, identity)
  // What this side has ended is no event.
  assert.is(log.all('disconnect').length, 1)
  router.close()
  listener.close()
})

test('other sockets tell the identity that was announced, and properties as they were spelt', async () => {
  const dealer = new Dealer()
  const log = new Log(dealer)
  await dealer.bind('tcp://127.0.0.1:0')
  const raw = (await RawPeer.connect(dealer.lastEndpoint!)).hello('ROUTER', { identity: 'me' })
  const { peer, address } = await log.of('handshake')
  assert.is(String(peer.identity), 'me')
  assert.is(peer.socketType, 'ROUTER')
  assert.equal([...peer.properties.keys()], ['Socket-Type', 'Identity'])
  const { address: where, port } = raw.socket.address() as { address: string; port: number }
  assert.is(peer.address, `tcp://${where}:${port}`)
  assert.is(address, dealer.lastEndpoint)
  raw.destroy()
  dealer.close()
})

test('who has proved to be somebody is told by events and peers under the name that the judge gave', async () => {
  const router = new Router({ plainServer: true, zapDomain: 'test' })
  router.authenticator = () => ({ status: '200', userId: 'alice@example' })
  const log = new Log(router)
  await router.bind('tcp://127.0.0.1:0')
  const dealer = new Dealer({ plainUsername: 'alice', plainPassword: 'x', routingId: 'bob' })
  dealer.connect(router.lastEndpoint!)
  const { peer } = await log.of('handshake')
  assert.equal([peer.userId, String(peer.identity)], ['alice@example', 'bob'])
  assert.is(router.peers[0]!.userId, 'alice@example')
  for (const socket of [router, dealer]) socket.close()
})

test('before the handshake only the address of the peer is known: accept, connect, handshake:error, disconnect', async () => {
  const router = new Router()
  const log = new Log(router)
  await router.bind('tcp://127.0.0.1:0')
  const raw = await RawPeer.connect(router.lastEndpoint!)
  const from = `tcp://127.0.0.1:${(raw.socket.address() as { port: number }).port}`
  raw.write(greeting('PLAIN'))
  await log.of('disconnect')
  for (const type of ['accept', 'handshake:error:protocol', 'disconnect'] as const) {
    const { peer } = await log.of(type)
    assert.equal(
      { ...peer },
      { identity: Buffer.alloc(0), socketType: '', address: from, properties: new Map() },
    )
  }
  const failure = await log.of('handshake:error:protocol')
  const { error } = await log.of('disconnect')
  assert.is(error?.code, 'MECHANISM_MISMATCH')
  assert.is(failure.error.cause, error)
  const dealer = new Dealer({ linger: 0 })
  const dealt = new Log(dealer)
  dealer.connect(router.lastEndpoint!.replace('127.0.0.1', 'localhost'))
  const connected = await dealt.of('connect')
  assert.is(connected.peer.address, router.lastEndpoint)
  for (const socket of [router, dealer]) socket.close()
})

test('nothing of it is seen by programs that do not look: keys, JSON, comparison, copies', async () => {
  const router = new Router()
  const log = new Log(router)
  await router.bind('tcp://127.0.0.1:0')
  const address = router.lastEndpoint!
  ;(await RawPeer.connect(address)).hello('DEALER', {}, octets('f8 00'))
  await log.of('disconnect')
  for (const event of log.events) {
    const { type } = event
    assert.equal(event, { type, address } as Event)
    assert.is(JSON.stringify(event), JSON.stringify({ type, address }))
    assert.equal(Object.keys({ ...event }), ['type', 'address'])
    assert.is(inspect(event), inspect({ type, address }))
  }
  assert.is((await log.of('disconnect')).error?.code, 'BAD_FLAGS')
  router.close()
})

const LIMIT = 100

for (const [what, code, talk] of [
  ['hangs up between two messages', undefined, (peer: RawPeer) => peer.socket.end()],
  [
    'hangs up inside a message',
    'PEER_CLOSED',
    (peer: RawPeer) => peer.write(octets('01 01 41')).socket.end(),
  ],
  ['resets the connection', 'RESET', (peer: RawPeer) => peer.socket.resetAndDestroy()],
  [
    'sends a frame that is too large',
    'FRAME_TOO_LARGE',
    (peer: RawPeer) => peer.write(octets(`00 ff 41*255`)),
  ],
  ['sends a second READY', 'UNEXPECTED_COMMAND', (peer: RawPeer) => peer.write(octets('04 06 05 "READY"'))],
  ['falls silent', 'SILENT_PEER', () => {}],
] as const) {
  test(`M18: disconnect says why: a peer that ${what}`, async () => {
    const router = new Router({
      maxMessageSize: LIMIT,
      ...(code === 'SILENT_PEER' && { heartbeatInterval: 30 }),
    })
    const log = new Log(router)
    await router.bind('tcp://127.0.0.1:0')
    const peer = (await RawPeer.connect(router.lastEndpoint!)).hello('DEALER', { identity: 'A' })
    await log.of('handshake')
    talk(peer)
    const event = await log.of('disconnect')
    assert.is(event.error?.code, code)
    assert.is(String(event.peer.identity), 'A')
    peer.destroy()
    router.close()
  })
}

test('a peer that a ROUTER refuses for its identity has none in the events: that id has not gone', async () => {
  const router = new Router()
  const log = new Log(router)
  await router.bind('tcp://127.0.0.1:0')
  const first = (await RawPeer.connect(router.lastEndpoint!)).hello('DEALER', { identity: 'A' })
  await log.of('handshake')
  const second = (await RawPeer.connect(router.lastEndpoint!)).hello('DEALER', { identity: 'A' })
  await second.over()
  const gone = await log.of('disconnect')
  assert.is(gone.error?.code, 'IDENTITY_IN_USE')
  assert.is(gone.peer.identity.length, 0)
  assert.is(gone.peer, log.all('handshake')[1]!.peer)
  // It has heard the handshake to its end, and so knows who has sent it away.
  assert.is(second.frames.length, 1)
  for (const peer of [first, second]) peer.destroy()
  router.close()
})

test('with handover the old peer has gone before the new one has come, both by the same id', async () => {
  const router = new Router({ handover: true })
  const log = new Log(router)
  await router.bind('tcp://127.0.0.1:0')
  for (let i = 0; i < 3; i++) {
    ;(await RawPeer.connect(router.lastEndpoint!)).hello('DEALER', { identity: 'A' })
    await log.of('handshake', i)
  }
  const heard = log.events.filter(({ type }) => type === 'handshake' || type === 'disconnect')
  assert.equal(
    heard.map((event) => `${event.type} ${(event as EventOfType<'handshake'>).peer.identity}`),
    ['handshake A', 'disconnect A', 'handshake A', 'disconnect A', 'handshake A'],
  )
  assert.is((heard[1] as EventOfType<'disconnect'>).error?.code, 'IDENTITY_IN_USE')
  router.close()
})

test('a second peer of a PAIR is told apart from the first by its error, in its handshake or after', async () => {
  const pair = new Pair()
  const log = new Log(pair)
  await pair.bind('tcp://127.0.0.1:0')
  const peers = [await RawPeer.connect(pair.lastEndpoint!), await RawPeer.connect(pair.lastEndpoint!)]
  await log.of('accept', 1)
  for (const [index, peer] of peers.entries()) {
    peer.hello('PAIR')
    await log.of('handshake', index)
  }
  const afterwards = await log.of('disconnect')
  assert.is(afterwards.error?.code, 'ALREADY_PAIRED')
  assert.is(afterwards.peer, log.all('handshake')[1]!.peer)
  peers.push(await RawPeer.connect(pair.lastEndpoint!))
  assert.is((await log.of('handshake:error:other')).error.code, 'EADDRINUSE')
  assert.is((await log.of('disconnect', 1)).error?.code, 'ALREADY_PAIRED')
  for (const peer of peers) peer.destroy()
  pair.close()
})

test('a subscriber that asks for too much is sent away, and disconnect says so', async () => {
  const publisher = new Publisher()
  const log = new Log(publisher)
  await publisher.bind('tcp://127.0.0.1:0')
  const peer = (await RawPeer.connect(publisher.lastEndpoint!)).hello('SUB')
  const topics = Array.from({ length: 10_001 }, (_, i) =>
    octets(`04 0f 09 "SUBSCRIBE" "${String(i).padStart(5, '0')}"`),
  )
  peer.write(...topics)
  await peer.over()
  assert.is((await log.of('disconnect')).error?.code, 'TOO_MANY_TOPICS')
  publisher.close()
})

test('with a pending receive, `on` leaves it the next event and emits those after it', async () => {
  const dealer = new Dealer()
  const { events } = dealer
  const first = events.receive()
  const heard: string[] = []
  const ended = new Promise((resolve) => events.on('end', resolve))
  events.on('bind', ({ address }) => heard.push(address))
  await dealer.bind('tcp://127.0.0.1:0')
  const address = dealer.lastEndpoint!
  assert.equal(await first, { type: 'bind', address })
  await dealer.bind('tcp://127.0.0.1:0')
  const second = dealer.lastEndpoint!
  dealer.close()
  await within(2000, ended)
  assert.equal(heard, [second])
})

test('an event that a pending receive takes may be the end: then the emitter is over too', async () => {
  const dealer = new Dealer()
  const { events } = dealer
  const last = events.receive()
  events.on('end', () => assert.unreachable())
  dealer.close()
  assert.equal(await last, { type: 'end' })
  assert.ok(events.closed)
})

test.run()
