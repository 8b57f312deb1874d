// What users may pass as a message, and how it becomes parts. Pure.
import { asBuffer, EMPTY } from '../../base/bytes.ts'
import type { Message as Parts } from '../routing/pipe.ts'

/** A received part. */
export type Message = Buffer

/** What can be sent as one part: bytes as they are, strings as UTF-8, null as an empty part, numbers as their text. */
export type MessageLike = ArrayBufferView | ArrayBuffer | SharedArrayBuffer | string | null | number

/** The bytes of one part. Anything that is no `MessageLike` goes out as its text, as in the native package. */
export function toPart(value: unknown): Buffer {
  if (typeof value === 'string') return value === '' ? EMPTY : Buffer.from(value)
  // Not by `instanceof` alone: a Proxy of a Buffer passes as one, and throws in the middle of a message.
  if (ArrayBuffer.isView(value)) {
    if (value instanceof Uint8Array) return asBuffer(value)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
  if (value === null) return EMPTY
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return Buffer.from(value)
  return Buffer.from(`${value}`)
}

/** The parts of a message given as an array. */
export function toParts(values: readonly unknown[]): Parts {
  const parts = new Array<Buffer>(values.length)
  for (let i = 0; i < values.length; i++) parts[i] = toPart(values[i])
  return parts
}
