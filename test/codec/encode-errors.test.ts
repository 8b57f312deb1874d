// What has no encoding: NOT_ENCODABLE, the path of what was wrong, and a codec that works afterwards.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Mark, Slab } from '../../src/base/slab.ts'
import { Codec, decode, Extension, encode } from '../../src/codec/index.ts'
import { refused } from './feed.ts'

const errors = suite('what cannot be encoded')

function pathOf(value: unknown, codec: Codec = new Codec()): string {
  const error = refused('NOT_ENCODABLE', () => codec.encode(value))
  assert.is(error.offset, undefined)
  assert.ok(error.message.startsWith(`${error.path} cannot be encoded: `), error.message)
  assert.equal(codec.decode(codec.encode({ still: ['works'] })), { still: ['works'] })
  const slab = new Slab()
  const written = refused('NOT_ENCODABLE', () => codec.writeValue(slab, value, 'args'))
  assert.is(written.path, error.path!.replace('value', 'args'))
  return error.path!
}

errors('functions, symbols and what hides its state, at the root', () => {
  for (const bad of [
    () => 1,
    Symbol('s'),
    Promise.resolve(),
    /x/,
    new WeakMap(),
    new WeakSet(),
    new Date(Number.NaN),
    class {},
    [].values(),
    new SharedArrayBuffer(1),
    new Proxy(() => 1, {}),
    Object(1),
    Object('s'),
  ]) {
    assert.is(pathOf(bad), 'value')
  }
})

errors('the path leads through arrays and objects', () => {
  assert.is(pathOf([{ when: () => 1 }]), 'value[0].when')
  assert.is(pathOf({ a: { 'b c': [1, 2, Symbol()] } }), 'value.a["b c"][2]')
  assert.is(pathOf({ $x_1: { '1a': { '': () => 1 } } }), 'value.$x_1["1a"][""]')
  assert.is(pathOf(Object.assign(Object.create(null) as object, { a: () => 1 })), 'value.a')
})

errors('the path leads through Maps, Sets and the cause of an Error', () => {
  assert.is(
    pathOf(
      new Map([
        ['a', 1],
        ['b', () => 1],
      ] as [string, unknown][]),
    ),
    'value.values()[1]',
  )
  assert.is(pathOf(new Map([[() => 1, 1]])), 'value.keys()[0]')
  assert.is(pathOf([new Set([1, [Symbol()]])]), 'value[0].values()[1][0]')
  assert.is(pathOf(new Error('e', { cause: { f: () => 1 } })), 'value.cause.f')
})

errors('a long key is cut in the path', () => {
  assert.is(pathOf({ ['k'.repeat(500)]: () => 1 }), `value["${'k'.repeat(64)}..."]`)
})

errors('writeValue names the path it was given', () => {
  const error = refused('NOT_ENCODABLE', () =>
    new Codec().writeValue(new Slab(), [{ when: () => 1 }], 'args'),
  )
  assert.is(error.path, 'args[0].when')
  assert.is(error.message, 'args[0].when cannot be encoded: it is a function')
})

errors('what is nested in itself, or 101 deep, is refused; 100 deep goes both ways', () => {
  const loop: unknown[] = []
  loop.push(loop)
  assert.ok(pathOf(loop).startsWith('value[0][0][0]'))
  const circle: Record<string, unknown> = {}
  circle.self = circle
  assert.ok(pathOf(circle).startsWith('value.self.self'))
  const map = new Map<string, unknown>()
  map.set('m', map)
  assert.ok(pathOf(map).startsWith('value.values()[0].values()[0]'))
  const set = new Set<unknown>()
  set.add(set)
  pathOf(set)
  const error = new Error('e')
  error.cause = error
  pathOf(error)
  pathOf({
    toJSON: undefined,
    x: new (class Again {
      toJSON(): unknown {
        return this
      }
    })(),
  })

  const wrap = (times: number, layer: (inner: unknown) => unknown) => {
    let value: unknown = 1
    for (let i = 0; i < times; i++) value = layer(value)
    return value
  }
  for (const layer of [
    (v: unknown) => [v],
    (v: unknown) => ({ v }),
    (v: unknown) => new Map([[1, v]]),
    (v: unknown) => new Set([v]),
  ]) {
    assert.equal(decode(encode(wrap(100, layer))), wrap(100, layer))
    pathOf(wrap(101, layer))
  }
})

errors(
  'what a decoder would refuse is not sent: key names, long keys, too many keys, too many values',
  () => {
    assert.is(pathOf(JSON.parse('{"a": {"__proto__": 1}}')), 'value.a.__proto__')
    assert.is(pathOf({ constructor: { prototype: 1 } }), 'value.constructor')
    assert.is(pathOf({ 'a\ud800': 1 }), 'value["a\\ud800"]')
    pathOf({ ['k'.repeat(1025)]: 1 })
    pathOf({ ['語'.repeat(342)]: 1 })
    assert.equal(decode(encode({ ['語'.repeat(341)]: 1 })), { ['語'.repeat(341)]: 1 })
    pathOf(Object.fromEntries(Array.from({ length: 65_537 }, (_, i) => [i, i])))
    pathOf(new Array(4_000_000_000))
    pathOf(new Array(1_000_001).fill(0))
    pathOf([new Array(500_000), new Array(500_000)])
    pathOf(new Set(Array.from({ length: 1_000_001 }, (_, i) => i)))
    pathOf(2n ** 524_288n)
    assert.is(decode(encode(2n ** 524_286n)), 2n ** 524_286n)
  },
)

errors('a constructor that is data, and names of the same length, are sent', () => {
  const value = { constructor: { a: 1 }, aaaaaaaaa: 1, bbbbbbbbbbb: 2 }
  assert.equal(Object.entries(decode(encode(value)) as object), Object.entries(value))
  assert.equal(decode(encode([{ constructor: null }, { constructor: 'x' }])), [
    { constructor: null },
    { constructor: 'x' },
  ])
})

errors('what user code throws is the cause, and its place is the path', () => {
  const boom = new RangeError('boom')
  const getter = {
    ok: 1,
    deep: [
      {
        get bad(): never {
          throw boom
        },
      },
    ],
  }
  const error = refused('NOT_ENCODABLE', () => encode(getter))
  assert.is(error.cause, boom)
  assert.is(error.path, 'value.deep[0]')
  const thrower = {
    x: new (class Odd {
      toJSON(): never {
        throw 'a string'
      }
    })(),
  }
  assert.is(refused('NOT_ENCODABLE', () => encode(thrower)).cause, 'a string')
})

errors('a getter that takes away a later property is found out', () => {
  const shifty = () => ({
    get a(): number {
      delete (this as { b?: number }).b
      return 1
    },
    b: 2,
    c: 3,
  })
  assert.is(refused('NOT_ENCODABLE', () => encode([shifty()])).path, 'value[0]')
})

errors('an Extension has a code that fits an octet, and bytes', () => {
  pathOf([new Extension(128, Buffer.alloc(1))])
  pathOf(new Extension(1.5, Buffer.alloc(1)))
  pathOf(new Extension(1, 'text' as unknown as Buffer))
})

errors('a slab rolled back after an error holds what it held before', () => {
  const slab = new Slab()
  const codec = new Codec()
  codec.writeValue(slab, 'before')
  const mark = new Mark()
  slab.save(mark)
  refused('NOT_ENCODABLE', () => codec.writeValue(slab, ['x'.repeat(100_000), Buffer.alloc(10_000), () => 1]))
  slab.rollback(mark)
  codec.writeValue(slab, 'after')
  const pieces: Buffer[] = []
  slab.take(pieces, [])
  assert.is(Buffer.concat(pieces).toString('latin1'), '\xa6before\xa5after')
})

errors.run()
