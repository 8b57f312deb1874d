// Sockets against peers made of octets, which can do what no ZeroMQ library would: stop in the middle, announce a gigabyte, frame wrongly,
// say nothing. The engine's own tests know every octet; these show that a socket around it keeps its word. Ids in the names are those of
// the conformance checklist.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Request,
  Router,
  type Socket,
  Subscriber,
  XPublisher,
} from '../../../src/zmtp/index.ts'
import { command, frame, greeting, octets, property, ready } from '../../support/engine.ts'
import { RawListener, RawPeer } from '../../support/raw-peer.ts'
import { strings } from '../../support/sockets.ts'
import { until, within } from '../../support/within.ts'

const test = suite('raw peers')

/** Runs with a bound socket, a listener that is no socket, and closes both. */
function scenario(name: string, run: (world: World) => Promise<void>): void {
  test(name, async () => {
    const world = new World()
    try {
      await within(15_000, run(world), name)
    } finally {
      world.close()
    }
  })
}

class World {
  readonly #sockets: Socket[] = []
  readonly #raw: { destroy(): void }[] = []

  use<S extends Socket>(socket: S): S {
    this.#sockets.push(socket)
    return socket
  }

  async bound<S extends Socket>(socket: S): Promise<S> {
    await this.use(socket).bind('tcp://127.0.0.1:0')
    return socket
  }

  async peerOf(socket: Socket): Promise<RawPeer> {
    const peer = await RawPeer.connect(socket.lastEndpoint!)
    this.#raw.push(peer)
    return peer
  }

  async listener(): Promise<RawListener> {
    const listener = await RawListener.open()
    this.#raw.push({ destroy: () => listener.close() })
    return listener
  }

  close(): void {
    for (const socket of this.#sockets) {
      if (socket.closed) continue
      socket.linger = 0
      socket.close()
    }
    for (const raw of this.#raw) raw.destroy()
  }
}

// -- greeting and handshake --------------------------------------------------------------------------------------------

scenario('A1, A2, A3: who dials sends 64 octets at once, and no more before it is answered', async (w) => {
  const listener = await w.listener()
  w.use(new Dealer()).connect(listener.endpoint)
  const peer = await (await listener.peer(0)).hears(64)
  assert.equal(peer.heard, octets('ff 00*8 7f 03 01 "NULL" 00*16 00 00*31'))
  peer.write(greeting())
  await peer.ready()
  assert.is(peer.frames.length, 1)
})

scenario('A12: a mechanism mismatch is told as such, on both roles', async (w) => {
  const router = await w.bound(new Router())
  const listener = await w.listener()
  const dealer = w.use(new Dealer({ reconnectInterval: -1 }))
  const told = (socket: Socket) =>
    new Promise<string>((resolve) => {
      socket.events.on('handshake:error:protocol', ({ error }) => resolve(error.code))
    })
  const both = Promise.all([told(router), told(dealer)])
  dealer.connect(listener.endpoint)
  for (const peer of [await w.peerOf(router), await listener.peer(0)]) {
    peer.write(greeting('PLAIN'))
    await peer.over()
  }
  assert.equal(await both, ['ERR_ZMTP_MECHANISM_MISMATCH', 'ERR_ZMTP_MECHANISM_MISMATCH'])
})

scenario('A16: a peer that closes inside its greeting is dialled again', async (w) => {
  const listener = await w.listener()
  const dealer = w.use(new Dealer({ reconnectInterval: 5 }))
  dealer.connect(listener.endpoint)
  await dealer.send('kept')
  for (const [index, size] of [0, 1, 10, 11, 63].entries()) {
    const peer = await listener.peer(index)
    if (size > 0) peer.write(greeting().subarray(0, size))
    peer.socket.end()
    await peer.over()
  }
  const peer = (await listener.peer(5)).hello('ROUTER')
  await until(() => peer.messages.length === 1)
  assert.equal(strings(peer.messages[0]!), ['kept'])
})

scenario('A17: a silent peer is closed after handshakeInterval, which is 30 s unless set', async (w) => {
  assert.is(w.use(new Router()).handshakeInterval, 30_000)
  const router = await w.bound(new Router({ handshakeInterval: 50 }))
  const listener = await w.listener()
  w.use(new Dealer({ handshakeInterval: 50, reconnectInterval: 5 })).connect(listener.endpoint)
  const silent = await w.peerOf(router)
  const half = (await w.peerOf(router)).write(greeting())
  const dialled = await listener.peer(0)
  for (const peer of [silent, half, dialled]) await peer.over()
  assert.is(router.counters.peers, 0)
  await listener.peer(1)
})

scenario('N2: no message leaves before the peer has said READY', async (w) => {
  const listener = await w.listener()
  const dealer = w.use(new Dealer())
  dealer.connect(listener.endpoint)
  await dealer.send('too early')
  const peer = await listener.peer(0)
  peer.write(greeting())
  await peer.ready()
  await dealer.send('still')
  // Whatever else had been said would have come before the answer to this half of READY.
  peer.write(ready('ROUTER').subarray(0, 10))
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(peer.messages, [])
  peer.write(ready('ROUTER').subarray(10))
  await until(() => peer.messages.length === 2)
  assert.equal(peer.messages.map(strings), [['too early'], ['still']])
})

scenario('N3: messages in the segment of READY are delivered', async (w) => {
  const pull = await w.bound(new Pull())
  const peer = await w.peerOf(pull)
  peer.hello('PUSH', {}, octets('01 01 41 00 01 42 00 01 43'))
  assert.equal(strings(await pull.receive()), ['A', 'B'])
  assert.equal(strings(await pull.receive()), ['C'])
})

scenario('C10: a handshake above 8 KiB costs the peer its connection, and nobody else', async (w) => {
  const router = await w.bound(new Router())
  const greedy = await w.peerOf(router)
  greedy.write(greeting(), ready('DEALER', property('X-a', Buffer.alloc(100_000))))
  const modest = await w.peerOf(router)
  modest.write(greeting(), ready('DEALER', property('X-a', Buffer.alloc(8000))), octets('00 02 "hi"'))
  await greedy.over()
  assert.is(String((await router.receive())[1]), 'hi')
})

scenario('R13: a peer that brings an identity beginning with 00 is refused', async (w) => {
  const router = await w.bound(new Router())
  const forger = (await w.peerOf(router)).hello('DEALER', { identity: '\0abcd' }, octets('00 02 "hi"'))
  await forger.over()
  assert.not(router.readable)
})

// -- who is who, and what is on the wire -------------------------------------------------------------------------------

scenario('R1, R23: a request is what was captured, and an identity is in READY alone', async (w) => {
  const request = w.use(new Request({ routingId: 'asker' }))
  const listener = await w.listener()
  request.connect(listener.endpoint)
  const peer = (await listener.peer(0)).hello('ROUTER')
  await request.send('q1')
  const said = Buffer.concat([ready('REQ', property('Identity', 'asker')), octets('01 00 00 02 "q1"')])
  await peer.hears(64 + said.length)
  assert.equal(peer.heard.subarray(64), said)
  peer.write(octets('01 00 00 02 "a1"'))
  assert.equal(strings(await request.receive()), ['a1'])
  request.correlate = true
  await request.send('q2')
  await peer.hears(64 + said.length + 12)
  const [header, id, ...rest] = cut(peer.heard.subarray(64 + said.length), 2, 4, 2, 2, 2)
  assert.equal([header, ...rest], [octets('01 04'), octets('01 00'), octets('00 02'), octets('"q2"')])
  peer.write(octets('01 04'), id!, octets('01 00 00 02 "a2"'))
  assert.equal(strings(await request.receive()), ['a2'])

  const router = await w.bound(new Router())
  const dealer = (await w.peerOf(router)).hello('DEALER', { identity: 'D' }, octets('01 02 "hi" 00 00'))
  assert.equal(strings(await router.receive()), ['D', 'hi', ''])
  await router.send(['D', 'a', 'b'])
  await until(() => dealer.messages.length === 1)
  assert.equal(strings(dealer.messages[0]!), ['a', 'b'])
})

scenario('R17: an id with nothing behind it puts no octet on the wire', async (w) => {
  const router = await w.bound(new Router())
  const dealer = (await w.peerOf(router)).hello('DEALER', { identity: 'D' }, octets('00 02 "hi"'))
  await router.receive()
  await dealer.ready()
  const before = dealer.size
  await router.send('D')
  await router.send(['D'])
  await router.send(['D', 'x'])
  await dealer.hears(before + 3)
  assert.equal(dealer.heard.subarray(before), octets('00 01 "x"'))
})

scenario(
  'R18: a second peer of the same identity is closed, and the first hears nothing of it',
  async (w) => {
    const router = await w.bound(new Router())
    const first = (await w.peerOf(router)).hello('DEALER', { identity: 'same' }, octets('00 01 "1"'))
    await router.receive()
    const second = (await w.peerOf(router)).hello('DEALER', { identity: 'same' }, octets('00 01 "2"'))
    await second.over()
    await router.send(['same', 'still you'])
    await until(() => first.messages.length === 1)
    assert.not(first.closed)
    assert.not(router.readable, 'what the second sent is not taken for the first')
    assert.is(router.counters.peers, 1)
  },
)

scenario(
  'R19: with HANDOVER the old TCP connection is closed, and what it had sent is received',
  async (w) => {
    const router = await w.bound(new Router({ handover: true }))
    const peers: RawPeer[] = []
    for (let i = 0; i < 4; i++) {
      peers.push((await w.peerOf(router)).hello('DEALER', { identity: 'same' }, octets(`00 01 "${i}"`)))
      await until(() => router.counters.received === i + 1)
      if (i > 0) await peers[i - 1]!.over()
    }
    assert.is(router.counters.peers, 1)
    for (let i = 0; i < 4; i++) assert.equal(strings(await router.receive()), ['same', String(i)])
    await router.send(['same', 'newest'])
    await until(() => peers[3]!.messages.length === 1)
    assert.not(peers[3]!.closed)
  },
)

scenario(
  'R20: a peer that breaks off and comes back at once under its identity is served, unread or not',
  async (w) => {
    const router = await w.bound(new Router({ mandatory: true }))
    let peer = (await w.peerOf(router)).hello('DEALER', { identity: 'same' }, octets('00 01 "0"'))
    await until(() => router.counters.received === 1)
    for (let i = 1; i <= 20; i++) {
      // In one go: the router may look at the new connection before it has heard of the end of the old one.
      if (i % 2 === 0) peer.socket.resetAndDestroy()
      else peer.destroy()
      peer = (await w.peerOf(router)).hello('DEALER', { identity: 'same' }, octets(`00 02 "${i % 10}!"`))
      await until(() => router.counters.received === i + 1 || peer.closed)
      assert.not(peer.closed, `refused at round ${i}`)
    }
    for (let i = 0; i <= 20; i++) assert.is(String((await router.receive())[0]), 'same')
    await router.send(['same', 'answer'])
    await until(() => peer.messages.length === 1)
  },
)

scenario(
  'H9: a surplus peer of a PAIR hears a greeting and no READY, so it has no reason to send anything',
  async (w) => {
    const pair = await w.bound(new Pair())
    const first = (await w.peerOf(pair)).hello('PAIR')
    await first.ready()
    const second = (await w.peerOf(pair)).hello('PAIR')
    await second.over()
    assert.ok(second.size <= 64)
    assert.not(first.closed)
    first.destroy()
    await until(() => pair.counters.peers === 0)
    const third = (await w.peerOf(pair)).hello('PAIR', {}, octets('00 05 "third"'))
    assert.equal(strings(await pair.receive()), ['third'])
    assert.not(third.closed)
  },
)

scenario(
  'H9: of two peers of a PAIR whose handshakes overlap, the later one is closed behind its own',
  async (w) => {
    const pair = await w.bound(new Pair())
    const both = [await w.peerOf(pair), await w.peerOf(pair)]
    for (const peer of both) await peer.write(greeting()).ready()
    both[1]!.write(ready('PAIR'), octets('00 06 "second"'))
    assert.equal(strings(await pair.receive()), ['second'])
    both[0]!.write(ready('PAIR'), octets('00 05 "first"'))
    await both[0]!.over()
    assert.not(both[1]!.closed)
    assert.not(pair.readable)
  },
)

// -- frames ------------------------------------------------------------------------------------------------------------

scenario('F12: twenty peers that announce 1 GiB each and send 10 octets cost little', async (w) => {
  const pull = await w.bound(new Pull())
  const good = (await w.peerOf(pull)).hello('PUSH', {}, octets('00 01 41'))
  await pull.receive()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 20; i++) {
    ;(await w.peerOf(pull)).hello('PUSH', {}, octets('02 00 00 00 00 40 00 00 00 41*10'))
  }
  await until(() => pull.counters.peers === 21)
  good.write(octets('00 01 42'))
  assert.equal(strings(await pull.receive()), ['B'])
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 2 ** 20)
})

scenario('F14: a PING between two parts is answered before the message is whole', async (w) => {
  const pull = await w.bound(new Pull())
  const peer = (await w.peerOf(pull)).hello('PUSH')
  peer.write(octets('01 01 41'), command('PING', '\0\0why'))
  await until(() => peer.frames.length === 2)
  assert.equal(peer.frames[1], { flags: 4, body: Buffer.from('\x04PONGwhy', 'latin1') })
  peer.write(octets('00 01 42'))
  assert.equal(strings(await pull.receive()), ['A', 'B'])
})

scenario('F17: a PUB serves a subscriber whose SUBSCRIBE is framed as libzmq 4.3.4 does it', async (w) => {
  const publisher = await w.bound(new XPublisher())
  const peer = (await w.peerOf(publisher)).hello('SUB')
  peer.write(octets('04 00*6 01 00 09 "SUBSCRIBE" 41*246'))
  assert.equal(strings(await publisher.receive()), [`\x01${'A'.repeat(246)}`])
  await publisher.send(['A'.repeat(300), 'wanted'])
  await until(() => peer.messages.length === 1)
  assert.equal(strings(peer.messages[0]!), ['A'.repeat(300), 'wanted'])
})

scenario(
  'F18: a message that breaks off is never received, wherever it does; the next peer is heard',
  async (w) => {
    const pull = await w.bound(new Pull())
    const whole = octets('01 01 41 01 00 02 00*6 01 00 42*256')
    for (let size = 1; size < whole.length; size += size < 16 ? 1 : 60) {
      const peer = (await w.peerOf(pull)).hello(
        'PUSH',
        {},
        Buffer.concat([octets('00 05 "first"'), whole.subarray(0, size)]),
      )
      assert.equal(strings(await pull.receive()), ['first'])
      peer.socket.end()
      await peer.over()
    }
    await until(() => pull.counters.peers === 0)
    assert.not(pull.readable)
    ;(await w.peerOf(pull)).hello('PUSH', {}, whole)
    assert.is((await pull.receive()).length, 3)
  },
)

scenario(
  'F18, H7: what came of a message that broke off does not stand before the first of the next connection',
  async (w) => {
    for (const [socket, type] of [
      [new Pull({ reconnectInterval: 5 }), 'PUSH'],
      [new Dealer({ reconnectInterval: 5 }), 'ROUTER'],
      [new Pair({ reconnectInterval: 5 }), 'PAIR'],
      [new Subscriber({ reconnectInterval: 5 }), 'PUB'],
    ] as const) {
      const listener = await w.listener()
      if (socket instanceof Subscriber) socket.subscribe()
      w.use(socket).connect(listener.endpoint)
      const first = (await listener.peer(0)).hello(
        type,
        {},
        octets('01 04 "half" 01 00 02 00*6 01 00 42*100'),
      )
      await first.ready()
      await new Promise((resolve) => setTimeout(resolve, 5))
      first.socket.end()
      ;(await listener.peer(1)).hello(type, {}, octets('01 05 "whole" 00 03 "one"'))
      assert.equal(strings(await socket.receive()), ['whole', 'one'])
      assert.is(socket.counters.received, 1)
    }
  },
)

scenario('F19: bodies of all sizes, copied, borrowed and queued, leave in order', async (w) => {
  const listener = await w.listener()
  const push = w.use(new Push({ sendHighWaterMark: 0 }))
  push.connect(listener.endpoint)
  const peer = (await listener.peer(0)).hello('PULL')
  await peer.ready()
  const sizes = [0, 1, 12, 13, 255, 256, 8192, 8193, 57_000, 70_000]
  const expected: Buffer[][] = []
  for (let i = 0; i < 600; i++) {
    // Now and then the peer stops reading, so that messages wait, in the connection and in the queue.
    if (i === 200) peer.socket.pause()
    if (i === 550) peer.socket.resume()
    if (i % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
    const message = [Buffer.from(String(i)), Buffer.alloc(sizes[(i * 7) % sizes.length]!, i)]
    if (i % 3 === 0) message.pop()
    expected.push(message)
    await push.send(message)
  }
  await until(() => peer.messages.length === expected.length, 10_000)
  assert.ok(peer.messages.every((message, i) => Buffer.concat(message).equals(Buffer.concat(expected[i]!))))
  assert.equal(
    peer.messages.map((message) => message.length),
    expected.map((message) => message.length),
  )
})

// -- subscriptions -----------------------------------------------------------------------------------------------------

const SIZES = [0, 1, 244, 245, 246, 247, 248, 249, 250, 254, 255, 256, 70_000]

for (const minor of [0, 1]) {
  scenario(
    `C21, C23: topics of all sizes are framed for a publisher of 3.${minor}, to the octet`,
    async (w) => {
      const listener = await w.listener()
      const subscriber = w.use(new Subscriber())
      subscriber.connect(listener.endpoint)
      const peer = (await listener.peer(0)).hello('PUB', { minor })
      await peer.ready()
      const form = (first: number, name: string, topic: Buffer): Buffer =>
        minor === 0 ? frame(0, Buffer.concat([Buffer.from([first]), topic])) : command(name, topic)
      const expected = [peer.heard.subarray(0, 64), ready('SUB')]
      for (const size of SIZES) {
        const topic = Buffer.alloc(size, 't')
        subscriber.subscribe(topic)
        subscriber.unsubscribe(topic)
        expected.push(form(1, 'SUBSCRIBE', topic), form(0, 'CANCEL', topic))
      }
      const all = Buffer.concat(expected)
      await peer.hears(all.length)
      assert.ok(peer.heard.equals(all))
    },
  )
}

scenario('C24: SUBSCRIBE and CANCEL are not received by a socket that is no publisher', async (w) => {
  for (const [socket, type] of [
    [new Pull(), 'PUSH'],
    [new Dealer(), 'DEALER'],
  ] as const) {
    await w.bound(socket)
    const peer = (await w.peerOf(socket)).hello(type)
    peer.write(command('SUBSCRIBE', 'A'), command('CANCEL', 'A'), octets('00 04 "data"'))
    assert.equal(strings(await socket.receive()), ['data'])
    assert.is(socket.counters.received, 1)
  }
})

scenario('S5: a SUB drops what it did not ask for, by its first part', async (w) => {
  const listener = await w.listener()
  const subscriber = w.use(new Subscriber())
  subscriber.subscribe('y')
  subscriber.connect(listener.endpoint)
  const peer = await listener.peer(0)
  peer.hello('PUB', {}, octets('00 02 "no" 01 01 "n" 00 01 "y" 00 00 01 03 "yes" 00 01 "n" 00 01 "y"'))
  assert.equal(strings(await subscriber.receive()), ['yes', 'n'])
  assert.equal(strings(await subscriber.receive()), ['y'])
  assert.is(subscriber.counters.dropped, 3)
})

scenario(
  'S4: each distinct topic is sent once on a connection, before the application does anything',
  async (w) => {
    const listener = await w.listener()
    const subscriber = w.use(new Subscriber({ reconnectInterval: 5 }))
    subscriber.subscribe('B', 'A', 'A', 'Ab')
    subscriber.connect(listener.endpoint)
    for (let index = 0; index < 3; index++) {
      const peer = (await listener.peer(index)).hello('PUB')
      await until(() => peer.frames.length === 4)
      assert.equal(
        peer.frames.slice(1).map(({ flags, body }) => `${flags} ${body.toString('latin1', 10)}`),
        ['4 A', '4 Ab', '4 B'],
      )
      peer.destroy()
    }
  },
)

scenario(
  'S10: what is sent up in several parts arrives whole, also when it begins with 00 or 01',
  async (w) => {
    const publisher = await w.bound(new XPublisher())
    const peer = (await w.peerOf(publisher)).hello('XSUB', { minor: 0 })
    peer.write(
      octets('01 02 02 "x" 01 04 01 "mid" 00 03 "end"'),
      octets('01 02 01 "A" 00 01 "b"'),
      octets('01 02 00 "A" 00 02 01 "C"'),
      octets('00 00'),
      octets('00 02 01 "T"'),
    )
    for (const parts of [['\x02x', '\x01mid', 'end'], ['\x01A', 'b'], ['\x00A', '\x01C'], [''], ['\x01T']]) {
      assert.equal(strings(await publisher.receive()), parts)
    }
    for (const topic of ['mid', 'A', 'C', 'T']) await publisher.send(topic)
    await until(() => peer.messages.length > 0)
    assert.equal(peer.messages.map(strings), [['T']])
  },
)

scenario('S13: a topic of 4 kB is served as any other; one of 20 kB is refused', async (w) => {
  const publisher = await w.bound(new XPublisher())
  const topic = Buffer.alloc(4095, 't')
  const peer = (await w.peerOf(publisher)).hello('SUB')
  for (let i = 0; i < 40; i++) peer.write(command('SUBSCRIBE', Buffer.concat([topic, Buffer.from([i])])))
  for (let i = 0; i < 40; i++) await publisher.receive()
  await publisher.send([topic, 'not quite'])
  await publisher.send([Buffer.concat([topic, Buffer.from([7])]), 'seven'])
  await until(() => peer.messages.length === 1)
  assert.is(String(peer.messages[0]![1]), 'seven')
  peer.write(command('SUBSCRIBE', Buffer.alloc(20_000, 't')))
  await until(() => peer.closed)
})

scenario('C22: what a PUB is sent that is no subscription is dropped, and serves nobody', async (w) => {
  const publisher = await w.bound(new Publisher())
  const peer = (await w.peerOf(publisher)).hello(
    'XSUB',
    { minor: 0 },
    octets('00 02 02 41 00 00 01 01 01 00 01 41'),
  )
  await until(() => publisher.counters.received === 3)
  assert.is(publisher.counters.dropped, 3)
  await publisher.send('A')
  // A subscription is no message; the message behind it tells that it has come.
  peer.write(octets('00 02 01 41 00 01 02'))
  await until(() => publisher.counters.dropped === 4)
  assert.is(publisher.counters.received, 4)
  await publisher.send('Ab')
  await until(() => peer.messages.length === 1)
  assert.equal(strings(peer.messages[0]!), ['Ab'])
})

test.run()

function cut(bytes: Buffer, ...sizes: number[]): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}
