/**
 * A peer that does not read what waits for it (row 17): above a soft bound, in messages or octets, nothing more is read from it, so that it
 * makes no further work; above a hard bound it is given up. So is one that goes on not reading: two peers that each wait for the other to
 * read would wait for ever. Made for a connection when it is congested for the first time. Knows no messages.
 */

import { Deadline, type Deadlines } from '../../base/deadlines.ts'
import { LinkError } from '../../base/errors.ts'

export interface BacklogLimits {
  /** Messages written while the connection is congested, above which it is slow. */
  readonly slowPeerMessages: number
  /** Octets that wait above which it is slow, and above which it is given up. */
  readonly slowPeerBytes: number
  readonly deadPeerBytes: number
  /** How long one that is slow may take none of them; `Infinity` for ever. */
  readonly patienceMs: number
  /** Too much waits for all peers together: one that is congested is slow. */
  readonly lid: { readonly crowdedOut: boolean }
}

/** The session whose peer does not read. */
export interface BacklogOwner {
  readonly connection: {
    readonly queuedBytes: number
    pause(): void
    resume(): void
    destroy(error: LinkError): void
  }
  readonly shown: string
  /** The time of this turn. */
  now(): number
  /** The soft bound is passed. */
  onSlow(): void
}

export class Backlog extends Deadline {
  /** The soft bound is passed: nothing is read from the peer. */
  paused = false
  readonly #owner: BacklogOwner
  readonly #limits: BacklogLimits
  readonly #deadlines: Deadlines
  #messages = 0
  #doomed = false

  constructor(owner: BacklogOwner, limits: BacklogLimits, deadlines: Deadlines) {
    super()
    this.#owner = owner
    this.#limits = limits
    this.#deadlines = deadlines
  }

  /** A message was written to a congested connection. */
  onWritten(): void {
    const { queuedBytes } = this.#owner.connection
    const { slowPeerBytes, slowPeerMessages, deadPeerBytes, patienceMs, lid } = this.#limits
    this.#messages++
    if (queuedBytes > deadPeerBytes) this.#giveUpSoon(queuedBytes)
    else if (
      !this.paused &&
      (queuedBytes > slowPeerBytes || this.#messages > slowPeerMessages || lid.crowdedOut)
    ) {
      this.paused = true
      this.#owner.onSlow()
      this.#owner.connection.pause()
      const dueMs = patienceMs + queuedBytes / SLOWEST_BYTES_PER_MS
      if (dueMs !== Number.POSITIVE_INFINITY) this.#deadlines.add(this, this.#owner.now(), dueMs)
    }
  }

  /** The connection takes more. */
  onDrain(): void {
    this.#messages = 0
    if (!this.paused) return
    this.paused = false
    this.#deadlines.remove(this)
    this.#owner.connection.resume()
  }

  onDeadline(): void {
    this.#giveUp(this.#owner.connection.queuedBytes)
  }

  close(): void {
    this.#deadlines.remove(this)
  }

  /** Not before whoever has just written is done: a call whose message this was is not yet in the table of those that fail with the link. */
  #giveUpSoon(queuedBytes: number): void {
    if (this.#doomed) return
    this.#doomed = true
    queueMicrotask(() => this.#giveUp(queuedBytes))
  }

  #giveUp(queuedBytes: number): void {
    const { connection, shown } = this.#owner
    connection.destroy(
      new LinkError('SLOW_PEER', `${shown} does not read: ${queuedBytes} octets wait for it`),
    )
  }
}

// 64 KiB a second: a line that is slower than that carries no messages of megabytes.
const SLOWEST_BYTES_PER_MS = 64
