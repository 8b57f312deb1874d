/**
 * What all connections of one context hold together (base/lid.ts), and of it the memory of messages that have begun to come and are not
 * whole. Where that alone is too much the largest goes: reading on is what would free it, so there is nothing to stop, and it is who gains most by never
 * ending its message. One alone may have as much as its own limits allow.
 */
import { LimitError } from '../../base/errors.ts'
import { Lid } from '../../base/lid.ts'

export const MAX_BUFFERED_BYTES = 268_435_456

/** A connection, as far as it holds memory. */
export interface Holder {
  /** What was counted for it last. `Buffered` sets it. */
  heldBytes: number
  destroy(error: LimitError): void
}

export class Buffered extends Lid {
  #total = 0
  readonly #holders = new Set<Holder>()

  /** Octets of messages that are not whole. */
  get byteLength(): number {
    return this.#total
  }

  /** `holder` holds so many octets now: it, or one that holds more, may have to go. */
  set(holder: Holder, bytes: number): void {
    const before = holder.heldBytes
    if (before === 0) this.#holders.add(holder)
    else if (bytes === 0) this.#holders.delete(holder)
    holder.heldBytes = bytes
    this.#total += bytes - before
    this.incoming += bytes - before
    while (this.#total > this.max && this.#holders.size > 1) this.#giveUp()
  }

  #giveUp(): void {
    let largest: Holder | undefined
    for (const holder of this.#holders) {
      if (largest === undefined || holder.heldBytes > largest.heldBytes) largest = holder
    }
    const error = new LimitError('TOO_MUCH_BUFFERED', 'maxBufferedBytes', this.max, this.#total)
    this.set(largest!, 0)
    largest!.destroy(error)
  }
}
