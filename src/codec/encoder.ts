/**
 * Value -> octets: dispatch by type, into memory of its own (`encode`) or straight into a slab (`writeInto`).
 *
 * An extension's header holds the size of contents that are not yet written. In memory of its own the encoder leaves
 * room for the longest header and moves the contents up to the one they need; a slab may change chunks meanwhile, so there
 * the contents are made by a second encoder and copied. Map, Set and Error pay for it, nobody else.
 *
 * One piece of some 500 lines, fifty of them imports: a method for each kind of value, and they call one another.
 *
 * What has no encoding throws an Unencodable from wherever it is; each container on the way out adds its part of the
 * path, so that knowing where we are costs nothing until it is needed.
 */
import type { Slab } from '../base/slab.ts'
import { bigintToBytes } from './bigint.ts'
import { Extension, isCode, type Settings } from './extensions.ts'
import { HEADER_MAX, putArrayHeader, putBinaryHeader, putExtensionHeader, putMapHeader } from './headers.ts'
import { memoryToBytes } from './memory.ts'
import { isInt64, putInt64, putInteger } from './numbers.ts'
import { Output } from './output.ts'
import { PLAIN, type SentShapes } from './shapes.ts'
import {
  EXT_BIGINT,
  EXT_DEFINITION,
  EXT_ERROR,
  EXT_HOLE,
  EXT_MAP,
  EXT_MEMORY,
  EXT_SET,
  EXT_SHAPE,
  EXT_STRING16,
  EXT_UNDEFINED,
  FALSE,
  FIXEXT1,
  NIL,
  TRUE,
} from './tags.ts'
import { lengthOf, putString, roomForString } from './text.ts'
import { putTimestamp } from './timestamp.ts'
import { failEncode, keyPath, unencodable, within } from './unencodable.ts'

// Any value that is no string, binary or extension fits: the longest is a timestamp, 15 octets.
const SCALAR_MAX = 16
/** Binaries from here on are appended to a slab by reference, where the caller allowed it. */
const BORROWED_MIN = 8192

export class Encoder extends Output {
  readonly #maxDepth: number
  #contents: Encoder | undefined
  #shapes: SentShapes | undefined
  #passed = 0

  constructor(settings: Settings) {
    super(settings)
    this.#maxDepth = settings.limits.maxDepth
  }

  /** The octets of `value`. Throws CodecError NOT_ENCODABLE. */
  encode(value: unknown, path: string): Buffer {
    const start = this.beginOwn()
    let bytes: Buffer
    try {
      bytes = this.finish(this.#value(value, start, this.settings.depth))
    } catch (error) {
      throw failEncode(error, path)
    } finally {
      this.release()
    }
    return bytes
  }

  /** Writes `value` at the slab's end. When it throws, the slab holds part of it: the caller rolls back. */
  writeInto(slab: Slab, value: unknown, path: string, shapes?: SentShapes): void {
    const start = this.beginIn(slab)
    this.#shapes = shapes
    try {
      slab.at = this.#value(value, start, this.settings.depth)
    } catch (error) {
      throw failEncode(error, path)
    } finally {
      this.#shapes = undefined
      this.release()
    }
  }

  #value(value: unknown, at: number, depth: number): number {
    if (at + SCALAR_MAX > this.end) at = this.grow(at, SCALAR_MAX)
    switch (typeof value) {
      case 'string':
        return this.#string(value, at)
      case 'number':
        if ((value | 0) === value) return putInteger(this.bytes, at, value)
        return this.putDouble(value, at)
      case 'object':
        if (value === null) {
          this.bytes[at] = NIL
          return at + 1
        }
        if (Array.isArray(value)) return this.#array(value, at, depth + 1)
        if (Object.getPrototypeOf(value) !== Object.prototype) return this.#instance(value, at, depth + 1)
        return this.#shapes === undefined
          ? this.#object(value as Record<string, unknown>, at, depth + 1)
          : this.#shaped(this.#shapes, value as Record<string, unknown>, at, depth + 1)
      case 'boolean':
        this.bytes[at] = value ? TRUE : FALSE
        return at + 1
      case 'undefined':
        return this.#marker(at, EXT_UNDEFINED)
      case 'bigint':
        return this.#bigint(value, at)
      default:
        throw unencodable(`it is a ${typeof value}`)
    }
  }

  /** An extension that says everything by its code: one octet 00. */
  #marker(at: number, code: number): number {
    at = putExtensionHeader(this.bytes, at, code, 1)
    this.bytes[at] = 0
    return at + 1
  }

  #string(text: string, at: number): number {
    const length = lengthOf(text)
    const room = roomForString(text, length)
    if (at + room > this.end) at = this.grow(at, room)
    const to = putString(this.bytes, at, text, length)
    return to === -1 ? this.#extension(EXT_STRING16, Buffer.from(text, 'utf16le').swap16(), at) : to
  }

  #bigint(value: bigint, at: number): number {
    if (isInt64(value)) return putInt64(this.bytes, at, value)
    const data = bigintToBytes(value)
    if (data.length > this.settings.limits.maxBigintBytes) throw unencodable(`it has ${data.length} octets`)
    return this.#extension(EXT_BIGINT, data, at)
  }

  #array(items: readonly unknown[], at: number, depth: number): number {
    const length = items.length
    this.#enter(depth, length)
    at = putArrayHeader(this.bytes, at, length)
    let i = 0
    try {
      for (; i < length; i++) {
        const item = items[i]
        if (typeof item === 'number') {
          if ((item | 0) === item) {
            if (at + SCALAR_MAX > this.end) at = this.grow(at, SCALAR_MAX)
            at = putInteger(this.bytes, at, item)
          } else {
            at = this.#doubles(items, i, length, at)
            i = this.#passed - 1
          }
        } else if (item === undefined && !(i in items)) {
          if (at + SCALAR_MAX > this.end) at = this.grow(at, SCALAR_MAX)
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
   * The doubles of `items[from, length)` up to the first other item, whose index is then in `#passed`. A place that meets arrays of floats and
   * hardly others: where all arrays come by, each float is put into a box first (payload "floats": 13 against 9 ns).
   */
  #doubles(items: readonly unknown[], from: number, length: number, at: number): number {
    let i = from
    for (; i < length; i++) {
      const item = items[i]
      if (typeof item !== 'number' || (item | 0) === item) break
      if (at + SCALAR_MAX > this.end) at = this.grow(at, SCALAR_MAX)
      at = this.putDouble(item, at)
    }
    this.#passed = i
    return at
  }

  /**
   * Own enumerable properties with string keys. Two lists made by the runtime cost less than looking each value up by its
   * name (docs/decisions/0002-codec.md), and a getter cannot make the count wrong afterwards.
   */
  #object(object: Record<string, unknown>, at: number, depth: number): number {
    const keys = Object.keys(object)
    const values = Object.values(object)
    const pairs = keys.length
    if (values.length !== pairs) throw unencodable('a getter changes it')
    if (pairs > this.settings.limits.maxKeys) throw unencodable(`it has ${pairs} keys`)
    this.#enter(depth, pairs)
    if (this.#shapes !== undefined) {
      const to = this.#shapeHead(this.#shapes, keys, at)
      if (to !== PLAIN) return this.#shapeValues(keys, values, to, depth)
    }
    at = putMapHeader(this.bytes, at, pairs)
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

  /**
   * A plain object, which may be of a known shape. Two walks with `for in`, which V8 does from the hidden class, make no lists and
   * look nothing up by name: a good third less than keys and values. What one sees that an object inherits, the other does too.
   */
  #shaped(shapes: SentShapes, object: Record<string, unknown>, at: number, depth: number): number {
    const id = inheritsNothing() ? shapes.findOf(object) : PLAIN
    if (id < 0) return this.#object(object, at, depth)
    const keys = shapes.keysOf(id)
    const pairs = keys.length
    if (pairs > this.settings.limits.maxKeys) throw unencodable(`it has ${pairs} keys`)
    this.#enter(depth, pairs)
    at = this.#shapeReference(id, pairs, at)
    let i = 0
    try {
      for (const key in object) {
        at = this.#value(object[key], at, depth)
        i++
      }
    } catch (error) {
      throw within(error, keyPath(keys[i]!))
    }
    // Fewer or more than were announced: what was written is no message.
    if (i !== pairs) throw unencodable('a getter changes it')
    return at
  }

  #shapeReference(id: number, pairs: number, at: number): number {
    at = putArrayHeader(this.bytes, at, pairs + 1)
    const bytes = this.bytes
    bytes[at] = FIXEXT1
    bytes[at + 1] = EXT_SHAPE
    bytes[at + 2] = id
    return at + 3
  }

  /** The head of an object whose keys are a shape, and which shape; PLAIN, nothing written, when they are none. */
  #shapeHead(shapes: SentShapes, keys: readonly string[], at: number): number {
    const id = shapes.find(keys)
    if (id === PLAIN) return PLAIN
    if (id >= 0) return this.#shapeReference(id, keys.length, at)
    const definition = shapes.define(keys, this.settings.limits.maxKeyBytes)
    if (definition === undefined) return PLAIN
    at = putArrayHeader(this.bytes, at, keys.length + 1)
    return this.#extension(EXT_DEFINITION, definition, at)
  }

  #shapeValues(keys: readonly string[], values: readonly unknown[], at: number, depth: number): number {
    let i = 0
    try {
      for (; i < values.length; i++) at = this.#value(values[i], at, depth)
    } catch (error) {
      throw within(error, keyPath(keys[i]!))
    }
    return at
  }

  #key(key: string, value: unknown, at: number): number {
    const length = lengthOf(key)
    const room = 5 + length * 3
    if (at + room > this.end) at = this.grow(at, room)
    // The names that no decoder of ours takes have these lengths.
    if (length === 9 || length === 11 || length * 3 > this.settings.limits.maxKeyBytes)
      this.#checkKey(key, value)
    const to = putString(this.bytes, at, key, length)
    if (to === -1) throw unencodable('its name has a lone surrogate')
    return to
  }

  #checkKey(key: string, value: unknown): void {
    if (key === '__proto__') throw unencodable('its name is refused by decoders')
    if (key === 'constructor' && hasOwnPrototype(value)) throw unencodable('it holds "prototype"')
    if (Buffer.byteLength(key) > this.settings.limits.maxKeyBytes) throw unencodable('its name is too long')
  }

  #enter(depth: number, items: number): void {
    if (depth > this.#maxDepth) throw unencodable(`it is nested deeper than ${this.#maxDepth}, or in itself`)
    this.valuesLeft -= items
    if (this.valuesLeft < 0) throw unencodable(`there are more than ${this.settings.limits.maxValues} values`)
  }

  #instance(value: object, at: number, depth: number): number {
    for (const extension of this.settings.extensions) {
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
    const settings = this.settings
    const outer = settings.enter(depth, this.valuesLeft)
    try {
      return run()
    } finally {
      this.valuesLeft = settings.leave(outer)
    }
  }

  #date(date: Date, at: number): number {
    const ms = date.getTime()
    if (Number.isNaN(ms)) throw unencodable('it is an invalid Date')
    return putTimestamp(this.bytes, at, ms)
  }

  #binary(data: Uint8Array, at: number): number {
    const size = data.length
    const slab = this.slab
    if (slab !== undefined && size >= BORROWED_MIN && this.settings.borrowBinaries) {
      slab.at = putBinaryHeader(this.bytes, at, size)
      slab.append(Buffer.from(data.buffer, data.byteOffset, size))
      return slab.at
    }
    if (at + HEADER_MAX + size > this.end) at = this.grow(at, HEADER_MAX + size)
    at = putBinaryHeader(this.bytes, at, size)
    this.bytes.set(data, at)
    return at + size
  }

  #raw(extension: Extension, at: number): number {
    const { type } = extension
    // In front of an array the last two would be taken for a shape, and change the reader's table.
    if (!isCode(type) || type === EXT_SHAPE || type === EXT_DEFINITION) {
      throw unencodable(`its extension code is ${String(type)}`)
    }
    return this.#extension(type, extension.data, at)
  }

  #extension(code: number, data: Uint8Array, at: number): number {
    if (!(data instanceof Uint8Array)) throw unencodable(`extension ${code} did not give a Uint8Array`)
    if (at + HEADER_MAX + data.length > this.end) at = this.grow(at, HEADER_MAX + data.length)
    at = putExtensionHeader(this.bytes, at, code, data.length)
    this.bytes.set(data, at)
    return at + data.length
  }

  /** An extension whose data are encoded values, one after the other. */
  #nested(code: number, value: object, at: number, depth: number): number {
    this.#enter(depth, 0)
    if (this.slab !== undefined) {
      this.#contents ??= new Encoder(this.settings)
      const contents = this.#contents
      try {
        at = this.#extension(code, contents.#encodeParts(code, value, depth, this), at)
      } finally {
        contents.release()
      }
      return at
    }
    const head = at - this.start
    at = this.#parts(code, value, at + HEADER_MAX, depth)
    const from = this.start + head
    const size = at - from - HEADER_MAX
    const to = putExtensionHeader(this.bytes, from, code, size)
    this.bytes.copyWithin(to, from + HEADER_MAX, at)
    return to + size
  }

  /** The parts alone, for an encoder that writes into a slab: in our memory, until we are used again. */
  #encodeParts(code: number, value: object, depth: number, outer: Encoder): Buffer {
    const start = this.beginOwn()
    this.valuesLeft = outer.valuesLeft
    const at = this.#parts(code, value, start, depth)
    outer.valuesLeft = this.valuesLeft
    return this.bytes.subarray(this.start, at)
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

/** `for in` over plain objects gives their own properties only: nobody has added an enumerable one to Object.prototype. */
function inheritsNothing(): boolean {
  for (const _ in Object.prototype) return false
  return true
}

function hasOwnPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}
