// M21: peers that send noise, over real connections, to a socket of each type in each role and in each phase. Whatever it is, that connection
// ends, by us or with its peer, and the socket goes on serving others. PSEUD_FUZZ_SEED repeats a run, PSEUD_FUZZ_ROUNDS makes it longer.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../../src/zmtp/index.ts'
import { command, frame, greeting, octets, property, ready } from '../../support/engine.ts'
import { Noise, SEED } from '../../support/noise.ts'
import { RawListener, RawPeer } from '../../support/raw-peer.ts'
import { sleep, until, within } from '../../support/within.ts'

const test = suite('fuzz, over connections')
const rounds = Number(process.env.PSEUD_FUZZ_ROUNDS ?? 8)

const classes = zmq as unknown as Record<string, new (options: object) => zmq.Socket>

const TYPES: readonly (readonly [name: string, socketType: string, peerType: string])[] = [
  ['Pair', 'PAIR', 'PAIR'],
  ['Publisher', 'PUB', 'SUB'],
  ['Subscriber', 'SUB', 'PUB'],
  ['Request', 'REQ', 'ROUTER'],
  ['Reply', 'REP', 'DEALER'],
  ['Dealer', 'DEALER', 'ROUTER'],
  ['Router', 'ROUTER', 'DEALER'],
  ['Pull', 'PULL', 'PUSH'],
  ['Push', 'PUSH', 'PULL'],
  ['XPublisher', 'XPUB', 'XSUB'],
  ['XSubscriber', 'XSUB', 'XPUB'],
]

const TRAFFIC = Buffer.concat([
  octets('00 02 "hi" 01 00 00 01 41 04 07 04 "PING" 0005 02 00*6 01 2c 42*300 01 04 "four" 01 00 00 01 "x"'),
  command('SUBSCRIBE', 'topic'),
  command('CANCEL', 'topic'),
  octets('00 02 01 41 00 02 00 41 04 00*6 01 00 09 "SUBSCRIBE" 41*246'),
  command('NOPE', 'x'),
  command('PONG'),
  frame(1, Buffer.alloc(40)),
  frame(0, Buffer.alloc(70_000)),
])

/** What a peer of this type sends, right in all phases but one, and nearly right in that. */
const PHASES: Readonly<Record<string, (noise: Noise, peerType: string) => Buffer>> = {
  greeting: (noise) => noise.mutated(greeting(), 0),
  'plain noise': (noise) => noise.octets(1 + noise.random(200)),
  handshake: (noise, peerType) => {
    const said = ready(peerType, property('Identity', 'me'), property('X-a', 'value'))
    return Buffer.concat([greeting(), noise.mutated(said, 0)])
  },
  traffic: (noise, peerType) =>
    Buffer.concat([greeting(), ready(peerType), noise.mutated(TRAFFIC, 0), noise.octets(noise.random(20))]),
}

for (const [name, socketType, peerType] of TYPES) {
  for (const [phase, draw] of Object.entries(PHASES)) {
    test(`M21: noise in the ${phase} ends its connection and leaves a ${socketType} alive, seed ${SEED}`, async () => {
      // From names, so that one test can be repeated without the others.
      const noise = new Noise(
        SEED ^ Buffer.from(`${socketType} ${phase}`).reduce((sum, octet) => (sum * 31 + octet) | 0, 7),
      )
      for (const weBind of [true, false]) {
        const socket = new classes[name]!({ linger: 0, handshakeInterval: 50, reconnectInterval: 1 })
        if (socket instanceof zmq.Subscriber) socket.subscribe()
        const reading = read(socket)
        const play = weBind ? fuzzBound : fuzzDialling
        await within(
          60_000,
          play(socket, noise, () => draw(noise, peerType), peerType),
          'the fuzz',
        )
        socket.close()
        await reading
      }
    })
  }
}

test.run()

async function fuzzBound(
  socket: zmq.Socket,
  noise: Noise,
  draw: () => Buffer,
  peerType: string,
): Promise<void> {
  await socket.bind('tcp://127.0.0.1:0')
  const endpoint = socket.lastEndpoint!
  for (let round = 0; round < rounds; round++) {
    const bytes = draw()
    await ending(await RawPeer.connect(endpoint), noise, bytes)
  }
  await until(() => socket.counters.peers === 0, 5000, 'the end of all peers')
  const good = (await RawPeer.connect(endpoint)).hello(peerType)
  await good.ready()
  await until(() => socket.counters.peers === 1)
  assert.not(good.closed)
  good.destroy()
}

async function fuzzDialling(
  socket: zmq.Socket,
  noise: Noise,
  draw: () => Buffer,
  peerType: string,
): Promise<void> {
  const listener = await RawListener.open()
  // What it gets nobody chose: an ERROR makes it give up, and it is to be asked again.
  const dial = (): void => {
    if (socket.closed) return
    try {
      socket.disconnect(listener.endpoint)
    } catch {}
    socket.connect(listener.endpoint)
  }
  socket.connect(listener.endpoint)
  for (let round = 0; round < rounds; round++) {
    const bytes = draw()
    if (socket.counters.peers === 0) dial()
    await ending(await listener.peer(round), noise, bytes)
  }
  if (socket.counters.peers === 0) dial()
  const good = (await listener.peer(rounds)).hello(peerType)
  await good.ready()
  await sleep(20)
  assert.not(good.closed)
  listener.close()
}

/** Sends `bytes` in pieces, and goes away when that alone has not ended the connection, as it must then. */
async function ending(peer: RawPeer, noise: Noise, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !peer.closed; ) {
    const size = 1 + noise.random(noise.random(4) === 0 ? 3 : 70_000)
    peer.write(bytes.subarray(at, at + size))
    at += size
    if (noise.random(3) === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await sleep(noise.random(8))
  const end = noise.random(4)
  if (end === 0) peer.socket.resetAndDestroy()
  // Stays, silent, now and then: a handshake is given up by us, traffic may go on.
  if (end === 1) await Promise.race([peer.over(1000).catch(() => {}), sleep(80)])
  if (end !== 0) peer.socket.end()
  await peer.over()
}

/** Receives what comes, where the type receives, so that nothing stands in the way of reading. */
async function read(socket: zmq.Socket): Promise<void> {
  const readable = socket as unknown as { receive?(): Promise<Buffer[]> }
  while (!socket.closed && readable.receive !== undefined) {
    try {
      await readable.receive()
      if (socket instanceof zmq.Reply) await socket.send('reply')
    } catch {
      // EFSM of a REQ, EPROTO of a reply, EAGAIN of the end.
      await sleep(1)
    }
    if (socket instanceof zmq.Request) return
  }
}
