// The class of SUB sockets: its options and subscriptions. What it does is patterns/subscriber.ts.
import { SUB, SUBSCRIBE, UNSUBSCRIBE } from './option-table.ts'
import { ReadableSocket } from './readable-socket.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** Receives the messages that begin with one of its prefixes, from all publishers in turn. */
export class Subscriber extends ReadableSocket {
  /** Keep only the newest message of each publisher. Default false. */
  declare conflate: boolean
  /** Receive what was not asked for instead. To be set on both sides. Default false. */
  declare invertMatching: boolean

  constructor(options?: SocketOptions<Subscriber>) {
    super(SUB, options)
  }

  /** Asks for all messages whose first part begins with one of `prefixes`; without any, for all. A prefix may be asked for more than once. */
  subscribe(...prefixes: (string | Buffer)[]): void {
    if (prefixes.length === 0) this.setStringOption(SUBSCRIBE, null)
    for (const prefix of prefixes) this.setStringOption(SUBSCRIBE, prefix)
  }

  /** Takes back one `subscribe` of each of `prefixes`; without any, one of all messages. What was not asked for is ignored. */
  unsubscribe(...prefixes: (string | Buffer)[]): void {
    if (prefixes.length === 0) this.setStringOption(UNSUBSCRIBE, null)
    for (const prefix of prefixes) this.setStringOption(UNSUBSCRIBE, prefix)
  }
}

defineTypeOptions(Subscriber.prototype, SUB)
