// What a Client can be told, and what it tells of its connections: no logic.
import type { Names } from '../api/option-names.ts'
import { PARTICIPANT_OPTIONS, type ParticipantOptions, type Protocol } from '../api/options.ts'
import type { ClientRetryOptions } from '../calls/retry-policy.ts'
import type { Endpoints } from './endpoint-source.ts'
import type { ParticipantEvents } from './participant.ts'
import type { Picker } from './pickers.ts'

/** What a Client can be told. docs/options.md has a table. */
export interface ClientOptions extends ParticipantOptions {
  /** 1: the servers are those of Python's `pseud`. Streams, headers and deadlines do not travel then. Default 2. */
  readonly protocol?: Protocol
  /** The name under which the server can call this client. A claim, not a proof. Default none. */
  readonly userId?: string
  /** Which of several ready servers takes a call. Default `least-inflight`. */
  readonly picker?: Picker
  /**
   * How calls that may be run twice are sent again when their connection is lost; `false`: they are not. Default: 3 attempts, 100 and 2,000
   * ms, a budget of 0.1.
   */
  readonly retry?: ClientRetryOptions | false
  /** Methods of the server that may be run twice: their names, or a function that knows. Default none. */
  readonly idempotent?: readonly string[] | ((method: string) => boolean)
  /**
   * Where the servers are: a list, or a function that says it, such as a look-up in DNS. The function is asked at the start, when a
   * connection is lost, and every `endpointsRefreshMs`; new endpoints are connected, those that are gone are left once their calls are
   * answered. When it fails, takes longer than `handshakeTimeoutMs`, or says none, nothing changes: the `error` event tells, and it is
   * asked again with the delays of `reconnect`. What `connect` was told stays beside it. Default: none.
   */
  readonly endpoints?: Endpoints
  /** How often a function is asked for `endpoints`, in ms. Default 30,000; `Infinity`: only when a connection is lost. */
  readonly endpointsRefreshMs?: number
}

export const CLIENT_OPTIONS: Names<ClientOptions> = {
  ...PARTICIPANT_OPTIONS,
  protocol: true,
  userId: true,
  picker: true,
  retry: true,
  idempotent: true,
  endpoints: true,
  endpointsRefreshMs: true,
}

/** What became of the connection to one endpoint. */
export interface StatusEvent {
  /**
   * `connecting`: an attempt begins. `ready`: calls go out. `retrying`: an attempt failed, the next follows in `retryInMs`.
   * `lost`: a ready connection is gone. `refused`: it will not be tried again. `closed`: the client is. `leaving`: a ready connection gets no
   * further calls, because the server or the endpoint is about to go; then `left`: its calls are answered, and it has ended.
   */
  readonly status: 'connecting' | 'ready' | 'retrying' | 'lost' | 'leaving' | 'left' | 'refused' | 'closed'
  /** Which it is about. */
  readonly endpoint?: string
  /** The name of the server there, where it is known. */
  readonly server?: string
  /** Of `retrying`: in how many ms. */
  readonly retryInMs?: number
  /** Why: of `retrying`, `lost`, `refused`. */
  readonly error?: Error
}

/** The events of a Client, and what their listeners get. */
export interface ClientEvents extends ParticipantEvents {
  /** What became of a connection. */
  status: [event: StatusEvent]
}

/** The options of `client.ready`. */
export interface ReadyOptions {
  /** Rejects with DEADLINE_EXCEEDED after so many ms. Default: waits for ever. */
  readonly timeoutMs?: number
  /** Rejects with its reason when it aborts. Default: none. */
  readonly signal?: AbortSignal
}
