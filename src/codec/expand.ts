// Octets that refer to the shapes of one connection, rewritten so that any reader takes them: for what was written to a connection
// that is lost, and goes to another. No value is made, and no user code runs: what it once gave is not asked for again.
import { Slab } from '../base/slab.ts'
import { Cursor } from './cursor.ts'
import type { SentShapes } from './shapes.ts'
import {
  ARRAY16,
  ARRAY32,
  EXT_DEFINITION,
  EXT_SHAPE,
  EXT8,
  EXT32,
  FIXARRAY,
  FIXEXT1,
  FIXEXT16,
  FIXMAP,
  FIXSTR,
  MAP16,
  MAP32,
} from './tags.ts'
import { writeMapHeader, writeString } from './writer.ts'

export class Expander extends Cursor {
  #slab = new Slab()
  // Everything before it is in the slab.
  #copied = 0

  /** `octets` are values that were written with `shapes`, one after the other. The same Buffer where they refer to none. */
  expand(octets: Buffer, shapes: SentShapes): Buffer {
    this.reset(octets, 0, octets.length)
    this.valuesLeft = Number.POSITIVE_INFINITY
    while (this.at < this.end) this.#value(shapes)
    if (this.#copied === 0) return octets
    this.#copy(this.end)
    const pieces: Buffer[] = []
    this.#slab.take(pieces, [])
    return Buffer.concat(pieces)
  }

  /** Passes over one value, and over those inside it: as deep as its writer allowed. */
  #value(shapes: SentShapes): void {
    const start = this.at
    const tag = this.peek()
    if ((tag >= FIXARRAY && tag < FIXSTR) || tag === ARRAY16 || tag === ARRAY32) {
      const length = this.readArrayHeader()
      const keys = length > 0 ? this.#passShape(shapes, start) : undefined
      if (keys === undefined) this.#values(length, shapes)
      else this.#object(keys, shapes)
    } else if ((tag >= FIXMAP && tag < FIXARRAY) || tag === MAP16 || tag === MAP32) {
      this.#values(this.readMapHeader() * 2, shapes)
    } else {
      this.skip()
    }
  }

  #values(count: number, shapes: SentShapes): void {
    for (let left = count; left > 0; left--) this.#value(shapes)
  }

  #object(keys: readonly string[], shapes: SentShapes): void {
    writeMapHeader(this.#slab, keys.length)
    for (const key of keys) {
      this.#copy(this.at)
      writeString(this.#slab, key)
      this.#value(shapes)
    }
  }

  /** The keys of the shape that is named or defined here. What began at `start` is copied up to there, and the rest of it left out. */
  #passShape(shapes: SentShapes, start: number): readonly string[] | undefined {
    const at = this.at
    const tag = this.peek()
    if (!((tag >= EXT8 && tag <= EXT32) || (tag >= FIXEXT1 && tag <= FIXEXT16))) return undefined
    this.at = at + 1
    const size = this.extensionSize(tag)
    const code = this.u8()
    if (code !== EXT_SHAPE && code !== EXT_DEFINITION) {
      this.at = at
      return undefined
    }
    const keys = shapes.keysOf(this.u8())
    this.#copy(start)
    this.at += size - 1
    this.#copied = this.at
    return keys
  }

  #copy(end: number): void {
    const size = end - this.#copied
    const slab = this.#slab
    slab.reserve(size)
    this.bytes.copy(slab.bytes, slab.at, this.#copied, end)
    slab.at += size
    this.#copied = end
  }
}
