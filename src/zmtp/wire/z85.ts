// Z85 (RFC 32): 4 octets, as a big-endian number, are 5 characters of base 85. How CURVE keys are written by people.
import { readU32, writeU32 } from '../../base/bytes.ts'
import { UsageError } from '../../base/errors.ts'

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
const VALUES: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (letter, value) => [letter, value]))
const BASE = ALPHABET.length
const LETTERS = 5
const OCTETS = 4
const GROUP_MAX = 0xffff_ffff

/** Text of 5 characters for every 4 octets. Throws `UsageError` BAD_Z85 when their number is not a multiple of 4. */
export function encodeZ85(bytes: Uint8Array): string {
  if (bytes.length % OCTETS !== 0) failZ85('the number of octets is not a multiple of 4')
  let text = ''
  for (let at = 0; at < bytes.length; at += OCTETS) {
    let rest = readU32(bytes, at)
    let group = ''
    for (let i = 0; i < LETTERS; i++) {
      group = ALPHABET[rest % BASE]! + group
      rest = Math.floor(rest / BASE)
    }
    text += group
  }
  return text
}

/** The octets behind `text`. Throws `UsageError` BAD_Z85, without repeating the text, which may be a secret. */
export function decodeZ85(text: string): Buffer {
  if (text.length % LETTERS !== 0) failZ85('the number of characters is not a multiple of 5')
  const bytes = Buffer.alloc((text.length / LETTERS) * OCTETS)
  for (let group = 0; group * LETTERS < text.length; group++) {
    let value = 0
    for (let i = 0; i < LETTERS; i++) {
      const digit = VALUES.get(text[group * LETTERS + i]!)
      if (digit === undefined) failZ85(`character ${group * LETTERS + i + 1} is none of Z85's`)
      value = value * BASE + digit
    }
    if (value > GROUP_MAX)
      failZ85(`characters ${group * LETTERS + 1} to ${(group + 1) * LETTERS} are too large a number`)
    writeU32(bytes, group * OCTETS, value)
  }
  return bytes
}

function failZ85(fault: string): never {
  throw new UsageError('BAD_Z85', `not Z85: ${fault}`)
}
