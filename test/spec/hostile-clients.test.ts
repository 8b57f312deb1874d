/**
 * The rows S of test/vectors/hostile-security.json: hostile servers, and sockets of ours that dial them. Each socket has an honest server,
 * too, and gets everything that it sends. The octets come whole, one at a time, split at random, and while the honest server is busy.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Engine } from '../../src/zmtp/engine/engine.ts'
import { NullMechanism } from '../../src/zmtp/engine/security/null.ts'
import { PlainClient } from '../../src/zmtp/engine/security/plain-client.ts'
import * as zmq from '../../src/zmtp/index.ts'
import { TransportContext } from '../../src/zmtp/transport/context.ts'
import { Dialer } from '../../src/zmtp/transport/dialer.ts'
import { parseEndpoint } from '../../src/zmtp/transport/endpoint.ts'
import { zmqBackoff } from '../../src/zmtp/transport/reconnect.ts'
import { FakeClock } from '../support/clock.ts'
import { curveClient } from '../support/curve.ts'
import { deliver, nextTurn, seedOf, WAYS, type Way } from '../support/delivery.ts'
import { eventsOf, makeEngine, octets } from '../support/engine.ts'
import { feed } from '../support/feed.ts'
import { type Ending, openSockets, watchEndings } from '../support/hostile-world.ts'
import { RawListener, type RawPeer } from '../support/raw-peer.ts'
import { SECURITY, type StepRow } from '../support/security-rows.ts'
import { until, within } from '../support/within.ts'
import { connectionOptions, Party } from '../zmtp/transport/support.ts'

const test = suite('hostile servers')
const rows = SECURITY.rows.filter(({ local }) => local.startsWith('client:'))

const socketsBefore = openSockets()
const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))

const KEYS = zmq.curveKeyPair()
const PASSWORD = 'password'
const SECRET = 'for whoever takes it'

/** A socket that dials, and its honest server. */
interface Client {
  readonly socket: zmq.Socket
  readonly honest: zmq.Socket
  /** The honest server sends so much, and all of it is received, and nothing else. */
  serve(count: number): Promise<void>
  /** What is due before anybody else is there. */
  begin(): Promise<void>
  /** What only now may be had. */
  end(): Promise<void>
}

const CLIENTS: Readonly<Record<string, (settings: object) => Client>> = {
  'client:DEALER/NULL': (settings) => dealer(settings, {}),
  'client:DEALER/PLAIN': (settings) =>
    dealer(
      { ...settings, plainUsername: 'admin', plainPassword: PASSWORD },
      {
        plainServer: true,
        authenticator: ({ credentials }: zmq.AuthenticationRequest) => ({
          status: 'password' in credentials && String(credentials.password) === PASSWORD ? '200' : '400',
        }),
      },
    ),
  'client:DEALER/CURVE': (settings) => {
    const { publicKey, secretKey } = zmq.curveKeyPair()
    return dealer(
      { ...settings, curveServerKey: KEYS.publicKey, curvePublicKey: publicKey, curveSecretKey: secretKey },
      { curveServer: true, curveSecretKey: KEYS.secretKey },
    )
  },
  'client:SUB/NULL': subscriber,
  'client:REQ/NULL': request,
}

/** As long as a handshake may take, in the rows that end with it. */
const HANDSHAKE_MS = 500

for (const row of rows) {
  for (const way of WAYS) {
    test(`${row.id}: ${row.what}: ${row.code ?? 'ignored'}, ${way}${row.conflict ? `; ${row.conflict}` : ''}`, async () => {
      const client = CLIENTS[row.local]!(
        row.code === 'HANDSHAKE_TIMEOUT' ? { handshakeInterval: HANDSHAKE_MS } : {},
      )
      const listener = await RawListener.open()
      try {
        await within(20_000, play(client, listener, row, way), 'the end of the row')
      } finally {
        client.socket.close()
        client.honest.close()
        listener.close()
      }
    })
  }
}

for (const row of rows) {
  test(`${row.id}: ${row.what}: ${row.code ?? 'ignored'}, by the engine, however the octets are cut`, () => {
    feed(octets(row.steps.at(-1) ?? ''), (chunks) => {
      const engine = engineOf(row.local)
      for (const chunk of [...row.steps.slice(0, -1).map(octets), ...chunks]) {
        engine.handleBytes(chunk, 0)
        assert.not(eventsOf(engine).some((event) => event.startsWith('part') && row.code !== undefined))
      }
      if (row.code === 'HANDSHAKE_TIMEOUT') {
        assert.is(engine.error, undefined, 'it is given time')
        engine.handleTimeout(engine.pollDeadline())
        eventsOf(engine)
      }
      assert.is(engine.error?.code, row.code)
    })
  })
}

test('S23: a server that says one octet and breaks off, 1,000 times: 1,000 back-offs, and one timer at most', async () => {
  const clock = new FakeClock()
  const context = new TransportContext({ clock, random: () => 0.5 })
  const listener = await RawListener.open()
  const party = new Party()
  const dialer = new Dialer(
    parseEndpoint(listener.endpoint, 'connect'),
    connectionOptions({ retryDelayMs: zmqBackoff(100, 3000) }),
    party,
    context,
  )
  const retries = (): number => party.events.filter(({ type }) => type === 'connect:retry').length
  dialer.start()
  for (let n = 0; n < 1000; n++) {
    const peer = await listener.peer(n)
    peer.write(Buffer.from([0xff]))
    await peer.hears(64)
    peer.socket.resetAndDestroy()
    await until(() => retries() === n + 1, 5000, `retry ${n + 1}`)
    assert.is(clock.armed, 1)
    assert.is(listener.count, n + 1, 'it does not wait')
    clock.advance(3000)
  }
  const intervals = party.events.flatMap(({ interval }) => interval ?? [])
  assert.equal(intervals.slice(0, 7), [150, 250, 450, 850, 1650, 3000, 3000])
  assert.is(intervals.length, 1000)
  dialer.close()
  for (const driver of party.drivers) driver.destroy()
  listener.close()
  assert.is(clock.armed, 0)
  assert.equal(
    party.ends.slice(0, 1000).filter((error) => !BROKEN_OFF.includes(error?.code ?? '')),
    [],
  )
})

test('the rows are there', () => {
  assert.is(rows.length, 16)
})

test('after all of them, nothing is rejected unheard, and no connection is left', async () => {
  await nextTurn()
  assert.equal(rejections, [])
  await until(() => openSockets() === socketsBefore, 5000, 'the end of all sockets')
})

test.run()

/** One row: what comes of it, and what the honest server notices of it, which is nothing. */
async function play(client: Client, listener: RawListener, row: StepRow, way: Way): Promise<void> {
  const { socket } = client
  const endings: Ending[] = []
  watchEndings(socket, endings)
  await client.honest.bind('tcp://127.0.0.1:0')
  socket.connect(client.honest.lastEndpoint!)
  await client.begin()
  endings.length = 0
  socket.connect(listener.endpoint)
  // Two peers take turns: one of these waits for the hostile one.
  if (socket instanceof zmq.Dealer) for (let n = 0; n < 2; n++) await socket.send(SECRET)
  const served = client.serve(way === 'beside an honest peer at work' ? 200 : 5)
  const peer = await (await listener.peer(0)).hears(64)
  for (const [index, step] of row.steps.entries()) {
    const heard = row.heard?.[index] ?? 0
    await until(() => peer.frames.length >= heard || peer.closed, 5000, `${heard} frames`)
    await deliver(peer, octets(step), way, seedOf(`${row.id} ${index}`))
  }
  if (row.code === undefined) await lives(client, peer, row)
  else await ends(peer, listener, row, endings)
  await served
  await client.end()
  // Who was refused has given that endpoint up.
  if (row.theirs !== 'AUTH') socket.disconnect(listener.endpoint)
  await client.serve(3)
}

async function ends(peer: RawPeer, listener: RawListener, row: StepRow, endings: Ending[]): Promise<void> {
  await peer.over()
  await until(() => endings.length > 0)
  assert.is(endings[0]!.code, row.code)
  assert.match(endings[0]!.event, row.theirs === 'AUTH' ? /^handshake:error:auth/ : /^handshake:error:/)
  assert.not.ok(peer.heard.includes(SECRET), 'what was queued is said to whom it may concern')
  // Before it knows the mechanism of the other side, and as long as that is another, a socket says nothing.
  if (row.theirs === 'MECHANISM' || row.theirs === 'VERSION') assert.is(peer.size, 64)
  if (row.id === 'S12')
    assert.ok(peer.heard.includes(PASSWORD), 'so the conflict is over: take it out of the row')
  if (row.theirs === 'AUTH') {
    // Refused credentials are not tried again.
    for (let turn = 0; turn < 100; turn++) await nextTurn()
    assert.is(listener.count, 1)
  } else {
    await until(() => listener.count > 1, 5000, 'another attempt')
  }
}

/** What was out of place is dropped, and the next message is received. */
async function lives({ socket }: Client, peer: RawPeer, row: StepRow): Promise<void> {
  if (row.id === 'S21') {
    await until(() => socket.counters.dropped === 1)
  } else {
    await until(() => socket.counters.peers === 2)
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    assert.is(socket.counters.dropped, 0)
  }
  assert.not(peer.closed)
}

function dealer(settings: object, server: object): Client {
  const socket = new zmq.Dealer({ ...settings, routingId: 'us', linger: 0, reconnectInterval: 10 })
  const honest = new zmq.Router({ ...server, linger: 0 })
  let said = 0
  return {
    socket,
    honest,
    async serve(count) {
      const first = said
      said += count
      for (let n = first; n < first + count; n++) await honest.send(['us', `${n}`])
      for (let n = first; n < first + count; n++) await expect(socket, `${n}`)
    },
    async begin() {
      await socket.send('here')
      await within(5000, honest.receive(), 'the first message')
      await this.serve(1)
    },
    // One of the two that were sent came here.
    async end() {
      const [, text] = await within(5000, honest.receive())
      assert.is(String(text), SECRET)
    },
  }
}

function subscriber(): Client {
  const socket = new zmq.Subscriber({ linger: 0, reconnectInterval: 10 })
  const honest = new zmq.XPublisher({ linger: 0 })
  let said = 0
  socket.subscribe()
  return {
    socket,
    honest,
    async serve(count) {
      const first = said
      said += count
      for (let n = first; n < first + count; n++) await honest.send(`${n}`)
      for (let n = first; n < first + count; n++) await expect(socket, `${n}`)
    },
    async begin() {
      await within(5000, honest.receive(), 'the subscription')
      await this.serve(1)
    },
    async end() {},
  }
}

/** A REQ that has asked the honest server, which takes its time: nobody else may answer. */
function request(): Client {
  const socket = new zmq.Request({ linger: 0, reconnectInterval: 10 })
  const honest = new zmq.Reply({ linger: 0 })
  let asking = false
  return {
    socket,
    honest,
    async serve(count) {
      for (let n = 0; n < count && !asking; n++) {
        await socket.send(`question ${n}`)
        await within(5000, honest.receive())
        await honest.send(`answer ${n}`)
        await expect(socket, `answer ${n}`)
      }
    },
    async begin() {
      await this.serve(20)
      await socket.send('question')
      await within(5000, honest.receive())
      asking = true
    },
    async end() {
      asking = false
      await honest.send('answer')
      await expect(socket, 'answer')
    },
  }
}

async function expect(socket: { receive(): Promise<Buffer[]> }, text: string): Promise<void> {
  const [got] = await within(10_000, socket.receive(), text)
  assert.is(String(got), text)
}

function engineOf(local: string): Engine {
  const [type, name] = local.slice('client:'.length).split('/')
  const mechanism =
    name === 'NULL'
      ? new NullMechanism()
      : name === 'PLAIN'
        ? new PlainClient(Buffer.from('admin'), Buffer.from(PASSWORD))
        : curveClient()
  return makeEngine(type!, { mechanism, handshakeTimeoutMs: 10_000 })
}

const BROKEN_OFF = ['RESET', 'PEER_CLOSED']
