// Those who wait until a server is ready, each for its time and as long as its signal lets it.
import { Deadline, type Deadlines } from '../calls/deadlines.ts'
import { DeadlineError } from '../errors/errors.ts'
import type { ReadyOptions } from './client-options.ts'

export class ReadyWaiters {
  readonly #deadlines: Deadlines
  readonly #now: () => number
  readonly #onChange: () => void
  readonly #waiters = new Set<ReadyWaiter>()

  constructor(deadlines: Deadlines, now: () => number, onChange: () => void) {
    this.#deadlines = deadlines
    this.#now = now
    this.#onChange = onChange
  }

  get size(): number {
    return this.#waiters.size
  }

  /** `shown`: who is waited for, in messages. */
  wait(shown: string, { timeoutMs = Number.POSITIVE_INFINITY, signal }: ReadyOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => waiter.settle(signal!.reason)
      const waiter = new ReadyWaiter(shown, timeoutMs, (error) => {
        this.#waiters.delete(waiter)
        this.#deadlines.remove(waiter)
        signal?.removeEventListener('abort', onAbort)
        this.#onChange()
        if (error === undefined) resolve()
        else reject(error)
      })
      this.#waiters.add(waiter)
      if (timeoutMs !== Number.POSITIVE_INFINITY) this.#deadlines.add(waiter, this.#now(), timeoutMs)
      signal?.addEventListener('abort', onAbort)
      this.#onChange()
    })
  }

  /** Ends the waiting of all, in vain where `errorFor` says why. */
  settle(errorFor: () => unknown): void {
    for (const waiter of [...this.#waiters]) waiter.settle(errorFor())
  }
}

class ReadyWaiter extends Deadline {
  readonly settle: (error: unknown) => void
  readonly #shown: string
  readonly #timeoutMs: number

  constructor(shown: string, timeoutMs: number, settle: (error: unknown) => void) {
    super()
    this.#shown = shown
    this.#timeoutMs = timeoutMs
    this.settle = settle
  }

  onDeadline(): void {
    this.settle(
      new DeadlineError(`${this.#shown} was not ready within ${this.#timeoutMs} ms`, { executed: 'no' }),
    )
  }
}
