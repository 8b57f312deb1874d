// Single MessagePack items written into a slab, for envelopes whose layout is known: no dispatch, no Codec needed.
import { CodecError } from '../base/errors.ts'
import type { Slab } from '../base/slab.ts'
import { HEADER_MAX, putArrayHeader, putMapHeader } from './headers.ts'
import { putNumber } from './numbers.ts'
import { NIL } from './tags.ts'
import { putString, roomForString } from './text.ts'

const NUMBER_MAX = 9

/** The head of an array; `length` values must follow. */
export function writeArrayHeader(slab: Slab, length: number): void {
  if (slab.at + HEADER_MAX > slab.end) slab.reserve(HEADER_MAX)
  slab.at = putArrayHeader(slab.bytes, slab.at, length)
}

/** The head of a map; `pairs` times a key and a value must follow. */
export function writeMapHeader(slab: Slab, pairs: number): void {
  if (slab.at + HEADER_MAX > slab.end) slab.reserve(HEADER_MAX)
  slab.at = putMapHeader(slab.bytes, slab.at, pairs)
}

/** A safe unsigned integer, in its smallest form. */
export function writeUint(slab: Slab, value: number): void {
  if (slab.at + NUMBER_MAX > slab.end) slab.reserve(NUMBER_MAX)
  slab.at = putNumber(slab.bytes, slab.at, value)
}

/** A string. Throws CodecError NOT_ENCODABLE for a lone surrogate; nothing is written then. */
export function writeString(slab: Slab, text: string): void {
  const room = roomForString(text, text.length)
  if (slab.at + room > slab.end) slab.reserve(room)
  const to = putString(slab.bytes, slab.at, text, text.length)
  if (to === -1)
    throw new CodecError('NOT_ENCODABLE', 'a string with a lone surrogate cannot be encoded here')
  slab.at = to
}

/** `null`. */
export function writeNil(slab: Slab): void {
  if (slab.at === slab.end) slab.reserve(1)
  slab.bytes[slab.at++] = NIL
}
