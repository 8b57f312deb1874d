// The same scenarios over tcp, ipc and inproc: two parties joined by a listener and a dialer.
import { createServer, connect as netConnect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PseudError } from '../../../src/base/errors.ts'
import { TransportContext } from '../../../src/zmtp/transport/context.ts'
import { Dialer } from '../../../src/zmtp/transport/dialer.ts'
import { parseEndpoint } from '../../../src/zmtp/transport/endpoint.ts'
import { type Listener, listen } from '../../../src/zmtp/transport/listener.ts'
import type { ConnectionOptions } from '../../../src/zmtp/transport/transport.ts'
import { FakeClock } from '../../support/clock.ts'
import { freePort } from '../../support/sockets.ts'
import { sleep, until, within } from '../../support/within.ts'
import { connectionOptions, Party } from './support.ts'

interface World {
  context: TransportContext
  server: Party
  client: Party
  listener: Listener
  dialer: Dialer
}

const ROUTER = { socketType: 'ROUTER', identity: Buffer.from('R') }
let names = 0

function freshEndpoint(transport: string): string {
  names++
  if (transport === 'tcp') return 'tcp://127.0.0.1:*'
  if (transport === 'ipc') return `ipc://${join(tmpdir(), `pseud-driver-${process.pid}-${names}`)}`
  return `inproc://driver-${names}`
}

async function joined(
  transport: string,
  options: { server?: Partial<ConnectionOptions>; client?: Partial<ConnectionOptions> } = {},
  context: TransportContext = new TransportContext(),
): Promise<World> {
  const server = new Party()
  const client = new Party()
  const listener = await listen(
    parseEndpoint(freshEndpoint(transport), 'bind'),
    connectionOptions({ ...ROUTER, ...options.server }),
    server,
    context,
  )
  const dialer = new Dialer(
    parseEndpoint(listener.endpoint, 'connect'),
    connectionOptions(options.client),
    client,
    context,
  )
  dialer.start()
  await until(() => server.ready && client.ready, 5000, 'the handshake')
  return { context, server, client, listener, dialer }
}

async function leave(world: World): Promise<void> {
  world.dialer.close()
  for (const driver of [...world.client.drivers, ...world.server.drivers]) driver.destroy()
  world.listener.close()
}

for (const transport of ['tcp', 'ipc', 'inproc']) {
  const test = suite(`driver over ${transport}`)

  test('each side learns who the other is, and hears of the handshake once', async () => {
    const world = await joined(transport, { client: { identity: Buffer.from('me') } })
    assert.is(world.client.driver.peer?.socketType, 'ROUTER')
    assert.is(world.client.driver.peer?.identity.toString(), 'R')
    assert.is(world.server.driver.peer?.socketType, 'DEALER')
    assert.is(world.server.driver.peer?.identity.toString(), 'me')
    assert.is(world.client.driver.outgoing, true)
    assert.is(world.server.driver.outgoing, false)
    for (const party of [world.client, world.server]) assert.is(party.readies, 1)
    await leave(world)
  })

  test('10,000 messages of 1 to 3 parts arrive whole and in order, both ways at once', async () => {
    const world = await joined(transport)
    const send = (driver: World['client']['driver'], label: string): void => {
      for (let i = 0; i < 10_000; i++) {
        const parts = 1 + (i % 3)
        for (let part = 0; part < parts; part++)
          driver.sendPart(Buffer.from(`${label}${i}.${part}`), part < parts - 1)
      }
    }
    send(world.client.driver, 'c')
    send(world.server.driver, 's')
    await until(() => world.server.messages.length === 10_000 && world.client.messages.length === 10_000)
    for (const [party, label] of [
      [world.server, 'c'],
      [world.client, 's'],
    ] as const) {
      party.messages.forEach((message, i) => {
        assert.equal(
          message,
          Array.from({ length: 1 + (i % 3) }, (_, part) => `${label}${i}.${part}`),
        )
      })
    }
    await leave(world)
  })

  test('an 8 MiB body arrives unharmed between two small ones', async () => {
    const world = await joined(transport)
    const body = Buffer.alloc(8 << 20)
    for (let i = 0; i < body.length; i += 997) body[i] = i
    let received: Buffer | undefined
    const onPart = world.server.onPart.bind(world.server)
    world.server.onPart = (driver, chunk, start, end, more) => {
      if (end - start === body.length) received = Buffer.from(chunk.subarray(start, end))
      onPart(driver, chunk, start, end, more)
    }
    world.client.driver.sendPart(Buffer.from('before'), false)
    world.client.driver.sendPart(body, false)
    world.client.driver.sendPart(Buffer.from('after'), false)
    await until(() => world.server.messages.length === 3)
    assert.equal(world.server.messages, [['before'], [`${8 << 20} octets`], ['after']])
    assert.ok(received?.equals(body))
    await leave(world)
  })

  test('a part written in place is sent as any other, and an abandoned one leaves no trace', async () => {
    const world = await joined(transport)
    const driver = world.client.driver
    for (const size of [0, 5, 255, 256, 70_000]) {
      const slab = driver.beginPart(false)
      slab.reserve(10)
      slab.bytes.fill(0x78, slab.at, slab.at + 10)
      slab.at += 10
      driver.abandonPart()
      const again = driver.beginPart(false)
      again.reserve(size)
      again.bytes.fill(0x61, again.at, again.at + size)
      again.at += size
      driver.endPart()
    }
    await until(() => world.server.messages.length === 5)
    assert.equal(world.server.messages, [[''], ['aaaaa'], ['255 octets'], ['256 octets'], ['70000 octets']])
    await leave(world)
  })

  test('pause stops delivery in the middle of a chunk, resume loses nothing and keeps the order', async () => {
    const world = await joined(transport)
    world.server.onMessage = (driver) => {
      if (world.server.messages.length % 100 === 0) driver.pause()
    }
    for (let i = 0; i < 1000; i++) world.client.driver.sendPart(Buffer.from(String(i)), false)
    for (let expected = 100; expected <= 1000; expected += 100) {
      await until(() => world.server.messages.length === expected)
      await sleep(5)
      assert.is(world.server.messages.length, expected)
      world.server.driver.resume()
    }
    assert.equal(
      world.server.messages.map(([text]) => Number(text)),
      Array.from({ length: 1000 }, (_, i) => i),
    )
    await leave(world)
  })

  test('a peer that does not read makes the sender congested, and draining makes it send again', async () => {
    const world = await joined(transport)
    const sender = world.client.driver
    world.server.driver.pause()
    const body = Buffer.alloc(60_000, 'b')
    let sent = 0
    for (let turn = 0; turn < 2000 && !sender.congested; turn++) {
      for (let i = 0; i < 10 && !sender.congested; i++, sent++) sender.sendPart(body, false)
      await sleep(0)
    }
    assert.ok(sender.congested, 'a stalled peer congests')
    assert.ok(sender.queuedBytes >= 256 * 1024)
    assert.is(world.client.drains, 0)
    world.server.driver.resume()
    await until(() => world.client.drains === 1)
    await until(() => world.server.messages.length === sent)
    assert.is(sender.congested, false)
    await leave(world)
  })

  test('end sends what is queued before it closes, and both sides hear of the end once', async () => {
    const world = await joined(transport)
    world.dialer.close()
    const sender = world.client.driver
    for (let i = 0; i < 5000; i++) sender.sendPart(Buffer.alloc(100, 'x'), false)
    sender.end()
    sender.end()
    await until(() => world.server.ends.length === 1 && world.client.ends.length === 1)
    assert.is(world.server.messages.length, 5000)
    assert.is(world.client.ends[0], undefined)
    await leave(world)
    assert.equal([world.server.ends.length, world.client.ends.length], [1, 1])
  })

  test('end with linger 0 drops what the peer does not take', async () => {
    const world = await joined(transport)
    world.dialer.close()
    world.server.driver.pause()
    for (let i = 0; i < 400; i++) world.client.driver.sendPart(Buffer.alloc(60_000), false)
    world.client.driver.end(0)
    await until(() => world.client.ends.length === 1)
    await leave(world)
  })

  test('the dialer comes back by itself when the link breaks, and messages flow again', async () => {
    const world = await joined(transport)
    for (let round = 1; round <= 3; round++) {
      world.server.driver.destroy()
      await until(() => world.client.ends.length === round && world.client.ready && world.server.ready)
      world.client.driver.sendPart(Buffer.from(`round ${round}`), false)
      await until(() => world.server.messages.length === round)
    }
    assert.equal(world.server.messages, [['round 1'], ['round 2'], ['round 3']])
    await leave(world)
  })

  test('M1: a dialer that starts before the binder meets it', async () => {
    const context = new TransportContext()
    const endpoint = transport === 'tcp' ? `tcp://127.0.0.1:${await freePort()}` : freshEndpoint(transport)
    const client = new Party()
    const server = new Party()
    const dialer = new Dialer(parseEndpoint(endpoint, 'connect'), connectionOptions(), client, context)
    dialer.start()
    await sleep(60)
    assert.is(client.ready, false)
    const listener = await listen(parseEndpoint(endpoint, 'bind'), connectionOptions(ROUTER), server, context)
    await until(() => client.ready && server.ready)
    await leave({ context, client, server, listener, dialer })
  })

  test('a name that is taken is refused with BIND_FAILED and the system code as the cause', async () => {
    const world = await joined(transport)
    const rival = new Party()
    const error = await listen(
      parseEndpoint(world.listener.endpoint, 'bind'),
      connectionOptions(ROUTER),
      rival,
      world.context,
    ).then(
      () => assert.unreachable(),
      (error: PseudError) => error,
    )
    assert.is(error?.code, 'BIND_FAILED')
    assert.is((error?.cause as NodeJS.ErrnoException | undefined)?.code, 'EADDRINUSE')
    assert.equal(rival.eventTypes(), transport === 'inproc' ? ['bind:error'] : ['close', 'bind:error'])
    await leave(world)
  })

  test('closing the listener frees the name at once and leaves its connections alone', async () => {
    const world = await joined(transport)
    world.listener.close()
    world.client.driver.sendPart(Buffer.from('still here'), false)
    await until(() => world.server.messages.length === 1)
    const second = await listen(
      parseEndpoint(world.listener.endpoint, 'bind'),
      connectionOptions(ROUTER),
      new Party(),
      world.context,
    )
    second.close()
    await leave(world)
  })

  test('a receiver that throws costs its own connection, not the process', async () => {
    const world = await joined(transport)
    world.dialer.close()
    world.server.onMessage = () => {
      throw new Error('a defect')
    }
    world.client.driver.sendPart(Buffer.from('x'), false)
    await until(() => world.server.ends.length === 1)
    assert.is(world.server.ends[0]?.code, 'INTERNAL_ERROR')
    assert.is((world.server.ends[0]?.cause as Error | undefined)?.message, 'a defect')
    await leave(world)
  })

  test.run()
}

const tcp = suite('driver over tcp, against raw peers')

tcp('A1: sends its whole greeting without waiting for the peer', async () => {
  const { port, close, party } = await rawServer()
  const socket = netConnect(port, '127.0.0.1')
  const greeting = await within(2000, firstOctets(socket, 64), 'the greeting')
  assert.is(greeting.subarray(0, 12).toString('hex'), 'ff00000000000000007f0301')
  socket.destroy()
  await until(() => party.ends.length === 1)
  await close()
})

tcp('A17: a silent peer is closed when the handshake time is over', async () => {
  const { port, close, party } = await rawServer({ handshakeTimeoutMs: 60 })
  const socket = netConnect(port, '127.0.0.1')
  socket.on('error', () => {})
  await until(() => party.ends.length === 1, 2000)
  assert.is(party.ends[0]?.code, 'HANDSHAKE_TIMEOUT')
  assert.equal(party.eventTypes(), ['bind', 'accept'])
  socket.destroy()
  await close()
})

tcp('A9: a peer that speaks HTTP is closed with BAD_SIGNATURE', async () => {
  const { port, close, party } = await rawServer()
  const socket = netConnect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\n\r\n')
  await until(() => party.ends.length === 1, 2000)
  assert.is(party.ends[0]?.code, 'BAD_SIGNATURE')
  await close()
})

tcp(
  'M3: a peer that accepts and hangs up is retried ever more slowly, and M4: -1 gives up after the first',
  async () => {
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = parseEndpoint(
      `tcp://127.0.0.1:${(server.address() as { port: number }).port}`,
      'connect',
    )
    const attempts: number[] = []
    const patient = new Party()
    const retryDelayMs = (attempt: number): number => {
      attempts.push(attempt)
      return 5
    }
    const dialer = new Dialer(endpoint, connectionOptions({ retryDelayMs }), patient, new TransportContext())
    dialer.start()
    await until(() => attempts.length >= 4)
    dialer.close()
    assert.equal(attempts.slice(0, 4), [1, 2, 3, 4])
    const quitter = new Party()
    new Dialer(
      endpoint,
      connectionOptions({ retryDelayMs: () => undefined }),
      quitter,
      new TransportContext(),
    ).start()
    await until(() => quitter.givenUp.length === 1)
    server.close()
  },
)

tcp('a refused port is reported with the system code and retried', async () => {
  const party = new Party()
  const endpoint = parseEndpoint(`tcp://127.0.0.1:${await freePort()}`, 'connect')
  const dialer = new Dialer(endpoint, connectionOptions(), party, new TransportContext())
  dialer.start()
  await until(() => party.events.length >= 7)
  dialer.close()
  assert.equal(party.eventTypes().slice(0, 7), [
    'dial',
    'connect:delay',
    'close',
    'connect:retry',
    'dial',
    'connect:delay',
    'close',
  ])
  const retry = party.events[3]!
  assert.is((retry.error as PseudError).code, 'CONNECT_FAILED')
  assert.ok(retry.interval! >= 20 && retry.interval! <= 40)
})

tcp('M12: a name that does not resolve is retried, not thrown', async () => {
  const party = new Party()
  const dialer = new Dialer(
    parseEndpoint('tcp://no-such-host.invalid:5555', 'connect'),
    connectionOptions(),
    party,
    new TransportContext(),
  )
  dialer.start()
  await until(() => party.eventTypes().includes('connect:retry'), 10_000)
  dialer.close()
  assert.equal(party.eventTypes(), ['dial', 'connect:retry'])
})

tcp('dials from a given source address, by host name, and over IPv6', async () => {
  const context = new TransportContext()
  const server = new Party()
  const listener = await listen(
    parseEndpoint('tcp://*:*', 'bind'),
    connectionOptions({ ...ROUTER, ipv6: true }),
    server,
    context,
  )
  assert.match(listener.endpoint, /^tcp:\/\/\[::\]:\d+$/)
  const port = listener.endpoint.slice(listener.endpoint.lastIndexOf(':') + 1)
  const dialers: Dialer[] = []
  for (const address of [
    `tcp://127.0.0.2:0;127.0.0.1:${port}`,
    `tcp://localhost:${port}`,
    `tcp://[::1]:${port}`,
  ]) {
    const client = new Party()
    const dialer = new Dialer(parseEndpoint(address, 'connect'), connectionOptions(), client, context)
    dialers.push(dialer)
    dialer.start()
    await until(() => client.ready, 3000, `connecting to ${address}`)
  }
  await until(() => server.drivers.filter((driver) => driver.ready).length === 3)
  assert.match(server.drivers[0]!.remoteAddress, /127\.0\.0\.2/)
  for (const dialer of dialers) dialer.close()
  for (const driver of server.drivers) driver.destroy()
  listener.close()
})

tcp(
  'many parts written in place go before the end of the turn, if the loop has slept before it',
  async () => {
    const clock = new FakeClock()
    const world = await joined('tcp', {}, new TransportContext({ clock }))
    const write = async (count: number): Promise<number> => {
      await new Promise(setImmediate)
      const { driver } = world.client
      for (let i = 0; i < count; i++) {
        driver.beginPart(false).reserve(1)
        driver.endPart()
      }
      return driver.queuedBytes
    }
    const each = (await write(10)) / 10
    assert.ok(each > 0)
    assert.is(await write(100), 100 * each, 'the loop is busy')
    clock.sleep(1)
    assert.is(await write(100), (100 - 16 - 32) * each, '16 have left, then 32')
    assert.is(await write(100), 100 * each, 'it has not slept since')
    await until(() => world.server.messages.length === 310)
    await leave(world)
  },
)

tcp('binds an interface by its name', async () => {
  const listener = await listen(
    parseEndpoint('tcp://lo:*', 'bind'),
    connectionOptions(ROUTER),
    new Party(),
    new TransportContext(),
  )
  assert.match(listener.endpoint, /^tcp:\/\/127\.0\.0\.1:\d+$/)
  listener.close()
})

tcp('M13: takes over an ipc path left by a dead process, and makes a fresh one for *', async () => {
  const path = join(tmpdir(), `pseud-stale-${process.pid}`)
  const { execFileSync } = await import('node:child_process')
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  try {
    execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' })
  } catch {} // it ends by SIGKILL, which is the point
  const listener = await listen(
    parseEndpoint(`ipc://${path}`, 'bind'),
    connectionOptions(ROUTER),
    new Party(),
    new TransportContext(),
  )
  assert.is(listener.endpoint, `ipc://${path}`)
  listener.close()
  const wild = await listen(
    parseEndpoint('ipc://*', 'bind'),
    connectionOptions(ROUTER),
    new Party(),
    new TransportContext(),
  )
  assert.match(wild.endpoint, /^ipc:\/\/.*\/socket$/)
  wild.close()
})

tcp.run()

async function rawServer(
  changes: Partial<ConnectionOptions> = {},
): Promise<{ port: number; party: Party; close: () => Promise<void> }> {
  const party = new Party()
  const listener = await listen(
    parseEndpoint('tcp://127.0.0.1:*', 'bind'),
    connectionOptions({ ...ROUTER, ...changes }),
    party,
    new TransportContext(),
  )
  const port = Number(listener.endpoint.slice(listener.endpoint.lastIndexOf(':') + 1))
  return { port, party, close: async () => listener.close() }
}

function firstOctets(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk])
      if (seen.length >= count) resolve(seen)
    })
  })
}
