/**
 * Items by their number: what a Map would do, without memory of its own for an item that comes and goes. A Map that is added to and
 * deleted from makes a new table every now and then, and each refers to the next; once one of them has grown old, the garbage
 * collector takes every later one, and all that it refers to, for alive, until it looks through everything: a table of calls
 * that turns over a million times a second then pays more for that than for the calls (decision 0033). Here items are chained by
 * a field of their own. Imports nothing.
 *
 * Numbers that come one after the other are spread evenly. Who picks them to collide makes one chain, as long as the table has items.
 */

/** What can be in a table: one at a time. */
export interface Numbered<Item> {
  readonly id: number
  /** The next one in the same chain. The table's own. */
  chained: Item | undefined
}

export class IdTable<Item extends Numbered<Item>> {
  #chains: (Item | undefined)[] = NONE
  // Of chains there is a power of two, of which this is one less: it puts a number in its place.
  #mask = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The item of that number; the newest, should there be several. */
  get(id: number): Item | undefined {
    let item = this.#chains[id & this.#mask]
    while (item !== undefined && item.id !== id) item = item.chained
    return item
  }

  has(id: number): boolean {
    return this.get(id) !== undefined
  }

  add(item: Item): void {
    if (this.#size >= this.#mask) this.#grow()
    this.#size++
    this.#chain(item)
  }

  /** Takes `item` out; `false` when it was not in. */
  delete(item: Item): boolean {
    const at = item.id & this.#mask
    const first = this.#chains[at]
    if (first === item) this.#chains[at] = item.chained
    else {
      let before = first
      while (before !== undefined && before.chained !== item) before = before.chained
      if (before === undefined) return false
      before.chained = item.chained
    }
    // An item that is over must not keep another alive.
    item.chained = undefined
    this.#size--
    if (this.#size === 0 && this.#mask > KEPT) {
      this.#chains = NONE
      this.#mask = 0
    }
    return true
  }

  /** All of them at the moment, by number; numbers that begin anew after 2^31 - 1 are behind the last ones before. */
  values(): Item[] {
    const items: Item[] = []
    for (const first of this.#chains) {
      for (let item = first; item !== undefined; item = item.chained) items.push(item)
    }
    return items.sort((a, b) => (a.id - b.id) << 1)
  }

  #chain(item: Item): void {
    const at = item.id & this.#mask
    item.chained = this.#chains[at]
    this.#chains[at] = item
  }

  #grow(): void {
    const items = this.values()
    const count = Math.max(INITIAL, this.#chains.length * 2)
    this.#chains = new Array<Item | undefined>(count).fill(undefined)
    this.#mask = count - 1
    for (const item of items) this.#chain(item)
  }
}

// The chains of a table that nothing was ever in: nobody writes to it.
const NONE: undefined[] = [undefined]
// Chains at first; and so many that an empty table with more gives them back.
const INITIAL = 8
const KEPT = 1024
