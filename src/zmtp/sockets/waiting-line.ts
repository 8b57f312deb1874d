/**
 * Sends or receives that wait for their moment, oldest first. Each is a promise with a time limit and perhaps an AbortSignal; while any
 * waits, the process is kept alive. Knows neither messages nor peers. What does not wait never comes here.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import { Fifo } from '../../base/fifo.ts'
import type { Message } from '../routing/pipe.ts'
import type { Hold } from '../transport/hold.ts'

/** One operation that waits. */
export class Waiting<T> {
  readonly promise: Promise<T>
  resolve!: (value: T) => void
  reject!: (error: unknown) => void
  /** What is to be sent; `undefined` for a receive. */
  readonly parts: Message | undefined
  timer: Timer | undefined
  signal: AbortSignal | undefined
  onAbort: (() => void) | undefined

  constructor(parts: Message | undefined) {
    this.parts = parts
    this.promise = new Promise(capture)
    this.resolve = resolveNow as (value: T) => void
    this.reject = rejectNow
  }
}

export class WaitingLine<T> {
  readonly #line: Fifo<Waiting<T>> = new Fifo()
  readonly #clock: Clock
  readonly #hold: Hold
  readonly #onExpired: (waiting: Waiting<T>) => void

  /** `onExpired` is told when the time of one is over; it has left the line by then and must be settled. */
  constructor(clock: Clock, hold: Hold, onExpired: (waiting: Waiting<T>) => void) {
    this.#clock = clock
    this.#hold = hold
    this.#onExpired = onExpired
  }

  get length(): number {
    return this.#line.length
  }

  peek(): Waiting<T> | undefined {
    return this.#line.peek()
  }

  /** Joins the end. `timeoutMs` below 0 waits for ever. An abort rejects with the signal's reason. */
  join(parts: Message | undefined, timeoutMs: number, signal: AbortSignal | undefined): Promise<T> {
    const waiting = new Waiting<T>(parts)
    this.#line.push(waiting)
    this.#hold.acquire()
    if (timeoutMs > 0) {
      waiting.timer = this.#clock.setTimer(() => {
        this.#leave(waiting)
        this.#onExpired(waiting)
      }, timeoutMs)
    }
    if (signal !== undefined) {
      waiting.signal = signal
      waiting.onAbort = () => {
        this.#leave(waiting)
        waiting.reject(signal.reason)
      }
      signal.addEventListener('abort', waiting.onAbort)
    }
    return waiting.promise
  }

  /** Takes the first out of the line, to be settled. */
  shift(): Waiting<T> | undefined {
    const waiting = this.#line.shift()
    if (waiting !== undefined) this.#left(waiting)
    return waiting
  }

  #leave(waiting: Waiting<T>): void {
    if (this.#line.remove(waiting)) this.#left(waiting)
  }

  #left(waiting: Waiting<T>): void {
    waiting.timer?.cancel()
    if (waiting.onAbort !== undefined) waiting.signal?.removeEventListener('abort', waiting.onAbort)
    if (this.#line.length === 0) this.#hold.release()
  }
}

// One executor for all promises: a closure for each would be one more allocation for every message that is waited for.
let resolveNow: (value: never) => void
let rejectNow: (error: unknown) => void

function capture(resolve: (value: never) => void, reject: (error: unknown) => void): void {
  resolveNow = resolve
  rejectNow = reject
}
