// What a server or client tells of itself and its peers, and to whom.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Client,
  type IntrospectionApi,
  plain,
  RpcError,
  Server,
  type ServerOptions,
  ServiceNotFoundError,
  type StatsReport,
} from '../../src/rpc/index.ts'
import { type Reported, reportStats } from '../../src/rpc/participants/stats-report.ts'
import { Share } from '../../src/rpc/serving/slots.ts'
import { failure, gate, World } from './semantics/world.ts'

const test = suite('stats report')
const world = new World('inproc')
test.after.each(() => world.clear())
test.after(() => world.remove())

const ON = { introspection: { stats: true } } as const

async function stats(client: Client, ...args: unknown[]): Promise<StatsReport> {
  return (await client.call('$rpc.stats', args)) as StatsReport
}

async function isHidden(client: Client): Promise<void> {
  const error = await failure(client.call('$rpc.stats'))
  assert.instance(error, ServiceNotFoundError)
  assert.equal([error.message, error.executed], ['there is no function "$rpc.stats"', 'no'])
}

for (const [said, introspection] of [
  ['nothing', undefined],
  ['false', false],
  ['true', true],
  ['no word of it', {}],
  ['stats: false', { stats: false }],
] as const) {
  test(`introspection: ${said} shows no figures: the same answer as for any function that is not there`, async () => {
    const { client } = await world.pair(
      {},
      { server: { ...(introspection !== undefined && { introspection }) } },
    )
    await isHidden(client)
  })
}

test('with stats the rest of the introspection is there as well', async () => {
  const { client } = await world.pair({ a: () => 1 }, { server: ON })
  assert.equal(await client.$rpc.list('a'), ['a'])
  assert.is((await client.$rpc.ping(1)).token, 1)
})

test('it tells the counters, and of each peer who it is, since when, and what goes on', async () => {
  const { opened, open } = gate()
  const { server, client } = await world.pair(
    { quick: () => 1, slow: () => opened },
    { server: ON, client: { userId: 'ann' } },
  )
  await client.quick()
  await client.quick()
  const running = client.slow()
  const typed = client as unknown as Client<IntrospectionApi>
  const report: StatsReport = await typed.$rpc.stats()
  assert.is(report.name, 'remote')
  assert.ok(report.time instanceof Date)
  assert.equal(Object.keys(report.stats), Object.keys(server.stats()))
  assert.equal([report.stats.handled, report.stats.running, report.stats.peers], [4, 1, 1])
  assert.is(report.omitted, 0)
  const [peer] = report.peers
  const [known] = server.peers.values()
  assert.is(peer!.id, known!.id)
  assert.is(peer!.user, undefined)
  assert.is(peer!.claimedName, 'ann')
  assert.is(peer!.address, known!.address)
  assert.equal(peer!.since, known!.since)
  const { asked, waiting, inFlight, queued, queuedBytes, slow } = peer!
  assert.equal(
    { asked, running: peer!.running, waiting, inFlight, queued, queuedBytes, slow },
    { asked: 4, running: 1, waiting: 0, inFlight: 0, queued: 0, queuedBytes: 0, slow: false },
  )
  open()
  await running
})

test('calls that find no function, and peers that call nothing, are counted for nobody', async () => {
  const { client, at } = await world.pair({ a: () => 1 }, { server: ON })
  const other = world.client().connect(at)
  await other.ready({ timeoutMs: 10_000 })
  await failure(client.call('none'))
  const { peers } = await stats(client)
  assert.equal(peers.map(({ asked }) => asked).sort(), [0, 1])
})

test('a function decides who is told, as a predicate does: by who has logged in', async () => {
  const asked: string[] = []
  const { server, at } = await world.pair(
    {},
    {
      server: {
        security: plain({ authenticate: () => true }),
        introspection: {
          stats: (ctx) => {
            asked.push(ctx.method)
            return ctx.user === 'admin'
          },
        },
      },
      client: { security: plain({ user: 'someone', password: '' }) },
    },
  )
  const someone = world.client('remote', { security: plain({ user: 'someone', password: '' }) }).connect(at)
  await isHidden(someone)
  const admin = world.client('remote', { security: plain({ user: 'admin', password: '' }) }).connect(at)
  const { peers } = await stats(admin)
  assert.equal(peers.map(({ user }) => user).sort(), ['admin', 'someone', 'someone'])
  assert.equal(asked, ['$rpc.stats', '$rpc.stats'])
  assert.is(server.stats().refused, 1)
})

test('a function that is async by mistake admits nobody', async () => {
  const { client } = await world.pair(
    {},
    { server: { introspection: { stats: (async () => true) as never } } },
  )
  await isHidden(client)
})

test('a function may say that it is denied, and one that fails denies and is reported', async () => {
  let cause: Error = new RpcError('PERMISSION_DENIED', 'not you')
  const { server, client } = await world.pair(
    {},
    {
      server: {
        introspection: {
          stats: () => {
            throw cause
          },
        },
      },
    },
  )
  const denied = await failure(client.call('$rpc.stats'))
  assert.equal([denied.code, denied.message, denied.executed], ['PERMISSION_DENIED', 'not you', 'no'])
  cause = new Error('a defect')
  const reported: unknown[] = []
  server.on('error', (error, about) => reported.push(error, about.method))
  await isHidden(client)
  assert.equal(reported, [cause, '$rpc.stats'])
})

test('a client tells its server too, where it was told to', async () => {
  const { server } = await world.pair({}, { client: { userId: 'worker', ...ON } })
  const report = (await server.sendTo('worker').$rpc.stats()) as StatsReport
  assert.is(report.stats.handled, 1)
  assert.equal(
    report.peers.map(({ asked }) => asked),
    [1],
  )
})

test('no more peers are told of than are asked for, and those left out are counted', async () => {
  const { client, at } = await world.pair({}, { server: ON })
  for (let n = 0; n < 4; n++) await world.client().connect(at).ready({ timeoutMs: 10_000 })
  for (const [count, shown] of [
    [0, 0],
    [2, 2],
    [5, 5],
    [1e9, 5],
    [undefined, 5],
    [null, 5],
  ] as const) {
    const { peers, omitted } = await stats(client, count)
    assert.equal([peers.length, omitted], [shown, 5 - shown])
  }
})

test('a number of peers that is none is INVALID_ARGUMENT', async () => {
  const { client } = await world.pair({}, { server: ON })
  for (const count of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', {}, [1], true, 2n ** 70n]) {
    const error = await failure(stats(client, count))
    assert.equal([error.code, error.executed], ['INVALID_ARGUMENT', 'no'])
  }
})

function session(n: number, given: Partial<Reported> = {}): Reported {
  return {
    open: true,
    admitted: true,
    id: `id ${n}`,
    user: undefined,
    claimedName: undefined,
    since: new Date(n),
    rttMs: undefined,
    taken: undefined,
    inFlight: 0,
    queuedCalls: 0,
    paused: false,
    connection: { remoteAddress: 'tcp://192.0.2.1:1', queuedBytes: 0 },
    ...given,
  }
}

function report(sessions: Reported[], peersMax = Number.POSITIVE_INFINITY): StatsReport {
  const none = new Server('none')
  return reportStats({ name: 'x', sessions, stats: () => none.stats(), date: () => new Date(0) }, peersMax)
}

test('of 10,000 peers the busiest 256 are told, the rest in the order of coming', () => {
  const busy = (running: number): Reported['taken'] => Object.assign(new Share(), { running })
  const sessions = Array.from({ length: 10_000 }, (_, n) =>
    session(n, n >= 9998 ? { taken: busy(n) } : n === 5000 ? { inFlight: 1 } : {}),
  )
  const { peers, omitted } = report(sessions)
  assert.equal([peers.length, omitted], [256, 10_000 - 256])
  assert.equal(
    peers.slice(0, 5).map(({ id }) => id),
    ['id 9999', 'id 9998', 'id 5000', 'id 0', 'id 1'],
  )
})

test('who is not ready, has ended, or has yet to log in is not told of', () => {
  const { peers, omitted } = report([
    session(1, { open: false }),
    session(2, { admitted: false }),
    session(3),
  ])
  assert.equal([peers.map(({ id }) => id), omitted], [['id 3'], 0])
})

test('what a peer says of itself is cut', () => {
  const long = 'x'.repeat(10_000)
  const connection = { remoteAddress: long, queuedBytes: 7 }
  const [peer] = report([session(1, { user: long, claimedName: long, connection })]).peers
  assert.equal([peer!.user?.length, peer!.claimedName?.length, peer!.address.length], [256, 256, 256])
})

test('options that cannot be meant are refused, and so are names that are none', () => {
  for (const introspection of [
    { stats: 'yes' },
    { stats: 1 },
    { stats: null },
    { peers: true },
    { Stats: true },
  ]) {
    assert.throws(
      () => new Server('x', { introspection } as unknown as ServerOptions),
      (error: { code?: string }) => error.code === 'BAD_OPTION',
    )
  }
})

test.run()
