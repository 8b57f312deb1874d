/**
 * Faults 53, 54, 58, 61: clocks that jump, loops that stall, timers that pile up, machines that sleep. A stall of 1, 10, 20 s is one of
 * 1 to 2 s against heartbeats of 0.2 and 1 s; ten minutes of sleep are a second and a half against the same.
 */
import * as assert from 'uvu/assert'
import { TransportContext } from '../../../src/zmtp/connections.ts'
import { FakeClock } from '../../support/clock.ts'
import { type Fault, fault } from '../fault.ts'
import { until, type World, within } from '../world.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Wall-clock time jumps by an hour, back, and to 1970: no timer of ours notices. */
async function clockJump(world: World): Promise<void> {
  const beats = { heartbeat: { intervalMs: 50, timeoutMs: 3000 } }
  const { client, server } = await world.pair(beats, beats)
  const lost: unknown[] = []
  client.on('status', ({ status }) => {
    if (status === 'lost') lost.push(status)
  })
  const { now } = Date
  try {
    for (const jump of [3_600_000, -3_600_000, -now()]) {
      Date.now = () => now() + jump
      const early = world.ledger.call((number) => client.with({ timeoutMs: 5000 }).work(number, 60))
      const late = world.ledger.call((number) => client.with({ timeoutMs: 50 }).never(number))
      assert.is((await within(10_000, early, 'the call')).state, 'result')
      assert.is((await within(10_000, late, 'the deadline')).error?.code, 'DEADLINE_EXCEEDED')
      await sleep(60)
    }
  } finally {
    Date.now = now
  }
  await world.calls(client, 10)
  assert.equal([lost.length, server.stats().peers], [0, 1])
}

const STALLED = { heartbeat: { intervalMs: 200, timeoutMs: 1000 } } as const

/** The loop stands still on either side for longer than the heartbeats' patience: nobody who is healthy is given up for it. */
async function stall(world: World): Promise<void> {
  // Ours: many healthy peers, and a busy loop here.
  const server = world.server(STALLED, false)
  const gone: unknown[] = []
  server.on('peergone', (_, error) => gone.push(error?.message))
  const endpoint = await server.bind('tcp://127.0.0.1:0')
  const count = world.size(20, 100)
  const child = await world.clientProcess(
    endpoint,
    { heartbeat: { intervalMs: 100, timeoutMs: 60_000 } },
    count,
  )
  await child.run('ready', { timeoutMs: 10_000 })
  await until(() => server.stats().peers === count)
  for (const ms of [world.size(1300, 2000), 800 + world.dice.random(1000)]) {
    const end = performance.now() + ms
    while (performance.now() < end);
    await sleep(50)
    assert.equal([gone, server.stats().peers], [[], count], `after a stall of ${ms} ms`)
  }
  assert.equal(await child.run('calls', { each: 2 }), { result: 2 * count })
  // Theirs: the child stands still, and comes back before it is given up.
  const stalled = await world.serverProcess('tcp://127.0.0.1:0', STALLED)
  const client = world.client({ heartbeat: { intervalMs: 100, timeoutMs: 30_000 } }).connect(stalled.endpoint)
  await client.ready({ timeoutMs: 10_000 })
  const lost: unknown[] = []
  client.on('status', ({ status }) => {
    if (status === 'lost') lost.push(status)
  })
  const calls = [world.calls(client, 1, world.size(1300, 2000), 'block'), world.calls(client, 20)]
  await within(20_000, Promise.all(calls), 'the calls')
  assert.equal([lost.length, world.ledger.endings], [0, { result: 21 }])
}

/** Many calls with deadlines, all settled: the timers are as many as before. */
async function timers(world: World): Promise<void> {
  const clock = new FakeClock()
  const context = new TransportContext({ clock })
  const server = world.server({ context })
  const endpoint = await server.bind('tcp://127.0.0.1:0')
  const client = world.client({ context, limits: { maxPendingCalls: 100_000 } }).connect(endpoint)
  const ready = client.ready()
  await ready
  await world.ledger.call((number) => client.add(number))
  const before = clock.armed
  const total = world.size(10_000, 100_000)
  for (let done = 0; done < total; done += 1000) {
    await Promise.all(
      Array.from({ length: 1000 }, () =>
        world.ledger.call((number) =>
          client.with({ timeoutMs: 1000 + world.dice.random(60_000) }).add(number),
        ),
      ),
    )
  }
  assert.equal(world.ledger.endings, { result: total + 1 })
  // One alarm for all deadlines may still be armed, until it finds none.
  assert.ok(clock.armed <= before + 2, `${clock.armed} timers, before ${before}`)
  clock.advance(1000)
  assert.is(client.stats().timedOut, 0)
}

/** Both sides are stopped and go on: at most a fresh session each, and work goes on. */
async function suspended(world: World): Promise<void> {
  const server = await world.serverProcess('tcp://127.0.0.1:0', STALLED)
  const child = await world.clientProcess(server.endpoint, STALLED, 5)
  await child.run('ready', { timeoutMs: 10_000 })
  server.signal('SIGSTOP')
  child.signal('SIGSTOP')
  await sleep(1200 + world.dice.random(500))
  const order = world.dice.random(2) === 0 ? [server, child] : [child, server]
  order[0]!.signal('SIGCONT')
  await sleep(world.dice.random(50))
  order[1]!.signal('SIGCONT')
  const before = await child.run<{ user: number; system: number }>('cpu')
  await child.run('ready', { timeoutMs: 10_000 })
  await sleep(300)
  const outcomes = await child.run<Record<string, number>>('calls', { each: 10 })
  const after = await child.run<{ user: number; system: number }>('cpu')
  assert.is(outcomes.wrong, undefined)
  assert.is(outcomes.result, 50, JSON.stringify(outcomes))
  const cpuMs = (after.user + after.system - before.user - before.system) / 1000
  assert.ok(cpuMs < 1500, `${cpuMs} ms of processor time after waking: a storm`)
  assert.ok((await server.run<number>('accepted')) <= 5 * 4, 'sessions without end')
  world.forgetLogs()
}

export const TIME: readonly Fault[] = [
  fault(53, 'the clock jumps by an hour, back, and to 1970', clockJump),
  fault(54, 'the event loop stalls on either side', stall),
  fault(58, 'calls with deadlines, all settled: the timers return', timers),
  fault(61, 'both sides asleep', suspended),
]
