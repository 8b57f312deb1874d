/**
 * Calls whose peer is gone and whose functions are let go on for a while (row 6, `disconnectGraceMs`): their results are dropped, only the
 * abort of their signal comes later. They hold no slot and stand in no table but this one.
 */
import { Alarm, type Deadlines } from '../../base/deadlines.ts'
import type { RpcError } from '../errors/errors.ts'

/** A call for which nobody waits any more, and which can be told so. */
export interface Unawaited {
  /** When its caller would have given up. */
  readonly due: number
  abort(reason: RpcError): void
}

export class Grace {
  readonly #graceMs: number
  readonly #deadlines: Deadlines
  readonly #leaving = new Map<Unawaited, Alarm>()
  #closed = false

  constructor(graceMs: number, deadlines: Deadlines) {
    this.#graceMs = graceMs
    this.#deadlines = deadlines
  }

  get size(): number {
    return this.#leaving.size
  }

  /** The peer of `call` is gone: aborts it when its grace is over, or its own time; at once when there is no grace. */
  begin(call: Unawaited, reason: RpcError, now: number): void {
    if (this.#graceMs === 0 || this.#closed || call.due <= now) {
      call.abort(reason)
      return
    }
    const leaving = new Alarm(() => {
      this.#leaving.delete(call)
      call.abort(reason)
    })
    this.#leaving.set(call, leaving)
    this.#deadlines.add(leaving, now, Math.min(this.#graceMs, call.due - now))
  }

  /** Its function has ended. */
  end(call: Unawaited): void {
    const leaving = this.#leaving.get(call)
    if (leaving === undefined) return
    this.#leaving.delete(call)
    this.#deadlines.remove(leaving)
  }

  /** Nobody has grace any more. */
  close(): void {
    this.#closed = true
    for (const leaving of [...this.#leaving.values()]) {
      this.#deadlines.remove(leaving)
      leaving.onDeadline()
    }
  }
}
