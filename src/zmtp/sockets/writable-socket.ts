// The public face of socket types that send: typed, and public where Socket's own messages are protected. DuplexSocket adds the
// receiving half.
import type { MessageLike } from './message.ts'
import type { OperationOptions } from './operations.ts'
import { Socket } from './socket.ts'

/** What a socket that sends has; `M` is what it takes as a message. */
export interface Writable<M extends MessageLike | MessageLike[] = MessageLike | MessageLike[]> {
  /** Most messages that wait for one peer; 0: no bound. Default 1000. */
  sendHighWaterMark: number
  /** How long a send waits, in ms; -1 (default): for ever, 0: not at all. */
  sendTimeout: number
  /** Kept, without effect: Node has no call for it. In octets. Default -1. */
  sendBufferSize: number
  /** Kept, without effect: for multicast transports. Default 1. */
  multicastHops: number
  /** How many sends may wait at once; one more throws EBUSY. Default 1, as in the native package. They are served in order. */
  maxPendingSends: number
  /**
   * Says on `disconnect` what was sent and has not been shown to have been read: the PINGs of `heartbeatInterval` then have a context that the
   * peer sends back. For connections that are made from then on. Default false. Not in the native package.
   */
  countUnconfirmed: boolean
  /**
   * Sends one message, of one part or of the parts in an array; `[]` sends nothing. Resolves when a connection or a queue has taken it, at
   * once where possible. Parts above 128 octets must not be changed until they have left. Throws TypeError, EBADF, EBUSY at the call.
   * Rejects with EAGAIN (time over, closed), EFSM (out of turn), EHOSTUNREACH.
   */
  send(message: M, options?: OperationOptions): Promise<void>
  /**
   * Sends message after message in one go, waiting where `send` would wait. Resolves when all are taken. Fails as `send`. Not in the native
   * package.
   */
  sendMany(messages: Iterable<M>, options?: OperationOptions): Promise<void>
}

/** What the socket types that send have in common. */
export class WritableSocket<M extends MessageLike | MessageLike[] = MessageLike | MessageLike[]>
  extends Socket
  implements Writable<M>
{
  declare sendHighWaterMark: number
  declare sendTimeout: number
  declare sendBufferSize: number
  declare multicastHops: number
  declare maxPendingSends: number
  declare countUnconfirmed: boolean

  override send(message: M, options?: OperationOptions): Promise<void> {
    return super.send(message, options)
  }

  override sendMany(messages: Iterable<M>, options?: OperationOptions): Promise<void> {
    return super.sendMany(messages, options)
  }
}
