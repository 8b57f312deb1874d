// Binding, connecting, letting go: order, addresses, linger, and what is refused at once. Ids in the names are those of the
// conformance checklist.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, Socket as NetSocket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Context, Dealer, Reply, Request, Router } from '../../../src/zmtp/index.ts'
import { code, overAll, Scenario, strings } from '../../support/sockets.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('connections')

overAll(test, 'M1: connecting before anybody is bound works', async (s) => {
  const address = await s.freeAddress()
  const dealer = s.use(new Dealer({ reconnectInterval: 5 }))
  dealer.connect(address)
  await dealer.send('early')
  await sleep(20)
  const router = s.use(new Router())
  await router.bind(address)
  const [id, text] = await router.receive()
  assert.is(String(text), 'early')
  await router.send([id!, 'back'])
  assert.equal(strings(await dealer.receive()), ['back'])
})

overAll(
  test,
  'M4: with a reconnect interval of -1 a lost peer is not dialled again',
  async (s) => {
    const router = s.use(new Router({ linger: 0 }))
    const address = await s.bind(router, await s.freeAddress())
    const dealer = s.use(new Dealer({ reconnectInterval: -1 }))
    dealer.connect(address)
    await dealer.send('x')
    await router.receive()
    router.close()
    await until(() => !dealer.writable)
    assert.is(dealer.counters.peers, 0)
    // The endpoint has gone with its peer, and may be connected anew.
    assert.is(await code(() => dealer.disconnect(address)), 'ENOENT')
    dealer.connect(address)
    assert.ok(dealer.writable)
  },
  ['tcp', 'ipc'],
)

overAll(
  test,
  'M5: disconnect stops everything at once, and the same endpoint may be connected again',
  async (s) => {
    const address = await s.freeAddress()
    const dealer = s.use(new Dealer({ reconnectInterval: 5, linger: 0 }))
    dealer.connect(address)
    await dealer.send('lost with the queue')
    dealer.disconnect(address)
    assert.not(dealer.writable)
    assert.is(dealer.counters.peers, 0)
    assert.is(await code(() => dealer.disconnect(address)), 'ENOENT')
    const router = s.use(new Router())
    await router.bind(address)
    await sleep(30)
    assert.not(router.readable)
    dealer.connect(address)
    await dealer.send('again')
    assert.is(String((await router.receive())[1]), 'again')
    dealer.disconnect(address)
    await until(() => router.counters.peers === 0)
  },
)

overAll(test, 'M5: disconnect sends what is queued, within linger', async (s) => {
  const address = await s.freeAddress()
  const dealer = s.use(new Dealer({ reconnectInterval: 5 }))
  dealer.connect(address)
  for (const text of ['1', '2', '3']) await dealer.send(text)
  dealer.disconnect(address)
  const peer = s.use(new Dealer())
  await peer.bind(address)
  for (const text of ['1', '2', '3']) assert.equal(strings(await peer.receive()), [text])
  await until(() => peer.counters.peers === 0)
})

overAll(test, 'M6: close with linger -1 sends what is queued, however late the peer', async (s) => {
  const address = await s.freeAddress()
  const dealer = s.use(new Dealer({ reconnectInterval: 5 }))
  dealer.connect(address)
  for (let i = 0; i < 100; i++) await dealer.send(String(i))
  dealer.close()
  await sleep(30)
  const peer = s.use(new Dealer())
  await peer.bind(address)
  for (let i = 0; i < 100; i++) assert.equal(strings(await peer.receive()), [String(i)])
})

overAll(test, 'M6: close with linger 0 drops what is queued', async (s) => {
  const address = await s.freeAddress()
  const dealer = s.use(new Dealer({ reconnectInterval: 5, linger: 0 }))
  dealer.connect(address)
  await dealer.send('dropped')
  dealer.close()
  const peer = s.use(new Dealer({ receiveTimeout: 60 }))
  await peer.bind(address)
  assert.is(await code(() => peer.receive()), 'EAGAIN')
  assert.is(dealer.counters.dropped, 1)
})

overAll(test, 'M6: close with a linger of 30 ms waits no longer', async (s) => {
  const address = await s.freeAddress()
  const dealer = s.use(new Dealer({ reconnectInterval: 5, linger: 30 }))
  dealer.connect(address)
  await dealer.send('dropped')
  dealer.close()
  await sleep(60)
  const peer = s.use(new Dealer({ receiveTimeout: 60 }))
  await peer.bind(address)
  assert.is(await code(() => peer.receive()), 'EAGAIN')
})

overAll(test, 'M6: a large message is sent to its end before a lingering connection closes', async (s) => {
  const [receiver, sender] = await s.pair(new Dealer(), new Dealer())
  await sender.send([Buffer.alloc(5_000_000, 1), 'end'])
  sender.linger = -1
  sender.close()
  const [body, end] = await receiver.receive()
  assert.is(body!.length, 5_000_000)
  assert.is(String(end), 'end')
})

overAll(
  test,
  'M7: unbind stops listening and ends the connections made there, after sending what is queued',
  async (s) => {
    const router = s.use(new Router())
    const address = await s.bind(router)
    const dealer = s.use(new Dealer({ routingId: 'D', reconnectInterval: 5 }))
    dealer.connect(address)
    await dealer.send('hi')
    await router.receive()
    const sent = router.send(['D', 'last words'])
    await router.unbind(address)
    await sent
    assert.equal(strings(await dealer.receive()), ['last words'])
    await until(() => router.counters.peers === 0)
    assert.is(await code(() => router.unbind(address)), 'ENOENT')
    const other = s.use(new Router())
    await other.bind(address)
    await dealer.send('to the next')
    assert.is(String((await other.receive())[1]), 'to the next')
  },
)

overAll(
  test,
  'a second connect to the same endpoint changes nothing for DEALER and REQ, and counts for ROUTER',
  async (s) => {
    const dealer = s.use(new Dealer())
    const router = s.use(new Router())
    const request = s.use(new Request())
    const target = s.use(new Router())
    const address = await s.bind(target)
    for (const socket of [dealer, request, router]) {
      socket.connect(address)
      socket.connect(address)
    }
    await until(() => target.counters.peers === 4)
    await sleep(20)
    assert.is(target.counters.peers, 4)
  },
)

overAll(
  test,
  'an address that is taken is refused with EADDRINUSE, and the socket stays usable',
  async (s) => {
    const first = s.use(new Router())
    const address = await s.bind(first)
    const second = s.use(new Router())
    const error = await second.bind(address).catch((caught) => caught)
    assert.is(error.code, 'EADDRINUSE')
    assert.is(error.message, 'Address already in use')
    assert.is(error.address, address)
    assert.type(error.errno, 'number')
    await second.bind(s.address())
  },
)

const MALFORMED: [address: string, code: string][] = [
  ['tcp://127.0.0.1', 'EINVAL'],
  ['tcp://', 'EINVAL'],
  ['127.0.0.1:5555', 'EINVAL'],
  ['tcp://127.0.0.1:65536', 'EINVAL'],
  ['tcp://127.0.0.1:99999', 'EINVAL'],
  ['tcp://127.0.0.1:22x', 'EINVAL'],
  ['ipc://', 'EINVAL'],
  ['', 'EINVAL'],
  ['foo://bar', 'EPROTONOSUPPORT'],
]

test('M11: malformed endpoints are refused: connect throws, bind rejects', async () => {
  const dealer = new Dealer()
  for (const [address, expected] of [
    ...MALFORMED,
    ['tcp://*:5555', 'EINVAL'],
    ['tcp://127.0.0.1:*', 'EINVAL'],
    ['ipc://*', 'EINVAL'],
  ] as const) {
    try {
      dealer.connect(address)
      assert.unreachable(address)
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, expected, address)
      assert.is((error as { address?: string }).address, address)
    }
  }
  for (const [address, expected] of MALFORMED) {
    const bind = dealer.bind(address)
    assert.is(await code(() => bind), expected, address)
  }
  dealer.close()
})

test('M12: a name that cannot be resolved is retried, not thrown', async () => {
  const dealer = new Dealer({ linger: 0, reconnectInterval: 5 })
  const retried = new Promise((resolve) => dealer.events.on('connect:retry', resolve))
  dealer.connect('tcp://no.such.host.invalid:5555')
  await dealer.send('queued')
  await retried
  dealer.close()
})

test('M13: an ipc path of 107 octets works, of 108 it is refused', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'p-'))
  const name = (size: number): string => `ipc://${folder}/${'x'.repeat(size - folder.length - 1)}`
  const router = new Router()
  await router.bind(name(107))
  const dealer = new Dealer()
  dealer.connect(name(107))
  await dealer.send('x')
  await router.receive()
  assert.is(await code(() => router.bind(name(108))), 'ENAMETOOLONG')
  assert.is(await code(() => dealer.connect(name(108))), 'ENAMETOOLONG')
  for (const socket of [router, dealer]) socket.close()
  rmSync(folder, { recursive: true, force: true })
})

test('lastEndpoint tells the real port, the path, or what was connected to', async () => {
  const router = new Router()
  assert.is(router.lastEndpoint, null)
  await router.bind('tcp://127.0.0.1:*')
  assert.match(router.lastEndpoint!, /^tcp:\/\/127\.0\.0\.1:\d+$/)
  assert.not.match(router.lastEndpoint!, /:0$/)
  await router.bind('tcp://*:0')
  assert.match(router.lastEndpoint!, /^tcp:\/\/0\.0\.0\.0:\d+$/)
  await router.unbind(router.lastEndpoint!)
  await router.bind('ipc://*')
  assert.match(router.lastEndpoint!, /^ipc:\/\/.+/)
  router.connect('tcp://localhost:1')
  assert.is(router.lastEndpoint, 'tcp://localhost:1')
  assert.is(await code(() => router.disconnect('tcp://127.0.0.1:1')), 'ENOENT')
  router.disconnect('tcp://localhost:1')
  router.close()
})

test('while it binds, a socket is blocked: all but options throws EBUSY, and close is remembered', async () => {
  const router = new Router()
  const bind = router.bind('tcp://127.0.0.1:0')
  const text = 'Socket is blocked by a bind or unbind operation'
  for (const run of [
    () => router.send('x'),
    () => router.receive(),
    () => router.bind('inproc://x'),
    () => router.unbind('inproc://x'),
    () => router.connect('inproc://x'),
    () => router.disconnect('inproc://x'),
  ]) {
    assert.throws(run, (error: NodeJS.ErrnoException) => error.code === 'EBUSY' && error.message === text)
  }
  router.linger = 0
  router.close()
  assert.not(router.closed)
  await bind
  await Promise.resolve()
  assert.ok(router.closed)
})

test('inproc names are known within one context only', async () => {
  const context = new Context()
  const here = new Reply({ context })
  await here.bind('inproc://name')
  const there = new Reply()
  await there.bind('inproc://name')
  for (const socket of [here, there]) socket.close()
})

test('a peer that says a frame is larger than maxMessageSize is cut off', async () => {
  const router = new Router({ maxMessageSize: 100 })
  await router.bind('tcp://127.0.0.1:0')
  const dealer = new Dealer({ reconnectInterval: -1 })
  dealer.connect(router.lastEndpoint!)
  await dealer.send(Buffer.alloc(100))
  assert.is((await router.receive())[1]!.length, 100)
  await dealer.send(Buffer.alloc(101))
  await until(() => !dealer.writable)
  for (const socket of [router, dealer]) socket.close()
})

test('something that is no ZMTP peer does not disturb the others', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const router = new Router()
  await router.bind('tcp://127.0.0.1:0')
  const dealer = new Dealer({ linger: 0, reconnectInterval: 5 })
  const failed = new Promise<{ error: Error }>((resolve) =>
    dealer.events.on('handshake:error:protocol', resolve),
  )
  dealer.connect(`tcp://127.0.0.1:${port}`)
  dealer.connect(router.lastEndpoint!)
  await dealer.send('one of these')
  await dealer.send('arrives')
  assert.is(String((await router.receive())[1]), 'arrives')
  assert.is((await failed).error.message, 'ZMTP protocol error')
  for (const socket of [router, dealer]) socket.close()
  server.close()
})

overAll(
  test,
  'M15: inproc: a duplicate bind is refused, what is queued before the bind arrives, the end of the binder ends the pipe',
  async (s) => {
    const address = s.address()
    const dealer = s.use(new Dealer({ sendHighWaterMark: 3, sendTimeout: 0, reconnectInterval: 5 }))
    dealer.connect(address)
    for (const text of ['1', '2', '3']) await dealer.send(text)
    assert.is(await code(() => dealer.send('4')), 'EAGAIN')
    const router = s.use(new Router())
    await router.bind(address)
    const rival = s.use(new Router())
    for (const bind of [() => rival.bind(address), () => rival.bindSync(address)]) {
      assert.is(await code(bind), 'EADDRINUSE')
    }
    for (const text of ['1', '2', '3']) assert.is(String((await router.receive())[1]), text)
    await until(() => router.counters.peers === 1)
    router.close()
    // Other than in libzmq the name is found again when somebody binds it.
    rival.bindSync(address)
    await until(() => rival.counters.peers === 1)
    await dealer.send('5')
    assert.is(String((await rival.receive())[1]), '5')
    dealer.close()
    await until(() => rival.counters.peers === 0)
  },
  ['inproc'],
)

test('M16: a connection to oneself is no connection: it is detected, reported and tried again', async () => {
  const dealer = new Dealer({ linger: 0, reconnectInterval: 5 })
  const seen: string[] = []
  for (const type of ['connect', 'handshake', 'disconnect'] as const) {
    dealer.events.on(type, () => seen.push(type))
  }
  const errors: (Error | undefined)[] = []
  dealer.events.on('connect:retry', ({ error }) => errors.push(error))
  const port = new URL(await new Scenario('tcp').freeAddress()).port
  // From the port to the port: TCP connects the socket with itself.
  dealer.connect(`tcp://127.0.0.1:${port};127.0.0.1:${port}`)
  await until(() => errors.length >= 3)
  dealer.close()
  assert.match(errors[0]!.message, /connected the socket to itself/)
  assert.equal(seen, [])
  assert.is(dealer.counters.peers, 0)
})

test('M19: TCP_NODELAY is set on both sides', async () => {
  const asked: [side: string, on: unknown][] = []
  const method = NetSocket.prototype.setNoDelay
  let port = 0
  NetSocket.prototype.setNoDelay = function (on) {
    asked.push([this.localPort === port ? 'accepted' : 'dialled', on])
    return method.call(this, on)
  }
  const router = new Router()
  const dealer = new Dealer({ linger: 0 })
  try {
    await router.bind('tcp://127.0.0.1:*')
    port = Number(router.lastEndpoint!.split(':').pop())
    dealer.connect(router.lastEndpoint!)
    await dealer.send('x')
    await router.receive()
  } finally {
    NetSocket.prototype.setNoDelay = method
    for (const socket of [router, dealer]) socket.close()
  }
  assert.equal(asked.sort(), [
    ['accepted', true],
    ['dialled', true],
  ])
})

test.run()
