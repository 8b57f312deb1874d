// The second door of zmtp: connections without a socket on top, for protocols that own their queues and choose their peer
// themselves, as the RPC layer does. Re-exports only.

export type { PeerInfo } from './engine/engine.ts'
export { PeerError } from './engine/peer-error.ts'
export type { Credentials, Verdict } from './engine/security/admission.ts'
export { AuthenticationError } from './engine/security/authentication-error.ts'
export type { Mechanism } from './engine/security/mechanism.ts'
export { defaultTransport, TransportContext } from './transport/context.ts'
export { Dialer } from './transport/dialer.ts'
export type { ConnectionOwner, Receiver, TransportEvent } from './transport/driver.ts'
export { Driver } from './transport/driver.ts'
export { type Endpoint, formatEndpoint, parseEndpoint } from './transport/endpoint.ts'
export { Hold } from './transport/hold.ts'
export { hostOf } from './transport/judge.ts'
export { type Listener, listen } from './transport/listener.ts'
export {
  curveClient,
  curveServer,
  type KeyPair,
  newKeyPair,
  nullMechanism,
  plainClient,
  plainServer,
} from './transport/mechanisms.ts'
export { lineOf, type MessagePortLike } from './transport/port-line.ts'
export { fullJitter, type RetryPolicy, zmqBackoff } from './transport/reconnect.ts'
export type {
  AuthenticationRequest,
  ConnectionOptions,
  Link,
  LinkOwner,
  MakeMechanism,
} from './transport/transport.ts'
