// Z85: the example of RFC 32, both ways, and texts that stand for nothing.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeZ85, maybeDecodeZ85 } from '../../src/base/z85.ts'

const test = suite('z85')

test('U16: eight octets are HelloWorld', () => {
  const bytes = Buffer.from('864fd26fb559f75b', 'hex')
  assert.is(encodeZ85(bytes), 'HelloWorld')
  assert.equal(maybeDecodeZ85('HelloWorld'), bytes)
})

test('any octets come back, the largest group too', () => {
  for (const octet of [0, 1, 0x7f, 0x80, 0xff]) {
    const bytes = Buffer.alloc(32, octet)
    assert.is(encodeZ85(bytes).length, 40)
    assert.equal(maybeDecodeZ85(encodeZ85(bytes)), bytes)
  }
  assert.is(encodeZ85(Buffer.alloc(4, 0xff)), '%nSc0')
  assert.is(encodeZ85(Buffer.alloc(0)), '')
  assert.equal(maybeDecodeZ85(''), Buffer.alloc(0))
})

test('octets that are no multiple of four have no text', () => {
  assert.throws(() => encodeZ85(Buffer.alloc(3)), RangeError)
})

test('U16: a text of another length, with a foreign character or too large a group stands for nothing', () => {
  for (const text of [
    'Hell',
    'HelloW',
    'Hell~',
    'Hell ',
    'Hellé',
    'Hell\u{1f600}',
    '%nSc1',
    '#####',
    'Hell\0',
  ]) {
    assert.is(maybeDecodeZ85(text), undefined, text)
  }
})

test.run()
