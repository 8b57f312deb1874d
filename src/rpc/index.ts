// The door of the RPC layer: what `pseud` exports of it. Re-exports only.

export type { MessagePortLike } from '../zmtp/connections.ts'
export { Client, type ClientConstructor } from './api/client.ts'
export { CallContext } from './api/context.ts'
export type { ListenerOptions } from './api/emitter.ts'
export type { HeartbeatBackend, HeartbeatOptions } from './api/heartbeat.ts'
export type { IntrospectionOptions } from './api/introspection-options.ts'
export type { ParticipantOptions, Protocol, RpcLimits } from './api/options.ts'
export { Peer } from './api/peer.ts'
export type { Delivery, PresenceOptions, SendToOptions } from './api/presence.ts'
export { Server, type ServerOptions } from './api/server.ts'
export type { CallOptions } from './api/settings.ts'
export type {
  AnyStub,
  ArgumentSchemas,
  BroadcastStub,
  CallerArguments,
  CheckedArguments,
  CheckedFunction,
  Gives,
  Method,
  Promised,
  StreamCall,
  Stub,
  UntypedCall,
} from './api/types.ts'
export type { BlockedEvent, CallTrace, LinkEvent } from './around/channels.ts'
export type { Middleware, MiddlewareCall, Next } from './around/middleware.ts'
export type { ClientRetryOptions, RetryOptions } from './calls/retry-policy.ts'
export {
  ArgumentError,
  DeadlineError,
  type DeclaredError,
  type DeclaredRpcError,
  type Executed,
  type RpcCode,
  RpcError,
  type RpcErrorOptions,
  ServiceNotFoundError,
  UnauthorizedError,
} from './errors/errors.ts'
export type { ExposeErrors } from './errors/remote-error.ts'
export type { ClientEvents, ClientOptions, ReadyOptions, StatusEvent } from './participants/client-options.ts'
export type { Stats } from './participants/counters.ts'
export type { DrainOptions } from './participants/drain.ts'
export type { Endpoints } from './participants/endpoint-source.ts'
export type { PickedCall, Picker, PickServer, ReadyServer } from './participants/pickers.ts'
export type { ServerEvents } from './participants/server-core.ts'
export type { PeerReport, StatsReport } from './participants/stats-report.ts'
export type { HandlerOptions, ParameterInfo } from './registry/handler.ts'
export type {
  FunctionDescription,
  IntrospectionApi,
  ParameterDescription,
} from './registry/introspection.ts'
export {
  type CurriedRegistrar,
  type MethodOptions,
  method,
  type Registrar,
  type RpcOptions,
} from './registry/registration.ts'
export {
  createLocalRegistry,
  globalRegistry,
  type Predicate,
  Registry,
  type RegistryOptions,
  registerPredicate,
  registerRpc,
} from './registry/registry.ts'
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
  StandardSchemaProps,
} from './registry/standard-schema.ts'
export { OutputError, type ValidationDetails, type ValidationIssue } from './registry/validation.ts'
export type {
  AuthenticationBackend,
  Awaitable,
  ExpiringIdentity,
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
export type { ErrorReport } from './serving/answers.ts'
export type { RemoteStream } from './streams/remote-stream.ts'
export { type Tracked, tracked } from './streams/tracked.ts'
