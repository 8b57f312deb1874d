// Numbers and 64-bit integers in their smallest form, and back. Pure functions over octets; -0, NaN and the infinities
// are floats, a float goes as 32 bits when that keeps its value. Needs 9 free octets at `at`, returns the new offset.
import { readU32, writeU32 } from '../base/bytes.ts'
import { FLOAT32, FLOAT64, INT64, UINT8, UINT32, UINT64 } from './tags.ts'

const TWO_32 = 0x1_0000_0000

// One float over the integers that spell it. Which of two 32-bit halves is the high one depends on the machine.
const float64 = new Float64Array(1)
const halves = new Int32Array(float64.buffer)
const float32 = new Float32Array(1)
const whole = new Int32Array(float32.buffer)
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0]!
const LOW = 1 - HIGH

export function putNumber(bytes: Buffer, at: number, value: number): number {
  if ((value | 0) === value) return putInteger(bytes, at, value)
  return Number.isSafeInteger(value) ? putLargeInteger(bytes, at, value) : putFloat(bytes, at, value)
}

/**
 * As `putNumber`, for what `value | 0` leaves as it is (which takes -0 for 0). Behind the short forms there is no branch: sizes in
 * data are at random, and a branch that the processor guesses wrong costs more than all of this (payload "numbers": 12 against 8 ns).
 */
export function putInteger(bytes: Buffer, at: number, value: number): number {
  if (value >= 0 && value < 0x80) {
    if (value === 0 && 1 / value < 0) return putFloat(bytes, at, value)
    bytes[at] = value
    return at + 1
  }
  if (value < 0 && value >= -0x20) {
    bytes[at] = value
    return at + 1
  }
  // UINT8, UINT16, UINT32 follow one another, as do INT8, INT16, INT32, four further on: `size` is 0, 1 or 2, for 1 << size octets.
  const sign = value >> 31
  const bits = (value ^ sign) << (sign & 1)
  let size = 3 - (Math.clz32(bits) >>> 3)
  size -= size & (size >> 1)
  // Always four octets, of which the wanted come first; what is written too much is written over.
  const octets = value << (32 - (8 << size))
  bytes[at] = UINT8 + (sign & 4) + size
  bytes[at + 1] = octets >>> 24
  bytes[at + 2] = octets >>> 16
  bytes[at + 3] = octets >>> 8
  bytes[at + 4] = octets
  return at + 1 + (1 << size)
}

// Safe integers outside the signed 32 bits.
function putLargeInteger(bytes: Buffer, at: number, value: number): number {
  if (value > 0 && value < TWO_32) {
    bytes[at] = UINT32
    return writeU32(bytes, at + 1, value)
  }
  bytes[at] = value > 0 ? UINT64 : INT64
  const high = Math.floor(value / TWO_32)
  writeU32(bytes, at + 1, high)
  return writeU32(bytes, at + 5, value - high * TWO_32)
}

function putFloat(bytes: Buffer, at: number, value: number): number {
  float32[0] = value
  if (float32[0] === value || Number.isNaN(value)) {
    bytes[at] = FLOAT32
    return writeU32(bytes, at + 1, whole[0]!)
  }
  float64[0] = value
  bytes[at] = FLOAT64
  writeU32(bytes, at + 1, halves[HIGH]!)
  return writeU32(bytes, at + 5, halves[LOW]!)
}

/** Whether the wire has a 64-bit integer for it, and that would come back as a bigint (not as a number). */
export function isInt64(value: bigint): boolean {
  return value > 0n
    ? value > MAX_SAFE && BigInt.asUintN(64, value) === value
    : value < -MAX_SAFE && BigInt.asIntN(64, value) === value
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** Writes a bigint for which `isInt64` holds. */
export function putInt64(bytes: Buffer, at: number, value: bigint): number {
  bytes[at] = value > 0n ? UINT64 : INT64
  writeU32(bytes, at + 1, Number(BigInt.asUintN(32, value >> 32n)))
  return writeU32(bytes, at + 5, Number(BigInt.asUintN(32, value)))
}

export function readFloat32(bytes: Buffer, at: number): number {
  whole[0] = readU32(bytes, at)
  return float32[0]!
}

export function readFloat64(bytes: Buffer, at: number): number {
  halves[HIGH] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  halves[LOW] = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!
  return float64[0]!
}

/** An unsigned 64-bit integer: a number up to 2^53 - 1, a bigint above. */
export function readUint64(bytes: Buffer, at: number): number | bigint {
  const high = readU32(bytes, at)
  const low = readU32(bytes, at + 4)
  if (high < 0x20_0000) return high * TWO_32 + low
  return (BigInt(high) << 32n) | BigInt(low)
}

/** A signed 64-bit integer: a number from -(2^53 - 1) to 2^53 - 1, a bigint beyond. */
export function readInt64(bytes: Buffer, at: number): number | bigint {
  const high = readU32(bytes, at) | 0
  const low = readU32(bytes, at + 4)
  const value = high * TWO_32 + low
  if (Number.isSafeInteger(value)) return value
  return (BigInt(high) << 32n) | BigInt(low)
}
