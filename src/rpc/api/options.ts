// What a Server or Client can be told, and the defaults, in one place (docs/options.md has a table).
// Checked once, at construction. Durations in ms, sizes in octets.

import { UsageError } from '../../base/errors.ts'
import { type ExtensionType, type Limits, SHAPES_MAX } from '../../codec/messages.ts'
import type { TransportContext } from '../../zmtp/connections.ts'
import type { ExposeErrors } from '../errors/remote-error.ts'
import type { Registry } from '../registry/registry.ts'
import { type AuthenticationBackend, none } from '../security/backend.ts'
import { checkHeartbeat, type HeartbeatBackend } from './heartbeat.ts'
import { checkIntrospection, type IntrospectionOptions } from './introspection-options.ts'
import { checkNames, type Names } from './option-names.ts'
import { checkTimeout } from './settings.ts'

/** Bounds on calls. docs/limits.md says what happens at each. */
export interface RpcLimits {
  /** Calls made here and not settled. Default 16,384. */
  readonly maxPendingCalls: number
  /** Calls that wait for a connection. Default 1,000. */
  readonly maxQueuedCalls: number
  /** Octets of calls that wait for a connection. Default 16 MiB. */
  readonly maxQueuedBytes: number
  /** Octets of sent calls that a client keeps, so that they can be sent again; a call that finds no room is sent once. Default 16 MiB. */
  readonly maxKeptBytes: number
  /** Functions that run for peers and have not answered. Default 4,096. */
  readonly maxRunningCalls: number
  /** Functions that run for one peer and have not answered. Default 256. */
  readonly maxRunningCallsPerPeer: number
  /** Calls of peers that wait for running ones to end. Default 1,024. */
  readonly maxWaitingCalls: number
  /** Outcomes of peers' calls that may be repeated. Default 10,000. */
  readonly maxRememberedCalls: number
  /** Octets of such outcomes. Default 64 MiB. */
  readonly maxRememberedBytes: number
  /** How long the outcome of a call that may be repeated is remembered, in ms. Default 300,000. */
  readonly rememberMs: number
  /** How long a call that may be repeated runs on when its connection is lost, for its caller to come back, in ms. Default 5,000. */
  readonly retryGraceMs: number
  /** How many calls one may be nested in. Default 32. */
  readonly maxDepth: number
  /**
   * Longest time that a caller can ask for, in ms; more is cut to it. Where it is set, also the time of one that says nothing of it.
   * Default 2,147,483,647, which is 24 days.
   */
  readonly maxTimeoutMs: number
  /** How long the consumer of a stream may take nothing, in ms: then the stream ends with RESOURCE_EXHAUSTED. Default `Infinity`. */
  readonly stallMs: number
  /**
   * Messages that wait for a peer that does not read: above so many nothing is read from it and notifies are dropped. They count from where
   * its connection is full, 256 KiB. Default 1,000.
   */
  readonly slowPeerMessages: number
  /** Octets that wait for a peer that does not read: above so many nothing is read from it and notifies are dropped. Default 16 MiB. */
  readonly slowPeerBytes: number
  /** Octets that wait for a peer that does not read: above so many it is given up. Default 64 MiB. */
  readonly deadPeerBytes: number
}

/** What a Server and a Client can be told. docs/options.md has a table. */
export interface ParticipantOptions {
  /** Where functions are looked up that are not registered here, before the global registry. Default: only that. */
  readonly registry?: Registry
  /**
   * Tells those who connect which functions they may call: `$rpc.list`, `$rpc.describe`, `$rpc.ping`. `{ stats: true }`: also who is connected and
   * what is going on, `$rpc.stats`. Default false.
   */
  readonly introspection?: boolean | IntrospectionOptions
  /** What callers learn of an error that a function throws. Default `message`: code, class name, message. */
  readonly exposeErrors?: ExposeErrors
  /** How long a call may take unless it says otherwise, in ms; `Infinity`: for ever. Default 30,000. */
  readonly timeoutMs?: number
  /** Largest message accepted, in octets, and told to peers of ours, so that they do not send more. Default 16 MiB. */
  readonly maxMessageSize?: number
  /**
   * For all messages together of every server and client of this process, those that have come and again those that are to be sent, in octets: the
   * last who says it counts. Above it the largest that is not whole goes, with its connection: TOO_MUCH_BUFFERED; and peers that do not read
   * are not read from. Default 256 MiB.
   */
  readonly maxBufferedBytes?: number
  /**
   * Signs of life: when a silent peer is asked for one (`intervalMs`) and given up (`timeoutMs`, from the last octet on), and functions
   * that hear of them. `false`: nobody is asked, and nobody given up. Default 5,000 and 15,000 ms, no functions.
   */
  readonly heartbeat?: HeartbeatBackend | false
  /** Delays before dialling again, in ms: a random part of a bound that doubles from the first to the second. Default 100 and 10,000. */
  readonly reconnect?: { readonly minMs?: number; readonly maxMs?: number }
  /** From connecting to the end of the ZMTP handshake, and for a login, in ms. Default 10,000. */
  readonly handshakeTimeoutMs?: number
  /** A function that holds the event loop up for more ms is told on the channel `pseud:blocked`. Default 200. */
  readonly blockedMs?: number
  /** How long `close` goes on sending what was written, in ms. Default 5,000. */
  readonly lingerMs?: number
  /**
   * How long a function whose caller's connection is lost goes on before its `ctx.signal` aborts, in ms; its result is dropped. Default 0.
   */
  readonly disconnectGraceMs?: number
  /** How peers prove who they are. Default: they do not, which is for loopback, ipc and inproc. */
  readonly security?: AuthenticationBackend
  /** How long a peer whose credentials have expired has to come again with new ones before its connection ends, in ms. Default 10,000. */
  readonly reauthGraceMs?: number
  /** Lets `bind` listen beyond this machine although nobody is asked who they are. Default false. */
  readonly allowUnauthenticated?: boolean
  /** MessagePack extensions for classes of one's own: the same on both sides. Default: none. */
  readonly extensions?: readonly ExtensionType[]
  /** Bounds on depth, lengths and counts of values; those that are not given have the default of `Limits`. */
  readonly codecLimits?: Partial<Limits>
  /**
   * Whether objects with the same keys send them once for each connection, to peers of ours that do the same: fewer octets, less
   * work. Costs the table, at most 256 shapes and 64 KiB of keys in each direction. Default true.
   */
  readonly sharedShapes?: boolean
  /** Bounds on calls; those that are not given have the default of `RpcLimits`. */
  readonly limits?: Partial<RpcLimits>
  /**
   * Names, clock and dice of the transport, for tests that run on another clock. Default: those of the process.
   * @internal
   */
  readonly context?: TransportContext
}

/** What is spoken over a connection. 2: ours. 1: that of Python's `pseud`. */
export type Protocol = 1 | 2

/** What a participant is made with. */
export interface CoreOptions extends ParticipantOptions {
  readonly protocols?: readonly Protocol[]
  /** It is a Client; default false. */
  readonly isClient?: boolean
}

export const PARTICIPANT_OPTIONS: Names<ParticipantOptions> = {
  registry: true,
  introspection: true,
  exposeErrors: true,
  timeoutMs: true,
  maxBufferedBytes: true,
  maxMessageSize: true,
  heartbeat: true,
  reconnect: true,
  handshakeTimeoutMs: true,
  blockedMs: true,
  lingerMs: true,
  disconnectGraceMs: true,
  security: true,
  reauthGraceMs: true,
  allowUnauthenticated: true,
  extensions: true,
  codecLimits: true,
  sharedShapes: true,
  limits: true,
  context: true,
}

const MIB = 1024 * 1024

export const DEFAULT_RPC_LIMITS: RpcLimits = {
  maxPendingCalls: 16_384,
  maxQueuedCalls: 1000,
  maxQueuedBytes: 16 * MIB,
  maxKeptBytes: 16 * MIB,
  maxRunningCalls: 4096,
  maxRunningCallsPerPeer: 256,
  maxWaitingCalls: 1024,
  maxRememberedCalls: 10_000,
  maxRememberedBytes: 64 * MIB,
  rememberMs: 5 * 60_000,
  retryGraceMs: 5000,
  maxDepth: 32,
  maxTimeoutMs: 0x7fff_ffff,
  stallMs: Number.POSITIVE_INFINITY,
  slowPeerMessages: 1000,
  slowPeerBytes: 16 * MIB,
  deadPeerBytes: 64 * MIB,
}

/** The options with defaults filled in. */
export interface ResolvedOptions {
  /** `undefined`: nothing is told. */
  readonly introspection: IntrospectionOptions | undefined
  readonly exposeErrors: ExposeErrors
  readonly timeoutMs: number
  /** `undefined`: as the context has it. */
  readonly maxBufferedBytes: number | undefined
  readonly maxMessageSize: number
  /** `undefined`: no heartbeats. */
  readonly heartbeat: HeartbeatBackend | undefined
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
  readonly handshakeTimeoutMs: number
  readonly blockedMs: number
  readonly lingerMs: number
  readonly disconnectGraceMs: number
  readonly reauthGraceMs: number
  readonly allowUnauthenticated: boolean
  readonly security: AuthenticationBackend
  /** Shapes of objects that a peer may define; 0: none are used. */
  readonly maxShapes: number
  readonly limits: RpcLimits
  readonly protocols: ReadonlySet<Protocol>
  readonly isClient: boolean
}

/** Throws `UsageError` BAD_OPTION. */
export function resolveOptions(options: CoreOptions): ResolvedOptions {
  const { exposeErrors = 'message', heartbeat = {}, reconnect = {} } = options
  if (exposeErrors !== 'none' && exposeErrors !== 'message' && exposeErrors !== 'full') {
    throw new UsageError(
      'BAD_OPTION',
      `exposeErrors is 'none', 'message' or 'full', not ${String(exposeErrors)}`,
    )
  }
  return {
    introspection: checkIntrospection(options.introspection),
    exposeErrors,
    timeoutMs: checkTimeout(options.timeoutMs ?? 30_000),
    maxBufferedBytes:
      options.maxBufferedBytes === undefined
        ? undefined
        : positive('maxBufferedBytes', options.maxBufferedBytes, 0),
    maxMessageSize: positive('maxMessageSize', options.maxMessageSize, 16 * MIB),
    heartbeat: heartbeat === false ? undefined : checkHeartbeat(heartbeat),
    heartbeatIntervalMs:
      heartbeat === false ? 0 : positive('heartbeat.intervalMs', heartbeat.intervalMs, 5000),
    heartbeatTimeoutMs:
      heartbeat === false ? 0 : positive('heartbeat.timeoutMs', heartbeat.timeoutMs, 15_000),
    reconnectMinMs: positive('reconnect.minMs', reconnect.minMs, 100),
    reconnectMaxMs: positive('reconnect.maxMs', reconnect.maxMs, 10_000),
    handshakeTimeoutMs: positive('handshakeTimeoutMs', options.handshakeTimeoutMs, 10_000),
    blockedMs: positive('blockedMs', options.blockedMs, 200),
    lingerMs: options.lingerMs === 0 ? 0 : positive('lingerMs', options.lingerMs, 5000),
    disconnectGraceMs:
      options.disconnectGraceMs === 0 ? 0 : positive('disconnectGraceMs', options.disconnectGraceMs, 0),
    reauthGraceMs: positive('reauthGraceMs', options.reauthGraceMs, 10_000),
    allowUnauthenticated: options.allowUnauthenticated === true,
    security: checkSecurity(options.security ?? none),
    maxShapes: options.sharedShapes === false ? 0 : SHAPES_MAX,
    limits: resolveLimits(options.limits ?? {}),
    protocols: checkProtocols(options.protocols ?? [2]),
    isClient: options.isClient === true,
  }
}

function checkProtocols(given: readonly Protocol[]): ReadonlySet<Protocol> {
  const protocols = new Set(Array.isArray(given) ? given : [])
  if (protocols.size === 0 || [...protocols].some((one) => one !== 1 && one !== 2)) {
    throw new UsageError('BAD_OPTION', 'a protocol is 1 or 2, and protocols an array of them')
  }
  return protocols
}

function checkSecurity(backend: AuthenticationBackend): AuthenticationBackend {
  if (typeof backend?.mechanism !== 'function') {
    throw new UsageError(
      'BAD_OPTION',
      'security is an AuthenticationBackend: plain(...), curve.server(...), ...',
    )
  }
  return backend
}

function resolveLimits(limits: Partial<RpcLimits>): RpcLimits {
  checkNames('limits', limits, DEFAULT_RPC_LIMITS)
  const resolved = { ...DEFAULT_RPC_LIMITS } as Record<keyof RpcLimits, number>
  for (const name of Object.keys(DEFAULT_RPC_LIMITS) as (keyof RpcLimits)[]) {
    resolved[name] = positive(`limits.${name}`, limits[name], DEFAULT_RPC_LIMITS[name])
  }
  return resolved
}

export function positive(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (typeof value !== 'number' || !(value > 0)) {
    throw new UsageError('BAD_OPTION', `${name} is a number above 0, not ${String(value)}`)
  }
  return value
}
