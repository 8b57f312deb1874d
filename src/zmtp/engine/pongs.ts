// Answers to PING, so that a flood of them costs little: a row of PINGs gets one PONG, with the newest context, and no
// more than PONGS_PER_SECOND leave. libzmq answers each of 2,000 PINGs with a PONG of its own.

const PONGS_PER_SECOND = 100

export class Pongs {
  #owed: Buffer | undefined
  #sent = 0
  #since = -Infinity

  /** A PONG is to be sent, now or later. */
  get owed(): boolean {
    return this.#owed !== undefined
  }

  /** When the PONG that is owed may leave at the latest; `Infinity`: none is. */
  get deadline(): number {
    return this.#owed === undefined ? Infinity : this.#since + 1000
  }

  /** Owes the PONG with this body, instead of an older one. */
  owe(body: Buffer): void {
    this.#owed = body
  }

  /** The body of the PONG to send at `now`, once; `undefined` when none is owed or the second's share is used up. */
  take(now: number): Buffer | undefined {
    const body = this.#owed
    if (body === undefined) return undefined
    if (now - this.#since >= 1000) {
      this.#since = now
      this.#sent = 0
    }
    if (this.#sent >= PONGS_PER_SECOND) return undefined
    this.#sent++
    this.#owed = undefined
    return body
  }
}
