// What becomes of the connections of one participant, told on `pseud:link` and to NODE_DEBUG. An event is made when somebody listens.
import { type LinkEvent, linkChannel } from './channels.ts'
import { debug, debugLink } from './debug.ts'

/** A connection, as far as an event names it: a session is one. */
export interface LinkSubject {
  readonly shown: string
  readonly user: string | undefined
  /** It was told to be ready: only then can it be lost. */
  announced: boolean
  /** What was sent there and may not have arrived, where that is known. */
  readonly unconfirmed: LinkEvent['unconfirmed']
  readonly connection: { readonly endpoint: string; readonly queuedBytes: number }
}

// A peer may give any reason, of any length.
const REASON_MAX = 128

export class Links {
  readonly #side: 'client' | 'server'
  readonly #name: string

  constructor(side: 'client' | 'server', name: string) {
    this.#side = side
    this.#name = name
  }

  ready(link: LinkSubject): void {
    if (link.announced) return
    link.announced = true
    this.#tell('ready', link, {})
  }

  /** `error`: why, unless it was closed in order. */
  lost(link: LinkSubject, error: Error | undefined): void {
    if (!link.announced) return
    link.announced = false
    const { unconfirmed } = link
    this.#tell('lost', link, { ...(error && { error }), ...(unconfirmed && { unconfirmed }) })
  }

  retry(endpoint: string, error: Error | undefined, retryInMs: number): void {
    this.#tell('retry', endpoint, { retryInMs, ...(error && { error }) })
  }

  /** An endpoint that is not tried again, or a peer that was not let in. */
  refused(link: LinkSubject | string, error: Error): void {
    this.#tell('refused', link, { error })
  }

  goaway(link: LinkSubject, sent: boolean, reason: unknown): void {
    const text = typeof reason === 'string' ? reason.slice(0, REASON_MAX) : ''
    this.#tell('goaway', link, { sent, reason: text })
  }

  slowPeer(link: LinkSubject): void {
    this.#tell('slow-peer', link, { queuedBytes: link.connection.queuedBytes })
  }

  #tell(type: LinkEvent['type'], link: LinkSubject | string, more: Partial<LinkEvent>): void {
    if (!linkChannel.hasSubscribers && !debug.enabled) return
    const remote = typeof link === 'string' ? link : link.shown
    const endpoint = typeof link === 'string' ? link : link.connection.endpoint
    const user = typeof link === 'string' ? undefined : link.user
    const event: LinkEvent = {
      type,
      side: this.#side,
      name: this.#name,
      remote,
      endpoint,
      ...(user !== undefined && { user }),
      ...more,
    }
    linkChannel.publish(event)
    debugLink(event)
  }
}
