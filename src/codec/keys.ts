// Map keys repeat: a bounded table from their octets to the string made last time. Shared by all readers of the process
// (an entry is a fact about octets, whoever sent them), never grows, a newcomer overwrites. Only keys that are plain to
// set on an object are kept; what Object.prototype knows (`__proto__`, `constructor`, `toString`) never is.
import { readText } from './text.ts'

/** Longer keys are made anew each time. */
const LONGEST = 32
const WORDS = LONGEST / 4
// As security.md says; 4,096 different keys are more than the messages of most services have together.
const SLOTS = 4096

const words = new Int32Array(SLOTS * WORDS)
const sizes = new Uint8Array(SLOTS)
const texts: string[] = new Array<string>(SLOTS).fill('')
const sought = new Int32Array(WORDS)
let turn = 0

/**
 * The key at `bytes[at, at + size)`, or `undefined` when it needs a closer look: not UTF-8, too long to be kept, or a
 * name of Object.prototype. The caller has checked the bounds.
 */
export function readCachedKey(bytes: Buffer, at: number, size: number): string | undefined {
  if (size > LONGEST) return undefined
  // The key as 32-bit words, and a hash of them.
  let hash = size
  let count = 0
  const end = at + size
  let i = at
  while (i + 4 <= end) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    sought[count++] = word
    hash = Math.imul(hash ^ word, 0x9e3779b1)
    i += 4
  }
  if (i < end) {
    let word = 0
    while (i < end) word = (word << 8) | bytes[i++]!
    sought[count++] = word
    hash = Math.imul(hash ^ word, 0x9e3779b1)
  }
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
  if (sizes[slot] === size) {
    const base = slot * WORDS
    let k = 0
    while (k < count && words[base + k] === sought[k]) k++
    if (k === count) return texts[slot]
  }
  return readDisplacedKey(bytes, at, size, slot, count)
}

// Two places for each hash: of 200 keys ten met another one of the same map in theirs, and cost 400 ns each time ("wide map").
function readDisplacedKey(
  bytes: Buffer,
  at: number,
  size: number,
  slot: number,
  count: number,
): string | undefined {
  const other = slot ^ 1
  if (sizes[other] === size) {
    let k = 0
    while (k < count && words[other * WORDS + k] === sought[k]) k++
    if (k === count) return texts[other]
  }
  turn ^= 1
  return addKey(bytes, at, size, slot ^ turn, count)
}

function addKey(bytes: Buffer, at: number, size: number, slot: number, count: number): string | undefined {
  const text = readText(bytes, at, size)
  if (text === undefined || text in Object.prototype) return undefined
  for (let k = 0; k < count; k++) words[slot * WORDS + k] = sought[k]!
  sizes[slot] = size
  // As a property name a string is interned; taking it from there saves the next object the search.
  texts[slot] = Object.keys({ [text]: 0 })[0]!
  return texts[slot]
}
