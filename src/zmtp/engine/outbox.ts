// What leaves a connection: frames put into one Slab, small bodies copied, large ones by reference, or written in place
// by somebody else (the codec) between `begin` and `end`. Knows no phase and no peer: the engine asks before it writes.
import { Mark, Slab } from '../../base/slab.ts'
import { LONG_HEADER_SIZE, SHORT_BODY_MAX, SHORT_HEADER_SIZE } from '../wire/constants.ts'
import { writeHeader } from '../wire/frame.ts'

/** Bodies up to this are copied: cheaper than one more piece in the write (bench/frame.bench.ts). */
export const COPY_MAX = 8192

// Below this a loop beats the call into the runtime.
const LOOP_MAX = 12

export class Outbox {
  readonly slab: Slab = new Slab()
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

  /** Opens a frame: what is written to the slab until `end` is its body. */
  begin(flags: number): void {
    const slab = this.slab
    slab.save(this.#mark)
    this.#before = slab.byteLength
    this.#flags = flags
    if (slab.end - slab.at < LONG_HEADER_SIZE) slab.reserve(LONG_HEADER_SIZE)
    this.#head = slab.bytes
    this.#headAt = slab.at
    slab.at += this.#headSize
    this.open = true
  }

  /** Closes the frame: fills in the header, and moves the body when it turned out to need the other kind. */
  end(): void {
    const slab = this.slab
    const size = slab.byteLength - this.#before - this.#headSize
    const headSize = size <= SHORT_BODY_MAX ? SHORT_HEADER_SIZE : LONG_HEADER_SIZE
    this.open = false
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
    const from = this.#headAt + this.#headSize
    const to = this.#headAt + headSize
    const size = slab.byteLength - this.#before - this.#headSize
    if (slab.bytes === this.#head && slab.at - from === size && slab.end - from >= size + LONG_HEADER_SIZE) {
      slab.bytes.copyWithin(to, from, slab.at)
      writeHeader(this.#head, this.#headAt, this.#flags, size)
      slab.at = to + size
    } else {
      // The body crossed into another chunk, where it cannot be shifted: collect it, once, and write it anew.
      const body = slab.gather(this.#mark).subarray(this.#headSize)
      slab.rollback(this.#mark)
      this.write(this.#flags, body)
    }
    this.#headSize = headSize
  }
}
