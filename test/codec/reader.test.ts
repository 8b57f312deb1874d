// The cursor over a message whose layout is known: typed reads, skip, limits, and what memory the values keep.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Codec, encode } from '../../src/codec/index.ts'
import { Reader } from '../../src/codec/messages.ts'
import { hex, refused } from './feed.ts'

function over(octets: string | Buffer): Reader {
  const bytes = typeof octets === 'string' ? hex(octets) : octets
  const reader = new Reader()
  reader.reset(Buffer.concat([Buffer.alloc(5, 0xc0), bytes, Buffer.alloc(9, 0xc0)]), 5, 5 + bytes.length)
  return reader
}

/** `read` gives `value` for whole `octets` and is TRUNCATED for each part of its `head`. */
function reads(
  octets: string,
  value: unknown,
  read: (reader: Reader) => unknown,
  head = hex(octets).length,
): void {
  const bytes = hex(octets)
  const reader = over(bytes)
  assert.equal(read(reader), value, octets)
  assert.is(reader.at, 5 + head)
  for (let end = 0; end < head; end++) refused('TRUNCATED', () => read(over(bytes.subarray(0, end))))
}

function wrongType(read: (reader: Reader) => unknown, ...wrong: string[]): void {
  for (const octets of wrong) {
    const reader = over(octets)
    refused('WRONG_TYPE', () => read(reader))
    assert.is(reader.at, 5, `${octets}: the reader moved`)
  }
}

const reader = suite('reader')

reader('reads an array header in each form', () => {
  const read = (r: Reader) => r.readArrayHeader()
  reads('92 0102', 2, read, 1)
  reads('dc 0002 0102', 2, read, 3)
  reads('dd 00000002 0102', 2, read, 5)
  wrongType(read, '82', 'a0', '01', 'c0', 'ff', 'c4 00', 'de 0000', 'd9 00')
  refused('TRUNCATED', () => over('9f 01').readArrayHeader())
  refused('TOO_MANY_VALUES', () =>
    over(Buffer.concat([hex('dd 000f4241'), Buffer.alloc(1_000_001)])).readArrayHeader(),
  )
})

reader('reads a map header in each form', () => {
  const read = (r: Reader) => r.readMapHeader()
  reads('81 a0 01', 1, read, 1)
  reads('de 0001 a0 01', 1, read, 3)
  reads('df 00000001 a0 01', 1, read, 5)
  wrongType(read, '92', 'a0', '01', 'c0', 'ff', 'dc 0000')
  refused('TOO_MANY_KEYS', () =>
    over(Buffer.concat([hex('df 00010001'), Buffer.alloc(131_074)])).readMapHeader(),
  )
})

reader('reads an unsigned integer in each form that can hold one', () => {
  const read = (r: Reader) => r.readUint()
  reads('00', 0, read)
  reads('7f', 127, read)
  reads('cc ff', 255, read)
  reads('cd ffff', 65_535, read)
  reads('ce ffffffff', 4_294_967_295, read)
  reads('cf 001fffffffffffff', Number.MAX_SAFE_INTEGER, read)
  reads('d0 7f', 127, read)
  reads('d1 7fff', 32_767, read)
  reads('d2 7fffffff', 2_147_483_647, read)
  reads('d3 001fffffffffffff', Number.MAX_SAFE_INTEGER, read)
  wrongType(
    read,
    'ff',
    'd0 ff',
    'd1 ffff',
    'd2 ffffffff',
    'd3 ffffffffffffffff',
    'cf 0020000000000000',
    'ca 3f800000',
    'cb 3ff0000000000000',
    'c0',
    'a1 31',
    '90',
    '80',
    'd4 20 01',
  )
})

reader('reads a string in each form, up to a length', () => {
  const read = (r: Reader) => r.readString()
  reads('a3 616263', 'abc', read)
  reads('d9 03 616263', 'abc', read)
  reads('da 0003 616263', 'abc', read)
  reads('db 00000003 616263', 'abc', read)
  reads('a2 c3a9', 'é', (r) => r.readString(2))
  wrongType(read, 'c0', '01', '90', '80', 'c4 01 61', 'd4 27 00')
  wrongType((r) => r.readString(2), 'a3 616263', 'd9 03 616263')
  refused('BAD_UTF8', () => over('a1 80').readString())
  assert.match(refused('WRONG_TYPE', () => over('a3 616263').readString(2)).message, 'at most 2')
})

reader('reads a key, from the table the second time, whatever its name', () => {
  for (let round = 0; round < 3; round++) {
    for (const name of [
      'a',
      'method.name',
      'é',
      '',
      'k'.repeat(33),
      '__proto__',
      'constructor',
      'n'.repeat(1024),
    ]) {
      const r = over(encode(name))
      assert.is(r.readKey(), name)
      r.expectEnd()
    }
  }
  wrongType((r) => r.readKey(), 'c0', '01')
  wrongType((r) => r.readKey(), encode('n'.repeat(1025)).toString('hex'))
  refused('TRUNCATED', () => over('a3 6162').readKey())
  refused('BAD_UTF8', () => over('a1 ff').readKey())
})

reader('peeks at nil without moving', () => {
  const r = over('c0 01')
  assert.is(r.peekIsNil(), true)
  assert.is(r.readValue(), null)
  assert.is(r.peekIsNil(), false)
  assert.is(r.readUint(), 1)
  refused('TRUNCATED', () => r.peekIsNil())
})

reader('skips any value, leaving the next one', () => {
  const skipped = [
    '00',
    '7f',
    'e0',
    'c0',
    'c2',
    'c3',
    'cc ff',
    'cd ffff',
    'ce ffffffff',
    'cf ffffffffffffffff',
    'd0 80',
    'd1 8000',
    'd2 80000000',
    'd3 8000000000000000',
    'ca 3f800000',
    'cb 3ff0000000000000',
    'a3 616263',
    'd9 01 61',
    'da 0001 61',
    'db 00000001 61',
    'c4 01 00',
    'c5 0001 00',
    'c6 00000001 00',
    'd4 70 00',
    'd5 70 0000',
    'd6 70 00000000',
    'd7 70 0000000000000000',
    `d8 70 ${'00'.repeat(16)}`,
    'c7 01 70 00',
    'c8 0001 70 00',
    'c9 00000001 70 00',
    '92 01 91 02',
    'dc 0001 01',
    'dd 00000001 01',
    '81 a161 82 a162 01 a163 90',
    'de 0001 a161 01',
    'df 00000001 a161 01',
  ]
  for (const octets of skipped) {
    const bytes = hex(octets)
    const r = over(Buffer.concat([bytes, hex('2a')]))
    r.skip()
    assert.is(r.readUint(), 42, octets)
    for (let end = 0; end < bytes.length; end++)
      refused('TRUNCATED', () => over(bytes.subarray(0, end)).skip())
  }
  refused('BAD_BYTE', () => over('91 c1').skip())
  refused('TRUNCATED', () => over('dd ffffffff c0').skip())
  over(Buffer.concat([Buffer.alloc(1_000_000, 0x91), hex('c0')])).skip()
})

reader('tells the offset from the start of the message, not of the chunk', () => {
  assert.is(refused('BAD_BYTE', () => over('92 01 c1').readValue()).offset, 2)
  assert.match(refused('BAD_BYTE', () => over('92 01 c1').readValue()).message, '(octet 2)')
  const r = over('01 02')
  r.readUint()
  assert.is(refused('TRAILING', () => r.expectEnd()).offset, 1)
})

reader('reads message after message from one chunk, each with limits of its own', () => {
  const r = new Codec({ limits: { maxValues: 2 } }).reader()
  const chunk = hex('92 01 02 92 03 04 93 01 02 03')
  r.reset(chunk, 0, 3)
  assert.equal(r.readValue(), [1, 2])
  r.reset(chunk, 3, 6)
  assert.equal(r.readValue(), [3, 4])
  r.reset(chunk, 6, 10)
  refused('TOO_MANY_VALUES', () => r.readValue())
  r.reset(chunk, 0, 3)
  assert.equal(r.readValue(), [1, 2])
})

reader('a binary is copied out of a chunk of more than twice its size, else it is a view', () => {
  for (const size of [0, 1, 64, 65, 1000, 4096]) {
    const bytes = encode(Buffer.alloc(size, 1))
    const chunk = Buffer.alloc(Math.max(bytes.length, size * 2 + 100))
    bytes.copy(chunk, chunk.length - bytes.length)
    const r = new Reader()
    r.reset(chunk, chunk.length - bytes.length, chunk.length)
    const copied = r.readValue() as Buffer
    chunk.fill(9)
    assert.ok(copied.equals(Buffer.alloc(size, 1)))
    assert.is(copied.buffer.byteLength, size)
    assert.ok(Buffer.isBuffer(copied))

    const own = Buffer.from(new Uint8Array(size + 5).buffer)
    const start = own.length - bytes.length
    bytes.copy(own, start)
    r.reset(own, start, own.length)
    const viewed = r.readValue() as Buffer
    assert.is(viewed.buffer === own.buffer, size * 2 >= own.length)
    assert.ok(viewed.equals(Buffer.alloc(size, 1)))
  }
})

reader('a kept binary never holds more than twice its size, however many a message has', () => {
  const codec = new Codec()
  const got = codec.decode(
    codec.encode([Buffer.alloc(3000, 1), Buffer.alloc(50, 2), Buffer.alloc(100, 3)]),
  ) as Buffer[]
  for (const part of got) assert.ok(part.buffer.byteLength <= 2 * part.length)
})

reader('decodes what is no Buffer: any Uint8Array, with its offset', () => {
  const bytes = new Uint8Array([9, 0x92, 1, 0xa1, 0x61, 9]).subarray(1, 5)
  assert.equal(new Codec().decode(bytes), [1, 'a'])
})

reader('long texts and floats come out the same from the first to the last of a chunk', () => {
  const list = Array.from({ length: 40 }, (_, i) => [
    'letters'.repeat(i).slice(0, 25 + i * 5),
    'буквы'.repeat(i + 5),
    i / 3,
  ])
  const bytes = encode(list)
  const r = new Reader()
  for (let i = 0; i < 3; i++) {
    r.reset(bytes, 0, bytes.length)
    assert.equal(r.readValue(), list)
  }
})

reader.run()
