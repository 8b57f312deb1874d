// Octets on their way in that the cursor cannot take as they are: the one body that is split across chunks. A split body is joined once, into memory of its own that grows with what has arrived and
// never with what was announced: an announced gigabyte costs 64 KiB until the octets come.

/** The first reservation for a body that did not arrive in one chunk. */
const FIRST_STEP = 65536
// How much more than has arrived is reserved at most. Each step copies what is there: by 4, a body of 1 MiB is copied 1.3 times in all; by 2, twice.
const GROWTH = 4
// Up to this the memory comes from Node's pool: a body of its own is cheaper to make, and short-lived.
const POOLED_MAX = 1024

/** A body being joined: the whole of it when it is `complete`. */
export class Assembly {
  bytes: Buffer
  readonly #size: number
  #have = 0

  constructor(size: number) {
    this.#size = size
    if (size <= POOLED_MAX) this.bytes = Buffer.allocUnsafe(size)
    else this.bytes = Buffer.allocUnsafeSlow(Math.min(size, FIRST_STEP))
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
