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
   * Measures how long PING and PONG take, and what the peer has read: PINGs have a context, and with `heartbeatOnlyWhenSilent` one leaves all
   * the same after so long while octets come, the first after an interval. Default 0: never.
   */
  readonly heartbeatMeasureMs?: number
  /** Says no PING to peers of ZMTP 3.0, and expects nothing of them: theirs is a version without. Default false, as libzmq. */
  readonly heartbeatSince31?: boolean
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  // Times, `undefined` for never: most are set seldom, and a number that changes often would have memory of its own from the start.
  #nextPing: number | undefined
  #nextMeasure: number | undefined
  // When the oldest PING without an answer runs out.
  #answerDue: number | undefined
  // When the silence that the peer allowed itself, by the TTL of its PING, runs out.
  #peerDue: number | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** When `handleTimeout` has something to say at the earliest, unless the peer is heard in between. */
  get deadline(): number {
    return Math.min(orNever(this.#nextPing), orNever(this.#answerDue), orNever(this.#peerDue))
  }

  /** PINGs are said, from `start` on. */
  get started(): boolean {
    return this.#nextPing !== undefined
  }

  /** Traffic begins: the first interval runs from here. */
  start(now: number): void {
    const { heartbeatIntervalMs, heartbeatMeasureMs = 0 } = this.#options
    if (heartbeatIntervalMs === 0) return
    this.#nextPing = now + heartbeatIntervalMs
    if (heartbeatMeasureMs > 0) this.#nextMeasure = this.#nextPing
  }

  /** Octets came from the peer. */
  handleLife(): void {
    this.#answerDue = undefined
    this.#peerDue = undefined
  }

  /** The peer's PING said: hear from me again within `ttlMs`, or give me up; 0: no bound. */
  handlePing(now: number, ttlMs: number): void {
    if (ttlMs > 0) this.#peerDue = now + ttlMs
  }

  /**
   * NOTHING, PING or SILENT. The peer was heard last at `lastHeard`. `listening` is false while we ourselves do not read (back-pressure): silence
   * then says nothing about the peer, but PINGs still tell it that we live.
   */
  handleTimeout(now: number, lastHeard: number, listening: boolean): number {
    if (!listening) this.handleLife()
    if (now >= orNever(this.#answerDue) || now >= orNever(this.#peerDue)) return SILENT
    const nextPing = orNever(this.#nextPing)
    if (now < nextPing) return NOTHING
    const { heartbeatIntervalMs: interval, heartbeatOnlyWhenSilent, heartbeatMeasureMs = 0 } = this.#options
    if (heartbeatOnlyWhenSilent && now < lastHeard + interval && now < orNever(this.#nextMeasure)) {
      this.#nextPing = lastHeard + interval
      return NOTHING
    }
    // A cadence, not a delay after a late timer; a long stop of the process is not made up for.
    this.#nextPing = Math.max(nextPing + interval, now + interval / 2)
    if (heartbeatMeasureMs > 0) this.#nextMeasure = now + heartbeatMeasureMs
    if (listening) this.#answerDue ??= now + this.#graceMs
    return PING
  }

  /** How long a PING may stay without an answer. */
  get #graceMs(): number {
    const {
      heartbeatIntervalMs: interval,
      heartbeatTimeoutMs: timeout,
      heartbeatOnlyWhenSilent,
    } = this.#options
    if (timeout === 0) return Infinity
    return heartbeatOnlyWhenSilent && timeout > interval ? timeout - interval : timeout
  }
}

function orNever(time: number | undefined): number {
  return time ?? Infinity
}
