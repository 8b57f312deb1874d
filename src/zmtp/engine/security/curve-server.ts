/**
 * The CURVE mechanism (RFC 26), server side: lets in whoever knows our public key and proves to have the secret key of its own;
 * whether that key is welcome is for somebody else to judge, or for nobody.
 *
 *   -> HELLO (C')   WELCOME (S', cookie) ->   -> INITIATE (cookie, C, vouch, metadata)   READY (metadata) ->
 *
 * The cookie is there for servers that forget their peer in between. This one does not, and compares it with the one that it gave.
 */
import { builtin } from '../../../base/builtin.ts'
import { copy, readU32 } from '../../../base/bytes.ts'
import { ProtocolError } from '../../../base/errors.ts'
import type { Slab } from '../../../base/slab.ts'
import {
  COMMAND_HELLO,
  COMMAND_INITIATE,
  COMMAND_READY,
  COMMAND_WELCOME,
  CommandError,
  isCommand,
  readName,
  writeBytes,
} from '../../wire/command.ts'
import { type Metadata, readMetadata } from '../../wire/metadata.ts'
import { Admission } from './admission.ts'
import {
  checkKey,
  KEY_SIZE,
  LONG_NONCE_SIZE,
  nonceOf,
  openBox,
  publicKeyOf,
  SHORT_NONCE_SIZE,
  sealBox,
  sharedKey,
  shortNonce,
} from './curve-box.ts'
import { CurveCipher } from './curve-cipher.ts'
import {
  COOKIE_SIZE,
  HELLO_PADDING,
  HELLO_SECRET,
  HELLO_SIZE,
  INITIATE_MIN_SIZE,
  metadataBytes,
  NONCES,
  VERSION,
  VOUCH_SIZE,
} from './curve-wire.ts'
import type { Cipher, Mechanism } from './mechanism.ts'

const crypto = builtin('node:crypto')

const AWAIT_HELLO = 0
const SAY_WELCOME = 1
const AWAIT_INITIATE = 2
const SAY_READY = 3
const READY = 4

export interface CurveServerOptions {
  /** Ours; 32 octets each. The public one follows from the secret one: `publicKeyOf`. */
  readonly publicKey: Buffer
  readonly secretKey: Buffer
  /** Whether somebody judges the peer's key. */
  readonly asks: boolean
  /** Octets that nobody can foresee. */
  readonly draw: (size: number) => Buffer
  /** Called before a stranger's HELLO costs us a key exchange; throws a `PseudError` when that is too much. */
  readonly spend: () => void
}

export class CurveServer implements Mechanism {
  readonly name = 'CURVE'
  readonly asServer = true
  readonly lockstep = true
  readonly admission: Admission
  peerMetadata: Metadata | undefined
  readonly #options: CurveServerOptions
  #state = AWAIT_HELLO
  #peerTransient: Buffer | undefined
  #transientSecret: Buffer | undefined
  // beforenm(C', s), later beforenm(C', s').
  #key: Buffer | undefined
  #cookie: Buffer | undefined
  readonly #peerNonce: Buffer = Buffer.alloc(SHORT_NONCE_SIZE)
  #cipher: CurveCipher | undefined

  /** Throws `UsageError` BAD_CURVE_KEY. */
  constructor(options: CurveServerOptions) {
    checkKey(options.publicKey, 'public key')
    checkKey(options.secretKey, 'secret key')
    this.#options = options
    this.admission = new Admission(options.asks)
  }

  get ready(): boolean {
    return this.#state === READY
  }

  get cipher(): Cipher | undefined {
    return this.#cipher
  }

  writeNextCommand(output: Slab, localMetadata: Metadata): boolean {
    if (this.#state === SAY_WELCOME) this.#writeWelcome(output)
    else if (this.#state === SAY_READY && this.admission.granted) this.#writeReady(output, localMetadata)
    else return false
    this.#state++
    return true
  }

  handleCommand(bytes: Buffer, start: number, end: number): void {
    if (this.#state === AWAIT_HELLO && isCommand(bytes, start, end, COMMAND_HELLO)) {
      this.#readHello(bytes, start, end)
    } else if (this.#state === AWAIT_INITIATE && isCommand(bytes, start, end, COMMAND_INITIATE)) {
      this.#readInitiate(bytes, start, end)
    } else {
      throw new ProtocolError(
        'UNEXPECTED_COMMAND',
        `the peer sent ${readName(bytes, start, end)} out of turn`,
      )
    }
    this.#state++
  }

  wipe(): void {
    this.#forget()
    this.#cipher?.wipe()
  }

  // name (6) | version (2) | padding (72) | C' (32) | nonce (8) | box of 64 zeros (80)
  #readHello(bytes: Buffer, start: number, end: number): void {
    if (end - start !== HELLO_SIZE) failSize('HELLO', end - start)
    const versionAt = start + COMMAND_HELLO.length
    const paddingAt = versionAt + VERSION.length
    const keyAt = paddingAt + HELLO_PADDING.length
    const nonceAt = keyAt + KEY_SIZE
    const boxAt = nonceAt + SHORT_NONCE_SIZE
    if (!bytes.subarray(versionAt, paddingAt).equals(VERSION)) {
      throw new CommandError('HELLO', 'a HELLO of another version of CurveZMQ than 1.0')
    }
    if (!bytes.subarray(paddingAt, keyAt).equals(HELLO_PADDING)) {
      throw new CommandError('HELLO', 'the padding of a HELLO is not zero')
    }
    this.#options.spend()
    this.#peerTransient = copy(bytes, keyAt, nonceAt)
    this.#key = sharedKey(this.#peerTransient, this.#options.secretKey)
    const nonce = nonceOf(NONCES.hello, bytes.subarray(nonceAt, boxAt))
    if (!openBox(this.#key, nonce, bytes.subarray(boxAt, end), 'HELLO').equals(HELLO_SECRET)) {
      throw new CommandError('HELLO', 'the box of a HELLO does not hold zeros')
    }
    bytes.copy(this.#peerNonce, 0, nonceAt, boxAt)
  }

  // name (8) | nonce (16) | box of S' (32) and cookie (96)
  #writeWelcome(output: Slab): void {
    const { draw } = this.#options
    const secret = draw(KEY_SIZE)
    const cookieKey = draw(KEY_SIZE)
    const cookieNonce = draw(LONG_NONCE_SIZE)
    const nonce = draw(LONG_NONCE_SIZE)
    const cookieContent = Buffer.concat([this.#peerTransient!, secret])
    const cookie = Buffer.concat([
      cookieNonce,
      sealBox(cookieKey, nonceOf(NONCES.cookie, cookieNonce), cookieContent),
    ])
    const content = Buffer.concat([publicKeyOf(secret), cookie])
    writeBytes(output, COMMAND_WELCOME)
    writeBytes(output, nonce)
    writeBytes(output, sealBox(this.#key!, nonceOf(NONCES.welcome, nonce), content))
    this.#key!.fill(0)
    cookieKey.fill(0)
    cookieContent.fill(0)
    this.#cookie = cookie
    this.#transientSecret = secret
    this.#key = sharedKey(this.#peerTransient!, secret)
  }

  // name (9) | cookie (96) | nonce (8) | box of C (32), vouch nonce (16), vouch (80), metadata
  #readInitiate(bytes: Buffer, start: number, end: number): void {
    if (end - start < INITIATE_MIN_SIZE) failSize('INITIATE', end - start)
    const cookieAt = start + COMMAND_INITIATE.length
    const nonceAt = cookieAt + COOKIE_SIZE
    const boxAt = nonceAt + SHORT_NONCE_SIZE
    if (!crypto().timingSafeEqual(bytes.subarray(cookieAt, nonceAt), this.#cookie!)) {
      throw new ProtocolError('CRYPTO_FAILED', 'an INITIATE with a cookie that is not the one it was given')
    }
    this.#checkNonce(bytes, nonceAt)
    const nonce = nonceOf(NONCES.initiate, bytes.subarray(nonceAt, boxAt))
    const content = openBox(this.#key!, nonce, bytes.subarray(boxAt, end), 'INITIATE')
    const publicKey = copy(content, 0, KEY_SIZE)
    this.#checkVouch(publicKey, content)
    this.peerMetadata = readMetadata(content, KEY_SIZE + LONG_NONCE_SIZE + VOUCH_SIZE, content.length)
    this.admission.ask({ mechanism: 'CURVE', publicKey })
  }

  #checkNonce(bytes: Buffer, at: number): void {
    const last = this.#peerNonce
    const high = readU32(bytes, at)
    const lastHigh = readU32(last, 0)
    if (high < lastHigh || (high === lastHigh && readU32(bytes, at + 4) <= readU32(last, 4))) {
      throw new ProtocolError('NONCE_REUSED', "the nonce of an INITIATE is not greater than its HELLO's")
    }
    bytes.copy(last, 0, at, at + SHORT_NONCE_SIZE)
  }

  /** That C speaks for C', and speaks to us and nobody else. */
  #checkVouch(publicKey: Buffer, content: Buffer): void {
    const nonce = nonceOf(NONCES.vouch, content.subarray(KEY_SIZE, KEY_SIZE + LONG_NONCE_SIZE))
    const box = content.subarray(KEY_SIZE + LONG_NONCE_SIZE, KEY_SIZE + LONG_NONCE_SIZE + VOUCH_SIZE)
    const key = sharedKey(publicKey, this.#transientSecret!)
    const vouched = openBox(key, nonce, box, 'the vouch')
    key.fill(0)
    if (!crypto().timingSafeEqual(vouched, Buffer.concat([this.#peerTransient!, this.#options.publicKey]))) {
      throw new ProtocolError('KEY_EXCHANGE_FAILED', 'the vouch of an INITIATE is for other keys')
    }
  }

  // name (6) | nonce (8) | box of metadata
  #writeReady(output: Slab, localMetadata: Metadata): void {
    const nonce = shortNonce(1)
    writeBytes(output, COMMAND_READY)
    writeBytes(output, nonce)
    writeBytes(output, sealBox(this.#key!, nonceOf(NONCES.ready, nonce), metadataBytes(localMetadata)))
    this.#cipher = new CurveCipher(this.#key!, true, nonce, this.#peerNonce, 0)
    this.#forget()
  }

  /** What only the handshake needs. */
  #forget(): void {
    this.#transientSecret?.fill(0)
    this.#key?.fill(0)
  }
}

function failSize(name: string, size: number): never {
  throw new CommandError(name, `a ${name} of ${size} octets`)
}
