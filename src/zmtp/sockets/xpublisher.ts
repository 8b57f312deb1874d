// The class of XPUB sockets: its options, and answers to subscriptions. What it does is patterns/xpublisher.ts.
import { DuplexSocket } from './duplex-socket.ts'
import { SUBSCRIBE, UNSUBSCRIBE, XPUB, XPUB_VERBOSE, XPUB_VERBOSER } from './option-table.ts'
import { defineTypeOptions, type SocketOptions } from './socket.ts'

/** Sends each message to all subscribers that asked for its beginning, and receives what they ask for: `01 prefix`, `00 prefix`. */
export class XPublisher extends DuplexSocket {
  /** Wait, or fail with EAGAIN, while a subscriber who wants the message is full, instead of dropping it for that one. Default false. */
  declare noDrop: boolean
  /** Leave it to the application what a subscriber gets: see `subscribe`. Default false. */
  declare manual: boolean
  /** Sent to each subscriber as it connects, if not null, whether asked for or not; a SUB passes it on if it asked. Default null. */
  declare welcomeMessage: string | null
  /** Send what was not asked for instead. To be set on both sides. Default false. */
  declare invertMatching: boolean

  constructor(options?: SocketOptions<XPublisher>) {
    super(XPUB, options)
  }

  /**
   * What is reported beyond the first request for a prefix and the end of the last: repeated requests, or those and every end. Default
   * null: neither.
   */
  set verbosity(value: null | 'allSubs' | 'allSubsUnsubs') {
    // Anything else changes nothing, as in the native package.
    if (value !== null && value !== 'allSubs' && value !== 'allSubsUnsubs') return
    this.setBoolOption(XPUB_VERBOSE, value === 'allSubs')
    this.setBoolOption(XPUB_VERBOSER, value === 'allSubsUnsubs')
  }

  /**
   * With `manual`: from now on the subscriber whose request was received last gets what begins with one of `prefixes`. Throws EINVAL without
   * `manual`. The native package has only the raw option for it.
   */
  subscribe(...prefixes: (string | Buffer)[]): void {
    for (const prefix of prefixes) this.setStringOption(SUBSCRIBE, prefix)
  }

  /** The contrary of `subscribe`. */
  unsubscribe(...prefixes: (string | Buffer)[]): void {
    for (const prefix of prefixes) this.setStringOption(UNSUBSCRIBE, prefix)
  }
}

defineTypeOptions(XPublisher.prototype, XPUB)
