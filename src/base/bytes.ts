// Byte primitives that every layer shares: views, big-endian integers, comparison. Imports nothing.
// "view" shares memory, "copy" does not; all multi-byte integers on our wires are big-endian,
// but inside of a cipher.

// In Node `Buffer` is a getter of the global object, and to ask it takes 11 ns: a fifth of making a view. Hot paths ask once.
const NodeBuffer = Buffer

/** A zero-length buffer, for fields that are empty until something arrives. */
export const EMPTY: Buffer = Buffer.alloc(0)

/** Whether this machine has the low octet of a number first. */
export const HOST_IS_LITTLE: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

const TWO_32 = 0x1_0000_0000

/** A view of `bytes[start, end)`: the one place that makes them, so that its cost can be changed in one place. */
export function view(bytes: Buffer, start: number, end: number): Buffer {
  return bytes.subarray(start, end)
}

/** A view of `size` octets of `memory` from `offset` on. */
export function viewOf(memory: ArrayBufferLike, offset: number, size: number): Buffer {
  return NodeBuffer.from(memory as ArrayBuffer, offset, size)
}

/** An own copy of `bytes[start, end)`: keeps nothing of the chunk it came from alive. */
export function copy(bytes: Uint8Array, start: number, end: number): Buffer {
  const own = NodeBuffer.allocUnsafe(end - start)
  if (end - start <= SMALL_COPY) {
    for (let from = start, to = 0; from < end; ) own[to++] = bytes[from++]!
  } else {
    own.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
  }
  return own
}

// Below this a loop beats the call into the runtime.
const SMALL_COPY = 32

/** The `Buffer` of the same memory: inside, every byte array is a Buffer, so that V8 sees one shape. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof NodeBuffer ? bytes : viewOf(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function readU32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
}

/** The little-endian one, as Salsa20 has its words: for 32 bits of anything, so the sign is as it comes. */
export function readLittleU32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** The unsigned 64-bit integer as a number: exact up to 2^53, above it rounded, but never small. */
export function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) * TWO_32 + readU32(bytes, at + 4)
}

export function writeU16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
  return at + 2
}

export function writeU32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
  return at + 4
}

/** Writes a safe integer as an unsigned 64-bit one. */
export function writeU64(bytes: Uint8Array, at: number, value: number): number {
  writeU32(bytes, at, Math.floor(value / TWO_32))
  return writeU32(bytes, at + 4, value >>> 0)
}

/** Whether `bytes[start, end)` holds exactly `expected`. */
export function equalAt(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  if (end - start !== expected.length) return false
  for (let i = 0; i < expected.length; i++) if (bytes[start + i] !== expected[i]) return false
  return true
}
