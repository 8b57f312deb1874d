// The seams of the transport: what a byte stream to one peer must do (Link), and what a connection is configured with. Who
// receives from a connection and who watches it stands in driver.ts. Types only, no behaviour.
import type { Credentials, Verdict } from '../engine/security/admission.ts'
import type { Mechanism } from '../engine/security/mechanism.ts'
import type { AcceptFilter } from './accept-filter.ts'
import type { ReceptionLimits } from './reception.ts'
import type { SocksProxy } from './socks.ts'

/** A reliable ordered byte stream to one peer: a TCP or IPC socket, the in-process one, a MessagePort. */
export interface Link {
  /** Where the peer is, as a printable address: `tcp://127.0.0.1:5555`, `ipc://path`, `inproc://name`, `port://1`. */
  readonly remoteAddress: string
  /** Octets handed over by `write` that the kernel has not taken yet. */
  readonly pendingBytes: number
  /** Begins delivery to `owner`. Nothing is delivered before. */
  start(owner: LinkOwner): void
  /**
   * Sends `pieces` in order. They are not copied: while `pendingBytes` says that the kernel has not taken them all they must not change; `onWritten`
   * follows then. The list itself is the caller's.
   */
  write(pieces: Buffer[]): void
  /** A little may still come: a link has to read to see that the peer is gone. */
  pause(): void
  resume(): void
  /** Sends what was written, then closes. */
  end(): void
  /** Closes now; what was not sent is lost. `onClose` follows. */
  destroy(): void
}

export interface LinkOwner {
  /** Octets have come. They are lent: when this returns, their memory is used again. */
  onChunk(chunk: Buffer): void
  /** Where the octets that come next are best put, for a link that can choose; `undefined`: they are to come as a chunk. */
  room(): Buffer | undefined
  /** The first `size` octets of what `room` gave last have come. */
  onFilled(size: number): void
  /** What was pending after a `write` has left: its pieces are free again. */
  onWritten(): void
  /** Exactly once, last. `error` is Node's, when there is one. */
  onClose(error: Error | undefined): void
}

/** Makes one connection's mechanism. `spend` is called before a key exchange that a stranger asks for, and throws when that is too much. */
export type MakeMechanism = (spend: () => void) => Mechanism

/** Judges a peer: what `socket.authenticator` is. */
export type Authenticate = (request: AuthenticationRequest) => Verdict | Promise<Verdict>

/** A peer that wants to come in. */
export interface AuthenticationRequest {
  /** What it shows. */
  readonly credentials: Credentials
  /** Where the peer is: `127.0.0.1` of a TCP peer, its link's address otherwise. */
  readonly address: string
  /** What we announce ourselves: our own routing id, which libzmq puts into the question. */
  readonly identity: Buffer
}

/** Everything a connection is made with. Durations in milliseconds, sizes in octets. */
export interface ConnectionOptions {
  /** Upper-case, as announced: `DEALER`. */
  readonly socketType: string
  /** Announced by REQ, DEALER, ROUTER; 0 to 255 octets, empty means anonymous. */
  readonly identity: Buffer
  /** Further properties of READY, such as `X-Pseud`. */
  readonly metadata?: ReadonlyMap<string, Buffer>
  /** A new mechanism for each connection: it holds that connection's state. */
  readonly mechanism: MakeMechanism
  /** Of a dialer: makes the mechanism anew before each attempt, for credentials that change. A rejection fails the attempt. */
  readonly prepare?: () => Promise<MakeMechanism>
  /** Judges a peer when the mechanism asks. Whatever is no proper verdict within 5 s keeps the peer out; so does the lack of a judge. */
  readonly authenticate?: Authenticate
  /** Largest frame body accepted; `Infinity` for none. */
  readonly maxFrameSize: number
  /** Largest message accepted, all parts together. */
  readonly maxMessageSize: number
  /** Most frames in one message. */
  readonly maxFrames: number
  /** From accept or connect to the end of the handshake; 0 for no limit. */
  readonly handshakeTimeoutMs: number
  /** PING period, silence that ends the link, TTL told to the peer; 0 switches each off. */
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly heartbeatTtlMs: number
  /** Ends a connection whose begun message gets no octet for so long. Default 30 s; 0: never. */
  readonly stallTimeoutMs?: number
  /** `true`: PING only after an interval without an octet; `false`: at every interval, as libzmq does. */
  readonly heartbeatOnlyWhenSilent: boolean
  /** Measures the way there and back, and what the peer has read, at least so often; default 0: never. */
  readonly heartbeatMeasureMs?: number
  /** No PINGs for peers of ZMTP 3.0, which have none; default false. */
  readonly heartbeatSince31?: boolean
  /** Give up one connect attempt; 0 leaves it to the system. */
  readonly connectTimeoutMs: number
  /** Delay before attempt n (1, 2, …) after a failure, or `undefined` to give up. */
  readonly retryDelayMs: (attempt: number, random: () => number) => number | undefined
  readonly backlog: number
  /** Of a listener: how many strangers it bears. Defaults: reception.ts. */
  readonly reception?: Partial<ReceptionLimits>
  /** Whether names and wildcards may mean IPv6. */
  readonly ipv6: boolean
  /** TCP keep-alive: -1 leaves the system's default, 0 off, else the idle time before the first probe. */
  readonly keepAliveMs: number
  /** Which TCP peers may connect; without it, all. */
  readonly acceptFilter?: AcceptFilter | undefined
  /** Through whom TCP endpoints are dialled; without it, directly. */
  readonly proxy?: SocksProxy | undefined
}
