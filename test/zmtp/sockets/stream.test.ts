// STREAM against plain TCP, both roles: who is told what and when, what goes out, what is refused, and what back-pressure does.
import { createHash, randomBytes } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, type Socket, Stream } from '../../../src/zmtp/index.ts'
import { Losses, Pipe } from '../../../src/zmtp/routing/pipe.ts'
import { OptionValues } from '../../../src/zmtp/sockets/options.ts'
import { StreamPattern } from '../../../src/zmtp/sockets/patterns/stream.ts'
import { code, overAll, Scenario } from '../../support/sockets.ts'
import { dialPlainly, TcpHost, type TcpPeer } from '../../support/tcp-peer.ts'
import { sleep, until, within } from '../../support/within.ts'

const test = suite('stream')

interface World {
  /** Has a socket closed at the end. */
  use<S extends Socket>(socket: S): S
  /** A plain server, and a plain client of `stream`, gone at the end. */
  host(endpoint?: string): Promise<TcpHost>
  client(stream: Stream): Promise<TcpPeer>
}

function scene(name: string, run: (world: World) => Promise<void>): void {
  test(name, async () => {
    const scenario = new Scenario('tcp')
    const ends: (() => void)[] = []
    const world: World = {
      use: (socket) => scenario.use(socket),
      host: async (endpoint) => {
        const host = await TcpHost.listen(endpoint)
        ends.push(() => host.close())
        return host
      },
      client: async (stream) => {
        const peer = await dialPlainly(stream.lastEndpoint!)
        ends.push(() => peer.socket.destroy())
        return peer
      },
    }
    try {
      await within(10_000, run(world), name)
    } finally {
      scenario.close()
      for (const end of ends) end()
    }
  })
}

async function bound(world: World, options: ConstructorParameters<typeof Stream>[0] = {}): Promise<Stream> {
  const stream = world.use(new Stream({ receiveTimeout: 5000, ...options }))
  await stream.bind('tcp://127.0.0.1:0')
  return stream
}

/** The next message: its id, and its octets as text. */
async function next(stream: Stream): Promise<[id: Buffer, text: string]> {
  const [id, octets] = await stream.receive()
  return [id, octets.toString('latin1')]
}

/** Receives until `size` octets have come from anywhere; notices are passed over. */
async function gather(stream: Stream, size: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (let have = 0; have < size; ) {
    const [, octets] = await stream.receive()
    pieces.push(octets)
    have += octets.length
  }
  return Buffer.concat(pieces)
}

async function nothingComes(stream: Stream): Promise<void> {
  stream.receiveTimeout = 30
  assert.is(await code(() => stream.receive()), 'EAGAIN')
  stream.receiveTimeout = 5000
}

const MEGA = 1 << 20

// ---- notices and ids

scene(
  'a connection is reported by an empty message, its octets follow, and its end is one more',
  async (world) => {
    const stream = await bound(world)
    const peer = await world.client(stream)
    const [id, connected] = await next(stream)
    assert.is(connected, '')
    assert.is(id.length, 5)
    assert.is(id[0], 0)
    peer.write('hello')
    assert.equal(await next(stream), [id, 'hello'])
    await stream.send([id, 'and to you'])
    await peer.got('and to you')
    peer.socket.end('bye')
    assert.equal(await next(stream), [id, 'bye'])
    assert.equal(await next(stream), [id, ''])
    await nothingComes(stream)
    assert.is(await code(() => stream.send([id, 'late'])), 'EHOSTUNREACH')
  },
)

scene('every connection has an id of its own, and answers find their way', async (world) => {
  const stream = await bound(world)
  const peers = [await world.client(stream), await world.client(stream), await world.client(stream)]
  const ids = [(await next(stream))[0], (await next(stream))[0], (await next(stream))[0]]
  assert.is(new Set(ids.map((id) => id.toString('hex'))).size, 3)
  for (const [n, id] of ids.entries()) await stream.send([id, `you are ${n}`])
  for (const [n, peer] of peers.entries()) {
    await peer.got(`you are ${n}`)
    assert.is(peer.text, `you are ${n}`)
  }
})

scene('with notify off only octets are reported', async (world) => {
  const stream = await bound(world, { notify: false })
  const peer = await world.client(stream)
  peer.socket.end('all I have to say')
  assert.is((await next(stream))[1], 'all I have to say')
  await until(() => stream.counters.peers === 0)
  await nothingComes(stream)
})

scene('a peer that resets the connection is reported as one that closes it', async (world) => {
  const stream = await bound(world)
  const peer = await world.client(stream)
  const [id] = await next(stream)
  peer.write('x')
  await next(stream)
  peer.socket.resetAndDestroy()
  assert.equal(await next(stream), [id, ''])
})

scene(
  'a peer that comes, speaks and goes before anybody receives has left all of it behind',
  async (world) => {
    const stream = await bound(world)
    const peer = await world.client(stream)
    peer.socket.end('x')
    await until(() => peer.closed)
    await until(() => stream.counters.peers === 0)
    assert.is(stream.counters.queuedToReceive, 3)
    const [id, connected] = await next(stream)
    assert.is(connected, '')
    assert.is(await code(() => stream.send([id, 'too late'])), 'EHOSTUNREACH')
    assert.equal(await next(stream), [id, 'x'])
    assert.equal(await next(stream), [id, ''])
    assert.not(stream.readable)
  },
)

scene('octets of several connections are received in turn', async (world) => {
  const stream = await bound(world, { notify: false })
  const [one, two] = [await world.client(stream), await world.client(stream)]
  one.write(Buffer.alloc(8192 * 4, 1))
  two.write(Buffer.alloc(8192 * 4, 2))
  await until(() => stream.counters.queuedToReceive >= 8)
  const order: number[] = []
  for (let n = 0; n < 8; n++) order.push((await stream.receive())[1][0]!)
  for (let n = 1; n < 8; n++) assert.not(order[n] === order[n - 1], order.join())
})

// ---- sending

scene('octets go out as they were sent, 1 to 3,000,000 at a time', async (world) => {
  const stream = await bound(world, { sendHighWaterMark: 0 })
  const peer = await world.client(stream)
  const [id] = await next(stream)
  const pieces = [1, 255, 8192, 8193, 70_000, 3_000_000, 2].map((size) => randomBytes(size))
  for (const piece of pieces) await stream.send([id, piece])
  const whole = Buffer.concat(pieces)
  await until(() => peer.size === whole.length)
  assert.ok(peer.octets.equals(whole))
})

scene('several pairs may stand in one array: all of them are sent, or none', async (world) => {
  const stream = await bound(world)
  const [one, two] = [await world.client(stream), await world.client(stream)]
  const [a] = await next(stream)
  const [b] = await next(stream)
  await stream.send([a, 'A', b, 'B', a, 'C'])
  await one.got('AC')
  await two.got('B')
  assert.is(await code(() => stream.send([a, 'x', 'nobody', 'y'])), 'EHOSTUNREACH')
  await stream.send([a, 'D'])
  await one.got('ACD')
  assert.is(one.text, 'ACD')
})

scene('an odd number of parts is refused, and harms nothing that follows', async (world) => {
  const stream = await bound(world)
  const peer = await world.client(stream)
  const [id] = await next(stream)
  for (const message of [id, [id], [id, '1', '2'], ['nobody']]) {
    assert.is(await code(() => stream.send(message as never)), 'EINVAL')
  }
  await stream.send([id, 'whole'])
  await peer.got('whole')
  assert.is(peer.text, 'whole')
  await stream.send([] as never)
})

scene(
  'an empty part ends the connection once everything before it has left; nothing reports it',
  async (world) => {
    const stream = await bound(world)
    const peer = await world.client(stream)
    peer.socket.pause()
    const [id] = await next(stream)
    const answer = randomBytes(3 * MEGA)
    await stream.send([id, answer, id, ''])
    assert.is(await code(() => stream.send([id, 'after the end'])), 'EHOSTUNREACH')
    await sleep(20)
    assert.not(peer.ended)
    peer.socket.resume()
    await until(() => peer.ended)
    assert.ok(peer.octets.equals(answer))
    await nothingComes(stream)
    await until(() => stream.counters.peers === 0)
  },
)

scene('what is unread when we end a connection is dropped', async (world) => {
  const stream = await bound(world)
  const peer = await world.client(stream)
  const [id] = await next(stream)
  peer.write('nobody will read this')
  await until(() => stream.readable)
  await stream.send([id, ''])
  await until(() => peer.ended)
  assert.not(stream.readable)
  assert.is(stream.counters.dropped, 1)
})

scene(
  'a connection may be ended in the same array that says the last word, and words behind it go nowhere',
  async (world) => {
    const stream = await bound(world)
    const peer = await world.client(stream)
    const [id] = await next(stream)
    await stream.send([id, 'last', id, '', id, 'too late'])
    await until(() => peer.ended)
    assert.is(peer.text, 'last')
  },
)

scene(
  'a full queue answers EAGAIN at once, whatever the time limit, and others are still served',
  async (world) => {
    for (const sendTimeout of [-1, 60_000, 0]) {
      const stream = await bound(world, { sendHighWaterMark: 3, sendTimeout })
      const [slow, quick] = [await world.client(stream), await world.client(stream)]
      slow.socket.pause()
      const [a] = await next(stream)
      const [b] = await next(stream)
      let taken = 0
      while ((await code(() => stream.send([a, Buffer.alloc(MEGA, 1)]))) === 'no error') taken++
      assert.is(await code(() => stream.send([a, 'more'])), 'EAGAIN')
      assert.is(await code(() => stream.send([b, 'x', a, 'more'])), 'EAGAIN')
      assert.ok(stream.writable)
      assert.is(stream.counters.queuedToSend, 3)
      await stream.send([b, 'hello'])
      await quick.got('hello')
      assert.is(quick.text, 'hello')
      slow.socket.resume()
      await until(() => slow.size === taken * MEGA)
      await stream.send([a, 'again'])
      await slow.got('again')
    }
  },
)

scene('a full queue does not keep a connection from being ended', async (world) => {
  const stream = await bound(world, { sendHighWaterMark: 2 })
  const peer = await world.client(stream)
  peer.socket.pause()
  const [id] = await next(stream)
  let taken = 0
  while ((await code(() => stream.send([id, Buffer.alloc(MEGA)]))) === 'no error') taken++
  await stream.send([id, ''])
  peer.socket.resume()
  await until(() => peer.ended)
  assert.is(peer.size, taken * MEGA)
})

scene('4,000 sends in one row, many more than are done at once, arrive in order', async (world) => {
  const stream = await bound(world, { sendHighWaterMark: 0 })
  const peer = await world.client(stream)
  const [id] = await next(stream)
  let expected = ''
  for (let n = 0; n < 4000; n++) {
    await stream.send([id, `${n},`])
    expected += `${n},`
  }
  await until(() => peer.size === expected.length)
  assert.is(peer.text, expected)
})

// ---- receiving

scene('what comes in is cut into pieces of at most 8192 octets, and nothing of it is lost', async (world) => {
  const stream = await bound(world)
  const peer = await world.client(stream)
  await next(stream)
  const octets = randomBytes(2 * MEGA)
  peer.write(octets)
  const hash = createHash('sha256')
  for (let have = 0; have < octets.length; ) {
    const [, piece] = await stream.receive()
    assert.ok(piece.length > 0 && piece.length <= 8192, `${piece.length}`)
    hash.update(piece)
    have += piece.length
  }
  assert.is(hash.digest('hex'), createHash('sha256').update(octets).digest('hex'))
})

scene(
  'a reader that does not receive stops its peer through TCP, and then gets everything',
  async (world) => {
    const stream = await bound(world, { receiveHighWaterMark: 10, notify: false })
    const peer = await world.client(stream)
    const octets = randomBytes(32 * MEGA)
    let left = false
    peer.socket.write(octets, () => {
      left = true
    })
    await until(() => stream.counters.queuedToReceive >= 10)
    await sleep(50)
    assert.ok(stream.counters.queuedToReceive < 20, `${stream.counters.queuedToReceive} messages wait`)
    assert.not(left, 'more was taken than the queue and the kernel hold')
    const got = await gather(stream, octets.length)
    assert.ok(got.equals(octets))
    await until(() => left)
  },
)

scene('a high-water mark of 1 lets everything through, one after the other', async (world) => {
  const stream = await bound(world, { receiveHighWaterMark: 1 })
  const peer = await world.client(stream)
  const octets = randomBytes(100_000)
  peer.socket.end(octets)
  assert.is((await next(stream))[1], '')
  assert.ok((await gather(stream, octets.length)).equals(octets))
  assert.is((await next(stream))[1], '')
})

scene('size limits, handshake limits and heartbeats mean nothing here', async (world) => {
  const stream = await bound(world, {
    maxMessageSize: 10,
    handshakeInterval: 20,
    heartbeatInterval: 20,
    heartbeatTimeout: 20,
  })
  const peer = await world.client(stream)
  const [id] = await next(stream)
  await sleep(100)
  peer.write('more than ten octets')
  assert.equal(await next(stream), [id, 'more than ten octets'])
  assert.is(peer.text, '', 'no greeting, no PING')
})

scene('iterating gives pairs until the socket is closed; batches take what is there', async (world) => {
  const stream = await bound(world)
  const peer = await world.client(stream)
  peer.write('x')
  const seen: string[] = []
  for await (const [id, octets] of stream) {
    seen.push(`${id.length} ${octets}`)
    if (octets.length > 0) break
  }
  assert.equal(seen, ['5 ', '5 x'])
  peer.write('y')
  await until(() => stream.readable)
  const [[, octets]] = (await stream.receiveMany()) as [[Buffer, Buffer]]
  assert.is(String(octets), 'y')
})

// ---- connecting

scene('a dialled connection has an id from the start: the first message tells it', async (world) => {
  const host = await world.host()
  const stream = world.use(new Stream({ receiveTimeout: 5000 }))
  stream.connect(host.endpoint)
  assert.is(stream.lastEndpoint, host.endpoint)
  const [id, connected] = await next(stream)
  assert.equal([connected, id.length, id[0]], ['', 5, 0])
  await stream.send([id, 'ping'])
  const peer = await host.peer(0)
  await peer.got('ping')
  peer.write('pong')
  assert.equal(await next(stream), [id, 'pong'])
})

scene('a name given to connect is usable at once, even before there is a server', async (world) => {
  const somewhere = await TcpHost.listen()
  const { endpoint } = somewhere
  somewhere.close()
  const stream = world.use(new Stream({ reconnectInterval: 20, receiveTimeout: 5000, sendHighWaterMark: 3 }))
  stream.connect(endpoint, { routingId: 'later' })
  for (const text of ['a', 'b', 'c']) await stream.send(['later', text])
  assert.is(await code(() => stream.send(['later', 'd'])), 'EAGAIN')
  const host = await world.host(endpoint)
  const peer = await host.peer(0)
  await peer.got('abc')
  assert.equal(await next(stream), [Buffer.from('later'), ''])
  assert.is(peer.text, 'abc')
})

scene('a lost connection is dialled again under the same id, and both is reported', async (world) => {
  for (const routingId of ['name', undefined]) {
    const host = await world.host()
    const stream = world.use(new Stream({ reconnectInterval: 20, receiveTimeout: 5000 }))
    stream.connect(host.endpoint, routingId === undefined ? {} : { routingId })
    const [id] = await next(stream)
    if (routingId !== undefined) assert.is(String(id), routingId)
    for (let n = 0; n < 3; n++) {
      const peer = await host.peer(n)
      await stream.send([id, `life ${n}`])
      await peer.got(`life ${n}`)
      peer.socket.destroy()
      assert.equal(await next(stream), [id, ''])
      assert.equal(await next(stream), [id, ''])
    }
    stream.close()
  }
})

scene('what is sent while a dialled connection is down waits for the next one', async (world) => {
  const host = await world.host()
  const stream = world.use(new Stream({ reconnectInterval: 200, receiveTimeout: 5000 }))
  stream.connect(host.endpoint, { routingId: 'it' })
  await next(stream)
  ;(await host.peer(0)).socket.destroy()
  await next(stream)
  await stream.send(['it', 'patience'])
  assert.is(stream.counters.queuedToSend, 1)
  await (await host.peer(1)).got('patience')
})

scene('with reconnectInterval -1 a connection ends once; then nobody is there', async (world) => {
  const host = await world.host()
  const stream = world.use(new Stream({ reconnectInterval: -1, receiveTimeout: 5000 }))
  stream.connect(host.endpoint, { routingId: 'it' })
  ;(await host.peer(0)).socket.end('bye')
  assert.equal(await next(stream), [Buffer.from('it'), ''])
  assert.equal(await next(stream), [Buffer.from('it'), 'bye'])
  assert.equal(await next(stream), [Buffer.from('it'), ''])
  assert.is(await code(() => stream.send(['it', 'x'])), 'EHOSTUNREACH')
  stream.connect(host.endpoint, { routingId: 'it' })
  await stream.send(['it', 'once more'])
  await (await host.peer(1)).got('once more')
})

scene('with immediate, a connection without a name has a new id each time', async (world) => {
  const host = await world.host()
  const stream = world.use(new Stream({ immediate: true, reconnectInterval: 20, receiveTimeout: 5000 }))
  stream.connect(host.endpoint)
  const [first] = await next(stream)
  ;(await host.peer(0)).socket.destroy()
  assert.equal(await next(stream), [first, ''])
  const [second] = await next(stream)
  assert.not(first.equals(second))
  assert.is(await code(() => stream.send([first, 'x'])), 'EHOSTUNREACH')
})

scene('a name that is taken is refused with EINVAL, and nothing else is harmed', async (world) => {
  const host = await world.host()
  const stream = world.use(new Stream({ receiveTimeout: 5000 }))
  stream.connect(host.endpoint, { routingId: 'it' })
  const error = await Promise.resolve()
    .then(() => stream.connect(host.endpoint, { routingId: 'it' }))
    .catch((caught) => caught)
  assert.equal([error.code, error.address], ['EINVAL', host.endpoint])
  await stream.send(['it', 'still here'])
  await (await host.peer(0)).got('still here')
  assert.is(await code(() => stream.connect(host.endpoint, { routingId: 'x'.repeat(256) })), 'EINVAL')
  assert.throws(() => stream.connect(host.endpoint, { routingId: 5 as never }), /must be a string or buffer/)
})

scene('connecting twice to one address makes two connections', async (world) => {
  const host = await world.host()
  const stream = world.use(new Stream({ receiveTimeout: 5000 }))
  stream.connect(host.endpoint)
  stream.connect(host.endpoint)
  const [one] = await next(stream)
  const [two] = await next(stream)
  assert.not(one.equals(two))
  await host.peer(1)
})

scene(
  'ending a dialled connection ends the dialling; its name is free, and its endpoint may still be disconnected',
  async (world) => {
    const host = await world.host()
    const stream = world.use(new Stream({ reconnectInterval: 10, receiveTimeout: 5000 }))
    stream.connect(host.endpoint, { routingId: 'it' })
    await stream.send(['it', 'bye', 'it', ''])
    const peer = await host.peer(0)
    await until(() => peer.ended)
    assert.is(peer.text, 'bye')
    await sleep(60)
    assert.is(host.peers.length, 1)
    assert.is(await code(() => stream.send(['it', 'x'])), 'EHOSTUNREACH')
    stream.disconnect(host.endpoint)
    assert.is(await code(() => stream.disconnect(host.endpoint)), 'ENOENT')
  },
)

// ---- the end of endpoints and sockets

scene('disconnect sends what is queued and drops what is unread', async (world) => {
  const host = await world.host()
  const stream = world.use(new Stream({ receiveTimeout: 5000 }))
  stream.connect(host.endpoint, { routingId: 'it' })
  const peer = await host.peer(0)
  peer.write('unread')
  await until(() => stream.counters.queuedToReceive === 2)
  await stream.send(['it', 'bye'])
  stream.disconnect(host.endpoint)
  await until(() => peer.ended)
  assert.is(peer.text, 'bye')
  assert.not(stream.readable)
  assert.is(await code(() => stream.send(['it', 'x'])), 'EHOSTUNREACH')
})

scene('unbind ends the connections that were accepted there', async (world) => {
  const stream = await bound(world)
  const peer = await world.client(stream)
  const [id] = await next(stream)
  await stream.unbind(stream.lastEndpoint!)
  await until(() => peer.ended)
  assert.is(await code(() => stream.send([id, 'x'])), 'EHOSTUNREACH')
})

scene('close sends what is queued for as long as linger says', async (world) => {
  for (const [linger, all] of [
    [-1, true],
    [60_000, true],
    [0, false],
  ] as const) {
    const stream = await bound(world, { linger })
    const peer = await world.client(stream)
    peer.socket.pause()
    const [id] = await next(stream)
    for (let n = 0; n < 24; n++) await stream.send([id, Buffer.alloc(MEGA)])
    stream.close()
    if (!all) await sleep(50)
    peer.socket.resume()
    await until(() => peer.closed)
    assert.is(peer.size === 24 * MEGA, all, `${peer.size} octets with linger ${linger}`)
  }
})

scene(
  'a connection that we ended waits for its slow peer, but no longer than linger once the socket is closed',
  async (world) => {
    const stream = await bound(world)
    const peer = await world.client(stream)
    peer.socket.pause()
    const [id] = await next(stream)
    for (let n = 0; n < 24; n++) await stream.send([id, Buffer.alloc(MEGA)])
    await stream.send([id, ''])
    await sleep(20)
    assert.is(stream.counters.peers, 1)
    stream.linger = 0
    stream.close()
    await until(() => stream.counters.peers === 0)
    peer.socket.resume()
    await until(() => peer.closed)
    assert.ok(peer.size < 24 * MEGA)
  },
)

// ---- what else is told

scene(
  'events: as libzmq has it, a connection that ends is first reported as a handshake that was never done',
  async (world) => {
    const host = await world.host()
    const stream = world.use(new Stream({ reconnectInterval: 20, receiveTimeout: 5000 }))
    const dialled = eventsOf(stream)
    stream.connect(host.endpoint)
    ;(await host.peer(0)).socket.end()
    await host.peer(1)
    await until(() => dialled.filter((type) => type === 'connect').length === 2)
    stream.close()
    assert.equal(dialled.slice(0, 7), [
      'connect:delay',
      'connect',
      'handshake:error:other EPIPE',
      'disconnect',
      'connect:retry',
      'connect:delay',
      'connect',
    ])
    const server = await bound(world)
    const accepted = eventsOf(server)
    const peer = await world.client(server)
    await next(server)
    peer.socket.end()
    await until(() => accepted.includes('disconnect'))
    server.close()
    await until(() => accepted.includes('end'))
    assert.equal(accepted, ['accept', 'handshake:error:other EPIPE', 'disconnect', 'close', 'end'])
  },
)

scene('counters count octets and notices in messages; peers say where each id is', async (world) => {
  const stream = await bound(world)
  const peer = await world.client(stream)
  await until(() => stream.counters.queuedToReceive === 1)
  const [id] = await next(stream)
  peer.write('x')
  await next(stream)
  await stream.send([id, 'a', id, 'b'])
  assert.equal(stream.counters, {
    sent: 2,
    received: 2,
    dropped: 0,
    queuedToSend: 0,
    queuedToReceive: 0,
    peers: 1,
  })
  const [described] = stream.peers
  assert.is(described!.identity, id)
  assert.equal([described!.address, described!.socketType], [addressOf(peer), ''])
  const gone = new Promise<Buffer>((resolve) => {
    stream.events.on('disconnect', (event) => resolve(event.peer.identity))
  })
  peer.socket.destroy()
  assert.is(await gone, id)
  await stream.send(['x', 'x']).catch(() => {})
  stream.close()
  assert.is(stream.counters.dropped, 1, 'the notice that nobody has read')
})

scene('a ZMTP peer is a plain peer too: its greeting is octets, and none comes back', async (world) => {
  const stream = await bound(world)
  const dealer = world.use(new Dealer())
  const events = eventsOf(dealer)
  dealer.connect(stream.lastEndpoint!)
  await next(stream)
  const greeting = await gather(stream, 64)
  assert.equal([greeting.length, greeting[0], greeting[9], greeting[10]], [64, 0xff, 0x7f, 3])
  await sleep(20)
  assert.not(events.includes('handshake'))
})

overAll(test, 'two Streams talk to each other without a word of ZMTP', async (s) => {
  const [server, client] = await s.pair(
    new Stream({ receiveTimeout: 5000 }),
    new Stream({ receiveTimeout: 5000 }),
  )
  const [far] = await next(client)
  const [near] = await next(server)
  const there = randomBytes(MEGA)
  const back = randomBytes(MEGA)
  await client.send([far, there])
  await server.send([near, back])
  assert.ok((await gather(server, MEGA)).equals(there))
  assert.ok((await gather(client, MEGA)).equals(back))
  await client.send([far, ''])
  assert.equal(await next(server), [near, ''])
})

test('ipc: any program that opens the path may talk', async () => {
  const scenario = new Scenario('ipc')
  const stream = scenario.use(new Stream({ receiveTimeout: 5000 }))
  const peer = await dialPlainly(await scenario.bind(stream))
  const [id] = await next(stream)
  await stream.send([id, 'welcome'])
  await peer.got('welcome')
  peer.socket.end('thanks')
  assert.equal(await next(stream), [id, 'thanks'])
  scenario.close()
})

scene('protection that raw octets cannot have is refused, not ignored', async (world) => {
  const key = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'
  for (const options of [
    { plainServer: true },
    { plainUsername: 'u', plainPassword: 'p' },
    { curveServer: true, curveSecretKey: key },
    { zapDomain: 'd' },
    { authenticator: () => ({ status: '200' }) },
  ]) {
    const stream = world.use(new Stream(options))
    assert.is(await code(() => stream.bind('tcp://127.0.0.1:0')), 'ENOTSUP')
    assert.is(await code(() => stream.bind('inproc://protected')), 'ENOTSUP')
    assert.is(await code(() => stream.connect('tcp://127.0.0.1:1')), 'ENOTSUP')
  }
})

// ---- the pattern alone

test('no further connection is taken while 10,000 that have ended are unread, and again once one is read', () => {
  const pattern = new StreamPattern({
    options: new OptionValues(11),
    losses: new Losses(),
    random: () => 0,
    cut: () => {},
    part: () => {},
    failReceive: () => {},
  })
  /** The code that a further connection is refused with. */
  const comeAndGo = (): string | undefined => {
    const pipe = new Pipe(1000, 1000)
    pattern.attach(pipe)
    const refusal = pattern.open()
    if (refusal === undefined) pattern.linked(pipe)
    pattern.lost(pipe)
    pattern.detach(pipe, false)
    return refusal?.code
  }
  for (let n = 0; n < 10_000; n++) assert.is(comeAndGo(), undefined)
  assert.is(pattern.queued, 20_000)
  assert.is(comeAndGo(), 'TOO_MANY_UNREAD')
  // One message of each, in turn: afterwards the first is read to its end.
  for (let n = 0; n < 10_000; n++) pattern.receive()
  assert.is(comeAndGo(), 'TOO_MANY_UNREAD')
  pattern.receive()
  assert.is(comeAndGo(), undefined)
  assert.is(pattern.queued, 9_999 + 2, 'those that were refused have left nothing')
})

function addressOf(peer: TcpPeer): string {
  return `tcp://127.0.0.1:${peer.socket.localPort}`
}

function eventsOf(socket: Socket): string[] {
  const seen: string[] = []
  const loop = async (): Promise<void> => {
    for await (const event of socket.events) {
      seen.push(event.type === 'handshake:error:other' ? `${event.type} ${event.error.code}` : event.type)
    }
  }
  loop().catch((error: Error) => seen.push(String(error)))
  return seen
}

test.run()
