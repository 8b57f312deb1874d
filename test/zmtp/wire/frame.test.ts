import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as frame from '../../../src/zmtp/wire/frame.ts'
import { octets } from '../../support/engine.ts'

const test = suite('frame')

test('writes the header in 2 octets up to 255, in 9 above, reads it back', () => {
  for (const [size, hex] of [
    [0, '0100'],
    [1, '0101'],
    [255, '01ff'],
    [256, '030000000000000100'],
    [65536, '030000000000010000'],
    [0xffff_ffff, '0300000000ffffffff'],
    [2 ** 32, '030000000100000000'],
    [2 ** 53 - 1, '03001fffffffffffff'],
  ] as const) {
    const bytes = Buffer.alloc(16, 0xee)
    const after = frame.writeHeader(bytes, 2, 1, size)
    assert.is(bytes.toString('hex', 0, after + 1), `eeee${hex}ee`)
    assert.is(frame.sizeOfHeader(size), after - 2)
    assert.is(frame.sizeOfHeaderWith(bytes[2]!), after - 2)
    assert.is(frame.readBodySize(bytes, 2), size)
  }
})

test('reads a length of one octet in the long form', () => {
  assert.is(frame.readBodySize(octets('02 00*7 05'), 0), 5)
})

test('reads lengths above 2^53 as something large', () => {
  assert.ok(frame.readBodySize(octets('02 80 00*7'), 0) >= 2 ** 63)
  assert.ok(frame.readBodySize(octets('02 ff*8'), 0) > 2 ** 63)
})

test('allows six of the 256 flag octets', () => {
  const valid = Array.from({ length: 256 }, (_, flags) => flags).filter(frame.areFlagsValid)
  assert.equal(valid, [0, 1, 2, 3, 4, 6])
})

const verdicts = (text: string): string => {
  const bytes = octets(text)
  let seen = ''
  for (let length = 2; length <= bytes.length; length++) seen += 'nmy'[frame.misframed(bytes, length)]
  return seen
}

test('tells a wrongly framed SUBSCRIBE once its name is there, and its size', () => {
  assert.is(verdicts('04 00*6 01 00 09 "SUBSCRIBE" 41'), `${'m'.repeat(17)}yy`)
  assert.is(frame.readMisframedSize(octets('04 00*6 01 09 09 "SUBSCRIBE"')), 265)
  assert.is(frame.MISFRAMED_SIZE, 19)
})

test('tells a wrongly framed CANCEL', () => {
  assert.is(verdicts('04 00*6 01 06 06 "CANCEL" 41 41'), `${'m'.repeat(14)}yyy`)
})

test('gives up on the first octet that does not fit', () => {
  assert.is(verdicts('04 00 01'), 'mn')
  assert.is(verdicts('04 00*6 02'), 'mmmmmmn')
  assert.is(verdicts('04 00*5 00 00'), 'mmmmmmn')
  assert.is(verdicts('04 00*6 01 0a'), 'mmmmmmmn')
  assert.is(verdicts('04 00*6 01 00 05'), 'mmmmmmmmn')
  assert.is(verdicts('04 00*6 01 00 09 "SUBSCRIPT"'), `${'m'.repeat(16)}nn`)
  assert.is(verdicts('04 00*6 01 00 06 "CANCER"'), `${'m'.repeat(14)}n`)
})

test.run()
