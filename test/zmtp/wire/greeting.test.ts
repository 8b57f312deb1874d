import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { faultInGreeting, writeGreeting } from '../../../src/zmtp/wire/greeting.ts'
import { greeting } from '../../support/engine.ts'

const test = suite('greeting')

/** The code of the fault, and how many octets it took to see it. */
function verdict(bytes: Buffer, mechanism = 'NULL'): string {
  for (let length = 0; length <= bytes.length; length++) {
    const fault = faultInGreeting(bytes, length, mechanism)
    if (fault !== undefined) return `${fault.code} at ${length}`
  }
  return 'ok'
}

test('writes 64 octets: signature, 3.1, the mechanism, as-server, zeros, and touches none beside them', () => {
  const bytes = Buffer.alloc(70, 0xee)
  assert.is(writeGreeting(bytes, 3, 'CURVE', true), 67)
  assert.is(
    bytes.toString('hex'),
    `eeeeee${'ff00000000000000007f0301'}${'4355525645'}${'00'.repeat(15)}01${'00'.repeat(31)}eeeeee`,
  )
  writeGreeting(bytes, 0, 'NULL', false)
  assert.is(bytes.subarray(0, 64).toString('hex'), `ff00000000000000007f03014e554c4c${'00'.repeat(48)}`)
})

test('finds no fault in its own greeting, octet by octet', () => {
  assert.is(verdict(greeting()), 'ok')
  assert.is(verdict(greeting('CURVE'), 'CURVE'), 'ok')
})

test('knows a stranger by octet 1', () => {
  assert.is(verdict(Buffer.from('GET / HTTP/1.1')), 'BAD_SIGNATURE at 1')
  assert.is(verdict(Buffer.from([0])), 'BAD_SIGNATURE at 1')
})

test('takes a first octet of 01 for ZMTP 1.0 without identity', () => {
  assert.is(verdict(Buffer.from([1, 0])), 'UNSUPPORTED_VERSION at 1')
})

test('looks at bit 0 of octet 10 only', () => {
  const bytes = greeting()
  bytes[9] = 0x7e
  assert.is(verdict(bytes), 'UNSUPPORTED_VERSION at 10')
  bytes[9] = 0x01
  assert.is(verdict(bytes), 'ok')
})

test('refuses majors 0, 1 and 2 at octet 11 and says which version it was', () => {
  for (const [major, version] of [
    [0, '1.0'],
    [1, '2.0'],
    [2, '2.1'],
  ] as const) {
    const bytes = greeting('NULL', major, 9)
    assert.is(verdict(bytes), 'UNSUPPORTED_VERSION at 11')
    assert.match(faultInGreeting(bytes, 11, 'NULL')!.message, `ZMTP ${version}`)
  }
})

test('accepts majors 3, 4 and 255 with any minor', () => {
  for (const major of [3, 4, 255])
    for (const minor of [0, 1, 9, 255]) {
      assert.is(verdict(greeting('NULL', major, minor)), 'ok')
    }
})

test('never looks at padding, filler and as-server', () => {
  const bytes = greeting()
  bytes.fill(0xff, 1, 9)
  bytes.fill(0xff, 32, 64)
  assert.is(verdict(bytes), 'ok')
})

test('compares all 20 octets of the mechanism, once all 64 are there, and names both', () => {
  assert.is(verdict(greeting('PLAIN')), 'MECHANISM_MISMATCH at 64')
  assert.match(faultInGreeting(greeting('PLAIN'), 64, 'NULL')!.message, 'the peer wants PLAIN, we want NULL')
  assert.match(faultInGreeting(greeting(''), 64, 'NULL')!.message, 'the peer wants no mechanism')
  assert.match(faultInGreeting(greeting('\x1b[m'), 64, 'NULL')!.message, '\\x1b[m')
  for (const name of ['null', 'NULL ', 'NUL', 'NULLX', 'NULL\0X', 'N'.repeat(20)]) {
    assert.is(verdict(greeting(name)), 'MECHANISM_MISMATCH at 64', name)
  }
})

test.run()
