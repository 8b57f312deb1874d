// NULL where somebody judges the peer by its address: READY waits, and is never said to a peer that is not let in.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Engine } from '../../../../src/zmtp/engine/engine.ts'
import { NullMechanism } from '../../../../src/zmtp/engine/security/null.ts'
import { eventsOf, greeting, makeEngine, octets, outputOf, ready } from '../../../support/engine.ts'

const test = suite('null, judged')

test('says READY once the peer is let in, whether the peer has said its own before or after', () => {
  for (const early of [true, false]) {
    const engine = judged()
    if (early) engine.handleBytes(ready('DEALER'), 0)
    assert.equal(eventsOf(engine), [])
    assert.is(outputOf(engine).length, 0)
    engine.handleVerdict({ status: '200', userId: 'bob' })
    if (!early) assert.equal(eventsOf(engine), [])
    if (!early) engine.handleBytes(ready('DEALER'), 0)
    assert.equal(eventsOf(engine), ['ready'])
    assert.is(engine.peer!.userId, 'bob')
    assert.ok(outputOf(engine).includes('READY'))
  }
})

test('a peer that is not let in gets an ERROR or nothing, and is not heard', () => {
  for (const [status, last] of [
    ['400', '04 0a 05 "ERROR" 03 "400"'],
    ['500', '04 0a 05 "ERROR" 03 "500"'],
    ['300', ''],
    ['', ''],
  ] as const) {
    const engine = judged()
    engine.handleBytes(Buffer.concat([ready('DEALER'), octets('00 02 "hi"')]), 0)
    engine.handleVerdict({ status })
    assert.equal(eventsOf(engine), ['ended AUTHENTICATION_FAILED'])
    assert.is(outputOf(engine).toString('hex'), octets(last).toString('hex'))
  }
})

test('unasked, nobody has a user id', () => {
  const engine = makeEngine('ROUTER')
  engine.handleBytes(Buffer.concat([greeting(), ready('DEALER')]), 0)
  assert.equal(eventsOf(engine), ['ready'])
  assert.is(engine.peer!.userId, undefined)
  assert.is(engine.peer!.userMetadata.size, 0)
  engine.handleVerdict({ status: '400' })
  assert.equal(eventsOf(engine), [])
})

test.run()

function judged(): Engine {
  const engine = makeEngine('ROUTER', { mechanism: new NullMechanism(true) })
  engine.handleBytes(greeting(), 0)
  assert.equal(eventsOf(engine), ['authenticate'])
  assert.equal(engine.question, { mechanism: 'NULL' })
  outputOf(engine)
  return engine
}
