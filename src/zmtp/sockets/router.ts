// The class of ROUTER sockets: its options, and connecting to a peer by a name of our own. What it does is patterns/router.ts.
import { DuplexSocket } from './duplex-socket.ts'
import { CONNECT_ROUTING_ID, ROUTER } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** The options of `router.connect`. */
export interface RouterConnectOptions {
  /**
   * What to call this peer, 1 to 255 octets; usable at once, before it has answered. Its own identity is ignored. Default: that identity.
   */
  routingId?: string
}

/** The first part of every message is the routing id of the peer it comes from or goes to. */
export class Router extends DuplexSocket {
  /** The identity that peers of type ROUTER know us by, 1 to 255 octets. Default: none. */
  declare routingId: string | null
  /** Fail with EHOSTUNREACH for an unknown peer, and wait for a full one, instead of dropping the message. Default false. */
  declare mandatory: boolean
  /** Send an empty message on each new connection, so that a ROUTER learns of us. Default false. */
  declare probeRouter: boolean
  /** A new peer takes over the identity of an old one, whose connection is closed. Default false: the new one is refused. */
  declare handover: boolean

  constructor(options?: SocketOptions<Router>) {
    super(ROUTER, options)
  }

  /** As for every socket; `routingId` also names the peer. Throws EINVAL when another peer has that name. */
  override connect(address: string, options: RouterConnectOptions = {}): void {
    if (options.routingId) this.setStringOption(CONNECT_ROUTING_ID, options.routingId)
    super.connect(address)
  }
}

defineTypeOptions(Router.prototype, ROUTER)
