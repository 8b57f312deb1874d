// Slowloris in mid-message: a compliant peer queues a whole message before it sends the first octet (RFC 37), so a
// message that was begun and does not get on is a broken network or an attack. Arithmetic only; the engine says where
// in the stream the unfinished message began.

/** Octets per second that an unfinished message must average once STALL_TIMEOUT_MS have passed. */
export const STALL_RATE = 240
export const STALL_TIMEOUT_MS = 30_000

export class Stall {
  readonly #timeoutMs: number
  // The unfinished message: stream offset of its first octet (-1: none yet), and when that came.
  #offset = -1
  #since = 0
  #lastHeard = 0
  #octets = 0

  /** `timeoutMs` 0: never. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs > 0 ? timeoutMs : Infinity
  }

  /** Input ran out at stream offset `end`, inside the message that began at `offset`. */
  handlePause(now: number, offset: number, end: number): void {
    if (offset !== this.#offset) {
      this.#offset = offset
      this.#since = now
    }
    this.#lastHeard = now
    this.#octets = end - offset
  }

  /** We did not read for a while: the peer's clock starts anew. */
  forgive(now: number): void {
    this.#since = now
    this.#lastHeard = now
    this.#octets = 0
  }

  /** When the unfinished message is given up if nothing more comes. */
  get deadline(): number {
    const tooSlow = this.#since + Math.max(this.#timeoutMs, (this.#octets / STALL_RATE) * 1000)
    return Math.min(this.#lastHeard + this.#timeoutMs, tooSlow)
  }
}
