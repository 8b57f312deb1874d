// How long a PING and its PONG are under way (RFC 37: a PONG brings back the context of its PING). The newest PING is the one that is
// measured: an answer to an older one would say how long the peer was busy. No octets but the context, no clock.

const CONTEXT_SIZE = 4

export class RoundTrip {
  /** The last one that was measured. */
  ms: number | undefined
  #number = 0
  // When the PING left that is not answered.
  #since: number | undefined

  /** The context of a PING that leaves at `now`. */
  begin(now: number): Buffer {
    this.#number = (this.#number + 1) & NUMBER_MASK
    this.#since = now
    const context = Buffer.allocUnsafe(CONTEXT_SIZE)
    context.writeUInt32BE(this.#number)
    return context
  }

  /** A PONG came with the context `bytes[start, end)`: of any other PING, or of none, it says nothing. */
  handlePong(now: number, bytes: Buffer, start: number, end: number): void {
    if (this.#since === undefined || end - start !== CONTEXT_SIZE) return
    if (bytes.readUInt32BE(start) !== this.#number) return
    this.ms = Math.max(0, now - this.#since)
    this.#since = undefined
  }
}

// A small integer to V8.
const NUMBER_MASK = 0x7fff_ffff
