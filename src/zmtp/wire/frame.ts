// Frame headers (RFC 37, "Framing"): their size, writing and reading them, and which flags are legal. Bodies, limits
// and what a frame means are others' business.
import { equalAt, readU64, writeU32, writeU64 } from '../../base/bytes.ts'
import { COMMAND_CANCEL, COMMAND_SUBSCRIBE } from './command.ts'
import {
  FLAG_COMMAND,
  FLAG_LONG,
  FLAG_MORE,
  FLAGS_RESERVED,
  LONG_HEADER_SIZE,
  SHORT_BODY_MAX,
  SHORT_HEADER_SIZE,
} from './constants.ts'

/** Octets of the header in front of a body of `size` octets. */
export function sizeOfHeader(size: number): number {
  return size <= SHORT_BODY_MAX ? SHORT_HEADER_SIZE : LONG_HEADER_SIZE
}

/** Writes the header of a body of `size` octets; `flags` without LONG, which is derived. Returns the body's offset. */
export function writeHeader(bytes: Buffer, at: number, flags: number, size: number): number {
  if (size <= SHORT_BODY_MAX) {
    bytes[at] = flags
    bytes[at + 1] = size
    return at + SHORT_HEADER_SIZE
  }
  bytes[at] = flags | FLAG_LONG
  if (size > U32_MAX) return writeU64(bytes, at + 1, size)
  writeU32(bytes, at + 1, 0)
  return writeU32(bytes, at + 5, size)
}

const U32_MAX = 0xffff_ffff

/** Whether a peer may send these flags: no reserved bit, and no command with MORE. */
export function areFlagsValid(flags: number): boolean {
  const both = FLAG_COMMAND | FLAG_MORE
  return (flags & FLAGS_RESERVED) === 0 && (flags & both) !== both
}

/** Octets of a header that begins with `flags`. */
export function sizeOfHeaderWith(flags: number): number {
  return (flags & FLAG_LONG) === 0 ? SHORT_HEADER_SIZE : LONG_HEADER_SIZE
}

/** The body length in the complete header at `at`: exact up to 2^53, above it rounded, but never small. */
export function readBodySize(bytes: Buffer, at: number): number {
  return (bytes[at]! & FLAG_LONG) === 0 ? bytes[at + 1]! : readU64(bytes, at + 1)
}

/*
 * libzmq 4.3.3 and 4.3.4 send SUBSCRIBE with a topic of 246 to 255 octets (CANCEL: 249 to 255) as 04, without LONG,
 * before an 8-octet length. A command of length 0 is never legal, so `04 00` can be told from a real header:
 *
 *   04 | 00 00 00 00 00 00 01 00..09 | 09 "SUBSCRIBE" or 06 "CANCEL" | topic
 */
export const MISFRAMED_NO = 0
export const MISFRAMED_MAYBE = 1
export const MISFRAMED_YES = 2
/** More octets than this are never needed to tell. */
export const MISFRAMED_SIZE: number = LONG_HEADER_SIZE + COMMAND_SUBSCRIBE.length

/** Whether `bytes[0, length)`, which begin with `04 00`, are such a subscription: MISFRAMED_NO, _MAYBE or _YES. */
export function misframed(bytes: Buffer, length: number): number {
  for (let i = 2; i < Math.min(length, 7); i++) if (bytes[i] !== 0) return MISFRAMED_NO
  if (length > 7 && bytes[7] !== 1) return MISFRAMED_NO
  if (length > 8 && bytes[8]! > LARGEST_MISFRAMED - SHORT_BODY_MAX - 1) return MISFRAMED_NO
  if (length <= LONG_HEADER_SIZE) return MISFRAMED_MAYBE
  const name = bytes[LONG_HEADER_SIZE] === COMMAND_CANCEL[0] ? COMMAND_CANCEL : COMMAND_SUBSCRIBE
  const end = Math.min(length, LONG_HEADER_SIZE + name.length)
  const seen = name.subarray(0, end - LONG_HEADER_SIZE)
  if (!equalAt(bytes, LONG_HEADER_SIZE, end, seen)) return MISFRAMED_NO
  return seen.length === name.length ? MISFRAMED_YES : MISFRAMED_MAYBE
}

/** The body length in the complete header of such a subscription at the start of `bytes`. */
export function readMisframedSize(bytes: Buffer): number {
  return readU64(bytes, 1)
}

// 09 "SUBSCRIBE" and 255 octets of topic.
const LARGEST_MISFRAMED = 265
