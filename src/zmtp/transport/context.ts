// What connections of one context share: the clock and the dice, the names of in-process endpoints, and the turn: the time
// between two looks of the event loop, at whose end every connection with something to send is flushed once.
import { type Clock, type Random, realClock, realRandom } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import { clear } from '../../base/slab.ts'
import { Buffered, MAX_BUFFERED_BYTES } from './buffered.ts'
import type { Link } from './transport.ts'

/** Something to be flushed at the end of the turn. */
export interface Flushable {
  flush(): void
}

/** An in-process name that is bound. */
export interface InprocListener {
  accept(link: Link): void
}

/** A dialer waiting for an in-process name to be bound. */
export interface InprocWaiter {
  onBound(listener: InprocListener): void
}

/** The context of all who are given none, sockets and RPC alike: names of inproc are known to both. */
export function defaultTransport(): TransportContext {
  shared ??= new TransportContext()
  return shared
}

let shared: TransportContext | undefined

/** What `context` of a Server or Client takes. @internal */
export class TransportContext {
  readonly clock: Clock
  readonly random: Random
  /** Those of all connections, behind one timer. */
  readonly deadlines: Deadlines
  /** What messages hold, each way. */
  readonly buffered: Buffered
  /** In-process endpoints that are bound, and the dialers that wait for one that is not yet. */
  readonly inprocBound: Map<string, InprocListener> = new Map()
  readonly inprocWaiting: Map<string, Set<InprocWaiter>> = new Map()

  #now = 0
  #idle = 0
  #slept: boolean | undefined
  #turnOpen = false
  #dirty: Flushable[] = []
  #flushing: Flushable[] = []

  /** `maxBufferedBytes`: for all messages together, each way. Default 256 MiB. */
  constructor(options: { clock?: Clock; random?: Random; maxBufferedBytes?: number } = {}) {
    this.clock = options.clock ?? realClock
    this.random = options.random ?? realRandom
    this.deadlines = new Deadlines(this.clock)
    this.buffered = new Buffered(options.maxBufferedBytes ?? MAX_BUFFERED_BYTES)
  }

  /** The time of this turn: read from the clock once, then kept until the turn ends. */
  now(): number {
    if (!this.#turnOpen) this.#openTurn()
    return this.#now
  }

  /**
   * Whether the event loop has slept since the last turn in which somebody asked for this: there is processor time to spare, and what waits for
   * the end of the turn may be what another process sleeps for.
   */
  get slept(): boolean {
    if (this.#slept === undefined) {
      const idle = this.clock.idle()
      this.#slept = idle - this.#idle > SLEPT_MS
      this.#idle = idle
    }
    return this.#slept
  }

  /** Has `flushable.flush()` called when the turn ends. The caller asks once per turn. */
  flushAtEndOfTurn(flushable: Flushable): void {
    if (!this.#turnOpen) this.#openTurn()
    this.#dirty.push(flushable)
  }

  #openTurn(): void {
    this.#turnOpen = true
    this.#slept = undefined
    this.#now = this.clock.now()
    // A tick, not a microtask: ticks run only after all microtasks, so a loop that awaits each send is still one write.
    process.nextTick(this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#turnOpen = false
    const dirty = this.#dirty
    this.#dirty = this.#flushing
    this.#flushing = dirty
    for (const flushable of dirty) flushable.flush()
    clear(dirty)
  }
}

// A sleep not much longer than a write takes is no time to spare: with 100 calls in flight by 1.05 (bench/rpc.bench.ts).
const SLEPT_MS = 0.02
