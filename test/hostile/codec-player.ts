/**
 * Plays the rows of the codec. Octets for it come in one piece, so its four ways are those in which a message can hold them: alone; cut at every
 * offset, and with octets behind; somewhere inside other values; and as an argument of a call over a live connection, beside an honest
 * client at work. In each of them the error is the one of the row, or that of the place where it stands, and the codec works afterwards.
 */
import * as assert from 'uvu/assert'
import { Codec, CodecError, decode, Extension, encode } from '../../src/codec/index.ts'
import { deliver, seedOf } from '../support/delivery.ts'
import { Noise, SEED } from '../support/noise.ts'
import { until } from '../support/within.ts'
import type { Echo } from './echo.ts'
import type { CodecOutcome } from './outcomes.ts'
import { type CodecRow, codecBytes } from './rows.ts'
import { answers, message, messageOf, RpcWorld } from './rpc-world.ts'

export const CODEC_WAYS: Readonly<
  Record<string, (row: CodecRow, outcome: CodecOutcome, echo: () => Promise<Echo>) => void | Promise<void>>
> = {
  alone: playAlone,
  'cut at every offset': playCut,
  'inside other values': playInside,
  'as an argument, beside an honest client at work': playLive,
}

const MIB = 1 << 20

/** The value, or the error. */
function decoded(bytes: Buffer, codec: Codec = new Codec()): { value?: unknown; error?: CodecError } {
  try {
    return { value: codec.decode(bytes) }
  } catch (error) {
    assert.instance(error, CodecError, 'another kind of error')
    return { error: error as CodecError }
  }
}

function assertWorks(codec: Codec): void {
  assert.equal(codec.decode(Buffer.from('9301a161c0', 'hex')), [1, 'a', null])
}

function playAlone(row: CodecRow, { code, accepts, kept, again }: CodecOutcome): void {
  const bytes = codecBytes(row)
  const codec = new Codec()
  const before = process.memoryUsage()
  const { value, error } = decoded(bytes, codec)
  const after = process.memoryUsage()
  assert.is(error?.code, code)
  if (code === undefined) {
    if (again) assert.ok(codec.encode(value).equals(bytes))
    else assert.equal(value, accepts)
  } else {
    assert.ok(after.arrayBuffers - before.arrayBuffers < MIB, 'memory for octets that never came')
    assert.ok(after.heapUsed - before.heapUsed < 64 * MIB, 'memory for values that never came')
    assert.ok(error!.offset! >= 0 && error!.offset! <= bytes.length)
    assert.is(error!.path, undefined)
  }
  assertWorks(codec)

  // The same by the cursor that the RPC layer uses.
  const reader = codec.reader()
  reader.reset(bytes, 0, bytes.length)
  const read = (): void => {
    reader.readValue()
    reader.expectEnd()
  }
  if (code === undefined) read()
  else assert.throws(read, (thrown: CodecError) => thrown.code === code)
  reader.reset(bytes, 0, bytes.length)
  // What is passed over is looked at as well, as far as its end depends on it.
  try {
    reader.skip()
  } catch (thrown) {
    assert.instance(thrown, CodecError)
  }
  reader.reset(Buffer.from('a26f6b', 'hex'), 0, 3)
  assert.is(reader.readValue(), 'ok')

  if (kept) {
    const extension = new Codec({ unknownExtensions: 'keep' }).decode(bytes) as Extension
    assert.instance(extension, Extension)
    assert.is(encode(extension).toString('hex'), bytes.toString('hex'))
  }
}

function playCut(row: CodecRow, { code }: CodecOutcome): void {
  const bytes = codecBytes(row)
  const noise = new Noise(seedOf(`${SEED} ${row.id}`))
  const offsets =
    bytes.length <= 2000
      ? Array.from(bytes.keys())
      : [...Array(20).keys(), ...Array.from({ length: 10 }, () => noise.random(bytes.length))]
  for (const at of offsets) {
    const { error } = decoded(bytes.subarray(0, at))
    // What has something behind it is whole without it.
    if (error === undefined && code === 'TRAILING') continue
    assert.ok(error?.code === 'TRUNCATED' || error?.code === code, `cut at ${at}: ${error?.code}`)
  }
  if (code !== undefined || bytes.length > 2000) return
  for (const behind of [0x00, 0xc0, 0xc1, 0xff]) {
    assert.is(decoded(Buffer.concat([bytes, Buffer.of(behind)])).error?.code, 'TRAILING')
  }
}

/** In arrays and maps, last, with others before it: up to twenty deep. */
function playInside(row: CodecRow, outcome: CodecOutcome): void {
  const { accepts, again, code = outcome.inside } = outcome
  const bytes = codecBytes(row)
  const noise = new Noise(seedOf(`${SEED} ${row.id} inside`))
  for (let run = 0; run < (bytes.length > 100_000 ? 2 : 20); run++) {
    const pieces: Buffer[] = []
    const wrap: ((value: unknown) => unknown)[] = []
    for (let depth = noise.random(20); depth >= 0; depth--) {
      const before = Array.from({ length: noise.random(4) }, (_, n) =>
        noise.pick([n, 'text', null, true, 1.5, [n]]),
      )
      if (noise.random(2) === 0) {
        pieces.push(Buffer.of(0x91 + before.length), ...before.map((value) => encode(value)))
        wrap.push((value) => [...before, value])
      } else {
        pieces.push(Buffer.of(0x81), encode('inside'))
        wrap.push((value) => ({ inside: value }))
      }
    }
    const { value, error } = decoded(Buffer.concat([...pieces, bytes]))
    assert.is(error?.code, code)
    if (code === undefined && !again)
      assert.equal(
        value,
        wrap.reduceRight((inner, around) => around(inner), accepts),
      )
  }
  // And as a key, which is no place for anything but short texts.
  if (bytes.length < 1000 && bytes.length > 0 && code === undefined && typeof accepts !== 'string') {
    assert.is(decoded(Buffer.concat([Buffer.of(0x81), bytes, Buffer.of(0xc0)])).error?.code, 'BAD_KEY')
  }
}

// Whether the message ends where it should cannot be known of these, so nobody knows whose call it was.
const ENDS_CONNECTION = ['TRUNCATED', 'TRAILING']

async function playLive(row: CodecRow, outcome: CodecOutcome, echo: () => Promise<Echo>): Promise<void> {
  const { accepts, again, code = outcome.argument } = outcome
  const bytes = codecBytes(row)
  const world = await RpcWorld.open({ to: 'server' })
  try {
    const work = world.work(100)
    const peer = await world.stranger()
    const call = Buffer.concat([
      Buffer.of(0x94),
      encode(0),
      encode(1),
      encode('svc.echo'),
      Buffer.of(0x91),
      bytes,
    ])
    await deliver(peer, message(call), 'split at random', seedOf(`${SEED} ${row.id} live`))
    // Larger than a Server takes: it is not read at all.
    const ends =
      bytes.length > 16 * MIB - 100 ? 'FRAME_TOO_LARGE' : ENDS_CONNECTION.includes(code ?? '') && 'PROTOCOL'
    if (ends) {
      await (await echo()).seesEnd(peer)
      await until(() => world.endings.length > 0)
      assert.equal(world.endings, [ends])
      assert.equal([peer.messages.length, world.ran], [0, []])
    } else {
      await until(() => peer.messages.length > 0, 5000, 'an answer')
      if (code !== undefined) assert.equal(answers(peer), [[2, 1, 'INVALID_ARGUMENT', 'no']])
      else if (again) assert.ok(peer.messages[0]![0]!.subarray(3).equals(bytes))
      else assert.equal(answers(peer), [[1, 1, accepts]])
      peer.write(messageOf([0, 2, 'svc.add', [2, 4]]))
      await until(() => peer.messages.length > 1, 5000, 'the next answer')
      assert.equal(decode(peer.messages[1]![0]!), [1, 2, 6])
    }
    await work
    peer.destroy()
    await world.isAsBefore()
  } finally {
    await world.close()
  }
  await world.hasNoTimers()
}
