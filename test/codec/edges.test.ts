// Edges that mutants of the codec have lived on: each length and place of a string, each form of an integer, empty arrays beside shapes, the
// depth of what is no plain object.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Slab } from '../../src/base/slab.ts'
import { Codec, decode, encode } from '../../src/codec/index.ts'
import { ReceivedShapes, SentShapes } from '../../src/codec/messages.ts'

const test = suite('codec edges')

const code = (run: () => unknown): unknown => {
  try {
    run()
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** As a value, and as the key of a map. */
const forms = (octets: Buffer): Buffer[] => {
  const head = octets.length < 32 ? [0xa0 | octets.length] : [0xd9, octets.length]
  const text = Buffer.concat([Buffer.from(head), octets])
  return [text, Buffer.concat([Buffer.from([0x81]), text, Buffer.from([0x01])])]
}

test('a string of any length up to 40 with one octet that is no UTF-8, at any place, is refused', () => {
  for (let size = 1; size <= 40; size++) {
    for (let at = 0; at < size; at++) {
      for (const octet of [0x80, 0xff]) {
        const octets = Buffer.alloc(size, 'a')
        octets[at] = octet
        for (const form of forms(octets))
          assert.is(
            code(() => decode(form)),
            'BAD_UTF8',
            `${at} of ${size}`,
          )
      }
    }
  }
})

test('a string of any length up to 40 with one letter of two octets, at any place, is what it was', () => {
  for (let size = 2; size <= 40; size++) {
    for (let at = 0; at < size - 1; at++) {
      const text = `${'a'.repeat(at)}é${'b'.repeat(size - 2 - at)}`
      const [value, map] = forms(Buffer.from(text))
      assert.is(decode(value!), text)
      assert.equal(decode(map!), { [text]: 1 })
      assert.equal(encode(text), value)
    }
  }
})

test('an unsigned integer is read in every form that holds one, and in no other', () => {
  const reader = new Codec().reader()
  const read = (hex: string): unknown => {
    const bytes = Buffer.from(hex, 'hex')
    reader.reset(bytes, 0, bytes.length)
    try {
      return reader.readUint()
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  for (const [hex, value] of [
    ['05', 5],
    ['7f', 127],
    ['cc05', 5],
    ['cd0005', 5],
    ['ce00000005', 5],
    ['cf0000000000000005', 5],
    ['cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['d005', 5],
    ['d10005', 5],
    ['d200000005', 5],
    ['d30000000000000005', 5],
    ['d3001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['cf0020000000000000', 'WRONG_TYPE'],
    ['d0ff', 'WRONG_TYPE'],
    ['d3ffffffffffffffff', 'WRONG_TYPE'],
    ['ff', 'WRONG_TYPE'],
    ['e0', 'WRONG_TYPE'],
    ['ca40a00000', 'WRONG_TYPE'],
    ['cb4014000000000000', 'WRONG_TYPE'],
    ['c0', 'WRONG_TYPE'],
    ['c3', 'WRONG_TYPE'],
    ['d40000', 'WRONG_TYPE'],
    ['a135', 'WRONG_TYPE'],
    ['80', 'WRONG_TYPE'],
    ['90', 'WRONG_TYPE'],
  ] as const) {
    assert.is(read(hex), value, hex)
  }
})

test('an empty array is one beside shared shapes, too: at the end, and before a shaped object', () => {
  const codec = new Codec()
  const slab = new Slab()
  const [sent, received] = [new SentShapes(), new ReceivedShapes()]
  const reader = codec.reader()
  const row = { id: 1, name: 'x' }
  // The third time it goes as a shape.
  for (const value of [[row], [row], [row], [[], row, []], [], [[[]]], [row, [], row]]) {
    const pieces: Buffer[] = []
    codec.writeValue(slab, value, 'value', sent)
    slab.take(pieces, [])
    const bytes = Buffer.concat(pieces)
    reader.reset(bytes, 0, bytes.length)
    reader.useShapes(received)
    assert.equal(reader.readValue(), value)
    reader.expectEnd()
  }
  assert.is(received.size, 1)
})

test('every kind of container counts as one level, both ways', () => {
  const codec = new Codec({ limits: { maxDepth: 3 } })
  const wraps: Record<string, (inner: unknown) => unknown> = {
    array: (inner) => [inner],
    object: (inner) => ({ inner }),
    map: (inner) => new Map([[inner, inner]]),
    set: (inner) => new Set([inner]),
    'without a prototype': (inner) => Object.assign(Object.create(null), { inner }),
  }
  for (const [name, wrap] of Object.entries(wraps)) {
    for (const [other, outer] of Object.entries(wraps)) {
      const fits = outer(outer(wrap(1)))
      assert.ok(codec.decode(codec.encode(fits)) !== undefined, `${name} in ${other}`)
      assert.is(
        code(() => codec.encode(outer(fits))),
        'NOT_ENCODABLE',
        `${name} in ${other}`,
      )
      assert.is(
        code(() => codec.decode(encode(outer(fits)))),
        'TOO_DEEP',
        `${name} in ${other}`,
      )
    }
  }
})

test.run()
