/**
 * What stands around the calls of one participant: its middleware, and the traces for who listens to `pseud:call`. Who makes calls and who
 * runs functions asks `engaged` and comes here only when it says so; otherwise nothing is made for it. The calls of `$stream`, which
 * fetch the items of an argument, are part of another call and pass by.
 */

import type { Deadlines } from '../../base/deadlines.ts'
import { Peer, type PeerLink } from '../api/peer.ts'
import type { CallSettings } from '../api/settings.ts'
import type { AbortWatches } from '../calls/abort.ts'
import type { Target } from '../calls/call.ts'
import type { Calls, NotifyLane, Surroundings } from '../calls/calls.ts'
import { closedError } from '../calls/endings.ts'
import { RpcError } from '../errors/errors.ts'
import { markNotRun } from '../errors/not-run.ts'
import type { WireError } from '../errors/remote-error.ts'
import type { Counters } from '../participants/counters.ts'
import { STREAM_METHOD } from '../registry/names.ts'
import type { ErrorReport } from '../serving/answers.ts'
import type { Incoming } from '../serving/incoming.ts'
import type { PendingCall } from '../streams/remote-stream.ts'
import { callsAreTraced } from './channels.ts'
import { Onion } from './middleware.ts'
import { Outgoing, OutgoingCall, type OutgoingOwner, openHeaders, withHeaders } from './outgoing.ts'
import { ServedCall } from './served.ts'
import { Tracer } from './tracer.ts'

export interface AroundOptions {
  /** The participant's. */
  readonly name: string
  readonly counters: Counters
  readonly deadlines: Deadlines
  readonly watches: AbortWatches
  readonly maxPending: number
  /** The time of this turn, and the time that it is, in ms. */
  readonly now: () => number
  readonly clock: () => number
  readonly report: (error: unknown, about: ErrorReport) => void
}

export class Around implements OutgoingOwner, Surroundings {
  readonly onion: Onion = new Onion()
  calls!: Calls
  readonly #options: AroundOptions
  readonly #open = new Set<Outgoing>()

  constructor(options: AroundOptions) {
    this.#options = options
  }

  /** The participant's. */
  get name(): string {
    return this.#options.name
  }

  /** Something stands around calls at the moment. */
  get engaged(): boolean {
    return !this.onion.isEmpty || callsAreTraced()
  }

  now(): number {
    return this.#options.now()
  }

  // -- calls made here ---------------------------------------------------------------------------------------------------

  /** Makes a call, as `Calls#start` does. */
  start(target: Target, method: string, args: readonly unknown[], settings: CallSettings): PendingCall {
    if (method === STREAM_METHOD) return this.calls.begin(target, method, args, settings)
    if (!callsAreTraced()) return this.#make(target, method, args, settings, undefined)
    const tracer = this.#outgoingTracer('call', target, method, args, settings)
    return tracer.run(() => this.#make(target, method, args, this.#traced(settings, tracer), tracer))
  }

  /** Calls without an answer; `false`: it was dropped here, as far as is known by now. */
  notify(lane: NotifyLane, method: string, args: readonly unknown[], settings: CallSettings): boolean {
    if (!callsAreTraced()) return this.#notify(lane, method, args, settings, undefined)
    const tracer = this.#outgoingTracer('notify', lane, method, args, settings)
    return tracer.run(() => this.#notify(lane, method, args, this.#traced(settings, tracer), tracer))
  }

  /** Settles every call that middleware stands around. */
  close(): void {
    for (const call of [...this.#open]) call.stop(closedError(call.executed))
  }

  enter(call: Outgoing): boolean {
    const { deadlines, watches, maxPending } = this.#options
    if (this.#open.size >= maxPending) return false
    this.#open.add(call)
    this.calls.hold()
    const now = this.now()
    // The call itself fails first, and middleware has this much time to make something of it.
    if (call.endsAt !== Number.POSITIVE_INFINITY) deadlines.add(call, now, call.endsAt - now + GRACE_MS)
    if (call.signal !== undefined) watches.add(call.signal, call)
    return true
  }

  leave(call: Outgoing): void {
    if (!this.#open.delete(call)) return
    const { deadlines, watches } = this.#options
    deadlines.remove(call)
    if (call.signal !== undefined) watches.remove(call.signal, call)
    this.calls.release()
  }

  #make(
    target: Target,
    method: string,
    args: readonly unknown[],
    settings: CallSettings,
    tracer: Tracer | undefined,
  ): PendingCall {
    const refusal = this.onion.isEmpty ? undefined : this.calls.refused(settings)
    if (this.onion.isEmpty || refusal !== undefined) {
      // Those that cannot be made are told so by whoever makes calls.
      return this.calls.begin(target, method, args, settings, tracer)
    }
    return new Outgoing(this, target, method, args, settings, tracer).start()
  }

  #notify(
    lane: NotifyLane,
    method: string,
    args: readonly unknown[],
    settings: CallSettings,
    tracer: Tracer | undefined,
  ): boolean {
    if (this.onion.isEmpty) {
      const sent = lane.sendNotify(method, args, settings)
      tracer?.succeed(sent)
      return sent
    }
    const never = (): AbortSignal => new AbortController().signal
    const call = new OutgoingCall('notify', lane, method, args, settings, Number.POSITIVE_INFINITY, never)
    let sent: boolean | undefined
    this.onion
      .run(call, () => {
        sent = false
        sent = lane.sendNotify(method, call.args, withHeaders(settings, call.headers))
        return sent
      })
      .then(
        () => tracer?.succeed(sent === true),
        (error: unknown) => {
          if (sent === undefined) this.#options.counters.notifiesDropped++
          this.#options.report(error, { method, peer: lane.shown })
          tracer?.fail(error, sent === true ? 'maybe' : 'no')
        },
      )
    return sent ?? true
  }

  // -- calls of peers ----------------------------------------------------------------------------------------------------

  /** Runs the function for a call of a peer: `run` gets the arguments that middleware leaves. Throws what it throws. */
  serve(
    incoming: Incoming,
    kind: 'call' | 'notify',
    args: unknown[],
    run: (args: unknown[]) => unknown,
  ): unknown {
    if (!callsAreTraced()) return this.#serve(incoming, kind, args, run)
    incoming.tracer = this.#incomingTracer(kind, incoming, args)
    return incoming.tracer.run(() => this.#serve(incoming, kind, args, run))
  }

  #serve(
    incoming: Incoming,
    kind: 'call' | 'notify',
    args: unknown[],
    run: (args: unknown[]) => unknown,
  ): unknown {
    if (this.onion.isEmpty) return run(args)
    const call = new ServedCall(incoming, kind, args)
    let begun = false
    const outcome = this.onion.run(call, () => {
      const given = call.checkedArgs()
      begun = true
      return run(given)
    })
    return outcome.catch((error: unknown) => {
      // A guard: it refused in front of the function.
      throw begun || !(error instanceof Error) ? error : markNotRun(error)
    })
  }

  /** A call of a peer was not run. */
  refused(incoming: Incoming, args: readonly unknown[], { c, m }: WireError): void {
    if (!callsAreTraced() || incoming.method === STREAM_METHOD) return
    const tracer = this.#incomingTracer('call', incoming, args)
    tracer.run(() => tracer.fail(new RpcError(c, m, { executed: 'no' }), 'no'))
  }

  // -- traces ------------------------------------------------------------------------------------------------------------

  #outgoingTracer(
    kind: 'call' | 'notify',
    target: { readonly shown: string; readonly link?: PeerLink | undefined },
    method: string,
    args: readonly unknown[],
    settings: CallSettings,
  ): Tracer {
    const { name, clock } = this.#options
    const { shown: remote, link } = target
    const peer = link === undefined ? undefined : new Peer(link, settings)
    const headers = openHeaders(settings)
    const user = link?.user
    return new Tracer({ side: 'client', kind, name, method, args, headers, remote, peer, user }, clock)
  }

  #incomingTracer(kind: 'call' | 'notify', incoming: Incoming, args: readonly unknown[]): Tracer {
    const { name, clock } = this.#options
    const { method, context, lane } = incoming
    const headers = { __proto__: null, ...incoming.headers } as never
    const { peer, user } = context
    return new Tracer(
      { side: 'server', kind, name, method, args, headers, remote: lane.shown, peer, user },
      clock,
    )
  }

  /** With the headers that subscribers left: one that is wrong must not fail the call that is only watched. */
  #traced(settings: CallSettings, tracer: Tracer): CallSettings {
    const { headers } = tracer.trace
    for (const name of Object.keys(headers)) if (typeof headers[name] !== 'string') delete headers[name]
    return withHeaders(settings, headers)
  }
}

const GRACE_MS = 10
