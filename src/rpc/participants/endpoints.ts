/**
 * Where a participant listens, and whom it dials: what programs give as an endpoint, a text or a port, as the transport knows it; and where
 * one that asks nobody who they are may not listen. Knows no sessions, but for which of its dialers keeps the connection of one.
 */
import { UsageError } from '../../base/errors.ts'
import {
  type ConnectionOptions,
  type ConnectionOwner,
  Dialer,
  type Driver,
  type Endpoint,
  type Listener,
  lineOf,
  listen,
  type MessagePortLike,
  parseEndpoint,
  type TransportContext,
} from '../../zmtp/connections.ts'
import type { ResolvedOptions } from '../api/options.ts'
import { closedError } from '../calls/endings.ts'
import { none } from '../security/backend.ts'
import { warnOfClear } from '../security/clear.ts'
import { mechanismOf } from '../security/wire.ts'
import { isLoopback } from './loopback.ts'

/** The participant. */
export interface EndpointsOwner extends ConnectionOwner {
  readonly options: ResolvedOptions
  readonly context: TransportContext
  /** Nothing new is taken. */
  readonly ending: boolean
  /** There are more endpoints now, or fewer. */
  updateHold(): void
}

export class Endpoints {
  readonly dialers: Set<Dialer> = new Set()
  readonly #listeners = new Set<Listener>()
  readonly #owner: EndpointsOwner
  readonly #connections: ConnectionOptions
  #binding = 0

  constructor(owner: EndpointsOwner, connections: ConnectionOptions) {
    this.#owner = owner
    this.#connections = connections
  }

  /** Bound, or about to be. */
  get isBound(): boolean {
    return this.#listeners.size > 0 || this.isBinding
  }

  get isBinding(): boolean {
    return this.#binding > 0
  }

  async bind(at: string | MessagePortLike): Promise<string> {
    const owner = this.#owner
    const endpoint = endpointToBind(at, owner.options)
    const { security } = owner.options
    this.#binding++
    owner.updateHold()
    try {
      const mechanism = await mechanismOf(security)
      warnOfClear(security, endpoint)
      const listener = await listen(endpoint, { ...this.#connections, mechanism }, owner, owner.context)
      if (owner.ending) {
        listener.close()
        throw closedError('no')
      }
      this.#listeners.add(listener)
      return listener.endpoint
    } finally {
      this.#binding--
      owner.updateHold()
    }
  }

  dial(to: string | MessagePortLike): Dialer {
    const owner = this.#owner
    const endpoint = endpointOf(to, 'connect')
    const { security } = owner.options
    warnOfClear(security, endpoint)
    const options = {
      ...this.#connections,
      ...(security !== none && { prepare: () => mechanismOf(security) }),
    }
    const dialer = new Dialer(endpoint, options, owner, owner.context)
    this.dialers.add(dialer)
    owner.updateHold()
    dialer.start()
    return dialer
  }

  /** Those that dial `endpoint`. */
  dialersOf(endpoint: string): Dialer[] {
    return [...this.dialers].filter((dialer) => dialer.endpoint === endpoint)
  }

  /** Which of the dialers keeps the connection of a session. */
  dialerOf({ driver }: { readonly driver: Driver | undefined }): Dialer | undefined {
    if (driver === undefined) return undefined
    for (const dialer of this.dialers) if (dialer.driver === driver) return dialer
    return undefined
  }

  /** Ends the dialling of `endpoint`. */
  forgetDialers(endpoint: string): void {
    for (const dialer of this.dialersOf(endpoint)) this.forgetDialer(dialer)
  }

  forgetDialer(dialer: Dialer): void {
    dialer.close()
    this.dialers.delete(dialer)
  }

  /** What is bound at `endpoint` has ended by itself: the port it was bound to is gone. */
  forgetListener(endpoint: string): void {
    for (const listener of this.#listeners)
      if (listener.endpoint === endpoint) this.#listeners.delete(listener)
    this.#owner.updateHold()
  }

  stopDialling(): void {
    for (const dialer of this.dialers) dialer.close()
    this.dialers.clear()
  }

  stopListening(): void {
    for (const listener of this.#listeners) listener.close()
    this.#listeners.clear()
  }

  /** For good. All are still known: while sessions end, none of them is to seem the last way to anybody. */
  close(): void {
    for (const dialer of this.dialers) dialer.close()
    for (const listener of this.#listeners) listener.close()
  }
}

/** Throws `UsageError`: BAD_ENDPOINT, UNSUPPORTED_TRANSPORT, PATH_TOO_LONG. */
function endpointOf(at: string | MessagePortLike, purpose: 'bind' | 'connect'): Endpoint {
  return typeof at === 'string' ? parseEndpoint(at, purpose) : { transport: 'port', line: lineOf(at) }
}

/** As `endpointOf`, and throws `UsageError` UNAUTHENTICATED_BIND. */
function endpointToBind(at: string | MessagePortLike, options: ResolvedOptions): Endpoint {
  const endpoint = endpointOf(at, 'bind')
  const { security, allowUnauthenticated } = options
  if (security.authenticates || allowUnauthenticated || isLoopback(endpoint)) return endpoint
  throw new UsageError(
    'UNAUTHENTICATED_BIND',
    `${JSON.stringify(at)} can be reached from other machines, and nobody is asked who they are: ` +
      'give it a security that asks, bind to 127.0.0.1, ::1, ipc or inproc, or set allowUnauthenticated',
  )
}
