/**
 * The sending end of a stream: takes items from what a function returned, and sends each only when the consumer has granted it and
 * the connection takes it. Between items the function stands still at its `yield`. Knows nothing of slots and deadlines.
 */

import { Deadline, type Deadlines } from '../../base/deadlines.ts'
import { Fifo } from '../../base/fifo.ts'
import type { Counters } from '../participants/counters.ts'
import { isThenable } from '../registry/thenable.ts'
import { WINDOW_BYTES, WINDOW_ITEMS, WINDOW_ITEMS_MAX } from './remote-stream.ts'
import { isTracked } from './tracked.ts'

/** What can be streamed: an async iterable, or an iterator of the language, such as a generator. Arrays and maps are values. */
export type Source = AsyncIterable<unknown> | IterableIterator<unknown>

export function isSource(value: unknown): value is Source {
  if (typeof value !== 'object' || value === null) return false
  const source = value as { [Symbol.asyncIterator]?: unknown; [Symbol.iterator]?: unknown; next?: unknown }
  if (typeof source[Symbol.asyncIterator] === 'function') return true
  return typeof source.next === 'function' && typeof source[Symbol.iterator] === 'function'
}

/** Where items go. */
export interface ItemLane {
  readonly congested: boolean
  /** Writes ITEM and returns its octets; or ERROR when the item cannot be sent, and then returns -1. `trackId`: what it is known by. */
  sendItem(id: number, item: unknown, trackId?: string): number
  /** Has `wake` called when the connection takes more. */
  park(outflow: Outflow): void
}

export const ENDED = 0
export const STOPPED = 1
export const UNSENDABLE = 2

export interface OutflowOptions {
  readonly counters: Counters
  readonly deadlines: Deadlines
  readonly now: () => number
  /** How long the consumer may take nothing, in ms, before `onStall` is called; `Infinity`: for ever. */
  readonly stallMs: number
  readonly onStall: () => void
  readonly report: (error: unknown) => void
}

/** As a deadline it is over when the consumer has taken nothing for too long. */
export class Outflow extends Deadline {
  readonly #lane: ItemLane
  readonly #id: number
  readonly #source: Source
  readonly #options: OutflowOptions
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined
  #credit = WINDOW_ITEMS
  // Octets of the items that are under way, and of each of them.
  #bytes = 0
  readonly #sizes = new Fifo<number>()
  #wake: (() => void) | undefined
  #stopped = false
  #stepping = false

  constructor(lane: ItemLane, id: number, source: Source, options: OutflowOptions) {
    super()
    this.#lane = lane
    this.#id = id
    this.#source = source
    this.#options = options
  }

  /** Sends items until there are none, or nobody wants them. Rejects with what the source throws. */
  async run(): Promise<typeof ENDED | typeof STOPPED | typeof UNSENDABLE> {
    const source = this.#source
    const isAsync = Symbol.asyncIterator in source
    const iterator = isAsync ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    this.#iterator = iterator
    for (;;) {
      while (!this.#stopped && !this.#mayGo) await this.#pause()
      if (this.#stopped) break
      this.#stepping = true
      const pending = iterator.next()
      this.#stepping = false
      const step = isAsync ? await pending : (pending as IteratorResult<unknown>)
      if (step.done === true) return this.#stopped ? STOPPED : ENDED
      // A promise made by a plain generator; waiting for anything else would cost more than the item (decision 0033).
      const item: unknown = isAsync || !isThenable(step.value) ? step.value : await step.value
      if (this.#stopped) break
      const size = isTracked(item)
        ? this.#lane.sendItem(this.#id, item.item, item.id)
        : this.#lane.sendItem(this.#id, item)
      if (size < 0) {
        this.#return()
        return UNSENDABLE
      }
      this.#options.counters.itemsSent++
      this.#credit--
      this.#bytes += size
      this.#sizes.push(size)
    }
    this.#return()
    return STOPPED
  }

  /** The consumer has taken so many items, and `count` more may follow. */
  grant(count: number, taken: number = count): void {
    for (let i = 0; i < taken && this.#sizes.length > 0; i++) this.#bytes -= this.#sizes.shift()!
    this.#credit = Math.min(WINDOW_ITEMS_MAX - this.#sizes.length, this.#credit + count)
    this.wake()
  }

  wake(): void {
    const wake = this.#wake
    if (wake === undefined) return
    this.#wake = undefined
    this.#options.deadlines.remove(this)
    wake()
  }

  /** Nobody wants further items: the source runs its `finally`. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    // A plain generator cannot be ended from within itself; it is when its step is over.
    if (!this.#stepping) this.#return()
    this.wake()
  }

  onDeadline(): void {
    this.#options.onStall()
  }

  get #mayGo(): boolean {
    return this.#credit > 0 && this.#bytes < WINDOW_BYTES && !this.#lane.congested
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      const { deadlines, now, stallMs } = this.#options
      if (stallMs !== Number.POSITIVE_INFINITY) deadlines.add(this, now(), stallMs)
      if (this.#lane.congested) this.#lane.park(this)
    })
  }

  #return(): void {
    const iterator = this.#iterator
    this.#iterator = undefined
    try {
      const ended: unknown = iterator?.return?.()
      if (ended instanceof Promise) ended.then(undefined, this.#options.report)
    } catch (error) {
      this.#options.report(error)
    }
  }
}
