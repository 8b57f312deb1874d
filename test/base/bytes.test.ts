import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  asBuffer,
  copy,
  EMPTY,
  equalAt,
  readU16,
  readU32,
  readU64,
  view,
  writeU16,
  writeU32,
  writeU64,
} from '../../src/base/bytes.ts'

const test = suite('bytes')

test('a view shares memory and a copy does not', () => {
  const bytes = Buffer.from('abcdef')
  const shared = view(bytes, 1, 4)
  const own = copy(bytes, 1, 4)
  bytes[1] = 0x7a
  assert.is(shared.toString(), 'zcd')
  assert.is(own.toString(), 'bcd')
})

test('copies 0, 32, 33 and 100,000 octets exactly, whole or in part', () => {
  for (const size of [0, 32, 33, 100_000]) {
    const bytes = Buffer.alloc(size + 2, 7)
    bytes[0] = 1
    bytes[size + 1] = 2
    assert.equal(copy(bytes, 1, size + 1), Buffer.alloc(size, 7))
    assert.equal(copy(bytes, 0, size + 2), bytes)
  }
})

test('reads back every integer it wrote, big-endian, up to 2^53 - 1', () => {
  const bytes = Buffer.alloc(8)
  assert.is(writeU16(bytes, 0, 0xfedc), 2)
  assert.is(bytes.toString('hex', 0, 2), 'fedc')
  assert.is(readU16(bytes, 0), 0xfedc)
  for (const value of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
    assert.is(writeU32(bytes, 0, value), 4)
    assert.is(bytes.readUInt32BE(0), value)
    assert.is(readU32(bytes, 0), value)
  }
  for (const value of [0, 255, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    assert.is(writeU64(bytes, 0, value), 8)
    assert.is(bytes.readBigUInt64BE(0), BigInt(value))
    assert.is(readU64(bytes, 0), value)
  }
})

test('a 64-bit integer beyond 2^53 is read as a large number, never as a small one', () => {
  assert.ok(readU64(Buffer.from('ffffffffffffffff', 'hex'), 0) > Number.MAX_SAFE_INTEGER)
  assert.ok(readU64(Buffer.from('8000000000000001', 'hex'), 0) > Number.MAX_SAFE_INTEGER)
})

test('compares a range with its expectation: length first, then each octet', () => {
  const bytes = Buffer.from('xREADYx')
  assert.ok(equalAt(bytes, 1, 6, Buffer.from('READY')))
  assert.not.ok(equalAt(bytes, 1, 5, Buffer.from('READY')))
  assert.not.ok(equalAt(bytes, 1, 6, Buffer.from('READX')))
  assert.ok(equalAt(bytes, 3, 3, EMPTY))
})

test('a Uint8Array becomes a Buffer of the same memory, window included', () => {
  const memory = new Uint8Array([9, 1, 2, 9])
  const buffer = asBuffer(memory.subarray(1, 3))
  assert.ok(Buffer.isBuffer(buffer))
  assert.equal([...buffer], [1, 2])
  memory[1] = 5
  assert.is(buffer[0], 5)
  assert.is(asBuffer(buffer), buffer)
})

test.run()
