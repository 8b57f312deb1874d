// Input made to hurt, by rule: keys, counts, UTF-8. The single inputs are played in test/hostile/codec.test.ts.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Codec } from '../../src/codec/index.ts'
import { hex, refused } from './feed.ts'

const hostile = suite('hostile input')

hostile('decoded keys never touch a prototype', () => {
  const codec = new Codec()
  for (const name of ['hasOwnProperty', 'toString', 'valueOf', '__defineGetter__', 'constructor']) {
    const value = codec.decode(Buffer.concat([hex('81'), codec.encode(name), hex('2a')])) as object
    assert.equal(Object.getOwnPropertyDescriptor(value, name), {
      value: 42,
      writable: true,
      enumerable: true,
      configurable: true,
    })
    assert.is(Object.getPrototypeOf(value), Object.prototype)
  }
  assert.is(({} as { isAdmin?: boolean }).isAdmin, undefined)
})

hostile('__proto__ is refused in every form of a string, and as a binary', () => {
  const name = Buffer.from('__proto__')
  for (const head of ['a9', 'd909', 'da0009', 'db00000009', 'c409', 'c50009', 'c600000009']) {
    refused('BAD_KEY', () => new Codec().decode(Buffer.concat([hex('81'), hex(head), name, hex('80')])))
  }
})

hostile('constructor is refused when it holds a map with prototype, else it is data', () => {
  const codec = new Codec()
  const around = (inner: unknown) =>
    Buffer.concat([hex('81'), codec.encode('constructor'), codec.encode(inner)])
  refused('BAD_KEY', () => codec.decode(around({ prototype: { isAdmin: true } })))
  for (const inner of [null, 'x', {}, ['prototype']]) {
    assert.equal(Object.entries(codec.decode(around(inner)) as object), [['constructor', inner]])
  }
})

hostile('a key of 1,024 octets is taken, one of 1,025 is not', () => {
  const codec = new Codec()
  const withKey = (size: number) => Buffer.concat([hex('81'), codec.encode('k'.repeat(size)), hex('c0')])
  assert.is(Object.keys(codec.decode(withKey(1024)) as object)[0]?.length, 1024)
  refused('BAD_KEY', () => codec.decode(withKey(1025)))
})

hostile('65,536 keys in a map are taken, 65,537 are not', () => {
  const codec = new Codec()
  const withKeys = (pairs: number) => {
    const head = Buffer.from([0xdf, 0, 0, 0, 0])
    head.writeUInt32BE(pairs, 1)
    return Buffer.concat([
      head,
      ...Array.from({ length: pairs }, (_, i) => Buffer.from([0xa2, 65 + (i % 26), 65, 1])),
    ])
  }
  assert.is(Object.keys(codec.decode(withKeys(65_536)) as object).length, 26)
  refused('TOO_MANY_KEYS', () => codec.decode(withKeys(65_537)))
})

hostile('invalid UTF-8 is an error in values and keys, short and long, wherever it stands', () => {
  const codec = new Codec()
  const bad = [
    '80',
    'c3',
    'c080',
    'c1bf',
    'e08080',
    'e0a0',
    'e2',
    'eda080',
    'edbfbf',
    'f0808080',
    'f08f8080',
    'f09f8d',
    'f0',
    'f49080 80',
    'f5808080',
    'fe',
    'ff',
    'c341',
    'e24180',
    'e28241',
    'f0418080',
    'f09f4180',
    'f09f8d41',
    'f09f',
  ]
  for (const piece of bad) {
    for (const before of ['', 'a', 'é', 'x'.repeat(20), 'y'.repeat(100), 'z'.repeat(300), 'ж'.repeat(3000)]) {
      for (const after of ['', 'b', 'w'.repeat(40)]) {
        const text = Buffer.concat([Buffer.from(before), hex(piece), Buffer.from(after)])
        const head = Buffer.from([0xdb, 0, 0, text.length >> 8, text.length & 255])
        refused('BAD_UTF8', () => codec.decode(Buffer.concat([head, text])))
        if (text.length > 1000) continue
        refused('BAD_UTF8', () => codec.decode(Buffer.concat([hex('81'), head, text, hex('c0')])))
      }
    }
  }
})

hostile('a large message is not kept alive after it was refused', () => {
  const codec = new Codec()
  refused('TRAILING', () => codec.decode(Buffer.alloc(70_000, 0xc0)))
  assert.is(codec.decode(hex('c3')), true)
})

hostile.run()
