// What waits for a connection, in order, bounded in number and octets. What is given up leaves at once and for good: nothing that
// its caller no longer wants is ever sent. Knows nothing of calls but their size.

export class WaitingQueue<Item extends { readonly byteLength: number }> {
  readonly #items = new Set<Item>()
  readonly #maxItems: number
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxItems: number, maxBytes: number) {
    this.#maxItems = maxItems
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#items.size
  }

  /** Octets of all items. */
  get byteLength(): number {
    return this.#bytes
  }

  /** Whether one more item, of `byteLength` octets, may wait. */
  hasRoom(byteLength: number): boolean {
    return this.#items.size < this.#maxItems && this.#bytes + byteLength <= this.#maxBytes
  }

  add(item: Item): void {
    this.#items.add(item)
    this.#bytes += item.byteLength
  }

  delete(item: Item): boolean {
    if (!this.#items.delete(item)) return false
    this.#bytes -= item.byteLength
    return true
  }

  /** The oldest first; items may be deleted on the way. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.values()
  }
}
