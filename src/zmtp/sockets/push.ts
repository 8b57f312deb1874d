// The class of PUSH sockets: its options. What it does is patterns/push.ts.
import { PUSH } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'
import { WritableSocket } from './writable-socket.ts'

/** Sends each message to one PULL after the other; waits while none can take it. */
export class Push extends WritableSocket {
  /** Keep only the newest message for each peer. Default false. */
  declare conflate: boolean

  constructor(options?: SocketOptions<Push>) {
    super(PUSH, options)
  }
}

defineTypeOptions(Push.prototype, PUSH)
