// Values of every kind that the codec takes, from choices: the same octets give the same value.
import type { Choices } from './target.ts'

const TEXTS: readonly string[] = [
  '',
  'a',
  'id',
  'name',
  'constructor',
  'toString',
  'prototype',
  '0',
  '17',
  'ä',
  'жщ',
  '日本',
  '☕🍵',
  '\u{10ffff}',
  '\0',
  '\ud800',
  'x\udc00y',
]
const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  127,
  128,
  255,
  256,
  -32,
  -33,
  -128,
  -129,
  65_535,
  65_536,
  -32_768,
  -32_769,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  -(2 ** 31) - 1,
  Number.MAX_SAFE_INTEGER,
  -Number.MAX_SAFE_INTEGER,
  2 ** 53,
  2 ** 63,
  0.5,
  0.1,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  5e-324,
]
const ERRORS = [Error, TypeError, RangeError, SyntaxError] as const
const MEMORY = [
  ArrayBuffer,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
] as const
const WIDE = [Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView] as const
const DEEPEST = 5

export function drawValue(choices: Choices, depth = 0): unknown {
  const kind = choices.random(depth > DEEPEST ? 12 : 24)
  switch (kind) {
    case 0:
      return null
    case 1:
      return undefined
    case 2:
      return choices.random(2) === 0
    case 3:
      return choices.octet()
    case 4:
      return choices.pick(NUMBERS)
    case 5:
      return choices.take(6).reduce((sum, octet) => sum * 256 + octet, 0) * (choices.random(2) === 0 ? 1 : -1)
    case 6:
      return bigint(choices)
    case 7:
    case 8:
      return text(choices)
    case 9:
      return Buffer.from(choices.take(choices.random(40)))
    case 10:
      return new Date(choices.pick(NUMBERS) % 8.64e15 || 0)
    case 11:
      return choices.take(4).length / 3
    case 12:
      return new Map(
        list(choices, 4, () => [drawValue(choices, depth + 1), drawValue(choices, depth + 1)] as const),
      )
    case 13:
      return new Set(list(choices, 4, () => drawValue(choices, depth + 1)))
    case 14:
      return error(choices, depth)
    case 15:
      return memory(choices)
    case 16:
    case 17:
      return array(choices, depth)
    case 18:
      return rows(choices, depth)
    default:
      return Object.fromEntries(list(choices, 6, () => [key(choices), drawValue(choices, depth + 1)]))
  }
}

/** At most `most`, and none once there is nothing left to choose by. */
function list<T>(choices: Choices, most: number, make: () => T): T[] {
  const made: T[] = []
  for (let count = choices.random(most + 1); count > 0 && !choices.over; count--) made.push(make())
  return made
}

function text(choices: Choices): string {
  if (choices.random(2) === 0) return choices.pick(TEXTS)
  return choices.take(choices.random(48)).toString(choices.random(2) === 0 ? 'latin1' : 'utf8')
}

// Names may not have lone surrogates. __proto__ is refused, and so is `prototype` under `constructor`.
function key(choices: Choices): string {
  const drawn = Buffer.from(text(choices)).toString()
  return drawn === '__proto__' || drawn === 'constructor' ? 'proto' : drawn
}

function bigint(choices: Choices): bigint {
  const sign = choices.random(2) === 0 ? 1n : -1n
  const digits = BigInt(`0x0${choices.take(choices.random(20)).toString('hex')}`)
  return digits * sign
}

function array(choices: Choices, depth: number): unknown[] {
  const items = list(choices, choices.random(8) === 0 ? 40 : 6, () => drawValue(choices, depth + 1))
  if (items.length > 0 && choices.random(8) === 0) delete items[choices.random(items.length)]
  return items
}

/** Objects of the same keys: what shapes are for. */
function rows(choices: Choices, depth: number): unknown[] {
  const keys = [...new Set(list(choices, 5, () => key(choices)))]
  return list(choices, 5, () =>
    Object.fromEntries(keys.map((name) => [name, drawValue(choices, depth + 2)] as const)),
  )
}

function error(choices: Choices, depth: number): Error {
  const Class = choices.pick(ERRORS)
  const made =
    choices.random(2) === 0
      ? new Class(text(choices))
      : new Class(text(choices), { cause: drawValue(choices, depth + 1) })
  if (choices.random(2) === 0) return made
  return Object.assign(made, { code: choices.random(2) === 0 ? text(choices) : choices.pick(NUMBERS) })
}

function memory(choices: Choices): unknown {
  const octets = new Uint8Array(8 * choices.random(4))
  octets.set(choices.take(octets.length))
  const { buffer } = octets
  const Kind = choices.pick([...MEMORY, ...WIDE])
  return Kind === ArrayBuffer ? buffer : new (Kind as Int8ArrayConstructor)(buffer)
}
