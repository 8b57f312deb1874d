// Make before break: which session another one is to take the place of, by the dialer that is at work on that other one. An old session stays
// here until it has ended, whatever becomes of its successor.
import type { Dialer } from '../../zmtp/connections.ts'
import type { Session } from '../session/session.ts'

export class Successions {
  readonly #old = new Map<Dialer, Session>()

  /** What `dialer` connects next takes the place of `session`. */
  begin(dialer: Dialer, session: Session): void {
    this.#old.set(dialer, session)
  }

  /** Whose place is taken by what `dialer` connects. */
  of(dialer: Dialer | undefined): Session | undefined {
    return dialer && this.#old.get(dialer)
  }

  /** Somebody is to take the place of `session`. */
  has(session: Session): boolean {
    return [...this.#old.values()].includes(session)
  }

  /** Another dialer does it. */
  move(from: Dialer, to: Dialer): void {
    const old = this.take(from)
    if (old !== undefined) this.#old.set(to, old)
  }

  /** Nobody does it: returns whose place it was. */
  take(dialer: Dialer): Session | undefined {
    const old = this.#old.get(dialer)
    this.#old.delete(dialer)
    return old
  }

  /** `session` has ended. */
  forget(session: Session): void {
    for (const [dialer, old] of this.#old) if (old === session) this.#old.delete(dialer)
  }
}
