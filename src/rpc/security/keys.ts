// CURVE keys as people hand them over and as they are used.
import { UsageError } from '../../base/errors.ts'
import { decodeZ85, encodeZ85 } from '../../zmtp/connections.ts'
import type { Key } from './backend.ts'

const KEY_SIZE = 32
const KEY_LETTERS = 40

/** The 32 octets of a key. Throws `UsageError` BAD_CURVE_KEY, BAD_Z85; the message names `what`, never the key. */
export function keyBytes(key: Key, what: string): Buffer {
  if (typeof key === 'string' && key.length === KEY_LETTERS) return decodeZ85(key)
  if (key instanceof Uint8Array && key.length === KEY_SIZE) return Buffer.from(key)
  throw new UsageError('BAD_CURVE_KEY', `${what} is a key: 32 octets, or 40 characters of Z85`)
}

/** Z85. */
export function keyText(key: Buffer): string {
  return encodeZ85(key)
}
