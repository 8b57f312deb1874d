// Queues and back-pressure: high-water marks in messages, what survives a lost connection, what a slow receiver does to a fast sender.
// Ids in the names are those of the conformance checklist.
import { createServer, type Socket as NetSocket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, Router } from '../../../src/zmtp/index.ts'
import { code, overAll, rawDealer, sayHello, strings } from '../../support/sockets.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('queues')

overAll(
  test,
  'H2: with nobody there, exactly SNDHWM messages are accepted, however many parts they have',
  async (s) => {
    for (const limit of [1, 2, 7]) {
      const dealer = s.use(new Dealer({ sendHighWaterMark: limit, sendTimeout: 0 }))
      dealer.connect(await s.freeAddress())
      assert.ok(dealer.writable)
      for (let i = 0; i < limit; i++) await dealer.send(['two', 'parts'])
      assert.not(dealer.writable)
      assert.is(await code(() => dealer.send('one more')), 'EAGAIN')
      assert.is(dealer.counters.queuedToSend, limit)
    }
  },
)

overAll(test, 'H2: 0 is no limit, and a changed limit counts at once', async (s) => {
  const dealer = s.use(new Dealer({ sendHighWaterMark: 0, sendTimeout: 0 }))
  dealer.connect(await s.freeAddress())
  for (let i = 0; i < 3000; i++) await dealer.send('x')
  dealer.sendHighWaterMark = 3000
  assert.is(await code(() => dealer.send('x')), 'EAGAIN')
  dealer.sendHighWaterMark = 3001
  await dealer.send('x')
})

overAll(test, 'H3: a send that waits goes on when half of the queue has left', async (s) => {
  const dealer = s.use(new Dealer({ sendHighWaterMark: 4 }))
  const address = await s.freeAddress()
  dealer.connect(address)
  for (let i = 0; i < 4; i++) await dealer.send(String(i))
  let sent = false
  const waiting = dealer.send('4').then(() => {
    sent = true
  })
  await sleep(5)
  assert.not(sent)
  const peer = s.use(new Dealer())
  await peer.bind(address)
  await waiting
  for (let i = 0; i < 5; i++) assert.equal(strings(await peer.receive()), [String(i)])
})

overAll(
  test,
  'H4: a receiver that does not read stops its sender, and nothing is lost or reordered',
  async (s) => {
    const receiver = s.use(new Dealer({ receiveHighWaterMark: 10 }))
    const sender = s.use(new Dealer({ sendHighWaterMark: 10, sendTimeout: 100, linger: -1 }))
    sender.connect(await s.bind(receiver))
    const body = Buffer.alloc(20_000)
    let accepted = 0
    while ((await code(() => sender.send([String(accepted), body]))) === 'no error') {
      if (++accepted > 5000) break
    }
    assert.ok(accepted > 20 && accepted < 5000, `${accepted} accepted`)
    assert.not(sender.writable)
    // The receiver holds its ten; what else has come is in the connection.
    assert.is(receiver.counters.queuedToReceive, 10)
    sender.sendTimeout = -1
    const last = sender.send([String(accepted), body])
    for (let i = 0; i <= accepted; i++) {
      const [number, payload] = await receiver.receive()
      assert.is(String(number), String(i))
      assert.is(payload!.length, body.length)
    }
    await last
  },
)

overAll(test, 'H4: with RCVHWM 1 every message still comes, one after the other', async (s) => {
  const [receiver, sender] = await s.pair(
    new Dealer({ receiveHighWaterMark: 1 }),
    new Dealer({ sendHighWaterMark: 1 }),
  )
  const all = (async () => {
    for (let i = 0; i < 2000; i++) await sender.send(String(i))
  })()
  for (let i = 0; i < 2000; i++) assert.equal(strings(await receiver.receive()), [String(i)])
  await all
})

overAll(
  test,
  'H5: the queue of a connecting socket survives the loss of its peer, that of a binding socket does not',
  async (s) => {
    const dealer = s.use(new Dealer({ reconnectInterval: 5 }))
    const first = s.use(new Router({ linger: 0 }))
    const address = await s.bind(first, await s.freeAddress())
    dealer.connect(address)
    await dealer.send('hello')
    await first.receive()
    const gone = new Promise((resolve) => dealer.events.on('disconnect', resolve))
    first.close()
    await gone
    for (const text of ['a', 'b', 'c']) await dealer.send(text)
    const second = s.use(new Dealer())
    await second.bind(address)
    for (const text of ['a', 'b', 'c']) assert.equal(strings(await second.receive()), [text])

    const bound = s.use(new Dealer({ sendTimeout: 0 }))
    const leaving = rawDealer(await s.bind(bound))
    await until(() => bound.writable)
    const body = Buffer.alloc(100_000)
    while ((await code(() => bound.send(body))) === 'no error') {}
    assert.is(bound.counters.queuedToSend, 1000)
    leaving.destroy()
    await until(() => bound.counters.peers === 0)
    assert.is(bound.counters.queuedToSend, 0)
    assert.is(bound.counters.dropped, 1000)
    assert.is(await code(() => bound.send('x')), 'EAGAIN')
  },
  ['tcp', 'ipc'],
)

test('H5: a whole queue survives a peer that breaks off while it does not read', async () => {
  const links: NetSocket[] = []
  const server = createServer((link) => {
    links.push(link)
    sayHello(link)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`
  const dealer = new Dealer({ sendTimeout: 0, reconnectInterval: 5 })
  const connected = new Promise((resolve) => dealer.events.on('handshake', resolve))
  dealer.connect(address)
  await connected
  const body = Buffer.alloc(100_000)
  let accepted = 0
  while ((await code(() => dealer.send([String(accepted), body]))) === 'no error') accepted++
  assert.is(dealer.counters.queuedToSend, 1000)
  server.close()
  for (const link of links) link.destroy()
  const next = new Dealer()
  await bindWhenFree(next, address)
  for (let i = accepted - 1000; i < accepted; i++) assert.is(String((await next.receive())[0]), String(i))
  for (const socket of [dealer, next]) socket.close()
})

overAll(test, 'H6: what was received before a disconnect is still readable', async (s) => {
  const bound = s.use(new Dealer())
  const leaving = s.use(new Dealer({ linger: -1 }))
  leaving.connect(await s.bind(bound))
  for (let i = 0; i < 50; i++) await leaving.send([String(i), 'x'])
  leaving.close()
  await until(() => bound.counters.received === 50 && bound.counters.peers === 0)
  for (let i = 0; i < 50; i++) assert.equal(strings(await bound.receive()), [String(i), 'x'])
})

test('H7: of a message that breaks off nothing is delivered, and the next peer is heard', async () => {
  const dealer = new Dealer()
  await dealer.bind('tcp://127.0.0.1:0')
  const raw = rawDealer(dealer.lastEndpoint!)
  raw.on('data', () => {})
  raw.write('\x00\x05whole\x01\x04half', 'latin1')
  assert.equal(strings(await dealer.receive()), ['whole'])
  raw.destroy()
  const next = new Dealer()
  next.connect(dealer.lastEndpoint!)
  await next.send(['next', 'one'])
  assert.equal(strings(await dealer.receive()), ['next', 'one'])
  for (const socket of [dealer, next]) socket.close()
})

overAll(test, 'H8: with IMMEDIATE nothing is queued for a peer that is not connected', async (s) => {
  const address = await s.freeAddress()
  const dealer = s.use(new Dealer({ immediate: true, sendTimeout: 0, reconnectInterval: 5 }))
  dealer.connect(address)
  assert.not(dealer.writable)
  assert.is(await code(() => dealer.send('x')), 'EAGAIN')
  const peer = s.use(new Dealer({ linger: 0 }))
  await peer.bind(address)
  dealer.sendTimeout = -1
  await dealer.send('y')
  assert.equal(strings(await peer.receive()), ['y'])
  peer.close()
  await until(() => !dealer.writable)
})

overAll(test, 'CONFLATE keeps the newest message only', async (s) => {
  const dealer = s.use(new Dealer({ conflate: true, sendHighWaterMark: 1, sendTimeout: 0 }))
  const address = await s.freeAddress()
  dealer.connect(address)
  for (let i = 0; i < 10; i++) await dealer.send(String(i))
  const peer = s.use(new Dealer())
  await peer.bind(address)
  assert.equal(strings(await peer.receive()), ['9'])
})

overAll(
  test,
  'a kept message of 16 octets does not keep the chunk it came with; a large one is not copied again',
  async (s) => {
    const [receiver, sender] = await s.pair(new Dealer(), new Dealer())
    for (let i = 0; i < 100; i++) await sender.send(Buffer.alloc(16, i))
    for (let i = 0; i < 100; i++) {
      const [part] = await receiver.receive()
      // A piece of Node's pool, as any small Buffer: 8 KiB; 64 KiB in Node 24.21 and 26, which aligns it.
      assert.ok(part!.buffer.byteLength <= Buffer.poolSize + 64, `${part!.buffer.byteLength}`)
      assert.ok(part!.equals(Buffer.alloc(16, i)))
    }
    await sender.send(Buffer.alloc(1_000_000, 1))
    const [large] = await receiver.receive()
    assert.ok(large!.buffer.byteLength < 2_100_000)
  },
)

test.run()

async function bindWhenFree(socket: Dealer, address: string): Promise<void> {
  while ((await code(() => socket.bind(address))) === 'EADDRINUSE') await sleep(2)
}
