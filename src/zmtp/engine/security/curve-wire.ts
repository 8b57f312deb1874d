// Constants of CURVE's handshake commands (RFC 26), which both sides need.
import { giveChunk, Slab } from '../../../base/slab.ts'
import { COMMAND_HELLO, COMMAND_INITIATE, COMMAND_WELCOME } from '../../wire/command.ts'
import { type Metadata, writeMetadata } from '../../wire/metadata.ts'
import { KEY_SIZE, LONG_NONCE_SIZE, SHORT_NONCE_SIZE, TAG_SIZE } from './curve-box.ts'

/** What nonces begin with, so that no box can pass for another. */
export const NONCES = {
  hello: 'CurveZMQHELLO---',
  welcome: 'WELCOME-',
  cookie: 'COOKIE--',
  initiate: 'CurveZMQINITIATE',
  vouch: 'VOUCH---',
  ready: 'CurveZMQREADY---',
} as const

/** CurveZMQ 1.0, in HELLO. */
export const VERSION: Buffer = Buffer.from([1, 0])
/** So that a HELLO is larger than the WELCOME that it asks for: nobody can have us flood a third party. */
export const HELLO_PADDING: Buffer = Buffer.alloc(72)
/** The content of HELLO's box. */
export const HELLO_SECRET: Buffer = Buffer.alloc(64)

/** Cookie: nonce (16) | box of C' (32) and s' (32). */
export const COOKIE_SIZE: number = LONG_NONCE_SIZE + TAG_SIZE + 2 * KEY_SIZE
/** The vouch: a box of C' (32) and S (32). */
export const VOUCH_SIZE: number = TAG_SIZE + 2 * KEY_SIZE

export const HELLO_SIZE: number =
  COMMAND_HELLO.length +
  VERSION.length +
  HELLO_PADDING.length +
  KEY_SIZE +
  SHORT_NONCE_SIZE +
  TAG_SIZE +
  HELLO_SECRET.length
export const WELCOME_SIZE: number =
  COMMAND_WELCOME.length + LONG_NONCE_SIZE + TAG_SIZE + KEY_SIZE + COOKIE_SIZE
/** An INITIATE without metadata. */
export const INITIATE_MIN_SIZE: number =
  COMMAND_INITIATE.length +
  COOKIE_SIZE +
  SHORT_NONCE_SIZE +
  TAG_SIZE +
  KEY_SIZE +
  LONG_NONCE_SIZE +
  VOUCH_SIZE

/** A property list as octets, to be put into a box. */
export function metadataBytes(metadata: Metadata): Buffer {
  const slab = new Slab()
  const pieces: Buffer[] = []
  const chunks: Buffer[] = []
  writeMetadata(slab, metadata)
  slab.take(pieces, chunks)
  const bytes = Buffer.concat(pieces)
  for (const chunk of chunks) giveChunk(chunk)
  return bytes
}
