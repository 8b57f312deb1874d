/**
 * Load on a server: so many connections, on each so many calls at once, each followed by the next. Counts what comes of them, once the
 * warm-up is over. Prints nothing.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { type Client, RpcError } from '../../rpc/index.ts'
import { isStream } from '../results.ts'
import { Tally } from './tally.ts'

export interface LoadOptions {
  readonly clients: readonly Client[]
  readonly method: string
  readonly args: readonly unknown[]
  /** On each connection. */
  readonly inflight: number
  readonly timeoutMs: number
  readonly warmUpMs: number
  /** How long calls are begun, and how many; `Infinity` for one of them. */
  readonly durationMs: number
  readonly count: number
  /** Ends it where it stands. */
  readonly stop: AbortSignal
}

export class Load {
  /** Times of the calls that succeeded. */
  readonly times: Tally = new Tally()
  /** Those that failed, by code. */
  readonly errors: Map<string, number> = new Map()
  failed = 0
  /** Items, where the results are streams. */
  items = 0
  readonly #options: LoadOptions
  // When the figures begin; calls from before are the warm-up.
  #from = Number.POSITIVE_INFINITY
  #until = Number.NaN
  #begun = 0
  #isOver = false

  constructor(options: LoadOptions) {
    this.#options = options
  }

  get succeeded(): number {
    return this.times.count
  }

  get calls(): number {
    return this.times.count + this.failed
  }

  /** How long the figures were taken, up to now or to the end. */
  get elapsedMs(): number {
    const until = Number.isNaN(this.#until) ? performance.now() : this.#until
    return Math.max(0, until - this.#from)
  }

  get isWarm(): boolean {
    return this.#from <= performance.now()
  }

  /** From 0 to 1. */
  get progress(): number {
    const { durationMs, count } = this.#options
    return Math.min(1, Math.max(this.elapsedMs / durationMs, this.calls / count))
  }

  /** Resolves when all is over, or `stop` aborts. Never rejects. */
  async run(): Promise<void> {
    const { clients, inflight, warmUpMs, stop } = this.#options
    this.#from = performance.now() + warmUpMs
    const callers: Promise<void>[] = []
    // One of each in turn, so that a small count is shared by all.
    for (let n = 0; n < inflight; n++) for (const client of clients) callers.push(this.#callOn(client))
    await Promise.race([Promise.all(callers), aborted(stop)])
    this.#isOver = true
    this.#until = performance.now()
  }

  async #callOn(client: Client): Promise<void> {
    const { method, args, timeoutMs } = this.#options
    const options = { timeoutMs }
    for (let start = performance.now(); this.#takes(start); start = performance.now()) {
      let failure: unknown
      let items = 0
      try {
        const result = await client.call(method, args, options)
        if (isStream(result)) for await (const _ of result) items++
      } catch (error) {
        failure = error
      }
      if (this.#isOver) return
      if (start >= this.#from) this.#add(performance.now() - start, items, failure)
      // What fails on the spot would never let anybody else have a turn.
      if (failure !== undefined) await turn()
    }
  }

  /** Whether one more is begun at `now`. */
  #takes(now: number): boolean {
    const { durationMs, count } = this.#options
    if (this.#isOver) return false
    if (now < this.#from) return true
    if (now - this.#from >= durationMs || this.#begun >= count) return false
    this.#begun++
    return true
  }

  #add(ms: number, items: number, failure: unknown): void {
    this.items += items
    if (failure === undefined) {
      this.times.add(ms)
      return
    }
    this.failed++
    const code = failure instanceof RpcError ? failure.code : 'INTERNAL'
    const counted = this.errors.has(code) || this.errors.size < CODES_MAX ? code : 'others'
    this.errors.set(counted, (this.errors.get(counted) ?? 0) + 1)
  }
}

// Codes are whatever a server sends: so many of them are told apart.
const CODES_MAX = 64

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
