/**
 * The key stream of Salsa20 under one key, for many short messages: the block function is that of @noble/ciphers, state and output are reused, where its
 * `salsa20` makes ten arrays for each call. Knows counters and exclusive-or; what the octets are, who uses it knows. The first half of the
 * first block is the key of the tag, as crypto_box has it; octets are exclusive-or-ed from the second half on.
 */
import { __TESTS } from '@noble/ciphers/salsa.js'
import { readLittleU32 } from '../../../base/bytes.ts'

// The library exports its block function for tests only, so its version is pinned, and ours compare each length with `salsa20`.
const { salsaCore } = __TESTS

export class SalsaStream {
  /** The first 32 octets of the stream of the nonce at hand. Overwritten by the next `begin`. */
  readonly tagKey: Uint8Array = new Uint8Array(TAG_KEY_SIZE)
  readonly #key = new Uint32Array(8)
  readonly #nonce = new Uint32Array(2)
  readonly #block = new Uint32Array(BLOCK_WORDS)

  /** `key`: 32 octets, which are copied. */
  constructor(key: Uint8Array) {
    for (let i = 0; i < 8; i++) this.#key[i] = readLittleU32(key, i * 4)
  }

  /** Makes the first block for the nonce `bytes[at, at + 8)`. */
  begin(bytes: Uint8Array, at: number): void {
    this.#nonce[0] = readLittleU32(bytes, at)
    this.#nonce[1] = readLittleU32(bytes, at + 4)
    this.#next(0)
    const { tagKey } = this
    for (let i = 0, to = 0; i < TAG_KEY_SIZE / 4; i++) {
      const word = this.#block[i]!
      tagKey[to++] = word
      tagKey[to++] = word >>> 8
      tagKey[to++] = word >>> 16
      tagKey[to++] = word >>> 24
    }
  }

  /** Changes `bytes[start, end)` by what follows the tag's key. Once for each `begin`. */
  xor(bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block
    const octets = viewOf(bytes)
    let at = start
    let word = TAG_KEY_SIZE / 4
    for (let counter = 1; ; counter++) {
      const stop = Math.min(end - 3, at + (BLOCK_WORDS - word) * 4)
      for (; at < stop; at += 4) octets.setUint32(at, octets.getUint32(at, true) ^ block[word++]!, true)
      if (word < BLOCK_WORDS || at === end) break
      this.#next(counter)
      word = 0
    }
    for (let shift = 0; at < end; shift += 8) bytes[at++]! ^= block[word]! >>> shift
  }

  /** Overwrites what is secret. */
  wipe(): void {
    this.#key.fill(0)
    this.#block.fill(0)
    this.tagKey.fill(0)
  }

  #next(counter: number): void {
    salsaCore(SIGMA, this.#key, this.#nonce, this.#block, counter)
  }
}

// A chunk has many short frames, and a view takes as long as half a block. What is larger than a chunk is not kept.
const KEPT_MAX = 65_536
let viewed: Uint8Array = new Uint8Array(0)
let lastView = new DataView(viewed.buffer)

function viewOf(bytes: Uint8Array): DataView {
  if (bytes === viewed) return lastView
  const octets = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length <= KEPT_MAX) {
    viewed = bytes
    lastView = octets
  }
  return octets
}

const BLOCK_WORDS = 16
const TAG_KEY_SIZE = 32
// "expand 32-byte k"
const SIGMA = Uint32Array.of(0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574)
