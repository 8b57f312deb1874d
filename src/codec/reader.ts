/**
 * Octets -> values: a bounds-checked cursor over one message in a range of a chunk. Typed reads for envelopes whose
 * layout is known, `readValue` for everything else. Trusts nothing: each count is held against the octets left before
 * anything is allocated for it, depth and number of values are bounded, keys are strings that are safe to set.
 *
 * One piece of some 500 lines, fifty of them imports: a method for each kind of value, and they call one another.
 *
 * Never throws anything but CodecError, and can be used again after it. Recursion is bounded by `maxDepth`.
 */
import { CodecError } from '../base/errors.ts'
import { bigintFromBytes } from './bigint.ts'
import { Cursor } from './cursor.ts'
import { hide, makeError } from './error-values.ts'
import { Extension, Settings } from './extensions.ts'
import { readCachedKey } from './keys.ts'
import { memoryFromBytes } from './memory.ts'
import { readFloat32, readFloat64, readInt64, readUint64 } from './numbers.ts'
import type { ReceivedShapes, Shape } from './shapes.ts'
import {
  ARRAY16,
  ARRAY32,
  BIN8,
  BIN16,
  BIN32,
  EXT_BIGINT,
  EXT_DEFINITION,
  EXT_ERROR,
  EXT_FIRST,
  EXT_HOLE,
  EXT_LAST,
  EXT_MAP,
  EXT_MEMORY,
  EXT_SET,
  EXT_SHAPE,
  EXT_STRING16,
  EXT_TIMESTAMP,
  EXT_UNDEFINED,
  EXT8,
  EXT16,
  EXT32,
  FALSE,
  FIXARRAY,
  FIXEXT1,
  FIXEXT2,
  FIXEXT4,
  FIXEXT8,
  FIXEXT16,
  FIXMAP,
  FIXSTR,
  FLOAT32,
  FLOAT64,
  INT8,
  INT16,
  INT32,
  INT64,
  MAP16,
  MAP32,
  NEGATIVE_FIXINT,
  NIL,
  STR8,
  STR16,
  STR32,
  TRUE,
  UINT8,
  UINT16,
  UINT32,
  UINT64,
} from './tags.ts'
import { readTimestamp } from './timestamp.ts'

/** Longest array that is made in one piece; a longer one grows as its items turn out to be there. */
const PREALLOCATED_MAX = 4096

export class Reader extends Cursor {
  /** While an extension's `decode` runs: this reader is in the middle of a message. */
  busy = false
  readonly #maxFixKey: number
  #passed = 0

  constructor(settings: Settings = new Settings()) {
    super(settings)
    this.#maxFixKey = Math.min(settings.limits.maxKeyBytes, 31)
  }

  /** An integer from 0 to 2^53 - 1, in any of the integer forms. TRUNCATED, WRONG_TYPE. */
  readUint(): number {
    const tag = this.peek()
    if (tag < FIXMAP) {
      this.at++
      return tag
    }
    const at = this.at
    if (tag >= UINT8 && tag <= INT64) {
      const value = this.#value(0)
      if (typeof value === 'number' && value >= 0) return value
    }
    return this.wrongType(at, 'an unsigned integer')
  }

  /** Any value. Throws each of the codes in docs/codec.md but WRONG_TYPE and TRAILING. */
  readValue(): unknown {
    return this.#value(this.settings.depth)
  }

  /** Any value inside `depth` containers: for makers. */
  item(depth: number): unknown {
    return this.#value(depth)
  }

  #value(depth: number): unknown {
    const at = this.at
    if (at >= this.end) this.truncated()
    const bytes = this.bytes
    const tag = bytes[at]!
    this.at = at + 1
    if (tag < FIXMAP) return tag
    if (tag >= NEGATIVE_FIXINT) return tag - 0x100
    if (tag < FIXARRAY) return this.#map(tag & 0x0f, depth + 1)
    if (tag < FIXSTR) return this.#array(tag & 0x0f, depth + 1)
    if (tag < NIL) {
      const size = tag & 0x1f
      if (at + 1 + size > this.end) this.truncated()
      return this.text(size)
    }
    if (tag === STR8 && at + 2 <= this.end) {
      const size = bytes[at + 1]!
      this.at = at + 2
      if (at + 2 + size > this.end) this.truncated()
      return this.text(size)
    }
    if (tag >= UINT8 && tag <= UINT32) return this.#unsigned(tag, at)
    return this.#tagged(tag, at, depth)
  }

  // Apart from the long switch, so that it is small enough to become part of the loops (payload "numbers").
  #unsigned(tag: number, at: number): number {
    const bytes = this.bytes
    if (tag === UINT8) {
      if (at + 2 > this.end) this.truncated()
      this.at = at + 2
      return bytes[at + 1]!
    }
    if (tag === UINT16) {
      if (at + 3 > this.end) this.truncated()
      this.at = at + 3
      return (bytes[at + 1]! << 8) | bytes[at + 2]!
    }
    if (at + 5 > this.end) this.truncated()
    this.at = at + 5
    return ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0
  }

  /** The values whose tag says all about their layout; `at` is where the tag stands, and we are behind it. */
  #tagged(tag: number, at: number, depth: number): unknown {
    const bytes = this.bytes
    switch (tag) {
      case NIL:
        return null
      case FALSE:
        return false
      case TRUE:
        return true
      case BIN8:
        return this.#binary(this.sized(this.u8()))
      case BIN16:
        return this.#binary(this.sized(this.u16()))
      case BIN32:
        return this.#binary(this.sized(this.u32()))
      case EXT8:
      case EXT16:
      case EXT32:
      case FIXEXT1:
      case FIXEXT2:
      case FIXEXT4:
      case FIXEXT8:
      case FIXEXT16:
        return this.#extension(this.extensionSize(tag), depth)
      case FLOAT32:
        return readFloat32(bytes, this.pass(4))
      case FLOAT64: {
        if (at + 9 > this.end) this.truncated()
        this.at = at + 9
        const octets = this.octets
        return octets === undefined ? readFloat64(this.wantOctets(), at + 1) : octets.getFloat64(at + 1)
      }
      case UINT64:
        return readUint64(bytes, this.pass(8))
      case INT8:
        return (this.u8() << 24) >> 24
      case INT16:
        return (this.u16() << 16) >> 16
      case INT32:
        return this.u32() | 0
      case INT64:
        return readInt64(bytes, this.pass(8))
      case STR8:
        return this.text(this.sized(this.u8()))
      case STR16:
        return this.text(this.sized(this.u16()))
      case STR32:
        return this.text(this.sized(this.u32()))
      case ARRAY16:
        return this.#array(this.u16(), depth + 1)
      case ARRAY32:
        return this.#array(this.u32(), depth + 1)
      case MAP16:
        return this.#map(this.u16(), depth + 1)
      case MAP32:
        return this.#map(this.u32(), depth + 1)
      default:
        return this.badByte(at)
    }
  }

  #array(length: number, depth: number): unknown {
    if (depth > this.maxDepth) this.tooDeep()
    if (this.shapes !== undefined && length > 0) {
      const shape = this.#shapeHere(this.shapes)
      if (shape !== undefined) return this.#shaped(shape, length - 1, depth)
    }
    this.count(length, 1)
    if (length > PREALLOCATED_MAX) return this.#longArray(length, depth)
    const { bytes, end } = this
    this.#passed = 0
    const array =
      this.octets !== undefined && bytes[this.at] === FLOAT64
        ? this.#doubles(this.octets, length)
        : new Array<unknown>(length)
    let at = this.at
    for (let i = this.#passed; i < length; i++) {
      const tag = bytes[at]!
      const kind = tag - UINT8
      // Numbers, out of the way of all else: half the time (payloads "numbers", "floats").
      if (tag < FIXMAP && at < end) {
        at++
        array[i] = tag
      } else if (kind >= 0 && kind <= INT32 - UINT8 && kind !== UINT64 - UINT8 && at + 5 <= end) {
        // UINT8, UINT16, UINT32, and four further on INT8, INT16, INT32: 1 << size octets, of the four that are there. All in 32 bits with a
        // sign, but for what has no room there: where both kinds may come out, V8 goes by way of a float (a third of the time).
        const size = kind & 3
        const shift = 32 - (8 << size)
        const value =
          ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >> shift
        at += 1 + (1 << size)
        if (kind === UINT32 - UINT8 && value < 0) array[i] = value >>> 0
        else array[i] = kind < UINT64 - UINT8 ? value & (-1 >>> shift) : value
      } else if (tag === FLOAT64 && this.octets !== undefined && at + 9 <= end) {
        array[i] = this.octets.getFloat64(at + 1)
        at += 9
      } else {
        this.at = at
        if (tag !== FIXEXT1 || !this.#passHole()) array[i] = this.#value(depth)
        at = this.at
      }
    }
    this.at = at
    return array
  }

  /**
   * An array of `length`, with the doubles that it begins with; how many these are is then in `#passed`. In a place of its own, since V8 remembers
   * for each place what the arrays made there came to hold: these keep their floats without boxes (payload "floats").
   */
  #doubles(octets: DataView, length: number): unknown[] {
    const array = new Array<unknown>(length)
    const bytes = this.bytes
    const last = this.end - 9
    let at = this.at
    let i = 0
    for (; i < length && at <= last && bytes[at] === FLOAT64; i++) {
      array[i] = octets.getFloat64(at + 1)
      at += 9
    }
    this.at = at
    this.#passed = i
    return array
  }

  #longArray(length: number, depth: number): unknown[] {
    const array: unknown[] = []
    for (let i = 0; i < length; i++) {
      if (this.#passHole()) array.length = i + 1
      else array[i] = this.#value(depth)
    }
    return array
  }

  #passHole(): boolean {
    const at = this.at
    const bytes = this.bytes
    const found =
      at + 3 <= this.end && bytes[at] === FIXEXT1 && bytes[at + 1] === EXT_HOLE && bytes[at + 2] === 0
    if (found) this.at = at + 3
    return found
  }

  #map(pairs: number, depth: number): Record<string, unknown> {
    if (depth > this.maxDepth) this.tooDeep()
    this.pairs(pairs)
    const object: Record<string, unknown> = {}
    const bytes = this.bytes
    const maxBytes = this.#maxFixKey
    for (let i = 0; i < pairs; i++) {
      const at = this.at
      const size = bytes[at]! ^ FIXSTR
      const key =
        size <= maxBytes && at + 1 + size <= this.end ? readCachedKey(bytes, at + 1, size) : undefined
      if (key === undefined) {
        this.#setOddKey(object, depth)
      } else {
        this.at = at + 1 + size
        object[key] = this.#value(depth)
      }
    }
    return object
  }

  /** The shape that is named or defined here; `undefined`, nothing read, when neither is. */
  #shapeHere(shapes: ReceivedShapes): Shape | undefined {
    const bytes = this.bytes
    const at = this.at
    const tag = bytes[at]!
    if (tag === FIXEXT1 && bytes[at + 1] === EXT_SHAPE) {
      this.at = at + 2
      return shapes.get(this.u8()) ?? this.fail('BAD_SHAPE', at, 'this shape is not defined')
    }
    if (!(tag >= EXT8 && tag <= EXT32) && !(tag >= FIXEXT1 && tag <= FIXEXT16)) return undefined
    this.at = at + 1
    const size = this.extensionSize(tag)
    if (this.u8() === EXT_DEFINITION) return this.learnShape(shapes, this.sized(size))
    this.at = at
    return undefined
  }

  #shaped(shape: Shape, length: number, depth: number): Record<string, unknown> {
    const { keys } = shape
    if (keys.length !== length) {
      this.fail('BAD_SHAPE', this.at, `${length} values for a shape of ${keys.length} keys`)
    }
    this.count(length, 1)
    const making = shape.making
    if (making !== undefined) return making.make(this, making.template, keys, length, depth)
    const object: Record<string, unknown> = {}
    if (shape.plain) {
      shape.count()
      for (let i = 0; i < length; i++) object[keys[i]!] = this.#value(depth)
    } else {
      for (let i = 0; i < length; i++) this.#setNamed(object, keys[i]!, this.at, depth)
    }
    return object
  }

  // A key that is not in the table: too long for it, in a longer form than it needs, a name of Object.prototype, or none.
  #setOddKey(object: Record<string, unknown>, depth: number): void {
    const start = this.at
    const tag = this.peek()
    if (!((tag >= FIXSTR && tag < NIL) || tag === STR8 || tag === STR16 || tag === STR32)) {
      this.fail('BAD_KEY', start, 'a map key is no string')
    }
    const size = this.stringSize()
    if (size > this.settings.limits.maxKeyBytes) this.fail('BAD_KEY', start, `a map key has ${size} octets`)
    const key = this.text(size)
    if (key === '__proto__') this.fail('BAD_KEY', start, 'the map key __proto__ is refused')
    this.#setNamed(object, key, start, depth)
  }

  #setNamed(object: Record<string, unknown>, key: string, start: number, depth: number): void {
    const value = this.#value(depth)
    if (
      key === 'constructor' &&
      typeof value === 'object' &&
      value !== null &&
      Object.hasOwn(value, 'prototype')
    ) {
      this.fail('BAD_KEY', start, 'the map key constructor holds "prototype"')
    }
    // Assigning a name of Object.prototype could meet a setter, or a frozen one.
    if (key in object)
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
    else object[key] = value
  }

  /** A binary of its own memory, or a view where that keeps no more than twice its size alive. */
  #binary(size: number): Buffer {
    const start = this.at
    this.at += size
    const bytes = this.bytes
    if (size * 2 >= bytes.buffer.byteLength) return bytes.subarray(start, this.at)
    const own = Buffer.allocUnsafeSlow(size)
    bytes.copy(own, 0, start, this.at)
    return own
  }

  #extension(size: number, depth: number): unknown {
    const code = (this.u8() << 24) >> 24
    const start = this.at
    this.sized(size)
    if (code >= EXT_FIRST && code <= EXT_LAST) return this.#ownExtension(code, size, depth + 1)
    if (code !== EXT_TIMESTAMP) return this.#userExtension(code, size, depth + 1)
    this.at += size
    return readTimestamp(this.bytes, start, size) ?? this.badExtension(code, start)
  }

  #ownExtension(code: number, size: number, depth: number): unknown {
    const start = this.at
    const after = start + size
    const bytes = this.bytes
    let value: unknown
    switch (code) {
      case EXT_MAP:
      case EXT_SET:
      case EXT_ERROR:
        return this.#sequence(code, after, depth)
      case EXT_UNDEFINED:
        if (size !== 1 || bytes[start] !== 0) this.badExtension(code, start)
        this.at = after
        return undefined
      case EXT_BIGINT:
        if (size <= this.settings.limits.maxBigintBytes) value = bigintFromBytes(bytes, start, size)
        break
      case EXT_MEMORY:
        value = memoryFromBytes(bytes, start, size)
        break
      case EXT_STRING16:
        if (size % 2 === 0) value = Buffer.from(bytes.subarray(start, after)).swap16().toString('utf16le')
        break
      case EXT_HOLE:
        break
      default:
        this.fail('UNKNOWN_EXTENSION', start, `extension ${code} is not known`)
    }
    this.at = after
    return value ?? this.badExtension(code, start)
  }

  // Values one after the other, up to the end of the extension's data.
  #sequence(code: number, after: number, depth: number): unknown {
    if (depth > this.maxDepth) this.tooDeep()
    const start = this.at
    const { end, shapes } = this
    this.end = after
    // Who passes over an extension does not look inside it for definitions.
    this.shapes = undefined
    let value: unknown
    try {
      if (code === EXT_MAP) value = this.#mapContents(depth)
      else if (code === EXT_SET) value = this.#setContents(depth)
      else value = this.#errorContents(depth)
    } catch (error) {
      // All of its data came, or we were not here: nothing was cut off, so it is this value that is wrong and not the message.
      if (error instanceof CodecError && error.code === 'TRUNCATED') this.badExtension(code, start)
      throw error
    }
    if (this.at !== after) this.badExtension(code, start)
    this.end = end
    this.shapes = shapes
    return value
  }

  #mapContents(depth: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>()
    while (this.at < this.end) {
      this.count(2, 1)
      const key = this.#value(depth)
      map.set(key, this.#value(depth))
    }
    return map
  }

  #setContents(depth: number): Set<unknown> {
    const set = new Set<unknown>()
    while (this.at < this.end) {
      this.count(1, 1)
      set.add(this.#value(depth))
    }
    return set
  }

  #errorContents(depth: number): Error {
    const start = this.at
    const name = this.#value(depth)
    const message = this.#value(depth)
    if (typeof name !== 'string' || typeof message !== 'string') return this.badExtension(EXT_ERROR, start)
    const error = makeError(name, message)
    if (this.at === this.end) return error
    const code = this.#value(depth)
    if (typeof code === 'string' || typeof code === 'number') (error as { code?: unknown }).code = code
    else if (code !== null) return this.badExtension(EXT_ERROR, start)
    if (this.at < this.end) hide(error, 'cause', this.#value(depth))
    return error
  }

  #userExtension(code: number, size: number, depth: number): unknown {
    const start = this.at
    const settings = this.settings
    const extension = settings.byCode.get(code)
    if (extension === undefined) {
      if (settings.keepUnknown) return new Extension(code, this.#binary(size))
      return this.fail('UNKNOWN_EXTENSION', start, `extension ${code} is not known`)
    }
    if (depth > this.maxDepth) this.tooDeep()
    const data = this.#binary(size)
    const outer = settings.enter(depth, this.valuesLeft)
    this.busy = true
    let value: unknown
    try {
      value = extension.decode(data)
    } catch (error) {
      if (error instanceof CodecError) throw error
      throw new CodecError('BAD_EXTENSION', `extension ${code} at octet ${start - this.start} was refused`, {
        offset: start - this.start,
        cause: error,
      })
    } finally {
      this.busy = false
      this.valuesLeft = settings.leave(outer)
    }
    return value
  }
}
