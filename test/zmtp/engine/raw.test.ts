// The engine without ZMTP: what goes in comes out, in pieces of 8 KiB at most, and the other way without a header.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Broadcast } from '../../../src/base/broadcast.ts'
import { ENDED, NEED_MORE, PART, READY } from '../../../src/zmtp/engine/engine.ts'
import { COPY_MAX } from '../../../src/zmtp/engine/outbox.ts'
import { RAW_PART_MAX, RawEngine } from '../../../src/zmtp/engine/raw.ts'
import { feed } from '../../support/feed.ts'

const test = suite('raw engine')
const outOfTurn = (error: { code?: string }) => error.code === 'SEND_OUT_OF_TURN'

function opened(): RawEngine {
  const engine = new RawEngine()
  assert.is(engine.poll(), READY)
  return engine
}

/** Polls until nothing more comes: copies of the parts, and the last answer. */
function drain(engine: RawEngine): { parts: Buffer[]; last: number } {
  const parts: Buffer[] = []
  for (;;) {
    const result = engine.poll()
    if (result !== PART) return { parts, last: result }
    assert.is(engine.more, false)
    parts.push(Buffer.from(engine.body.subarray(engine.bodyStart, engine.bodyEnd)))
  }
}

function sent(engine: RawEngine): Buffer[] {
  const pieces: Buffer[] = []
  engine.output.take(pieces, [])
  return pieces
}

/** Octets that begin like ZMTP, an HTTP request, frames, and nothing in particular. */
function anything(): Buffer {
  const noise = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 37) & 0xff))
  return Buffer.concat([
    Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([4, 5, 4, 0x50, 0x49, 0x4e, 0x47]),
    noise,
  ])
}

test('opens at once, with nothing said and nothing heard, and only once', () => {
  const engine = new RawEngine()
  assert.is(engine.output.byteLength, 0)
  assert.is(engine.poll(), READY)
  assert.is(engine.poll(), NEED_MORE)
  assert.is(engine.output.byteLength, 0)
  assert.equal([engine.peer.major, engine.peer.socketType, engine.peer.identity.length], [0, '', 0])
})

test('gives every octet back in order, whole, bytewise and at every split, whatever it looks like', () => {
  const bytes = anything()
  feed(bytes, (chunks) => {
    const engine = opened()
    const got: Buffer[] = []
    for (const chunk of chunks) {
      engine.handleBytes(chunk)
      const { parts, last } = drain(engine)
      assert.is(last, NEED_MORE)
      assert.equal(
        parts.map((part) => part.length),
        [chunk.length],
        'a chunk is a part',
      )
      got.push(...parts)
    }
    assert.ok(Buffer.concat(got).equals(bytes))
  })
})

test('a part is a range of the chunk it came in, without a copy; an idle engine holds no chunk', () => {
  const engine = opened()
  const chunk = anything()
  engine.handleBytes(chunk)
  assert.is(engine.poll(), PART)
  assert.ok(engine.body === chunk)
  assert.equal([engine.bodyStart, engine.bodyEnd], [0, chunk.length])
  assert.is(engine.poll(), NEED_MORE)
  assert.is(engine.body.length, 0)
})

test('cuts chunks into parts of 8192 octets, and does not join what came apart', () => {
  for (const [size, parts] of [
    [RAW_PART_MAX - 1, [8191]],
    [RAW_PART_MAX, [8192]],
    [RAW_PART_MAX + 1, [8192, 1]],
    [65_536, Array.from({ length: 8 }, () => 8192)],
    [20_000, [8192, 8192, 3616]],
  ] as const) {
    const engine = opened()
    const chunk = Buffer.from(Array.from({ length: size }, (_, i) => i % 251))
    engine.handleBytes(chunk)
    engine.handleBytes(Buffer.from('next'))
    const got = drain(engine).parts
    assert.equal(
      got.map((part) => part.length),
      [...parts, 4],
    )
    assert.ok(Buffer.concat(got).equals(Buffer.concat([chunk, Buffer.from('next')])))
  }
})

test('a chunk without octets is no part: that would be the word for an end', () => {
  const engine = opened()
  engine.handleBytes(Buffer.alloc(0))
  engine.handleBytes(Buffer.from('a'))
  assert.equal(drain(engine).parts.map(String), ['a'])
})

test('delivers what came before the end, also when it had not been polled for, then ends for good', () => {
  const engine = new RawEngine()
  engine.handleBytes(Buffer.from('first'))
  engine.handleBytes(Buffer.from('second'))
  engine.handleEnd()
  assert.is(engine.poll(), READY)
  const { parts, last } = drain(engine)
  assert.equal(parts.map(String), ['first', 'second'])
  assert.is(last, ENDED)
  assert.is(engine.error, undefined)
  engine.handleBytes(Buffer.from('late'))
  assert.is(engine.poll(), ENDED)
})

test('has no time: it never wants to be called back, and nothing happens if it is; nor does it ask who is there', () => {
  const engine = opened()
  engine.handleTimeout()
  engine.handleResume()
  engine.handleVerdict()
  assert.is(engine.pollDeadline(), Infinity)
  assert.is(engine.poll(), NEED_MORE)
  assert.is(engine.output.byteLength, 0)
})

test('sends octets as they are, without a header; small ones are copied, large ones borrowed', () => {
  const engine = opened()
  const small = Buffer.from('small')
  const border = Buffer.alloc(COPY_MAX, 1)
  const large = Buffer.alloc(COPY_MAX + 1, 2)
  for (const body of [small, Buffer.alloc(0), border, large, small]) engine.sendPart(body)
  assert.is(engine.output.byteLength, 5 + COPY_MAX + COPY_MAX + 1 + 5)
  small.fill(0)
  const pieces = sent(engine)
  assert.ok(pieces.includes(large), 'by reference')
  assert.ok(
    Buffer.concat(pieces).equals(Buffer.concat([Buffer.from('small'), border, large, Buffer.from('small')])),
  )
})

test('a message for many is the octets of its parts', () => {
  const engine = opened()
  const message = new Broadcast()
  message.begin([Buffer.from('a'), Buffer.alloc(0), Buffer.from('bc')])
  engine.broadcast(message)
  assert.is(String(Buffer.concat(sent(engine))), 'abc')
})

test('a part written in place is its octets; an abandoned one leaves nothing', () => {
  const engine = opened()
  const write = (text: string): void => {
    const slab = engine.beginPart()
    slab.reserve(text.length)
    slab.at += slab.bytes.write(text, slab.at, 'latin1')
  }
  write('kept')
  engine.endPart()
  write('forgotten')
  engine.abandonPart()
  write(', too')
  engine.endPart()
  assert.is(String(Buffer.concat(sent(engine))), 'kept, too')
})

test('refuses to send before it is open, after the end, inside a part, and commands always', () => {
  const early = new RawEngine()
  assert.throws(() => early.sendPart(Buffer.from('a')), outOfTurn)
  assert.throws(() => early.beginPart(), outOfTurn)
  const engine = opened()
  assert.throws(() => engine.sendCommand(), outOfTurn)
  assert.throws(() => engine.endPart(), outOfTurn)
  assert.throws(() => engine.abandonPart(), outOfTurn)
  engine.beginPart()
  assert.throws(() => engine.sendPart(Buffer.from('a')), outOfTurn)
  engine.endPart()
  engine.handleEnd()
  assert.is(engine.poll(), ENDED)
  assert.throws(() => engine.sendPart(Buffer.from('a')), outOfTurn)
  assert.is(engine.output.byteLength, 0)
})

test.run()
