// The heads of containers, binaries and extensions in their smallest form: pure functions from a count to octets.
// Each needs 6 free octets at `at` and returns the new offset. Knows no slab and no value.
import { writeU16, writeU32 } from '../base/bytes.ts'
import {
  ARRAY16,
  ARRAY32,
  BIN8,
  BIN16,
  BIN32,
  EXT8,
  EXT16,
  EXT32,
  FIXARRAY,
  FIXEXT1,
  FIXEXT2,
  FIXEXT4,
  FIXEXT8,
  FIXEXT16,
  FIXMAP,
  MAP16,
  MAP32,
} from './tags.ts'

/** The most octets one of these takes. */
export const HEADER_MAX = 6

export function putArrayHeader(bytes: Buffer, at: number, length: number): number {
  if (length < 16) {
    bytes[at] = FIXARRAY | length
    return at + 1
  }
  return putCount(bytes, at, length, ARRAY16, ARRAY32)
}

export function putMapHeader(bytes: Buffer, at: number, pairs: number): number {
  if (pairs < 16) {
    bytes[at] = FIXMAP | pairs
    return at + 1
  }
  return putCount(bytes, at, pairs, MAP16, MAP32)
}

function putCount(bytes: Buffer, at: number, count: number, short: number, long: number): number {
  if (count < 0x10000) {
    bytes[at] = short
    return writeU16(bytes, at + 1, count)
  }
  bytes[at] = long
  return writeU32(bytes, at + 1, count)
}

export function putBinaryHeader(bytes: Buffer, at: number, size: number): number {
  return putSize(bytes, at, size, BIN8, BIN16, BIN32)
}

export function putExtensionHeader(bytes: Buffer, at: number, code: number, size: number): number {
  const fixed = fixedTag(size)
  if (fixed !== 0) {
    bytes[at] = fixed
    at++
  } else {
    at = putSize(bytes, at, size, EXT8, EXT16, EXT32)
  }
  bytes[at] = code
  return at + 1
}

function fixedTag(size: number): number {
  switch (size) {
    case 1:
      return FIXEXT1
    case 2:
      return FIXEXT2
    case 4:
      return FIXEXT4
    case 8:
      return FIXEXT8
    case 16:
      return FIXEXT16
    default:
      return 0
  }
}

function putSize(
  bytes: Buffer,
  at: number,
  size: number,
  tag8: number,
  tag16: number,
  tag32: number,
): number {
  if (size < 0x100) {
    bytes[at] = tag8
    bytes[at + 1] = size
    return at + 2
  }
  if (size < 0x10000) {
    bytes[at] = tag16
    return writeU16(bytes, at + 1, size)
  }
  bytes[at] = tag32
  return writeU32(bytes, at + 1, size)
}
