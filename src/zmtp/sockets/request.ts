// The class of REQ sockets: its options. What it does is patterns/request.ts.
import { DuplexSocket } from './duplex-socket.ts'
import { REQ } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** Sends a request, then receives its reply; each request goes to the next peer. */
export class Request extends DuplexSocket {
  /** The identity that peers of type ROUTER know us by, 1 to 255 octets. Default: none. */
  declare routingId: string | null
  /** Send an empty message on each new connection, so that a ROUTER learns of us. Default false. */
  declare probeRouter: boolean
  /** Number the requests and take only the reply with the same number. Default false. */
  declare correlate: boolean
  /** A new request may be sent before the reply to the last one has come, which is then ignored. Use with `correlate`. Default false. */
  declare relaxed: boolean

  constructor(options?: SocketOptions<Request>) {
    super(REQ, options)
  }
}

defineTypeOptions(Request.prototype, REQ)
