/**
 * The items of a function that streams, for a thread that blocks: each `next` sleeps until the next item is there. The stream itself is
 * in the worker thread, with its credit; what is here only asks. Knows nothing of threads but the questions.
 */

/** How a stream is asked for. */
export interface StreamSource {
  /** Sleeps until the next item is there; `done` once there is none. Throws what ended the stream. */
  next(): { readonly value: unknown; readonly done: false } | { readonly done: true }
  /** Nobody takes further items. */
  leave(): void
}

/** What a call of a function that streams returns: its items in order, once. Leaving the loop ends the function. */
export interface SyncStream<T = unknown> extends Iterator<T, undefined, undefined> {
  /** Sleeps until the next item is there. Throws what ended the stream. */
  next(): IteratorResult<T, undefined>
  /** Wants no more: the function is told to end. Idempotent. */
  return(): IteratorResult<T, undefined>
  /** As `return`, then throws `error`. */
  throw(error: unknown): IteratorResult<T, undefined>
  /** The stream itself. */
  [Symbol.iterator](): SyncStream<T>
  /** As `return`, for `using`. */
  [Symbol.dispose](): void
}

export class BlockingStream implements SyncStream {
  readonly #source: StreamSource
  #isOver = false

  constructor(source: StreamSource) {
    this.#source = source
  }

  next(): IteratorResult<unknown, undefined> {
    if (this.#isOver) return DONE
    try {
      const item = this.#source.next()
      if (!item.done) return item
    } catch (error) {
      this.#isOver = true
      throw error
    }
    this.#isOver = true
    return DONE
  }

  return(): IteratorResult<unknown, undefined> {
    if (!this.#isOver) {
      this.#isOver = true
      this.#source.leave()
    }
    return DONE
  }

  throw(error: unknown): IteratorResult<unknown, undefined> {
    this.return()
    throw error
  }

  [Symbol.iterator](): this {
    return this
  }

  [Symbol.dispose](): void {
    this.return()
  }

  get [Symbol.toStringTag](): string {
    return 'SyncStream'
  }
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true })
