// Single items written into a slab: the same octets as encode gives, across the ends of chunks, and memory that is safe
// to hand out.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Slab } from '../../src/base/slab.ts'
import { Codec, decode, encode } from '../../src/codec/index.ts'
import {
  writeArrayHeader,
  writeMapHeader,
  writeNil,
  writeString,
  writeUint,
} from '../../src/codec/messages.ts'
import { hex, refused } from './feed.ts'

/** What `write` puts into a slab, for every number of free octets in its chunk from none to `spare`. */
function written(write: (slab: Slab) => void, spare = 12): Buffer {
  let first: Buffer | undefined
  for (let free = 0; free <= spare; free++) {
    const slab = new Slab()
    slab.reserve(4096)
    slab.at = slab.end - free
    const used = slab.byteLength
    write(slab)
    const pieces: Buffer[] = []
    slab.take(pieces, [])
    const bytes = Buffer.concat(pieces).subarray(used)
    first ??= bytes
    assert.ok(bytes.equals(first), `${free} octets free`)
  }
  return first!
}

const writer = suite('writer')

writer('headers in their smallest form', () => {
  const array = (n: number) => written((slab) => writeArrayHeader(slab, n)).toString('hex')
  const map = (n: number) => written((slab) => writeMapHeader(slab, n)).toString('hex')
  assert.equal([0, 15, 16, 65_535, 65_536].map(array), ['90', '9f', 'dc0010', 'dcffff', 'dd00010000'])
  assert.equal([0, 15, 16, 65_535, 65_536].map(map), ['80', '8f', 'de0010', 'deffff', 'df00010000'])
})

writer('integers, nil and strings as encode writes them', () => {
  for (const n of [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    assert.ok(written((slab) => writeUint(slab, n)).equals(encode(n)))
  }
  assert.ok(written(writeNil).equals(encode(null)))
  for (const text of [
    '',
    'abc',
    'é',
    'x'.repeat(31),
    'x'.repeat(32),
    'y'.repeat(300),
    'ж'.repeat(3000),
    'z'.repeat(70_000),
  ]) {
    assert.ok(written((slab) => writeString(slab, text)).equals(encode(text)))
  }
})

writer('a string with a lone surrogate is refused and nothing is written', () => {
  const slab = new Slab()
  refused('NOT_ENCODABLE', () => writeString(slab, 'a\ud800'))
  assert.is(slab.byteLength, 0)
})

writer('an envelope written by hand is what encode makes of the same array', () => {
  const slab = new Slab()
  const codec = new Codec()
  writeArrayHeader(slab, 5)
  writeUint(slab, 0)
  writeUint(slab, 1234)
  writeString(slab, 'math.add')
  codec.writeValue(slab, [2, { x: 4 }])
  writeMapHeader(slab, 1)
  writeString(slab, 'd')
  writeUint(slab, 30_000)
  const pieces: Buffer[] = []
  slab.take(pieces, [])
  assert.ok(Buffer.concat(pieces).equals(encode([0, 1234, 'math.add', [2, { x: 4 }], { d: 30_000 }])))
})

writer('large binaries are copied, and go by reference only where the Codec was told to borrow', () => {
  for (const [borrowBinaries, size, shared] of [
    [false, 100_000, false],
    [true, 8191, false],
    [true, 8192, true],
    [true, 100_000, true],
  ] as const) {
    const codec = new Codec({ borrowBinaries })
    const data = Buffer.alloc(size, 1)
    const slab = new Slab()
    codec.writeValue(slab, ['before', data, 'after'])
    const pieces: Buffer[] = []
    slab.take(pieces, [])
    assert.is(
      pieces.some((piece) => piece.buffer === data.buffer),
      shared,
    )
    assert.ok(Buffer.concat(pieces).equals(codec.encode(['before', data, 'after'])))
    assert.is(codec.encode(data).buffer === data.buffer, false)
    const inMap = new Slab()
    codec.writeValue(inMap, new Map([['k', data]]))
    pieces.length = 0
    inMap.take(pieces, [])
    assert.ok(Buffer.concat(pieces).equals(codec.encode(new Map([['k', data]]))))
  }
})

writer('what encode gave is never written to again', () => {
  const codec = new Codec()
  const kept: [Buffer, string][] = []
  for (let i = 0; i < 3000; i++) {
    const value = { i, text: 'x'.repeat(i % 700), list: [i, i / 3], set: new Set([i]) }
    const bytes = codec.encode(value)
    kept.push([bytes, bytes.toString('latin1')])
    if (i % 10 === 0) refused('NOT_ENCODABLE', () => codec.encode(['y'.repeat(500), () => 1]))
    if (i % 500 === 0) codec.encode('z'.repeat(i * 50))
  }
  for (const [bytes, text] of kept) assert.is(bytes.toString('latin1'), text)
})

writer('a large result has memory of exactly its size', () => {
  for (const size of [9000, 10_000, 20_000, 70_000, 3_000_000]) {
    const bytes = encode('x'.repeat(size))
    assert.is(bytes.buffer.byteLength, bytes.length)
  }
})

writer('a decoded binary shares the memory of a result above 8 KiB, and of none below', () => {
  const large = encode([1, Buffer.alloc(9000, 7)])
  const [, shared] = decode(large) as [number, Buffer]
  assert.is(shared.buffer, large.buffer)
  const pooled = encode([1, Buffer.alloc(4096, 7)])
  const [, copied] = decode(pooled) as [number, Buffer]
  assert.ok(pooled.buffer.byteLength > pooled.length)
  assert.is(copied.buffer.byteLength, copied.length)
  assert.ok(copied.equals(Buffer.alloc(4096, 7)))
})

writer(
  'a result up to 8 KiB keeps a piece of memory that others share, and begins a new one when none is left',
  () => {
    const codec = new Codec()
    const kept = new Set<ArrayBufferLike>()
    for (let i = 0; i < 100; i++) {
      const bytes = codec.encode('x'.repeat(5000))
      assert.ok(bytes.buffer.byteLength <= 65_536)
      assert.equal(bytes.subarray(3), Buffer.alloc(5000, 'x'))
      kept.add(bytes.buffer)
    }
    assert.ok(kept.size <= 50, `${kept.size} pieces for 100 results`)
  },
)

writer('no octet of old memory is sent: all that is written is what was meant', () => {
  const codec = new Codec()
  for (let i = 0; i < 50; i++) codec.encode('SECRET'.repeat(2000))
  const value = [
    new Map([['a', new Set([1])]]),
    'é'.repeat(20),
    new Error('e'),
    2n ** 80n,
    new Float64Array(3),
    '\ud800',
  ]
  assert.is(codec.encode(value).includes('SECRET'), false)
  assert.equal(codec.encode(hex('00')), hex('c4 01 00'))
})

writer.run()
