import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readZapAnswer, zapQuestion } from '../../../src/zmtp/wire/zap.ts'
import { octets, property } from '../../support/engine.ts'

const test = suite('zap')

const text = (parts: readonly Buffer[]): string[] => parts.map((part) => part.toString('latin1'))
const answer = (changes: Record<number, string> = {}, length = 7): Buffer[] => {
  const parts = ['', '1.0', '7', '200', 'fine', 'alice', '']
  for (const [at, part] of Object.entries(changes)) parts[Number(at)] = part
  while (parts.length < length) parts.push('')
  return parts.slice(0, length).map((part) => Buffer.from(part))
}

test('Z1: the question for each mechanism, part by part', () => {
  const common = {
    id: '7',
    domain: Buffer.from('global'),
    address: '127.0.0.1',
    identity: Buffer.from('SRV'),
  }
  const asked = ['', '1.0', '7', 'global', '127.0.0.1', 'SRV']
  assert.equal(text(zapQuestion({ ...common, mechanism: 'NULL', credentials: [] })), [...asked, 'NULL'])
  assert.equal(
    text(
      zapQuestion({
        ...common,
        mechanism: 'PLAIN',
        credentials: [Buffer.from('admin'), Buffer.from('secret')],
      }),
    ),
    [...asked, 'PLAIN', 'admin', 'secret'],
  )
  const key = Buffer.alloc(32, 0xfe)
  const curve = zapQuestion({ ...common, mechanism: 'CURVE', credentials: [key] })
  assert.equal(text(curve.slice(0, 7)), [...asked, 'CURVE'])
  assert.is(curve[7]!.compare(key), 0)
})

test('reads an answer', () => {
  const metadata = property('Role', 'admin').toString('latin1')
  assert.equal(readZapAnswer(answer({ 6: metadata }), '7'), {
    status: '200',
    userId: 'alice',
    metadata: new Map([['Role', Buffer.from('admin')]]),
  })
  for (const status of ['300', '400', '500'])
    assert.is(readZapAnswer(answer({ 3: status }), '7').status, status)
})

test('Z5: an answer that is none says what is wrong with it', () => {
  for (const [parts, code] of [
    [answer({}, 6), 'ZAP_MALFORMED_REPLY'],
    [answer({}, 8), 'ZAP_MALFORMED_REPLY'],
    [[], 'ZAP_MALFORMED_REPLY'],
    [answer({ 0: 'x' }), 'ZAP_MALFORMED_REPLY'],
    [answer({ 1: '2.0' }), 'ZAP_BAD_VERSION'],
    [answer({ 2: '8' }), 'ZAP_BAD_REQUEST_ID'],
    [answer({ 3: '201' }), 'ZAP_INVALID_STATUS_CODE'],
    [answer({ 3: '2OO' }), 'ZAP_INVALID_STATUS_CODE'],
    [answer({ 3: '' }), 'ZAP_INVALID_STATUS_CODE'],
    [answer({ 3: '200\0' }), 'ZAP_INVALID_STATUS_CODE'],
    [answer({ 3: '100' }), 'ZAP_INVALID_STATUS_CODE'],
    [answer({ 3: '600' }), 'ZAP_INVALID_STATUS_CODE'],
    [answer({ 6: octets('04 "Role" 00000009 "admin"').toString('latin1') }), 'ZAP_INVALID_METADATA'],
    [answer({ 6: 'x' }), 'ZAP_INVALID_METADATA'],
  ] as const) {
    try {
      readZapAnswer(parts, '7')
      assert.unreachable(code)
    } catch (error) {
      assert.is((error as { code: string }).code, code)
    }
  }
})

test.run()
