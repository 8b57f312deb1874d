// The key pairs of version 5: those of version 6 under other names.
import { curveKeyPair } from '../sockets/curve-key-pair.ts'

/** A new pair of keys for CURVE, 40 characters of Z85 each. */
export function curveKeypair(): { public: string; secret: string } {
  const { publicKey, secretKey } = curveKeyPair()
  return { public: publicKey, secret: secretKey }
}
