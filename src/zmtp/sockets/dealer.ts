// The class of DEALER sockets: its options. What it does is patterns/dealer.ts.
import { DuplexSocket } from './duplex-socket.ts'
import { DEALER } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** Sends each message to one peer after the other, receives from all in turn; parts go as they are. */
export class Dealer extends DuplexSocket {
  /** The identity that peers of type ROUTER know us by, 1 to 255 octets. Default: none. */
  declare routingId: string | null
  /** Send an empty message on each new connection, so that a ROUTER learns of us. Default false. */
  declare probeRouter: boolean
  /** Keep only the newest message of each peer, either way. Default false. */
  declare conflate: boolean

  constructor(options?: SocketOptions<Dealer>) {
    super(DEALER, options)
  }
}

defineTypeOptions(Dealer.prototype, DEALER)
