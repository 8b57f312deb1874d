// The tag of CURVE's boxes, against `poly1305` of the library whose arithmetic it is: each length, each alignment, keys and octets at the edges.
import { poly1305 } from '@noble/ciphers/_poly1305.js'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeTag } from '../../../../src/zmtp/engine/security/poly-tag.ts'

const test = suite('the tag of Poly1305')

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

function check(key: Buffer, content: Buffer, before: number): void {
  const memory = Buffer.concat([Buffer.alloc(before, 0xaa), content, Buffer.alloc(5, 0xbb)])
  const untouched = Buffer.from(memory)
  const tag = new Uint8Array(16)
  makeTag(key, memory, before, before + content.length, tag)
  assert.equal(tag, poly1305(content, key), `${content.length} octets behind ${before}`)
  assert.equal(memory, untouched)
}

test('of every length up to some blocks, wherever it lies, and of a long one', () => {
  const lengths = [...Array.from({ length: 300 }, (_, i) => i), 4095, 4096, 65_569]
  lengths.forEach((length, i) => {
    check(octets(32, i + 1), octets(length, i + 500), i % 9)
  })
})

test('of octets and keys that carry as far as can be', () => {
  for (const key of [0x00, 0x01, 0x0f, 0x7f, 0x80, 0xff]) {
    for (const octet of [0x00, 0x01, 0x7f, 0x80, 0xfb, 0xff]) {
      for (let length = 0; length < 70; length++) check(Buffer.alloc(32, key), Buffer.alloc(length, octet), 1)
    }
  }
})

test('the example of RFC 8439, 2.5.2', () => {
  const key = Buffer.from('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b', 'hex')
  const tag = new Uint8Array(16)
  const text = Buffer.from('Cryptographic Forum Research Group', 'latin1')
  makeTag(key, text, 0, text.length, tag)
  assert.is(Buffer.from(tag).toString('hex'), 'a8061dc1305136c6c22b8baf0c0127a9')
})

test.run()
