// What a receiver that does not read does to its sender, seen from outside: the sender's TCP connection blocks, its queue fills up and takes
// messages again at half; and what becomes of a message that was half sent when the connection broke. Ids in the names are those of the
// conformance checklist.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Router,
  type Socket,
  Subscriber,
} from '../../../src/zmtp/index.ts'
import { command, frame, octets } from '../../support/engine.ts'
import { RawListener, RawPeer } from '../../support/raw-peer.ts'
import { code, overAll, strings } from '../../support/sockets.ts'
import { sleep, until, within } from '../../support/within.ts'

const test = suite('back-pressure')

type Sender = Push | Dealer | Pair
type Receiver = Pull | Dealer | Pair

const ENDS: readonly (readonly [string, () => Sender, () => Receiver])[] = [
  [
    'PUSH',
    () => new Push({ sendHighWaterMark: 10, sendTimeout: 0 }),
    () => new Pull({ receiveHighWaterMark: 1 }),
  ],
  [
    'DEALER',
    () => new Dealer({ sendHighWaterMark: 10, sendTimeout: 0 }),
    () => new Dealer({ receiveHighWaterMark: 1 }),
  ],
  [
    'PAIR',
    () => new Pair({ sendHighWaterMark: 10, sendTimeout: 0 }),
    () => new Pair({ receiveHighWaterMark: 1 }),
  ],
]

for (const [type, makeSender, makeReceiver] of ENDS) {
  overAll(
    test,
    `H3: a ${type} that was full takes no message until half of its queue has left`,
    async (s) => {
      const [receiver, sender] = await s.pair(makeReceiver(), makeSender())
      await until(() => receiver.counters.peers === 1 && sender.writable)
      // Each is more than a connection holds back on its own, so that they leave the queue one by one.
      const body = Buffer.alloc(300_000)
      let sent = 0
      do {
        while ((await code(() => sender.send(body))) === 'no error') sent++
        await sleep(10)
      } while (sender.writable)
      assert.ok(sender.counters.queuedToSend > 5)
      sender.sendTimeout = -1
      let left = -1
      const waiting = sender.send('waited').then(() => {
        left = sender.counters.queuedToSend
      })
      for (; left < 0; sent--) {
        assert.ok(sent > 0, 'before everything has come')
        await receiver.receive()
        if (sender.counters.queuedToSend > 6) assert.is(left, -1)
      }
      await waiting
      // Five of ten, and the one that waited.
      assert.ok(left <= 6, `it went on with ${left} queued`)
      assert.is(sender.counters.dropped + receiver.counters.dropped, 0)
    },
  )
}

/** Writes one message after the other, each when the kernel has taken the one before; says how many it has taken. */
function flood(peer: RawPeer, count: number, message: (index: number) => Buffer): () => number {
  let taken = 0
  const next = (): void => {
    if (taken === count) return
    peer.socket.write(message(taken), (error) => {
      if (error) return
      taken++
      next()
    })
  }
  next()
  return () => taken
}

/** Waits until `count()` stays what it is. */
async function standstill(count: () => number): Promise<number> {
  for (let before = -1, same = 0; ; ) {
    const now = count()
    same = now === before ? same + 1 : 0
    if (same === 15) return now
    before = now
    await sleep(20)
  }
}

const RECEIVERS: readonly (readonly [string, string, () => Socket & { receive(): Promise<Buffer[]> }])[] = [
  ['PULL', 'PUSH', () => new Pull({ receiveHighWaterMark: 10 })],
  ['ROUTER', 'DEALER', () => new Router({ receiveHighWaterMark: 10 })],
  ['SUB', 'PUB', () => new Subscriber({ receiveHighWaterMark: 10 })],
]

for (const [type, peerType, make] of RECEIVERS) {
  test(`H4: the TCP connection of a peer blocks while a ${type} does not receive, and nothing is dropped`, async () => {
    const receiver = make()
    if (receiver instanceof Subscriber) receiver.subscribe()
    await receiver.bind('tcp://127.0.0.1:0')
    const peer = (await RawPeer.connect(receiver.lastEndpoint!)).hello(peerType)
    await peer.ready()
    // 128 MiB: more than the kernel's buffers hold on either side.
    const count = 512
    const body = Buffer.alloc(256 * 1024)
    const before = process.memoryUsage().arrayBuffers
    const taken = flood(peer, count, (index) =>
      Buffer.concat([frame(1, Buffer.from(`m${index}`)), frame(0, body)]),
    )
    const stalled = await within(10_000, standstill(taken), 'the standstill')
    assert.ok(stalled > 10 && stalled < count, `${stalled} of ${count} left`)
    assert.is(receiver.counters.received, 10)
    assert.is(receiver.counters.queuedToReceive, 10)
    assert.ok(
      process.memoryUsage().arrayBuffers - before < 32 * 2 ** 20,
      'what waits is in the kernel, not here',
    )
    // Up to half: still nothing is read. Then it is, up to ten again.
    for (let i = 0; i < 4; i++) await receiver.receive()
    assert.is(await standstill(taken), stalled)
    assert.is(receiver.counters.queuedToReceive, 6)
    await receiver.receive()
    await until(() => receiver.counters.queuedToReceive === 10)
    for (let i = 5; i < count; i++) {
      const message = await within(5000, receiver.receive(), `message ${i}`)
      assert.is(String(message.at(-2)), `m${i}`)
      assert.is(message.at(-1)!.length, body.length)
    }
    assert.is(taken(), count)
    assert.is(receiver.counters.dropped, 0)
    receiver.close()
    peer.destroy()
  })
}

test('H4: a PUSH to a peer that does not read blocks at SNDHWM and goes on with the next one', async () => {
  const push = new Push({ sendHighWaterMark: 5, sendTimeout: 0, linger: 0 })
  await push.bind('tcp://127.0.0.1:0')
  const deaf = (await RawPeer.connect(push.lastEndpoint!)).hello('PULL')
  await deaf.ready()
  deaf.socket.pause()
  await until(() => push.writable)
  const body = Buffer.alloc(300_000)
  let accepted = 0
  do {
    while ((await code(() => push.send(body))) === 'no error') accepted++
    await sleep(10)
  } while (push.writable)
  assert.is(push.counters.queuedToSend, 5)
  const next = new Pull()
  next.connect(push.lastEndpoint!)
  await until(() => push.writable)
  await push.send('for the next')
  assert.equal(strings(await next.receive()), ['for the next'])
  deaf.socket.resume()
  await until(() => deaf.size >= accepted * body.length && deaf.messages.length === accepted)
  for (const socket of [push, next]) socket.close()
  deaf.destroy()
})

// -- what was half sent ------------------------------------------------------------------------------------------------

/** Three parts, the middle one larger than what the kernel and the connection hold. */
function large(index: number): Buffer[] {
  return [Buffer.from(`m${index}`), Buffer.alloc(20_000_000, index), Buffer.from('end')]
}

const SENDERS: readonly (readonly [type: string, peerType: string, make: () => Sender])[] = [
  ['PUSH', 'PULL', () => new Push({ reconnectInterval: 5, linger: 0 })],
  ['DEALER', 'ROUTER', () => new Dealer({ reconnectInterval: 5, linger: 0 })],
  ['PAIR', 'PAIR', () => new Pair({ reconnectInterval: 5, linger: 0 })],
]

for (const [type, peerType, make] of SENDERS) {
  for (const queued of [false, true]) {
    const when = queued ? 'from the queue' : 'at once'
    test(`H7: a multipart of a ${type} that was half sent, ${when}, is neither resumed nor repeated after reconnect`, async () => {
      const sender = make()
      const listener = await RawListener.open()
      sender.connect(listener.endpoint)
      const send = async (): Promise<void> => {
        for (let i = 0; i < 3; i++) await sender.send(large(i))
        await sender.send(['last', 'one'])
      }
      const connected = new Promise((resolve) => sender.events.on('handshake', resolve))
      if (queued) await send()
      const first = (await listener.peer(0)).hello(peerType)
      await within(5000, connected)
      if (!queued) await send()
      // Some of the first message has come, not all.
      await until(() => first.size > 200_000)
      first.socket.pause()
      assert.equal(first.messages, [])
      assert.is(sender.counters.sent, 1)
      first.socket.resetAndDestroy()
      const second = (await listener.peer(1)).hello(peerType)
      await until(() => second.size > 2 * 20_000_000 && second.messages.length === 3, 10_000)
      assert.equal(
        second.messages.map((message) => `${message[0]} ${message.length}`),
        ['m1 3', 'm2 3', 'last 2'],
      )
      assert.ok(second.messages[0]![1]!.equals(large(1)[1]!))
      // A new connection begins anew: greeting, READY, and then messages.
      assert.equal(second.heard.subarray(0, 12), octets('ff 00*8 7f 03 01'))
      sender.close()
      listener.close()
    })
  }
}

test('H7: a bound sender forgets a half-sent multipart with its peer, and serves the next from its beginning', async () => {
  const push = new Push({ linger: 0 })
  await push.bind('tcp://127.0.0.1:0')
  const first = (await RawPeer.connect(push.lastEndpoint!)).hello('PULL')
  await first.ready()
  await push.send(large(0))
  await until(() => first.size > 200_000)
  first.socket.resetAndDestroy()
  await until(() => push.counters.peers === 0)
  const second = (await RawPeer.connect(push.lastEndpoint!)).hello('PULL')
  await push.send(['next', 'one'])
  await until(() => second.messages.length > 0)
  assert.equal(second.messages.map(strings), [['next', 'one']])
  push.close()
  second.destroy()
})

test('H7, S6: a PUB whose subscriber breaks off in a message sends the next connection whole messages only', async () => {
  const publisher = new Publisher({ linger: 0, reconnectInterval: 5 })
  const listener = await RawListener.open()
  publisher.connect(listener.endpoint)
  const first = (await listener.peer(0)).hello('SUB', {}, command('SUBSCRIBE'))
  await first.ready()
  while (first.messages.length === 0) {
    await publisher.send('are you there')
    await sleep(2)
  }
  const before = first.size
  await publisher.send(large(0))
  await until(() => first.size > before + 200_000)
  first.socket.resetAndDestroy()
  const second = (await listener.peer(1)).hello('SUB', {}, command('SUBSCRIBE'))
  await second.ready()
  while (second.messages.length === 0) {
    await publisher.send(['whole', 'again'])
    await sleep(2)
  }
  assert.equal(strings(second.messages[0]!), ['whole', 'again'])
  publisher.close()
  listener.close()
})

test.run()
