// Those who wait until a server is ready, each for its time and as long as its signal lets it.
import { Alarm, type Deadlines } from '../../base/deadlines.ts'
import { because, type Trouble } from '../calls/endings.ts'
import { DeadlineError } from '../errors/errors.ts'
import type { ReadyOptions } from './client-options.ts'

/** Who is waited for: how it is called in messages, and what keeps it away. */
interface Awaited {
  readonly shown: string
  readonly trouble: Trouble | undefined
}

function late({ shown, trouble }: Awaited, timeoutMs: number): DeadlineError {
  return new DeadlineError(`${shown} was not ready within ${timeoutMs} ms${because(trouble)}`, {
    executed: 'no',
    ...(trouble && { cause: trouble.error }),
  })
}

export class ReadyWaiters {
  readonly #deadlines: Deadlines
  readonly #now: () => number
  readonly #onChange: () => void
  // Each ends its waiting: in vain, when it is given an error.
  readonly #waiters = new Set<(error: unknown) => void>()

  constructor(deadlines: Deadlines, now: () => number, onChange: () => void) {
    this.#deadlines = deadlines
    this.#now = now
    this.#onChange = onChange
  }

  get size(): number {
    return this.#waiters.size
  }

  wait(target: Awaited, { timeoutMs = Number.POSITIVE_INFINITY, signal }: ReadyOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: unknown): void => {
        this.#waiters.delete(settle)
        this.#deadlines.remove(alarm)
        signal?.removeEventListener('abort', onAbort)
        this.#onChange()
        if (error === undefined) resolve()
        else reject(error)
      }
      const onAbort = (): void => settle(signal!.reason)
      const alarm = new Alarm(() => {
        settle(late(target, timeoutMs))
      })
      this.#waiters.add(settle)
      if (timeoutMs !== Number.POSITIVE_INFINITY) this.#deadlines.add(alarm, this.#now(), timeoutMs)
      signal?.addEventListener('abort', onAbort)
      this.#onChange()
    })
  }

  /** Ends the waiting of all, in vain where `errorFor` says why. */
  settle(errorFor: () => unknown): void {
    for (const settle of [...this.#waiters]) settle(errorFor())
  }
}
