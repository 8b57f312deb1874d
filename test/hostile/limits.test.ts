// Limits that no row reaches, or not from all three sides: at each, one below, one above, and what an attack on it makes us keep.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Codec, type CodecError } from '../../src/codec/index.ts'
import { Pipe } from '../../src/zmtp/routing/pipe.ts'
import { Subscriptions } from '../../src/zmtp/routing/subscriptions.ts'
import { eventsOf, octets, readyEngine } from '../support/engine.ts'

const test = suite('limits')
const MIB = 1 << 20

/** Octets outside of the heap that `run` makes us keep, until what it returns is dropped. */
function keeps(run: () => unknown): number {
  const before = process.memoryUsage().arrayBuffers
  const kept = run()
  const after = process.memoryUsage().arrayBuffers
  assert.ok(kept !== undefined)
  return after - before
}

function codeOf(bytes: Buffer): string | undefined {
  try {
    new Codec().decode(bytes)
    return undefined
  } catch (error) {
    return (error as CodecError).code
  }
}

test('a length of 2^31-1 that is only announced, on 200 connections, costs at most 64 KiB each', () => {
  const announced = octets('02 000000007fffffff 6161')
  const octetsKept = keeps(() =>
    Array.from({ length: 200 }, () => {
      const engine = readyEngine('ROUTER', 'DEALER')
      engine.handleBytes(Buffer.from(announced), 0)
      assert.equal(eventsOf(engine), [])
      return engine
    }),
  )
  assert.ok(octetsKept < MIB + 200 * 65_536, `${octetsKept}`)
})

for (const [octetsMore, code] of [
  [-1, undefined],
  [0, undefined],
  [1, 'TOPICS_TOO_LARGE'],
] as const) {
  test(`topics of 1 MiB and ${octetsMore} octets: ${code ?? 'taken'}`, () => {
    const subscriptions = new Subscriptions()
    const pipe = Object.create(Pipe.prototype) as Pipe
    const sizes = Array.from({ length: 255 }, () => 4096)
    sizes.push(4096 - 1 + Math.min(octetsMore, 0), 1)
    if (octetsMore > 0) sizes.push(octetsMore)
    const codes = sizes.map((size, n) => {
      const topic = Buffer.alloc(size, n)
      const excess = subscriptions.excess(pipe, topic)
      if (excess === undefined) subscriptions.add(pipe, topic)
      return excess?.code
    })
    assert.is(codes.at(-1), code)
    assert.ok(codes.slice(0, -1).every((one) => one === undefined))
  })
}

const KEYS = 65_536
for (const [what, make, limit, code] of [
  [
    'octets of a key',
    (n: number) =>
      Buffer.concat([Buffer.of(0x81, 0xda, n >> 8, n & 255), Buffer.alloc(n, 'k'), Buffer.of(0xc0)]),
    1024,
    'BAD_KEY',
  ],
  ['keys of a map', keysOf, KEYS, 'TOO_MANY_KEYS'],
  [
    'arrays in one another',
    (n: number) => Buffer.concat([Buffer.alloc(n, 0x91), Buffer.of(0xc0)]),
    100,
    'TOO_DEEP',
  ],
  [
    'values',
    (n: number) =>
      Buffer.concat([
        Buffer.of(0xdd, n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255),
        Buffer.alloc(n, 0xc0),
      ]),
    1_000_000,
    'TOO_MANY_VALUES',
  ],
] as const) {
  test(`${what}: ${limit - 1} and ${limit} are taken, ${limit + 1} are ${code}, and take no memory`, () => {
    assert.is(codeOf(make(limit - 1)), undefined)
    assert.is(codeOf(make(limit)), undefined)
    const above = make(limit + 1)
    const before = process.memoryUsage()
    assert.is(codeOf(above), code)
    const after = process.memoryUsage()
    assert.ok(after.arrayBuffers - before.arrayBuffers < MIB)
    assert.ok(after.heapUsed - before.heapUsed < 64 * MIB)
  })
}

test.run()

function keysOf(pairs: number): Buffer {
  const head = Buffer.of(0xdf, 0, 0, 0, 0)
  head.writeUInt32BE(pairs, 1)
  return Buffer.concat([
    head,
    ...Array.from({ length: pairs }, (_, i) => Buffer.of(0xa2, 65 + (i % 26), 65, 1)),
  ])
}
