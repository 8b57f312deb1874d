// The one state machine that lets peers in: asked once, decided once, closed by default.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Admission } from '../../../../src/zmtp/engine/security/admission.ts'

const test = suite('admission')
const NULL = { mechanism: 'NULL' } as const
const PLAIN = { mechanism: 'PLAIN', username: Buffer.from('u'), password: Buffer.from('p') } as const

test('where nobody judges, whoever shows its credentials is let in, and nobody before', () => {
  const admission = new Admission(false)
  assert.not(admission.granted)
  admission.ask(NULL)
  assert.ok(admission.granted)
  assert.equal([admission.question, admission.verdict, admission.refusal], [undefined, undefined, undefined])
})

test('the exact status 200 lets in, and nothing else', () => {
  for (const status of ['200', '300', '400', '500', '201', '2OO', '', ' 200', '200 ', '0200', '２００']) {
    const admission = new Admission(true)
    admission.ask(NULL)
    assert.not(admission.granted)
    admission.decide({ status })
    assert.is(admission.granted, status === '200', status)
    assert.is(admission.refusal?.status, status === '200' ? undefined : status)
    assert.is(admission.lastWord, status === '400' || status === '500' ? status : '')
  }
})

test('a verdict that nobody asked for lets nobody in', () => {
  const admission = new Admission(true)
  admission.decide({ status: '200', userId: 'early' })
  assert.not(admission.granted)
  admission.ask(NULL)
  assert.not(admission.granted)
  assert.is(admission.question, NULL)
})

test('only the first credentials count, and only the first verdict', () => {
  const admission = new Admission(true)
  admission.ask(PLAIN)
  admission.ask(NULL)
  assert.is(admission.question, PLAIN)
  admission.decide({ status: '400' })
  admission.ask(NULL)
  admission.decide({ status: '200' })
  assert.not(admission.granted)
  assert.is(admission.refusal?.status, '400')
  const granted = new Admission(true)
  granted.ask(PLAIN)
  granted.decide({ status: '200', userId: 'alice' })
  granted.decide({ status: '400' })
  assert.ok(granted.granted)
  assert.is(granted.verdict?.userId, 'alice')
})

test.run()
