// Mechanisms for those above who choose one but must not know the engine: each function checks what it is given, once, and returns
// the maker of one mechanism for each connection. Also where CURVE gets its chance.
import { secretOctets } from '../../base/clock.ts'
import { checkKey, KEY_SIZE, publicKeyOf } from '../engine/security/curve-box.ts'
import { CurveClient } from '../engine/security/curve-client.ts'
import { CurveServer } from '../engine/security/curve-server.ts'
import { NullMechanism } from '../engine/security/null.ts'
import { PlainClient } from '../engine/security/plain-client.ts'
import { PlainServer } from '../engine/security/plain-server.ts'
import type { MakeMechanism } from './transport.ts'

/** A CURVE key pair; 32 octets each. */
export interface KeyPair {
  readonly publicKey: Buffer
  readonly secretKey: Buffer
}

/** No security: see RFC 37, "The NULL Security Mechanism". `asks`: peers are judged by their address. */
export function nullMechanism(asks: boolean = false): MakeMechanism {
  return () => new NullMechanism(asks)
}

/** Shows a user name and a password, in clear (RFC 24). Throws `UsageError` BAD_CREDENTIALS. */
export function plainClient(username: Buffer, password: Buffer): MakeMechanism {
  new PlainClient(username, password) // throws now what would be thrown for each connection
  return () => new PlainClient(username, password)
}

/** Takes user names and passwords, and has them judged (RFC 24). */
export function plainServer(): MakeMechanism {
  return () => new PlainServer()
}

/** Encrypts, and knows the server by its public key (RFC 26). Throws `UsageError` BAD_CURVE_KEY. */
export function curveClient(keys: KeyPair, serverKey: Buffer): MakeMechanism {
  checkKey(keys.publicKey, 'public key')
  checkKey(keys.secretKey, 'secret key')
  checkKey(serverKey, "server's key")
  return () => new CurveClient({ ...keys, serverKey, draw: secretOctets })
}

/** Encrypts (RFC 26). `asks`, looked at for each connection: whether the keys of clients are judged; otherwise any will do. Throws `UsageError` BAD_CURVE_KEY. */
export function curveServer(secretKey: Buffer, asks: () => boolean): MakeMechanism {
  checkKey(secretKey, 'secret key')
  const publicKey = publicKeyOf(secretKey)
  return (spend) => new CurveServer({ publicKey, secretKey, asks: asks(), draw: secretOctets, spend })
}

/** A new key pair. */
export function newKeyPair(): KeyPair {
  const secretKey = secretOctets(KEY_SIZE)
  return { publicKey: publicKeyOf(secretKey), secretKey }
}
