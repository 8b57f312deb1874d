/**
 * The calls that this side makes: from the stub to the promise's end. A call is QUEUED (only here), then SENT (written to a
 * connection), then SETTLED, exactly once; what comes later is counted and dropped. It says where a call goes and when it is over;
 * how it looks on the wire is the lane's affair. No sockets; the clock and the dice are passed in.
 */
import type { Random } from '../../base/clock.ts'
import type { Deadlines } from '../../base/deadlines.ts'
import type { PeerLink } from '../api/peer.ts'
import type { CallSettings } from '../api/settings.ts'
import { debug, debugFailure } from '../around/debug.ts'
import type { Tracer } from '../around/tracer.ts'
import { DeadlineError, type Executed, RpcError } from '../errors/errors.ts'
import type { Counters } from '../participants/counters.ts'
import { offersIn } from '../streams/offers.ts'
import { Inflow, PendingCall } from '../streams/remote-stream.ts'
import type { AbortWatches } from './abort.ts'
import { Call, type CallOwner, type Lane, SENT, SETTLED, type Target } from './call.ts'
import { absentError, closedError, lateError } from './endings.ts'
import { Keeper } from './kept.ts'
import type { WaitingQueue } from './queue.ts'
import { Retries, unsend } from './retries.ts'
import type { RetryRules } from './retry-policy.ts'

/** What stands around calls: middleware and traces (around/around.ts). */
export interface Surroundings {
  /** Whether there is anything at the moment; if not, no call goes there. */
  readonly engaged: boolean
  /** The participant's. */
  readonly name: string
  calls: Calls
  start(target: Target, method: string, args: readonly unknown[], settings: CallSettings): PendingCall
  notify(lane: NotifyLane, method: string, args: readonly unknown[], settings: CallSettings): boolean
}

/** Where a notify goes. */
export interface NotifyLane {
  readonly shown: string
  readonly link: PeerLink
  /** `false`: it was dropped. */
  sendNotify(method: string, args: readonly unknown[], settings: CallSettings): boolean
}

export interface CallsOptions {
  readonly around: Surroundings
  readonly deadlines: Deadlines
  readonly watches: AbortWatches
  readonly counters: Counters
  readonly random: Random
  /** The time of this turn, in ms. */
  readonly now: () => number
  readonly maxPending: number
  readonly maxDepth: number
  /** What sent calls may take of memory, to be sent again. */
  readonly maxKeptBytes: number
  readonly rules: RetryRules
  /** Encodes id, method and arguments of a call that has to wait; throws `ArgumentError`. */
  readonly encode: (call: Call, args: readonly unknown[]) => Buffer
  /** A first call is open, or the last one has settled. */
  readonly onOpen: () => void
  readonly onIdle: () => void
}

export class Calls implements CallOwner {
  readonly keeper: Keeper
  readonly around: Surroundings
  readonly retries: Retries
  readonly #options: CallsOptions
  readonly #counters: Counters
  #nextId: number
  #open = 0
  // Calls that middleware stands around, and has not answered.
  #held = 0
  #made = 0
  #closed = false

  constructor(options: CallsOptions) {
    this.#options = options
    this.around = options.around
    this.around.calls = this
    this.#counters = options.counters
    this.keeper = new Keeper(options.maxKeptBytes, () => this.#counters.unkept++)
    this.retries = new Retries(options, this.keeper, (call) => this.#requeue(call))
    // A peer that guesses ids gains nothing (the tables are per lane), and need not find it easy either.
    this.#nextId = 1 + Math.floor(options.random() * (ID_MAX - 1))
  }

  /** Calls that are not settled. */
  get open(): number {
    return this.#open + this.#held
  }

  /** Something around a call is not over, though the call itself may be. `release` when it is. */
  hold(): void {
    if (this.#held++ === 0) this.#options.onOpen()
  }

  release(): void {
    if (--this.#held === 0 && this.#open === 0) this.#options.onIdle()
  }

  /** Makes a call. All failures, also those of this very moment, come as a rejection. */
  start(target: Target, method: string, args: readonly unknown[], settings: CallSettings): PendingCall {
    const { around } = this
    return around.engaged
      ? around.start(target, method, args, settings)
      : this.begin(target, method, args, settings)
  }

  /** As `start`, with nothing around it. */
  begin(
    target: Target,
    method: string,
    args: readonly unknown[],
    settings: CallSettings,
    tracer?: Tracer,
  ): PendingCall {
    const signal = settings.signal
    if (signal?.aborted === true) {
      this.#counters.cancelled++
      tracer?.fail(signal.reason, 'no')
      return PendingCall.refused(signal.reason)
    }
    const refusal = this.#closed ? closedError('no') : (this.#limit(settings) ?? target.refusal(settings))
    if (refusal !== undefined) {
      this.#failed(refusal, method, target, undefined, 'no', tracer)
      return PendingCall.refused(refusal)
    }
    const pending = new PendingCall(keepSettlers)
    const call = new Call(this, this.#takeId(), target, method, settings, resolveNewest, rejectNewest)
    pending.owner = call
    call.tracer = tracer
    try {
      this.#send(call, args)
    } catch (error) {
      call.state = SETTLED
      this.keeper.release(call)
      this.#failed(error, method, target, call, 'no', tracer)
      call.reject(error)
    }
    return pending
  }

  /** Sends calls that wait in `queue`, each on what `takes` says for it, while that says anything. */
  drain(queue: WaitingQueue<Call>, takes: (call: Call) => Lane | undefined): void {
    if (queue.size === 0) return
    const now = this.#options.now()
    for (const call of queue) {
      try {
        const lane = takes(call)
        if (lane === undefined) return
        queue.delete(call)
        lane.sendEncoded(call, call.due - now)
        if (call.target.keeps) this.keeper.adopt(call, call.encoded!)
        this.#sent(call, lane)
      } catch (error) {
        // What was run elsewhere may have been; that this one does not take it says nothing of that.
        this.reject(call, call.past?.started === true ? (call.past.error ?? error) : error)
      }
      call.encoded = undefined
    }
  }

  /**
   * Takes sent calls off their lanes, and has each wait again at its target, with its id, arguments, time, signal and streams, for
   * the next lane that takes it, which may be now. `started`: they may have been run where they were. Returns those that cannot be
   * sent again, as they were: their octets found no room, they stream already, or nobody is left to send them to.
   */
  resend(calls: Iterable<Call>, started: boolean): Call[] {
    const stay: Call[] = []
    const targets = new Set<Target>()
    for (const call of [...calls]) {
      if (unsend(call, this.keeper, started)) {
        call.target.queue.add(call)
        targets.add(call.target)
      } else stay.push(call)
    }
    for (const target of targets) this.drain(target.queue, (call) => target.lane(call))
    return stay
  }

  /** The connection of these calls is lost: they reject in this turn, unless they may be run twice and are sent again. */
  lose(calls: Iterable<Call>, errorOf: (call: Call) => unknown): void {
    for (const call of [...calls]) {
      const error = errorOf(call)
      if (this.#closed || !call.repeatable || !this.retries.take(call, error)) this.reject(call, error)
    }
  }

  #requeue(call: Call): void {
    const { target } = call
    target.queue.add(call)
    this.drain(target.queue, (next) => target.lane(next))
  }

  /** Whether a call with this id can have been made here. */
  hasMade(id: number): boolean {
    const before = (this.#nextId - id + ID_MAX) % ID_MAX
    return before > 0 && before <= this.#made
  }

  /** An item of a stream has come: its first one is what the call's promise waited for. `false`: nobody had allowed it. */
  receive(call: Call, item: unknown, size: number, trackId: string | undefined): boolean {
    this.#counters.itemsReceived++
    return this.#streamOf(call).push(item, size, trackId)
  }

  /** The stream of a call has ended. */
  end(call: Call): void {
    const stream = this.#streamOf(call)
    if (!this.#detach(call)) return
    this.#counters.succeeded++
    call.tracer?.succeed(stream)
    stream.end()
  }

  /** Settles a call with a value; `false` when it was settled before. */
  resolve(call: Call, value: unknown): boolean {
    if (!this.#detach(call)) return false
    this.#counters.succeeded++
    call.tracer?.succeed(value)
    call.resolve(value)
    return true
  }

  reject(call: Call, error: unknown): boolean {
    const { executed } = call
    if (!this.#detach(call)) return false
    this.#counters.failed++
    this.#failed(error, call.method, call.target, call, executed, call.tracer)
    call.stream?.fail(error, false)
    call.reject(error)
    return true
  }

  /** Rejects all calls of a lane or queue, in this turn. `errorOf` is asked while the call still knows whether it was sent. */
  rejectAll(calls: Iterable<Call>, errorOf: (call: Call) => unknown): void {
    for (const call of [...calls]) this.reject(call, errorOf(call))
  }

  expire(call: Call): void {
    const { state, lane, executed } = call
    if (!this.#detach(call)) return
    this.#counters.timedOut++
    const error = lateError(call, executed)
    this.#failed(error, call.method, call.target, call, executed, call.tracer)
    call.stream?.fail(error, true)
    call.reject(error)
    if (state === SENT) lane!.sendCancel(call.id)
  }

  abort(call: Call, reason: unknown): void {
    const { state, lane, executed } = call
    if (!this.#detach(call)) return
    this.#counters.cancelled++
    this.#failed(reason, call.method, call.target, call, executed, call.tracer)
    call.stream?.fail(reason, true)
    call.reject(reason)
    if (state === SENT) lane!.sendCancel(call.id)
  }

  /** No further call can be made. */
  close(): void {
    this.#closed = true
  }

  /** Why a call with these settings cannot be made, to whomever. */
  refused(settings: CallSettings): unknown {
    if (settings.signal?.aborted === true) return settings.signal.reason
    return this.#closed ? closedError('no') : this.#limit(settings)
  }

  /** Tells those who want to know of calls that fail. */
  #failed(
    error: unknown,
    method: string,
    target: Target,
    call: Call | undefined,
    executed: Executed,
    tracer: Tracer | undefined,
  ): void {
    tracer?.fail(error, executed)
    if (!debug.enabled) return
    const afterMs = call === undefined ? Number.NaN : this.#options.now() - call.due + call.timeoutMs
    debugFailure(this.around.name, method, call?.lane?.shown ?? target.shown, afterMs, executed, error)
  }

  #streamOf(call: Call): Inflow {
    call.stream ??= new Inflow(call)
    const { stream } = call
    if (!stream.begun) call.resolve(stream)
    return stream
  }

  #send(call: Call, given: readonly unknown[]): void {
    const { target, settings } = call
    call.offers = offersIn(given)
    const args = call.offers === undefined ? given : call.offers.without(given)
    const now = this.#options.now()
    const left = settings.due - now
    call.timeoutMs = Math.min(left, settings.timeoutMs)
    if (call.timeoutMs <= 0) {
      throw new DeadlineError(`no time is left to call ${call.method} at ${target.shown}`, { executed: 'no' })
    }
    call.repeatable = settings.retry !== undefined && target.keeps && this.#isRepeatable(call)
    const lane = target.queue.size === 0 ? target.lane(call) : undefined
    if (lane !== undefined) {
      lane.sendCall(call, args, call.timeoutMs)
      this.#sent(call, lane)
    } else {
      this.#enqueue(call, args)
    }
    if (this.#open++ === 0) this.#options.onOpen()
    this.#counters.started++
    // User code that ran while the arguments were encoded may have made calls: they had to wait.
    if (lane !== undefined && target.queue.size > 0) this.drain(target.queue, (next) => target.lane(next))
    if (call.timeoutMs !== Number.POSITIVE_INFINITY) this.#options.deadlines.add(call, now, call.timeoutMs)
    if (settings.signal !== undefined) this.#options.watches.add(settings.signal, call)
  }

  #isRepeatable({ method, settings }: Call): boolean {
    if (settings.resume) return true
    if (settings.idempotencyKey !== undefined) return true
    return settings.idempotent ?? this.#options.rules.isIdempotent?.(method) ?? false
  }

  #sent(call: Call, lane: Lane): void {
    call.state = SENT
    call.lane = lane.remember(call)
  }

  #enqueue(call: Call, args: readonly unknown[]): void {
    const { target, settings } = call
    if (settings.failFast && !target.connected) {
      throw absentError(target)
    }
    call.encoded = this.#options.encode(call, args)
    if (!target.queue.hasRoom(call.encoded.length)) {
      throw new RpcError('RESOURCE_EXHAUSTED', `too many calls wait for ${target.shown}`, { executed: 'no' })
    }
    target.queue.add(call)
  }

  #limit(settings: CallSettings): RpcError | undefined {
    const { maxDepth, maxPending } = this.#options
    if (settings.depth > maxDepth) {
      return new RpcError('FAILED_PRECONDITION', `calls are nested deeper than ${maxDepth}`, {
        executed: 'no',
      })
    }
    if (this.#open >= maxPending) {
      return new RpcError('RESOURCE_EXHAUSTED', `${maxPending} calls are open`, { executed: 'no' })
    }
    return undefined
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId = id === ID_MAX ? 1 : id + 1
    this.#made++
    return id
  }

  /** Takes an open call out of all that holds it; `false` when it was settled before. */
  #detach(call: Call): boolean {
    if (call.state === SETTLED) return false
    if (call.state === SENT) call.lane!.forget(call)
    else call.target.queue.delete(call)
    call.state = SETTLED
    if (call.kept !== undefined) this.keeper.release(call)
    if (call.past !== undefined) this.retries.forget(call)
    this.#options.deadlines.remove(call)
    const signal = call.settings.signal
    if (signal !== undefined) this.#options.watches.remove(signal, call)
    if (--this.#open === 0) this.#options.onIdle()
    call.offers?.close()
    return true
  }
}

// Small integers to V8. After them the ids begin anew: by then none of the first is open any more.
const ID_MAX = 0x7fff_ffff

// The two functions of the promise that is being made: taken out of it without a closure for each.
let resolveNewest: (value: unknown) => void
let rejectNewest: (error: unknown) => void
const keepSettlers = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
  resolveNewest = resolve
  rejectNewest = reject
}
