/**
 * What `socket.events` reports: the event types of the drop-in API, and how what endpoints and peers tell becomes one of them. Which fault
 * of a handshake is which event stands in one table. Pure.
 *
 * What the native package does not have, `peer` and of `disconnect` the `error` and what is `unconfirmed`, is not enumerable: an event prints, compares and is
 * serialised as one of that package.
 */
import { EMPTY } from '../../base/bytes.ts'
import type { TransportEvent, Unconfirmed } from '../transport/driver.ts'
import { codeOf, type ErrnoCode, type ErrnoError, errnoError, maybeCodeOf } from './errno.ts'

/** A peer's refusal of our credentials. */
export interface AuthError extends Error {
  /** 300: not now; 400: not with these credentials; 500: the judge is at a loss (RFC 27). */
  status: 300 | 400 | 500
}

/** A fault in the handshake; `code` is ERR_ZMTP_… and `cause`, where there is one, says more. */
export interface ProtoError extends Error {
  /** `ERR_ZMTP_…` or `ERR_ZAP_…`. */
  code: string
}

/**
 * Who is at the other end of a connection: the `peer` of an event, not enumerable, and not known to the native package. All events of one
 * connection from its `handshake` on have the same object. Before the handshake only `address` is known, and all else is empty.
 */
export interface EventPeer {
  /**
   * On a ROUTER or STREAM the routing id, given or made up: the very Buffer that stands in front of each message of this peer. Empty if
   * the ROUTER has refused the peer because the id is another's. On other sockets the identity that the peer has announced; mostly empty.
   */
  readonly identity: Buffer
  /** As announced: `DEALER`. */
  readonly socketType: string
  /** Where it is: `tcp://127.0.0.1:40404`; the path for ipc. */
  readonly address: string
  /** Who it has proved to be, where somebody has judged; this, and not its identity, can be trusted. Absent otherwise. */
  readonly userId?: string
  /** What else the judge has said of it. Absent as `userId`. */
  readonly userMetadata?: ReadonlyMap<string, Buffer>
  /** All that it has announced, with the names as it spelt them: `Socket-Type`, `Identity`, and properties of the application, `X-…`. */
  readonly properties: ReadonlyMap<string, Buffer>
}

/** An event of one connection. */
interface OfPeer {
  /** The endpoint: the one that was connected, or our own address that the peer came to. */
  address: string
  /** Not enumerable. */
  readonly peer: EventPeer
}

/** What each event has, beside its `type`. */
interface EventDetails {
  /** A connection has come. */
  accept: OfPeer
  /** A connection could not be accepted, or was not let in by `tcpAcceptFilter`. */
  'accept:error': { address: string; error: ErrnoError }
  /** The socket listens. */
  bind: { address: string }
  /** The socket could not be bound. `address` lacks its scheme: `127.0.0.1:6001`. */
  'bind:error': { address: string; error: ErrnoError }
  /** The connection is made, its handshake begins. */
  connect: OfPeer
  /** An attempt to connect over tcp is under way. */
  'connect:delay': { address: string }
  /** The next attempt follows in `interval` ms. */
  'connect:retry': {
    /** The endpoint that was connected. */
    address: string
    /** In ms. */
    interval: number
    /** Why the attempt, or the connection, failed, with a code of docs/errors.md. Not enumerable. */
    readonly error?: Error & { code: string }
  }
  /** A listener or an attempt has ended. Has no `address` after a bind that failed. */
  close: { address: string }
  /** The file of an `ipc://*` was not there any more. */
  'close:error': { address: string; error: ErrnoError }
  /** The peer has gone, or was sent away; not reported of what this side has ended by close, disconnect or unbind. */
  disconnect: OfPeer & {
    /** Why, with a code of docs/errors.md, unless the peer has just closed the connection between two messages. Not enumerable. */
    readonly error?: Error & { code: string }
    /**
     * With `countUnconfirmed` and `heartbeatInterval`: whole messages that were handed to this connection since the last PING that the peer has
     * answered, and their octets. They may have arrived, or not; all before them have. Not enumerable.
     */
    readonly unconfirmed?: { readonly messages: number; readonly bytes: number }
  }
  /** The last one. The socket is closed, and nothing is left of it. */
  end: object
  /** Messages go back and forth. */
  handshake: OfPeer
  /** The peer broke the protocol; `disconnect` follows. */
  'handshake:error:protocol': OfPeer & { error: ProtoError }
  /** The peer has refused us; `disconnect` follows. */
  'handshake:error:auth': OfPeer & { error: AuthError }
  /** The peer hung up, or was too slow; `disconnect` follows. */
  'handshake:error:other': OfPeer & { error: ErrnoError }
  /** Never happens: it is for event numbers of libzmq that the native package does not know. */
  unknown: object
}

/** The names of events. */
export type EventType = keyof EventDetails

/** The event of a given type. */
export type EventOfType<E extends EventType = EventType> = { [T in E]: { type: T } & EventDetails[T] }[E]

/** What happened to an endpoint or a connection; `type` says what. */
export type Event = EventOfType

/** What a peer tells of its connection. */
export interface PeerEvent {
  readonly type: 'handshake' | 'handshake:error' | 'disconnect'
  readonly address: string
  readonly peer: EventPeer
  readonly error?: Error
  /** Of `disconnect`. */
  readonly unconfirmed?: Unconfirmed | undefined
}

/** What a monitor sees of what an endpoint or a peer tells. In-process endpoints are silent, as in libzmq. */
export function toEvent(event: TransportEvent | PeerEvent): Event | undefined {
  const { type, address } = event
  if (address.startsWith('inproc:')) return undefined
  switch (type) {
    case 'dial':
      return undefined
    case 'bind':
    case 'connect:delay':
      return { type, address }
    case 'connect:retry':
      return hidden({ type, address, interval: event.interval ?? 0 }, { error: event.error })
    case 'close':
      return { type, ...(address !== '' && { address }) } as Event
    case 'bind:error':
      return { type, address: withoutScheme(address), error: errnoError(codeOf(event.error)) }
    case 'accept:error':
    case 'close:error':
      return { type, address, error: errnoError(codeOf(event.error), undefined, { cause: event.error }) }
    case 'accept':
    case 'connect':
      return hidden({ type, address }, { peer: strangerAt(event.remoteAddress ?? '') })
    case 'handshake':
      return hidden({ type, address }, { peer: event.peer })
    case 'handshake:error':
      return hidden(failure(address, event.error), { peer: event.peer })
    case 'disconnect':
      return hidden({ type, address }, detailsOf(event))
  }
}

function detailsOf({ peer, error, unconfirmed }: PeerEvent): object {
  return { peer, ...(error && { error }), ...(unconfirmed && { unconfirmed }) }
}

/** A peer of which nothing else is known. */
export function strangerAt(address: string): EventPeer {
  return { identity: EMPTY, socketType: '', address, properties: NO_PROPERTIES }
}

const NO_PROPERTIES: ReadonlyMap<string, Buffer> = new Map()

function hidden(event: object, fields: object): Event {
  for (const [name, value] of Object.entries(fields)) Object.defineProperty(event, name, { value })
  return event as Event
}

function withoutScheme(address: string): string {
  return address.slice(address.indexOf('://') + 3)
}

// -- faults of a handshake -----------------------------------------------------------------------------------------------

/** What the errors of connections carry beside their code. */
interface Fault extends Error {
  readonly code?: unknown
  /** Of an ERROR command that the peer has sent. */
  readonly reason?: unknown
  /** Of our own refusal. */
  readonly status?: unknown
  /** Which command was malformed. */
  readonly command?: unknown
}

function failure(address: string, error: Fault | undefined): object {
  const [kind, code] = reportOf(error)
  switch (kind) {
    case 'other':
      return { type: 'handshake:error:other', address, error: errnoError(code, undefined, causeOf(error)) }
    case 'ZMTP':
    case 'ZAP': {
      const fault = new Error(`${kind} protocol error`, causeOf(error))
      return {
        type: 'handshake:error:protocol',
        address,
        error: Object.assign(fault, { code: `ERR_${kind}_${code}` }),
      }
    }
    case 'auth': {
      const refusal = Object.assign(new Error(AUTH_TEXT[code], causeOf(error)), { status: code })
      return { type: 'handshake:error:auth', address, error: refusal }
    }
  }
}

type Report =
  | readonly ['ZMTP' | 'ZAP', string]
  | readonly ['auth', keyof typeof AUTH_TEXT]
  | readonly ['other', ErrnoCode]

function reportOf(error: Fault | undefined): Report {
  const code = codeOfFault(error)
  const status = Number(error?.reason ?? error?.status)
  if (status === 300 || status === 400 || status === 500) return ['auth', status]
  if (code === 'BAD_COMMAND' && typeof error?.command === 'string') {
    return ['ZMTP', `MALFORMED_COMMAND_${error.command}`]
  }
  const report = HANDSHAKE_FAULTS[code] ?? (['other', 'EPROTO'] as const)
  // What the system has said is more than what we have made of it.
  return report[0] === 'other' ? ['other', maybeCodeOf(error) ?? report[1]] : report
}

/** The code that decides: why there was no proper verdict on a peer is told by what went wrong in asking for one. */
function codeOfFault(error: Fault | undefined): string {
  const code = String(error?.code)
  const cause = String((error?.cause as Fault | undefined)?.code)
  return code === 'AUTHENTICATION_FAILED' && cause in HANDSHAKE_FAULTS ? cause : code
}

function causeOf(error: Error | undefined): ErrorOptions | undefined {
  return error === undefined ? undefined : { cause: error }
}

const AUTH_TEXT = { 300: 'Temporary error', 400: 'Authentication failure', 500: 'Internal error' } as const

/**
 * Every code that a connection can end with, and how it is reported when the handshake was not done: the tail of ERR_ZMTP_… or ERR_ZAP_…, or an errno.
 * A test compares the codes with the sources.
 */
export const HANDSHAKE_FAULTS: Readonly<Record<string, Report>> = {
  // ProtocolError
  AUTHENTICATION_FAILED: ['ZAP', 'UNSPECIFIED'],
  BAD_COMMAND: ['ZMTP', 'UNEXPECTED_COMMAND'],
  BAD_FLAGS: ['ZMTP', 'MALFORMED_COMMAND_UNSPECIFIED'],
  BAD_IDENTITY: ['ZMTP', 'INVALID_METADATA'],
  BAD_METADATA: ['ZMTP', 'INVALID_METADATA'],
  BAD_REPLY: ['ZMTP', 'UNSPECIFIED'],
  BAD_SIGNATURE: ['ZMTP', 'UNSPECIFIED'],
  CRYPTO_FAILED: ['ZMTP', 'CRYPTOGRAPHIC'],
  INCOMPATIBLE_SOCKET_TYPE: ['ZMTP', 'INVALID_METADATA'],
  KEY_EXCHANGE_FAILED: ['ZMTP', 'KEY_EXCHANGE'],
  MECHANISM_MISMATCH: ['ZMTP', 'MECHANISM_MISMATCH'],
  NONCE_REUSED: ['ZMTP', 'INVALID_SEQUENCE'],
  PEER_ERROR: ['ZMTP', 'UNSPECIFIED'],
  UNEXPECTED_COMMAND: ['ZMTP', 'UNEXPECTED_COMMAND'],
  UNSUPPORTED_VERSION: ['ZMTP', 'UNSPECIFIED'],
  ZAP_BAD_REQUEST_ID: ['ZAP', 'BAD_REQUEST_ID'],
  ZAP_BAD_VERSION: ['ZAP', 'BAD_VERSION'],
  ZAP_INVALID_METADATA: ['ZAP', 'INVALID_METADATA'],
  ZAP_INVALID_STATUS_CODE: ['ZAP', 'INVALID_STATUS_CODE'],
  ZAP_MALFORMED_REPLY: ['ZAP', 'MALFORMED_REPLY'],
  // LimitError
  FRAME_TOO_LARGE: ['ZMTP', 'UNSPECIFIED'],
  HANDSHAKE_TOO_LARGE: ['ZMTP', 'MALFORMED_COMMAND_UNSPECIFIED'],
  MESSAGE_TOO_LARGE: ['ZMTP', 'UNSPECIFIED'],
  TOO_MANY_FRAMES: ['ZMTP', 'UNSPECIFIED'],
  TOO_MANY_HANDSHAKES: ['other', 'EAGAIN'],
  TOO_MANY_KEY_EXCHANGES: ['other', 'EAGAIN'],
  TOO_MANY_PROPERTIES: ['ZMTP', 'INVALID_METADATA'],
  TOO_MANY_TOPICS: ['ZMTP', 'UNSPECIFIED'],
  TOO_MANY_UNREAD: ['other', 'EMFILE'],
  TOO_MUCH_BUFFERED: ['other', 'EAGAIN'],
  TOPICS_TOO_LARGE: ['ZMTP', 'UNSPECIFIED'],
  // LinkError
  ALREADY_PAIRED: ['other', 'EADDRINUSE'],
  CONNECT_FAILED: ['other', 'ECONNREFUSED'],
  CONNECT_TIMEOUT: ['other', 'ETIMEDOUT'],
  HANDSHAKE_TIMEOUT: ['other', 'EAGAIN'],
  IDENTITY_IN_USE: ['other', 'EADDRINUSE'],
  INTERNAL_ERROR: ['other', 'EPROTO'],
  KEY_EXHAUSTED: ['other', 'EPROTO'],
  NO_CREDENTIALS: ['other', 'EACCES'],
  PEER_CLOSED: ['other', 'EPIPE'],
  PROXY_FAILED: ['other', 'ECONNREFUSED'],
  RESET: ['other', 'ECONNRESET'],
  SILENT_PEER: ['other', 'ETIMEDOUT'],
  STALLED: ['other', 'ETIMEDOUT'],
  ZAP_NO_HANDLER: ['other', 'EFAULT'],
}
