/**
 * Traffic under CURVE: each frame a MESSAGE (RFC 26), sealed and opened where it lies.
 *
 *   07 "MESSAGE" (8) | short nonce (8) | tag (16) | flags (1) | body
 *
 * The 32 octets before the flags are just what Salsa20 needs in front of them: its first 32 octets are the key of the tag. So a
 * frame is made in one pass without other memory. The first 16 octets of the nonce never change, so their half of XSalsa20 is done
 * once for each direction. The flags in the box are MORE as in RFC 26 and, as libzmq has it, COMMAND.
 */
import { timingSafeEqual } from 'node:crypto'
import { poly1305 } from '@noble/ciphers/_poly1305.js'
import { salsa20 } from '@noble/ciphers/salsa.js'
import { equalAt, readU32, writeU32 } from '../../../base/bytes.ts'
import { ProtocolError, UsageError } from '../../../base/errors.ts'
import { COMMAND_MESSAGE, CommandError } from '../../wire/command.ts'
import { FLAG_COMMAND, FLAG_MORE } from '../../wire/constants.ts'
import { deriveKey } from './curve-box.ts'
import { type Cipher, SEALED_HEAD } from './mechanism.ts'

const NONCE_AT = 8
const TAG_AT = 16
const BOX_AT = 32

const BOXED_MORE = 0x01
const BOXED_COMMAND = 0x02

export class CurveCipher implements Cipher {
  readonly #sendKey: Buffer
  readonly #receiveKey: Buffer
  // Counters of 64 bits, as two halves: a double counts to 2^53 only.
  #sentHigh: number
  #sentLow: number
  #lastHigh: number
  #lastLow: number
  readonly #nonce = new Uint8Array(8)
  readonly #block = new Uint8Array(BLOCK_SIZE)
  readonly #tagKey = this.#block.subarray(0, BOX_AT)

  /**
   * `key` is that of the transient keys. `sent` is the last short nonce that was used; `last`, at `at`, the last one of the peer: each
   * further one must be greater.
   */
  constructor(key: Buffer, asServer: boolean, sent: Buffer, last: Buffer, at: number) {
    const [send, receive] = asServer ? [FROM_SERVER, FROM_CLIENT] : [FROM_CLIENT, FROM_SERVER]
    this.#sendKey = deriveKey(key, send)
    this.#receiveKey = deriveKey(key, receive)
    this.#sentHigh = readU32(sent, 0)
    this.#sentLow = readU32(sent, 4)
    this.#lastHigh = readU32(last, at)
    this.#lastLow = readU32(last, at + 4)
  }

  get spent(): boolean {
    return this.#sentHigh === U32_MAX && this.#sentLow >= SPENT_FROM
  }

  seal(bytes: Buffer, start: number, end: number, flags: number): void {
    this.#count()
    bytes.fill(0, start, start + BOX_AT)
    bytes[start + BOX_AT] =
      ((flags & FLAG_MORE) === 0 ? 0 : BOXED_MORE) | ((flags & FLAG_COMMAND) === 0 ? 0 : BOXED_COMMAND)
    const sealed = bytes.subarray(start, end)
    salsa20(this.#sendKey, this.#nonce, sealed, sealed)
    const tag = poly1305(sealed.subarray(BOX_AT), sealed.subarray(0, BOX_AT))
    sealed.set(COMMAND_MESSAGE)
    sealed.set(this.#nonce, NONCE_AT)
    sealed.set(tag, TAG_AT)
  }

  open(bytes: Buffer, start: number, end: number): number {
    if (end - start < NONCE_AT || !equalAt(bytes, start, start + NONCE_AT, COMMAND_MESSAGE)) {
      throw new ProtocolError('UNEXPECTED_COMMAND', 'a frame in clear after the handshake')
    }
    if (end - start < SEALED_HEAD) {
      throw new CommandError('MESSAGE', 'a MESSAGE is cut short')
    }
    this.#checkNonce(bytes, start + NONCE_AT)
    this.#checkTag(bytes, start, end)
    this.#decrypt(bytes, start + BOX_AT, end)
    const flags = bytes[start + BOX_AT]!
    if (flags === 0) return 0
    if (flags === BOXED_MORE) return FLAG_MORE
    if (flags === BOXED_COMMAND) return FLAG_COMMAND
    throw new ProtocolError('BAD_FLAGS', `a MESSAGE has the flags 0x${flags.toString(16)}`)
  }

  /** Overwrites the keys. */
  wipe(): void {
    this.#sendKey.fill(0)
    this.#receiveKey.fill(0)
    this.#block.fill(0)
  }

  #count(): void {
    if (this.#sentLow < U32_MAX) {
      this.#sentLow++
    } else {
      // The same nonce twice would give both messages away: `spent` has been true for a million messages.
      if (this.#sentHigh === U32_MAX) throw new UsageError('SEND_OUT_OF_TURN', 'no nonce is left')
      this.#sentLow = 0
      this.#sentHigh++
    }
    writeU32(this.#nonce, 0, this.#sentHigh)
    writeU32(this.#nonce, 4, this.#sentLow)
  }

  // A box that was seen before, or is older than one that was, is a replay.
  #checkNonce(bytes: Buffer, at: number): void {
    const high = readU32(bytes, at)
    const low = readU32(bytes, at + 4)
    if (high < this.#lastHigh || (high === this.#lastHigh && low <= this.#lastLow)) {
      throw new ProtocolError('NONCE_REUSED', 'the nonce of a MESSAGE is not greater than the last one')
    }
    this.#lastHigh = high
    this.#lastLow = low
  }

  /** Leaves the first block of the key stream in #block. Nothing is decrypted before the tag is right. */
  #checkTag(bytes: Buffer, start: number, end: number): void {
    const nonce = bytes.subarray(start + NONCE_AT, start + TAG_AT)
    salsa20(this.#receiveKey, nonce, ZEROS, this.#block)
    const tag = poly1305(bytes.subarray(start + BOX_AT, end), this.#tagKey)
    if (!timingSafeEqual(tag, bytes.subarray(start + TAG_AT, start + BOX_AT))) {
      throw new ProtocolError('CRYPTO_FAILED', 'a MESSAGE does not open: another key, or octets were changed')
    }
    this.#nonce.set(nonce)
  }

  #decrypt(bytes: Buffer, start: number, end: number): void {
    const first = Math.min(end, start + BLOCK_SIZE - BOX_AT)
    for (let at = start, from = BOX_AT; at < first; ) bytes[at++]! ^= this.#block[from++]!
    if (first === end) return
    const rest = bytes.subarray(first, end)
    salsa20(this.#receiveKey, this.#nonce, rest, rest, 1)
  }
}

const U32_MAX = 0xffff_ffff
// Of the last 2^32 nonces.
const SPENT_FROM = U32_MAX - 0x10_0000
const BLOCK_SIZE = 64
const ZEROS = new Uint8Array(BLOCK_SIZE)
const FROM_CLIENT = Buffer.from('CurveZMQMESSAGEC', 'latin1')
const FROM_SERVER = Buffer.from('CurveZMQMESSAGES', 'latin1')
