/**
 * Value -> octets: dispatch by type. Writes into memory of its own (`encode`) or straight into a slab (`writeInto`);
 * either way the hot functions see `bytes` and `end`, pass the offset from hand to hand, and ask `#grow` for more.
 *
 * An extension's header holds the size of contents that are not yet written. In memory of its own the encoder leaves
 * room for a short header and moves the contents when it was wrong; a slab may change chunks meanwhile, so there the
 * contents are made by a second encoder and copied: Map, Set, Error and user types pay for it, nobody else.
 *
 * What has no encoding throws an Unencodable from wherever it is; each container on the way out adds its part of the
 * path, so that knowing where we are costs nothing until it is needed.
 */
import { EMPTY } from '../base/bytes.ts'
import type { Slab } from '../base/slab.ts'
import { bigintToBytes } from './bigint.ts'
import { Extension, isCode, type Settings } from './extensions.ts'
import { HEADER_MAX, putArrayHeader, putBinaryHeader, putExtensionHeader, putMapHeader } from './headers.ts'
import { memoryToBytes } from './memory.ts'
import { isInt64, putInt64, putInteger, putNumber } from './numbers.ts'
import {
  EXT_BIGINT,
  EXT_ERROR,
  EXT_HOLE,
  EXT_MAP,
  EXT_MEMORY,
  EXT_SET,
  EXT_STRING16,
  EXT_UNDEFINED,
  FALSE,
  FLOAT64,
  NIL,
  TRUE,
} from './tags.ts'
import { lengthOf, putString, roomForString } from './text.ts'
import { putTimestamp } from './timestamp.ts'
import { failEncode, keyPath, unencodable, within } from './unencodable.ts'

// Any value that is no string, binary or extension fits: the longest is a timestamp, 15 octets.
const SCALAR_MAX = 16
// Own memory comes in pieces of this size; a new one is begun when less than a quarter is left.
const POOL = 16384
/** Results up to this size are views of the pool, as Node's own small Buffers are; larger ones get memory of their own. */
const POOLED_MAX = 2048
// Larger memory is given back after use.
const KEPT_MAX = 65536
/** Binaries from here on are appended to a slab by reference, where the caller allowed it. */
const BORROWED_MIN = 8192

const DOUBLES_WANTED = 8
const NO_OCTETS = new DataView(new ArrayBuffer(0))

export class Encoder {
  readonly #settings: Settings
  readonly #maxDepth: number
  #bytes: Buffer = EMPTY
  #end = 0
  /** Where the output began: only in memory of our own. */
  #start = 0
  #slab: Slab | undefined
  #pool: Buffer = EMPTY
  #poolAt = 0
  #valuesLeft = 0
  #contents: Encoder | undefined
  #viewed: Buffer = EMPTY
  #octets: DataView = NO_OCTETS
  #doubles = 0
  /** In the middle of a message: a getter, `toJSON` or extension that encodes needs another encoder. */
  busy = false

  constructor(settings: Settings) {
    this.#settings = settings
    this.#maxDepth = settings.limits.maxDepth
  }

  /** The octets of `value`. Throws CodecError NOT_ENCODABLE. */
  encode(value: unknown, path: string): Buffer {
    this.#begin(undefined)
    if (this.#pool.length - this.#poolAt < POOL / 4) {
      this.#pool = Buffer.allocUnsafeSlow(POOL)
      this.#poolAt = 0
    }
    this.#bytes = this.#pool
    this.#end = this.#pool.length
    this.#start = this.#poolAt
    let at: number
    try {
      at = this.#value(value, this.#start, this.#settings.depth)
    } catch (error) {
      throw failEncode(error, path)
    } finally {
      this.#done()
    }
    return this.#finish(at)
  }

  /** Writes `value` at the slab's end. When it throws, the slab holds part of it: the caller rolls back. */
  writeInto(slab: Slab, value: unknown, path: string): void {
    this.#begin(slab)
    this.#bytes = slab.bytes
    this.#end = slab.end
    try {
      slab.at = this.#value(value, slab.at, this.#settings.depth)
    } catch (error) {
      throw failEncode(error, path)
    } finally {
      this.#done()
      this.#slab = undefined
      this.#bytes = EMPTY
    }
  }

  #begin(slab: Slab | undefined): void {
    this.#slab = slab
    this.busy = true
    this.#valuesLeft = this.#settings.valuesLeft
  }

  #done(): void {
    this.busy = false
    if (this.#settings.depth > 0) this.#settings.valuesLeft = this.#valuesLeft
  }

  #finish(at: number): Buffer {
    const start = this.#start
    const bytes = this.#bytes
    if (at - start <= POOLED_MAX && bytes === this.#pool) {
      this.#poolAt = at
      return bytes.subarray(start, at)
    }
    const own = Buffer.allocUnsafeSlow(at - start)
    own.set(bytes.subarray(start, at))
    if (bytes.length <= KEPT_MAX && bytes !== this.#pool) {
      this.#pool = bytes
      this.#poolAt = 0
    }
    return own
  }

  /** Makes room for `size` octets at the returned offset, and more than that, so that it is rarely asked again. */
  #grow(at: number, size: number): number {
    const slab = this.#slab
    if (slab !== undefined) {
      slab.at = at
      slab.reserve(size)
      this.#bytes = slab.bytes
      this.#end = slab.end
      return slab.at
    }
    const used = at - this.#start
    const larger = Buffer.allocUnsafeSlow(Math.max(POOL * 2, (used + size) * 2))
    larger.set(this.#bytes.subarray(this.#start, at))
    this.#bytes = larger
    this.#end = larger.length
    this.#start = 0
    return used
  }

  #roomFor(at: number, size: number): number {
    return (at + size > this.#end ? this.#grow(at, size) : at) + size
  }

  #value(value: unknown, at: number, depth: number): number {
    if (at + SCALAR_MAX > this.#end) at = this.#grow(at, SCALAR_MAX)
    switch (typeof value) {
      case 'string':
        return this.#string(value, at)
      case 'number':
        if ((value | 0) === value) return putInteger(this.#bytes, at, value)
        return this.#double(value, at)
      case 'object':
        if (value === null) {
          this.#bytes[at] = NIL
          return at + 1
        }
        if (Array.isArray(value)) return this.#array(value, at, depth + 1)
        return Object.getPrototypeOf(value) === Object.prototype
          ? this.#object(value as Record<string, unknown>, at, depth + 1)
          : this.#instance(value, at, depth + 1)
      case 'boolean':
        this.#bytes[at] = value ? TRUE : FALSE
        return at + 1
      case 'undefined':
        return this.#marker(at, EXT_UNDEFINED)
      case 'bigint':
        return this.#bigint(value, at)
      default:
        throw unencodable(`it is a ${typeof value}`)
    }
  }

  #double(value: number, at: number): number {
    const bytes = this.#bytes
    if (Math.fround(value) === value || Number.isInteger(value) || Number.isNaN(value)) {
      return putNumber(bytes, at, value)
    }
    // A DataView of the memory costs 140 ns and saves 10 a float: made when several have come (payload "floats").
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

  /** An extension that says everything by its code: one octet 00. */
  #marker(at: number, code: number): number {
    at = putExtensionHeader(this.#bytes, at, code, 1)
    this.#bytes[at] = 0
    return at + 1
  }

  #string(text: string, at: number): number {
    const length = lengthOf(text)
    const room = roomForString(text, length)
    if (at + room > this.#end) at = this.#grow(at, room)
    const to = putString(this.#bytes, at, text, length)
    return to === -1 ? this.#extension(EXT_STRING16, Buffer.from(text, 'utf16le').swap16(), at) : to
  }

  #bigint(value: bigint, at: number): number {
    if (isInt64(value)) return putInt64(this.#bytes, at, value)
    const data = bigintToBytes(value)
    if (data.length > this.#settings.limits.maxBigintBytes) throw unencodable(`it has ${data.length} octets`)
    return this.#extension(EXT_BIGINT, data, at)
  }

  #array(items: readonly unknown[], at: number, depth: number): number {
    const length = items.length
    this.#enter(depth, length)
    at = putArrayHeader(this.#bytes, at, length)
    let i = 0
    try {
      for (; i < length; i++) {
        const item = items[i]
        if (item === undefined && !(i in items)) {
          if (at + SCALAR_MAX > this.#end) at = this.#grow(at, SCALAR_MAX)
          at = this.#marker(at, EXT_HOLE)
        } else {
          at = this.#value(item, at, depth)
        }
      }
    } catch (error) {
      throw within(error, `[${i}]`)
    }
    return at
  }

  /**
   * Own enumerable properties with string keys. Two lists made by the runtime cost less than looking each value up by its
   * name (six keys: 59 ns against 99), and a getter cannot make the count wrong afterwards.
   */
  #object(object: Record<string, unknown>, at: number, depth: number): number {
    const keys = Object.keys(object)
    const values = Object.values(object)
    const pairs = keys.length
    if (values.length !== pairs) throw unencodable('a getter changes it')
    if (pairs > this.#settings.limits.maxKeys) throw unencodable(`it has ${pairs} keys`)
    this.#enter(depth, pairs)
    at = putMapHeader(this.#bytes, at, pairs)
    let i = 0
    try {
      for (; i < pairs; i++) {
        at = this.#key(keys[i]!, values[i], at)
        at = this.#value(values[i], at, depth)
      }
    } catch (error) {
      throw within(error, keyPath(keys[i]!))
    }
    return at
  }

  #key(key: string, value: unknown, at: number): number {
    const length = lengthOf(key)
    const room = 5 + length * 3
    if (at + room > this.#end) at = this.#grow(at, room)
    // The names that no decoder of ours takes have these lengths.
    if (length === 9 || length === 11 || length * 3 > this.#settings.limits.maxKeyBytes)
      this.#checkKey(key, value)
    const to = putString(this.#bytes, at, key, length)
    if (to === -1) throw unencodable('its name has a lone surrogate')
    return to
  }

  #checkKey(key: string, value: unknown): void {
    if (key === '__proto__') throw unencodable('its name is refused by decoders')
    if (key === 'constructor' && hasOwnPrototype(value)) throw unencodable('it holds "prototype"')
    if (Buffer.byteLength(key) > this.#settings.limits.maxKeyBytes) throw unencodable('its name is too long')
  }

  #enter(depth: number, items: number): void {
    if (depth > this.#maxDepth) throw unencodable(`it is nested deeper than ${this.#maxDepth}, or in itself`)
    this.#valuesLeft -= items
    if (this.#valuesLeft < 0)
      throw unencodable(`there are more than ${this.#settings.limits.maxValues} values`)
  }

  #instance(value: object, at: number, depth: number): number {
    for (const extension of this.#settings.extensions) {
      if (!(value instanceof extension.class)) continue
      this.#enter(depth, 0)
      return this.#extension(
        extension.type,
        this.#runUser(depth, () => extension.encode(value)),
        at,
      )
    }
    if (value instanceof Uint8Array) return this.#binary(value, at)
    if (value instanceof Extension) return this.#raw(value, at)
    const prototype: unknown = Object.getPrototypeOf(value)
    // Without a prototype, or with one that has none: Object.prototype itself, ours or another realm's.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) {
      return this.#object(value as Record<string, unknown>, at, depth)
    }
    return this.#tagged(value, at, depth)
  }

  // By the name that Object.prototype.toString gives: the same for objects of another realm (vm, Jest, a worker's port).
  #tagged(value: object, at: number, depth: number): number {
    const tag = Object.prototype.toString.call(value).slice('[object '.length, -1)
    switch (tag) {
      case 'Date':
        return this.#date(value as Date, at)
      case 'Map':
        return this.#nested(EXT_MAP, value, at, depth)
      case 'Set':
        return this.#nested(EXT_SET, value, at, depth)
      case 'Error':
      case 'DOMException':
        return this.#nested(EXT_ERROR, value, at, depth)
      case 'Uint8Array':
        return this.#binary(value as Uint8Array, at)
    }
    const memory = memoryToBytes(tag, value as ArrayBuffer)
    if (memory !== undefined) return this.#extension(EXT_MEMORY, memory, at)
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      this.#enter(depth, 0)
      const toJSON = value.toJSON as () => unknown
      return this.#value(
        this.#runUser(depth, () => toJSON.call(value)),
        at,
        depth,
      )
    }
    // What has a tag of its own (Promise, RegExp, WeakMap, ...) keeps its state where no property shows it.
    if (tag !== 'Object') throw unencodable(`it is a ${tag}`)
    return this.#object(value as Record<string, unknown>, at, depth)
  }

  #runUser<T>(depth: number, run: () => T): T {
    const settings = this.#settings
    const outer = settings.enter(depth, this.#valuesLeft)
    try {
      return run()
    } finally {
      this.#valuesLeft = settings.leave(outer)
    }
  }

  #date(date: Date, at: number): number {
    const ms = date.getTime()
    if (Number.isNaN(ms)) throw unencodable('it is an invalid Date')
    return putTimestamp(this.#bytes, at, ms)
  }

  #binary(data: Uint8Array, at: number): number {
    const size = data.length
    const slab = this.#slab
    if (slab !== undefined && size >= BORROWED_MIN && this.#settings.borrowBinaries) {
      slab.at = putBinaryHeader(this.#bytes, at, size)
      slab.append(Buffer.from(data.buffer, data.byteOffset, size))
      return slab.at
    }
    if (at + HEADER_MAX + size > this.#end) at = this.#grow(at, HEADER_MAX + size)
    at = putBinaryHeader(this.#bytes, at, size)
    this.#bytes.set(data, at)
    return at + size
  }

  #raw(extension: Extension, at: number): number {
    if (!isCode(extension.type)) throw unencodable(`its extension code is ${String(extension.type)}`)
    return this.#extension(extension.type, extension.data, at)
  }

  #extension(code: number, data: Uint8Array, at: number): number {
    if (!(data instanceof Uint8Array)) throw unencodable(`extension ${code} did not give a Uint8Array`)
    if (at + HEADER_MAX + data.length > this.#end) at = this.#grow(at, HEADER_MAX + data.length)
    at = putExtensionHeader(this.#bytes, at, code, data.length)
    this.#bytes.set(data, at)
    return at + data.length
  }

  /** An extension whose data are encoded values, one after the other. */
  #nested(code: number, value: object, at: number, depth: number): number {
    this.#enter(depth, 0)
    if (this.#slab !== undefined) {
      this.#contents ??= new Encoder(this.#settings)
      return this.#extension(code, this.#contents.#encodeParts(code, value, depth, this), at)
    }
    const head = at - this.#start
    at = this.#parts(code, value, this.#roomFor(at, HEADER_MAX), depth)
    const from = this.#start + head
    const size = at - from - HEADER_MAX
    const to = putExtensionHeader(this.#bytes, from, code, size)
    this.#bytes.copyWithin(to, from + HEADER_MAX, at)
    return to + size
  }

  /** The parts alone, for an encoder that writes into a slab: in our memory, until we are used again. */
  #encodeParts(code: number, value: object, depth: number, outer: Encoder): Buffer {
    if (this.#pool === EMPTY) this.#pool = Buffer.allocUnsafeSlow(POOL)
    this.#bytes = this.#pool
    this.#end = this.#pool.length
    this.#start = 0
    this.#valuesLeft = outer.#valuesLeft
    const at = this.#parts(code, value, 0, depth)
    outer.#valuesLeft = this.#valuesLeft
    return this.#bytes.subarray(this.#start, at)
  }

  #parts(code: number, value: object, at: number, depth: number): number {
    if (code === EXT_MAP) return this.#mapParts(value as Map<unknown, unknown>, at, depth)
    if (code === EXT_SET) return this.#setParts(value as Set<unknown>, at, depth)
    return this.#errorParts(value as Error, at, depth)
  }

  #mapParts(map: Map<unknown, unknown>, at: number, depth: number): number {
    let i = 0
    for (const [key, item] of map) {
      this.#enter(depth, 2)
      try {
        at = this.#value(key, at, depth)
      } catch (error) {
        throw within(error, `.keys()[${i}]`)
      }
      try {
        at = this.#value(item, at, depth)
      } catch (error) {
        throw within(error, `.values()[${i}]`)
      }
      i++
    }
    return at
  }

  #setParts(set: Set<unknown>, at: number, depth: number): number {
    let i = 0
    for (const item of set) {
      this.#enter(depth, 1)
      try {
        at = this.#value(item, at, depth)
      } catch (error) {
        throw within(error, `.values()[${i}]`)
      }
      i++
    }
    return at
  }

  // name, message, and when there are any: code (a string or a number, or nil), cause.
  #errorParts(error: Error, at: number, depth: number): number {
    const code: unknown = 'code' in error ? error.code : undefined
    const hasCode = typeof code === 'string' || typeof code === 'number'
    const hasCause = 'cause' in error
    at = this.#value(String(error.name), at, depth)
    at = this.#value(String(error.message), at, depth)
    if (hasCode || hasCause) at = this.#value(hasCode ? code : null, at, depth)
    if (!hasCause) return at
    try {
      return this.#value(error.cause, at, depth)
    } catch (problem) {
      throw within(problem, '.cause')
    }
  }
}

function hasOwnPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}
