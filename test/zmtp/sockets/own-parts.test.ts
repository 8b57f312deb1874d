// Received parts in memory of their own: the same octets whatever comes in a row, nothing that changes later, little kept alive.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OwnParts } from '../../../src/zmtp/sockets/own-parts.ts'

const test = suite('own parts')

/** Takes parts of `sizes`, each behind `gap` octets, out of one chunk. */
function takeAll(sizes: readonly number[], gap: number, parts = new OwnParts()): Buffer[] {
  const length = sizes.reduce((sum, size) => sum + gap + size, 0)
  const chunk = Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff))
  let at = 0
  const taken = sizes.map((size) => {
    const start = at + gap
    at = start + size
    const part = parts.take(chunk, start, at, length)
    assert.ok(part.equals(chunk.subarray(start, at)), `${size} octets at ${start}`)
    return part
  })
  return taken
}

test('rows of one size, and of all sizes, are taken octet by octet', () => {
  for (const gap of [2, 9]) {
    for (const size of [1, 16, 33, 128, 300, 1000, 1024, 4000, 4095, 4096]) {
      takeAll(Array(Math.ceil(70_000 / size)).fill(size), gap)
    }
    takeAll(
      Array.from({ length: 500 }, (_, i) => (i * 37) % 700),
      gap,
    )
    takeAll(
      Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 16 : 9000)),
      gap,
    )
  }
})

test('parts of a row do not overlap: to write to one changes no other', () => {
  const taken = takeAll(Array(1000).fill(16), 2)
  const before = taken.map((part) => Buffer.from(part))
  taken[500]!.fill(0xff)
  taken.forEach((part, i) => {
    if (i !== 500) assert.ok(part.equals(before[i]!))
  })
})

test("a kept part keeps no more alive than the pool of Node's that any small Buffer is in, and no chunk", () => {
  // 8 KiB; 64 KiB in Node 24.21 and 26, which aligns it.
  const pool = Buffer.poolSize + 64
  for (const part of takeAll(Array(6000).fill(16), 2)) {
    assert.ok(part.buffer.byteLength <= pool, `${part.buffer.byteLength}`)
  }
})

test('what is not settled is not looked at: a box that is opened later is taken as it is then', () => {
  const parts = new OwnParts()
  const chunk = Buffer.alloc(6000)
  for (let at = 0; at < 6000; at += 20) {
    chunk.fill(at / 20, at, at + 20)
    const part = parts.take(chunk, at + 2, at + 20, at + 20)
    assert.ok(part.every((octet) => octet === ((at / 20) & 0xff)))
  }
})

test('chunks of other peers come in between', () => {
  const parts = new OwnParts()
  const chunks = [1, 2].map((value) => Buffer.alloc(4000, value))
  for (let at = 2; at + 18 <= 4000; at += 18) {
    chunks.forEach((chunk, i) => {
      const part = parts.take(chunk, at, at + 16, chunk.length)
      assert.ok(part.every((octet) => octet === i + 1))
    })
  }
})

test('an empty part is empty, anywhere in a row', () => {
  for (const part of takeAll(Array(300).fill(0), 2)) assert.is(part.length, 0)
  takeAll(
    Array.from({ length: 600 }, (_, i) => (i % 3 === 0 ? 0 : 20)),
    2,
  )
})

test.run()
