/**
 * When the credentials of peers expire: a peer is then asked to come again with new ones, and its session ends when it has not done so in
 * time. Knows neither credentials nor the wire.
 */

import { Deadline, type Deadlines } from '../../base/deadlines.ts'
import { LinkError } from '../../base/errors.ts'
import { RpcError } from '../errors/errors.ts'
import { EXPIRED, NO_LAST_ID, REAUTHENTICATE } from '../session/envelope.ts'
import type { Session } from '../session/session.ts'

export interface ExpiriesOptions {
  readonly deadlines: Deadlines
  readonly now: () => number
  /** The wall-clock time. */
  readonly date: () => Date
  readonly graceMs: number
  readonly lingerMs: number
}

export class Expiries {
  readonly #options: ExpiriesOptions
  readonly #open = new Map<Session, Expiry>()

  constructor(options: ExpiriesOptions) {
    this.#options = options
  }

  /** Asks the peer for new credentials when those of its session expire. */
  watch(session: Session, expiresAt: Date | undefined): void {
    if (expiresAt === undefined) return
    const leftMs = Math.max(0, expiresAt.getTime() - this.#options.date().getTime())
    const known = this.#open.get(session)
    // A key and a login, each with its time: the earlier counts.
    if (known !== undefined && known.due <= this.#options.now() + leftMs) return
    this.forget(session)
    this.#start(new Expiry(this.#options, session, false), leftMs)
  }

  /** Asks it now; `false`: it is asked already. */
  ask(session: Session): boolean {
    if (this.#open.get(session)?.asked === true) return false
    this.forget(session)
    const expiry = new Expiry(this.#options, session, true)
    expiry.ask()
    this.#start(expiry, this.#options.graceMs)
    return true
  }

  forget(session: Session): void {
    const expiry = this.#open.get(session)
    if (expiry === undefined) return
    this.#options.deadlines.remove(expiry)
    this.#open.delete(session)
  }

  #start(expiry: Expiry, delayMs: number): void {
    this.#open.set(expiry.session, expiry)
    expiry.start(delayMs)
  }
}

class Expiry extends Deadline {
  readonly session: Session
  /** The peer has been asked: what runs is its time to come again. */
  asked: boolean
  readonly #options: ExpiriesOptions

  constructor(options: ExpiriesOptions, session: Session, asked: boolean) {
    super()
    this.#options = options
    this.session = session
    this.asked = asked
  }

  start(delayMs: number): void {
    this.#options.deadlines.add(this, this.#options.now(), delayMs)
  }

  ask(): void {
    this.asked = true
    this.session.sendGoaway(REAUTHENTICATE, NO_LAST_ID)
  }

  onDeadline(): void {
    if (!this.asked) {
      this.ask()
      this.start(this.#options.graceMs)
      return
    }
    const { session } = this
    session.sendGoaway(EXPIRED)
    const cause = new LinkError('CREDENTIALS_EXPIRED', `the credentials of ${session.shown} have expired`)
    session.close(
      this.#options.lingerMs,
      ({ executed }) => new RpcError('UNAVAILABLE', cause.message, { executed, cause }),
    )
  }
}
