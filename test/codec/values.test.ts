// Every JavaScript type that survives a round trip, in its octets where they are ours to choose.
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bigintFromBytes } from '../../src/codec/bigint.ts'
import { Codec, decode, encode } from '../../src/codec/index.ts'
import { memoryFromBytes, memoryToBytes } from '../../src/codec/memory.ts'
import { textOfUnits } from '../../src/codec/text.ts'
import { feed, hex, refused } from './feed.ts'

const values = suite('values')

/** Encodes, compares with `octets` when given, and decodes however the octets lie. */
function survives(value: unknown, octets?: string): void {
  const bytes = encode(value)
  if (octets !== undefined) assert.is(bytes.toString('hex'), octets.replaceAll(' ', ''))
  feed(bytes, (got) => {
    assert.ok(isDeepStrictEqual(got, value), `${String(got)} is not ${String(value)}`)
  })
}

values('null, undefined and booleans', () => {
  survives(null, 'c0')
  survives(undefined, 'd42100')
  survives(true, 'c3')
  survives(false, 'c2')
  survives({ a: undefined, b: [undefined] })
})

values('integers at every border of their forms', () => {
  const borders = [0, 32, 128, 256, 32768, 65536, 2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER]
  for (const border of borders)
    for (const near of [-1, 0, 1]) {
      survives(border + near)
      survives(0 - (border + near))
    }
  survives(2 ** 32, 'cf 0000000100000000')
  survives(-(2 ** 31) - 1, 'd3 ffffffff7fffffff')
  survives(Number.MIN_SAFE_INTEGER, 'd3 ffe0000000000001')
})

values('-0, NaN, the infinities and numbers beyond the safe integers are floats', () => {
  survives(-0, 'ca 80000000')
  survives(Number.NaN, 'ca 7fc00000')
  survives(Number.POSITIVE_INFINITY, 'ca 7f800000')
  survives(Number.NEGATIVE_INFINITY, 'ca ff800000')
  survives(2 ** 60, 'ca 5d800000')
  survives(2 ** 53 + 2, 'cb 4340000000000001')
  survives(Number.MAX_VALUE)
  survives(Number.MIN_VALUE)
})

values('a float takes 32 bits when that keeps it, else 64', () => {
  survives(0.5, 'ca 3f000000')
  survives(-1.5, 'ca bfc00000')
  survives(0.1, 'cb 3fb999999999999a')
  survives(Math.fround(0.1), 'ca 3dcccccd')
})

values('many floats in one message, through the DataView that they are worth', () => {
  const list = Array.from({ length: 200 }, (_, i) => Math.sqrt(i + 2))
  survives(list)
  survives([list, list.map((x) => Math.fround(x)), list.map((x) => -x * 1e300)])
  for (let i = 0; i < 50; i++) survives([Math.PI * i, i])
  const many = Array.from({ length: 20_000 }, (_, i) => Math.sqrt(i + 2))
  for (let i = 0; i < 2; i++) assert.equal(decode(encode(many)), many)
})

values('bigints of any size, 64-bit ones as integers, and small ones stay bigints', () => {
  survives(2n ** 53n, 'cf 0020000000000000')
  survives(-(2n ** 53n), 'd3 ffe0000000000000')
  survives(2n ** 64n - 1n, 'cf ffffffffffffffff')
  survives(-(2n ** 63n), 'd3 8000000000000000')
  survives(0n, 'd4 20 00')
  survives(5n, 'd4 20 05')
  survives(-1n, 'd4 20 ff')
  survives(127n, 'd4 20 7f')
  survives(128n, 'd5 20 0080')
  survives(-128n, 'd4 20 80')
  survives(-129n, 'd5 20 ff7f')
  survives(2n ** 53n - 1n)
  survives(1n - 2n ** 53n)
  survives(2n ** 64n, 'c7 09 20 010000000000000000')
  survives(-(2n ** 63n) - 1n, 'c7 09 20 ff7fffffffffffffff')
  for (const bits of [65n, 71n, 72n, 127n, 1000n, 5003n])
    for (const near of [-1n, 0n, 1n]) {
      survives(2n ** bits + near)
      survives(-(2n ** bits) + near)
    }
})

values('a bigint may have leading octets that say nothing, even no octets at all', () => {
  assert.is(decode(hex('c7 00 20')), 0n)
  assert.is(decode(hex('c7 03 20 000005')), 5n)
  assert.is(decode(hex('c7 03 20 fffffb')), -5n)
  assert.is(bigintFromBytes(hex('aa 80 bb'), 1, 1), -128n)
})

values('a 64-bit integer within the safe numbers is a number', () => {
  assert.is(decode(hex('cf 001fffffffffffff')), Number.MAX_SAFE_INTEGER)
  assert.is(decode(hex('d3 ffe0000000000001')), Number.MIN_SAFE_INTEGER)
  assert.is(decode(hex('d3 001fffffffffffff')), Number.MAX_SAFE_INTEGER)
  assert.is(decode(hex('d3 0020000000000000')), 2n ** 53n)
})

values('strings of every length around each threshold, ASCII or not', () => {
  const lengths = [
    ...Array(70).keys(),
    127,
    128,
    129,
    200,
    255,
    256,
    257,
    1365,
    1366,
    2047,
    2048,
    2049,
    4096,
    4097,
  ]
  for (const length of lengths) {
    for (const letter of ['a', 'é', '語', 'x'.repeat(30).concat('ж'), 'яabcdef']) {
      assert.is(
        decode(encode(letter.repeat(length).slice(0, length))),
        letter.repeat(length).slice(0, length),
      )
      if (length < 70) survives(letter.repeat(length).slice(0, length))
    }
    assert.is(decode(encode('🍵'.repeat(length))), '🍵'.repeat(length))
  }
  for (const length of [65_535, 65_536, 70_000]) {
    const bytes = encode('s'.repeat(length))
    assert.is(bytes.length, length + (length < 65_536 ? 3 : 5))
    assert.is(decode(bytes), 's'.repeat(length))
    assert.is(decode(encode('ы'.repeat(length))), 'ы'.repeat(length))
  }
})

values('a short string with one letter that is not ASCII, at each place, or with half an emoji', () => {
  for (let length = 1; length <= 40; length++) {
    for (let at = 0; at < length; at++) {
      for (const letter of ['é', 'ж', '語', '🍵', '\ud83c', '\udf75', '\ud83c\ud83c']) {
        const text = `${'a'.repeat(at)}${letter}${'b'.repeat(length - at - 1)}`
        assert.is(decode(encode(text)), text)
      }
    }
  }
  assert.equal(encode('Zürich'), hex('a7 5a c3bc 72 69 63 68'))
  assert.equal(encode('☕🍵'), hex('a7 e29895 f09f8db5'))
})

values('integers of every size in arrays, with much or nothing behind them', () => {
  const around = [
    0,
    0x20,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    2 ** 40,
  ]
  const numbers = around.flatMap((n) => [n - 1, n, n + 1, 0 - n - 1, 0 - n || 0, 1 - n])
  for (const number of numbers) {
    const alone = encode(number)
    assert.equal(encode([number]), Buffer.concat([hex('91'), alone]))
    assert.is(decode(alone), number)
    assert.equal(decode(encode([number])), [number])
    assert.equal(decode(encode([number, 'and more behind it'])), [number, 'and more behind it'])
    for (let size = 1; size <= alone.length; size++)
      refused('TRUNCATED', () => decode(encode([number]).subarray(0, size)))
  }
  assert.equal(decode(encode(numbers)), numbers)
  assert.equal(decode(encode([-0, Number.NaN])), [-0, Number.NaN])
})

values(
  'floats at the beginning, in the middle and at the end of arrays, alone or many, whole or cut off',
  () => {
    const floats = Array.from({ length: 30 }, (_, i) => i + 0.1)
    const codec = new Codec()
    for (let round = 0; round < 2; round++) {
      for (const list of [
        floats,
        [1, ...floats],
        [...floats, 1],
        [...floats, 'a', ...floats],
        [0.1, null, undefined, 0.3],
      ]) {
        const bytes = codec.encode([list, 0.7, []])
        assert.equal(codec.decode(bytes), [list, 0.7, []])
        for (let size = 0; size < bytes.length; size += 5) {
          refused('TRUNCATED', () => codec.decode(bytes.subarray(0, size)))
        }
      }
    }
    assert.equal(codec.decode(codec.encode(floats)), floats)
  },
)

values('a non-ASCII string is written with the header of its octets, not of its characters', () => {
  survives('é'.repeat(15), `be ${'c3a9'.repeat(15)}`)
  survives('é'.repeat(16), `d9 20 ${'c3a9'.repeat(16)}`)
  survives('語'.repeat(10), `be ${'e8aa9e'.repeat(10)}`)
  survives('語'.repeat(11), `d9 21 ${'e8aa9e'.repeat(11)}`)
  survives('é'.repeat(128), `da 0100 ${'c3a9'.repeat(128)}`)
})

values('U+FFFD, U+FEFF, NUL and the last code point are characters like any other', () => {
  survives('\ufffd')
  survives(`${'long enough for the runtime '.repeat(4)}\ufffd`)
  survives('\ufeffbom')
  survives('\ufeff'.repeat(50))
  survives('\0'.repeat(40))
  survives(`${'a'.repeat(300)}\u{10ffff}\ud7ff\ue000`)
})

values(
  'text beyond ASCII of 1 to 40 letters survives, and is the same on a machine with the high octet first',
  () => {
    for (const letters of ['Grüße, ', 'чай', '日本語', '🍵☕', 'a🍵']) {
      for (let length = 1; length <= 40; length++) {
        const text = [...letters.repeat(length)].slice(0, length).join('')
        assert.is(decode(encode(text)), text)
      }
    }
    assert.is(textOfUnits(hex('00e4 6f22'), 2, false), 'ä\u6f22')
  },
)

values('a string with a lone surrogate survives as UTF-16 in an extension', () => {
  survives('\ud800', 'd5 27 d800')
  survives('a\udc00', 'd6 27 0061dc00')
  survives('\udc00\ud800')
  survives(`${'x'.repeat(100)}\ud83c`)
  survives({ text: ['\ud83c'] })
  refused('BAD_EXTENSION', () => decode(hex('c7 03 27 d80000')))
})

values('strings cut out of and joined from others are written as what they say', () => {
  const long = 'The quick brown fox jumps over the lazy dog'
  const joined = [
    long.slice(4, 30),
    long.slice(3, 18) + long.slice(20),
    `${long}${long.length}`,
    `é${long}`.slice(1, 25),
  ]
  for (let i = 0; i < 3; i++) survives(joined)
})

values('binaries of every header, and Buffers and Uint8Arrays alike', () => {
  for (const size of [0, 1, 64, 65, 255, 256, 65_535, 65_536]) {
    const data = Buffer.alloc(size, 7)
    const bytes = encode(data)
    assert.is(bytes.length, size + (size < 256 ? 2 : size < 65_536 ? 3 : 5))
    assert.ok((decode(bytes) as Buffer).equals(data))
  }
  assert.equal(decode(encode(new Uint8Array([1, 2]))), Buffer.from([1, 2]))
  assert.equal(decode(encode(new Uint8Array([9, 1, 2, 9]).subarray(1, 3))), Buffer.from([1, 2]))
  feed(encode([Buffer.from('abc')]), (got) => assert.equal(got, [Buffer.from('abc')]))
})

values('typed arrays, DataView and ArrayBuffer', () => {
  survives(new Int8Array([-1, 2]), 'c7 03 26 02 ff02')
  survives(new Uint8ClampedArray([1, 255]))
  survives(new Int16Array([-2, 300]), 'c7 05 26 04 feff2c01')
  survives(new Uint16Array([1, 65_535]))
  survives(new Int32Array([-3, 4]))
  survives(new Uint32Array([5, 2 ** 31]))
  survives(new Float32Array([0.5, Number.NaN]))
  survives(new Float64Array([0.1, -0]))
  survives(new BigInt64Array([-1n, 2n ** 62n]))
  survives(new BigUint64Array([2n ** 63n]))
  survives(new Float64Array(0))
  survives(new Uint8Array([1, 2, 3]).buffer, 'd6 26 00 010203')
  const part = new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)
  const got = decode(encode(part)) as DataView
  assert.is(Object.prototype.toString.call(got), '[object DataView]')
  assert.equal([got.byteLength, got.getUint16(0)], [2, 0x0203])
  assert.equal(decode(encode(new Uint16Array([1, 2, 3]).subarray(1, 2))), new Uint16Array([2]))
})

values('a machine that stores the high octet first reads and writes the same octets', () => {
  const data = memoryToBytes('Uint16Array', new Uint16Array([0x0102, 0x0304]), false)!
  assert.is(data.toString('hex'), '0501020304')
  assert.equal(memoryFromBytes(hex('0501020304'), 0, 5, false), new Uint16Array([0x0102, 0x0304]))
})

values('memory that is no whole number of elements, or of an unknown kind, is refused', () => {
  for (const bad of ['c7 00 26', 'd4 26 0c', 'd4 26 ff', 'd5 26 04 01', 'd6 26 09 010203']) {
    refused('BAD_EXTENSION', () => decode(hex(bad)))
  }
})

values('Dates, to the millisecond, in the smallest timestamp', () => {
  survives(new Date(0), 'd6 ff 00000000')
  survives(new Date(1000 * (2 ** 32 - 1)), 'd6 ff ffffffff')
  survives(new Date(1), 'd7 ff 003d0900 00000000')
  survives(new Date(1000 * 2 ** 32))
  survives(new Date(1000 * 2 ** 34 - 1))
  survives(new Date(1000 * 2 ** 34), 'c7 0c ff 00000000 0000000400000000')
  survives(new Date(-1), 'c7 0c ff 3b8b87c0 ffffffffffffffff')
  survives(new Date(8.64e15))
  survives(new Date(-8.64e15))
})

values('nanoseconds are cut off towards the past', () => {
  assert.equal(decode(hex('d7 ff 0000000400000000')), new Date(0))
  assert.equal(decode(hex('c7 0c ff 3b9ac9ff ffffffffffffffff')), new Date(-1))
})

values('a timestamp beyond Date, of another size, or with too many nanoseconds is refused', () => {
  for (const bad of [
    'c7 0c ff 00000000 000007dd9f3e4a01',
    'c7 0c ff 00000000 fffff8000000ffff',
    'd4 ff 00',
    'c7 00 ff',
    'c7 0c ff 3b9aca00 0000000000000000',
    'd7 ff ee6b2800 00000000',
  ]) {
    refused('BAD_EXTENSION', () => decode(hex(bad)))
  }
})

values('Maps with keys of any kind, and Sets, in order and inside one another', () => {
  survives(new Map(), 'c7 00 23')
  survives(new Set(), 'c7 00 24')
  survives(new Map([[1, 'a']]), 'c7 03 23 01 a161')
  survives(new Set([1]), 'd4 24 01')
  survives(
    new Map<unknown, unknown>([
      ['a', 1],
      [2, { b: new Set(['x', undefined]) }],
      [null, new Map([[{}, [new Set()]]])],
    ]),
  )
  survives(new Set(Array.from({ length: 300 }, (_, i) => `item ${i}`)))
  survives(new Set(Array.from({ length: 20_000 }, (_, i) => i)))
})

values('the contents of a Map or Set must end where its data end', () => {
  for (const bad of ['c7 03 23 01 a161', 'd4 23 01']) {
    const cut = hex(bad)
    if (cut[0] === 0xc7) cut[1] = 2
    refused('BAD_EXTENSION', () => decode(cut))
  }
  refused('BAD_EXTENSION', () => decode(hex('92 d5 24 92 01 c0')))
})

values('arrays with holes keep them, at both ends and at any length', () => {
  // biome-ignore lint/suspicious/noSparseArray: they are the subject
  survives([1, , 3], '93 01 d42200 03')
  // biome-ignore lint/suspicious/noSparseArray: they are the subject
  survives([, undefined, ,])
  const long: unknown[] = []
  long[0] = 1
  long[5000] = 2
  long.length = 6000
  const got = decode(encode(long)) as unknown[]
  assert.is(got.length, 6000)
  assert.equal(Object.keys(got), ['0', '5000'])
  assert.is((decode(encode(new Array(4))) as unknown[]).length, 4)
  refused('BAD_EXTENSION', () => decode(hex('d4 22 00')))
  refused('BAD_EXTENSION', () => decode(hex('81 a161 d42200')))
  refused('BAD_EXTENSION', () => decode(hex('91 d42201')))
  refused('BAD_EXTENSION', () => decode(hex('c7 03 24 d42200')))
})

values('arrays and objects of every header, larger than one piece of memory', () => {
  for (const length of [0, 15, 16, 4096, 4097, 65_535, 65_536]) {
    const list = Array.from({ length }, (_, i) => i)
    assert.equal(decode(encode(list)), list)
  }
  for (const pairs of [0, 15, 16, 300, 65_536]) {
    const object = Object.fromEntries(Array.from({ length: pairs }, (_, i) => [`key ${i}`, i]))
    assert.equal(decode(encode(object)), object)
  }
  assert.is(encode(new Array(65_536).fill(0)).readUInt8(0), 0xdd)
})

values('keys that are numbers, long, not ASCII, or empty', () => {
  survives({
    10: 'a',
    2: 'b',
    '': 0,
    ['k'.repeat(33)]: 1,
    ['k'.repeat(1024)]: 2,
    ключ: 3,
    名前: 4,
    ['é'.repeat(16)]: 5,
  })
  survives({ ['n'.repeat(9)]: 1, ['e'.repeat(11)]: 2, constructor: 3 })
})

values('more different keys than the table of keys has room for', () => {
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 6000; i += 600) {
      const object = Object.fromEntries(Array.from({ length: 600 }, (_, k) => [`k${i + k}`, k]))
      assert.equal(decode(encode(object)), object)
    }
  }
})

values('an object without a prototype comes back as a plain one', () => {
  const bare = Object.assign(Object.create(null) as object, { a: 1 })
  assert.equal(decode(encode(bare)), { a: 1 })
})

values('symbol keys, inherited and unenumerable properties are left out', () => {
  const base = Object.create({ inherited: 1 }) as object
  const object = Object.assign(base, { own: 1, [Symbol('s')]: 2 })
  Object.defineProperty(object, 'hidden', { value: 3 })
  assert.equal(decode(encode(object)), { own: 1 })
})

values('an enumerable property on Object.prototype is not sent', () => {
  Object.defineProperty(Object.prototype, 'pollution', { value: 1, enumerable: true, configurable: true })
  try {
    assert.is(encode({ a: 1 }).toString('hex'), '81a16101')
  } finally {
    delete (Object.prototype as { pollution?: unknown }).pollution
  }
})

values('an instance of a class is its own properties, or what its toJSON says', () => {
  class Point {
    x = 1
    y = 2
    get sum(): number {
      return this.x + this.y
    }
  }
  class Money {
    toJSON(): unknown {
      return { amount: 5, nested: new Point() }
    }
  }
  assert.equal(decode(encode(new Point())), { x: 1, y: 2 })
  assert.equal(decode(encode([new Money()])), [{ amount: 5, nested: { x: 1, y: 2 } }])
  assert.equal(decode(encode(new URL('http://localhost/x'))), 'http://localhost/x')
})

values('toJSON of plain data is data', () => {
  const inert = decode(hex('81 a6 746f4a534f4e 01'))
  assert.equal(decode(encode(inert)), inert)
})

values('objects of another realm are what they are', () => {
  const foreign = runInNewContext(
    `({ plain: { a: [1] }, date: new Date(5), map: new Map([[1, 2]]), set: new Set([3]), bytes: new Uint8Array([4]),
        error: new TypeError('far'), floats: new Float64Array([0.1]) })`,
  ) as object
  const got = decode(encode(foreign)) as Record<string, unknown>
  assert.equal(got.plain, { a: [1] })
  assert.equal(got.date, new Date(5))
  assert.equal(got.map, new Map([[1, 2]]))
  assert.equal(got.set, new Set([3]))
  assert.equal(got.bytes, Buffer.from([4]))
  assert.instance(got.error, TypeError)
  assert.equal(got.floats, new Float64Array([0.1]))
})

values('an Error keeps class, name, message, code and cause, and brings no stack', () => {
  const error = Object.assign(new TypeError('wrong', { cause: new RangeError('deeper') }), {
    code: 'E_WRONG',
  })
  feed(encode(error), (value) => {
    const got = value as TypeError & { code: string }
    assert.is(got.constructor, TypeError)
    assert.equal(
      [got.name, got.message, got.code, got.stack],
      ['TypeError', 'wrong', 'E_WRONG', 'TypeError: wrong'],
    )
    assert.is((got.cause as Error).constructor, RangeError)
    assert.is((got.cause as Error).message, 'deeper')
    assert.equal(Object.keys(got), ['code'])
  })
  assert.is(encode(error).includes('values.test'), false)
})

values('an Error of an unknown class is an Error that has its name', () => {
  class Refused extends Error {
    override name = 'Refused'
  }
  const got = decode(encode(new Refused('no'))) as Error
  assert.is(got.constructor, Error)
  assert.equal([got.name, got.message, 'code' in got, 'cause' in got], ['Refused', 'no', false, false])
  for (const name of ['Function', 'Object', 'constructor', '__proto__', 'AggregateError', 'process']) {
    const made = decode(encode(Object.assign(new Error('m'), { name }))) as Error
    assert.is(made.constructor, Error)
    assert.is(made.name, name)
  }
})

values('an Error may have a numeric code, a cause of any kind, a cause without a code', () => {
  const numbered = decode(encode(Object.assign(new Error('m'), { code: 7 }))) as { code: number }
  assert.is(numbered.code, 7)
  const caused = decode(encode(new Error('m', { cause: { at: new Date(1) } }))) as Error
  assert.equal(caused.cause, { at: new Date(1) })
  assert.is('code' in caused, false)
  const odd = decode(encode(Object.assign(new Error('m'), { code: { not: 'sent' } }))) as Error
  assert.is('code' in odd, false)
  const dom = decode(encode(new DOMException('stop', 'AbortError'))) as Error
  assert.equal([dom.name, dom.message], ['AbortError', 'stop'])
})

values('data that are no Error are refused', () => {
  for (const bad of ['d5 25 01 a0', 'd5 25 a0 01', 'c7 03 25 a0a0c3', 'c7 05 25 a0a0c0c0c0']) {
    refused('BAD_EXTENSION', () => decode(hex(bad)))
  }
})

values('undefined has one form', () => {
  refused('BAD_EXTENSION', () => decode(hex('d4 21 01')))
  refused('BAD_EXTENSION', () => decode(hex('c7 00 21')))
})

values('our reserved codes that mean nothing yet are unknown', () => {
  for (const code of ['28', '2f']) refused('UNKNOWN_EXTENSION', () => decode(hex(`d4 ${code} 00`)))
})

values.run()
