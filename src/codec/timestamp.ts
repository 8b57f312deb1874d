/**
 * The timestamp extension (code -1) and Date. Three forms (spec, "Timestamp extension type"): 32-bit seconds; 30-bit
 * nanoseconds and 34-bit seconds; 32-bit nanoseconds and 64-bit signed seconds. A Date has milliseconds: finer parts
 * are cut off towards the past. Pure functions over octets.
 */
import { readU32, writeU32 } from '../base/bytes.ts'
import { putExtensionHeader } from './headers.ts'
import { EXT_TIMESTAMP } from './tags.ts'

const TWO_32 = 0x1_0000_0000
const NANOS = 1_000_000_000
// ECMA-262: a Date reaches 100,000,000 days from 1970 either way.
const DATE_MAX = 8.64e15

/** Writes milliseconds since 1970 (an integer within what a Date can hold), header included. */
export function putTimestamp(bytes: Buffer, at: number, ms: number): number {
  const seconds = Math.floor(ms / 1000)
  const nanos = (ms - seconds * 1000) * 1_000_000
  if (seconds >= 0 && seconds < 4 * TWO_32) {
    if (nanos === 0 && seconds < TWO_32) {
      at = putExtensionHeader(bytes, at, EXT_TIMESTAMP, 4)
      return writeU32(bytes, at, seconds)
    }
    at = putExtensionHeader(bytes, at, EXT_TIMESTAMP, 8)
    at = writeU32(bytes, at, nanos * 4 + Math.floor(seconds / TWO_32))
    return writeU32(bytes, at, seconds >>> 0)
  }
  at = putExtensionHeader(bytes, at, EXT_TIMESTAMP, 12)
  at = writeU32(bytes, at, nanos)
  at = writeU32(bytes, at, Math.floor(seconds / TWO_32))
  return writeU32(bytes, at, seconds >>> 0)
}

/** The Date of a timestamp's data; `undefined` for another size, too many nanoseconds, or a time no Date can hold. */
export function readTimestamp(bytes: Buffer, at: number, size: number): Date | undefined {
  let nanos = 0
  let seconds: number
  if (size === 4) {
    seconds = readU32(bytes, at)
  } else if (size === 8) {
    const high = readU32(bytes, at)
    nanos = high >>> 2
    seconds = (high & 3) * TWO_32 + readU32(bytes, at + 4)
  } else if (size === 12) {
    nanos = readU32(bytes, at)
    seconds = (readU32(bytes, at + 4) | 0) * TWO_32 + readU32(bytes, at + 8)
  } else {
    return undefined
  }
  const ms = seconds * 1000 + Math.floor(nanos / 1_000_000)
  return nanos >= NANOS || Math.abs(ms) > DATE_MAX ? undefined : new Date(ms)
}
