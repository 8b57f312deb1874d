/**
 * The receiving end of a stream: what has come and is not taken yet, who waits for more, and the credit that is given out as items
 * are taken. Bounded by that credit: a consumer that never reads holds the other side up, and keeps no more than a window.
 * Knows nothing of calls and connections but what its owner does for it.
 */
import { UsageError } from '../../base/errors.ts'
import { Fifo } from '../../base/fifo.ts'

/** Items that may be under way without a CREDIT: the grant that every call brings. */
export const WINDOW_ITEMS = 64
/**
 * The most that may be under way. The window grows towards it while the consumer has nothing left and the producer may send nothing,
 * so that credit is all that either waits for: each CREDIT then brings more items to one write.
 */
export const WINDOW_ITEMS_MAX = 1024
/** Octets under way above which a producer waits, however many items it may send. */
export const WINDOW_BYTES: number = 1024 * 1024

/** What a function that streams gives its caller: items in order, once. Leaving it early ends the function on the other side. */
export interface RemoteStream<T = unknown> {
  /** The next item. Rejects with what the function threw, or with `RpcError` when the connection is lost. */
  next(): Promise<IteratorResult<T, undefined>>
  /** Wants no more: the function is told to end. Idempotent. */
  return(): Promise<IteratorResult<T, undefined>>
  /** As `return`, then rejects with `error`. */
  throw(error: unknown): Promise<IteratorResult<T, undefined>>
  /** The id of the last item that was taken, of those that the function yields by `tracked`; `undefined` before the first. */
  readonly lastId: string | undefined
  /** The stream itself. */
  [Symbol.asyncIterator](): RemoteStream<T>
  /** As `return`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The call that a stream is the answer to. */
export interface StreamOwner {
  readonly method: string
  stream: RemoteStream | undefined
  /** So many items more may come, and `taken` have been taken. */
  sendCredit(count: number, taken: number): void
  /** Nobody takes further items. */
  leave(): void
}

interface Waiter {
  resolve(result: IteratorResult<unknown, undefined>): void
  reject(error: unknown): void
}

export class Inflow implements RemoteStream {
  readonly #owner: StreamOwner | undefined
  readonly #items = new Fifo<unknown>()
  readonly #sizes = new Fifo<number>()
  readonly #waiting = new Fifo<Waiter>()
  // The ids of the items that are not taken, once one has any.
  #ids: Fifo<string | undefined> | undefined
  #lastId: string | undefined
  #receivedId: string | undefined
  // Whether every item until now could be gone on behind.
  #tracked = true
  // Items that came before the call was sent again, and are not taken: whom it was sent to now knows nothing of them.
  #old = 0
  #advanced = false
  #window = WINDOW_ITEMS
  // Since the last grant all items that came were taken, and all that may come have come.
  #hungry = false
  #exhausted = false
  // What may still come, and what was taken since the last grant.
  #room = WINDOW_ITEMS
  #taken = 0
  #takenBytes = 0
  #begun = false
  #over = false
  #failed = false
  #error: unknown

  constructor(owner?: StreamOwner) {
    this.#owner = owner
  }

  /** An item has come: another run of the function would not go on where this one is. */
  get begun(): boolean {
    return this.#begun
  }

  // -- what comes in -----------------------------------------------------------------------------------------------------

  /** An item of `size` octets has come; `false`: nobody had allowed it. */
  push(item: unknown, size: number, trackId?: string): boolean {
    if (this.#room === 0) return false
    if (--this.#room === 0) this.#exhausted = true
    this.#begun = true
    if (trackId === undefined) this.#tracked = false
    else this.#receivedId = trackId
    const waiter = this.#waiting.shift()
    if (waiter === undefined) {
      if (trackId !== undefined || this.#ids !== undefined) this.#pushId(trackId)
      this.#items.push(item)
      this.#sizes.push(size)
    } else {
      if (trackId !== undefined) this.#lastId = trackId
      this.#grant(size)
      waiter.resolve({ value: item, done: false })
    }
    return true
  }

  /** There are no further items. */
  end(): void {
    this.#over = true
    for (let waiter = this.#waiting.shift(); waiter !== undefined; waiter = this.#waiting.shift()) {
      waiter.resolve(DONE)
    }
  }

  /** It broke: told after the items that have come, or `atOnce` in their place. */
  fail(error: unknown, atOnce: boolean): void {
    if (this.#over) return
    if (atOnce) this.#clear()
    const waiter = this.#waiting.shift()
    this.#failed = waiter === undefined
    if (waiter === undefined) this.#error = error
    else waiter.reject(error)
    this.end()
  }

  // -- who takes them (RemoteStream) ---------------------------------------------------------------------------------------

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift()
      if (this.#ids !== undefined) this.#lastId = this.#ids.shift() ?? this.#lastId
      this.#grant(this.#sizes.shift()!)
      return Promise.resolve({ value, done: false })
    }
    if (!this.#over) {
      this.#hungry = this.#begun
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    }
    if (!this.#failed) return Promise.resolve(DONE)
    this.#failed = false
    return Promise.reject(this.#error)
  }

  get lastId(): string | undefined {
    return this.#lastId
  }

  /** The id of the last item that has come. */
  get receivedId(): string | undefined {
    return this.#receivedId
  }

  /** Whether an item was taken since the call was sent. */
  get advanced(): boolean {
    return this.#advanced
  }

  /** The call is sent again: credit begins anew. */
  rewind(): void {
    this.#old = this.#items.length
    this.#advanced = false
    this.#window = WINDOW_ITEMS
    this.#room = WINDOW_ITEMS
    this.#taken = 0
    this.#takenBytes = 0
  }

  /** Whether the function could go on behind what has come. */
  get resumable(): boolean {
    return this.#tracked
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    const left = !this.#over
    this.#clear()
    this.#failed = false
    this.end()
    if (left) this.#owner?.leave()
    return Promise.resolve(DONE)
  }

  throw(error: unknown): Promise<IteratorResult<unknown, undefined>> {
    void this.return()
    return Promise.reject(error)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  get [Symbol.toStringTag](): string {
    return 'RemoteStream'
  }

  // -- inside --------------------------------------------------------------------------------------------------------------

  /** An item was taken: at half a window, in number or octets, so many more may come. */
  #grant(size: number): void {
    this.#advanced = true
    if (this.#old > 0) {
      this.#old--
      return
    }
    this.#taken++
    this.#takenBytes += size
    if (this.#taken < this.#window / 2 && this.#takenBytes < WINDOW_BYTES / 2) return
    const taken = this.#taken
    this.#taken = 0
    this.#takenBytes = 0
    if (this.#over) return
    const more = this.#hungry && this.#exhausted && this.#window < WINDOW_ITEMS_MAX ? this.#window : 0
    this.#hungry = false
    this.#exhausted = false
    this.#window += more
    this.#room += taken + more
    this.#owner?.sendCredit(taken + more, taken)
  }

  /** Items before the first with an id have none. */
  #pushId(trackId: string | undefined): void {
    if (this.#ids === undefined) {
      this.#ids = new Fifo()
      for (let i = 0; i < this.#items.length; i++) this.#ids.push(undefined)
    }
    this.#ids.push(trackId)
  }

  #clear(): void {
    this.#items.clear()
    this.#sizes.clear()
    this.#ids?.clear()
  }
}

/**
 * What every call returns: a promise of its result, which is also the stream of its items when the function streams. It passes for
 * a plain promise wherever that is looked at, so `await` makes no second one of it.
 */
export class PendingCall extends Promise<unknown> implements AsyncIterable<unknown> {
  /** `undefined` for a call that could not be made. */
  owner: StreamOwner | undefined

  static {
    Object.defineProperty(PendingCall.prototype, 'constructor', { value: Promise })
  }

  /** A call that was refused before it was one. */
  static refused(error: unknown): PendingCall {
    return PendingCall.reject(error) as unknown as PendingCall
  }

  /** The items; also before it is known that there will be any. */
  [Symbol.asyncIterator](): RemoteStream {
    const { owner } = this
    if (owner?.stream !== undefined) return owner.stream
    const stream = new Inflow(owner)
    if (owner !== undefined) owner.stream = stream
    this.then(
      (result) => {
        if (result === stream) return
        stream.fail(new UsageError('NOT_A_STREAM', `${owner?.method} gave a result and no stream`), false)
      },
      (error: unknown) => stream.fail(error, false),
    )
    return stream
  }
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true })
