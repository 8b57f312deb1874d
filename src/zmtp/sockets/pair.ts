// The class of PAIR sockets. What it does is patterns/pair.ts.
import { DuplexSocket } from './duplex-socket.ts'
import { PAIR } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** Talks to one other PAIR. A second peer is refused while the first is there. */
export class Pair extends DuplexSocket {
  constructor(options?: SocketOptions<Pair>) {
    super(PAIR, options)
  }
}

defineTypeOptions(Pair.prototype, PAIR)
