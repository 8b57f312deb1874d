// The stream that CURVE uses, against `salsa20` of the library whose block function it is: each length, each alignment, each kind of octet.
import { salsa20 } from '@noble/ciphers/salsa.js'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SalsaStream } from '../../../../src/zmtp/engine/security/salsa-stream.ts'

const test = suite('the stream of Salsa20')

/** `length` octets that look like chance, the same each time. */
function octets(length: number, seed: number): Buffer {
  let state = seed
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state >>> 24
    }),
  )
}

function expect(key: Buffer, nonce: Buffer, content: Buffer): { tagKey: Buffer; changed: Buffer } {
  const whole = salsa20(key, nonce, Buffer.concat([Buffer.alloc(32), content]))
  return { tagKey: Buffer.from(whole.subarray(0, 32)), changed: Buffer.from(whole.subarray(32)) }
}

test('of every length up to some blocks, wherever it lies, and of a long one', () => {
  const key = octets(32, 1)
  const stream = new SalsaStream(key)
  const lengths = [...Array.from({ length: 300 }, (_, i) => i), 4095, 4096, 65_569]
  lengths.forEach((length, i) => {
    const nonce = octets(8, i + 2)
    const content = octets(length, i + 77)
    const { tagKey, changed } = expect(key, nonce, content)
    const at = 8 + (i % 9)
    const memory = Buffer.concat([nonce, Buffer.alloc(i % 9, 0xaa), content, Buffer.alloc(5, 0xbb)])
    stream.begin(memory, 0)
    assert.ok(tagKey.equals(stream.tagKey), `tag key, ${length} octets`)
    stream.xor(memory, at, at + length)
    assert.ok(changed.equals(memory.subarray(at, at + length)), `${length} octets`)
    assert.ok(memory.subarray(8, at).every((octet) => octet === 0xaa))
    assert.ok(memory.subarray(at + length).every((octet) => octet === 0xbb))
  })
})

test('the first vector of eSTREAM for keys of 256 bits', () => {
  const key = Buffer.alloc(32)
  key[0] = 0x80
  const stream = new SalsaStream(key)
  stream.begin(Buffer.alloc(8), 0)
  assert.is(
    Buffer.from(stream.tagKey).toString('hex'),
    'e3be8fdd8beca2e3ea8ef9475b29a6e7003951e1097a5c38d23b7a5fad9f6844',
  )
})

test('what was secret is overwritten', () => {
  const stream = new SalsaStream(octets(32, 5))
  stream.begin(Buffer.alloc(8), 0)
  stream.wipe()
  assert.ok(stream.tagKey.every((octet) => octet === 0))
  const zero = new SalsaStream(Buffer.alloc(32))
  stream.begin(Buffer.alloc(8), 0)
  zero.begin(Buffer.alloc(8), 0)
  assert.equal(stream.tagKey, zero.tagKey)
})

test.run()
