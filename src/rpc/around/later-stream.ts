/**
 * The stream of a call that middleware stands around: what it will be is known when the middleware has answered, and it may be taken
 * before. Knows nothing of calls but how to leave one.
 */
import { UsageError } from '../../base/errors.ts'
import { isSource, type Source } from '../streams/outflow.ts'
import type { RemoteStream } from '../streams/remote-stream.ts'

type Result = IteratorResult<unknown, undefined>

interface Iterating {
  readonly lastId?: string | undefined
  next(): unknown
  return?(): unknown
}

export class LaterStream implements RemoteStream {
  readonly #iterator: Promise<Iterating>
  readonly #leave: () => void
  #known: Iterating | undefined
  #left = false

  /** `leave` ends the call while it has not answered. */
  constructor(answer: Promise<unknown>, method: string, leave: () => void) {
    this.#leave = leave
    this.#iterator = answer.then((value) => {
      if (!isSource(value)) throw new UsageError('NOT_A_STREAM', `${method} gave a result and no stream`)
      this.#known = iteratorOf(value)
      return this.#known
    })
    // Told to who takes items; nobody may.
    this.#iterator.catch(() => {})
  }

  async next(): Promise<Result> {
    if (this.#left) return DONE
    const iterator = await this.#iterator
    return this.#left ? DONE : ((await iterator.next()) as Result)
  }

  async return(): Promise<Result> {
    if (this.#left) return DONE
    this.#left = true
    if (this.#known === undefined) this.#leave()
    else await this.#known.return?.()
    return DONE
  }

  async throw(error: unknown): Promise<Result> {
    await this.return()
    throw error
  }

  get lastId(): string | undefined {
    return this.#known?.lastId
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
}

function iteratorOf(source: Source): Iterating {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** What middleware gave for a stream, in the form in which every stream is given out. */
export function asRemoteStream(value: Source, method: string): RemoteStream {
  const { next, return: leave } = value as Partial<RemoteStream>
  const whole =
    Symbol.asyncIterator in value &&
    Symbol.asyncDispose in value &&
    typeof next === 'function' &&
    typeof leave === 'function'
  return whole ? (value as RemoteStream) : new LaterStream(Promise.resolve(value), method, () => {})
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true })
