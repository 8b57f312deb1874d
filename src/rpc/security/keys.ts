// CURVE keys as people hand them over and as they are used.
import { UsageError } from '../../base/errors.ts'
import { encodeZ85, maybeDecodeZ85 } from '../../base/z85.ts'
import type { Key } from './backend.ts'

const KEY_SIZE = 32

/** The 32 octets of a key. Throws `UsageError` BAD_CURVE_KEY; the message names `what`, never the key. */
export function keyBytes(key: Key, what: string): Buffer {
  const bytes = typeof key === 'string' ? maybeDecodeZ85(key) : key
  if (bytes instanceof Uint8Array && bytes.length === KEY_SIZE) return Buffer.from(bytes)
  throw new UsageError(
    'BAD_CURVE_KEY',
    `${what} is a key: 32 octets, or 40 characters of Z85, not ${given(key)}`,
  )
}

/** Z85. */
export function keyText(key: Buffer): string {
  return encodeZ85(key)
}

/** What was given in the place of a key, as far as it may be told. */
function given(key: unknown): string {
  if (typeof key === 'string') return key.length === 40 ? '40 others' : `${key.length} characters`
  return key instanceof Uint8Array ? `${key.length} octets` : typeof key
}
