// Waiting for a server, leaving one for another, and the end of either side.
import * as assert from 'uvu/assert'
import { method } from '../../../src/rpc/index.ts'
import { sleep, until, within } from '../../support/within.ts'
import { failure, gate, type Rows, type World } from './world.ts'

/** Servers of these names, of which each says which one it is, and how many calls each has begun. */
async function named(world: World, ...names: string[]) {
  const runs = new Map(names.map((name) => [name, 0]))
  const servers = names.map((name) => {
    const server = world.server(name)
    server.registerRpc('who', () => {
      runs.set(name, runs.get(name)! + 1)
      return name
    })
    return server
  })
  const endpoints: string[] = []
  for (const server of servers) endpoints.push(await server.bind(world.endpoint()))
  return { servers, endpoints, runs }
}

export const severalServers: Rows = {
  'row 1: a call before any link is ready waits for one; what finds no room, and failFast, are told at once':
    async (world) => {
      const { endpoints } = await named(world, 'remote')
      const client = world.client('remote', { limits: { maxQueuedCalls: 3 } })
      const waiting = [client.who(), client.who(), client.who()] as Promise<unknown>[]
      const full = await failure(client.who() as Promise<unknown>)
      assert.equal([full.code, full.executed], ['RESOURCE_EXHAUSTED', 'no'])
      const fast = await failure(client.with({ failFast: true }).who() as Promise<unknown>)
      assert.equal([fast.code, fast.executed], ['UNAVAILABLE', 'no'])
      client.connect(endpoints[0]!)
      assert.equal(await within(10_000, Promise.all(waiting)), ['remote', 'remote', 'remote'])
    },

  'row 2: a call that waits when its link is lost goes to another server': async (world) => {
    const { servers, endpoints, runs } = await named(world, 'a', 'b')
    const client = world.client('').connect(endpoints[0]!)
    await client.ready({ timeoutMs: 10_000 })
    const lost = gate()
    client.on('status', ({ status }) => status === 'lost' && lost.open())
    await servers[0]!.close()
    await within(10_000, lost.opened, 'the loss')
    const waiting = client.who() as Promise<unknown>
    assert.is(client.stats().queued, 1)
    client.connect(endpoints[1]!)
    assert.is(await within(10_000, waiting), 'b')
    assert.is(runs.get('a'), 0)
  },

  'row 5: what a draining server has not begun goes to another one, whatever it is, and its caller sees nothing':
    async (world) => {
      const { servers, endpoints, runs } = await named(world, 'a', 'b')
      // All to `a`, as long as that takes any.
      const client = world.client('', {
        picker: (ready) => ready.find(({ name }) => name === 'a') ?? ready[0]!,
      })
      for (const at of endpoints) client.connect(at)
      await until(() => client.stats().peers === 2)
      const calls = Array.from({ length: 50 }, () => client.who() as Promise<unknown>)
      assert.is(client.stats().inFlight, 50)
      const drained = servers[0]!.drain()
      const more = Array.from({ length: 50 }, () => client.who() as Promise<unknown>)
      const answers = await within(10_000, Promise.all([...calls, ...more]))
      assert.equal(new Set(answers), new Set(['b']))
      assert.equal([runs.get('a'), runs.get('b')], [0, 100])
      await within(10_000, drained)
      assert.is(await client.who(), 'b')
    },

  'row 5: with one server only, what it has not begun waits until one comes back': async (world) => {
    const { servers, endpoints, runs } = await named(world, 'remote')
    const client = world.client('remote').connect(endpoints[0]!)
    await client.ready({ timeoutMs: 10_000 })
    const calls = Array.from({ length: 10 }, () => client.who() as Promise<unknown>)
    await within(10_000, servers[0]!.drain())
    assert.equal([runs.get('remote'), client.stats().queued], [0, 10])
    const next = await named(world, 'remote')
    client.connect(next.endpoints[0]!)
    assert.equal(new Set(await within(10_000, Promise.all(calls))), new Set(['remote']))
    assert.is(next.runs.get('remote'), 10)
  },

  'row 7: after a restart the client is back by itself, and the server can call it before it has called':
    async (world) => {
      const { server, client, at } = await world.pair({}, { client: { userId: 'worker' } })
      client.registerRpc('add', (a: number, b: number) => a + b)
      const states: string[] = []
      client.on('status', ({ status }) => states.push(status))
      await server.close()
      const next = world.server()
      await next.bind(at)
      await until(() => next.peersOf('worker').length === 1, 10_000, 'the return')
      assert.is(await within(10_000, next.sendTo('worker').add(2, 4) as Promise<unknown>), 6)
      await until(() => states.includes('ready'))
      assert.is(states[0], 'lost')
    },

  'row 24: drain lets what runs go on, refuses what is new, and resolves when the last answer is out': async (
    world,
  ) => {
    const { opened, open } = gate<string>()
    const { server, client } = await world.pair({
      slow: () => opened,
      async *ticks() {
        yield 1
        await opened
        yield 2
      },
    })
    const slow = client.slow() as Promise<unknown>
    const ticks = client.ticks()[Symbol.asyncIterator]()
    assert.is((await ticks.next()).value, 1)
    let ended = false
    const drained = server.drain()
    void drained.then(() => {
      ended = true
    })
    const second = server.drain({ timeoutMs: 1 })
    await until(() => !client.stats().peers || server.stats().running === 2)
    await sleep(20)
    assert.is(ended, false)
    open('done')
    assert.is(await within(10_000, slow), 'done')
    assert.is((await ticks.next()).value, 2)
    assert.is((await ticks.next()).done, true)
    await within(10_000, Promise.all([drained, second]))
    assert.is(client.stats().failed, 0)
  },

  'row 24: at its time the signals abort with DRAINING, and what is answered then still arrives': async (
    world,
  ) => {
    const { server, client } = await world.pair({
      careful: method(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        return (signal.reason as { code: string }).code
      }),
    })
    const careful = client.careful() as Promise<unknown>
    await until(() => server.stats().running === 1)
    const drained = server.drain({ timeoutMs: 10 })
    assert.is(await within(10_000, careful), 'DRAINING')
    await within(10_000, drained)
  },

  'row 24: a signal skips the waiting; what runs is then lost': async (world) => {
    const { server, client } = await world.pair({ never: () => new Promise(() => {}) })
    const never = failure(client.never() as Promise<unknown>)
    await until(() => server.stats().running === 1)
    const controller = new AbortController()
    const drained = server.drain({ signal: controller.signal, timeoutMs: Number.POSITIVE_INFINITY })
    controller.abort()
    await within(10_000, drained)
    const { code, executed } = await never
    assert.equal([code, executed], ['UNAVAILABLE', 'maybe'])
  },

  'row 24: `await using` drains': async (world) => {
    let slow: Promise<unknown>
    {
      const { server, client } = await world.pair({
        slow: async () => {
          await sleep(20)
          return 'done'
        },
      })
      await using drained = server
      slow = client.slow() as Promise<unknown>
      await until(() => drained.stats().running === 1)
    }
    assert.is(await within(10_000, slow), 'done')
  },

  'row 25: close settles what is open in the same turn, and ends streams; drain waits first': async (
    world,
  ) => {
    const { opened, open } = gate<string>()
    const { client, server, at } = await world.pair({
      slow: () => opened,
      never: () => new Promise(() => {}),
      async *ticks() {
        yield 1
        await new Promise(() => {})
      },
    })
    const never = failure(client.never() as Promise<unknown>)
    const ticks = client.ticks()[Symbol.asyncIterator]()
    assert.is((await ticks.next()).value, 1)
    const tick = failure(ticks.next())
    const closed = client.close()
    assert.equal([client.stats().inFlight, client.stats().queued, client.stats().failed], [0, 0, 2])
    assert.equal([(await never).code, (await never).executed], ['CLOSED', 'maybe'])
    assert.is((await tick).code, 'CLOSED')
    await within(10_000, closed)
    const lonely = world.client()
    const queued = failure(lonely.never() as Promise<unknown>)
    await lonely.close()
    assert.equal([(await queued).code, (await queued).executed], ['CLOSED', 'no'])
    if (world.transport === 'MessagePort') return
    const patient = world.client().connect(at)
    const slow = patient.slow() as Promise<unknown>
    await until(() => server.stats().running > 0)
    const drained = patient.drain()
    const late = await failure(patient.slow() as Promise<unknown>)
    assert.equal([late.code, late.executed], ['CLOSED', 'no'])
    open('done')
    assert.is(await within(10_000, slow), 'done')
    await within(10_000, drained)
  },

  'row 25: a call that waits for a slot of a server that closes is not begun by that': async (world) => {
    const server = world.server('remote', { limits: { maxRunningCalls: 1 } })
    let runs = 0
    server.registerRpc('never', () => {
      runs++
      return new Promise(() => {})
    })
    for (const open of ['running', 'waiting'] as const) {
      const client = world.client().connect(await server.bind(world.endpoint()))
      void failure(client.never() as Promise<unknown>)
      await until(() => server.stats()[open] === 1)
    }
    await within(10_000, server.close())
    assert.is(runs, 1)
  },

  'row 33: a client that is asked for new credentials opens a new session first; its callers see nothing':
    async (world) => {
      const { opened, open } = gate<string>()
      const { server, client } = await world.pair(
        { slow: () => opened, lower: (text: string) => text.toLowerCase() },
        { client: { userId: 'ann' } },
      )
      const slow = client.slow() as Promise<unknown>
      await until(() => server.stats().running === 1)
      const [old] = [...server.peers.values()]
      let asking = true
      const calls: Promise<unknown>[] = []
      const load = (async () => {
        while (asking) {
          calls.push(client.lower('ABC') as Promise<unknown>)
          await sleep(1)
        }
      })()
      const left = gate()
      client.on('status', ({ status }) => status === 'left' && left.open())
      assert.is(old!.reauthenticate(), true)
      assert.is(old!.reauthenticate(), false)
      await until(() => server.peers.size === 2, 10_000, 'the new session')
      // The old one lives as long as its call.
      await sleep(20)
      assert.is(server.peers.has(old!.id), true)
      open('done')
      assert.is(await within(10_000, slow), 'done')
      await within(10_000, left.opened, 'the end of the old session')
      await until(() => !server.peers.has(old!.id))
      asking = false
      await load
      assert.equal(new Set(await within(10_000, Promise.all(calls))), new Set(['abc']))
      assert.equal([server.peers.size, client.stats().failed], [1, 0])
    },

  'row 33: the old session ends after the grace time, whatever still runs there': async (world) => {
    const { server, client } = await world.pair(
      { never: () => new Promise(() => {}) },
      { server: { reauthGraceMs: 30 } },
    )
    const never = failure(client.never() as Promise<unknown>)
    await until(() => server.stats().running === 1)
    const [peer] = [...server.peers.values()]
    peer!.reauthenticate()
    const { code, executed } = await never
    assert.equal([code, executed], ['UNAVAILABLE', 'maybe'])
    await until(() => !server.peers.has(peer!.id))
  },

  'section 6, 4: close settles everything pending in one turn': async (world) => {
    const { client } = await world.pair({ never: () => new Promise(() => {}) })
    const calls = Array.from({ length: 100 }, () => failure(client.never() as Promise<unknown>))
    assert.is(client.stats().inFlight, 100)
    void client.close()
    assert.equal([client.stats().inFlight, client.stats().failed], [0, 100])
    assert.equal(new Set((await Promise.all(calls)).map(({ code }) => code)), new Set(['CLOSED']))
  },

  'section 6, 7: of two endpoints one is dead: 10 of 10 calls succeed': async (world) => {
    for (const picker of ['least-inflight', 'round-robin'] as const) {
      const { endpoints } = await named(world, 'remote')
      const client = world.client('remote', { picker })
      if (world.transport !== 'MessagePort') client.connect(world.nobody())
      client.connect(endpoints[0]!)
      for (let i = 0; i < 10; i++) assert.is(await within(10_000, client.who() as Promise<unknown>), 'remote')
    }
  },

  'section 6, 13: a drain with a stuck handler ends a second after its time': async (world) => {
    const { server, client } = await world.pair({ stuck: () => new Promise(() => {}) })
    const stuck = failure(client.stuck() as Promise<unknown>)
    await until(() => server.stats().running === 1)
    const before = performance.now()
    await within(10_000, server.drain({ timeoutMs: 50 }), 'the drain')
    // Not before: that is what the handler has to come to its end.
    assert.ok(performance.now() - before >= 1040)
    const { code, executed } = await stuck
    assert.equal([code, executed], ['UNAVAILABLE', 'maybe'])
  },
}
