// The codec against the plain decoder in test/reference: random values survive, and octets changed at random give
// what the reference gives, or are refused by both. The seed is printed; PSEUD_SEED repeats a run.
import { isDeepStrictEqual } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Codec, CodecError } from '../../src/codec/index.ts'
import { decodeReference } from '../reference/msgpack.ts'

const seed = Number(process.env.PSEUD_SEED ?? Date.now() % 0x7fff_ffff)
console.log(`PSEUD_SEED=${seed}`)
const VALUES = 2500
const MUTATIONS = 10

// mulberry32
let state = seed
function random(): number {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}
function below(n: number): number {
  return Math.floor(random() * n)
}
function list<T>(max: number, make: () => T): T[] {
  return Array.from({ length: below(max + 1) }, make)
}
function text(): string {
  const alphabets = ['abcdefghij', 'äöüß', 'жщю', '日本語', '☕🍵\u{10ffff}', '\0\x7f\u07ff\ufffd']
  return list(1 + below(40), () => [...alphabets[random() < 0.7 ? 0 : below(6)]!][below(3)]!).join('')
}
function bytes(max: number): Buffer {
  return Buffer.from(list(max, () => below(256)))
}
function integer(): number {
  return Math.floor(random() * 2 ** below(54)) * (random() < 0.5 ? 1 : -1)
}
function bigint(): bigint {
  return BigInt(`0x0${bytes(20).toString('hex')}`) * (random() < 0.5 ? 1n : -1n)
}

function value(depth: number): unknown {
  switch (below(depth > 3 ? 12 : 20)) {
    case 0:
      return null
    case 1:
      return undefined
    case 2:
      return random() < 0.5
    case 3:
    case 4:
      return integer()
    case 5:
      return (random() - 0.5) * 10 ** below(300)
    case 6:
      return [Number.NaN, -0, Number.POSITIVE_INFINITY, 0.5, 2 ** 63][below(5)]
    case 7:
      return bigint()
    case 8:
    case 9:
      return text()
    case 10:
      return bytes(40)
    case 11:
      return new Date(integer() % 8.64e15)
    case 12:
      return new Map(list(4, () => [value(depth + 1), value(depth + 1)] as const))
    case 13:
      return new Set(list(4, () => value(depth + 1)))
    case 14:
      return error(depth)
    case 15:
      return random() < 0.5
        ? new Float64Array(list(4, random))
        : new Int16Array(list(4, () => below(65_536))).buffer
    case 16:
    case 17:
      return array(depth)
    default:
      return Object.fromEntries(list(6, () => [text(), value(depth + 1)]))
  }
}
function array(depth: number): unknown[] {
  const items = list(random() < 0.1 ? 40 : 6, () => value(depth + 1))
  if (items.length > 0 && random() < 0.1) delete items[below(items.length)]
  return items
}
function error(depth: number): Error {
  const Class = [Error, TypeError, SyntaxError][below(3)]!
  const made = random() < 0.5 ? new Class(text()) : new Class(text(), { cause: value(depth + 1) })
  return random() < 0.5 ? made : Object.assign(made, { code: random() < 0.5 ? text() : integer() })
}

const codec = new Codec()
const oracle = suite(`oracle (PSEUD_SEED=${seed})`)

oracle(`${VALUES} random values survive, and the reference reads them the same`, () => {
  for (let i = 0; i < VALUES; i++) {
    const original = value(0)
    const encoded = codec.encode(original)
    same(codec.decode(encoded), original, encoded)
    same(decodeReference(encoded), original, encoded)
  }
})

oracle(
  `${VALUES * MUTATIONS} messages changed at random give what the reference gives, or are refused by both`,
  () => {
    let read = 0
    let refused = 0
    for (let i = 0; i < VALUES; i++) {
      const encoded = codec.encode(value(0))
      for (let k = 0; k < MUTATIONS; k++) {
        const changed = mutate(encoded)
        const ours = attempt(() => codec.decode(changed))
        const theirs = attempt(() => decodeReference(changed))
        if (ours.error !== undefined)
          assert.instance(ours.error, CodecError, `${changed.toString('hex')} ${String(ours.error)}`)
        assert.is(ours.error === undefined, theirs.error === undefined, changed.toString('hex'))
        same(ours.value, theirs.value, changed)
        if (ours.error === undefined) read++
        else refused++
      }
    }
    // Both must have happened often, or this test says nothing.
    assert.ok(read > VALUES && refused > VALUES, `${read} read, ${refused} refused`)
  },
)

oracle('what was decoded is encoded to octets that decode to the same', () => {
  for (let i = 0; i < VALUES; i++) {
    const changed = mutate(codec.encode(value(0)))
    const first = attempt(() => codec.decode(changed))
    if (first.error === undefined) same(codec.decode(codec.encode(first.value)), first.value, changed)
  }
})

oracle('skip agrees with the reader about where a value ends', () => {
  const reader = codec.reader()
  for (let i = 0; i < VALUES; i++) {
    const encoded = codec.encode(value(0))
    reader.reset(encoded, 0, encoded.length)
    reader.skip()
    reader.expectEnd()
    const changed = mutate(encoded)
    reader.reset(changed, 0, changed.length)
    if (attempt(() => reader.readValue()).error !== undefined) continue
    const end = reader.at
    reader.reset(changed, 0, changed.length)
    reader.skip()
    assert.is(reader.at, end, changed.toString('hex'))
  }
})

function mutate(original: Buffer): Buffer {
  const changed = Buffer.from(original)
  switch (below(6)) {
    case 0:
      return changed.subarray(0, below(changed.length + 1))
    case 1:
      return Buffer.concat([changed, bytes(3)])
    case 2: {
      const at = below(changed.length)
      return Buffer.concat([changed.subarray(0, at), bytes(4), changed.subarray(at + below(4))])
    }
  }
  // Octets that mean something hit more often.
  const special = [
    0x80, 0x90, 0xa0, 0xc0, 0xc1, 0xc7, 0xd4, 0xd6, 0xd9, 0xdc, 0xdf, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25,
    0x26, 0x27, 0xff,
  ]
  for (let n = 1 + below(3); n > 0 && changed.length > 0; n--) {
    changed[below(changed.length)] = random() < 0.5 ? special[below(special.length)]! : below(256)
  }
  return changed
}

function attempt(run: () => unknown): { value?: unknown; error?: unknown } {
  try {
    return { value: run() }
  } catch (error) {
    return { error: error ?? new Error('nothing was thrown') }
  }
}

// Stacks differ, and are not what this is about.
function same(a: unknown, b: unknown, octets: Buffer): void {
  assert.ok(isDeepStrictEqual(a, b), octets.toString('hex'))
}

oracle.run()
