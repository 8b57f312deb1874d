/**
 * The life of one peer, where ZMTP's own heartbeat does not settle it alone: where a backend wants to be told or asked, and where the peer
 * speaks ZMTP 3.0, which has no PING, so that messages of kinds 11 and 12 take its place. Most sessions have none of this. Looks at when the
 * connection was heard last, at intervals; octets cost nothing.
 */

import { Deadline, type Deadlines } from '../../base/deadlines.ts'
import { LinkError } from '../../base/errors.ts'
import type { HeartbeatBackend } from '../api/heartbeat.ts'
import type { Peer } from '../api/peer.ts'

/** The session that a pulse belongs to. */
export interface PulseSession {
  readonly open: boolean
  readonly shown: string
  /** We do not read from it: its silence is ours. */
  readonly paused: boolean
  /** It has no ZMTP heartbeat, and knows ours. */
  readonly wantsPing: boolean
  /** Somebody asks it for signs of life, so that silence means something. */
  readonly isAsked: boolean
  readonly connection: { readonly lastHeard: number; destroy(error: LinkError): void }
  /** [11, token] */
  sendPing(token: number): void
}

export interface PulseOptions {
  readonly backend: HeartbeatBackend
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly deadlines: Deadlines
  /** The clock itself, and not the time of the turn. */
  readonly now: () => number
  readonly report: (error: unknown) => void
}

export class Pulse extends Deadline {
  /** How long the last PING took there and back; `undefined`: none was sent, or answered. */
  rttMs: number | undefined = undefined
  readonly #session: PulseSession
  readonly #peer: Peer<unknown>
  readonly #options: PulseOptions
  readonly #patienceMs: number
  // Of what was heard until then the backend knows.
  #told: number
  // Silence counts from here at the earliest: the backend let the peer stay.
  #pardoned = Number.NEGATIVE_INFINITY
  #token = 0
  #askedAt = -1
  // A question to the backend is open, and since when.
  #judgedSince = -1

  constructor(session: PulseSession, peer: Peer<unknown>, options: PulseOptions) {
    super()
    this.#session = session
    this.#peer = peer
    this.#options = options
    const { intervalMs, timeoutMs } = options
    // As in ZMTP: nobody is given up who was not asked.
    this.#patienceMs = timeoutMs > intervalMs ? timeoutMs : intervalMs + timeoutMs
    this.#told = session.connection.lastHeard
    this.#tell()
    this.#arm(options.now())
  }

  onDeadline(): void {
    if (!this.#session.open) return
    const now = this.#options.now()
    const { lastHeard } = this.#session.connection
    if (lastHeard > this.#told) {
      this.#told = lastHeard
      this.#tell()
    }
    this.#lookAtSilence(now, this.#session.paused ? 0 : now - Math.max(lastHeard, this.#pardoned))
    if (this.#session.open) this.#arm(now)
  }

  get #judges(): boolean {
    const { wantsPing, isAsked } = this.#session
    return wantsPing || (isAsked && this.#options.backend.onTimeout !== undefined)
  }

  /** [12, token]: its octets alone are a sign of life; the token says how long it took. */
  handlePong(token: unknown): void {
    if (this.#askedAt < 0 || token !== this.#token) return
    this.rttMs = Math.max(0, this.#options.now() - this.#askedAt)
    this.#askedAt = -1
  }

  #lookAtSilence(now: number, silence: number): void {
    if (this.#judges && silence >= this.#patienceMs) this.#judge(now)
    else if (this.#session.wantsPing && silence >= this.#options.intervalMs) this.#ask(now)
  }

  #ask(now: number): void {
    this.#token = (this.#token + 1) & TOKEN_MASK
    this.#askedAt = now
    this.#session.sendPing(this.#token)
  }

  #tell(): void {
    const { backend, report } = this.#options
    if (backend.onHeartbeat === undefined) return
    try {
      const told = backend.onHeartbeat(this.#peer)
      if (told instanceof Promise) told.catch(report)
    } catch (error) {
      report(error)
    }
  }

  #judge(now: number): void {
    const { backend, report, timeoutMs } = this.#options
    if (backend.onTimeout === undefined) this.#end()
    else if (this.#judgedSince >= 0) {
      if (now - this.#judgedSince >= timeoutMs) this.#end()
    } else {
      this.#judgedSince = now
      try {
        const verdict = backend.onTimeout(this.#peer)
        if (!(verdict instanceof Promise)) this.#decide(verdict)
        else {
          verdict.then(
            (stays) => this.#decide(stays),
            (error) => {
              report(error)
              this.#decide(false)
            },
          )
        }
      } catch (error) {
        report(error)
        this.#decide(false)
      }
    }
  }

  #decide(stays: unknown): void {
    const since = this.#judgedSince
    this.#judgedSince = -1
    // It may have gone by itself, or said something, while the backend thought it over.
    if (!this.#session.open || this.#session.connection.lastHeard > since) return
    if (stays === true) this.#pardoned = this.#options.now()
    else this.#end()
  }

  #end(): void {
    this.#session.connection.destroy(
      new LinkError('SILENT_PEER', `${this.#session.shown} was silent for ${this.#patienceMs} ms`),
    )
  }

  #arm(now: number): void {
    const { intervalMs, deadlines } = this.#options
    const heard = Math.max(this.#session.connection.lastHeard, this.#pardoned)
    let next = now + intervalMs
    if (this.#session.wantsPing) next = sooner(next, heard + intervalMs, now)
    if (this.#judges) next = sooner(next, heard + this.#patienceMs, now)
    deadlines.add(this, now, next - now)
  }
}

// A PING too many at a time is told from the one before: more is not needed.
const TOKEN_MASK = 0x7fff_ffff

/** `then` when it comes before `next`, and is still to come. */
function sooner(next: number, then: number, now: number): number {
  return then > now && then < next ? then : next
}
