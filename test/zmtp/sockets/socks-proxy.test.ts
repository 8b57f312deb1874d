// socksProxy: connections through a proxy that does its work, and through some that do not.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, type EventOfType, Router, type SocketOptions } from '../../../src/zmtp/index.ts'
import { greeting, ready } from '../../support/engine.ts'
import { portOf, RawListener, type RawPeer } from '../../support/raw-peer.ts'
import { code, overAll, strings } from '../../support/sockets.ts'
import { SocksServer, type SocksServerOptions } from '../../support/socks-server.ts'
import { until, within } from '../../support/within.ts'

const test = suite('socksProxy')

type Retry = EventOfType<'connect:retry'>

interface World {
  readonly router: Router
  readonly server: SocksServer
  /** `host:port` of the proxy. */
  readonly proxy: string
  readonly port: number
  /** A dealer behind the proxy. It is closed at the end, without linger. */
  dealer(options?: SocketOptions<Dealer>): Dealer
}

async function inWorld(options: SocksServerOptions, run: (world: World) => Promise<void>): Promise<void> {
  const server = new SocksServer(options)
  const proxy = await server.listen()
  const router = new Router()
  await router.bind('tcp://127.0.0.1:*')
  const sockets: Dealer[] = []
  const dealer = (more: SocketOptions<Dealer> = {}): Dealer => {
    const socket = new Dealer({ socksProxy: proxy, linger: 0, reconnectInterval: 5, ...more })
    sockets.push(socket)
    return socket
  }
  try {
    await within(
      10_000,
      run({ router, server, proxy, port: portOf(router.lastEndpoint!), dealer }),
      'the test',
    )
  } finally {
    for (const socket of [...sockets, router]) socket.close()
    server.close()
  }
}

function setRaw(dealer: Dealer, id: 99 | 100, value: string | null): void {
  ;(dealer as unknown as { setStringOption(id: number, value: string | null): void }).setStringOption(
    id,
    value,
  )
}

function getRaw(dealer: Dealer, id: 99 | 100): string | null {
  return (dealer as unknown as { getStringOption(id: number): string | null }).getStringOption(id)
}

/** The next `count` events of this type. */
function retries(dealer: Dealer, count = 1): Promise<Retry[]> {
  const seen: Retry[] = []
  return new Promise((resolve) =>
    dealer.events.on('connect:retry', (event) => {
      if (seen.push(event) === count) resolve(seen)
    }),
  )
}

async function exchange(router: Router, dealer: Dealer): Promise<void> {
  await dealer.send(['there', Buffer.alloc(300_000, 1)])
  const [id, text, body] = await router.receive()
  assert.is(String(text), 'there')
  assert.is(body!.length, 300_000)
  await router.send([id!, 'back'])
  assert.equal(strings(await dealer.receive()), ['back'])
}

test('messages go both ways through a proxy, which alone looks up the name', () =>
  inWorld({}, async ({ router, server, port, dealer }) => {
    const client = dealer()
    const seen: string[] = []
    for (const type of ['connect:delay', 'connect', 'handshake'] as const) {
      client.events.on(type, (event) => seen.push(`${type} ${event.address}`))
    }
    const connected = new Promise<EventOfType<'connect'>>((resolve) => client.events.on('connect', resolve))
    const endpoint = `tcp://known.to.the.proxy.only.invalid:${port}`
    client.connect(endpoint)
    await exchange(router, client)
    assert.equal(server.requests, [
      { type: 3, host: 'known.to.the.proxy.only.invalid', port, user: undefined },
    ])
    assert.equal(seen, [`connect:delay ${endpoint}`, `connect ${endpoint}`, `handshake ${endpoint}`])
    assert.is((await connected).peer.address, endpoint)
  }))

test('addresses reach the proxy as addresses', () =>
  inWorld({}, async ({ router, server, port, dealer }) => {
    for (const [host, type, octets] of [
      ['192.0.2.7', 1, 'c0000207'],
      ['[fd00::1]', 4, 'fd000000000000000000000000000001'],
    ] as const) {
      const client = dealer()
      client.connect(`tcp://${host}:${port}`)
      await exchange(router, client)
      assert.equal(server.requests.pop(), { type, host: octets, port, user: undefined })
    }
  }))

test('user name and password, by their raw numbers, are said where the proxy asks', () =>
  inWorld({ credentials: 'me:secret' }, async ({ router, server, port, dealer }) => {
    const client = dealer()
    assert.is(getRaw(client, 99), null)
    setRaw(client, 99, 'me')
    setRaw(client, 100, 'secret')
    assert.is(getRaw(client, 99), 'me')
    client.connect(`tcp://peer:${port}`)
    await exchange(router, client)
    assert.is(server.requests[0]!.user, 'me')
    for (const [name, password, text] of [
      [null, null, /asks for credentials/],
      ['me', 'wrong', /refused user name and password/],
      ['me', '', /refused user name and password/],
    ] as const) {
      const stranger = dealer()
      setRaw(stranger, 99, name)
      setRaw(stranger, 100, password)
      const [first, second] = await Promise.all([
        retries(stranger, 2),
        stranger.connect(`tcp://peer:${port}`),
      ]).then(([events]) => events)
      for (const { error } of [first!, second!]) {
        assert.is(error!.code, 'PROXY_FAILED')
        assert.match(error!.message, text)
      }
    }
    assert.is(server.requests.length, 1)
    // As in libzmq the empty text is none, and one octet too many is refused.
    const fresh = dealer()
    setRaw(fresh, 99, 'me')
    setRaw(fresh, 99, '')
    assert.is(getRaw(fresh, 99), null)
    assert.is(await code(() => setRaw(fresh, 99, 'x'.repeat(256))), 'EINVAL')
  }))

test('a proxy that needs no credentials is not told any', () =>
  inWorld({}, async ({ router, server, port, dealer }) => {
    const client = dealer()
    setRaw(client, 99, 'me')
    setRaw(client, 100, 'secret')
    client.connect(`tcp://peer:${port}`)
    await exchange(router, client)
    assert.is(server.requests[0]!.user, undefined)
  }))

for (const [reply, text] of [
  [1, /general failure/],
  [2, /not allowed by its rules/],
  [4, /host unreachable/],
  [5, /connection refused/],
] as const) {
  test(`SOCKS reply ${reply} is a failed attempt like any other: its error says so, and the next one follows`, () =>
    inWorld({ reply }, async ({ server, port, dealer }) => {
      const client = dealer()
      const types: string[] = []
      for (const type of ['connect', 'handshake', 'disconnect'] as const)
        client.events.on(type, () => types.push(type))
      const events = retries(client, 3)
      client.connect(`tcp://peer:${port}`)
      for (const event of await events) {
        assert.is(event.error!.code, 'PROXY_FAILED')
        assert.match(event.error!.message, text)
        assert.match(event.error!.message, new RegExp(`SOCKS reply ${reply}`))
      }
      assert.ok(server.requests.length >= 3)
      assert.equal(types, [])
    }))
}

test('with a reconnect interval of -1 a refusal of the proxy is the end', () =>
  inWorld({ reply: 5 }, async ({ port, server, dealer }) => {
    const client = dealer({ reconnectInterval: -1 })
    client.connect(`tcp://peer:${port}`)
    await until(() => !client.writable)
    assert.is(server.requests.length, 1)
  }))

test('when the tunnel breaks, it is dialled again through the proxy, and the queue goes on', () =>
  inWorld({}, async ({ router, server, port, dealer }) => {
    const client = dealer()
    client.connect(`tcp://peer:${port}`)
    await exchange(router, client)
    for (const tunnel of server.tunnels) tunnel.destroy()
    await until(() => router.counters.peers === 0)
    await exchange(router, client)
    assert.is(server.requests.length, 2)
  }))

test('a proxy that is not there yet is tried until it is', async () => {
  const place = await RawListener.open()
  const port = portOf(place.endpoint)
  place.close()
  const router = new Router()
  await router.bind('tcp://127.0.0.1:*')
  const dealer = new Dealer({ socksProxy: `localhost:${port}`, linger: 0, reconnectInterval: 5 })
  const failed = retries(dealer)
  dealer.connect(`tcp://peer:${portOf(router.lastEndpoint!)}`)
  assert.is((await within(5000, failed, 'a retry'))[0]!.error!.code, 'CONNECT_FAILED')
  const server = new SocksServer()
  await server.listen(port)
  await within(5000, exchange(router, dealer), 'the exchange')
  for (const socket of [dealer, router]) socket.close()
  server.close()
})

/** A dealer whose proxy is made of octets; `answer` is called for each connection. */
async function withRawProxy(
  options: SocketOptions<Dealer>,
  answer: (proxy: RawPeer, index: number) => Promise<void> | void,
  check: (dealer: Dealer, proxy: RawListener) => Promise<void>,
): Promise<void> {
  const listener = await RawListener.open()
  const dealer = new Dealer({
    socksProxy: listener.endpoint.slice('tcp://'.length),
    linger: 0,
    reconnectInterval: 5,
    ...options,
  })
  let open = true
  const serve = async (): Promise<void> => {
    for (let index = 0; open; index++) {
      await until(() => listener.count > index || !open, 10_000, 'a connection')
      if (open) await answer(await listener.peer(index), index)
    }
  }
  const serving = serve()
  serving.catch(() => {}) // it is awaited at the end
  try {
    await within(10_000, check(dealer, listener), 'the test')
  } finally {
    open = false
    dealer.close()
    listener.close()
    await serving
  }
}

const CHOICE = Buffer.from([5, 0])
const REPLY = Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80])

test('the peer may speak in the same segment as the last reply, and octet by octet', () =>
  withRawProxy(
    {},
    async (proxy, index) => {
      const peer = [greeting('NULL', 3, 1), ready('ROUTER'), Buffer.from('\x00\x05hello', 'latin1')]
      await proxy.hears(3)
      if (index === 0) {
        // Even ahead of the request, all in one.
        proxy.write(CHOICE, REPLY, ...peer)
      } else {
        for (const octet of Buffer.concat([CHOICE, REPLY, ...peer])) {
          proxy.write(Buffer.from([octet]))
          await new Promise(setImmediate)
        }
      }
    },
    async (dealer, listener) => {
      dealer.connect('tcp://peer:1')
      assert.equal(strings(await dealer.receive()), ['hello'])
      const first = await listener.peer(0)
      // Method, request, greeting, READY: what we say to the peer comes after what we say to the proxy.
      await first.hears(3 + 11 + 64)
      assert.is(first.heard.subarray(3 + 11, 3 + 11 + 12).toString('hex'), 'ff00000000000000007f0301')
      first.destroy()
      assert.equal(strings(await dealer.receive()), ['hello'])
    },
  ))

test('a proxy that stalls anywhere fails the attempt when connectTimeout is over', () =>
  withRawProxy(
    { connectTimeout: 60 },
    (proxy, index) => {
      const stages = [[], [Buffer.from([5])], [CHOICE], [CHOICE, Buffer.from([5, 0, 0, 3, 200, 1])]]
      proxy.write(...stages[index % stages.length]!)
    },
    async (dealer) => {
      const events = retries(dealer, 8)
      dealer.connect('tcp://peer:1')
      for (const { error } of await events) assert.is(error!.code, 'CONNECT_TIMEOUT')
    },
  ))

test('without connectTimeout a proxy that stalls fails the attempt after handshakeInterval', () =>
  withRawProxy(
    { handshakeInterval: 60 },
    () => {},
    async (dealer) => {
      const events = retries(dealer, 2)
      dealer.connect('tcp://peer:1')
      for (const { error } of await events) assert.is(error!.code, 'CONNECT_TIMEOUT')
    },
  ))

test('a proxy that hangs up or resets after any octet fails the attempt', () => {
  const talk = Buffer.concat([CHOICE, REPLY])
  return withRawProxy(
    {},
    async (proxy, index) => {
      const octets = (index >> 1) % talk.length
      proxy.write(talk.subarray(0, octets))
      await proxy.hears(octets < 2 ? 3 : 10)
      if (index % 2 === 0) proxy.socket.end()
      else proxy.socket.resetAndDestroy()
    },
    async (dealer) => {
      const events = retries(dealer, 2 * talk.length)
      dealer.connect('tcp://peer:1')
      const codes = new Set((await events).map(({ error }) => error!.code))
      assert.equal([...codes], ['PROXY_FAILED'])
    },
  )
})

test('a proxy that sends noise, short or endless, fails the attempt and nothing else', () =>
  withRawProxy(
    {},
    (proxy, index) => {
      const noise = [
        Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
        Buffer.alloc(1 << 20, 5),
        Buffer.concat([CHOICE, Buffer.alloc(1 << 20, 0)]),
        Buffer.concat([CHOICE, Buffer.from([5, 0, 0, 9]), Buffer.alloc(100)]),
        Buffer.from([5, 2]),
      ]
      proxy.write(noise[index % noise.length]!)
    },
    async (dealer) => {
      const events = retries(dealer, 10)
      dealer.connect('tcp://peer:1')
      const codes = new Set((await events).map(({ error }) => error!.code))
      assert.equal([...codes], ['PROXY_FAILED'])
    },
  ))

test('what the proxy says behind its reply is the peer, and held to ZMTP', () =>
  withRawProxy(
    {},
    (proxy) => void proxy.write(CHOICE, REPLY, Buffer.from('HTTP/1.1 200 OK\r\n\r\n')),
    async (dealer) => {
      const fault = new Promise<EventOfType<'handshake:error:protocol'>>((resolve) =>
        dealer.events.on('handshake:error:protocol', resolve),
      )
      dealer.connect('tcp://peer:1')
      assert.is((await fault).address, 'tcp://peer:1')
    },
  ))

test('disconnect and close in the middle of the talk with the proxy end it at once', () =>
  withRawProxy(
    {},
    (proxy) => void proxy.write(CHOICE),
    async (dealer, listener) => {
      dealer.connect('tcp://peer:1')
      const first = await listener.peer(0)
      await first.hears(3 + 11)
      dealer.disconnect('tcp://peer:1')
      await first.over()
      dealer.connect('tcp://peer:2')
      const second = await listener.peer(1)
      await second.hears(3 + 11)
      dealer.close()
      await second.over()
      assert.is(listener.count, 2)
    },
  ))

overAll(
  test,
  'only tcp goes through the proxy',
  async (s) => {
    const [router, dealer] = await s.pair(new Router(), new Dealer({ socksProxy: '127.0.0.1:1' }))
    await dealer.send('x')
    assert.is(String((await router.receive())[1]), 'x')
  },
  ['ipc', 'inproc'],
)

test('the option is looked at when tcp is dialled: what is no host:port makes connect throw, and bind does not care', async () => {
  const dealer = new Dealer({ linger: 0 })
  assert.is(dealer.socksProxy, null)
  for (const text of [
    'host',
    'host:',
    'host:0',
    ':1',
    'host:65536',
    'host:1x',
    '*:1',
    'tcp://host:1',
    'a b:1',
  ]) {
    const socket = new Dealer({ socksProxy: text, linger: 0 })
    assert.is(await code(() => socket.connect('tcp://127.0.0.1:1')), 'EINVAL', text)
    assert.is(socket.lastEndpoint, null)
    socket.connect('inproc://no-matter')
    await socket.bind('tcp://127.0.0.1:*')
    socket.close()
  }
  for (const text of ['host:1', '10.0.0.1:1080', '[::1]:1080']) {
    dealer.socksProxy = text
    assert.is(dealer.socksProxy, text)
  }
  dealer.socksProxy = null
  assert.is(dealer.socksProxy, null)
  const router = new Router()
  await router.bind('tcp://127.0.0.1:*')
  dealer.connect(router.lastEndpoint!)
  await exchange(router, dealer)
  for (const socket of [router, dealer]) socket.close()
})

test.run()
