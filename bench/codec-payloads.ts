// The twelve values that codec benchmarks encode and decode: what RPC calls carry, from a few octets to some kilobytes.
// Data only, the same in every run; only types that every MessagePack library for JavaScript keeps as they are.

/** A payload and what stands for it in tables. */
export interface Payload {
  readonly name: string
  readonly value: unknown
}

const CITIES = ['Lisbon', 'Zürich', 'Montréal', 'Oslo', 'Nairobi', 'São Paulo', 'Kyoto']

// By characters, so that no cut falls inside one.
const RUSSIAN = [...'Съешь же ещё этих мягких 日本語 булок, да выпей чаю ☕🍵. '.repeat(5)]

// A linear congruential generator: numbers that look like data, without a seed from outside.
let state = 12345
function random(): number {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return state / 0x80000000
}

// Of every size up to a thousand million, each seventh negative; no -0, which not every library keeps.
function integer(i: number): number {
  const size = Math.floor(random() * 10 ** (i % 10))
  return i % 7 === 0 ? 0 - size : size
}

function record(i: number): Record<string, unknown> {
  return {
    id: 1000 + i,
    name: `Person ${i}`,
    email: `person.${i}@example.org`,
    active: i % 3 !== 0,
    score: Math.round(random() * 1e6) / 1e4,
    tags: i % 2 === 0 ? ['red', 'green'] : ['blue'],
    address: { street: `${i} High Street`, city: CITIES[i % CITIES.length], zip: String(10000 + i) },
  }
}

function deep(level: number): unknown {
  return level === 0 ? 'bottom' : { level, left: [level], next: deep(level - 1) }
}

export const payloads: readonly Payload[] = [
  { name: 'small call', value: [0, 1234, 'math.add', [2, 4]] },
  {
    name: 'nested call',
    value: [
      0,
      99,
      'orders.create',
      [{ customer: { id: 7, name: 'Ada' }, items: [{ sku: 'A-1', n: 2 }] }],
      { d: 30000 },
    ],
  },
  { name: 'records', value: Array.from({ length: 50 }, (_, i) => record(i)) },
  {
    name: 'numbers',
    value: Array.from({ length: 500 }, (_, i) => integer(i)),
  },
  { name: 'floats', value: Array.from({ length: 500 }, () => random() * 1000 - 500) },
  {
    name: 'ascii text',
    value: Array.from({ length: 40 }, (_, i) =>
      'The quick brown fox jumps over the lazy dog. '.repeat(5).slice(0, 4 + i * 5),
    ),
  },
  {
    name: 'non-ascii text',
    value: Array.from({ length: 40 }, (_, i) => RUSSIAN.slice(0, 4 + i * 5).join('')),
  },
  {
    name: '4 KB binary',
    value: [1, 77, Buffer.from(Array.from({ length: 4096 }, () => Math.floor(random() * 256)))],
  },
  { name: 'deep', value: deep(40) },
  {
    name: 'wide map',
    value: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`setting_${i}`, i * 3])),
  },
  {
    name: 'dates',
    value: Array.from({ length: 50 }, (_, i) => new Date(1_700_000_000_000 + i * 86_400_123)),
  },
  {
    name: 'mixed',
    value: {
      at: new Date(1_700_000_000_500),
      ok: true,
      none: null,
      ratio: 0.125,
      pi: Math.PI,
      count: 123_456,
      big: 9_007_199_254_740_991,
      title: 'Grüße aus Köln',
      text: 'A sentence of ordinary length, as they stand in logs and answers.',
      list: [1, 'two', 3.5, [4, { five: 5 }], -6],
      data: Buffer.from('0123456789abcdef'),
      nested: { a: { b: { c: ['x', 'y', 'z'] } } },
    },
  },
]
