// The public face of socket types that only receive: see duplex-socket.ts for those that send as well.
import type { Message } from './message.ts'
import type { OperationOptions } from './operations.ts'
import { type BatchIterator, type BatchOptions, Socket } from './socket.ts'

/** What a socket that receives has; `M` is a message. */
export interface Readable<M extends Message[] = Message[]> {
  /** Most unread messages of one peer before nothing more is read from it; 0: no bound. Default 1000. */
  receiveHighWaterMark: number
  /** How long a receive waits, in ms; -1 (default): for ever, 0: not at all. */
  receiveTimeout: number
  /** Kept, without effect: Node has no call for it. In octets. Default -1. */
  receiveBufferSize: number
  /** How many receives may wait at once; one more throws EBUSY. Default 1, as in the native package. They are served in order. */
  maxPendingReceives: number
  /** The parts of the next message. Throws EBADF, EBUSY at the call; rejects with EAGAIN (time over, closed), EFSM (out of turn). */
  receive(options?: OperationOptions): Promise<M>
  /**
   * Waits for one message, and takes all that have come with it, up to `max` (default 1000). Fails as `receive`. Not in the native package.
   */
  receiveMany(options?: BatchOptions): Promise<M[]>
  /**
   * `for await (const batch of socket.batches())`: all that has come, again and again, until the socket is closed. Not in the native
   * package.
   */
  batches(options?: BatchOptions): BatchIterator<M>
  /** `for await (const [part] of socket)`: message after message until the socket is closed. Leaving the loop does not close it. */
  [Symbol.asyncIterator](): AsyncIterator<M, undefined>
}

/** What the socket types that only receive have in common: `Pull` and `Subscriber`. */
export class ReadableSocket extends Socket implements Readable {
  declare receiveHighWaterMark: number
  declare receiveTimeout: number
  declare receiveBufferSize: number
  declare maxPendingReceives: number

  override receive(options?: OperationOptions): Promise<Message[]> {
    return super.receive(options)
  }

  override receiveMany(options?: BatchOptions): Promise<Message[][]> {
    return super.receiveMany(options)
  }

  override batches(options?: BatchOptions): BatchIterator<Message[]> {
    return super.batches(options)
  }

  override [Symbol.asyncIterator](): AsyncIterator<Message[], undefined> {
    return super.messages(receivesPlainly(this))
  }
}

/** Whether no subclass has a `receive` of its own, which iteration would have to call. */
function receivesPlainly(socket: ReadableSocket): boolean {
  return socket.receive === ReadableSocket.prototype.receive
}
