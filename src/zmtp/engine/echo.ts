/**
 * What a PING takes along and its PONG brings back (RFC 37: the context), which tells two things: how long both were under way, and what the
 * peer has read, because it reads in order and answers when it comes to the PING (decision 0044). All of it stands in the context, so that
 * nothing is kept for a PING that is under way, and any PONG counts, late or not. The way is measured by the newest PING only: an answer to an
 * older one would say how long the peer was busy. No octets but the context, no clock.
 *
 *     0        4              10             16
 *     | number | messages     | octets       |     big-endian; sent before this PING, modulo 2^48
 */

/** What was sent and is not known to have been read. */
export interface Unconfirmed {
  /** Whole messages. */
  readonly messages: number
  /** Octets of messages as they were sent: with their frames, and their boxes where there are any. */
  readonly bytes: number
}

const CONTEXT_SIZE = 16
const MESSAGES_AT = 4
const BYTES_AT = 10
const COUNT_SIZE = 6
const COUNTS = 2 ** 48

export class Echo {
  /** How long the last PING that was measured took there and back. */
  ms: number | undefined
  /** What the peer has read for certain. */
  messages = 0
  bytes = 0
  #number = 0
  // When the PING left that is not answered.
  #since: number | undefined

  /** The context of a PING that leaves at `now`, behind so many messages and octets of them. */
  begin(now: number, messages: number, bytes: number): Buffer {
    this.#number = (this.#number + 1) & NUMBER_MASK
    this.#since = now
    const context = Buffer.allocUnsafe(CONTEXT_SIZE)
    context.writeUInt32BE(this.#number)
    context.writeUIntBE(messages % COUNTS, MESSAGES_AT, COUNT_SIZE)
    context.writeUIntBE(bytes % COUNTS, BYTES_AT, COUNT_SIZE)
    return context
  }

  /**
   * A PONG came with the context `octets[start, end)`, and `messages` of `bytes` have been sent by now. One that says what cannot be,
   * more than was sent or less than was read, says nothing.
   */
  handlePong(now: number, octets: Buffer, start: number, end: number, messages: number, bytes: number): void {
    if (end - start !== CONTEXT_SIZE) return
    const messagesSince = since(messages, octets.readUIntBE(start + MESSAGES_AT, COUNT_SIZE))
    const bytesSince = since(bytes, octets.readUIntBE(start + BYTES_AT, COUNT_SIZE))
    if (messagesSince > messages - this.messages || bytesSince > bytes - this.bytes) return
    this.messages = messages - messagesSince
    this.bytes = bytes - bytesSince
    if (this.#since === undefined || octets.readUInt32BE(start) !== this.#number) return
    this.ms = Math.max(0, now - this.#since)
    this.#since = undefined
  }
}

/** How much was sent since `then`, of which the context has the last 48 bits. */
function since(sent: number, then: number): number {
  return (((sent - then) % COUNTS) + COUNTS) % COUNTS
}

// A small integer to V8.
const NUMBER_MASK = 0x7fff_ffff
