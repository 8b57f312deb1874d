// Every row of msgpack-test-suite: all its forms decode to the value, and we write the smallest.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Codec, Extension } from '../../src/codec/index.ts'
import { feed, hex } from './feed.ts'

interface Row {
  msgpack: string[]
  [type: string]: unknown
}

const { about: _, ...groups } = JSON.parse(
  readFileSync('test/vectors/msgpack-test-suite.json', 'utf8'),
) as Record<string, Row[]>
const codec = new Codec({ unknownExtensions: 'keep' })

const vectors = suite('msgpack-test-suite')

for (const [group, rows] of Object.entries(groups)) {
  vectors(`${group}: each of ${rows.flatMap((row) => row.msgpack).length} forms gives its value`, () => {
    for (const row of rows) {
      const values = valuesOf(row)
      for (const form of row.msgpack) {
        feed(hex(form), (got) => assert.equal(got, values[0], form), codec)
      }
    }
  })

  vectors(`${group}: each of ${rows.length} values is written in the smallest form`, () => {
    for (const row of rows) {
      if (isFinerThanDate(row)) continue
      const smallest = row.msgpack.filter((form) => hex(form).length === hex(row.msgpack[0]!).length)
      for (const value of valuesOf(row)) {
        assert.ok(
          smallest.some((form) => codec.encode(value).equals(hex(form))),
          JSON.stringify(row),
        )
      }
    }
  })
}

vectors('a timestamp finer than milliseconds keeps what a Date can hold', () => {
  const rows = groups['50.timestamp.yaml']!.filter(isFinerThanDate)
  assert.is(rows.length, 9)
  for (const row of rows) {
    const date = valuesOf(row)[0]!
    assert.equal(codec.decode(codec.encode(date)), date)
    assert.ok(codec.encode(date).length <= hex(row.msgpack[0]!).length)
  }
})

// The value of a row; a number that is also given as a bigint comes back as the number it fits.
function valuesOf(row: Row): unknown[] {
  if ('binary' in row) return [hex(row.binary as string)]
  if ('timestamp' in row) {
    const [seconds, nanos] = row.timestamp as [number, number]
    return [new Date(seconds * 1000 + Math.floor(nanos / 1e6))]
  }
  if ('ext' in row) {
    const [type, data] = row.ext as [number, string]
    return [new Extension(type, hex(data))]
  }
  if ('number' in row) return [row.number]
  if ('bignum' in row) return [BigInt(row.bignum as string)]
  const { msgpack, ...rest } = row
  return Object.values(rest)
}

function isFinerThanDate(row: Row): boolean {
  return 'timestamp' in row && (row.timestamp as [number, number])[1] % 1e6 !== 0
}

vectors.run()
