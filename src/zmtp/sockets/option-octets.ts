// Option values as the octets that libzmq is handed and hands out: which kind of accessor a caller uses says how many octets there are
// and how they read, whatever the option itself is. Pure; which option takes which octets is options.ts' matter.
import type { OptionKind } from './option-table.ts'

/** What an accessor of a kind gives. */
export type OptionReading = number | boolean | string | null

/** How many octets an accessor of a kind has room for. */
export const ROOM: Readonly<Record<OptionKind, number>> = {
  Bool: 4,
  Int32: 4,
  Uint32: 4,
  Int64: 8,
  Uint64: 8,
  String: 1024,
}

/** The octets of `value`; `null` for null and for an empty view, which is not the same as ''. Throws TypeError for a wrong type. */
export function toOctets(kind: OptionKind, value: unknown): Buffer | null {
  switch (kind) {
    case 'Bool':
      if (typeof value !== 'boolean') throw new TypeError('Option value must be a boolean')
      return int32(Number(value))
    case 'String':
      if (value === null) return null
      if (typeof value === 'string') return Buffer.from(value)
      if (ArrayBuffer.isView(value)) return value.byteLength === 0 ? null : copyOf(value)
      throw new TypeError('Option value must be a string or buffer')
    default:
      if (typeof value !== 'number') throw new TypeError('Option value must be a number')
      return kind === 'Int32' || kind === 'Uint32' ? int32(value | 0) : int64(toBigInt(kind, value))
  }
}

/** What an accessor of `kind` makes of octets that fit its room. A string ends at its first NUL; an empty one is null. */
export function fromOctets(kind: OptionKind, octets: Buffer): OptionReading {
  if (kind === 'String') {
    if (octets.length === 0 || (octets.length === 1 && octets[0] === 0)) return null
    const end = octets.indexOf(0)
    return octets.toString('utf8', 0, end < 0 ? octets.length : end)
  }
  const padded = Buffer.alloc(ROOM[kind])
  octets.copy(padded)
  switch (kind) {
    case 'Bool':
      return padded.readInt32LE() !== 0
    case 'Int32':
      return padded.readInt32LE()
    case 'Uint32':
      return padded.readUInt32LE()
    case 'Int64':
      return Number(padded.readBigInt64LE())
    default:
      return Number(padded.readBigUInt64LE())
  }
}

/** Four octets. */
export function int32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeInt32LE(value)
  return octets
}

/** Eight octets. */
export function int64(value: bigint): Buffer {
  const octets = Buffer.alloc(8)
  octets.writeBigUInt64LE(BigInt.asUintN(64, value))
  return octets
}

function copyOf(view: ArrayBufferView): Buffer {
  return Buffer.from(Buffer.from(view.buffer, view.byteOffset, view.byteLength))
}

// The nearest integer of 64 bits, as the native package's conversions find it.
function toBigInt(kind: 'Int64' | 'Uint64', value: number): bigint {
  if (kind === 'Int64') {
    if (!Number.isFinite(value)) return 0n
    if (value >= 2 ** 63) return 2n ** 63n - 1n
    return value <= -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(value))
  }
  if (Number.isNaN(value)) return 2n ** 63n
  if (value > Number.MAX_SAFE_INTEGER) {
    process.emitWarning(
      'Value is larger than Number.MAX_SAFE_INTEGER and may have been rounded inaccurately.',
    )
  }
  if (value >= 2 ** 64) return 2n ** 64n - 1n
  return value > 0 ? BigInt(Math.trunc(value)) : 0n
}
