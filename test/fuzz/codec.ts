// The codec as a target: octets against the plain decoder in test/reference, values there and back, and a line of messages with shared
// shapes, of which some are given up. What has to hold: nothing is thrown but CodecError; what is read is what the reference
// reads; what is written again reads the same; what is skipped ends where what is read does; and no more is counted than was fed.
import { isDeepStrictEqual } from 'node:util'
import { Mark, Slab } from '../../src/base/slab.ts'
import { Codec, CodecError, DEFAULT_LIMITS } from '../../src/codec/index.ts'
import { type Reader, ReceivedShapes, SentShapes, SHAPES_MAX } from '../../src/codec/messages.ts'
import { SHAPE_KEYS_MAX } from '../../src/codec/shapes.ts'
import { decodeReference } from '../reference/msgpack.ts'
import type { Noise } from '../support/noise.ts'
import { drawValue } from './codec-values.ts'
import { Choices, demand, type Target, Violation } from './target.ts'

const OCTETS = 0
const VALUE = 1
const LINE = 2
const LINE_OCTETS = 3
const MODES = 4
// Octets that choose values: large ones take long, and show no more than several small ones.
const CHOICES_MAX = 72
// Messages of one line.
const LINE_MAX = 4

// Bounds that the reference does not have: what is shorter than this cannot have passed them.
const SHORTEST_BEYOND: ReadonlyMap<string, number> = new Map([
  ['TOO_DEEP', DEFAULT_LIMITS.maxDepth],
  ['BAD_KEY', DEFAULT_LIMITS.maxKeyBytes],
  ['BAD_EXTENSION', DEFAULT_LIMITS.maxBigintBytes],
  ['BAD_SHAPE', SHAPE_KEYS_MAX],
  ['TOO_MANY_KEYS', DEFAULT_LIMITS.maxKeys],
])

const codec = new Codec()
const reader = codec.reader()

export const codecTarget: Target = {
  name: 'codec',
  sources: ['src/codec/'],

  draw(noise: Noise): Buffer {
    const mode = noise.random(8)
    const octets = noise.octets(8 + noise.random(noise.random(8) === 0 ? 400 : 60))
    if (mode < 2) return Buffer.concat([Buffer.from([mode === 0 ? VALUE : LINE]), octets])
    if (mode < 7) return Buffer.concat([Buffer.from([OCTETS]), encoding(octets)])
    return Buffer.concat([Buffer.from([LINE_OCTETS]), line(octets)])
  },

  run(input: Buffer): void {
    if (input.length === 0) return
    const rest = input.subarray(1)
    const mode = input[0]! % MODES
    if (mode === OCTETS) runOctets(rest)
    else if (mode === VALUE) runValue(new Choices(rest.subarray(0, CHOICES_MAX)))
    else if (mode === LINE) runLine(new Choices(rest.subarray(0, CHOICES_MAX)))
    else runLineOctets(rest)
  },
}

/** The octets of a value drawn from `octets`. */
function encoding(octets: Buffer): Buffer {
  const value = drawValue(new Choices(octets))
  try {
    return codec.encode(value)
  } catch {
    return octets
  }
}

/** Messages of a line, each behind its size. */
function line(octets: Buffer): Buffer {
  const choices = new Choices(octets)
  const sent = new SentShapes()
  const messages: Buffer[] = []
  while (!choices.over && messages.length < LINE_MAX) {
    const value = drawValue(choices)
    const message = write([value, value], sent)
    if (message !== undefined && message.length < 256) messages.push(Buffer.from([message.length]), message)
    else sent.rollback()
  }
  return Buffer.concat(messages)
}

// -- octets ----------------------------------------------------------------------------------------------------------------

function runOctets(octets: Buffer): void {
  const value = read(octets, undefined)
  if (value === undefined) {
    expectRefusal(octets, undefined)
    return
  }
  expectSame(value.value, () => decodeReference(octets), octets)
  rewrite(value.value)
}

/** What was read is written, and reads the same. */
function rewrite(value: unknown): void {
  const again = write(value, undefined)
  // What is at the bound of depth or values with an extension in it may be beyond it when it is written in another form.
  demand(again !== undefined, () => 'what was read cannot be written')
  const second = read(again, undefined)
  demand(second !== undefined, () => `what was written cannot be read: ${again.toString('hex')}`)
  expectSame(second.value, () => value, again)
}

// As a message lies in what came: between others.
const BEFORE = Buffer.from('before')
const BEHIND = Buffer.from('93c4ffd907dd00000004behind')

/** One message, all of it; `undefined`: it is refused. */
function read(message: Buffer, shapes: ReceivedShapes | undefined): { value: unknown } | undefined {
  const octets = Buffer.concat([BEFORE, message, BEHIND])
  const start = BEFORE.length
  reader.reset(octets, start, start + message.length)
  if (shapes !== undefined) reader.useShapes(shapes)
  let value: unknown
  try {
    value = reader.readValue()
    const end = reader.at
    // Definitions are learnt once: who skips does not.
    if (shapes === undefined) expectSkip(octets, start, end, start + message.length)
    reader.expectEnd()
    demand(spent(reader) <= message.length, () => `${spent(reader)} values in ${message.length} octets`)
  } catch (error) {
    if (error instanceof Violation) throw error
    demand(error instanceof CodecError, () => `thrown: ${String(error)}`)
    lastCode = error.code
    const most = (DEFAULT_LIMITS.maxDepth + 1) * message.length
    demand(spent(reader) <= most, () => `${spent(reader)} values counted in ${message.length} octets`)
    return undefined
  }
  return { value }
}

let lastCode = ''

function spent(by: Reader): number {
  return DEFAULT_LIMITS.maxValues - by.valuesLeft
}

function expectSkip(octets: Buffer, start: number, end: number, last: number): void {
  const left = reader.valuesLeft
  const at = reader.at
  reader.reset(octets, start, last)
  reader.skip()
  demand(reader.at === end, () => `skip ends at ${reader.at}, not ${end}`)
  reader.at = at
  reader.valuesLeft = left
}

function expectRefusal(octets: Buffer, shapes: string[][] | undefined): void {
  if (octets.length > (SHORTEST_BEYOND.get(lastCode) ?? Number.POSITIVE_INFINITY)) return
  let value: unknown
  try {
    value = decodeReference(octets, shapes)
  } catch {
    return
  }
  throw new Violation(`refused with ${lastCode}, but the reference reads ${String(value)}`)
}

function expectSame(value: unknown, other: () => unknown, octets: Buffer): void {
  let theirs: unknown
  try {
    theirs = other()
  } catch (error) {
    throw new Violation(`read, but the reference says ${String(error)}: ${octets.toString('hex')}`)
  }
  demand(isDeepStrictEqual(value, theirs), () => `read as something else: ${octets.toString('hex')}`)
}

// -- values ----------------------------------------------------------------------------------------------------------------

function runValue(choices: Choices): void {
  const value = drawValue(choices)
  const octets = write(value, undefined)
  demand(octets !== undefined, () => 'a good value cannot be written')
  const back = read(octets, undefined)
  demand(back !== undefined, () => `what was written cannot be read: ${lastCode} ${octets.toString('hex')}`)
  expectSame(back.value, () => value, octets)
  expectSame(value, () => decodeReference(octets), octets)
}

const slab = new Slab()
const mark = new Mark()

/** `undefined`: it cannot be written, and says so properly. */
function write(value: unknown, shapes: SentShapes | undefined): Buffer | undefined {
  slab.save(mark)
  shapes?.mark()
  try {
    codec.writeValue(slab, value, 'value', shapes)
    return slab.gather(mark)
  } catch (error) {
    shapes?.rollback()
    demand(error instanceof CodecError && error.code === 'NOT_ENCODABLE', () => `thrown: ${String(error)}`)
    return undefined
  } finally {
    slab.rollback(mark)
  }
}

// -- lines with shapes -----------------------------------------------------------------------------------------------------

/** Values over a line; some are written and not sent, some sent and dropped unread. */
function runLine(choices: Choices): void {
  const max = choices.pick([1, 2, 256])
  const sent = new SentShapes(max)
  const received = new ReceivedShapes(max)
  const reference: string[][] = []
  for (let n = 0; n < LINE_MAX && !choices.over; n++) {
    const fate = choices.random(8)
    const value = drawValue(choices)
    const octets = write(fate < 2 ? [value, value] : value, sent)
    demand(octets !== undefined, () => 'a good value cannot be written')
    if (fate === 7) {
      sent.rollback()
      continue
    }
    const plain = codec.expand(octets, sent)
    if (plain !== octets) expectSame(decodeReference(plain), () => (fate < 2 ? [value, value] : value), plain)
    if (fate === 6) drop(octets, received)
    else {
      const back = read(octets, received)
      demand(
        back !== undefined,
        () => `what was written cannot be read: ${lastCode} ${octets.toString('hex')}`,
      )
      expectSame(back.value, () => (fate < 2 ? [value, value] : value), octets)
    }
    expectSame(decodeReference(octets, reference), () => (fate < 2 ? [value, value] : value), octets)
    demand(sent.size === received.size, () => `${sent.size} shapes sent, ${received.size} received`)
    demand(
      received.size === reference.length,
      () => `${received.size} shapes, the reference has ${reference.length}`,
    )
  }
}

/** A message that nobody wants: gone through for what it defines. */
function drop(octets: Buffer, shapes: ReceivedShapes): void {
  reader.reset(octets, 0, octets.length)
  reader.useShapes(shapes)
  reader.relearn()
}

/** Messages of somebody else, each behind its size; the first that is refused ends the line. */
function runLineOctets(octets: Buffer): void {
  const received = new ReceivedShapes()
  const reference: string[][] = []
  for (let at = 0; at < octets.length; ) {
    const size = octets[at]!
    const message = octets.subarray(at + 1, at + 1 + size)
    at += 1 + size
    const before = reference.map((keys) => [...keys])
    const value = read(message, received)
    if (value === undefined) {
      expectRefusal(message, before)
      expectRelearnt(received)
      return
    }
    expectSame(value.value, () => decodeReference(message, reference), message)
    demand(
      received.size === reference.length,
      () => `${received.size} shapes, the reference has ${reference.length}`,
    )
    rewrite(value.value)
  }
}

/** After a message that cannot be read its definitions hold all the same, or it is none at all. */
function expectRelearnt(shapes: ReceivedShapes): void {
  try {
    reader.relearn()
  } catch (error) {
    demand(error instanceof CodecError, () => `thrown: ${String(error)}`)
  }
  demand(shapes.size <= SHAPES_MAX, () => `${shapes.size} shapes`)
}
