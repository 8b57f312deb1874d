// The seams of the transport: what a byte stream to one peer must do (Link), who owns a connection (Receiver), what a
// connection is configured with, and which events the outside may watch. Types only, no behaviour.
import type { PseudError } from '../../base/errors.ts'
import type { Mechanism } from '../engine/mechanism.ts'
import type { Driver } from './driver.ts'

/** A reliable ordered byte stream to one peer: a TCP or IPC socket, or the in-process one. */
export interface Link {
  /** Where the peer is, as a printable address: `tcp://127.0.0.1:5555`, `ipc://path`, `inproc://name`. */
  readonly remoteAddress: string
  /** Octets handed over by `write` that the kernel has not taken yet. */
  readonly pendingBytes: number
  /** Begins delivery to `owner`. Nothing is delivered before. */
  start(owner: LinkOwner): void
  /** Sends `pieces` in order. They are not copied: they must not change until `onWritten`. */
  write(pieces: Buffer[]): void
  pause(): void
  resume(): void
  /** Sends what was written, then closes. */
  end(): void
  /** Closes now; what was not sent is lost. `onClose` follows. */
  destroy(): void
}

export interface LinkOwner {
  onChunk(chunk: Buffer): void
  /** The oldest `write` that was not yet reported has left: its pieces are free again. */
  onWritten(): void
  /** Exactly once, last. `error` is Node's, when there is one. */
  onClose(error: Error | undefined): void
}

/** Who owns a connection: a socket's pipe, an RPC session. All calls come synchronously from the driver's read loop. */
export interface Receiver {
  /** The handshake is done: `driver.peer` is set and sending is allowed. */
  onReady(driver: Driver): void
  /**
   * One part of a message: the octets `chunk[start, end)`. They belong to the connection; copy what is kept long
   * (a view pins the whole chunk). Parts of a message come in one row; a message that breaks off is followed by
   * `onEnd`. May call `driver.pause()`: no further part comes until `resume()`.
   */
  onPart(driver: Driver, chunk: Buffer, start: number, end: number, more: boolean): void
  /** A traffic command that the engine does not answer itself, such as SUBSCRIBE: its data is `chunk[start, end)`. */
  onCommand(driver: Driver, name: string, chunk: Buffer, start: number, end: number): void
  /** `driver.congested` has become false again: continue to send. */
  onDrain(driver: Driver): void
  /** Exactly once, last; also when the handshake never finished. `undefined`: an orderly close. */
  onEnd(driver: Driver, error: PseudError | undefined): void
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
  readonly mechanism: () => Mechanism
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
  /** `true`: PING only after an interval without an octet; `false`: at every interval, as libzmq does. */
  readonly heartbeatOnlyWhenSilent: boolean
  /** Give up one connect attempt; 0 leaves it to the system. */
  readonly connectTimeoutMs: number
  /** Delay before attempt n (1, 2, …) after a failure, or `undefined` to give up. */
  readonly retryDelayMs: (attempt: number, random: () => number) => number | undefined
  readonly backlog: number
  /** Whether names and wildcards may mean IPv6. */
  readonly ipv6: boolean
  /** TCP keep-alive: -1 leaves the system's default, 0 off, else the idle time before the first probe. */
  readonly keepAliveMs: number
}

/** What happens to endpoints and connections, for monitors. `address` is the endpoint. */
export interface TransportEvent {
  readonly type:
    | 'bind'
    | 'bind:error'
    | 'accept'
    | 'accept:error'
    | 'connect'
    | 'connect:delay'
    | 'connect:retry'
    | 'handshake'
    | 'handshake:error'
    | 'disconnect'
    | 'close'
  readonly address: string
  /** Delay before the next attempt: `connect:retry` only. */
  readonly interval?: number
  readonly error?: Error
  readonly driver?: Driver
}

/** Who dials or listens: gives each new connection its receiver, and hears of events. */
export interface ConnectionOwner {
  /** A link was made (TCP level): who receives from it? */
  receiver(driver: Driver): Receiver
  onEvent(event: TransportEvent): void
  /** A dialer has given up for good (refused authentication, or the policy says so). */
  onGivenUp(endpoint: string, error: PseudError): void
}
