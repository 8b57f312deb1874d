/**
 * A bounds-checked cursor over one message in a range of a chunk: where we are, what is left, the heads of containers,
 * strings, passing over values. Makes no other values; reader.ts does. Each count is held against the octets left and against the
 * limits before it is believed.
 */
import { EMPTY, readU16, readU32 } from '../base/bytes.ts'
import { CodecError } from '../base/errors.ts'
import { SHORT_ASCII_MAX } from './ascii.ts'
import type { Settings } from './extensions.ts'
import { readCachedKey } from './keys.ts'
import { type ReceivedShapes, SHAPE_KEYS_MAX, type Shape } from './shapes.ts'
import {
  ARRAY16,
  ARRAY32,
  BIN8,
  BIN16,
  BIN32,
  EXT_DEFINITION,
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
import { readText } from './text.ts'

const OCTETS_WANTED = 8

export class Cursor {
  /** Offset of the next octet in the chunk. */
  at = 0
  /** One past the message's last octet. Set by `reset`. */
  end = 0
  /** Values that the message may still hold. */
  valuesLeft = 0
  protected readonly settings: Settings
  protected readonly maxDepth: number
  protected readonly maxKeys: number
  protected bytes: Buffer = EMPTY
  protected start = 0
  protected octets: DataView | undefined
  /** The shapes that may be referred to where we are. */
  protected shapes: ReceivedShapes | undefined
  #wanted = 0
  // Those of the whole message, and its end: `shapes` and `end` are narrower while something inside is read.
  #table: ReceivedShapes | undefined
  #last = 0

  constructor(settings: Settings) {
    this.settings = settings
    this.maxDepth = settings.limits.maxDepth
    this.maxKeys = settings.limits.maxKeys
  }

  /**
   * Begins with the message in `bytes[start, end)`. The reader keeps the chunk until the next `reset`; what it returns
   * shares no memory with it, but for binaries that fill at least half of what `bytes` keeps alive.
   */
  reset(bytes: Buffer, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.octets = undefined
      this.#wanted = 0
    }
    this.start = start
    this.at = start
    this.end = end
    this.#last = end
    this.#table = undefined
    this.shapes = undefined
    this.valuesLeft = this.settings.valuesLeft
  }

  /** From here to the end of this message objects may refer to `shapes`, and define more of them. */
  useShapes(shapes: ReceivedShapes | undefined): void {
    this.#table = shapes
    this.shapes = shapes
    if (shapes !== undefined) shapes.mark()
  }

  /**
   * Goes through the whole message again, for no more than the shapes it defines: for whoever drops a message unread, or could
   * not read it. Later messages may refer to them. Does nothing without `useShapes`. TRUNCATED, BAD_BYTE, and what a bad
   * definition gives.
   */
  relearn(): void {
    const shapes = this.#table
    if (shapes === undefined) return
    shapes.rollback()
    this.at = this.start
    this.end = this.#last
    this.shapes = shapes
    while (this.at < this.end) this.skip()
  }

  /** The number of items of the array that begins here; they are read next. TRUNCATED, WRONG_TYPE, TOO_MANY_VALUES. */
  readArrayHeader(): number {
    const tag = this.peek()
    const at = this.at++
    if (tag >= FIXARRAY && tag < FIXSTR) return this.count(tag & 0x0f, 1)
    if (tag === ARRAY16) return this.count(this.u16(), 1)
    if (tag === ARRAY32) return this.count(this.u32(), 1)
    return this.wrongType(at, 'an array')
  }

  /** The number of pairs of the map that begins here; TRUNCATED, WRONG_TYPE, TOO_MANY_VALUES, TOO_MANY_KEYS. */
  readMapHeader(): number {
    const tag = this.peek()
    const at = this.at++
    if (tag >= FIXMAP && tag < FIXARRAY) return this.pairs(tag & 0x0f)
    if (tag === MAP16) return this.pairs(this.u16())
    if (tag === MAP32) return this.pairs(this.u32())
    return this.wrongType(at, 'a map')
  }

  /** A string of at most `maxBytes` octets. TRUNCATED, WRONG_TYPE (also when it is longer), BAD_UTF8. */
  readString(maxBytes: number = Number.POSITIVE_INFINITY): string {
    const at = this.at
    const size = this.stringSize()
    if (size > maxBytes) return this.wrongType(at, `a string of at most ${maxBytes} octets`)
    return this.text(size)
  }

  /** As `readString`, for names that repeat: short ones come from a table. Any name: not to be set on an object unseen. */
  readKey(): string {
    const at = this.at
    const size = this.stringSize()
    if (size > this.settings.limits.maxKeyBytes) return this.wrongType(at, 'a short string')
    const key = readCachedKey(this.bytes, this.at, size)
    if (key === undefined) return this.text(size)
    this.at += size
    return key
  }

  /** Whether nil stands here; reads nothing. TRUNCATED. */
  peekIsNil(): boolean {
    return this.peek() === NIL
  }

  /** Passes over one value without making it: only its outline is checked. TRUNCATED, BAD_BYTE. */
  skip(): void {
    // Each count is at most the octets left, so the sum stays far below 2^53.
    let pending = 1
    while (pending > 0) pending += this.#skipOne() - 1
  }

  /** Throws TRAILING unless the message ends here. */
  expectEnd(): void {
    if (this.at !== this.end) this.fail('TRAILING', this.at, `${this.end - this.at} octets follow the value`)
  }

  // ---- octets

  protected peek(): number {
    if (this.at >= this.end) this.truncated()
    return this.bytes[this.at]!
  }

  /** Moves past `size` octets and returns where they begin. */
  protected pass(size: number): number {
    const at = this.at
    if (at + size > this.end) this.truncated()
    this.at = at + size
    return at
  }

  protected u8(): number {
    return this.bytes[this.pass(1)]!
  }

  protected u16(): number {
    return readU16(this.bytes, this.pass(2))
  }

  protected u32(): number {
    return readU32(this.bytes, this.pass(4))
  }

  /** `size`, when that many octets are left. */
  protected sized(size: number): number {
    if (this.at + size > this.end) this.truncated()
    return size
  }

  /** `count`, when that many values of at least `each` octets can follow and the message may still hold them. */
  protected count(count: number, each: number): number {
    if (count * each > this.end - this.at) this.truncated()
    this.valuesLeft -= count
    if (this.valuesLeft < 0) {
      this.fail('TOO_MANY_VALUES', this.at, `more than ${this.settings.limits.maxValues} values`)
    }
    return count
  }

  protected pairs(pairs: number): number {
    this.count(pairs, 2)
    if (pairs > this.maxKeys) this.fail('TOO_MANY_KEYS', this.at, `a map has ${pairs} keys`)
    return pairs
  }

  /** Reads the head of a string: its size, which is left. WRONG_TYPE, nothing read, for anything else. */
  protected stringSize(): number {
    const tag = this.peek()
    const at = this.at++
    if (tag >= FIXSTR && tag < NIL) return this.sized(tag & 0x1f)
    if (tag === STR8) return this.sized(this.u8())
    if (tag === STR16) return this.sized(this.u16())
    if (tag === STR32) return this.sized(this.u32())
    return this.wrongType(at, 'a string')
  }

  /**
   * Counts the uses that a DataView of the chunk would have had, and makes one when there were enough to pay for it: it
   * costs 140 ns, saves 11 a float and 20 a text (payloads "floats", "ascii text"). Returns the chunk.
   */
  protected wantOctets(): Buffer {
    const bytes = this.bytes
    if (++this.#wanted === OCTETS_WANTED) {
      this.octets = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return bytes
  }

  /** Passes over one head, and over data that follow it; returns how many values follow. */
  #skipOne(): number {
    const tag = this.peek()
    const at = this.at++
    if (tag < FIXMAP || tag >= NEGATIVE_FIXINT) return 0
    if (tag < FIXARRAY) return this.#countLeft((tag & 0x0f) * 2)
    if (tag < FIXSTR) return this.#countLeft(tag & 0x0f)
    if (tag < NIL) return this.#skipBytes(tag & 0x1f)
    switch (tag) {
      case NIL:
      case FALSE:
      case TRUE:
        return 0
      case BIN8:
      case STR8:
        return this.#skipBytes(this.u8())
      case BIN16:
      case STR16:
        return this.#skipBytes(this.u16())
      case BIN32:
      case STR32:
        return this.#skipBytes(this.u32())
      case EXT8:
      case EXT16:
      case EXT32:
        return this.#skipExtension(this.extensionSize(tag))
      case UINT8:
      case INT8:
        return this.#skipBytes(1)
      case UINT16:
      case INT16:
        return this.#skipBytes(2)
      case UINT32:
      case INT32:
      case FLOAT32:
        return this.#skipBytes(4)
      case UINT64:
      case INT64:
      case FLOAT64:
        return this.#skipBytes(8)
      case FIXEXT1:
      case FIXEXT2:
      case FIXEXT4:
      case FIXEXT8:
      case FIXEXT16:
        return this.#skipExtension(this.extensionSize(tag))
      case ARRAY16:
        return this.#countLeft(this.u16())
      case ARRAY32:
        return this.#countLeft(this.u32())
      case MAP16:
        return this.#countLeft(this.u16() * 2)
      case MAP32:
        return this.#countLeft(this.u32() * 2)
      default:
        return this.badByte(at)
    }
  }

  #skipBytes(size: number): number {
    this.pass(size)
    return 0
  }

  /** The size of an extension's data, behind its tag. */
  protected extensionSize(tag: number): number {
    if (tag >= FIXEXT1) return 1 << (tag - FIXEXT1)
    if (tag === EXT8) return this.u8()
    return tag === EXT16 ? this.u16() : this.u32()
  }

  #skipExtension(size: number): number {
    const shapes = this.shapes
    if (shapes === undefined || this.peek() !== EXT_DEFINITION) return this.#skipBytes(size + 1)
    this.at++
    this.learnShape(shapes, this.sized(size))
    return 0
  }

  /** Reads the data of a definition, which are known to be there: its number, and keys up to their end. */
  protected learnShape(shapes: ReceivedShapes, size: number): Shape {
    const start = this.at
    const end = this.end
    const { maxKeys, maxKeyBytes } = this.settings.limits
    this.end = start + size
    if (!shapes.takes(this.u8(), size)) this.fail('BAD_SHAPE', start, 'this shape cannot be defined here')
    const keys: string[] = []
    while (this.at < this.end) {
      const at = this.at
      const length = this.stringSize()
      if (length > maxKeyBytes) this.fail('BAD_KEY', at, `a key has ${length} octets`)
      const key = this.#shapeKey(length)
      if (key === '__proto__') this.fail('BAD_KEY', at, 'the map key __proto__ is refused')
      keys.push(key)
    }
    if (keys.length === 0 || keys.length > Math.min(maxKeys, SHAPE_KEYS_MAX)) {
      this.fail('BAD_SHAPE', start, `a shape has ${keys.length} keys`)
    }
    this.end = end
    return shapes.add(keys, size)
  }

  #shapeKey(size: number): string {
    const key = readCachedKey(this.bytes, this.at, size)
    if (key === undefined) return this.text(size)
    this.at += size
    return key
  }

  #countLeft(count: number): number {
    if (count > this.end - this.at) this.truncated()
    return count
  }

  /** The next `size` octets, which are known to be there, as text. */
  protected text(size: number): string {
    const at = this.at
    this.at = at + size
    const octets = this.octets
    if (octets === undefined && size > SHORT_ASCII_MAX) this.wantOctets()
    return readText(this.bytes, at, size, octets) ?? this.fail('BAD_UTF8', at, 'a string is no UTF-8')
  }

  // ---- faults

  protected fail(code: string, at: number, message: string): never {
    const offset = at - this.start
    throw new CodecError(code, `${message} (octet ${offset})`, { offset })
  }

  protected truncated(): never {
    this.fail('TRUNCATED', this.at, 'the input ends inside a value')
  }

  protected tooDeep(): never {
    this.fail('TOO_DEEP', this.at, `nested deeper than ${this.maxDepth}`)
  }

  protected badByte(at: number): never {
    this.fail('BAD_BYTE', at, 'c1 is no MessagePack')
  }

  protected badExtension(code: number, at: number): never {
    this.fail('BAD_EXTENSION', at, `the data of extension ${code} are none of its kind`)
  }

  protected wrongType(at: number, wanted: string): never {
    this.at = at
    this.fail('WRONG_TYPE', at, `here should be ${wanted}`)
  }
}
