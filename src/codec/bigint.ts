// bigint <-> the data of its extension: two's complement, big-endian, in as few octets as hold it. Pure functions.

/** The octets of `value`. */
export function bigintToBytes(value: bigint): Buffer {
  // -1 - v has the complement's bits, and no sign.
  const negative = value < 0n
  let hex = (negative ? -1n - value : value).toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  if (Number.parseInt(hex[0]!, 16) >= 8) hex = `00${hex}`
  const bytes = Buffer.from(hex, 'hex')
  if (negative) complement(bytes)
  return bytes
}

/** The value of octets made by `bigintToBytes`; leading octets that say nothing are allowed, none at all is 0n. */
export function bigintFromBytes(bytes: Buffer, at: number, size: number): bigint {
  if (size === 0) return 0n
  const own = Buffer.from(bytes.subarray(at, at + size))
  const negative = own[0]! >= 0x80
  if (negative) complement(own)
  const value = BigInt(`0x${own.toString('hex')}`)
  return negative ? -1n - value : value
}

function complement(bytes: Buffer): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = ~bytes[i]!
}
