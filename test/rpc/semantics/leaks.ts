// What a hundred thousand calls leave behind, however they end: nothing.
import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as assert from 'uvu/assert'
import type { Client, ClientOptions, Server } from '../../../src/rpc/index.ts'
import { until } from '../../support/within.ts'
import type { Rows, World } from './world.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const BATCH = 2000
// As many calls of a batch as there are may run, wait, or be under way.
const ROOM = {
  limits: {
    maxRunningCallsPerPeer: BATCH * 2,
    maxRunningCalls: BATCH * 2,
    maxQueuedCalls: BATCH * 2,
  },
} satisfies ClientOptions

// tcp carries the full number; what the others could add is a matter of their connections, and shows in fewer.
const TOTAL = { tcp: 100_000, other: 20_000 }

const functions = {
  echo: (value: unknown): unknown => value,
  fail: (): never => {
    throw new RangeError('no')
  },
  never: (): Promise<never> => new Promise(() => {}),
}

interface Ends {
  readonly server: Server
  readonly client: Client
}

/** How a batch of calls ends, given two ends that are ready; resolves when all of it is settled. */
type Batch = (ends: Ends, signal: AbortSignal) => Promise<void>

const outcomes = async (calls: readonly PromiseLike<unknown>[], code: string | undefined): Promise<void> => {
  for (const result of await Promise.allSettled(calls)) {
    const seen = result.status === 'fulfilled' ? undefined : (result.reason as { code: string }).code
    if (seen !== code) throw new Error(`a call ended with ${seen}, not ${code}`)
  }
}

const batchOf = (call: (n: number) => unknown): PromiseLike<unknown>[] =>
  Array.from({ length: BATCH }, (_, n) => call(n) as PromiseLike<unknown>)

const ENDINGS: Readonly<Record<string, { readonly run: Batch; readonly fresh?: boolean }>> = {
  result: {
    run: ({ client }, signal) =>
      outcomes(
        batchOf((n) => client.with({ signal }).echo(n)),
        undefined,
      ),
  },
  error: {
    run: ({ client }, signal) =>
      outcomes(
        batchOf(() => client.with({ signal }).fail()),
        'INTERNAL',
      ),
  },
  timeout: {
    run: ({ client }, signal) =>
      outcomes(
        batchOf(() => client.with({ signal, timeoutMs: 20 }).never()),
        'DEADLINE_EXCEEDED',
      ),
  },
  abort: {
    run: async ({ client }) => {
      const controller = new AbortController()
      const calls = batchOf(() => client.with({ signal: controller.signal }).never())
      controller.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' }))
      await outcomes(calls, 'ENOUGH')
      assert.is(getEventListeners(controller.signal, 'abort').length, 0)
    },
  },
  disconnect: {
    fresh: true,
    run: async ({ server, client }, signal) => {
      const ended = outcomes(
        batchOf(() => client.with({ signal }).never()),
        'UNAVAILABLE',
      )
      await server.close()
      await ended
    },
  },
  close: {
    fresh: true,
    run: async ({ client }, signal) => {
      const calls = batchOf(() => client.with({ signal }).never())
      void client.close()
      await outcomes(calls, 'CLOSED')
    },
  },
}

function heap(): number {
  gc()
  gc()
  return process.memoryUsage().heapUsed
}

/** Calls in batches; each has ends of its own if `fresh`. */
async function play(
  world: World,
  run: Batch,
  batches: number,
  fresh: boolean,
  signal: AbortSignal,
): Promise<void> {
  const open = (): Promise<Ends> => world.pair(functions, { server: ROOM, client: ROOM })
  let ends = await open()
  for (let i = 0; i < batches; i++) {
    if (fresh && i > 0) ends = await open()
    await run(ends, signal)
    if (fresh) await world.clear()
  }
  if (!fresh) {
    await until(() => ends.server.stats().running + ends.server.stats().waiting === 0)
    const { inFlight, queued } = ends.client.stats()
    assert.equal({ inFlight, queued }, { inFlight: 0, queued: 0 })
    await world.clear()
  }
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

export const leaks: Rows = Object.fromEntries(
  Object.entries(ENDINGS).map(([ending, { run, fresh = false }]) => [
    `section 6, 16: calls that end by ${ending} leave nothing behind`,
    async (world: World): Promise<void> => {
      const total = world.transport === 'tcp' ? TOTAL.tcp : TOTAL.other
      // One signal that outlives all calls, as that of a program does.
      const { signal } = new AbortController()
      await play(world, run, 5, fresh, signal)
      const before = { heap: heap(), timers: timers() }
      await play(world, run, total / BATCH, fresh, signal)
      await until(() => timers() <= before.timers, 5000, 'the end of all timers')
      assert.is(getEventListeners(signal, 'abort').length, 0)
      const grown = heap() / before.heap
      assert.ok(grown < 1.05, `the heap has ${grown.toFixed(3)} times what it had`)
      console.log(`REPORT: ${world.transport}: ${total} calls ended by ${ending}: heap x ${grown.toFixed(3)}`)
    },
  ]),
)
