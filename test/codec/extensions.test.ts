// Types of the user's own: by code and class, nested, re-entrant, counted like everything else; and the options.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Slab } from '../../src/base/slab.ts'
import { Codec, CodecError, type CodecOptions, Extension, type ExtensionType } from '../../src/codec/index.ts'
import { feed, hex, refused } from './feed.ts'

class Point {
  x: unknown
  y: unknown
  constructor(x: unknown, y: unknown) {
    this.x = x
    this.y = y
  }
}
class Point3 extends Point {}

/** A codec whose Points use the codec itself for what they hold. */
function withPoints(options: CodecOptions = {}): Codec {
  const points: ExtensionType<Point> = {
    type: 1,
    class: Point,
    encode: (point) => codec.encode([point.x, point.y]),
    decode: (data) => {
      const [x, y] = codec.decode(data) as [unknown, unknown]
      return new Point(x, y)
    },
  }
  const codec = new Codec({ ...options, extensions: [points] })
  return codec
}

/** Encodes into a slab whose chunks are nearly full, so that what is written crosses from one to the next. */
function throughSlab(codec: Codec, value: unknown, used: number): Buffer {
  const slab = new Slab()
  slab.reserve(used)
  slab.at += used
  codec.writeValue(slab, value)
  const pieces: Buffer[] = []
  slab.take(pieces, [])
  return Buffer.concat(pieces).subarray(used)
}

const extensions = suite('extensions')

extensions('a class travels by its code, wherever it stands', () => {
  const codec = withPoints()
  const value = { at: [new Point(1, -1)], by: new Map([['p', new Point('a', null)]]) }
  assert.is(codec.encode(new Point(1, 2)).toString('hex'), 'c70301920102')
  feed(codec.encode(value), (got) => assert.equal(got, value), codec)
})

extensions('a subclass is encoded as its base class', () => {
  const codec = withPoints()
  assert.equal(codec.decode(codec.encode(new Point3(1, 2))), new Point(1, 2))
})

extensions('inside an extension the same codec works on, any number of levels down', () => {
  const codec = withPoints()
  const value = [new Point(new Point(new Point(1, [new Set([new Point(2, 3)])]), 'y'), new Date(5)), 'after']
  feed(codec.encode(value), (got) => assert.equal(got, value), codec)
  assert.equal(codec.decode(codec.encode([1, 'again'])), [1, 'again'])
})

extensions('into a slab the octets are the same, wherever its chunks end', () => {
  const codec = withPoints()
  const value = [
    'before',
    new Point({ a: new Map([[1, new Set(['x'.repeat(50)])]]) }, new Error('e')),
    'after',
  ]
  const bytes = codec.encode(value)
  for (let used = 3900; used <= 4096; used++)
    assert.ok(throughSlab(codec, value, used).equals(bytes), String(used))
})

extensions(
  'a value goes into a slab in the same octets as into memory of its own, for any free space',
  () => {
    const codec = new Codec()
    const value = [
      1,
      70_000,
      -5,
      1.1,
      'text',
      'é'.repeat(40),
      { key: [true, null, undefined] },
      new Date(1),
      5n,
      2n ** 70n,
      Buffer.alloc(100, 1),
      new Float32Array(3),
      new Map([[1, 2]]),
      new Set(['a']),
      '\ud800',
      Array.from({ length: 20 }, Math.sqrt),
    ]
    const bytes = codec.encode(value)
    for (let used = 3300; used <= 4096; used++)
      assert.ok(throughSlab(codec, value, used).equals(bytes), String(used))
    assert.equal(codec.decode(bytes), value)
  },
)

extensions('depth counts through extensions, both ways', () => {
  const codec = withPoints()
  const nested = (levels: number) => {
    let value: unknown = 1
    for (let i = 0; i < levels; i++) value = new Point(value, 0)
    return value
  }
  // A point is the extension and the array in it.
  assert.equal(codec.decode(codec.encode(nested(50))), nested(50))
  refused('NOT_ENCODABLE', () => codec.encode(nested(51)))
  const deeper = new Codec({ limits: { maxDepth: 1000 }, unknownExtensions: 'keep' })
  let bytes = deeper.encode(1)
  for (let i = 0; i < 51; i++)
    bytes = deeper.encode(new Extension(1, Buffer.concat([hex('92'), bytes, hex('00')])))
  refused('TOO_DEEP', () => codec.decode(bytes))
  assert.equal(codec.decode(codec.encode(nested(50))), nested(50))
})

extensions('a point in itself ends at the depth', () => {
  const codec = withPoints()
  const point = new Point(1, 2)
  point.x = [point]
  const error = refused('NOT_ENCODABLE', () => codec.encode(point))
  assert.is(error.path, 'value')
  assert.instance(error.cause, CodecError)
})

extensions('values count through extensions, both ways', () => {
  const codec = withPoints({ limits: { maxValues: 10 } })
  const four = () => [new Point(1, 2), new Point(3, 4)]
  assert.equal(codec.decode(codec.encode(four())), four())
  assert.equal(codec.decode(codec.encode(four())), four())
  const many = [new Point([1, 2, 3], 0), new Point([4, 5], 0)]
  refused('NOT_ENCODABLE', () => codec.encode(many))
  refused('TOO_MANY_VALUES', () => codec.decode(withPoints().encode(many)))
  assert.equal(codec.decode(codec.encode(four())), four())
})

extensions(
  'what decode throws becomes BAD_EXTENSION with it as the cause; a CodecError stays what it is',
  () => {
    const boom = new Error('boom')
    const codec = new Codec({
      extensions: [
        {
          type: 1,
          class: Point,
          encode: () => Buffer.alloc(0),
          decode: () => {
            throw boom
          },
        },
        {
          type: 2,
          class: Map,
          encode: () => Buffer.alloc(0),
          decode: () => new Codec().decode(Buffer.alloc(0)),
        },
      ],
    })
    const error = refused('BAD_EXTENSION', () => codec.decode(hex('92 01 d4 01 00')))
    assert.is(error.cause, boom)
    assert.is(error.offset, 4)
    refused('TRUNCATED', () => codec.decode(hex('d4 02 00')))
    assert.is(codec.decode(hex('01')), 1)
  },
)

extensions("the data given to decode are the extension's own, to keep", () => {
  let kept: Buffer | undefined
  const codec = new Codec({
    extensions: [
      {
        type: 5,
        class: Point,
        encode: () => Buffer.alloc(0),
        decode: (data) => {
          kept = data
        },
      },
    ],
  })
  const chunk = Buffer.concat([hex('d6 05 01020304'), Buffer.alloc(1000)])
  const reader = codec.reader()
  reader.reset(chunk, 0, 6)
  assert.is(reader.readValue(), undefined)
  chunk.fill(0)
  assert.equal(kept, hex('01020304'))
  assert.is(kept!.buffer.byteLength, 4)
})

extensions('an extension may take a class that has a form already', () => {
  const codec = new Codec({
    extensions: [{ type: 9, class: Date, encode: () => Buffer.from('d'), decode: (data) => data.toString() }],
  })
  assert.is(codec.decode(codec.encode(new Date())), 'd')
})

extensions('what encode gives must be bytes', () => {
  const odd: ExtensionType<Point> = {
    type: 3,
    class: Point,
    encode: () => 'text' as never,
    decode: () => new Point(0, 0),
  }
  const error = refused('NOT_ENCODABLE', () => new Codec({ extensions: [odd] }).encode([new Point(1, 2)]))
  assert.is(error.path, 'value[0]')
})

extensions('encoding from a getter or toJSON does not disturb the encoding around it', () => {
  const codec = new Codec()
  const noisy = {
    before: 'x'.repeat(50),
    get size(): number {
      return codec.encode({ other: 'message' }).length
    },
    json: new (class Now {
      toJSON(): unknown {
        return codec.encode([1, 2])
      }
    })(),
    after: [1, 2, 3],
  }
  assert.equal(codec.decode(codec.encode(noisy)), {
    before: 'x'.repeat(50),
    size: 15,
    json: hex('920102'),
    after: [1, 2, 3],
  })
})

extensions('an unknown extension is an error, or an Extension that goes back as it came', () => {
  const bytes = hex('93 d4 05 aa c7 03 80 010203 c7 00 7f')
  refused('UNKNOWN_EXTENSION', () => new Codec().decode(bytes))
  const keeper = new Codec({ unknownExtensions: 'keep' })
  feed(
    bytes,
    (got) => {
      assert.equal(got, [
        new Extension(5, hex('aa')),
        new Extension(-128, hex('010203')),
        new Extension(127, Buffer.alloc(0)),
      ])
      assert.ok(keeper.encode(got).equals(bytes))
    },
    keeper,
  )
  for (const size of [1, 2, 3, 4, 8, 16, 17, 255, 256, 65_535, 65_536]) {
    const extension = new Extension(5, Buffer.alloc(size, 1))
    assert.equal(keeper.decode(keeper.encode(extension)), extension)
  }
})

extensions('codes that are taken, reserved or none are refused when the Codec is made', () => {
  const type = (code: number): ExtensionType<Point> => ({
    type: code,
    class: Point,
    encode: () => Buffer.alloc(0),
    decode: () => new Point(0, 0),
  })
  for (const code of [-1, 32, 47, 128, -129, 1.5, Number.NaN]) {
    assert.throws(
      () => new Codec({ extensions: [type(code)] }),
      (e: { code: string }) => e.code === 'BAD_OPTION',
    )
  }
  assert.throws(
    () => new Codec({ extensions: [type(1), type(1)] }),
    (e: { code: string }) => e.code === 'BAD_OPTION',
  )
  new Codec({ extensions: [type(-128), type(127), type(31), type(48), type(0)] })
})

extensions('limits that are none are refused when the Codec is made', () => {
  for (const limits of [
    { maxDepth: 1001 },
    { maxDepth: -1 },
    { maxKeys: 1.5 },
    { maxValues: Number.POSITIVE_INFINITY },
  ]) {
    assert.throws(
      () => new Codec({ limits }),
      (e: { code: string }) => e.code === 'BAD_OPTION',
    )
  }
  const options = { limits: { maxDepth: undefined } } as unknown as CodecOptions
  assert.equal(new Codec(options).decode(hex('91 91 90')), [[[]]])
})

extensions('each limit can be set', () => {
  const codec = new Codec({
    limits: { maxDepth: 2, maxValues: 3, maxKeys: 1, maxKeyBytes: 4, maxBigintBytes: 2 },
  })
  assert.equal(codec.decode(codec.encode([[1, 2]])), [[1, 2]])
  refused('TOO_DEEP', () => codec.decode(hex('91 91 90')))
  refused('TOO_DEEP', () => codec.decode(hex('91 91 80')))
  refused('TOO_DEEP', () => codec.decode(hex('91 91 c7 00 23')))
  refused('TOO_MANY_VALUES', () => codec.decode(hex('94 01 01 01 01')))
  refused('TOO_MANY_VALUES', () => codec.decode(hex('d6 24 01010101')))
  refused('TOO_MANY_VALUES', () => codec.decode(hex('d6 23 01010201')))
  refused('TOO_MANY_KEYS', () => codec.decode(hex('82 a161 01 a162 01')))
  refused('BAD_KEY', () => codec.decode(hex('81 a5 6161616161 01')))
  refused('BAD_EXTENSION', () => codec.decode(hex('c7 03 20 010203')))
  const points = withPoints({ limits: { maxDepth: 1 } })
  refused('TOO_DEEP', () => points.decode(hex('91 c7 03 01 920102')))
})

extensions.run()
