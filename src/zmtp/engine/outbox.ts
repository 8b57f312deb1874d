// What leaves a connection: frames put into one Slab, small bodies copied, large ones by reference, or written in place
// by somebody else (the codec) between `begin` and `end`; sealed, all of them, once there is a cipher. Knows no phase and no peer:
// the engine asks before it writes.
import type { Broadcast } from '../../base/broadcast.ts'
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
  /** A frame was begun and not yet ended. */
  open = false

  readonly #mark = new Mark()
  #before = 0
  #flags = 0
  // The header of the open frame: where it is, and the room left for it. Whoever wrote a long body last will again.
  #head: Buffer = this.slab.bytes
  #headAt = 0
  #headSize = SHORT_HEADER_SIZE

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
    slab.save(this.#mark)
    this.#before = slab.byteLength
    this.#flags = flags
    if (slab.end - slab.at < HEAD_MAX) slab.reserve(HEAD_MAX)
    this.#head = slab.bytes
    this.#headAt = slab.at
    if (this.cipher !== undefined && this.#headSize < SEALED_HEAD) this.#headSize += SEALED_HEAD
    slab.at += this.#headSize
    this.open = true
  }

  /** Closes the frame: fills in the header, and moves the body when it turned out to need the other kind. */
  end(): void {
    const slab = this.slab
    const size = slab.byteLength - this.#before - this.#headSize
    this.open = false
    if (this.cipher !== undefined) {
      this.#endSealed(this.cipher, size)
      return
    }
    const headSize = size <= SHORT_BODY_MAX ? SHORT_HEADER_SIZE : LONG_HEADER_SIZE
    if (headSize !== this.#headSize) this.#move(headSize)
    else writeHeader(this.#head, this.#headAt, this.#flags, size)
  }

  /** Forgets the open frame and all that was written since `begin`. */
  abandon(): void {
    this.open = false
    this.slab.rollback(this.#mark)
  }

  #move(headSize: number): void {
    const slab = this.slab
    const size = slab.byteLength - this.#before - this.#headSize
    const to = this.#headAt + headSize
    if (this.#isOnePiece(size) && slab.end - to >= size) {
      slab.bytes.copyWithin(to, this.#headAt + this.#headSize, slab.at)
      writeHeader(this.#head, this.#headAt, this.#flags, size)
      slab.at = to + size
    } else {
      this.#writeAnew()
    }
    this.#headSize = headSize
  }

  /** Whether the `size` octets of the open frame's body stand behind its head, in the same chunk. */
  #isOnePiece(size: number): boolean {
    const slab = this.slab
    return slab.bytes === this.#head && slab.at - this.#headAt - this.#headSize === size
  }

  // The body crossed into another chunk, where it can neither be shifted nor sealed: collect it, once.
  #writeAnew(): void {
    const body = this.slab.gather(this.#mark).subarray(this.#headSize)
    this.slab.rollback(this.#mark)
    this.write(this.#flags, body)
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

  #endSealed(cipher: Cipher, bodySize: number): void {
    const size = SEALED_HEAD + bodySize
    const headSize = sizeOfHeader(size) + SEALED_HEAD
    if (headSize === this.#headSize && this.#isOnePiece(bodySize)) {
      const start = writeHeader(this.#head, this.#headAt, 0, size)
      cipher.seal(this.#head, start, start + size, this.#flags)
    } else {
      this.#writeAnew()
    }
    this.#headSize = headSize
  }
}

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
