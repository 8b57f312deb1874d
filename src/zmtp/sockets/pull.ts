// The class of PULL sockets: its options. What it does is patterns/pull.ts.
import { PULL } from './option-table.ts'
import { ReadableSocket } from './readable-socket.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** Receives from all PUSH peers in turn. */
export class Pull extends ReadableSocket {
  /** Keep only the newest message of each peer. Default false. */
  declare conflate: boolean

  constructor(options?: SocketOptions<Pull>) {
    super(PULL, options)
  }
}

defineTypeOptions(Pull.prototype, PULL)
