/**
 * The memory an encoder writes into: a pool of its own, whose pieces are handed out and never written again, or a slab
 * of somebody else's. Either way writers see `bytes` and `end`, pass the offset from hand to hand, and ask `grow` for
 * more. Knows no value but the float, which is worth a DataView of that memory.
 */
import { EMPTY } from '../base/bytes.ts'
import type { Slab } from '../base/slab.ts'
import type { Settings } from './extensions.ts'
import { putNumber } from './numbers.ts'
import { FLOAT64 } from './tags.ts'

// Own memory comes in pieces of this size; a new one is begun when less than a quarter is left.
const POOL = 16384
/**
 * Results up to this size are views of the pool, as Node's own small Buffers are; larger ones get memory of their own, which costs 1 to
 * 2 us whatever its size (payloads "floats", "ascii text", "4 KB binary").
 */
const POOLED_MAX = POOL / 2
// Larger memory is given back after use.
const KEPT_MAX = 65536
// A DataView of the memory costs 140 ns and saves 10 a float: made when this many have come (payload "floats").
const DOUBLES_WANTED = 8
const NO_OCTETS = new DataView(new ArrayBuffer(0))

export class Output {
  /** In the middle of a message: a getter, `toJSON` or extension that encodes needs another encoder. */
  busy = false
  protected readonly settings: Settings
  protected bytes: Buffer = EMPTY
  protected end = 0
  /** Where the message began: only in memory of our own. */
  protected start = 0
  protected slab: Slab | undefined
  /** Values that the message may still hold. */
  protected valuesLeft = 0
  #pool: Buffer = EMPTY
  #poolAt = 0
  #viewed: Buffer = EMPTY
  #octets: DataView = NO_OCTETS
  #doubles = 0

  constructor(settings: Settings) {
    this.settings = settings
  }

  /** Begins a message in memory of our own; returns the offset of its first octet. */
  protected beginOwn(): number {
    if (this.#pool.length - this.#poolAt < POOL / 4) {
      this.#pool = Buffer.allocUnsafeSlow(POOL)
      this.#poolAt = 0
    }
    this.busy = true
    this.valuesLeft = this.settings.valuesLeft
    this.bytes = this.#pool
    this.end = this.#pool.length
    this.start = this.#poolAt
    return this.start
  }

  /** Begins a message at the end of `slab`; returns the offset of its first octet. */
  protected beginIn(slab: Slab): number {
    this.busy = true
    this.valuesLeft = this.settings.valuesLeft
    this.slab = slab
    this.bytes = slab.bytes
    this.end = slab.end
    return slab.at
  }

  /** The message that ends at `at`, in memory that is the caller's. */
  protected finish(at: number): Buffer {
    const { bytes, start } = this
    if (bytes !== this.#pool && bytes.length <= KEPT_MAX) {
      this.#pool = bytes
      this.#poolAt = 0
    }
    if (bytes === this.#pool && at - start <= POOLED_MAX) {
      this.#poolAt = at
      return bytes.subarray(start, at)
    }
    const own = Buffer.allocUnsafeSlow(at - start)
    own.set(bytes.subarray(start, at))
    return own
  }

  /** After a message, sent or failed: keeps nothing alive but the pool. */
  protected release(): void {
    this.busy = false
    this.slab = undefined
    this.bytes = EMPTY
    if (this.#viewed.length > KEPT_MAX) this.#viewed = EMPTY
    if (this.settings.depth > 0) this.settings.valuesLeft = this.valuesLeft
  }

  /** Makes room for `size` octets at the returned offset, and more than that, so that it is rarely asked again. */
  protected grow(at: number, size: number): number {
    const slab = this.slab
    if (slab !== undefined) {
      slab.at = at
      slab.reserve(size)
      this.bytes = slab.bytes
      this.end = slab.end
      return slab.at
    }
    const used = at - this.start
    const larger = Buffer.allocUnsafeSlow(Math.max(POOL, (used + size) * 2))
    larger.set(this.bytes.subarray(this.start, at))
    this.bytes = larger
    this.end = larger.length
    this.start = 0
    return used
  }

  /** Writes a number that `value | 0` changes; 9 octets must be free. */
  protected putDouble(value: number, at: number): number {
    const bytes = this.bytes
    if (Math.fround(value) === value || Number.isInteger(value) || Number.isNaN(value)) {
      return putNumber(bytes, at, value)
    }
    if (this.#viewed !== bytes) {
      if (++this.#doubles < DOUBLES_WANTED) return putNumber(bytes, at, value)
      this.#viewed = bytes
      this.#octets = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      this.#doubles = 0
    }
    bytes[at] = FLOAT64
    this.#octets.setFloat64(at + 1, value)
    return at + 9
  }
}
