/**
 * Traffic under CURVE: each frame a MESSAGE (RFC 26), sealed and opened where it lies.
 *
 *   07 "MESSAGE" (8) | short nonce (8) | tag (16) | flags (1) | body
 *
 * The first 16 octets of the nonce never change, so their half of XSalsa20 is done once for each direction, which has a stream of its own. The flags in the box are MORE as in RFC 26 and, as libzmq has it, COMMAND.
 */
import { builtin } from '../../../base/builtin.ts'
import { equalAt, readU32, writeU32 } from '../../../base/bytes.ts'
import { ProtocolError, UsageError } from '../../../base/errors.ts'
import { COMMAND_MESSAGE, CommandError } from '../../wire/command.ts'
import { FLAG_COMMAND, FLAG_MORE } from '../../wire/constants.ts'
import { deriveKey } from './curve-box.ts'
import { type Cipher, SEALED_HEAD } from './mechanism.ts'
import { makeTag } from './poly-tag.ts'
import { SalsaStream } from './salsa-stream.ts'

const crypto = builtin('node:crypto')

const NONCE_AT = 8
const TAG_AT = 16
const BOX_AT = 32

const BOXED_MORE = 0x01
const BOXED_COMMAND = 0x02

export class CurveCipher implements Cipher {
  readonly #outgoing: SalsaStream
  readonly #incoming: SalsaStream
  // Counters of 64 bits, as two halves: a double counts to 2^53 only.
  #sentHigh: number
  #sentLow: number
  #lastHigh: number
  #lastLow: number

  /**
   * `key` is that of the transient keys. `sent` is the last short nonce that was used; `last`, at `at`, the last one of the peer: each
   * further one must be greater.
   */
  constructor(key: Buffer, asServer: boolean, sent: Buffer, last: Buffer, at: number) {
    const [send, receive] = asServer ? [FROM_SERVER, FROM_CLIENT] : [FROM_CLIENT, FROM_SERVER]
    this.#outgoing = streamOf(key, send)
    this.#incoming = streamOf(key, receive)
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
    bytes.set(COMMAND_MESSAGE, start)
    writeU32(bytes, start + NONCE_AT, this.#sentHigh)
    writeU32(bytes, start + NONCE_AT + 4, this.#sentLow)
    bytes[start + BOX_AT] =
      ((flags & FLAG_MORE) === 0 ? 0 : BOXED_MORE) | ((flags & FLAG_COMMAND) === 0 ? 0 : BOXED_COMMAND)
    const stream = this.#outgoing
    stream.begin(bytes, start + NONCE_AT)
    stream.xor(bytes, start + BOX_AT, end)
    makeTag(stream.tagKey, bytes, start + BOX_AT, end, tag)
    for (let i = 0; i < TAG_SIZE; i++) bytes[start + TAG_AT + i] = tag[i]!
  }

  open(bytes: Buffer, start: number, end: number): number {
    if (end - start < NONCE_AT || !equalAt(bytes, start, start + NONCE_AT, COMMAND_MESSAGE)) {
      throw new ProtocolError('UNEXPECTED_COMMAND', 'a frame in clear after the handshake')
    }
    if (end - start < SEALED_HEAD) {
      throw new CommandError('MESSAGE', 'a MESSAGE is cut short')
    }
    this.#checkNonce(bytes, start + NONCE_AT)
    const stream = this.#incoming
    stream.begin(bytes, start + NONCE_AT)
    // Nothing is decrypted before the tag is right.
    makeTag(stream.tagKey, bytes, start + BOX_AT, end, tag)
    for (let i = 0; i < TAG_SIZE; i++) given[i] = bytes[start + TAG_AT + i]!
    if (!crypto().timingSafeEqual(tag, given)) {
      throw new ProtocolError('CRYPTO_FAILED', 'a MESSAGE does not open: another key, or octets were changed')
    }
    stream.xor(bytes, start + BOX_AT, end)
    const flags = bytes[start + BOX_AT]!
    if (flags === 0) return 0
    if (flags === BOXED_MORE) return FLAG_MORE
    if (flags === BOXED_COMMAND) return FLAG_COMMAND
    throw new ProtocolError('BAD_FLAGS', `a MESSAGE has the flags 0x${flags.toString(16)}`)
  }

  /** Overwrites the keys. */
  wipe(): void {
    this.#outgoing.wipe()
    this.#incoming.wipe()
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
}

/** The stream for all nonces that begin with `nonceStart`. */
function streamOf(key: Buffer, nonceStart: Buffer): SalsaStream {
  const derived = deriveKey(key, nonceStart)
  const stream = new SalsaStream(derived)
  derived.fill(0)
  return stream
}

const U32_MAX = 0xffff_ffff
// Of the last 2^32 nonces.
const SPENT_FROM = U32_MAX - 0x10_0000
const TAG_SIZE = 16
// The tag that was made, and the one that came, for one call: all ciphers share them.
const tag = new Uint8Array(TAG_SIZE)
const given = new Uint8Array(TAG_SIZE)
const FROM_CLIENT = Buffer.from('CurveZMQMESSAGEC', 'latin1')
const FROM_SERVER = Buffer.from('CurveZMQMESSAGES', 'latin1')
