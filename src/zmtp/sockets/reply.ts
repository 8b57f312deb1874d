// The class of REP sockets: its options. What it does is patterns/reply.ts.
import { DuplexSocket } from './duplex-socket.ts'
import { REP } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** Receives a request, then sends the reply to whoever asked. */
export class Reply extends DuplexSocket {
  /** Kept, without effect: REP does not announce an identity. */
  declare routingId: string | null

  constructor(options?: SocketOptions<Reply>) {
    super(REP, options)
  }
}

defineTypeOptions(Reply.prototype, REP)
