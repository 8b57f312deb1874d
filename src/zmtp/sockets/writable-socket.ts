// The public face of socket types that send: typed, and public where Socket's own messages are protected. DuplexSocket adds the
// receiving half.
import type { MessageLike } from './message.ts'
import type { OperationOptions } from './operations.ts'
import { Socket } from './socket.ts'

/** What a socket that sends has; `M` is what it takes as a message. */
export interface Writable<M extends MessageLike | MessageLike[] = MessageLike | MessageLike[]> {
  sendHighWaterMark: number
  sendTimeout: number
  sendBufferSize: number
  multicastHops: number
  maxPendingSends: number
  countUnconfirmed: boolean
  send(message: M, options?: OperationOptions): Promise<void>
  sendMany(messages: Iterable<M>, options?: OperationOptions): Promise<void>
}

export class WritableSocket<M extends MessageLike | MessageLike[] = MessageLike | MessageLike[]>
  extends Socket
  implements Writable<M>
{
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
  /**
   * Says on `disconnect` what was sent and has not been shown to have been read: the PINGs of `heartbeatInterval` then have a context that the
   * peer sends back. For connections that are made from then on. Default false. Not in the native package.
   */
  declare countUnconfirmed: boolean

  /**
   * Sends one message, of one part or of the parts in an array; `[]` sends nothing. Resolves when a connection or a queue has taken it,
   * at once where possible. Parts above 128 octets must not be changed until they have left.
   * Throws TypeError, EBADF, EBUSY at the call. Rejects with EAGAIN (time over, closed), EFSM (out of turn), EHOSTUNREACH.
   */
  override send(message: M, options?: OperationOptions): Promise<void> {
    return super.send(message, options)
  }

  /** Sends message after message in one go, waiting where `send` would wait. Resolves when all are taken. Not in the native package. */
  override sendMany(messages: Iterable<M>, options?: OperationOptions): Promise<void> {
    return super.sendMany(messages, options)
  }
}
