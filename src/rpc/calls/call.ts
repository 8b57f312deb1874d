// One call made here: what it is, where it is, what it holds. And what it needs of those who carry it: a lane to one peer, a target
// that knows lanes. What becomes of it is decided in calls.ts.

import { Deadline } from '../../base/deadlines.ts'
import type { Numbered } from '../../base/id-table.ts'
import type { PeerLink } from '../api/peer.ts'
import type { CallSettings } from '../api/settings.ts'
import type { Tracer } from '../around/tracer.ts'
import type { Executed, RpcError } from '../errors/errors.ts'
import type { Offers } from '../streams/offers.ts'
import type { Inflow, StreamOwner } from '../streams/remote-stream.ts'
import { leftError, type Trouble } from './endings.ts'
import type { Keepable, KeptChunk } from './kept.ts'
import type { WaitingQueue } from './queue.ts'

export const QUEUED = 0
export const SENT = 1
export const SETTLED = 2

/** One way to one peer. Only the lane that a call was sent on may settle it. */
export interface Lane {
  /** Who is there, for messages. */
  readonly shown: string
  /** Puts the call into the table of those that wait for an answer; returns the lane whose table it is. */
  remember(call: Call): Lane
  forget(call: Call): void
  /** Writes the call; throws `ArgumentError` or `RpcError` PAYLOAD_TOO_LARGE, and then has written nothing. */
  sendCall(call: Call, args: readonly unknown[], remainingMs: number): void
  /** Writes a call encoded before; throws as `sendCall`. */
  sendEncoded(call: Call, remainingMs: number): void
  /** `id, method, args` as `sendCall` has written them here, in octets for any lane: the same Buffer where they are such already. */
  portable(encoded: Buffer): Buffer
  sendCancel(id: number): void
  /** So many items more may come, and `taken` have been taken. */
  sendCredit(id: number, count: number, taken: number): void
}

/** Whom a call is for: it knows which lane is the best of the moment, and where to wait when there is none. */
export interface Target {
  readonly shown: string
  readonly queue: WaitingQueue<Call>
  /** Somebody is there, even if too busy to take a call now. */
  readonly connected: boolean
  /** Another lane, or a later one, may take what one has lost: so calls are kept until they are settled. */
  readonly keeps: boolean
  /** A lane that takes a call now, and is the best for this one. May throw: that fails the call. */
  lane(call: Call): Lane | undefined
  /** Why no call with `settings` may be made, or without them: why one that is open may not wait. `undefined` when it may. */
  refusal(settings?: CallSettings): RpcError | undefined
  /** What went wrong last on the way there, while nobody takes calls. */
  readonly trouble: Trouble | undefined
  /** The one peer that it is for, where that is known before. */
  readonly link?: PeerLink | undefined
}

/** Who decides what becomes of calls. */
export interface CallOwner {
  expire(call: Call): void
  abort(call: Call, reason: unknown): void
}

/** What became of a call on the lanes that it was taken off. */
export interface Past {
  /** Which one is under way, or is the next. */
  attempt: number
  /** Somebody may have run it. */
  started: boolean
  /** How often a server that stays has said that it, or one behind it, is about to go and has not begun it. */
  refusals: number
  /** How the last one ended. */
  error: unknown
  /** Until when it waits for the next. */
  wait: Deadline | undefined
}

export class Call extends Deadline implements StreamOwner, Keepable, Numbered<Call> {
  readonly id: number
  chained: Call | undefined = undefined
  readonly method: string
  readonly settings: CallSettings
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  state: typeof QUEUED | typeof SENT | typeof SETTLED = QUEUED
  /** How long its caller waits, as measured when it was made. */
  timeoutMs: number = Number.POSITIVE_INFINITY
  target: Target
  lane: Lane | undefined = undefined
  /** `id, method, args` in MessagePack, while it waits. */
  encoded: Buffer | undefined = undefined
  /** The same once it was sent, where it can be sent again. */
  kept: KeptChunk | undefined = undefined
  keptAt = 0
  keptEnd = 0
  /** It may be run twice: it is sent again when its connection is lost. */
  repeatable = false
  /** What became of it before, once it was taken off a lane. */
  past: Past | undefined = undefined
  /** What comes, when the function streams; or what its caller waits at for that. */
  stream: Inflow | undefined = undefined
  /** The arguments that stream. */
  offers: Offers | undefined = undefined
  /** Tells who listens how it ends. */
  tracer: Tracer | undefined = undefined
  readonly #owner: CallOwner

  constructor(
    owner: CallOwner,
    id: number,
    target: Target,
    method: string,
    settings: CallSettings,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super()
    this.#owner = owner
    this.id = id
    this.target = target
    this.method = method
    this.settings = settings
    this.resolve = resolve
    this.reject = reject
  }

  get byteLength(): number {
    return this.encoded?.length ?? 0
  }

  /** Whether it can have been run: what an error about it has to say. */
  get executed(): Executed {
    return this.state === QUEUED && this.past?.started !== true ? 'no' : 'maybe'
  }

  /** Behind which item its next message asks for the rest of its stream. */
  get lastId(): string | undefined {
    return this.settings.resume ? this.stream?.receivedId : undefined
  }

  /** The attempt that its next message tells; 0: none. A first one is told where that makes the other side remember the outcome. */
  get attempt(): number {
    // A stream that goes on is no repetition: what it answered before is not wanted again.
    if (!this.repeatable || this.stream?.begun === true) return 0
    const attempt = this.past?.attempt ?? 1
    return attempt > 1 || this.settings.idempotencyKey === undefined ? attempt : 0
  }

  /** Has `tracer` told of the end of its stream; `false` when that has ended. */
  traceStream(tracer: Tracer | undefined): boolean {
    if (tracer === undefined || this.state === SETTLED) return false
    this.tracer = tracer
    return true
  }

  /**
   * Whether a callee that begins no call with an id above `lastId` cannot have begun this one. One nested in another is begun all the same
   * while that is open.
   */
  isBeyond(lastId: number): boolean {
    return this.id > lastId && this.settings.depth === 0
  }

  onDeadline(): void {
    this.#owner.expire(this)
  }

  sendCredit(count: number, taken: number): void {
    if (this.state === SENT) this.lane!.sendCredit(this.id, count, taken)
  }

  leave(): void {
    this.#owner.abort(this, leftError(this))
  }

  onAbort(reason: unknown): void {
    this.#owner.abort(this, reason)
  }
}
