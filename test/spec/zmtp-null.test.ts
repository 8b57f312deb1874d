// RFC 37 "The NULL Security Mechanism", checklist group N: one test per statement, on the engine.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PeerError } from '../../src/zmtp/engine/peer-error.ts'
import {
  command,
  eventsOf,
  greeting,
  makeEngine,
  octets,
  outputOf,
  property,
  ready,
} from '../support/engine.ts'
import { feedEngine } from '../support/feed.ts'
import { Pair } from '../support/pair.ts'

const test = suite('RFC 37 NULL')

test('N1: READY goes out on the greeting of the peer, before its READY', () => {
  const engine = makeEngine('ROUTER', { identity: Buffer.from('me') })
  outputOf(engine)
  engine.handleBytes(greeting().subarray(0, 63), 0)
  assert.equal(eventsOf(engine), [])
  assert.is(outputOf(engine).length, 0)
  engine.handleBytes(greeting().subarray(63), 0)
  assert.equal(eventsOf(engine), [])
  assert.equal(outputOf(engine), ready('ROUTER', property('Identity', 'me')))
})

test('N1: READY is said once', () => {
  const pair = new Pair('DEALER', 'ROUTER').exchange()
  assert.equal([pair.leftEvents, pair.rightEvents], [['ready'], ['ready']])
  assert.equal(pair.sent, { left: 64 + 43, right: 64 + 43 })
})

test('N2: no message may be sent before the READY of the peer', () => {
  const engine = makeEngine()
  engine.handleBytes(greeting(), 0)
  eventsOf(engine)
  assert.throws(
    () => engine.sendPart(Buffer.alloc(1), false),
    (error: { code?: string }) => error.code === 'SEND_OUT_OF_TURN',
  )
  engine.handleBytes(ready('DEALER'), 0)
  eventsOf(engine)
  engine.sendPart(Buffer.alloc(1), false)
})

test('N3: messages in the same segment as READY are delivered', () => {
  feedEngine(makeEngine, octets('{GN} {DEALER} 00 09 "pipelined"'), [
    'ready',
    `part ${Buffer.from('pipelined').toString('hex')}`,
  ])
})

test('N4: ERROR says why, in a form that policy can read: 300, 400, 500', () => {
  for (const status of ['300', '400', '500', 'No entry']) {
    const engine = makeEngine()
    engine.handleBytes(
      Buffer.concat([greeting(), command('ERROR', `${String.fromCharCode(status.length)}${status}`)]),
      0,
    )
    assert.equal(eventsOf(engine), ['ended PEER_ERROR'])
    assert.is((engine.error as PeerError).reason, status)
  }
})

test.run()
