// What leaves a connection: frames put into one Slab, small bodies copied, large ones by reference, or written in place
// by somebody else (the codec) between `begin` and `end`; sealed, all of them, once there is a cipher. Knows no phase and no peer:
// the engine asks before it writes.
import type { Broadcast } from '../../base/broadcast.ts'
import { EMPTY } from '../../base/bytes.ts'
import { Mark, Slab } from '../../base/slab.ts'
import { FLAG_MORE, LONG_HEADER_SIZE, SHORT_BODY_MAX, SHORT_HEADER_SIZE } from '../wire/constants.ts'
import { sizeOfHeader, writeHeader } from '../wire/frame.ts'
import { type Cipher, SEALED_HEAD } from './security/mechanism.ts'

/** Bodies up to this are copied: cheaper than one more piece in the write (bench/frame.bench.ts). */
export const COPY_MAX = 8192

// Below this a loop beats the call into the runtime.
const LOOP_MAX = 12

export class Outbox {
  readonly slab: Slab = new Slab()
  /** From now on frames travel in boxes. Not to be set while one is open. */
  cipher: Cipher | undefined

  #frame: OpenFrame | undefined
  // The room left for the header of the open frame. Whoever wrote a long body last will again.
  #headSize = SHORT_HEADER_SIZE

  /** A frame was begun and not yet ended. */
  get open(): boolean {
    return this.#frame !== undefined
  }

  /** Writes one frame; a `body` above COPY_MAX is borrowed until it was sent. `flags` without LONG. */
  write(flags: number, body: Buffer): void {
    const slab = this.slab
    const size = body.length
    if (this.cipher !== undefined) {
      this.#writeSealed(flags, body)
      return
    }
    if (size > COPY_MAX) {
      slab.reserve(LONG_HEADER_SIZE)
      slab.at = writeHeader(slab.bytes, slab.at, flags, size)
      slab.append(body)
      return
    }
    if (slab.end - slab.at < size + LONG_HEADER_SIZE) slab.reserve(size + LONG_HEADER_SIZE)
    const bytes = slab.bytes
    let at: number
    if (size <= SHORT_BODY_MAX) {
      at = slab.at + SHORT_HEADER_SIZE
      bytes[at - 2] = flags
      bytes[at - 1] = size
    } else {
      at = writeHeader(bytes, slab.at, flags, size)
    }
    if (size <= LOOP_MAX) for (let i = 0; i < size; i++) bytes[at + i] = body[i]!
    else bytes.set(body, at)
    slab.at = at + size
  }

  /** Writes all frames of a message that others get, too. Large bodies are borrowed until they were sent. */
  broadcast(message: Broadcast): void {
    if (this.cipher !== undefined || message.byteLength > COPY_MAX) {
      const { parts } = message
      const last = parts.length - 1
      for (let i = 0; i < last; i++) this.write(FLAG_MORE, parts[i]!)
      this.write(0, parts[last]!)
      return
    }
    if (!message.written) writeFrames(message)
    const { bytes, start, end } = message
    const slab = this.slab
    if (slab.share(bytes, start, end)) return
    slab.reserve(end - start)
    bytes.copy(slab.bytes, slab.at, start, end)
    slab.at += end - start
  }

  /** Opens a frame: what is written to the slab until `end` is its body. */
  begin(flags: number): void {
    const slab = this.slab
    const frame = spare.pop() ?? new OpenFrame()
    this.#frame = frame
    slab.save(frame)
    frame.before = slab.byteLength
    frame.flags = flags
    if (slab.end - slab.at < HEAD_MAX) slab.reserve(HEAD_MAX)
    frame.head = slab.bytes
    frame.headAt = slab.at
    if (this.cipher !== undefined && this.#headSize < SEALED_HEAD) this.#headSize += SEALED_HEAD
    slab.at += this.#headSize
  }

  /** Closes the frame: fills in the header, and moves the body when it turned out to need the other kind. Returns its flags. */
  end(): number {
    const frame = this.#frame!
    const { flags } = frame
    const size = this.slab.byteLength - frame.before - this.#headSize
    const headSize = size <= SHORT_BODY_MAX ? SHORT_HEADER_SIZE : LONG_HEADER_SIZE
    if (this.cipher !== undefined) this.#endSealed(frame, this.cipher, size)
    else if (headSize !== this.#headSize) this.#move(frame, headSize, size)
    else writeHeader(frame.head, frame.headAt, flags, size)
    this.#close(frame)
    return flags
  }

  /** Forgets the open frame and all that was written since `begin`. */
  abandon(): void {
    const frame = this.#frame!
    this.slab.rollback(frame)
    this.#close(frame)
  }

  #close(frame: OpenFrame): void {
    this.#frame = undefined
    frame.forget()
    if (spare.length < SPARE_MAX) spare.push(frame)
  }

  #move(frame: OpenFrame, headSize: number, size: number): void {
    const slab = this.slab
    const to = frame.headAt + headSize
    if (this.#isOnePiece(frame, size) && slab.end - to >= size) {
      slab.bytes.copyWithin(to, frame.headAt + this.#headSize, slab.at)
      writeHeader(frame.head, frame.headAt, frame.flags, size)
      slab.at = to + size
    } else {
      this.#writeAnew(frame)
    }
    this.#headSize = headSize
  }

  /** Whether the `size` octets of the open frame's body stand behind its head, in the same chunk. */
  #isOnePiece(frame: OpenFrame, size: number): boolean {
    const slab = this.slab
    return slab.bytes === frame.head && slab.at - frame.headAt - this.#headSize === size
  }

  // The body crossed into another chunk, where it can neither be shifted nor sealed: collect it, once.
  #writeAnew(frame: OpenFrame): void {
    const body = this.slab.gather(frame).subarray(this.#headSize)
    this.slab.rollback(frame)
    this.write(frame.flags, body)
  }

  // ---- in boxes: a sealed body needs one piece of memory, so a large one is copied too. The frame itself is a message of one
  // frame, whatever is in it, as libzmq has it.

  #writeSealed(flags: number, body: Buffer): void {
    const slab = this.slab
    const size = SEALED_HEAD + body.length
    slab.reserve(sizeOfHeader(size) + size)
    const start = writeHeader(slab.bytes, slab.at, 0, size)
    slab.bytes.set(body, start + SEALED_HEAD)
    this.cipher!.seal(slab.bytes, start, start + size, flags)
    slab.at = start + size
  }

  #endSealed(frame: OpenFrame, cipher: Cipher, bodySize: number): void {
    const size = SEALED_HEAD + bodySize
    const headSize = sizeOfHeader(size) + SEALED_HEAD
    if (headSize === this.#headSize && this.#isOnePiece(frame, bodySize)) {
      const start = writeHeader(frame.head, frame.headAt, 0, size)
      cipher.seal(frame.head, start, start + size, frame.flags)
    } else {
      this.#writeAnew(frame)
    }
    this.#headSize = headSize
  }
}

/** A frame that is being written: where it begins, and with which flags. */
class OpenFrame extends Mark {
  before = 0
  flags = 0
  head: Buffer = EMPTY
  headAt = 0

  /** Refers to no chunk any more. */
  forget(): void {
    this.bytes = EMPTY
    this.head = EMPTY
  }
}

// Few frames are open at once, on however many connections: as many as calls nest while values are encoded.
const spare: OpenFrame[] = []
const SPARE_MAX = 8

const HEAD_MAX = LONG_HEADER_SIZE + SEALED_HEAD

function writeFrames(message: Broadcast): void {
  const { parts } = message
  message.reserve(message.byteLength + parts.length * LONG_HEADER_SIZE)
  const bytes = message.bytes
  let at = message.start
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    at = writeHeader(bytes, at, i < parts.length - 1 ? FLAG_MORE : 0, part.length)
    bytes.set(part, at)
    at += part.length
  }
  message.end = at
}
