// What a socket type that both sends and receives shows to users: WritableSocket with the receiving half beside it.
import type { Message, MessageLike } from './message.ts'
import type { OperationOptions } from './operations.ts'
import type { Readable } from './readable-socket.ts'
import type { BatchIterator, BatchOptions } from './socket.ts'
import { WritableSocket } from './writable-socket.ts'

/** What the socket types that send and receive have in common. `In` and `Out` are what their messages look like. */
export class DuplexSocket<
    In extends Message[] = Message[],
    Out extends MessageLike | MessageLike[] = MessageLike | MessageLike[],
  >
  extends WritableSocket<Out>
  implements Readable<In>
{
  declare receiveHighWaterMark: number
  declare receiveTimeout: number
  declare receiveBufferSize: number
  declare maxPendingReceives: number

  override receive(options?: OperationOptions): Promise<In> {
    return super.receive(options) as Promise<In>
  }

  override receiveMany(options?: BatchOptions): Promise<In[]> {
    return super.receiveMany(options) as Promise<In[]>
  }

  override batches(options?: BatchOptions): BatchIterator<In> {
    return super.batches(options) as BatchIterator<In>
  }

  override [Symbol.asyncIterator](): AsyncIterator<In, undefined> {
    return super.messages(receivesPlainly(this)) as AsyncIterator<In, undefined>
  }
}

/** Whether no subclass has a `receive` of its own, which iteration would have to call. */
function receivesPlainly(socket: DuplexSocket): boolean {
  return socket.receive === DuplexSocket.prototype.receive
}
