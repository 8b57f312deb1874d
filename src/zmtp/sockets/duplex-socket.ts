/**
 * What a socket type that both sends and receives shows to users: the typed, public face of Socket's messages. Types that do only one
 * of the two have a face of their own beside this: writable-socket.ts, readable-socket.ts.
 */
import type { Message, MessageLike } from './message.ts'
import type { OperationOptions } from './operations.ts'
import { type BatchOptions, Socket } from './socket.ts'

/** What a socket that sends has. */
export interface Writable {
  sendHighWaterMark: number
  sendTimeout: number
  sendBufferSize: number
  multicastHops: number
  maxPendingSends: number
  send(message: MessageLike | MessageLike[], options?: OperationOptions): Promise<void>
  sendMany(messages: Iterable<MessageLike | MessageLike[]>, options?: OperationOptions): Promise<void>
}

/** What a socket that receives has. */
export interface Readable {
  receiveHighWaterMark: number
  receiveTimeout: number
  receiveBufferSize: number
  maxPendingReceives: number
  receive(options?: OperationOptions): Promise<Message[]>
  receiveMany(options?: BatchOptions): Promise<Message[][]>
  batches(options?: BatchOptions): AsyncIterableIterator<Message[][], undefined>
  [Symbol.asyncIterator](): AsyncIterator<Message[], undefined>
}

export class DuplexSocket extends Socket implements Readable, Writable {
  /** Most messages that wait for one peer; 0: no bound. Default 1000. */
  declare sendHighWaterMark: number
  /** How long a send waits, in ms; -1 (default): for ever, 0: not at all. */
  declare sendTimeout: number
  /** Kept, without effect: Node has no call for it. */
  declare sendBufferSize: number
  /** Kept, without effect: for multicast transports. */
  declare multicastHops: number
  /** How many sends may wait at once; one more throws EBUSY. Default 1, as in the native package. They are served in order. */
  declare maxPendingSends: number
  /** Most unread messages of one peer before nothing more is read from it; 0: no bound. Default 1000. */
  declare receiveHighWaterMark: number
  /** How long a receive waits, in ms; -1 (default): for ever, 0: not at all. */
  declare receiveTimeout: number
  /** Kept, without effect: Node has no call for it. */
  declare receiveBufferSize: number
  /** How many receives may wait at once; one more throws EBUSY. Default 1, as in the native package. They are served in order. */
  declare maxPendingReceives: number

  /**
   * Sends one message, of one part or of the parts in an array; `[]` sends nothing. Resolves when a connection or a queue has taken it,
   * at once where possible. Parts above 128 octets must not be changed until they have left.
   * Throws TypeError, EBADF, EBUSY at the call. Rejects with EAGAIN (time over, closed), EFSM (out of turn), EHOSTUNREACH.
   */
  override send(message: MessageLike | MessageLike[], options?: OperationOptions): Promise<void> {
    return super.send(message, options)
  }

  /** Sends message after message in one go, waiting where `send` would wait. Resolves when all are taken. Not in the native package. */
  override sendMany(
    messages: Iterable<MessageLike | MessageLike[]>,
    options?: OperationOptions,
  ): Promise<void> {
    return super.sendMany(messages, options)
  }

  /** The parts of the next message. Throws EBADF, EBUSY at the call; rejects with EAGAIN (time over, closed), EFSM (out of turn). */
  override receive(options?: OperationOptions): Promise<Message[]> {
    return super.receive(options)
  }

  /** Waits for one message, and takes all that have come with it, up to `max` (default 1000). Not in the native package. */
  override receiveMany(options?: BatchOptions): Promise<Message[][]> {
    return super.receiveMany(options)
  }

  /** `for await (const batch of socket.batches())`: all that has come, again and again, until the socket is closed. */
  override batches(options?: BatchOptions): AsyncIterableIterator<Message[][], undefined> {
    return super.batches(options)
  }

  /** `for await (const [part] of socket)`: message after message until the socket is closed. Leaving the loop does not close it. */
  [Symbol.asyncIterator](): AsyncIterator<Message[], undefined> {
    return super.messages()
  }
}
