import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeZ85, encodeZ85 } from '../../../src/zmtp/wire/z85.ts'

const test = suite('z85')

test('U16: the pair of RFC 32', () => {
  assert.is(encodeZ85(Buffer.from('864fd26fb559f75b', 'hex')), 'HelloWorld')
  assert.is(decodeZ85('HelloWorld').toString('hex'), '864fd26fb559f75b')
})

test('what was encoded decodes to the same, at the ends of the range too', () => {
  for (const hex of ['', '00000000', 'ffffffff', '00000001fffffffe', 'ff'.repeat(32), '00'.repeat(32)]) {
    assert.is(decodeZ85(encodeZ85(Buffer.from(hex, 'hex'))).toString('hex'), hex)
  }
})

test('U16: refuses text of the wrong length, foreign characters and numbers above 2^32, without repeating it', () => {
  for (const [text, fault] of [
    ['a'.repeat(39), /multiple of 5/],
    ['a'.repeat(41), /multiple of 5/],
    ['Hello World', /multiple of 5/],
    ['Hell~World', /character 5 /],
    ['Hello"orld', /character 6 /],
    ['Helloäorld', /character 6 /],
    ['#####', /too large/],
    ['%nSc1', /too large/],
    ['HelloWorld#####', /characters 11 to 15/],
  ] as const) {
    try {
      decodeZ85(text)
      assert.unreachable(text)
    } catch (error) {
      assert.is((error as { code: string }).code, 'BAD_Z85', text)
      assert.match((error as Error).message, fault)
      assert.not.ok((error as Error).message.includes(text.slice(0, 5)), text)
    }
  }
  assert.is(decodeZ85('%nSc0').toString('hex'), 'ffffffff')
  assert.throws(() => encodeZ85(Buffer.alloc(31)), /multiple of 4/)
})

test.run()
