/**
 * Z85 (ZeroMQ RFC 32): four octets as five printable characters. How CURVE keys are written.
 */

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

// By character code; 255 stands for none.
const DIGITS = new Uint8Array(128).fill(255)
for (let digit = 0; digit < ALPHABET.length; digit++) DIGITS[ALPHABET.charCodeAt(digit)] = digit

/** The text of `bytes`, whose length must be a multiple of 4. */
export function encodeZ85(bytes: Buffer): string {
  if (bytes.length % 4 !== 0) throw new RangeError('Z85 takes octets by fours')
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    let group = ''
    let value = bytes.readUInt32BE(at)
    for (let i = 0; i < 5; i++) {
      group = ALPHABET[value % 85] + group
      value = Math.floor(value / 85)
    }
    text += group
  }
  return text
}

/** The octets that `text` stands for, or `undefined` when it stands for none. */
export function maybeDecodeZ85(text: string): Buffer | undefined {
  if (text.length % 5 !== 0) return undefined
  const bytes = Buffer.alloc((text.length / 5) * 4)
  for (let group = 0; group < text.length / 5; group++) {
    let value = 0
    for (let i = 0; i < 5; i++) {
      const digit = DIGITS[text.charCodeAt(group * 5 + i)] ?? 255
      if (digit === 255) return undefined
      value = value * 85 + digit
    }
    if (value > 0xffff_ffff) return undefined
    bytes.writeUInt32BE(value, group * 4)
  }
  return bytes
}
