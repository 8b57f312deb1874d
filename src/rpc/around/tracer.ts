/**
 * One call as `pseud:call` tells it: start, end, then (error,) asyncStart, asyncEnd, each once and in this order, however early the outcome
 * is known. Made only when somebody listens. Knows nothing of how calls are made or run.
 */
import type { Peer } from '../api/peer.ts'
import type { Executed } from '../errors/errors.ts'
import { type CallTrace, callAsyncEnd, callAsyncStart, callEnd, callError, callStart } from './channels.ts'

/** What a trace says from its start. */
export interface TracedCall {
  readonly side: 'client' | 'server'
  readonly kind: 'call' | 'notify'
  readonly name: string
  readonly method: string
  readonly args: readonly unknown[]
  readonly headers: Record<string, string>
  readonly remote: string
  readonly peer: Peer | undefined
  readonly user: string | undefined
}

export class Tracer {
  readonly trace: CallTrace
  readonly #now: () => number
  readonly #startedAt: number
  #running = false
  #over = false
  #told = false

  constructor(call: TracedCall, now: () => number) {
    this.trace = { ...call }
    this.#now = now
    this.#startedAt = now()
  }

  /** Publishes start, runs `begin` with the stores that subscribers bind to it, publishes end. */
  run<T>(begin: () => T): T {
    this.#running = true
    try {
      return callStart.runStores(this.trace, begin)
    } finally {
      this.#running = false
      callEnd.publish(this.trace)
      if (this.#over) this.#tell()
    }
  }

  succeed(result: unknown): void {
    if (this.#over) return
    this.trace.result = result
    this.#finish('yes')
  }

  fail(error: unknown, executed: Executed): void {
    if (this.#over) return
    this.trace.error = error
    // Who runs functions knows it best: an error may come from another call, of which it speaks.
    this.#finish((this.trace.side === 'client' ? executedIn(error) : undefined) ?? executed)
  }

  #finish(executed: Executed): void {
    this.#over = true
    this.trace.executed = executed
    this.trace.durationMs = this.#now() - this.#startedAt
    if (!this.#running) this.#tell()
  }

  #tell(): void {
    if (this.#told) return
    this.#told = true
    const { trace } = this
    if ('error' in trace) callError.publish(trace)
    // As Node's own tracing does: what subscribers bind to asyncStart holds until asyncEnd.
    callAsyncStart.runStores(trace, () => callAsyncEnd.publish(trace))
  }
}

/** What an error says of whether its function ran, if it does. */
export function executedIn(error: unknown): Executed | undefined {
  const executed =
    typeof error === 'object' && error !== null ? (error as { executed?: unknown }).executed : undefined
  return executed === 'no' || executed === 'maybe' || executed === 'yes' ? executed : undefined
}
