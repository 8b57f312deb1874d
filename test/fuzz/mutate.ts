// Inputs that are nearly others: a few octets changed, dropped, doubled, put elsewhere, or taken from a second input.
import type { Noise } from '../support/noise.ts'

const LONGEST = 4096
// Ends of ranges, flags, lengths and tags: what code compares with.
const SPECIAL: readonly number[] = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0f, 0x10, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25,
  0x26, 0x27, 0x28, 0x29, 0x2a, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x91, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1,
  0xc4, 0xc7, 0xca, 0xcb, 0xcf, 0xd3, 0xd4, 0xd6, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xfe, 0xff,
]

/** `input` with one to some faults; `other` lends octets. Neither is changed. */
export function mutate(noise: Noise, input: Buffer, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(input)
  let times = 1 + noise.random(2)
  while (noise.random(3) === 0 && times < 12) times++
  for (; times > 0; times--) bytes = mutateOnce(noise, bytes, other)
  return bytes.length > LONGEST ? bytes.subarray(0, LONGEST) : bytes
}

function mutateOnce(noise: Noise, bytes: Buffer, other: Buffer): Buffer {
  if (bytes.length === 0) return noise.octets(1 + noise.random(8))
  const at = noise.random(bytes.length)
  const size = 1 + noise.random(noise.random(4) === 0 ? 64 : 6)
  const before = bytes.subarray(0, at)
  const rest = bytes.subarray(at)
  switch (noise.random(11)) {
    case 0:
      bytes[at] = noise.random(256)
      return bytes
    case 1:
      bytes[at] = bytes[at]! ^ (1 << noise.random(8))
      return bytes
    case 2:
      bytes[at] = noise.pick(SPECIAL)
      return bytes
    case 3:
      bytes[at] = (bytes[at]! + 255 + 2 * noise.random(2)) & 255
      return bytes
    case 4:
      return Buffer.concat([before, rest.subarray(size)])
    case 5:
      return Buffer.concat([before, noise.octets(size), rest])
    case 6:
      return Buffer.concat([before, rest.subarray(0, size), rest])
    case 7:
      return Buffer.concat([before, rest.subarray(size), rest.subarray(0, size)])
    case 8:
      return Buffer.concat([before, lent(noise, other, size), rest])
    case 9:
      return Buffer.concat([before, lent(noise, other, size), rest.subarray(size)])
    default:
      return noise.random(2) === 0
        ? before
        : Buffer.concat([before, lent(noise, other, 1 + noise.random(256))])
  }
}

function lent(noise: Noise, other: Buffer, size: number): Buffer {
  const from = noise.random(other.length + 1)
  return other.subarray(from, from + size)
}
