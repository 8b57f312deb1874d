// Sessions with octets changed, dropped, doubled and inserted, and plain noise, cut anywhere: the engine never throws,
// either goes on or ends for good with a code, and makes the same of the same octets however they are cut.
// PSEUD_FUZZ_SEED repeats a run, PSEUD_FUZZ_ROUNDS makes it longer.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LimitError, LinkError, ProtocolError } from '../../../src/base/errors.ts'
import type { Engine } from '../../../src/zmtp/engine/engine.ts'
import {
  command,
  eventsOf,
  frame,
  greeting,
  makeEngine,
  octets,
  outputOf,
  property,
  ready,
} from '../../support/engine.ts'
import { Noise, SEED } from '../../support/noise.ts'

const test = suite('fuzz')
const rounds = Number(process.env.PSEUD_FUZZ_ROUNDS ?? 4000)
const noise = new Noise(SEED)

const SESSIONS = [
  Buffer.concat([
    greeting(),
    ready('DEALER', property('Identity', 'me'), property('X-a', 'value')),
    octets('00 02 "hi" 01 00 00 01 41 04 07 04 "PING" 0005 02 00*6 01 2c 42*300'),
    command('NOPE', 'x'),
    frame(1, Buffer.alloc(40)),
    frame(0, Buffer.alloc(0)),
  ]),
  Buffer.concat([
    greeting(),
    ready('SUB'),
    command('SUBSCRIBE', 'a'),
    command('CANCEL', 'a'),
    octets('00 02 01 41'),
  ]),
  Buffer.concat([greeting(), ready('SUB'), octets('04 00*6 01 00 09 "SUBSCRIBE" 41*246 00 02 01 41')]),
  Buffer.concat([greeting(), command('ERROR', '\x03400')]),
]

function engine(type: string): Engine {
  return makeEngine(type, {
    maxFrameSize: 5000,
    maxMessageSize: 8000,
    maxFrames: 50,
    handshakeTimeoutMs: 1000,
    heartbeatIntervalMs: 100,
    heartbeatTimeoutMs: 100,
  })
}

function transcript(type: string, bytes: Buffer, cut: () => number): string[] {
  const target = engine(type)
  const events: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = cut()
    target.handleBytes(Buffer.from(bytes.subarray(at, at + size)), 0)
    at += size
    // Sometimes nobody polls for a while.
    if (at < bytes.length && size % 5 === 4) continue
    events.push(...eventsOf(target))
    if (events.at(-1)?.startsWith('ended')) break
  }
  if (target.error !== undefined) {
    const { error } = target
    assert.ok(error instanceof ProtocolError || error instanceof LimitError || error instanceof LinkError)
    assert.is(target.pollDeadline(), Infinity)
  }
  outputOf(target)
  target.handleTimeout(100_000)
  target.handleEnd(100_000)
  assert.match(eventsOf(target).at(-1)!, /^ended/)
  return events
}

test(`M21: mutated sessions end or go on, and never throw, however they are cut: seed ${SEED}`, () => {
  for (let round = 0; round < rounds; round++) {
    // Mostly behind the greeting, where more is to be said.
    const bytes = noise.mutated(noise.pick(SESSIONS), 64)
    const type = round % 2 === 0 ? 'ROUTER' : 'PUB'
    const before = noise.state
    try {
      const whole = transcript(type, bytes, () => bytes.length)
      const pieces = transcript(type, bytes, () => 1 + noise.random(30))
      const single = transcript(type, bytes, () => 1)
      assert.equal(pieces, whole)
      assert.equal(single, whole)
    } catch (error) {
      console.log(`seed ${SEED}, round ${round}, state ${before}, ${type}: ${bytes.toString('hex')}`)
      throw error
    }
  }
})

test('the sessions it starts from are good', () => {
  assert.equal(transcript('ROUTER', SESSIONS[0]!, () => 1000).length, 7)
  assert.equal(
    transcript('PUB', SESSIONS[1]!, () => 1000),
    ['ready', 'SUBSCRIBE 61', 'CANCEL 61', 'part 0141'],
  )
  assert.equal(
    transcript('PUB', SESSIONS[2]!, () => 1000),
    ['ready', 'SUBSCRIBE (246)', 'part 0141'],
  )
})

test.run()
