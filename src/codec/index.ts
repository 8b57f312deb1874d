// The public door `pseud/codec`: value <-> MessagePack. Wire profile and error codes: docs/codec.md. No logic here but the
// Codec with default options that `encode` and `decode` share.
import { Codec } from './codec.ts'

export { CodecError } from '../base/errors.ts'
export { Codec } from './codec.ts'
export { type CodecOptions, Extension, type ExtensionType } from './extensions.ts'
export { DEFAULT_LIMITS, type Limits } from './limits.ts'

let standard: Codec | undefined

/**
 * The octets of `value`, the caller's to keep: as `Codec`, with its default options. Throws `CodecError` NOT_ENCODABLE with the `path` of
 * what has none.
 */
export function encode(value: unknown): Buffer {
  standard ??= new Codec()
  return standard.encode(value)
}

/** The value that `bytes` are: exactly one; as `Codec`, with its default options. Throws `CodecError`; the codes stand in docs/codec.md. */
export function decode(bytes: Uint8Array): unknown {
  standard ??= new Codec()
  return standard.decode(bytes)
}
