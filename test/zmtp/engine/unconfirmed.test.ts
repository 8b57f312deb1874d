// What an engine says of what its peer has not been shown to have read: octets of PINGs and PONGs, and what counts as a message.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Broadcast } from '../../../src/base/broadcast.ts'
import { Echo } from '../../../src/zmtp/engine/echo.ts'
import type { Engine } from '../../../src/zmtp/engine/engine.ts'
import { command, eventsOf, makeEngine, octets, outputOf, readyEngine } from '../../support/engine.ts'

const test = suite('unconfirmed')
const COUNTING = { heartbeatIntervalMs: 1000, heartbeatMeasureMs: 1000 }

/** The context of the PING that leaves at `now`. */
function pingAt(engine: Engine, now: number): Buffer {
  outputOf(engine)
  engine.handleTimeout(now)
  const ping = outputOf(engine)
  assert.equal(ping.subarray(0, -16), command('PING', octets('0000 00*16')).subarray(0, -16))
  return ping.subarray(-16)
}

function pong(engine: Engine, context: Buffer): void {
  engine.handleBytes(command('PONG', context), 1)
  assert.equal(eventsOf(engine), [])
}

test('what stood before a PING has been read when its PONG comes; what was sent since is unconfirmed', () => {
  const engine = readyEngine('ROUTER', 'DEALER', COUNTING)
  assert.equal(engine.unconfirmed, { messages: 0, bytes: 0 })
  engine.sendPart(Buffer.alloc(10), true)
  assert.equal(engine.unconfirmed, { messages: 0, bytes: 12 }, 'a message counts when it is whole')
  engine.sendPart(Buffer.alloc(5), false)
  assert.equal(engine.unconfirmed, { messages: 1, bytes: 19 })
  const context = pingAt(engine, 1000)
  assert.equal(context, octets('00000001 000000000001 000000000013'))
  engine.sendPart(Buffer.alloc(300), false)
  assert.equal(engine.unconfirmed, { messages: 2, bytes: 19 + 309 })
  pong(engine, context)
  assert.equal(engine.unconfirmed, { messages: 1, bytes: 309 })
  pong(engine, context)
  assert.equal(engine.unconfirmed, { messages: 1, bytes: 309 }, 'once more says nothing new')
  const later = pingAt(engine, 2000)
  assert.equal(engine.unconfirmed, { messages: 1, bytes: 309 }, 'commands are none of it')
  pong(engine, later)
  assert.equal(engine.unconfirmed, { messages: 0, bytes: 0 })
  pong(engine, context)
  assert.equal(engine.unconfirmed, { messages: 0, bytes: 0 }, 'what was read stays read')
})

test('an answer to any PING counts, also when others have left since', () => {
  const engine = readyEngine('ROUTER', 'DEALER', COUNTING)
  const contexts = [1000, 2000, 3000].map((now) => {
    engine.sendPart(Buffer.alloc(8), false)
    return pingAt(engine, now)
  })
  pong(engine, contexts[1]!)
  assert.equal(engine.unconfirmed, { messages: 1, bytes: 10 })
  pong(engine, contexts[0]!)
  assert.equal(engine.unconfirmed, { messages: 1, bytes: 10 })
})

test('whatever way a message is written, it counts once, with all its octets', () => {
  const engine = readyEngine('ROUTER', 'DEALER', COUNTING)
  const count = () => engine.unconfirmed
  const write = (size: number, more: boolean) => {
    const slab = engine.beginPart(more)
    slab.reserve(size)
    slab.at += size
  }
  write(10, false)
  engine.abandonPart()
  assert.equal(count(), { messages: 0, bytes: 0 })
  write(10, true)
  engine.endPart()
  assert.equal(count(), { messages: 0, bytes: 12 })
  write(70_000, false)
  engine.endPart()
  assert.equal(count(), { messages: 1, bytes: 12 + 70_009 })
  engine.sendPart(Buffer.alloc(10_000), false)
  assert.equal(count(), { messages: 2, bytes: 12 + 70_009 + 10_009 })
  for (const size of [1, 10_000]) {
    const message = new Broadcast()
    message.begin([Buffer.alloc(size), Buffer.alloc(1)])
    engine.broadcast(message)
  }
  assert.equal(count(), { messages: 4, bytes: 12 + 70_009 + 10_009 + 6 + 10_012 })
  engine.sendCommand('SUBSCRIBE', Buffer.alloc(3))
  engine.handleBytes(command('PING', '\0\0'), 1)
  assert.equal(eventsOf(engine), [])
  assert.equal(count(), { messages: 4, bytes: 12 + 70_009 + 10_009 + 6 + 10_012 })
  assert.is(outputOf(engine).length, count()!.bytes + 2 + 10 + 3 + 7)
})

test('a PONG that says what cannot be says nothing: more than was sent, or another size', () => {
  const engine = readyEngine('ROUTER', 'DEALER', COUNTING)
  for (let i = 0; i < 3; i++) engine.sendPart(Buffer.alloc(8), false)
  pingAt(engine, 1000)
  for (const context of [
    '00000001 000000000004 00000000001e',
    '00000001 000000000003 00000000001f',
    '00000001 ffffffffffff ffffffffffff',
    '00000001 000000000003 0000000000',
    '00000001 000000000003 00000000001e 00',
    '',
  ]) {
    pong(engine, octets(context))
    assert.equal(engine.unconfirmed, { messages: 3, bytes: 30 }, context)
  }
  assert.is(engine.rttMs, undefined)
})

test('counts go on beyond the 48 bits that a context has room for', () => {
  const echo = new Echo()
  const sent = 2 ** 48 + 5
  echo.handlePong(1, echo.begin(0, sent, 3 * sent), 0, 16, sent + 2, 3 * sent + 7)
  assert.equal([echo.messages, echo.bytes], [sent, 3 * sent])
  echo.handlePong(1, echo.begin(0, 2 * sent, 4 * sent), 0, 16, 2 * sent, 4 * sent)
  assert.equal([echo.messages, echo.bytes], [2 * sent, 4 * sent])
})

test('is known after the end, and not known where no PING is said, or none with a context', () => {
  const engine = readyEngine('ROUTER', 'DEALER', COUNTING)
  engine.sendPart(Buffer.alloc(8), false)
  engine.handleEnd(1)
  assert.equal(eventsOf(engine), ['ended -'])
  assert.equal(engine.unconfirmed, { messages: 1, bytes: 10 })
  assert.is(makeEngine('ROUTER', COUNTING).unconfirmed, undefined, 'before READY')
  assert.is(readyEngine('ROUTER', 'DEALER', { heartbeatIntervalMs: 1000 }).unconfirmed, undefined)
  assert.is(readyEngine('ROUTER', 'DEALER', { heartbeatMeasureMs: 1000 }).unconfirmed, undefined)
})

test.run()
