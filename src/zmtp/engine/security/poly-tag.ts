/**
 * Poly1305 of octets where they lie: the arithmetic and the key's set-up are those of @noble/ciphers, which is only fed otherwise. Its `update` copies what it is
 * given, and its last block once more, which takes four times as long as the two blocks of a short message. Knows no box and no nonce.
 */
import { Poly1305 } from '@noble/ciphers/_poly1305.js'

/** The tag of `bytes[start, end)` under `key`, 32 octets that are used once, into the 16 octets of `tag`. */
export function makeTag(
  key: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  tag: Uint8Array,
): void {
  const mac = new Poly1305(key) as unknown as Fed
  const { buffer } = mac
  let at = start
  for (const last = end - BLOCK; at <= last; at += BLOCK) mac.process(bytes, at)
  let rest = 0
  while (at < end) buffer[rest++] = bytes[at++]!
  mac.pos = rest
  mac.digestInto(tag)
  mac.destroy()
}

/** What `update` itself works on. Private in the library's types, so its version is pinned, and tests compare each length with `poly1305`. */
interface Fed {
  /** Takes the whole block at `at`. */
  process(bytes: Uint8Array, at: number): void
  /** The start of a block that is not whole. */
  readonly buffer: Uint8Array
  /** How many octets of it there are. */
  pos: number
  digestInto(tag: Uint8Array): void
  destroy(): void
}

const BLOCK = 16
