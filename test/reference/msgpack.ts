// A MessagePack decoder as plain as can be, of the profile in docs/codec.md but without its limits: the oracle of
// test/codec/oracle.test.ts. Shares no code with src/codec. Throws for whatever it does not take.
const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }
const MEMORY = [
  ArrayBuffer,
  DataView,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]
const HOLE = Symbol('hole')
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `shapes`: what messages before this one have defined, to which this one adds. */
export function decodeReference(bytes: Buffer, shapes?: string[][]): unknown {
  const values = sequence(bytes, shapes)
  if (values.length !== 1 || values[0] === HOLE) throw new Error('not one value')
  return values[0]
}

function sequence(b: Buffer, shapes?: string[][], onlyKeys = false): unknown[] {
  let at = 0
  const values: unknown[] = []
  while (at < b.length) values.push(onlyKeys ? key() : value())
  return values

  function take(size: number): Buffer {
    if (at + size > b.length) throw new Error('truncated')
    at += size
    return b.subarray(at - size, at)
  }
  function uint(octets: number): number {
    return take(octets).readUIntBE(0, octets)
  }
  function safe(n: bigint): number | bigint {
    return Number.isSafeInteger(Number(n)) ? Number(n) : n
  }
  function text(size: number): string {
    return UTF8.decode(take(size))
  }
  function array(length: number): unknown[] {
    const list: unknown[] = []
    if (shapes !== undefined && length > 0 && atShape()) return object(shape(shapes), length)
    for (let i = 0; i < length; i++) {
      const item = value()
      if (item === HOLE) list.length = i + 1
      else list[i] = item
    }
    return list
  }
  function atShape(): boolean {
    const sizes: Record<number, number> = { 199: 1, 200: 2, 201: 4 }
    const fixed = b[at]! >= 0xd4 && b[at]! <= 0xd8
    return (fixed || b[at]! in sizes) && [40, 41].includes(b[at + 1 + (sizes[b[at]!] ?? 0)]!)
  }
  function shape(known: string[][]): string[] {
    const tag = uint(1)
    const size = tag < 0xd0 ? uint(1 << (tag - 0xc7)) : 1 << (tag - 0xd4)
    const isNew = take(1)[0] === 41
    const data = take(size)
    if (!isNew) return known[data[0]!]!
    const keys = sequence(data.subarray(1), undefined, true) as string[]
    if (data[0] !== known.length || keys.length === 0) throw new Error('shape')
    known.push(keys)
    return keys
  }
  function object(keys: string[], length: number): never {
    if (keys.length !== length - 1) throw new Error('shape')
    return made(keys.map((name) => [name, value()])) as never
  }
  function map(pairs: number): object {
    const entries: [string, unknown][] = []
    for (let i = 0; i < pairs; i++) entries.push([key(), value()])
    return made(entries)
  }
  function key(): string {
    const tag = b[at]!
    const isString = (tag >= 0xa0 && tag < 0xc0) || (tag >= 0xd9 && tag <= 0xdb)
    const name = value()
    if (!isString || name === '__proto__') throw new Error('key')
    return name as string
  }
  function made(entries: [string, unknown][]): object {
    for (const [name, item] of entries) {
      const pollutes = name === 'constructor' && item instanceof Object && Object.hasOwn(item, 'prototype')
      if (pollutes || item === HOLE) throw new Error('key')
    }
    return Object.fromEntries(entries)
  }
  function extension(size: number): unknown {
    const code = take(1).readInt8()
    const data = take(size)
    if (code === -1) return timestamp(data)
    if (code === 32) return size === 0 ? 0n : BigInt.asIntN(size * 8, BigInt(`0x${data.toString('hex')}`))
    if (code === 33 && data.equals(Buffer.alloc(1))) return undefined
    if (code === 34 && data.equals(Buffer.alloc(1))) return HOLE
    if (code === 35 || code === 36 || code === 37) {
      const parts = sequence(data)
      if (parts.includes(HOLE)) throw new Error('hole')
      if (code === 36) return new Set(parts)
      if (code === 37) return error(parts)
      if (parts.length % 2 === 1) throw new Error('odd')
      return new Map(parts.flatMap((part, i) => (i % 2 === 0 ? [[part, parts[i + 1]] as const] : [])))
    }
    if (code === 38) {
      const own = new Uint8Array(data.subarray(1)).buffer
      const Kind = MEMORY[data[0]!]!
      return Kind === ArrayBuffer ? own : new (Kind as Float64ArrayConstructor)(own)
    }
    if (code === 39 && size % 2 === 0) return Buffer.from(data).swap16().toString('utf16le')
    throw new Error('extension')
  }
  function value(): unknown {
    const tag = uint(1)
    if (tag < 0x80) return tag
    if (tag < 0x90) return map(tag & 15)
    if (tag < 0xa0) return array(tag & 15)
    if (tag < 0xc0) return text(tag & 31)
    if (tag >= 0xe0) return tag - 256
    switch (tag) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return Buffer.from(take(uint(1 << (tag - 0xc4))))
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return extension(uint(1 << (tag - 0xc7)))
      case 0xca:
        return take(4).readFloatBE()
      case 0xcb:
        return take(8).readDoubleBE()
      case 0xcc:
      case 0xcd:
      case 0xce:
        return uint(1 << (tag - 0xcc))
      case 0xcf:
        return safe(take(8).readBigUInt64BE())
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return take(1 << (tag - 0xd0)).readIntBE(0, 1 << (tag - 0xd0))
      case 0xd3:
        return safe(take(8).readBigInt64BE())
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return extension(1 << (tag - 0xd4))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return text(uint(1 << (tag - 0xd9)))
      case 0xdc:
      case 0xdd:
        return array(uint(tag === 0xdc ? 2 : 4))
      case 0xde:
      case 0xdf:
        return map(uint(tag === 0xde ? 2 : 4))
      default:
        throw new Error('c1')
    }
  }
}

function timestamp(data: Buffer): Date {
  let nanos = 0
  let seconds: bigint
  if (data.length === 4) seconds = BigInt(data.readUInt32BE())
  else if (data.length === 8) {
    const bits = data.readBigUInt64BE()
    nanos = Number(bits >> 34n)
    seconds = bits & 0x3_ffff_ffffn
  } else if (data.length === 12) {
    nanos = data.readUInt32BE()
    seconds = data.readBigInt64BE(4)
  } else throw new Error('timestamp')
  const date = new Date(Number(seconds) * 1000 + Math.floor(nanos / 1e6))
  if (nanos > 999_999_999 || Number.isNaN(date.getTime())) throw new Error('timestamp')
  return date
}

function error(parts: unknown[]): Error {
  const [name, message, code, cause] = parts
  if (typeof name !== 'string' || typeof message !== 'string' || parts.length > 4) throw new Error('error')
  const Class = Object.hasOwn(ERRORS, name) ? ERRORS[name as keyof typeof ERRORS] : Error
  const made = parts.length > 3 ? new Class(message, { cause }) : new Class(message)
  if (made.name !== name) Object.defineProperty(made, 'name', { value: name })
  if (parts.length > 2 && code !== null) {
    if (typeof code !== 'string' && typeof code !== 'number') throw new Error('code')
    Object.assign(made, { code })
  }
  return made
}
