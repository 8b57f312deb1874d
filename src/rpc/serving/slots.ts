/**
 * How many functions of peers run at once: a bound for all, one for each peer, and a bounded line for the rest, in which peers take
 * turns, so that one that asks much delays itself and not the others. Functions that answer at once never take a slot.
 */

/** What one peer has: calls that run, calls that wait in order, and how many of its calls found a function so far. */
export class Share<Item> {
  asked = 0
  running = 0
  readonly waiting: Set<Item> = new Set()
}

export const RUN = 0
export const WAIT = 1
export const REFUSE = 2

export interface SlotLimits {
  readonly maxRunning: number
  readonly maxRunningPerPeer: number
  readonly maxWaiting: number
}

export class Slots<Item> {
  readonly #limits: SlotLimits
  // Shares with a waiting call that its peer's bound lets run.
  readonly #next = new Set<Share<Item>>()
  #running = 0
  #waiting = 0

  constructor(limits: SlotLimits) {
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting
  }

  /**
   * What a call that arrives may do. One nested in another call never waits: that other one may hold the slot it would wait for.
   */
  ask(share: Share<Item>, nested: boolean): typeof RUN | typeof WAIT | typeof REFUSE {
    const { maxRunning, maxRunningPerPeer, maxWaiting } = this.#limits
    share.asked++
    if (nested) {
      const room = this.#running < maxRunning * 2 && share.running < maxRunningPerPeer * NESTED_SHARE
      return room ? RUN : REFUSE
    }
    if (share.waiting.size === 0 && share.running < maxRunningPerPeer && this.#running < maxRunning)
      return RUN
    return this.#waiting < maxWaiting ? WAIT : REFUSE
  }

  /** A call runs and has not answered at once. */
  take(share: Share<Item>): void {
    share.running++
    this.#running++
    if (share.running >= this.#limits.maxRunningPerPeer) this.#next.delete(share)
  }

  give(share: Share<Item>): void {
    share.running--
    this.#running--
    if (share.waiting.size > 0 && share.running < this.#limits.maxRunningPerPeer) this.#next.add(share)
  }

  wait(share: Share<Item>, item: Item): void {
    share.waiting.add(item)
    this.#waiting++
    if (share.running < this.#limits.maxRunningPerPeer) this.#next.add(share)
  }

  /** Takes a call out of the line; `false` when it was not in it. */
  leave(share: Share<Item>, item: Item): boolean {
    if (!share.waiting.delete(item)) return false
    this.#waiting--
    if (share.waiting.size === 0) this.#next.delete(share)
    return true
  }

  /** The call whose turn it is, taken out of the line; `undefined` when none waits or none may run. */
  takeTurn(): Item | undefined {
    if (this.#running >= this.#limits.maxRunning) return undefined
    const [share] = this.#next
    if (share === undefined) return undefined
    const [item] = share.waiting
    this.#next.delete(share)
    this.leave(share, item as Item)
    if (share.waiting.size > 0) this.#next.add(share)
    return item
  }
}

// Calls back and forth up to the maximal depth, from a peer that has all its slots taken.
const NESTED_SHARE = 4
