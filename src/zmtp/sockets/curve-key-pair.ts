// CURVE keys for people to keep, as text. What they are made of is the transport's, which has the chance for it; what they mean is the
// engine's.
import { encodeZ85 } from '../../base/z85.ts'
import { newKeyPair } from '../transport/mechanisms.ts'

/** A new CURVE key pair: 40 characters of Z85 each. */
export function curveKeyPair(): { publicKey: string; secretKey: string } {
  const { publicKey, secretKey } = newKeyPair()
  return { publicKey: encodeZ85(publicKey), secretKey: encodeZ85(secretKey) }
}
