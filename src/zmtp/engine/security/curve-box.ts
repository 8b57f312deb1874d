// What CURVE is made of (RFC 26; NaCl's crypto_box): X25519 from node:crypto, Salsa20 and Poly1305 from @noble/ciphers, put
// together as libsodium does. Pure functions of their arguments; chance is passed in by whoever has some.
import type { KeyObject } from 'node:crypto'
import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { builtin } from '../../../base/builtin.ts'
import { writeU32 } from '../../../base/bytes.ts'
import { ProtocolError, UsageError } from '../../../base/errors.ts'

const crypto = builtin('node:crypto')

/** Octets of a key, public or secret. */
export const KEY_SIZE = 32
/** Octets that a box adds to what is in it: the Poly1305 tag. */
export const TAG_SIZE = 16
/** Octets of a nonce, of its part that is sent, and of its random part. */
const NONCE_SIZE = 24
export const SHORT_NONCE_SIZE = 8
export const LONG_NONCE_SIZE = 16

/** The public key that belongs to `secretKey`. */
export function publicKeyOf(secretKey: Buffer): Buffer {
  const { x } = crypto().createPublicKey(privateKey(secretKey)).export({ format: 'jwk' })
  return Buffer.from(x!, 'base64url')
}

/** Throws `UsageError` BAD_CURVE_KEY unless `key` is one: 32 octets. */
export function checkKey(key: Uint8Array, whose: string): void {
  if (key.length !== KEY_SIZE)
    throw new UsageError('BAD_CURVE_KEY', `the ${whose} has ${key.length} octets, not ${KEY_SIZE}`)
}

/**
 * The key that the owners of two key pairs share: X25519, then HSalsa20 (NaCl's `beforenm`). Throws `ProtocolError`
 * KEY_EXCHANGE_FAILED for a public key of low order, with which the secret would be known to all.
 */
export function sharedKey(publicKey: Buffer, secretKey: Buffer): Buffer {
  const secret = exchange(publicKey, secretKey)
  if (secret === undefined || secret.every((octet) => octet === 0)) {
    throw new ProtocolError('KEY_EXCHANGE_FAILED', 'a public key of low order')
  }
  const key = deriveKey(secret, Buffer.alloc(16))
  secret.fill(0)
  return key
}

/** HSalsa20: the key for all nonces that begin with these 16 octets. */
export function deriveKey(key: Buffer, nonceStart: Buffer): Buffer {
  const output = new Uint32Array(KEY_SIZE / 4)
  hsalsa(SIGMA, words(key), words(nonceStart), output)
  return Buffer.from(output.buffer)
}

/** XSalsa20-Poly1305: tag, then ciphertext. */
export function sealBox(key: Buffer, nonce: Buffer, content: Buffer): Buffer {
  const box = xsalsa20poly1305(key, nonce).encrypt(content)
  return Buffer.from(box.buffer, box.byteOffset, box.byteLength)
}

/** What is in the box. Throws `ProtocolError` CRYPTO_FAILED, which names `what`, when it was not sealed by who has the key. */
export function openBox(key: Buffer, nonce: Buffer, box: Buffer, what: string): Buffer {
  try {
    const content = xsalsa20poly1305(key, nonce).decrypt(box)
    return Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  } catch {
    throw new ProtocolError(
      'CRYPTO_FAILED',
      `the box of ${what} does not open: another key, or octets were changed`,
    )
  }
}

/** A nonce of a fixed text and octets that are sent along, which together have 24. */
export function nonceOf(text: string, sent: Buffer): Buffer {
  return Buffer.concat([Buffer.from(text, 'latin1'), sent], NONCE_SIZE)
}

/** A counter as the part of a nonce that is sent. */
export function shortNonce(counter: number): Buffer {
  const bytes = Buffer.alloc(SHORT_NONCE_SIZE)
  writeU32(bytes, 4, counter)
  return bytes
}

// "expand 32-byte k", as little-endian words.
const SIGMA = words(Buffer.from('expand 32-byte k', 'latin1'))

/** An own, aligned copy. */
function words(bytes: Buffer): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}

function exchange(publicKey: Buffer, secretKey: Buffer): Buffer | undefined {
  try {
    const theirs = crypto().createPublicKey({
      key: { ...CURVE_25519, x: publicKey.toString('base64url') },
      format: 'jwk',
    })
    return crypto().diffieHellman({ privateKey: privateKey(secretKey), publicKey: theirs })
  } catch {
    return undefined // the low orders that OpenSSL knows
  }
}

// As JWK (RFC 8037), because the node:crypto of Node 20 takes ten times as long for the same octets in ASN.1.
const CURVE_25519 = { kty: 'OKP', crv: 'X25519' }
const NO_X = Buffer.alloc(KEY_SIZE).toString('base64url')
// What stands before a secret key in PKCS #8 (RFC 8410).
const PKCS_8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

// By the Buffer that holds it: to take a key in costs as much as to use it, and a connection uses its own three times.
const taken = new WeakMap<Buffer, KeyObject>()

function privateKey(secretKey: Buffer): KeyObject {
  let key = taken.get(secretKey)
  if (key === undefined) {
    key = fromJwk(secretKey) ?? fromAsn1(secretKey)
    taken.set(secretKey, key)
  }
  return key
}

// A JWK has the public key as well, which nobody has told us. Node before 26 does not look at it; later ones refuse a wrong one.
let looksAtX = false

function fromJwk(secretKey: Buffer): KeyObject | undefined {
  if (looksAtX) return undefined
  try {
    const jwk = { ...CURVE_25519, d: secretKey.toString('base64url'), x: NO_X }
    return crypto().createPrivateKey({ key: jwk, format: 'jwk' })
  } catch {
    looksAtX = true
    return undefined
  }
}

function fromAsn1(secretKey: Buffer): KeyObject {
  const der = Buffer.concat([PKCS_8, secretKey])
  const key = crypto().createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}
