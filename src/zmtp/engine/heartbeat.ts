// When to say PING and when to give a silent peer up (RFC 37, "Connection Heartbeating"), as arithmetic on `now`: no
// timer, no octets. Any octet from the peer counts as life, also inside a large frame that is still arriving; libzmq
// counts complete frames and so kills slow large messages (#2709).

/** What a timer asks for. */
export const NOTHING = 0
export const PING = 1
export const SILENT = 2

export interface HeartbeatOptions {
  /** PING period; 0: never. */
  readonly heartbeatIntervalMs: number
  /**
   * How long a PING may stay without any octet in answer; 0: for ever. With `heartbeatOnlyWhenSilent` and a value
   * above the interval it is the whole silence instead, from the last octet on.
   */
  readonly heartbeatTimeoutMs: number
  /** `true`: PING after an interval without an octet; `false`: at every interval, as libzmq does. */
  readonly heartbeatOnlyWhenSilent: boolean
  /**
   * Measures how long PING and PONG take: PINGs have a context, and while octets come one leaves all the same after so long, the first
   * after an interval. Default 0: never.
   */
  readonly heartbeatMeasureMs?: number
  /** Says no PING to peers of ZMTP 3.0, and expects nothing of them: theirs is a version without. Default false, as libzmq. */
  readonly heartbeatSince31?: boolean
}

export class Heartbeat {
  readonly #intervalMs: number
  readonly #graceMs: number
  readonly #onlyWhenSilent: boolean
  readonly #measureMs: number
  #lastHeard = 0
  #nextPing = Infinity
  #nextMeasure = Infinity
  // When the oldest PING without an answer runs out.
  #answerDue = Infinity
  // When the silence that the peer allowed itself, by the TTL of its PING, runs out.
  #peerDue = Infinity

  constructor(options: HeartbeatOptions) {
    const { heartbeatIntervalMs: interval, heartbeatTimeoutMs: timeout } = options
    this.#intervalMs = interval
    this.#onlyWhenSilent = options.heartbeatOnlyWhenSilent
    this.#measureMs = options.heartbeatMeasureMs ?? 0
    if (timeout === 0) this.#graceMs = Infinity
    else this.#graceMs = this.#onlyWhenSilent && timeout > interval ? timeout - interval : timeout
  }

  /** When `handleTimeout` has something to say at the earliest, unless the peer is heard in between. */
  get deadline(): number {
    return Math.min(this.#nextPing, this.#answerDue, this.#peerDue)
  }

  /** Traffic begins: the first interval runs from here. */
  start(now: number): void {
    this.#lastHeard = now
    if (this.#intervalMs === 0) return
    this.#nextPing = now + this.#intervalMs
    if (this.#measureMs > 0) this.#nextMeasure = this.#nextPing
  }

  /** Octets came from the peer. */
  handleLife(now: number): void {
    this.#lastHeard = now
    this.#answerDue = Infinity
    this.#peerDue = Infinity
  }

  /** The peer's PING said: hear from me again within `ttlMs`, or give me up; 0: no bound. */
  handlePing(now: number, ttlMs: number): void {
    if (ttlMs > 0) this.#peerDue = now + ttlMs
  }

  /**
   * NOTHING, PING or SILENT. `listening` is false while we ourselves do not read (back-pressure): silence then says
   * nothing about the peer, but PINGs still tell it that we live.
   */
  handleTimeout(now: number, listening: boolean): number {
    if (!listening) {
      this.#answerDue = Infinity
      this.#peerDue = Infinity
    }
    if (now >= this.#answerDue || now >= this.#peerDue) return SILENT
    if (now < this.#nextPing) return NOTHING
    if (this.#onlyWhenSilent && now < this.#lastHeard + this.#intervalMs && now < this.#nextMeasure) {
      this.#nextPing = this.#lastHeard + this.#intervalMs
      return NOTHING
    }
    // A cadence, not a delay after a late timer; a long stop of the process is not made up for.
    this.#nextPing = Math.max(this.#nextPing + this.#intervalMs, now + this.#intervalMs / 2)
    if (this.#measureMs > 0) this.#nextMeasure = now + this.#measureMs
    if (listening && this.#answerDue === Infinity) this.#answerDue = now + this.#graceMs
    return PING
  }
}
