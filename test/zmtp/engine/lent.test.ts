// Memory that the engine reads from and does not own: chunks that are used again, and large bodies that are read straight into their own memory.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ENDED, NEED_MORE, PART } from '../../../src/zmtp/engine/engine.ts'
import { Assembly } from '../../../src/zmtp/engine/inbox.ts'
import { RawEngine } from '../../../src/zmtp/engine/raw.ts'
import { eventsOf, frame, makeEngine, octets } from '../../support/engine.ts'

const test = suite('lent memory')

const numbered = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, i) => (i * 7) & 0xff))

function open(): ReturnType<typeof makeEngine> {
  const engine = makeEngine()
  engine.handleBytes(octets('{GN}{DEALER}'), 0)
  assert.equal(eventsOf(engine), ['ready'])
  return engine
}

test('what is unread of a chunk outlives it, and so does what came after', () => {
  for (const whole of [true, false]) {
    const engine = open()
    const bytes = Buffer.concat([frame(0, octets('0a')), frame(0, octets('0b0b')), frame(0, octets('0c'))])
    const chunk = Buffer.from(whole ? bytes : bytes.subarray(0, 5))
    engine.handleBytes(chunk, 0)
    assert.is(engine.poll(), PART)
    assert.is(engine.body[engine.bodyStart], 0x0a)
    engine.keepRest()
    chunk.fill(0xff)
    if (!whole) {
      const next = Buffer.from(bytes.subarray(5))
      engine.handleBytes(next, 0)
      engine.keepRest()
      next.fill(0xff)
    }
    assert.equal(eventsOf(engine), ['part 0b0b', 'part 0c'])
    engine.keepRest()
  }
})

test('without ZMTP as well', () => {
  const engine = new RawEngine()
  engine.poll()
  const chunk = numbered(10_000)
  engine.handleBytes(chunk)
  assert.is(engine.poll(), PART)
  engine.keepRest()
  chunk.fill(0xff)
  const next = Buffer.from('abc')
  engine.handleBytes(next)
  engine.keepRest()
  next.fill(0xff)
  assert.is(engine.poll(), PART)
  assert.equal(engine.body.subarray(engine.bodyStart, engine.bodyEnd), numbered(10_000).subarray(8192))
  assert.is(engine.poll(), PART)
  assert.is(engine.body.toString('latin1', engine.bodyStart, engine.bodyEnd), 'abc')
  assert.is(engine.poll(), NEED_MORE)
  engine.keepRest()
  assert.is(engine.room(), undefined)
  engine.handleFilled()
})

test('a large body is read into its own memory, and what follows it is not', () => {
  const engine = open()
  const body = numbered(300_000)
  const bytes = frame(1, body)
  engine.handleBytes(bytes.subarray(0, 4), 0)
  assert.is(eventsOf(engine).length, 0)
  assert.is(engine.room(), undefined, 'its size is not known yet')
  engine.handleBytes(bytes.subarray(4, 1000), 0)
  assert.is(engine.room(), undefined, 'there is something to read')
  assert.is(eventsOf(engine).length, 0)
  let at = 1000
  for (let room = engine.room(); room !== undefined; room = engine.room()) {
    const size = bytes.copy(room, 0, at, at + Math.min(room.length, 50_000))
    at += size
    engine.handleFilled(size, 0)
    assert.equal(eventsOf(engine), [])
  }
  // The rest is small, and comes with the next frame.
  assert.ok(at < bytes.length && bytes.length - at < 65_536, String(at))
  engine.handleBytes(Buffer.concat([bytes.subarray(at), frame(0, octets('0b'))]), 0)
  assert.is(engine.poll(), PART)
  assert.ok(engine.body.subarray(engine.bodyStart, engine.bodyEnd).equals(body))
  assert.ok(engine.more)
  assert.equal(eventsOf(engine), ['part 0b'])
})

test('a body that is filled to its end is whole', () => {
  const engine = open()
  const body = numbered(65_536)
  engine.handleBytes(frame(0, body).subarray(0, 9), 0)
  assert.equal(eventsOf(engine), [])
  assert.is(body.copy(engine.room()!), body.length)
  engine.handleFilled(body.length, 0)
  assert.is(engine.poll(), PART)
  assert.ok(engine.body.subarray(engine.bodyStart, engine.bodyEnd).equals(body))
  assert.equal(eventsOf(engine), [])
  assert.is(engine.room(), undefined)
})

test("octets that come after the end are nobody's", () => {
  const engine = open()
  engine.handleBytes(frame(0, numbered(70_000)).subarray(0, 9), 0)
  assert.equal(eventsOf(engine), [])
  assert.ok(engine.room())
  engine.handleEnd(0)
  assert.is(engine.poll(), ENDED)
  engine.handleFilled(10, 0)
  assert.is(engine.room(), undefined)
  assert.is(engine.poll(), ENDED)
})

test('octets in a body are a sign of life, and get the message on', () => {
  const engine = makeEngine('ROUTER', {
    stallTimeoutMs: 100,
    heartbeatIntervalMs: 50,
    heartbeatTimeoutMs: 80,
  })
  engine.handleBytes(octets('{GN}{DEALER}'), 0)
  assert.equal(eventsOf(engine), ['ready'])
  engine.handleBytes(frame(0, numbered(200_000)).subarray(0, 100), 0)
  for (let now = 0; now <= 1000; now += 40) {
    assert.equal(eventsOf(engine), [])
    assert.ok(engine.room())
    engine.handleFilled(1000, now)
    assert.is(engine.lastHeard, now)
    assert.equal(eventsOf(engine), [])
    engine.handleTimeout(now)
  }
  assert.is(engine.error, undefined)
  for (let now = 1040; now <= 1200; now += 40) engine.handleTimeout(now)
  assert.ok(engine.error)
})

test('room grows with what has come, and is never a few octets', () => {
  const joined = new Assembly(2 ** 30)
  assert.is(joined.room()!.length, 65_536)
  joined.fill(49_152)
  assert.is(joined.room()!.length, 16_384)
  assert.is(joined.bytes.length, 65_536)
  joined.fill(1)
  assert.is(joined.room()!.length, 262_144 - 49_153)
  assert.is(new Assembly(2 ** 30, 100_000).bytes.length, 400_000)
})

test('room ends where the body ends', () => {
  const joined = new Assembly(100_000)
  joined.fill(34_464)
  const room = joined.room()!
  assert.is(room.length, 65_536 - 34_464)
  joined.fill(room.length)
  assert.is(joined.room(), undefined, 'the rest is small')
  const longer = new Assembly(140_000)
  longer.fill(60_000)
  assert.is(longer.room()!.length, 80_000)
})

test('a body as large as one that came whole is trusted, up to 1 MiB', () => {
  const engine = open()
  const roomFor = (size: number): number => {
    const bytes = frame(0, numbered(size))
    engine.handleBytes(bytes.subarray(0, 9), 0)
    assert.equal(eventsOf(engine), [])
    const room = engine.room()!.length
    engine.handleBytes(bytes.subarray(9), 0)
    assert.equal(eventsOf(engine), [`part (${size})`])
    return room
  }
  assert.equal([200_000, 300_000, 3_000_000, 3_000_000].map(roomFor), [65_536, 200_000, 300_000, 1_048_576])
})

test.run()
