// tcpAcceptFilter: who is outside gets not one octet and is no peer; what the option takes and gives.
import { connect as netConnect } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, type EventOfType, Router } from '../../../src/zmtp/index.ts'
import { code, overAll, Scenario } from '../../support/sockets.ts'
import { until, within } from '../../support/within.ts'

const test = suite('tcpAcceptFilter')

/** Connects from `source`; resolves to the number of octets that came before the end. */
function octetsUntilEnd(address: string, source: string): Promise<number> {
  return within(
    5000,
    new Promise((resolve) => {
      let octets = 0
      const port = Number(address.split(':').pop())
      const socket = netConnect({ port, host: '127.0.0.1', localAddress: source })
      socket.on('data', (chunk) => {
        octets += chunk.length
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(octets))
    }),
    'the end of the connection',
  )
}

test('a peer outside is closed before an octet is sent, reported, and never counted', async () => {
  const router = new Router({ tcpAcceptFilter: '127.0.0.2/32' })
  const seen: string[] = []
  for (const type of ['accept', 'handshake', 'disconnect'] as const)
    router.events.on(type, () => seen.push(type))
  const refused: EventOfType<'accept:error'>[] = []
  router.events.on('accept:error', (event) => refused.push(event))
  await router.bind('tcp://127.0.0.1:*')
  const address = router.lastEndpoint!
  for (let i = 1; i <= 3; i++) {
    assert.is(await octetsUntilEnd(address, '127.0.0.1'), 0)
    await until(() => refused.length === i)
    assert.is(router.counters.peers, 0)
  }
  assert.equal(seen, [])
  assert.is(refused[0]!.address, address)
  assert.is(refused[0]!.error.code, 'EACCES')
  assert.is(refused[0]!.error.message, 'Permission denied')
  assert.match(
    (refused[0]!.error.cause as Error).message,
    /^tcp:\/\/127\.0\.0\.1:\d+ is outside of the accept filter$/,
  )
  // A peer of ours tries again and again; one from inside is let in meanwhile.
  const outside = new Dealer({ linger: 0, reconnectInterval: 5 })
  outside.connect(address)
  await outside.send('never')
  const inside = new Dealer()
  inside.connect(address.replace('tcp://', 'tcp://127.0.0.2:0;'))
  await inside.send('let in')
  assert.is(String((await within(5000, router.receive(), 'the message'))[1]), 'let in')
  await until(() => refused.length >= 6)
  assert.is(router.counters.peers, 1)
  for (const socket of [outside, inside, router]) socket.close()
})

test('networks add up, null lets everybody in, and each bind keeps the list of its time', async () => {
  const router = new Router()
  router.tcpAcceptFilter = '10.0.0.0/8'
  router.tcpAcceptFilter = '127.0.0.2'
  await router.bind('tcp://127.0.0.1:*')
  const narrow = router.lastEndpoint!
  router.tcpAcceptFilter = null
  await router.bind('tcp://127.0.0.1:*')
  const open = router.lastEndpoint!
  router.tcpAcceptFilter = '10.0.0.0/8'
  router.bindSync('tcp://127.0.0.1:*')
  const closed = router.lastEndpoint!
  let next = router.receive()
  for (const [address, source, admitted] of [
    [narrow, '127.0.0.1', false],
    [narrow, '127.0.0.2', true],
    [open, '127.0.0.1', true],
    [closed, '127.0.0.2', false],
  ] as const) {
    const dealer = new Dealer({ linger: 0, reconnectInterval: -1, routingId: 'D' })
    const refused = new Promise((resolve) => dealer.events.on('disconnect', () => resolve('refused')))
    dealer.connect(address.replace('tcp://', `tcp://${source}:0;`))
    await dealer.send('x')
    const outcome = await within(5000, Promise.race([refused, next]), `${source} to ${address}`)
    assert.is(outcome !== 'refused', admitted, `${source} to ${address}`)
    dealer.close()
    await until(() => router.counters.peers === 0)
    if (admitted) next = router.receive()
  }
  router.close()
  assert.is(await code(() => next), 'EAGAIN')
})

test('on a socket for IPv4 and IPv6 a network of IPv4 addresses holds IPv4 peers, and no others', async () => {
  for (const [filter, admitted] of [
    ['10.0.0.0/8', false],
    ['127.0.0.0/8', true],
    ['::1', false],
    ['::ffff:127.0.0.1', true],
  ] as const) {
    const router = new Router({ ipv6: true, tcpAcceptFilter: filter })
    await router.bind('tcp://*:*')
    const port = router.lastEndpoint!.split(':').pop()
    const octets = octetsUntilEnd(`tcp://127.0.0.1:${port}`, '127.0.0.1')
    const greeted = new Promise((resolve) => router.events.on('accept', () => resolve('accepted')))
    assert.is(await Promise.race([octets, greeted]), admitted ? 'accepted' : 0, filter)
    router.close()
    await octets
  }
})

overAll(
  test,
  'holds nobody back who does not come over tcp',
  async (s) => {
    const [router, dealer] = await s.pair(new Router({ tcpAcceptFilter: '192.0.2.1' }), new Dealer())
    await dealer.send('x')
    assert.is(String((await router.receive())[1]), 'x')
  },
  ['ipc', 'inproc'],
)

test('the option takes addresses and networks, refuses the rest with EINVAL, and reads as what is in force', async () => {
  const scenario = new Scenario('tcp')
  const router = scenario.use(new Router())
  assert.is(router.tcpAcceptFilter, null)
  const refused = [
    '',
    'localhost',
    '127.0.0.1/33',
    '127.0.0.1/',
    '127.0.0.1/8x',
    '*',
    '::1/129',
    '10.0.0.0/8,11.0.0.0/8',
  ]
  for (const text of refused) {
    assert.is(
      await code(() => {
        router.tcpAcceptFilter = text
      }),
      'EINVAL',
      text,
    )
  }
  assert.is(router.tcpAcceptFilter, null)
  for (const text of ['127.0.0.1', '10.0.0.0/8', '::1/128', '0.0.0.0/0']) router.tcpAcceptFilter = text
  router.tcpAcceptFilter = Buffer.from('[fd00::]/8') as never
  assert.is(router.tcpAcceptFilter, '127.0.0.1,10.0.0.0/8,::1/128,0.0.0.0/0,[fd00::]/8')
  router.tcpAcceptFilter = null
  assert.is(router.tcpAcceptFilter, null)
  for (const value of [5, undefined, true]) {
    assert.throws(() => {
      router.tcpAcceptFilter = value as never
    }, /Option value must be a string or buffer/)
  }
  const byNumber = router as unknown as { setStringOption(id: number, value: string | null): void }
  byNumber.setStringOption(38, '::1')
  assert.is(router.tcpAcceptFilter, '::1')
  scenario.close()
})

test.run()
