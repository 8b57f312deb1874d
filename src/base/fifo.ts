/**
 * A first-in first-out queue over a ring buffer: constant time at both ends, grows by doubling, gives memory back
 * when it runs empty after a burst. Imports nothing.
 */
export class Fifo<T> {
  #ring: (T | undefined)[] = new Array(INITIAL)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = item
    this.#length++
  }

  /** Removes and returns the oldest item, or `undefined` when there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#length--
    if (this.#length === 0 && this.#ring.length > KEPT) {
      this.#ring = new Array(INITIAL)
      this.#head = 0
    }
    return item
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#head]
  }

  /** Puts an item back in front, as if it had never been shifted. */
  unshift(item: T): void {
    if (this.#length === this.#ring.length) this.#grow()
    this.#head = (this.#head - 1) & (this.#ring.length - 1)
    this.#ring[this.#head] = item
    this.#length++
  }

  /** Removes the first occurrence; `false` when it is not here. Linear: for rare events such as an abort. */
  remove(item: T): boolean {
    const mask = this.#ring.length - 1
    for (let i = 0; i < this.#length; i++) {
      if (this.#ring[(this.#head + i) & mask] !== item) continue
      for (let j = i; j < this.#length - 1; j++) {
        this.#ring[(this.#head + j) & mask] = this.#ring[(this.#head + j + 1) & mask]
      }
      this.#ring[(this.#head + this.#length - 1) & mask] = undefined
      this.#length--
      return true
    }
    return false
  }

  clear(): void {
    this.#ring = new Array(INITIAL)
    this.#head = 0
    this.#length = 0
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#length; i++) yield this.#ring[(this.#head + i) & (this.#ring.length - 1)] as T
  }

  #grow(): void {
    const ring = this.#ring
    const larger = new Array<T | undefined>(ring.length * 2)
    for (let i = 0; i < this.#length; i++) larger[i] = ring[(this.#head + i) & (ring.length - 1)]
    this.#ring = larger
    this.#head = 0
  }
}

// Powers of two, so that an index wraps by a mask. KEPT: an empty ring above it is given back.
const INITIAL = 8
const KEPT = 1024
