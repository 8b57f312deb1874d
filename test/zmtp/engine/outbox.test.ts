import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Broadcast } from '../../../src/base/broadcast.ts'
import { giveChunk } from '../../../src/base/slab.ts'
import { COPY_MAX, Outbox } from '../../../src/zmtp/engine/outbox.ts'
import { frame } from '../../support/engine.ts'

const test = suite('outbox')

function taken(outbox: Outbox): Buffer[] {
  const pieces: Buffer[] = []
  outbox.slab.take(pieces, [])
  return pieces
}

/** Octets that differ from their neighbours, so that a shift shows. */
function pattern(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 7 + size) & 0xff))
}

/** Writes `body` into the open frame, in pieces of at most `step` octets. */
function fill(outbox: Outbox, body: Buffer, step = body.length): void {
  for (let at = 0; at < body.length; at += step) {
    const piece = body.subarray(at, at + step)
    outbox.slab.reserve(piece.length)
    outbox.slab.bytes.set(piece, outbox.slab.at)
    outbox.slab.at += piece.length
  }
}

const SIZES = [0, 1, 11, 12, 13, 14, 254, 255, 256, 257, 4000, COPY_MAX - 1, COPY_MAX, COPY_MAX + 1, 70_000]

test('writes bodies of every size, in order, in the shortest frame', () => {
  const outbox = new Outbox()
  for (const size of SIZES) outbox.write(size % 2, pattern(size))
  assert.equal(
    Buffer.concat(taken(outbox)),
    Buffer.concat(SIZES.map((size) => frame(size % 2, pattern(size)))),
  )
})

test('copies a body up to 8 KiB and borrows a larger one', () => {
  const outbox = new Outbox()
  const small = pattern(COPY_MAX)
  const large = pattern(COPY_MAX + 1)
  outbox.write(0, small)
  outbox.write(0, large)
  small.fill(0)
  const pieces = taken(outbox)
  assert.ok(pieces.includes(large))
  assert.equal(Buffer.concat(pieces).subarray(0, 9 + COPY_MAX), frame(0, pattern(COPY_MAX)))
})

test('frames a body that is written in place, whatever the last one needed', () => {
  const outbox = new Outbox()
  for (const before of SIZES)
    for (const size of SIZES) {
      for (const body of [pattern(before), pattern(size)]) {
        outbox.begin(1)
        fill(outbox, body)
        outbox.end()
      }
      assert.equal(
        Buffer.concat(taken(outbox)),
        Buffer.concat([frame(1, pattern(before)), frame(1, pattern(size))]),
        `${before} then ${size}`,
      )
    }
})

test('frames a body that crosses chunks at any place', () => {
  for (const size of [200, 300])
    for (const last of [0, 300]) {
      for (let room = 0; room < size + 12; room++) {
        const outbox = new Outbox()
        outbox.begin(0)
        fill(outbox, pattern(last))
        outbox.end()
        // Leaves `room` octets in the first chunk, which has 4096.
        const filler = pattern(4096 - room - outbox.slab.byteLength - 9)
        outbox.write(0, filler)
        outbox.begin(0)
        fill(outbox, pattern(size), 1)
        outbox.end()
        outbox.write(0, pattern(3))
        const expected = [pattern(last), filler, pattern(size), pattern(3)].map((body) => frame(0, body))
        assert.equal(Buffer.concat(taken(outbox)), Buffer.concat(expected), `size ${size}, room ${room}`)
      }
    }
})

test('frames a body part of which is borrowed', () => {
  for (const first of [10, 300]) {
    const outbox = new Outbox()
    outbox.begin(0)
    fill(outbox, pattern(first))
    outbox.end()
    outbox.begin(0)
    fill(outbox, pattern(20))
    outbox.slab.append(pattern(10_000))
    fill(outbox, pattern(5))
    outbox.end()
    const body = Buffer.concat([pattern(20), pattern(10_000), pattern(5)])
    assert.equal(Buffer.concat(taken(outbox)), Buffer.concat([frame(0, pattern(first)), frame(0, body)]))
  }
})

test('forgets an abandoned frame without a trace, across chunks too', () => {
  for (const size of [0, 10, 5000, 200_000]) {
    const outbox = new Outbox()
    outbox.write(0, pattern(30))
    outbox.begin(1)
    assert.ok(outbox.open)
    fill(outbox, pattern(size), 1000)
    outbox.abandon()
    assert.not(outbox.open)
    outbox.write(0, pattern(40))
    assert.equal(Buffer.concat(taken(outbox)), Buffer.concat([frame(0, pattern(30)), frame(0, pattern(40))]))
  }
})

test('sends no octet that it did not write', () => {
  // Fills the free lists with a marker: recycled memory must never show.
  const dirty = Buffer.alloc(4096, 0xfe)
  const outbox = new Outbox()
  for (let round = 0; round < 3; round++) {
    giveChunk(dirty)
    for (const size of SIZES) outbox.write(0, Buffer.alloc(size, 0x41))
    outbox.begin(0)
    fill(outbox, Buffer.alloc(3000, 0x41), 700)
    outbox.end()
    const sent = Buffer.concat(taken(outbox))
    assert.not(sent.includes(Buffer.from([0xfe, 0xfe])))
    dirty.fill(0xfe)
  }
})

test('a broadcast leaves every outbox as if it were written there, whatever stands before and after it', () => {
  const messages = [
    [0],
    [1],
    [255, 256],
    [12, 0, 300],
    [COPY_MAX - 10, 10],
    [COPY_MAX + 1],
    [1, 70_000, 1],
    [4000],
  ]
  const shared = Array.from({ length: 4 }, () => new Outbox())
  const message = new Broadcast()
  const expected: Buffer[][] = shared.map(() => [])
  for (let round = 0; round < 40; round++) {
    const parts = messages[round % messages.length]!.map((size) => pattern(size + (round >> 3)))
    const frames = parts.map((part, i) => frame(i < parts.length - 1 ? 1 : 0, part))
    message.begin(parts)
    shared.forEach((outbox, i) => {
      // The first gets all of them, others something of their own between, or not every one; each is flushed at a time of its own.
      if (i === 1 && round % 3 === 0) {
        outbox.write(0, pattern(20))
        expected[i]!.push(frame(0, pattern(20)))
      }
      if (i === 2 && round % 4 === 0) return
      outbox.broadcast(message)
      expected[i]!.push(...frames)
      if (round % (i + 2) === 0) {
        assert.equal(Buffer.concat(taken(outbox)), Buffer.concat(expected[i]!))
        expected[i] = []
      }
    })
    message.finish()
  }
  shared.forEach((outbox, i) => {
    assert.equal(Buffer.concat(taken(outbox)), Buffer.concat(expected[i]!))
  })
})

test('frames that many share are written once: the same memory for all, one piece for a row of messages', () => {
  const outboxes = Array.from({ length: 3 }, () => new Outbox())
  const message = new Broadcast()
  for (let i = 0; i < 10; i++) {
    message.begin([pattern(5), pattern(100)])
    for (const outbox of outboxes) outbox.broadcast(message)
  }
  const pieces = outboxes.map(taken)
  for (const own of pieces) {
    assert.is(own.length, 1)
    assert.is(own[0]!.buffer, pieces[0]![0]!.buffer)
  }
})

test('what refers to a broadcast stays good while others follow', () => {
  const slow = new Outbox()
  const quick = new Outbox()
  const message = new Broadcast()
  message.begin([pattern(50)])
  slow.broadcast(message)
  quick.broadcast(message)
  for (let i = 0; i < 3000; i++) {
    message.begin([pattern(100)])
    quick.broadcast(message)
    if (i % 10 === 0) taken(quick)
  }
  assert.equal(Buffer.concat(taken(slow)), frame(0, pattern(50)))
})

test('an outbox that encrypts seals a broadcast for itself', () => {
  const plain = new Outbox()
  const sealed = new Outbox()
  const message = new Broadcast()
  message.begin([pattern(10)])
  plain.broadcast(message)
  const before = message.bytes
  sealed.cipher = {
    spent: false,
    seal: (bytes, start, end) => void bytes.fill(0xee, start, end),
    open: () => 0,
  }
  sealed.broadcast(message)
  assert.equal(Buffer.concat(taken(plain)), frame(0, pattern(10)))
  assert.is(message.bytes, before)
  const box = Buffer.concat(taken(sealed))
  assert.ok(box.length > 33 + 10)
  assert.not(box.includes(pattern(10)))
})

test.run()
