// The class of STREAM sockets: its option, and connecting to a peer by a name of our own. What it does is patterns/stream.ts.
import { DuplexSocket } from './duplex-socket.ts'
import type { Message, MessageLike } from './message.ts'
import { CONNECT_ROUTING_ID, STREAM } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** The options of `stream.connect`. */
export interface StreamConnectOptions {
  /** What to call this connection, 1 to 255 octets; usable at once. Default: an id of five octets, told by the first message. */
  routingId?: string
}

/**
 * Talks to anything over TCP, without ZMTP. Every message is `[id, octets]`: `id` names the connection; no octets say that it was made or
 * has ended, and, when sent, end it once all before them have left. Octets come in pieces of up to 8 KiB that mean nothing: TCP keeps
 * their order, not their borders. `peers` says where each connection leads.
 *
 * `send` also takes several pairs in one array. It never waits: EHOSTUNREACH when there is no such connection, EAGAIN when the queue of
 * that connection is full, EINVAL for an odd number of parts.
 */
export class Stream extends DuplexSocket<[Message, Message], [MessageLike, MessageLike, ...MessageLike[]]> {
  /** Report connections that are made and that end by an empty message. Default true. */
  declare notify: boolean

  constructor(options?: SocketOptions<Stream>) {
    super(STREAM, options)
  }

  /** As for every socket; `routingId` also names the connection. Throws EINVAL when another one has that name. */
  override connect(address: string, options: StreamConnectOptions = {}): void {
    if (options.routingId) this.setStringOption(CONNECT_ROUTING_ID, options.routingId)
    super.connect(address)
  }
}

defineTypeOptions(Stream.prototype, STREAM)
