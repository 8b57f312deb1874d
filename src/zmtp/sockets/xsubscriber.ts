// The class of XSUB sockets. What it does is patterns/xsubscriber.ts.
import { DuplexSocket } from './duplex-socket.ts'
import { XSUB } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/**
 * Receives what publishers send; a message of one part that begins with the octet 01 subscribes to the prefix behind it, with 00 cancels.
 * Every other message goes up to all publishers.
 */
export class XSubscriber extends DuplexSocket {
  constructor(options?: SocketOptions<XSubscriber>) {
    super(XSUB, options)
  }
}

defineTypeOptions(XSubscriber.prototype, XSUB)
