// A call of a peer as middleware on the side of its function sees it, and the way from there to the function. Knows nothing of slots and
// answers.
import { UsageError } from '../../base/errors.ts'
import type { Peer } from '../api/peer.ts'
import { type Incoming, OVER } from '../serving/incoming.ts'
import type { MiddlewareCall } from './middleware.ts'

export class ServedCall implements MiddlewareCall {
  readonly side = 'server'
  readonly kind: 'call' | 'notify'
  args: unknown[]
  readonly headers: Readonly<Record<string, string>>
  readonly #incoming: Incoming

  constructor(incoming: Incoming, kind: 'call' | 'notify', args: unknown[]) {
    this.#incoming = incoming
    this.kind = kind
    this.args = args
    this.headers = incoming.headers
  }

  get method(): string {
    return this.#incoming.method
  }

  get peer(): Peer {
    return this.#incoming.context.peer
  }

  get user(): string | undefined {
    return this.#incoming.link.user
  }

  get signal(): AbortSignal {
    return this.#incoming.signal
  }

  get deadline(): Date | undefined {
    return this.#incoming.context.deadline
  }

  /** What the function gets. Throws when nobody waits for it any more: then it is not to be run. */
  checkedArgs(): unknown[] {
    if (this.#incoming.state === OVER) throw this.#incoming.reason
    if (!Array.isArray(this.args)) throw new UsageError('BAD_OPTION', 'call.args is an array')
    return this.args
  }
}
