// The door of the RPC layer: what `pseud` exports of it. Re-exports only.

export type { ErrorReport } from './answers.ts'
export { Client, type ClientConstructor } from './client.ts'
export type { ClientEvents, ClientOptions, ReadyOptions, StatusEvent } from './client-core.ts'
export { CallContext } from './context.ts'
export type { Stats } from './counters.ts'
export type { ListenerOptions } from './emitter.ts'
export {
  ArgumentError,
  DeadlineError,
  type DeclaredError,
  type Executed,
  type RpcCode,
  RpcError,
  type RpcErrorOptions,
  ServiceNotFoundError,
  UnauthorizedError,
} from './errors.ts'
export type { ParticipantOptions, RpcLimits } from './options.ts'
export type { DrainOptions } from './participant.ts'
export { Peer } from './peer.ts'
export { type CurriedRegistrar, method, type Registrar, type RpcOptions } from './registration.ts'
export {
  createLocalRegistry,
  globalRegistry,
  type Predicate,
  Registry,
  type RegistryOptions,
  registerPredicate,
  registerRpc,
} from './registry.ts'
export type { ExposeErrors } from './remote-error.ts'
export type { RemoteStream } from './remote-stream.ts'
export type {
  AuthenticationBackend,
  Awaitable,
  Identified,
  Key,
  Login,
  SecurityMechanism,
  ShownCredentials,
} from './security/backend.ts'
export {
  type CurveClientOptions,
  type CurveKeyPair,
  type CurveServerOptions,
  curve,
} from './security/curve.ts'
export { sameSecret } from './security/passwords.ts'
export { type PlainCheck, type PlainLogin, plain } from './security/plain.ts'
export { trustedPeer } from './security/trusted-peer.ts'
export { Server, type ServerOptions } from './server.ts'
export type { ServerEvents } from './server-core.ts'
export type { CallOptions } from './settings.ts'
export type { AnyStub, Method, StreamCall, Stub, UntypedCall } from './types.ts'
