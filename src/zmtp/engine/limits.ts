// Bounds on what a peer may announce, judged on the frame header, before any memory is reserved: octets of a frame, of a
// message, of the handshake, and the number of frames. Counts; reads nothing.
import { LimitError } from '../../base/errors.ts'
import { BODY_MAX, FLAG_MORE, SHORT_BODY_MAX } from '../wire/constants.ts'
import { sizeOfHeader } from '../wire/frame.ts'

export interface LimitOptions {
  /** Largest body of a frame; `Infinity`: 2 GiB - 1. */
  readonly maxFrameSize: number
  /** Largest sum of the bodies of one message. */
  readonly maxMessageSize: number
  /** Most frames in one message. */
  readonly maxFrames: number
  /** Largest command before READY. Default 8 KiB. */
  readonly maxHandshakeCommand?: number
  /** All octets between greeting and READY. Default 16 KiB. */
  readonly maxHandshakeBytes?: number
}

export class Limits {
  /** A message of one frame needs no count when its body is at most this. */
  readonly shortMax: number
  /** Frames so far of the message that is being received: 0 between messages. */
  frames = 0
  readonly #frameMax: number
  readonly #messageMax: number
  readonly #framesMax: number
  readonly #commandMax: number
  readonly #handshakeMax: number
  #messageSize = 0
  // Of parts before the one that was counted last.
  #before = 0
  #handshakeSize = 0

  constructor(options: LimitOptions) {
    this.#frameMax = Math.min(options.maxFrameSize, BODY_MAX)
    this.#messageMax = options.maxMessageSize
    this.#framesMax = options.maxFrames
    this.#commandMax = options.maxHandshakeCommand ?? HANDSHAKE_COMMAND_MAX
    this.#handshakeMax = options.maxHandshakeBytes ?? HANDSHAKE_MAX
    // A bound of one frame lets a message of one frame pass.
    this.shortMax = Math.min(this.#frameMax, this.#messageMax, SHORT_BODY_MAX)
  }

  /** Counts a message frame whose body has `size` octets. */
  countFrame(flags: number, size: number): LimitError | undefined {
    if (size > this.#frameMax) return new LimitError('FRAME_TOO_LARGE', 'maxFrameSize', this.#frameMax, size)
    const sum = this.#messageSize + size
    if (sum > this.#messageMax) {
      return new LimitError('MESSAGE_TOO_LARGE', 'maxMessageSize', this.#messageMax, sum)
    }
    const frames = this.frames + 1
    if (frames > this.#framesMax)
      return new LimitError('TOO_MANY_FRAMES', 'maxFrames', this.#framesMax, frames)
    const more = (flags & FLAG_MORE) !== 0
    this.#before = this.#messageSize + this.frames * PART_COST
    this.frames = more ? frames : 0
    this.#messageSize = more ? sum : 0
    return undefined
  }

  /** What parts of an unfinished message hold; `inside` the one that was counted last, which has not come whole: without that. */
  heldBytes(inside: boolean): number {
    return inside ? this.#before : this.#messageSize + this.frames * PART_COST
  }

  /** Judges a box in traffic by the size of what is in it, which is a message or a command. */
  checkSealed(size: number): LimitError | undefined {
    const most = Math.max(this.#frameMax, SEALED_COMMAND_MAX)
    return size > most ? new LimitError('FRAME_TOO_LARGE', 'maxFrameSize', this.#frameMax, size) : undefined
  }

  /** Judges a command in traffic. */
  checkCommand(size: number): LimitError | undefined {
    return size > COMMAND_MAX
      ? new LimitError('FRAME_TOO_LARGE', 'maxCommandSize', COMMAND_MAX, size)
      : undefined
  }

  /** Judges how much waits while the peer is being judged. */
  checkHeld(size: number): LimitError | undefined {
    return size > this.#handshakeMax
      ? new LimitError('HANDSHAKE_TOO_LARGE', 'maxHandshakeBytes', this.#handshakeMax, size)
      : undefined
  }

  /** Counts a command before READY. */
  countHandshake(size: number): LimitError | undefined {
    if (size > this.#commandMax) {
      return new LimitError('HANDSHAKE_TOO_LARGE', 'maxHandshakeCommand', this.#commandMax, size)
    }
    this.#handshakeSize += sizeOfHeader(size) + size
    return this.#handshakeSize > this.#handshakeMax
      ? new LimitError('HANDSHAKE_TOO_LARGE', 'maxHandshakeBytes', this.#handshakeMax, this.#handshakeSize)
      : undefined
  }
}

// The largest fixed handshake command has 518 octets (PLAIN HELLO); CURVE's INITIATE has 257 and metadata.
const HANDSHAKE_COMMAND_MAX = 8192
const HANDSHAKE_MAX = 16384
// Before a box is opened nobody knows whether it holds a command, to which `maxFrameSize` does not apply.
const SEALED_COMMAND_MAX = 8192
// What a part takes beside its octets, roughly.
const PART_COST = 256
// All topics of a peer together are bounded by 1 MiB; every other command is small.
const COMMAND_MAX = 0x10_0000
