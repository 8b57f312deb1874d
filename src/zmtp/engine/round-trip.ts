// How long a PING and its PONG are under way (RFC 37: a PONG brings back the context of its PING). The newest PING is the one that is
// measured: an answer to an older one would say how long the peer was busy. No octets but the context, no clock.

const CONTEXT_SIZE = 4

export class RoundTrip {
  /** The last one that was measured. */
  ms: number | undefined
  #context: Buffer = Buffer.alloc(CONTEXT_SIZE)
  #number = 0
  // When the PING left that is not answered; -1: none.
  #since = -1

  /** The context of a PING that leaves at `now`. */
  begin(now: number): Buffer {
    this.#number = (this.#number + 1) >>> 0
    this.#context.writeUInt32BE(this.#number)
    this.#since = now
    return this.#context
  }

  /** A PONG came with the context `bytes[start, end)`: of any other PING, or of none, it says nothing. */
  handlePong(now: number, bytes: Buffer, start: number, end: number): void {
    if (this.#since < 0 || this.#context.compare(bytes, start, end) !== 0) return
    this.ms = Math.max(0, now - this.#since)
    this.#since = -1
  }
}
