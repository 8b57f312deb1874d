// Octets on their way in that the cursor cannot take as they are: the one body that is split across chunks. A split body is joined once, into memory of its own that grows with what has arrived and
// never with what was announced: an announced gigabyte costs 64 KiB until the octets come, and at most 1 MiB where a body as large has come before.

/** The first reservation for a body that did not arrive in one chunk; but for one no larger than those that came whole, up to so much. */
const FIRST_STEP = 65536
const PROVEN_MAX = 1024 * 1024
// How much more than has arrived is reserved at most. Each step copies what is there: by 4, a body of 1 MiB is copied 1.3 times in all; by 2, twice.
const GROWTH = 4
// What is missing of a body is read straight into it from here on; below, one read brings what follows, too.
const STRAIGHT_MIN = 65536
// A read should bring no less, or it is better to grow first.
const ROOM_MIN = 16384
// Up to this the memory comes from Node's pool: a body of its own is cheaper to make, and short-lived.
const POOLED_MAX = 1024

/** A body being joined: the whole of it when it is `complete`. */
export class Assembly {
  bytes: Buffer
  readonly #size: number
  #have = 0

  /** `arrived`: how much of it is about to be taken; `proven`: how large a body the peer has sent before. */
  constructor(size: number, arrived = 0, proven = 0) {
    this.#size = size
    if (size <= POOLED_MAX) this.bytes = Buffer.allocUnsafe(size)
    else this.bytes = Buffer.allocUnsafeSlow(Math.min(size, firstStep(arrived, proven)))
  }

  /** Where the next octets may be put without a copy, when that is worth while: they are then to be counted by `fill`. */
  room(): Buffer | undefined {
    if (this.#size - this.#have < STRAIGHT_MIN) return undefined
    if (this.bytes.length - this.#have < ROOM_MIN) this.#grow(this.#have + ROOM_MIN)
    return this.bytes.subarray(this.#have)
  }

  /** `size` octets stand where `room` said. */
  fill(size: number): void {
    this.#have += size
  }

  /** Takes what it still lacks from `chunk[at, end)`; returns the offset behind it. */
  take(chunk: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.#size - this.#have)
    const have = this.#have + stop - at
    if (have > this.bytes.length) this.#grow(have)
    if (stop > at) chunk.copy(this.bytes, this.#have, at, stop)
    this.#have = have
    return stop
  }

  get complete(): boolean {
    return this.#have === this.#size
  }

  #grow(have: number): void {
    let room = this.bytes.length
    while (room < have) room *= GROWTH
    const larger = Buffer.allocUnsafeSlow(Math.min(room, this.#size))
    this.bytes.copy(larger, 0, 0, this.#have)
    this.bytes = larger
  }
}

function firstStep(arrived: number, proven: number): number {
  return Math.max(FIRST_STEP, Math.min(proven, PROVEN_MAX), arrived * GROWTH)
}
