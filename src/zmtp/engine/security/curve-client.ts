/**
 * The CURVE mechanism (RFC 26), client side: proves that the peer has the secret key of `serverKey`, and to the peer that we have ours.
 *
 *   HELLO (C') ->   <- WELCOME (S', cookie)   INITIATE (cookie, C, vouch, metadata) ->   <- READY (metadata)
 *
 * Names are those of RFC 26: C and S the lasting public keys, C' and S' the ones of this connection; small letters are secret.
 */
import { copy } from '../../../base/bytes.ts'
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
import { throwIfError } from '../peer-error.ts'
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
  TAG_SIZE,
} from './curve-box.ts'
import { CurveCipher } from './curve-cipher.ts'
import {
  COOKIE_SIZE,
  HELLO_PADDING,
  HELLO_SECRET,
  metadataBytes,
  NONCES,
  VERSION,
  WELCOME_SIZE,
} from './curve-wire.ts'
import type { Cipher, Mechanism } from './mechanism.ts'

const SAY_HELLO = 0
const AWAIT_WELCOME = 1
const SAY_INITIATE = 2
const AWAIT_READY = 3
const READY = 4

export interface CurveClientOptions {
  /** Ours; 32 octets each. */
  readonly publicKey: Buffer
  readonly secretKey: Buffer
  /** The server's public key. */
  readonly serverKey: Buffer
  /** Octets that nobody can foresee. */
  readonly draw: (size: number) => Buffer
}

export class CurveClient implements Mechanism {
  readonly name = 'CURVE'
  readonly asServer = false
  readonly lockstep = true
  readonly admission: Admission = new Admission(false)
  peerMetadata: Metadata | undefined
  readonly #options: CurveClientOptions
  readonly #transientSecret: Buffer
  readonly #transientPublic: Buffer
  #state = SAY_HELLO
  // beforenm(S, c'), later beforenm(S', c').
  #key: Buffer | undefined
  #serverTransient: Buffer | undefined
  #cookie: Buffer | undefined
  #cipher: CurveCipher | undefined

  /** A server that cannot open our HELLO may not say so. */
  get suspicion(): string | undefined {
    return this.#state === AWAIT_WELCOME ? 'its key is another than the one that we know, perhaps' : undefined
  }

  /** Throws `UsageError` BAD_CURVE_KEY. */
  constructor(options: CurveClientOptions) {
    checkKey(options.publicKey, 'public key')
    checkKey(options.secretKey, 'secret key')
    checkKey(options.serverKey, "server's key")
    this.#options = options
    this.#transientSecret = options.draw(KEY_SIZE)
    this.#transientPublic = publicKeyOf(this.#transientSecret)
  }

  get ready(): boolean {
    return this.#state === READY
  }

  get cipher(): Cipher | undefined {
    return this.#cipher
  }

  writeNextCommand(output: Slab, localMetadata: Metadata): boolean {
    if (this.#state === SAY_HELLO) this.#writeHello(output)
    else if (this.#state === SAY_INITIATE) this.#writeInitiate(output, localMetadata)
    else return false
    this.#state++
    return true
  }

  handleCommand(bytes: Buffer, start: number, end: number): void {
    throwIfError(bytes, start, end)
    if (this.#state === AWAIT_WELCOME && isCommand(bytes, start, end, COMMAND_WELCOME)) {
      this.#readWelcome(bytes, start, end)
    } else if (this.#state === AWAIT_READY && isCommand(bytes, start, end, COMMAND_READY)) {
      this.#readReady(bytes, start, end)
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
  #writeHello(output: Slab): void {
    const nonce = shortNonce(1)
    this.#key = sharedKey(this.#options.serverKey, this.#transientSecret)
    writeBytes(output, COMMAND_HELLO)
    writeBytes(output, VERSION)
    writeBytes(output, HELLO_PADDING)
    writeBytes(output, this.#transientPublic)
    writeBytes(output, nonce)
    writeBytes(output, sealBox(this.#key, nonceOf(NONCES.hello, nonce), HELLO_SECRET))
  }

  // name (8) | nonce (16) | box of S' (32) and cookie (96)
  #readWelcome(bytes: Buffer, start: number, end: number): void {
    if (end - start !== WELCOME_SIZE) {
      throw new CommandError('WELCOME', `a WELCOME of ${end - start} octets, not ${WELCOME_SIZE}`)
    }
    const nonceEnd = start + COMMAND_WELCOME.length + LONG_NONCE_SIZE
    const nonce = nonceOf(NONCES.welcome, bytes.subarray(nonceEnd - LONG_NONCE_SIZE, nonceEnd))
    const content = openBox(this.#key!, nonce, bytes.subarray(nonceEnd, end), 'WELCOME')
    this.#serverTransient = copy(content, 0, KEY_SIZE)
    this.#cookie = copy(content, KEY_SIZE, KEY_SIZE + COOKIE_SIZE)
    this.#key!.fill(0)
    this.#key = sharedKey(this.#serverTransient, this.#transientSecret)
  }

  // name (9) | cookie (96) | nonce (8) | box of C (32), vouch nonce (16), vouch (80), metadata
  #writeInitiate(output: Slab, localMetadata: Metadata): void {
    const { publicKey, secretKey, serverKey, draw } = this.#options
    const vouchNonce = draw(LONG_NONCE_SIZE)
    const vouchKey = sharedKey(this.#serverTransient!, secretKey)
    const vouched = Buffer.concat([this.#transientPublic, serverKey])
    const vouch = sealBox(vouchKey, nonceOf(NONCES.vouch, vouchNonce), vouched)
    vouchKey.fill(0)
    const content = Buffer.concat([publicKey, vouchNonce, vouch, metadataBytes(localMetadata)])
    const nonce = shortNonce(2)
    writeBytes(output, COMMAND_INITIATE)
    writeBytes(output, this.#cookie!)
    writeBytes(output, nonce)
    writeBytes(output, sealBox(this.#key!, nonceOf(NONCES.initiate, nonce), content))
  }

  // name (6) | nonce (8) | box of metadata
  #readReady(bytes: Buffer, start: number, end: number): void {
    const nonceAt = start + COMMAND_READY.length
    const boxAt = nonceAt + SHORT_NONCE_SIZE
    if (end - boxAt < TAG_SIZE) throw new CommandError('READY', 'a READY is cut short')
    const nonce = nonceOf(NONCES.ready, bytes.subarray(nonceAt, boxAt))
    const content = openBox(this.#key!, nonce, bytes.subarray(boxAt, end), 'READY')
    this.peerMetadata = readMetadata(content, 0, content.length)
    this.#cipher = new CurveCipher(this.#key!, false, shortNonce(2), bytes, nonceAt)
    this.#forget()
  }

  /** What only the handshake needs. */
  #forget(): void {
    this.#transientSecret.fill(0)
    this.#key?.fill(0)
  }
}
