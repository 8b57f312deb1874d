// The class of PUB sockets: its options. What it does is patterns/publisher.ts.
import { PUB } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'
import { WritableSocket } from './writable-socket.ts'

/** Sends each message to all subscribers that asked for its beginning. One that is too slow misses it; nobody waits. */
export class Publisher extends WritableSocket {
  /** Wait, or fail with EAGAIN, while a subscriber who wants the message is full, instead of dropping it for that one. Default false. */
  declare noDrop: boolean
  /** Keep only the newest message for each subscriber. Default false. */
  declare conflate: boolean
  /** Send what was not asked for instead. To be set on both sides. Default false. */
  declare invertMatching: boolean

  constructor(options?: SocketOptions<Publisher>) {
    super(PUB, options)
  }
}

defineTypeOptions(Publisher.prototype, PUB)
