// Clients under load, many in one process: they call at a steady rate whatever becomes of the answers, as users do, and keep their half of the ledger.
// What a call took is counted from the moment when it was due, not from when a busy process came to make it.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, RpcError } from 'pseud'
import type { LoadApi } from './server.ts'
import { answer } from './worker.ts'

/** Of one client: what the server must have taken is `ok` at least, and `ok + unsure` at most. */
export interface Page {
  ok: number
  unsure: number
}

export interface Outcome {
  readonly made: number
  readonly ok: number
  /** By code and whether it was run: `UNAVAILABLE maybe`. */
  readonly errors: Readonly<Record<string, number>>
  /** Answers that were not those of their call. */
  readonly wrong: number
  /** Calls without an end, when all had had the time for one. */
  readonly pending: number
  /** ms. */
  readonly p50: number
  readonly p99: number
  /** Answers per second. */
  readonly rate: number
}

interface Order {
  readonly rate: number
  readonly text: string
}

const TICK_MS = 5
// Longer than a call may take.
const SETTLE_MS = 40_000

const clients: {
  readonly name: string
  readonly client: Client<LoadApi>
  next: number
  readonly page: Page
}[] = []
let made = 0
let ok = 0
let wrong = 0
let pending = 0
let errors: Record<string, number> = {}
// µs.
let waits: RecordableHistogram = createHistogram()
let stopped: Promise<void> | undefined
let loading = false
let started = 0

answer({
  /** `count` more clients; resolves when all of them are ready, to ms. */
  connect: async ({
    endpoint,
    count,
    name,
  }: {
    endpoint: string
    count: number
    name: string
  }): Promise<void> => {
    const fresh = Array.from({ length: count }, (_, i) => {
      const client = new Client<LoadApi>('load', {
        limits: { maxPendingCalls: 200_000, maxQueuedCalls: 10_000 },
      })
      clients.push({ name: `${name} ${i}`, client, next: 0, page: { ok: 0, unsure: 0 } })
      return client
    })
    for (let i = 0; i < count; i += 50) {
      const some = fresh.slice(i, i + 50)
      for (const client of some) client.connect(endpoint)
      await Promise.all(some.map((client) => client.ready({ timeoutMs: 60_000 })))
    }
  },
  /** Each client keeps one call open for so long; resolves to calls per second. */
  peak: async (ms: number): Promise<number> => {
    let count = 0
    const end = performance.now() + ms
    const caller = async ({ client }: (typeof clients)[0]): Promise<void> => {
      for (; performance.now() < end; count++) await client.echo('peak')
    }
    await Promise.all(clients.map(caller))
    return (count / ms) * 1000
  },
  /** Orders at a steady rate, by all clients in turn, until `stop`. */
  start: ({ rate, text }: Order): void => {
    made = ok = wrong = 0
    errors = {}
    waits = createHistogram()
    loading = true
    started = performance.now()
    stopped = keepOrdering(rate, text)
  },
  stop: async (): Promise<Outcome> => {
    const seconds = (performance.now() - started) / 1000
    const answered = ok
    loading = false
    await stopped
    for (const end = performance.now() + SETTLE_MS; pending > 0 && performance.now() < end; ) await pause(20)
    const ms = (share: number): number => waits.percentile(share) / 1000
    return { made, ok, errors, wrong, pending, p50: ms(50), p99: ms(99), rate: answered / seconds }
  },
  /** How many of the orders have been answered so far. */
  answered: (): number => ok,
  ledger: (): Record<string, Page> => Object.fromEntries(clients.map(({ name, page }) => [name, page])),
  /** One order by each client, at once; how many were answered, and after how many ms the last was. */
  orderOfEach: async (): Promise<{ ok: number; errors: Record<string, number>; lastMs: number }> => {
    const begun = performance.now()
    const before = ok
    errors = {}
    for (const client of clients) order(client, 'of each', begun)
    while (pending > 0) await pause(5)
    return { ok: ok - before, errors, lastMs: performance.now() - begun }
  },
  /** Resolves when all are connected, to the ms that the last one took. */
  ready: async (): Promise<number> => {
    const begun = performance.now()
    await Promise.all(clients.map(({ client }) => client.ready({ timeoutMs: 60_000 })))
    return performance.now() - begun
  },
  /** Leaves `count` calls open, in all. */
  hang: (count: number): void => {
    errors = {}
    const settle = (error: unknown): void => {
      if (pending-- === hung.open) hung.firstAt = performance.now()
      tally(error)
    }
    hung.open = count
    pending = count
    for (let i = 0; i < count; i++)
      clients[i % clients.length]!.client.with({ timeoutMs: Infinity }).hang().then(settle, settle)
  },
  /** Once no call is left open: how they ended, and how many ms lay between the first and the last end. */
  hung: async (): Promise<{ errors: Record<string, number>; ms: number; pending: number }> => {
    for (const end = performance.now() + SETTLE_MS; pending > 0 && performance.now() < end; ) await pause(1)
    return { errors, ms: performance.now() - hung.firstAt, pending }
  },
  /** Calls that fail at the server, calls with a large argument, a stream that is not read: what a soak mixes in. */
  fail: (count: number): Promise<number> =>
    rejections(Array.from({ length: count }, (_, i) => clientOf(i).fail())),
  large: async ({ count, bytes }: { count: number; bytes: number }): Promise<number> => {
    const value = new Uint8Array(bytes).fill(7)
    const back = await Promise.allSettled(Array.from({ length: count }, (_, i) => clientOf(i).echo(value)))
    return back.filter(
      (result) => result.status === 'fulfilled' && (result.value as Uint8Array).length === bytes,
    ).length
  },
  block: (ms: number): Promise<void> => clientOf(0).block(ms),
  readSlowly: async (ms: number): Promise<number> => {
    const stream = clientOf(1).endless('x'.repeat(1000))
    let items = 0
    for await (const _ of stream) {
      if (items++ === 10) await pause(ms)
      if (items > 1000) break
    }
    return items
  },
  close: async (): Promise<void> => {
    await Promise.all(clients.map(({ client }) => client.close()))
  },
})

const hung = { open: 0, firstAt: 0 }

function clientOf(index: number): Client<LoadApi> {
  return clients[index % clients.length]!.client
}

async function rejections(calls: Promise<unknown>[]): Promise<number> {
  return (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected').length
}

async function keepOrdering(rate: number, text: string): Promise<void> {
  const begun = performance.now()
  let turn = 0
  while (loading) {
    for (let due = Math.floor(((performance.now() - begun) * rate) / 1000); made < due; made++)
      order(clients[turn++ % clients.length]!, text, begun + (made * 1000) / rate)
    await pause(TICK_MS)
  }
}

function order(entry: (typeof clients)[0], text: string, due: number): void {
  const { client, name, page } = entry
  pending++
  client.order(name, entry.next++, text).then(
    (back) => {
      pending--
      waits.record(Math.max(1, Math.round((performance.now() - due) * 1000)))
      if (back !== text) wrong++
      ok++
      page.ok++
    },
    (error: unknown) => {
      pending--
      tally(error)
      if (!(error instanceof RpcError) || error.executed !== 'no') page.unsure++
    },
  )
}

function tally(error: unknown): void {
  const kind = error instanceof RpcError ? `${error.code} ${error.executed}` : String(error)
  errors[kind] = (errors[kind] ?? 0) + 1
}
