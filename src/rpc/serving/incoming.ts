/**
 * One call of a peer, from its arrival to its answer, for those that do not answer at once: it can be cancelled, run out of time or
 * lose its caller meanwhile, and only the first of these counts. How it is run stands in dispatcher.ts.
 */

import { Deadline } from '../../base/deadlines.ts'
import type { IdTable, Numbered } from '../../base/id-table.ts'
import { CallContext, type ContextSource } from '../api/context.ts'
import type { PeerLink } from '../api/peer.ts'
import type { CallSettings } from '../api/settings.ts'
import type { Tracer } from '../around/tracer.ts'
import { RpcError } from '../errors/errors.ts'
import type { WireError } from '../errors/remote-error.ts'
import type { Handler } from '../registry/handler.ts'
import type { Offer } from '../streams/offers.ts'
import type { ItemLane, Outflow } from '../streams/outflow.ts'
import type { Outcome, Remembered } from './outcomes.ts'
import type { Share } from './slots.ts'

/** Where a call came from and its answer goes. */
export interface CallerLane extends ItemLane {
  readonly shown: string
  /** Calls from there that are not answered. */
  readonly running: IdTable<Incoming>
  readonly share: Share<Incoming>
  /** Calls of ours wait there for an answer, which a call from there may be needed for. */
  readonly calling: boolean
  readonly link: PeerLink
  /** Who it has proved to be, and which of its programs this is: the same over reconnects, if it says so. */
  readonly user: string | undefined
  readonly instance: string
  /** `false` once the connection is gone. */
  readonly open: boolean
  track(incoming: Incoming): void
  untrack(incoming: Incoming): void
  /** Writes RESULT, or ERROR when the value cannot be sent; then `false`. Writes nothing once the connection is gone. */
  sendResult(id: number, value: unknown): boolean
  sendError(id: number, error: WireError): void
  /** The octets of a result; throws what the codec throws. */
  encodeResult(value: unknown): Buffer
  sendOutcome(id: number, outcome: Outcome): void
  sendEnd(id: number): void
  /** The argument at `place` of our own call `id`, if it streams and nobody has asked for it. */
  offer(id: unknown, place: unknown): Offer | undefined
}

/** What the calls of peers need of who runs them. */
export interface IncomingOwner {
  readonly settings: CallSettings
  now(): number
  expire(incoming: Incoming): void
}

export const WAITING = 0
export const RUNNING = 1
export const OVER = 2
/** It waits for the outcome of another one, which was asked for before it. */
export const JOINED = 3

export class Incoming extends Deadline implements ContextSource, Numbered<Incoming> {
  readonly id: number
  chained: Incoming | undefined = undefined
  readonly method: string
  readonly lane: CallerLane
  readonly headers: Readonly<Record<string, string>>
  readonly depth: number
  readonly lastId: string | undefined
  state: typeof WAITING | typeof RUNNING | typeof OVER | typeof JOINED = RUNNING
  /** While it waits for a slot. */
  handler: Handler | undefined = undefined
  args: unknown[] | undefined = undefined
  /** What it returned, when that streams. */
  outflow: Outflow | undefined = undefined
  /** Tells who listens how it ends. */
  tracer: Tracer | undefined = undefined
  /** By what it can be asked for again. */
  remembered: Remembered<Incoming> | undefined = undefined
  /** Its caller waits no more, but others may. */
  left = false
  readonly #owner: IncomingOwner
  #controller: AbortController | undefined
  #reason: RpcError | undefined
  #context: CallContext | undefined

  constructor(
    owner: IncomingOwner,
    lane: CallerLane,
    id: number,
    method: string,
    headers: Readonly<Record<string, string>>,
    depth: number,
    due: number,
    lastId: string | undefined,
  ) {
    super()
    this.#owner = owner
    this.lane = lane
    this.id = id
    this.method = method
    this.headers = headers
    this.depth = depth
    this.due = due
    this.lastId = lastId
  }

  get link(): PeerLink {
    return this.lane.link
  }

  get settings(): CallSettings {
    return this.#owner.settings.nested(this.depth + 1, Number.POSITIVE_INFINITY)
  }

  get context(): CallContext {
    this.#context ??= new CallContext(this)
    return this.#context
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Why nobody waits any more, once somebody has said so. */
  get reason(): RpcError | undefined {
    return this.#reason
  }

  /** Tells the function that nobody waits any more. */
  abort(reason: RpcError): void {
    this.#reason = reason
    this.#controller?.abort(reason)
    this.outflow?.stop()
    this.tracer?.fail(reason, reason.executed)
  }

  now(): number {
    return this.#owner.now()
  }

  onDeadline(): void {
    this.#owner.expire(this)
  }
}

/** The code with which calls end that had no time to before their callee went. */
export const CUT_OFF = 'DRAINING'

/** Why `ctx.signal` aborts when this side has waited for the function as long as it was going to. */
export function draining(): RpcError {
  return new RpcError(CUT_OFF, 'this side is shutting down', { executed: 'yes' })
}

/** Why `ctx.signal` aborts when the connection to the caller is lost. */
export function peerGone(shown: string): RpcError {
  return new RpcError('PEER_GONE', `${shown} is gone`, { executed: 'yes' })
}
