// The server under load, in a process of its own. It keeps a ledger: of each client the number of the last order and how many it took, so that
// one that comes twice, or after a later one, is seen.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { method, Server } from 'pseud'
import { answer } from './worker.ts'

/** As clients see it. */
export interface LoadApi {
  order(client: string, number: number, text: string): string
  echo<T>(value: T): T
  hang(): void
  block(ms: number): void
  fail(): never
  endless(text: string): AsyncGenerator<string>
}

export interface ServerState {
  readonly rss: number
  /** After a collection. */
  readonly heapUsed: number
  readonly peers: number
  readonly running: number
  /** What keeps the process busy, by kind: `TCPSocketWrap`, `Timeout`, … */
  readonly resources: Readonly<Record<string, number>>
  /** ms by which the event loop was late since the last question: p50, p99, most. */
  readonly delay: readonly [p50: number, p99: number, most: number]
  readonly orders: number
  /** Orders that came again, or after a later one of the same client. */
  readonly repeated: number
}

// Whoever looks at them first opens them, and here that should not count as what the load has left behind.
void [process.stdout, process.stderr]

const ledger = new Map<string, { last: number; count: number }>()
let orders = 0
let repeated = 0
let hanging = 0
const delays = monitorEventLoopDelay({ resolution: 5 })
delays.enable()

function enter(client: string, number: number): void {
  const page = ledger.get(client) ?? { last: -1, count: 0 }
  if (number <= page.last) repeated++
  page.last = number
  page.count++
  orders++
  ledger.set(client, page)
}

const functions = {
  /** What the load is made of: an order of its client, sent back. */
  order: (client: string, number: number, text: string): string => {
    enter(client, number)
    return text
  },
  echo: <T>(value: T): T => value,
  /** Answers when its caller has gone. */
  hang: method(async (ctx) => {
    hanging++
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve, { once: true }))
    hanging--
  }),
  /** Holds the event loop up. */
  block: (ms: number): void => {
    for (const end = performance.now() + ms; performance.now() < end; );
  },
  fail: (): never => {
    throw new Error('as asked')
  },
  async *endless(text: string): AsyncGenerator<string> {
    for (;;) yield text
  },
}

let server: Server | undefined

answer({
  listen: async ({ port, limits }: { port: number; limits?: object }): Promise<string> => {
    server = new Server('load', {
      ...(limits === undefined ? {} : { limits }),
      heartbeat: { intervalMs: 5000, timeoutMs: 15_000 },
    })
    server.registerRpc(functions)
    return await server.bind(`tcp://127.0.0.1:${port}`)
  },
  peers: () => server!.peers.size,
  hanging: () => hanging,
  rss: () => process.memoryUsage.rss(),
  /** ms of processor time since the start. */
  busy: () => (process.cpuUsage().user + process.cpuUsage().system) / 1000,
  /** Orders taken, by client. */
  ledger: () => Object.fromEntries([...ledger].map(([client, { count }]) => [client, count])),
  state: (): ServerState => {
    globalThis.gc?.()
    const resources: Record<string, number> = {}
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
    const { rss, heapUsed } = process.memoryUsage()
    const ms = (ns: number): number => Math.max(0, ns / 1e6 - 5)
    const delay = [ms(delays.percentile(50)), ms(delays.percentile(99)), ms(delays.max)] as const
    delays.reset()
    const { running } = server!.stats()
    return { rss, heapUsed, peers: server!.peers.size, running, resources, delay, orders, repeated }
  },
  close: () => server!.close(),
})
