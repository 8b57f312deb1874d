// `unconfirmed` on `disconnect`: against peers made of octets, and between our own with links cut at known places. test/interop/unconfirmed.test.ts
// has libzmq at the other end.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  curveKeyPair,
  type EventOfType,
  Publisher,
  Pull,
  Push,
  type Socket,
  type Writable,
} from '../../../src/zmtp/index.ts'
import { ChaosProxy } from '../../chaos/proxy.ts'
import { command, octets } from '../../support/engine.ts'
import { Noise } from '../../support/noise.ts'
import { RawPeer } from '../../support/raw-peer.ts'
import { until, within } from '../../support/within.ts'

const test = suite('unconfirmed messages')
const ends = new Set<() => void>()
const PING = octets('04 "PING" 00 00')
const BEATS = { heartbeatInterval: 20, heartbeatTimeout: 5000, linger: 0 }
const COUNTS = { ...BEATS, countUnconfirmed: true }

test.after.each(() => {
  for (const end of ends) end()
  ends.clear()
})

function use<S extends Socket>(socket: S): S {
  ends.add(() => socket.close())
  return socket
}

function gone(socket: Socket): Promise<EventOfType<'disconnect'>> {
  return within(5000, new Promise((resolve) => socket.events.on('disconnect', resolve)), 'disconnect')
}

async function pulling(socket: Socket & Writable, type = 'PULL'): Promise<RawPeer> {
  await socket.bind('tcp://127.0.0.1:0')
  const peer = await RawPeer.connect(socket.lastEndpoint!)
  ends.add(() => peer.destroy())
  return peer.hello(type)
}

/** The context of a PING that left behind so many messages. */
async function pingBehind(peer: RawPeer, messages: number): Promise<Buffer> {
  const contexts = () =>
    peer.frames
      .filter(({ flags, body }) => flags === 4 && body.subarray(0, PING.length).equals(PING))
      .map(({ body }) => body.subarray(PING.length))
      .filter((context) => context.length === 16 && context.readUIntBE(4, 6) === messages)
  await until(() => contexts().length > 0, 5000, `a PING behind ${messages} messages`)
  return contexts()[0]!
}

test('the event says what was sent since the last PING that was answered', async () => {
  const push = use(new Push(COUNTS))
  const peer = await pulling(push)
  await push.sendMany(['one', 'two', 'three'])
  peer.write(command('PONG', await pingBehind(peer, 3)))
  await push.send('four')
  await push.send(['fi', 've'])
  // PINGs without an answer change nothing.
  await pingBehind(peer, 5)
  peer.destroy()
  const event = await gone(push)
  assert.equal(event.unconfirmed, { messages: 2, bytes: 6 + 8 })
  assert.not.ok(Object.keys(event).includes('unconfirmed'))
})

test('a peer that brings back no context, or a false one, confirms nothing', async () => {
  for (const context of ['', '00000001', '00000001 000000000063 0000000000ff']) {
    const push = use(new Push(COUNTS))
    const peer = await pulling(push)
    await push.sendMany(['one', 'two', 'three'])
    await pingBehind(peer, 3)
    peer.write(command('PONG', octets(context)))
    peer.destroy()
    assert.equal((await gone(push)).unconfirmed, { messages: 3, bytes: 17 }, context)
  }
})

test('it is off unless asked for: PINGs have no context then, and events no count', async () => {
  const push = use(new Push(BEATS))
  const peer = await pulling(push)
  await push.send('one')
  await until(() => peer.frames.length > 3)
  for (const { flags, body } of peer.frames.slice(1)) if (flags === 4) assert.equal(body, PING)
  peer.destroy()
  assert.is((await gone(push)).unconfirmed, undefined)
  assert.not.ok(new Push().countUnconfirmed)
})

test('without PINGs nobody can say, and the event does not', async () => {
  const push = use(new Push({ countUnconfirmed: true, linger: 0 }))
  const peer = await pulling(push)
  await push.send('one')
  await until(() => peer.messages.length === 1)
  peer.destroy()
  assert.is((await gone(push)).unconfirmed, undefined)
})

test('what is published counts for the subscriber that gets it', async () => {
  const publisher = use(new Publisher(COUNTS))
  const peer = await pulling(publisher, 'SUB')
  peer.write(command('SUBSCRIBE', 'a'))
  await until(() => publisher.counters.peers === 1)
  for (let sent = 0; sent < 3; ) {
    await publisher.send('b')
    await publisher.send('a')
    sent = publisher.counters.sent
  }
  peer.write(command('PONG', await pingBehind(peer, publisher.counters.sent)))
  await publisher.send(['a', Buffer.alloc(10_000)])
  peer.destroy()
  assert.equal((await gone(publisher)).unconfirmed, { messages: 1, bytes: 3 + 10_009 })
})

const keys = curveKeyPair()
const MECHANISMS = [
  ['NULL', {}, {}],
  [
    'CURVE',
    { curveServer: true, curveSecretKey: keys.secretKey },
    { curveServerKey: keys.publicKey, ...own(curveKeyPair()) },
  ],
] as const

function own({ publicKey, secretKey }: { publicKey: string; secretKey: string }) {
  return { curvePublicKey: publicKey, curveSecretKey: secretKey }
}

for (const [name, asServer, asClient] of MECHANISMS) {
  test(`${name}: sent is confirmed and unconfirmed, and all that is confirmed was received, wherever links are cut`, async () => {
    const noise = new Noise(8)
    const push = use(new Push({ ...COUNTS, ...asClient, reconnectInterval: 5 }))
    const pull = use(new Pull({ ...asServer, linger: 0 }))
    await pull.bind('tcp://127.0.0.1:0')
    const proxy = await ChaosProxy.to(pull.lastEndpoint!)
    ends.add(() => void proxy.close())
    const received = new Set<number>()
    const reading = (async () => {
      for await (const [part] of pull) received.add(part!.readUInt32BE())
    })()
    let sent = 0
    let onLost = (_unconfirmed: { messages: number }, _sent: number): void => {}
    push.events.on('disconnect', ({ unconfirmed }) => onLost(unconfirmed!, push.counters.sent))
    for (let round = 0; round < 15; round++) {
      const before = push.counters.sent
      proxy.rules.up = { cutAt: 2000 + noise.random(20_000), cutBy: round % 2 === 0 ? 'reset' : 'fin' }
      let confirmed = -1
      onLost = ({ messages }, handedOver) => {
        assert.ok(messages >= 0 && messages <= handedOver - before, `${messages} of ${handedOver - before}`)
        confirmed = handedOver - messages
      }
      if (round === 0) push.connect(proxy.endpoint)
      while (confirmed < 0) {
        const message = Buffer.alloc(4 + noise.random(400))
        message.writeUInt32BE(sent++)
        await within(5000, push.send(message), 'a connection')
        await new Promise((resolve) => setTimeout(resolve, noise.random(3)))
      }
      for (let n = before; n < confirmed; n++) {
        await until(() => received.has(n), 5000, `message ${n} of round ${round}, which was confirmed`)
      }
    }
    pull.close()
    await reading
  })
}

test.run()
