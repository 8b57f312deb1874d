// Limits of values: octets to a Codec with its defaults.
import { Codec, type CodecError } from '../../../src/codec/index.ts'
import { type LimitRow, type Meter, NOISE } from './row.ts'

function decode(octetsOf: (size: number) => Buffer): (size: number, meter: Meter) => string {
  return (size, meter) => {
    const octets = octetsOf(size)
    const codec = new Codec()
    meter.begin()
    meter.sent = octets.length
    let value: unknown
    let code = 'taken'
    try {
      value = codec.decode(octets)
    } catch (error) {
      code = (error as CodecError).code
    }
    meter.height()
    return value === undefined ? code : 'taken'
  }
}

function head32(tag: number, size: number): Buffer {
  const head = Buffer.of(tag, 0, 0, 0, 0)
  head.writeUInt32BE(size, 1)
  return head
}

const keys = (count: number): Buffer =>
  Buffer.concat([
    head32(0xdf, count),
    ...Array.from({ length: count }, (_, n) =>
      Buffer.of(0xa3, 65 + (n & 15), 65 + ((n >> 4) & 15), 65 + ((n >> 8) % 26), 1),
    ),
  ])

// 60 octets of heap for an octet of the message is what the smallest values cost: docs/codec.md.
const holds = (sent: number): number => 60 * sent + NOISE
const refused = (code: string) => ['taken', 'taken', code] as const

export const VALUE_ROWS: readonly LimitRow[] = [
  {
    limit: 'maxDepth',
    value: 100,
    comes: refused('TOO_DEEP'),
    holds,
    attack: decode((size) => Buffer.concat([Buffer.alloc(size, 0x91), Buffer.of(0xc0)])),
  },
  // Of values that cost nothing beside their slot.
  {
    limit: 'maxValues',
    value: 1_000_000,
    comes: refused('TOO_MANY_VALUES'),
    holds,
    attack: decode((size) => Buffer.concat([head32(0xdd, size), Buffer.alloc(size, 0xc0)])),
  },
  { limit: 'maxKeys', value: 65_536, comes: refused('TOO_MANY_KEYS'), holds, attack: decode(keys) },
  {
    limit: 'maxKeyBytes',
    value: 1024,
    comes: refused('BAD_KEY'),
    holds,
    attack: decode((size) =>
      Buffer.concat([Buffer.of(0x81, 0xda, size >> 8, size & 255), Buffer.alloc(size, 'k'), Buffer.of(1)]),
    ),
  },
  {
    limit: 'maxBigintBytes',
    value: 65_536,
    comes: refused('BAD_EXTENSION'),
    holds,
    attack: decode((size) => Buffer.concat([head32(0xc9, size), Buffer.of(0x20), Buffer.alloc(size, 0x11)])),
  },
]
