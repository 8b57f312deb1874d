// What a function may know of the call that it serves: made only for functions that ask for it.

import { dateOf } from '../../base/clock.ts'
import { Peer, type PeerLink } from './peer.ts'
import { type Callable, type CallOptions, type CallSettings, inheritedStub } from './settings.ts'

/** What a context needs of the call behind it. */
export interface ContextSource {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly depth: number
  readonly lastId: string | undefined
  /** On the monotonic clock; `Infinity` when the caller waits for ever. */
  readonly due: number
  readonly link: PeerLink
  /** Settings for calls made on behalf of this one. */
  readonly settings: CallSettings
  readonly signal: AbortSignal
  now(): number
}

/** The context that a call of `method` would have, were it made instead of this one. */
export let contextAs: (context: CallContext, method: string) => CallContext

/**
 * What a function that asks for it may know of the call that it serves. `PeerApi` is what the caller registers: `ctx.peer.api.x()` calls it
 * back.
 */
export class CallContext<PeerApi = unknown> {
  static {
    // Bundlers rename a class that speaks of itself.
    Object.defineProperty(CallContext, 'name', { value: 'CallContext' })
    contextAs = (context, method) => new CallContext(new Renamed(context.#source, method))
  }

  readonly #source: ContextSource
  #peer: Peer<PeerApi> | undefined

  /** @internal */
  constructor(source: ContextSource) {
    this.#source = source
  }

  /** The name it was called by. */
  get method(): string {
    return this.#source.method
  }

  /** Who the caller has proved to be; `undefined` where nobody is asked to. */
  get user(): string | undefined {
    return this.#source.link.user
  }

  /** The caller. Calls made through it count as nested in this one. */
  get peer(): Peer<PeerApi> {
    this.#peer ??= new Peer(this.#source.link, this.#source.settings)
    return this.#peer
  }

  /** What the caller sent along: an object without prototype. */
  get headers(): Readonly<Record<string, string>> {
    return this.#source.headers
  }

  /** How many calls this one is nested in: 0 when nobody's function made it. */
  get depth(): number {
    return this.#source.depth
  }

  /**
   * Of a stream that its caller has lost and asks for again: the id of the last item that arrived. The function goes on behind it.
   * `undefined`: from the beginning.
   */
  get lastId(): string | undefined {
    return this.#source.lastId
  }

  /** Aborts when nobody waits for the result any more: the peer is gone, its caller gave up, the deadline passed. */
  get signal(): AbortSignal {
    return this.#source.signal
  }

  /** When the caller gives up; `undefined` when it does not. */
  get deadline(): Date | undefined {
    const due = this.#source.due
    return due === Number.POSITIVE_INFINITY ? undefined : dateOf(due)
  }

  /** How long the caller still waits, in ms; `Infinity` when for ever. */
  get remainingMs(): number {
    return Math.max(0, this.#source.due - this.#source.now())
  }

  /**
   * A stub of `target` (a client, a peer) whose calls are made on behalf of this one: they end with it, have no more time
   * than is left, carry its headers and count as nested. Throws `UsageError` BAD_OPTION.
   */
  with<Stub>(target: Callable<Stub>, options: CallOptions = {}): Stub {
    const { headers, signal, depth, due } = this.#source
    return inheritedStub(target, (own) =>
      own
        .with({ signal, ...(Object.keys(headers).length > 0 && { headers }) })
        .with(options)
        .nested(depth + 1, due),
    ) as Stub
  }
}

class Renamed implements ContextSource {
  readonly method: string
  readonly #source: ContextSource

  constructor(source: ContextSource, method: string) {
    this.method = method
    this.#source = source
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#source.headers
  }

  get depth(): number {
    return this.#source.depth
  }

  get due(): number {
    return this.#source.due
  }

  get link(): PeerLink {
    return this.#source.link
  }

  get settings(): CallSettings {
    return this.#source.settings
  }

  get signal(): AbortSignal {
    return this.#source.signal
  }

  get lastId(): string | undefined {
    return this.#source.lastId
  }

  now(): number {
    return this.#source.now()
  }
}
