/**
 * What a socket type that both sends and receives shows to users: WritableSocket with the receiving half beside it. `In` and `Out` are
 * what its messages look like.
 */
import type { Message, MessageLike } from './message.ts'
import type { OperationOptions } from './operations.ts'
import type { Readable } from './readable-socket.ts'
import type { BatchOptions } from './socket.ts'
import { WritableSocket } from './writable-socket.ts'

export class DuplexSocket<
    In extends Message[] = Message[],
    Out extends MessageLike | MessageLike[] = MessageLike | MessageLike[],
  >
  extends WritableSocket<Out>
  implements Readable<In>
{
  /** Most unread messages of one peer before nothing more is read from it; 0: no bound. Default 1000. */
  declare receiveHighWaterMark: number
  /** How long a receive waits, in ms; -1 (default): for ever, 0: not at all. */
  declare receiveTimeout: number
  /** Kept, without effect: Node has no call for it. */
  declare receiveBufferSize: number
  /** How many receives may wait at once; one more throws EBUSY. Default 1, as in the native package. They are served in order. */
  declare maxPendingReceives: number

  /** The parts of the next message. Throws EBADF, EBUSY at the call; rejects with EAGAIN (time over, closed), EFSM (out of turn). */
  override receive(options?: OperationOptions): Promise<In> {
    return super.receive(options) as Promise<In>
  }

  /** Waits for one message, and takes all that have come with it, up to `max` (default 1000). Not in the native package. */
  override receiveMany(options?: BatchOptions): Promise<In[]> {
    return super.receiveMany(options) as Promise<In[]>
  }

  /** `for await (const batch of socket.batches())`: all that has come, again and again, until the socket is closed. */
  override batches(options?: BatchOptions): AsyncIterableIterator<In[], undefined> {
    return super.batches(options) as AsyncIterableIterator<In[], undefined>
  }

  /** `for await (const [part] of socket)`: message after message until the socket is closed. Leaving the loop does not close it. */
  override [Symbol.asyncIterator](): AsyncIterator<In, undefined> {
    return super.messages(receivesPlainly(this)) as AsyncIterator<In, undefined>
  }
}

/** Whether no subclass has a `receive` of its own, which iteration would have to call. */
function receivesPlainly(socket: DuplexSocket): boolean {
  return socket.receive === DuplexSocket.prototype.receive
}
