// The life of a call from end to end: two sessions joined in memory, on a fake clock.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallContext } from '../../src/rpc/api/context.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { method } from '../../src/rpc/registry/registration.ts'
import { FakeClock } from '../support/clock.ts'
import { closeCores, contextOn, failure, newClient, newServer, opened, outcome } from '../support/cores.ts'
import { joinSessions } from '../support/scripted-driver-rpc.ts'
import { sleep } from '../support/within.ts'

const test = suite('RPC sessions')

test.after.each(closeCores)

const settle = (): Promise<void> => sleep(0)

test('functions call each other back three levels deep, over one session', async () => {
  const context = contextOn(new FakeClock())
  const server = new ServerCore('remote', { context }, undefined)
  const client = new ClientCore('remote', { context, userId: 'client' })
  opened(server)
  opened(client)
  type Api = { down(n: number): Promise<string[]> }
  server.registry.registerRpc({
    down: method(
      async (ctx: CallContext<Api>, n: number): Promise<string[]> =>
        n === 0
          ? [`server at ${ctx.depth}`]
          : [`server at ${ctx.depth}`, ...(await ctx.peer.api.down(n - 1))],
    ),
  })
  client.registry.registerRpc({
    down: method(
      async (ctx: CallContext<Api>, n: number): Promise<string[]> =>
        n === 0
          ? [`client at ${ctx.depth}`]
          : [`client at ${ctx.depth}`, ...(await ctx.peer.api.down(n - 1))],
    ),
  })
  const { pump } = joinSessions(server, client, { server: 'remote', client: 'client' })
  const result = client.calls.start(client, 'down', [3], client.settings)
  await pump()
  assert.equal(await result, ['server at 0', 'client at 1', 'server at 2', 'client at 3'])
  assert.equal(
    [server.slots.running, client.slots.running, server.calls.open, client.calls.open],
    [0, 0, 0, 0],
  )
})

test('undefined travels between our own, and is nil to others', async () => {
  const context = contextOn(new FakeClock())
  const server = new ServerCore('remote', { context }, undefined)
  const client = new ClientCore('remote', { context })
  opened(server)
  opened(client)
  server.registry.registerRpc({ nothing: () => undefined })
  const { pump } = joinSessions(server, client, { server: 'remote' })
  const result = client.calls.start(client, 'nothing', [], client.settings)
  await pump()
  assert.is(await result, undefined)
  const other = newServer()
  other.core.registry.registerRpc({ nothing: () => undefined })
  const wire = other.connect()
  wire.feed([0, 1, 'nothing', []])
  assert.equal(wire.take(), [[1, 1, null]])
})

test('drain waits for what is open, refuses what is new, then closes', async () => {
  const { core, connect } = newServer()
  let finish: ((value: unknown) => void) | undefined
  core.registry.registerRpc({
    slow: () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  })
  const wire = connect()
  wire.feed([0, 5, 'slow', []])
  const drained = outcome(core.drain())
  assert.equal(wire.take(), [[10, 5, 'draining']])
  wire.feed([0, 6, 'slow', []])
  const [[, id, error]] = wire.take() as [[number, number, { c: string; x: string }]]
  assert.equal([id, error.c, error.x], [6, 'UNAVAILABLE', 'no'])
  await settle()
  assert.is(drained.settled, false)
  finish!('done')
  await settle()
  await settle()
  assert.equal([wire.take(), drained.settled, wire.over], [[[1, 5, 'done']], true, true])
})

test('drain gives up a second after its time, in which what was told to end may do so', async () => {
  const { core, clock, connect } = newServer()
  core.registry.registerRpc({ never: () => new Promise(() => {}) })
  const wire = connect()
  wire.feed([0, 1, 'never', []])
  const drained = outcome(core.drain({ timeoutMs: 500 }))
  clock.advance(500)
  await settle()
  assert.equal([drained.settled, wire.over, core.slots.running], [false, false, 1])
  clock.advance(1000)
  await settle()
  assert.equal([drained.settled, wire.over, core.slots.running], [true, true, 0])
})

test('a queue of a named peer is bounded, and empties when it reads again', async () => {
  const { core, connect } = newServer({ limits: { maxQueuedCalls: 2 } })
  const wire = connect({ identity: 'worker' })
  wire.congested = true
  const lane = wire.session.lane
  for (let i = 0; i < 2; i++) void outcome(lane.call('x', [i], core.settings))
  assert.equal(await failure(lane.call('x', [], core.settings)), ['RESOURCE_EXHAUSTED', 'no'])
  wire.congested = false
  wire.session.onDrain()
  assert.is(wire.take().length, 2)
  wire.congested = true
  const queued = failure(lane.call('x', [], core.settings))
  wire.lose()
  assert.equal(await queued, ['UNAVAILABLE', 'no'])
})

test('a participant has at most 16,384 calls open', async () => {
  const { call, connect } = newClient({ limits: { maxPendingCalls: 3 } })
  connect()
  for (let i = 0; i < 3; i++) void outcome(call('x'))
  assert.equal(await failure(call('x')), ['RESOURCE_EXHAUSTED', 'no'])
})

test.run()
