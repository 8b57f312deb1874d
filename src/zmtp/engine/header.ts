// One frame header on its way in, made for that frame: read straight from the chunk when it is there whole, gathered octet by octet when it
// is not. Refuses flags on the first octet. Knows no limits and no bodies.
import { EMPTY, view } from '../../base/bytes.ts'
import { ProtocolError } from '../../base/errors.ts'
import { FLAG_COMMAND, LONG_HEADER_SIZE } from '../wire/constants.ts'
import {
  areFlagsValid,
  MISFRAMED_MAYBE,
  MISFRAMED_NO,
  MISFRAMED_SIZE,
  misframed,
  readBodySize,
  readMisframedSize,
  sizeOfHeaderWith,
} from '../wire/frame.ts'

export class Header {
  /** The header is complete: `flags` and `size` hold. */
  complete = false
  flags = 0
  size = 0
  /** Octets of the body that had to be read to understand the header; otherwise empty. */
  surplus: Buffer = EMPTY
  /** Why it is refused. */
  fault: ProtocolError | undefined

  readonly #commandsOnly: boolean
  readonly #rescues: boolean
  // The octets so far of one that is not there whole.
  #carry: Buffer = EMPTY
  #carried = 0

  /**
   * `commandsOnly`: no traffic is allowed, a message is refused. `rescues`, of a publisher in traffic: understand subscriptions that
   * libzmq 4.3.3 and 4.3.4 frame wrongly.
   */
  constructor(commandsOnly: boolean, rescues: boolean) {
    this.#commandsOnly = commandsOnly
    this.#rescues = rescues
  }

  /** Reads on in `chunk[at, end)`, until `complete`, a `fault`, or the end; returns the offset behind what it took. */
  take(chunk: Buffer, at: number, end: number): number {
    if (this.#carried === 0 && at < end) {
      const flags = chunk[at]!
      this.#checkFlags(flags)
      if (this.fault !== undefined) return at
      const headerEnd = at + sizeOfHeaderWith(flags)
      if (headerEnd <= end) {
        const size = readBodySize(chunk, at)
        if (size > 0 || (flags & FLAG_COMMAND) === 0) {
          this.#set(flags, size)
          return headerEnd
        }
      }
    }
    if (this.#carried === 0) this.#carry = Buffer.allocUnsafe(MISFRAMED_SIZE)
    while (at < end && !this.complete && this.fault === undefined) {
      this.#carry[this.#carried++] = chunk[at++]!
      this.#judge()
    }
    return at
  }

  #checkFlags(flags: number): void {
    if (!areFlagsValid(flags)) {
      this.fault = new ProtocolError('BAD_FLAGS', `a frame has the flags 0x${flags.toString(16)}`)
    } else if (this.#commandsOnly && (flags & FLAG_COMMAND) === 0) {
      this.fault = new ProtocolError('UNEXPECTED_COMMAND', 'the peer sent a message during the handshake')
    }
  }

  #judge(): void {
    const flags = this.#carry[0]!
    if (this.#carried < sizeOfHeaderWith(flags)) return
    const size = readBodySize(this.#carry, 0)
    if (size > 0 || (flags & FLAG_COMMAND) === 0) {
      this.#set(flags, size)
      return
    }
    const verdict =
      this.#rescues && flags === FLAG_COMMAND ? misframed(this.#carry, this.#carried) : MISFRAMED_NO
    if (verdict === MISFRAMED_MAYBE) return
    if (verdict === MISFRAMED_NO) {
      this.fault = new ProtocolError('BAD_COMMAND', 'a command without a name')
      return
    }
    this.surplus = view(this.#carry, LONG_HEADER_SIZE, this.#carried)
    this.#set(flags, readMisframedSize(this.#carry))
  }

  #set(flags: number, size: number): void {
    this.flags = flags
    this.size = size
    this.complete = true
  }
}
