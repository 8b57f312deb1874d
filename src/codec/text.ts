// UTF-8 in both directions: a loop for what is short, the runtime's functions for what is long, and never a silent
// replacement: octets that are no UTF-8 give `undefined`, a string without UTF-8 (a lone surrogate) gives -1.
// Figures: Node 20, one core, ns per string, bench/codec-payloads.ts "ascii text" and "non-ascii text".
import { HOST_IS_LITTLE, writeU16, writeU32 } from '../base/bytes.ts'
import { SHORT_ASCII_MAX, shortAscii } from './ascii.ts'
import { FIXSTR, STR8, STR16, STR32 } from './tags.ts'

/** Members of Node's Buffer (also of Bun's and Deno's) that `toString` and `write` call after 20 ns of looking at arguments. */
interface NativeText {
  latin1Slice(start: number, end: number): string
  ucs2Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  utf8Write(text: string, at: number): number
}

// As functions: V8 looks a member of a typed array up at each call (6 of 80 ns). A bound `call` is known to the compiler wherever it stands; a function
// in a constant of this module, called by `.call`, is not.
const native = Buffer.prototype as unknown as NativeText
const latin1Slice = asFunction(native.latin1Slice)
const ucs2Slice = asFunction(native.ucs2Slice)
const utf8Slice = asFunction(native.utf8Slice)
const utf8Write = asFunction(native.utf8Write)

function asFunction<A extends unknown[], R>(method: (...args: A) => R): (bytes: Buffer, ...args: A) => R {
  return Function.prototype.call.bind(method) as (bytes: Buffer, ...args: A) => R
}

/** ES2024; in every Node we run on. */
interface WellFormed {
  isWellFormed(): boolean
}

// Up to here the octets are looked at in fours, when a DataView is at hand, and known ASCII is taken as Latin-1: 92 against
// 104 for 64 octets. From about 200 on the runtime's own check is the faster one.
const SCANNED_MAX = 192
// Where UTF-16 units are put together. Text that is not ASCII takes the runtime twice as long as this loop (40 Cyrillic
// letters: 421 against 207), so it is used for all that fits.
const UNITS = 4096
const units = new Uint16Array(UNITS)
const octetsOfUnits = Buffer.from(units.buffer)

/**
 * The text of `bytes[at, at + size)`, or `undefined` when that is not UTF-8. The caller has checked the bounds. `octets`
 * is a DataView of `bytes`, if there is one already.
 */
export function readText(bytes: Buffer, at: number, size: number, octets?: DataView): string | undefined {
  if (size <= SHORT_ASCII_MAX) return shortAscii(bytes, at, size) ?? transcode(bytes, at, at + size)
  // Whether it is ASCII is a guess by a few octets; all ways are exact.
  const sample = bytes[at]! | bytes[at + 1]! | bytes[at + (size >>> 1)]! | bytes[at + size - 1]!
  if (sample < 0x80 && octets !== undefined && size <= SCANNED_MAX) {
    // Made before it is looked at: the other order takes 10 ns more, the processor does not look ahead into the call.
    const text = latin1Slice(bytes, at, at + size)
    return isAscii(octets, at, at + size) ? text : transcode(bytes, at, at + size)
  }
  if (sample >= 0x80 && size <= UNITS) return transcode(bytes, at, at + size)
  const text = utf8Slice(bytes, at, at + size)
  // The runtime puts U+FFFD for what it does not understand: only a text with one in it can have been bad.
  return text.includes('\ufffd') && !spells(text, bytes, at, size) ? undefined : text
}

// For at least sixteen octets: the first or last are looked at once more. By 32, since a loop that ends sooner is guessed better.
function isAscii(octets: DataView, at: number, end: number): boolean {
  let bits = bitsOfSixteen(octets, end - 16)
  if (end - at < 32) {
    bits |= bitsOfSixteen(octets, at)
  } else {
    bits |= bitsOfSixteen(octets, end - 32)
    for (let i = at; i < end - 32; i += 32) bits |= bitsOfSixteen(octets, i) | bitsOfSixteen(octets, i + 16)
  }
  return (bits & 0x80808080) === 0
}

function bitsOfSixteen(octets: DataView, at: number): number {
  return (
    octets.getInt32(at, true) |
    octets.getInt32(at + 4, true) |
    octets.getInt32(at + 8, true) |
    octets.getInt32(at + 12, true)
  )
}

/** Whether `text` in UTF-8 is exactly these octets. */
function spells(text: string, bytes: Buffer, at: number, size: number): boolean {
  const own = Buffer.from(text, 'utf8')
  return own.length === size && own.compare(bytes, at, at + size) === 0
}

// Every form of RFC 3629 section 4, and nothing else: no overlong forms, no surrogates, nothing above U+10FFFF.
function transcode(bytes: Buffer, at: number, end: number): string | undefined {
  const into = units
  let to = 0
  while (at < end) {
    const a = bytes[at++]!
    if (a < 0x80) {
      into[to++] = a
      continue
    }
    if (a < 0xc2 || a > 0xf4 || at >= end) return undefined
    const b = bytes[at++]!
    if ((b & 0xc0) !== 0x80) return undefined
    let unit: number
    if (a < 0xe0) {
      unit = ((a & 0x1f) << 6) | (b & 0x3f)
    } else {
      if (at >= end) return undefined
      const c = bytes[at++]!
      if ((c & 0xc0) !== 0x80) return undefined
      unit = ((a & 0x0f) << 12) | ((b & 0x3f) << 6) | (c & 0x3f)
      if (a < 0xf0) {
        if (unit < 0x800 || (unit & 0xf800) === 0xd800) return undefined
      } else {
        if (at >= end) return undefined
        const d = bytes[at++]!
        const point = ((a & 0x07) << 18) | ((b & 0x3f) << 12) | ((c & 0x3f) << 6) | (d & 0x3f)
        if ((d & 0xc0) !== 0x80 || point < 0x10000 || point > 0x10ffff) return undefined
        into[to++] = 0xd7c0 + (point >> 10)
        unit = 0xdc00 | (point & 0x3ff)
      }
    }
    into[to++] = unit
  }
  return shortText(into, to) ?? textOfUnits(octetsOfUnits, to)
}

// Up to twelve units are given to String.fromCharCode: 25 ns for six, ucs2Slice takes 75 for any number.
const f: (...codes: number[]) => string = String.fromCharCode

/** The first `count` of `u`, `undefined` for more than twelve. */
// biome-ignore format: a table
function shortText(u: Uint16Array, count: number): string | undefined {
  switch (count) {
    case 1: return f(u[0]!)
    case 2: return f(u[0]!, u[1]!)
    case 3: return f(u[0]!, u[1]!, u[2]!)
    case 4: return f(u[0]!, u[1]!, u[2]!, u[3]!)
    case 5: return f(u[0]!, u[1]!, u[2]!, u[3]!, u[4]!)
    case 6: return f(u[0]!, u[1]!, u[2]!, u[3]!, u[4]!, u[5]!)
    case 7: return f(u[0]!, u[1]!, u[2]!, u[3]!, u[4]!, u[5]!, u[6]!)
    case 8: return f(u[0]!, u[1]!, u[2]!, u[3]!, u[4]!, u[5]!, u[6]!, u[7]!)
    case 9: return f(u[0]!, u[1]!, u[2]!, u[3]!, u[4]!, u[5]!, u[6]!, u[7]!, u[8]!)
    case 10: return f(u[0]!, u[1]!, u[2]!, u[3]!, u[4]!, u[5]!, u[6]!, u[7]!, u[8]!, u[9]!)
    case 11: return f(u[0]!, u[1]!, u[2]!, u[3]!, u[4]!, u[5]!, u[6]!, u[7]!, u[8]!, u[9]!, u[10]!)
    case 12: return f(u[0]!, u[1]!, u[2]!, u[3]!, u[4]!, u[5]!, u[6]!, u[7]!, u[8]!, u[9]!, u[10]!, u[11]!)
    default: return undefined
  }
}

/** The first `count` UTF-16 units in `octets`, which are as this machine has them; they are not to be used again. */
export function textOfUnits(octets: Buffer, count: number, hostIsLittle: boolean = HOST_IS_LITTLE): string {
  if (!hostIsLittle) octets.subarray(0, 2 * count).swap16()
  return ucs2Slice(octets, 0, 2 * count)
}

// V8 keeps strings in a dozen representations (made at once, joined, cut out, with or without other letters, ...), and
// `text.length` or `text.charCodeAt` in one place gives up when it has met more than four: an encoder that has seen ordinary
// data was three times slower than a fresh one (payload "records" after "ascii text"). A function called on the string, and
// a string that the compiler knows to be one, do not ask which representation it is. The function is spelled out where it is called: from
// a constant of this module the compiler only knows what it is when everything around happens to be inlined, and a call for
// each character cost half of encoding records (42 against 25 us).
/** `text.length`; see above. */
export function lengthOf(text: string): number {
  // biome-ignore lint/style/useTemplate: a template would make a new string
  return ('' + text).length
}

const isWellFormed = (String.prototype as unknown as WellFormed).isWellFormed

// Shorter strings are written by a loop, which takes the runtime's time for 32 characters (75 ns; beyond ASCII 100 and 140).
const LOOP = 32
// Above it the exact size is asked for first: reserving three octets a character would waste too much.
const ESTIMATED = 2048

/** Octets to have free before `putString`: at least what it will write. */
export function roomForString(text: string, length: number): number {
  return length <= ESTIMATED ? 5 + length * 3 : 5 + Buffer.byteLength(text)
}

/** Writes a string with its header and returns the new offset; -1 when it holds a lone surrogate. */
export function putString(bytes: Buffer, at: number, text: string, length: number): number {
  if (length >= LOOP) return putLong(bytes, at, text, length)
  let to = at + 1
  for (let i = 0; i < length; i++) {
    const code = String.prototype.charCodeAt.call(text, i)
    if (code >= 0x80) return putShort(bytes, at, text, length)
    bytes[to++] = code
  }
  bytes[at] = FIXSTR | length
  return to
}

function putShort(bytes: Buffer, at: number, text: string, length: number): number {
  const guess = sizeOfHeader(length * 2)
  let to = at + guess
  for (let i = 0; i < length; i++) {
    const code = String.prototype.charCodeAt.call(text, i)
    if (code < 0x80) {
      bytes[to++] = code
    } else if (code < 0x800) {
      bytes[to] = 0xc0 | (code >> 6)
      bytes[to + 1] = 0x80 | (code & 0x3f)
      to += 2
    } else if ((code & 0xf800) !== 0xd800) {
      bytes[to] = 0xe0 | (code >> 12)
      bytes[to + 1] = 0x80 | ((code >> 6) & 0x3f)
      bytes[to + 2] = 0x80 | (code & 0x3f)
      to += 3
    } else {
      // NaN behind the last one, which is no low surrogate either.
      const low = String.prototype.charCodeAt.call(text, ++i)
      if (code >= 0xdc00 || (low & 0xfc00) !== 0xdc00) return -1
      const point = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff)
      bytes[to] = 0xf0 | (point >> 18)
      bytes[to + 1] = 0x80 | ((point >> 12) & 0x3f)
      bytes[to + 2] = 0x80 | ((point >> 6) & 0x3f)
      bytes[to + 3] = 0x80 | (point & 0x3f)
      to += 4
    }
  }
  return putHeader(bytes, at, guess, to - at - guess)
}

function putLong(bytes: Buffer, at: number, text: string, length: number): number {
  // A wrong guess means that all is moved once more.
  const isAscii = String.prototype.charCodeAt.call(text, length >>> 1) < 0x80
  const guess = sizeOfHeader(isAscii ? length : length * 2)
  const size = utf8Write(bytes, text, at + guess)
  if (size !== length && !isWellFormed.call(text)) return -1
  return putHeader(bytes, at, guess, size)
}

/** Puts the header in front of `size` octets that stand `guess` behind `at`, and moves them when it is of another size. */
function putHeader(bytes: Buffer, at: number, guess: number, size: number): number {
  const head = sizeOfHeader(size)
  if (head !== guess) bytes.copyWithin(at + head, at + guess, at + guess + size)
  if (head === 1) bytes[at] = FIXSTR | size
  else if (head === 2) {
    bytes[at] = STR8
    bytes[at + 1] = size
  } else if (head === 3) {
    bytes[at] = STR16
    writeU16(bytes, at + 1, size)
  } else {
    bytes[at] = STR32
    writeU32(bytes, at + 1, size)
  }
  return at + head + size
}

function sizeOfHeader(size: number): number {
  if (size < 32) return 1
  if (size < 0x100) return 2
  return size < 0x10000 ? 3 : 5
}
