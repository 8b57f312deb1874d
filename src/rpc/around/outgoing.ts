/**
 * A call made here that middleware stands around. Outside is the promise that the caller has; inside is a call like any other, made when
 * the innermost `next()` is called, or never. What ends the outside at once (the caller's signal, close, a stream that is left) ends the
 * inside too; what the inside ends with goes through the middleware first, which may think otherwise of it.
 */
import { dateOf } from '../../base/clock.ts'
import { Deadline } from '../../base/deadlines.ts'
import { UsageError } from '../../base/errors.ts'
import { Peer } from '../api/peer.ts'
import type { CallSettings } from '../api/settings.ts'
import type { Abortable } from '../calls/abort.ts'
import type { Call, Target } from '../calls/call.ts'
import type { Calls } from '../calls/calls.ts'
import { leftError } from '../calls/endings.ts'
import { DeadlineError, type Executed, RpcError } from '../errors/errors.ts'
import { offersIn } from '../streams/offers.ts'
import { isSource } from '../streams/outflow.ts'
import { PendingCall, type RemoteStream, type StreamOwner } from '../streams/remote-stream.ts'
import { debug, debugFailure } from './debug.ts'
import { asRemoteStream, LaterStream } from './later-stream.ts'
import type { MiddlewareCall, Onion } from './middleware.ts'
import type { Tracer } from './tracer.ts'

/** A call as middleware on the caller's side sees it; also the arguments, headers and peer of its trace. */
export class OutgoingCall implements MiddlewareCall {
  readonly side = 'client'
  readonly kind: 'call' | 'notify'
  readonly method: string
  readonly peer: Peer | undefined
  readonly user: string | undefined
  readonly deadline: Date | undefined
  args: unknown[]
  headers: Readonly<Record<string, string>>
  readonly #signal: () => AbortSignal

  constructor(
    kind: 'call' | 'notify',
    target: CallTarget,
    method: string,
    args: readonly unknown[],
    settings: CallSettings,
    due: number,
    signal: () => AbortSignal,
  ) {
    this.kind = kind
    this.method = method
    this.args = [...args]
    this.headers = openHeaders(settings)
    this.peer = target.link === undefined ? undefined : new Peer(target.link, settings)
    this.user = target.link?.user
    this.deadline = due === Number.POSITIVE_INFINITY ? undefined : dateOf(due)
    this.#signal = signal
  }

  get signal(): AbortSignal {
    return this.#signal()
  }
}

/** Whom a call is for, as far as that is known when it is made. */
export type CallTarget = Pick<Target, 'link'>

/** The headers of a call, to be changed before it is made. */
export function openHeaders(settings: CallSettings): Record<string, string> {
  return { __proto__: null, ...settings.headers } as never
}

/** `settings` with the headers that middleware or a subscriber left. Throws `UsageError` BAD_OPTION when one is no string. */
export function withHeaders(settings: CallSettings, headers: Readonly<Record<string, string>>): CallSettings {
  if (settings.headers === undefined && Object.keys(headers).length === 0) return settings
  return settings.withHeaders(headers)
}

/** What all surrounded calls of a participant share. */
export interface OutgoingOwner {
  readonly calls: Calls
  readonly onion: Onion
  readonly name: string
  now(): number
  /** A surrounded call has begun; `false`: there are too many. */
  enter(call: Outgoing): boolean
  leave(call: Outgoing): void
}

export class Outgoing extends Deadline implements Abortable, StreamOwner {
  readonly method: string
  /** When its caller gives up. The deadline that it is entered with is later, for middleware's sake. */
  readonly endsAt: number
  readonly #owner: OutgoingOwner
  readonly #target: Target
  readonly #settings: CallSettings
  readonly #tracer: Tracer | undefined
  readonly #timeoutMs: number
  readonly #call: OutgoingCall
  readonly #pending: PendingCall
  #resolve!: (value: unknown) => void
  #reject!: (error: unknown) => void
  #inner: Call | undefined
  #stream: LaterStream | undefined
  #controller: AbortController | undefined
  #over = false
  #reason: unknown

  constructor(
    owner: OutgoingOwner,
    target: Target,
    method: string,
    args: readonly unknown[],
    settings: CallSettings,
    tracer: Tracer | undefined,
  ) {
    super()
    this.#owner = owner
    this.#target = target
    this.method = method
    this.#settings = settings
    this.#tracer = tracer
    const now = owner.now()
    this.#timeoutMs = Math.min(settings.timeoutMs, settings.due - now)
    this.endsAt = now + this.#timeoutMs
    this.#call = new OutgoingCall('call', target, method, args, settings, this.endsAt, () => this.#signal)
    this.#pending = new PendingCall((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#pending.owner = this
  }

  get signal(): AbortSignal | undefined {
    return this.#settings.signal
  }

  get executed(): Executed {
    return this.#inner?.executed ?? 'no'
  }

  start(): PendingCall {
    if (!this.#owner.enter(this)) {
      this.#over = true
      this.#fail(new RpcError('RESOURCE_EXHAUSTED', 'too many calls are open', { executed: 'no' }))
      return this.#pending
    }
    this.#owner.onion
      .run(this.#call, () => this.#send())
      .then(
        (value) => this.#answer(value),
        (error) => {
          if (this.#end(error)) this.#fail(error)
        },
      )
    return this.#pending
  }

  /** Its caller is told `error` now, whatever middleware does. */
  stop(error: unknown): void {
    if (!this.#end(error)) return
    if (this.#inner !== undefined) this.#owner.calls.abort(this.#inner, error)
    else offersIn(this.#call.args)?.close()
    this.#fail(error)
  }

  onAbort(reason: unknown): void {
    this.stop(reason)
  }

  /** The call itself ran out of time before; this is middleware that has not answered since. */
  onDeadline(): void {
    const message = `the middleware around ${this.method} did not answer within ${Math.round(this.#timeoutMs)} ms`
    this.stop(new DeadlineError(message, { executed: this.executed }))
  }

  // -- as the owner of its promise (StreamOwner) -----------------------------------------------------------------------

  get stream(): RemoteStream {
    this.#stream ??= new LaterStream(this.#pending, this.method, () => this.leave())
    return this.#stream
  }

  sendCredit(): void {}

  leave(): void {
    this.stop(leftError(this))
  }

  // -- inside ----------------------------------------------------------------------------------------------------------

  /** The innermost `next()`. */
  #send(): unknown {
    if (this.#over) return Promise.reject(this.#reason)
    const { args, headers } = this.#call
    if (!Array.isArray(args)) throw new UsageError('BAD_OPTION', 'call.args is an array')
    const settings = withHeaders(this.#settings, headers).nested(this.#settings.depth, this.endsAt)
    const pending = this.#owner.calls.begin(this.#target, this.method, args, settings)
    this.#inner = pending.owner as Call | undefined
    return pending
  }

  #answer(value: unknown): void {
    if (!this.#end(undefined)) {
      // Too late for anybody to take its items.
      if (isSource(value)) void asRemoteStream(value, this.method).return()
      return
    }
    if (this.#inner === undefined) offersIn(this.#call.args)?.close()
    const given = isSource(value) ? asRemoteStream(value, this.method) : value
    this.#resolve(given)
    // A stream is over when its last item has come.
    if (isSource(given) && this.#inner?.traceStream(this.#tracer) === true) return
    this.#tracer?.succeed(given)
  }

  #fail(error: unknown): void {
    this.#reject(error)
    this.#tracer?.fail(error, this.executed)
    // What the call inside failed with is told where that failed.
    if (!debug.enabled || this.#inner !== undefined) return
    const after = Number.NaN
    debugFailure(this.#owner.name, this.method, this.#target.shown, after, 'no', error)
  }

  #end(reason: unknown): boolean {
    if (this.#over) return false
    this.#over = true
    this.#reason = reason
    this.#owner.leave(this)
    if (reason !== undefined) this.#controller?.abort(reason)
    return true
  }

  get #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#over && this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }
}
