// A CURVE client that does what a test tells it: right in everything but in what is changed. Made of the pieces of the engine's client,
// without its state machine.
import { randomBytes } from 'node:crypto'
import {
  nonceOf,
  openBox,
  publicKeyOf,
  sealBox,
  sharedKey,
} from '../../src/zmtp/engine/security/curve-box.ts'
import { metadataBytes, NONCES } from '../../src/zmtp/engine/security/curve-wire.ts'
import { type Metadata, readMetadata } from '../../src/zmtp/wire/metadata.ts'
import { frame } from './engine.ts'

const EMPTY = Buffer.alloc(0)
const FROM_CLIENT = 'CurveZMQMESSAGEC'

export interface HelloChanges {
  padding?: Buffer
  secret?: Buffer
  nonce?: bigint
}

export interface InitiateChanges {
  nonce?: bigint
  cookie?: Buffer
  /** C' and S, as the vouch says. */
  vouched?: Buffer
  /** Changes an octet of the vouch's box. */
  flipVouch?: boolean
  metadata?: Buffer
}

export interface MessageChanges {
  nonce?: bigint
  /** Flags in the box. */
  flags?: number
  prefix?: string
  /** Flags of the frame. */
  outside?: number
}

export class CurveScript {
  readonly serverKey: Buffer
  readonly publicKey: Buffer
  readonly transientPublic: Buffer
  /** From WELCOME. */
  cookie: Buffer = EMPTY
  readonly #secretKey: Buffer
  readonly #transientSecret: Buffer
  #serverTransient: Buffer = EMPTY
  #key: Buffer = EMPTY
  #nonce = 2n

  constructor(serverKey: Buffer, secretKey: Buffer = randomBytes(32)) {
    this.serverKey = serverKey
    this.#secretKey = secretKey
    this.publicKey = publicKeyOf(secretKey)
    this.#transientSecret = randomBytes(32)
    this.transientPublic = publicKeyOf(this.#transientSecret)
  }

  /** The frame of a HELLO. */
  hello({ padding = Buffer.alloc(72), secret = Buffer.alloc(64), nonce = 1n }: HelloChanges = {}): Buffer {
    const short = shortNonce(nonce)
    const key = sharedKey(this.serverKey, this.#transientSecret)
    const box = sealBox(key, nonceOf(NONCES.hello, short), secret)
    return named('HELLO', Buffer.from([1, 0]), padding, this.transientPublic, short, box)
  }

  /** Takes the body of a WELCOME. */
  readWelcome(body: Buffer): void {
    const key = sharedKey(this.serverKey, this.#transientSecret)
    const content = openBox(key, nonceOf(NONCES.welcome, body.subarray(8, 24)), body.subarray(24), 'WELCOME')
    this.#serverTransient = Buffer.from(content.subarray(0, 32))
    this.cookie = Buffer.from(content.subarray(32))
    this.#key = sharedKey(this.#serverTransient, this.#transientSecret)
  }

  /** The frame of an INITIATE. */
  initiate(changes: InitiateChanges = {}): Buffer {
    const { nonce = 2n, cookie = this.cookie, metadata = metadataBytes(DEALER) } = changes
    const { vouched = Buffer.concat([this.transientPublic, this.serverKey]) } = changes
    const vouchNonce = randomBytes(16)
    const vouchKey = sharedKey(this.#serverTransient, this.#secretKey)
    const vouch = sealBox(vouchKey, nonceOf(NONCES.vouch, vouchNonce), vouched)
    if (changes.flipVouch) vouch[0]! ^= 0x01
    const short = shortNonce(nonce)
    const content = Buffer.concat([this.publicKey, vouchNonce, vouch, metadata])
    return named('INITIATE', cookie, short, sealBox(this.#key, nonceOf(NONCES.initiate, short), content))
  }

  /** What the body of a READY says. */
  readReady(body: Buffer): Metadata {
    const content = openBox(
      this.#key,
      nonceOf(NONCES.ready, body.subarray(6, 14)),
      body.subarray(14),
      'READY',
    )
    return readMetadata(content, 0, content.length)
  }

  /** The frame of a MESSAGE. */
  message(text: string, changes: MessageChanges = {}): Buffer {
    this.#nonce++
    const { nonce = this.#nonce, flags = 0, prefix = FROM_CLIENT, outside = 0 } = changes
    const short = shortNonce(nonce)
    const content = Buffer.concat([Buffer.from([flags]), Buffer.from(text)])
    const box = sealBox(this.#key, nonceOf(prefix, short), content)
    return frame(outside, Buffer.concat([Buffer.from('\x07MESSAGE', 'latin1'), short, box]))
  }
}

const DEALER: Metadata = { socketType: 'DEALER', identity: EMPTY, properties: new Map() }

function shortNonce(counter: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(counter)
  return bytes
}

function named(name: string, ...data: Buffer[]): Buffer {
  return frame(4, Buffer.concat([Buffer.from([name.length]), Buffer.from(name), ...data]))
}
