// Tracked items and streams that go on, octet by octet: one side on a fake clock, a script at its other end.
import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError, UsageError } from '../../src/base/errors.ts'
import { type RpcError, tracked } from '../../src/rpc/index.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { method } from '../../src/rpc/registry/registration.ts'
import type { RemoteStream } from '../../src/rpc/streams/remote-stream.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection } from '../support/scripted-driver-rpc.ts'
import { within } from '../support/within.ts'

const test = suite('streams that resume')

const cores = new Set<ServerCore | ClientCore>()

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn()
}

function newServer() {
  const core = new ServerCore(
    'remote',
    { context: new TransportContext({ clock: new FakeClock() }) },
    undefined,
  )
  cores.add(core)
  core.registry.registerRpc({
    feed: method(async function* (ctx) {
      for (let n = Number(ctx.lastId ?? 0) + 1; n < 4; n++) yield tracked(n, `item ${n}`)
    }),
    mixed: function* () {
      yield tracked('a', 1)
      yield 2
    },
  })
  return new ScriptedConnection({ pseud: false }).open(core)
}

function newClient() {
  const clock = new FakeClock()
  const context = new TransportContext({ clock, random: () => 0.5 })
  const core = new ClientCore('remote', { context, timeoutMs: Number.POSITIVE_INFINITY })
  cores.add(core)
  const connect = () =>
    new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote', pseud: false }).open(core)
  const feed = (options = {}): RemoteStream =>
    core.calls
      .start(core, 'feed', [], core.settings.with({ resume: true, ...options }))
      [Symbol.asyncIterator]()
  return { core, clock, connect, feed }
}

const lost = (): LinkError => new LinkError('PEER_CLOSED', 'gone')

test('a tracked item has its id as fourth element, others have three', async () => {
  const wire = newServer()
  wire.feed([0, 1, 'mixed', []])
  await turns()
  assert.equal(wire.take(), [
    [4, 1, 1, 'a'],
    [4, 1, 2],
    [5, 1],
  ])
})

test('a function is told behind which item it goes on; an id that is none refuses the call', async () => {
  const wire = newServer()
  wire.feed([0, 1, 'feed', [], { l: '2' }])
  await turns()
  assert.equal(wire.take(), [
    [4, 1, 'item 3', '3'],
    [5, 1],
  ])
  for (const l of [2, '', 'x'.repeat(257), null, ['2']]) {
    wire.feed([0, 2, 'feed', [], { l }])
    await turns()
    const [answer] = wire.take() as [number, number, { c: string; x: string }][]
    assert.equal([answer![0], answer![1], answer![2].c, answer![2].x], [2, 2, 'INVALID_ARGUMENT', 'no'])
  }
})

test('what has been lost is asked for again with the id of the last item that came, and with fresh credit', async () => {
  const { clock, connect, feed } = newClient()
  let wire = connect()
  const items = feed()
  const [[, id]] = wire.take() as [[number, number]]
  wire.feed([4, id, 'one', '1'])
  wire.feed([4, id, 'two', '2'])
  assert.equal(await items.next(), { value: 'one', done: false })
  wire.lose(lost())
  wire = connect()
  assert.equal(wire.take(), [], 'not before its delay')
  clock.advance(2000)
  assert.equal(wire.take(), [[0, id, 'feed', [], { l: '2' }]])
  assert.equal(await items.next(), { value: 'two', done: false })
  assert.is(items.lastId, '2')
  for (let n = 3; n < 3 + 64; n++) wire.feed([4, id, n, String(n)])
  assert.equal(wire.take(), [])
  for (let n = 3; n < 3 + 32; n++) assert.is((await items.next()).value, n)
  assert.equal(wire.take(), [[6, id, 32]], 'what the lost one sent is none of its credit')
  wire.feed([5, id])
  for (let n = 35; n < 67; n++) assert.is((await items.next()).value, n)
  assert.is((await items.next()).done, true)
})

test('a server that sends more than the fresh credit breaks the protocol', async () => {
  const { clock, connect, feed } = newClient()
  let wire = connect()
  feed()
  const [[, id]] = wire.take() as [[number, number]]
  wire.feed([4, id, 'one', '1'])
  wire.lose(lost())
  wire = connect()
  clock.advance(2000)
  for (let n = 0; n < 65; n++) wire.feed([4, id, n, String(n)])
  assert.is(wire.error?.code, 'PROTOCOL')
})

test('it is given up after three attempts that brought nothing, and not while items are taken', async () => {
  const { clock, connect, feed, core } = newClient()
  const items = feed()
  const round = async (item?: string): Promise<void> => {
    const wire = connect()
    clock.advance(10_000)
    await turn()
    const [[, id]] = wire.take() as [[number, number]]
    if (item !== undefined) wire.feed([4, id, item, item])
    wire.lose(lost())
  }
  for (let n = 0; n < 10; n++) {
    await round(`${n}`)
    assert.equal(await items.next(), { value: `${n}`, done: false })
  }
  await round()
  await round()
  await round()
  const error = await within(5000, items.next()).then(
    () => assert.unreachable(),
    (reason: RpcError) => reason,
  )
  assert.equal([error!.code, error!.executed, error!.details], ['UNAVAILABLE', 'maybe', { lastId: '9' }])
  assert.is(core.calls.open, 0)
})

test('a fourth element that is no id makes the item one without', async () => {
  const { connect, feed } = newClient()
  const wire = connect()
  const items = feed()
  const [[, id]] = wire.take() as [[number, number]]
  wire.feed([4, id, 'one', '1'])
  wire.feed([4, id, 'two', { not: 'an id' }])
  wire.lose(lost())
  assert.is((await items.next()).value, 'one')
  assert.is((await items.next()).value, 'two')
  const error = (await items.next().catch((reason: unknown) => reason)) as RpcError
  assert.equal([error.code, error.details], ['UNAVAILABLE', { lastId: '1' }])
})

test('ids have 1 to 256 octets', () => {
  assert.equal([tracked(7, 'x').id, tracked('é'.repeat(128), 'x').item], ['7', 'x'])
  for (const id of ['', 'é'.repeat(129)]) {
    assert.throws(
      () => tracked(id, 1),
      (error: unknown) => error instanceof UsageError && error.code === 'BAD_OPTION',
    )
  }
})

test.run()
