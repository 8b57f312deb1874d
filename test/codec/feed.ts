// How codec tests hand octets over: whole, inside a larger chunk, cut at every place, and with a tail.
import * as assert from 'uvu/assert'
import { Codec, CodecError } from '../../src/codec/index.ts'

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[\s-]/g, ''), 'hex')
}

/** Runs `run`, which must throw a CodecError with this code, and returns the error. */
export function refused(code: string, run: () => unknown): CodecError {
  try {
    run()
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    assert.is(error.code, code, `${error.code}: ${error.message}`)
    return error
  }
  return assert.unreachable(`should throw ${code}`) as never
}

/** `check` sees the value of `bytes`, however they lie in memory; every prefix is TRUNCATED, a tail is TRAILING. */
export function feed(bytes: Buffer, check: (value: unknown) => void, codec: Codec = new Codec()): void {
  check(codec.decode(bytes))
  const chunk = Buffer.concat([Buffer.from([0xc1, 0x80, 0xff]), bytes, Buffer.alloc(3, 0xc1)])
  const reader = codec.reader()
  reader.reset(chunk, 3, 3 + bytes.length)
  check(reader.readValue())
  reader.expectEnd()
  assert.is(reader.at, 3 + bytes.length)
  reader.reset(chunk, 3, 3 + bytes.length)
  reader.skip()
  reader.expectEnd()
  // Long ones at some 16 places, the first and the last octets among them.
  const step = bytes.length <= 400 ? 1 : Math.ceil(bytes.length / 16)
  for (let end = 0; end < bytes.length; end += end < 8 || end > bytes.length - step - 1 ? 1 : step) {
    refused('TRUNCATED', () => codec.decode(bytes.subarray(0, end)))
    // What follows in the chunk belongs to somebody else.
    reader.reset(chunk, 3, 3 + end)
    refused('TRUNCATED', () => reader.readValue())
    reader.reset(chunk, 3, 3 + end)
    refused('TRUNCATED', () => reader.skip())
  }
  refused('TRAILING', () => codec.decode(Buffer.concat([bytes, Buffer.from([0xc0])])))
  check(codec.decode(bytes))
}
