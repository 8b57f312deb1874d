/**
 * Calls for users who are not there, and may come (row 27): one bounded queue for all of them, because anybody can be called. Each call
 * waits until its user is there, for so long as `waitForPeerMs` allows, or until its own end. Knows no sessions.
 */

import { Deadline, type Deadlines } from '../../base/deadlines.ts'
import type { Call, Target } from '../calls/call.ts'
import type { Calls } from '../calls/calls.ts'
import { WaitingQueue } from '../calls/queue.ts'
import { RpcError } from '../errors/errors.ts'
import { quote } from '../registry/names.ts'

export interface AbsentOptions {
  readonly calls: Calls
  readonly deadlines: Deadlines
  readonly now: () => number
  readonly maxQueuedCalls: number
  readonly maxQueuedBytes: number
}

/** Why nobody can be called by that name. */
export function notConnected(user: string, waitMs = 0): RpcError {
  const when = waitMs === 0 ? 'is not connected' : `did not connect within ${waitMs} ms`
  return new RpcError('UNAVAILABLE', `${quote(user)} ${when}`, { executed: 'no' })
}

export class AbsentUsers extends Deadline {
  readonly queue: AbsentQueue
  readonly #options: AbsentOptions

  constructor(options: AbsentOptions) {
    super()
    this.#options = options
    this.queue = new AbsentQueue(options, (due) => this.#expect(due))
  }

  /** Whom to call who is not there: `waitMs` is how long a call waits for it. */
  target(user: string, waitMs: number): Target {
    return new AbsentUser(user, waitMs, this.queue)
  }

  /** The calls that wait for that user, taken out: it is there. */
  take(user: string): Call[] {
    if (this.queue.size === 0) return []
    const taken = [...this.queue].filter((call) => userOf(call) === user)
    for (const call of taken) this.queue.delete(call)
    return taken
  }

  onDeadline(): void {
    // The time of the turn may be older than the timer.
    const now = Math.max(this.#options.now(), this.due)
    let next = Number.POSITIVE_INFINITY
    for (const call of [...this.queue]) {
      const due = this.queue.dueOf(call)
      if (due > now) next = Math.min(next, due)
      else this.#options.calls.reject(call, notConnected(userOf(call), (call.target as AbsentUser).waitMs))
    }
    this.#expect(next)
  }

  #expect(due: number): void {
    if (due === Number.POSITIVE_INFINITY || (this.inWheel && this.due <= due)) return
    this.#options.deadlines.remove(this)
    const now = this.#options.now()
    this.#options.deadlines.add(this, now, due - now)
  }
}

class AbsentQueue extends WaitingQueue<Call> {
  readonly #dues = new Map<Call, number>()
  readonly #now: () => number
  readonly #onDue: (due: number) => void

  constructor({ maxQueuedCalls, maxQueuedBytes, now }: AbsentOptions, onDue: (due: number) => void) {
    super(maxQueuedCalls, maxQueuedBytes)
    this.#now = now
    this.#onDue = onDue
  }

  /** Until when `call` waits for its user. */
  dueOf(call: Call): number {
    return this.#dues.get(call)!
  }

  override add(call: Call): void {
    super.add(call)
    const due = this.#now() + (call.target as AbsentUser).waitMs
    this.#dues.set(call, due)
    this.#onDue(due)
  }

  override delete(call: Call): boolean {
    this.#dues.delete(call)
    return super.delete(call)
  }
}

class AbsentUser implements Target {
  readonly user: string
  readonly waitMs: number
  readonly queue: WaitingQueue<Call>
  readonly connected = false
  readonly keeps = false
  readonly trouble = undefined

  constructor(user: string, waitMs: number, queue: WaitingQueue<Call>) {
    this.user = user
    this.waitMs = waitMs
    this.queue = queue
  }

  get shown(): string {
    return quote(this.user)
  }

  lane(): undefined {
    return undefined
  }

  refusal(): undefined {
    return undefined
  }
}

const userOf = (call: Call): string => (call.target as AbsentUser).user
