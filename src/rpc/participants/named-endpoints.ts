/**
 * The endpoints that a client's options name, by a list or by a function: what is new is dialled, what is named no more is hung up.
 * Endpoints that the program connected itself are not known here.
 */
import type { LinkError } from '../../base/errors.ts'
import { type Dialer, fullJitter, type TransportContext } from '../../zmtp/connections.ts'
import { positive, type ResolvedOptions } from '../api/options.ts'
import type { ClientOptions } from './client-options.ts'
import { checkEndpoints, EndpointSource } from './endpoint-source.ts'

/** Who dials. */
export interface Dialling {
  readonly options: ResolvedOptions
  readonly context: TransportContext
  dial(endpoint: string): Dialer
  onNoEndpoints(error: LinkError): void
}

export class NamedEndpoints {
  readonly #owner: Dialling
  readonly #hangUp: (dialer: Dialer) => void
  readonly #fixed: ReadonlySet<string>
  readonly #source: EndpointSource | undefined
  readonly #dialers = new Map<string, Dialer>()

  /** Throws `UsageError`: BAD_OPTION, and what `connect` throws of a list. */
  constructor(owner: Dialling, given: ClientOptions, hangUp: (dialer: Dialer) => void) {
    this.#owner = owner
    this.#hangUp = hangUp
    const { endpoints } = given
    const refreshMs = positive('endpointsRefreshMs', given.endpointsRefreshMs, 30_000)
    const isAsked = typeof endpoints === 'function'
    this.#fixed = endpoints === undefined || isAsked ? new Set() : checkEndpoints(endpoints)
    if (!isAsked) return
    const { reconnectMinMs, reconnectMaxMs, handshakeTimeoutMs } = owner.options
    this.#source = new EndpointSource(endpoints, {
      clock: owner.context.clock,
      random: owner.context.random,
      refreshMs,
      answerMs: handshakeTimeoutMs,
      backOff: fullJitter(reconnectMinMs, reconnectMaxMs),
      onEndpoints: (named) => this.#set(named),
      onFailure: (error) => owner.onNoEndpoints(error),
    })
  }

  /** Others may be named later. */
  get mayChange(): boolean {
    return this.#source !== undefined
  }

  start(): void {
    this.#set(this.#fixed)
    this.#source?.start()
  }

  /** A connection is lost: there may be news. */
  hurry(): void {
    this.#source?.hurry()
  }

  close(): void {
    this.#source?.close()
  }

  /** One that was given up, because it refused us, stays so as long as it is named. */
  #set(named: ReadonlySet<string>): void {
    for (const endpoint of named) {
      if (!this.#dialers.has(endpoint)) this.#dialers.set(endpoint, this.#owner.dial(endpoint))
    }
    for (const [endpoint, dialer] of this.#dialers) {
      if (named.has(endpoint)) continue
      this.#dialers.delete(endpoint)
      this.#hangUp(dialer)
    }
  }
}
