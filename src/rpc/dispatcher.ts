/**
 * Runs what peers call: reads a request, finds its function, runs it, answers. A function that returns a plain value is answered
 * on the spot, and nothing is made for it but its arguments; one that returns a promise becomes an Incoming. Whatever a
 * function does, its caller gets one answer, and nothing it throws gets past this file.
 */
import { ProtocolError } from '../base/errors.ts'
import type { Codec, Reader } from '../codec/index.ts'
import { CallRequest } from './call-request.ts'
import type { CallContext } from './context.ts'
import type { Counters } from './counters.ts'
import type { Deadlines } from './deadlines.ts'
import { DeadlineError, RpcError } from './errors.ts'
import type { Handler } from './handler.ts'
import {
  type CallerLane,
  Incoming,
  type IncomingOwner,
  OVER,
  peerGone,
  RUNNING,
  WAITING,
} from './incoming.ts'
import { quote } from './names.ts'
import type { Asking } from './registry.ts'
import { type ExposeErrors, toWire, type WireError } from './remote-error.ts'
import type { CallSettings } from './settings.ts'
import { RUN, type Slots, WAIT } from './slots.ts'

export interface DispatcherOptions {
  readonly codec: Codec
  readonly reader: Reader
  readonly find: (name: string, asking: Asking) => Handler | undefined
  readonly slots: Slots<Incoming>
  readonly counters: Counters
  readonly deadlines: Deadlines
  readonly settings: CallSettings
  readonly exposeErrors: ExposeErrors
  readonly maxDepth: number
  readonly maxTimeoutMs: number
  readonly now: () => number
  /** Under which an error that is not told is reported. */
  readonly reference: () => string
  readonly report: (error: unknown, about: ErrorReport) => void
  /** The last call of peers has ended. */
  readonly onIdle: () => void
}

/** What a failure that its causer cannot be told was about. */
export interface ErrorReport {
  readonly method?: string
  readonly peer?: string
  readonly reference?: string
}

export class Dispatcher implements Asking, IncomingOwner {
  readonly settings: CallSettings
  readonly #options: DispatcherOptions
  readonly #slots: Slots<Incoming>
  readonly #counters: Counters
  #refusing: RpcError | undefined

  // The request at hand. Only what does not answer at once becomes an object of its own.
  readonly #request: CallRequest
  #lane!: CallerLane
  #id = 0
  #incoming: Incoming | undefined

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#request = new CallRequest(options.reader, options.counters, options.maxTimeoutMs)
    this.#slots = options.slots
    this.#counters = options.counters
    this.settings = options.settings
  }

  /** From now on every call is answered with `error`; those that run go on. */
  refuse(error: RpcError): void {
    this.#refusing = error
  }

  /** [0, id, method, args, meta?], of which kind and id are read. Throws CodecError or ProtocolError: not a request. */
  handleCall(lane: CallerLane, id: number, count: number): void {
    if (lane.running.has(id)) failId(id)
    const fault = this.#begin(lane, id, count, 2)
    if (fault !== undefined) this.#refuse(lane, id, fault)
    else this.#start(lane, id)
    this.#forget()
  }

  /** [7, method, args, meta?]. */
  handleNotify(lane: CallerLane, count: number): void {
    this.#counters.notifiesReceived++
    const fault = this.#begin(lane, 0, count, 1) ?? this.#refusal()
    const handler = fault === undefined ? this.#options.find(this.#request.method, this) : undefined
    if (handler === undefined) this.#counters.notifiesDropped++
    else this.#runNotified(handler)
    this.#forget()
  }

  /** [3, id]: the caller has given up. */
  handleCancel(lane: CallerLane, id: number): void {
    const incoming = lane.running.get(id)
    if (incoming === undefined) {
      this.#counters.ignored++
      return
    }
    this.#end(incoming)
    incoming.abort(new RpcError('CANCELLED', 'the caller has given up', { executed: 'yes' }))
    this.#turn()
  }

  /** The connection is gone: nobody waits for any of its calls. */
  handleGone(lane: CallerLane): void {
    if (lane.running.size === 0) return
    const reason = peerGone(lane.shown)
    for (const incoming of [...lane.running.values()]) {
      this.#end(incoming)
      incoming.abort(reason)
    }
    this.#turn()
  }

  expire(incoming: Incoming): void {
    const waited = incoming.state === WAITING
    this.#end(incoming)
    const message = `${incoming.method} took longer than its caller gave it`
    incoming.lane.sendError(incoming.id, { c: 'DEADLINE_EXCEEDED', m: message, x: waited ? 'no' : 'maybe' })
    incoming.abort(new DeadlineError(message))
    this.#turn()
  }

  now(): number {
    return this.#options.now()
  }

  /** For predicates, and for functions that want it. */
  context(): CallContext {
    return this.#current().context
  }

  onPredicateFailure(error: unknown): void {
    this.#options.report(error, { method: this.#request.method, peer: this.#lane.shown })
  }

  /** Reads a request that has `before` elements in front of its method; returns what to answer when it is none. */
  #begin(lane: CallerLane, id: number, count: number, before: number): WireError | undefined {
    this.#lane = lane
    this.#id = id
    this.#incoming = undefined
    return this.#request.read(count, before)
  }

  /** Lets go of the request, so that a quiet connection keeps no arguments alive. */
  #forget(): void {
    this.#request.forget()
    this.#incoming = undefined
  }

  // -- running ---------------------------------------------------------------------------------------------------------

  #start(lane: CallerLane, id: number): void {
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      this.#refuse(lane, id, refusal)
      return
    }
    const handler = this.#options.find(this.#request.method, this)
    if (handler === undefined) {
      this.#refuse(lane, id, {
        c: 'NOT_FOUND',
        m: `there is no function ${quote(this.#request.method)}`,
        x: 'no',
      })
      return
    }
    const turn = this.#slots.ask(lane.share, this.#request.depth > 0)
    if (turn === RUN) this.#run(handler, lane, id, this.#request.args)
    else if (turn === WAIT) this.#wait(handler)
    else this.#refuse(lane, id, BUSY)
  }

  #refusal(): WireError | undefined {
    if (this.#refusing !== undefined) return { c: this.#refusing.code, m: this.#refusing.message, x: 'no' }
    if (this.#request.depth > this.#options.maxDepth) {
      return {
        c: 'FAILED_PRECONDITION',
        m: `calls are nested deeper than ${this.#options.maxDepth}`,
        x: 'no',
      }
    }
    return undefined
  }

  #run(handler: Handler, lane: CallerLane, id: number, args: unknown[]): void {
    this.#counters.handled++
    let result: unknown
    try {
      result = Reflect.apply(handler.run, handler.owner, handler.plain ? args : this.#extend(handler, args))
      if (isThenable(result)) {
        const incoming = this.#current()
        this.#enter(incoming)
        void this.#settle(incoming, result)
        return
      }
    } catch (error) {
      this.#answerThrown(lane, id, handler.name, error)
      return
    }
    this.#answer(lane, id, result)
  }

  #runNotified(handler: Handler): void {
    const about = { method: this.#request.method, peer: this.#lane.shown }
    try {
      const args = handler.plain ? this.#request.args : this.#extend(handler, this.#request.args)
      const result: unknown = Reflect.apply(handler.run, handler.owner, args)
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#options.report(error, about))
    } catch (error) {
      this.#options.report(error, about)
    }
  }

  #extend(handler: Handler, args: unknown[]): unknown[] {
    const { context } = this.#current()
    const extended = handler.withIdentity ? [context.user, ...args] : args
    return handler.withContext ? [context, ...extended] : extended
  }

  /** The call of the request being read, made when somebody first needs it. */
  #current(): Incoming {
    this.#incoming ??= new Incoming(
      this,
      this.#lane,
      this.#id,
      this.#request.method,
      this.#request.headers,
      this.#request.depth,
      this.now() + this.#request.remainingMs,
    )
    return this.#incoming
  }

  #wait(handler: Handler): void {
    const incoming = this.#current()
    incoming.state = WAITING
    incoming.handler = handler
    incoming.args = this.#request.args
    incoming.lane.track(incoming)
    this.#slots.wait(incoming.lane.share, incoming)
    this.#watch(incoming)
  }

  #enter(incoming: Incoming): void {
    incoming.state = RUNNING
    if (!incoming.lane.open) {
      // The function itself has closed the connection.
      incoming.state = OVER
      incoming.abort(peerGone(incoming.lane.shown))
      return
    }
    incoming.lane.track(incoming)
    this.#slots.take(incoming.lane.share)
    this.#watch(incoming)
  }

  #watch(incoming: Incoming): void {
    if (incoming.due === Number.POSITIVE_INFINITY || incoming.inWheel) return
    const now = this.now()
    this.#options.deadlines.add(incoming, now, incoming.due - now)
  }

  async #settle(incoming: Incoming, promise: PromiseLike<unknown>): Promise<void> {
    let value: unknown
    let failed = false
    try {
      value = await promise
    } catch (error) {
      value = error
      failed = true
    }
    try {
      if (!this.#finish(incoming)) return
      if (failed) this.#answerThrown(incoming.lane, incoming.id, incoming.method, value)
      else this.#answer(incoming.lane, incoming.id, value)
    } catch (error) {
      // Nobody awaits this function: what goes wrong in it, in a listener or in us, must not end the process.
      this.#options.report(error, { method: incoming.method, peer: incoming.lane.shown })
    } finally {
      this.#turn()
    }
  }

  /** Whether the answer is still wanted. */
  #finish(incoming: Incoming): boolean {
    if (incoming.state === OVER) {
      this.#counters.dropped++
      return false
    }
    this.#end(incoming)
    return true
  }

  /** Takes a call out of all that holds it. */
  #end(incoming: Incoming): void {
    const { lane, state } = incoming
    incoming.state = OVER
    lane.untrack(incoming)
    this.#options.deadlines.remove(incoming)
    if (state === RUNNING) this.#slots.give(lane.share)
    else this.#slots.leave(lane.share, incoming)
  }

  /** Starts calls that wait, while slots are free. */
  #turn(): void {
    for (let next = this.#slots.takeTurn(); next !== undefined; next = this.#slots.takeTurn()) {
      this.#runWaiting(next)
    }
    if (this.#slots.running === 0 && this.#slots.waiting === 0) this.#options.onIdle()
  }

  #runWaiting(incoming: Incoming): void {
    const { lane, id, handler, args } = incoming
    incoming.handler = undefined
    incoming.args = undefined
    lane.untrack(incoming)
    this.#request.method = incoming.method
    this.#lane = lane
    this.#incoming = incoming
    this.#run(handler!, lane, id, args!)
    if (incoming.state === WAITING) {
      // Answered at once, or its function threw.
      incoming.state = OVER
      this.#options.deadlines.remove(incoming)
    }
    this.#forget()
  }

  // -- answering -------------------------------------------------------------------------------------------------------

  #answer(lane: CallerLane, id: number, value: unknown): void {
    if (!lane.open) this.#counters.dropped++
    else if (lane.sendResult(id, value)) this.#counters.answered++
    else this.#counters.threw++
  }

  #answerThrown(lane: CallerLane, id: number, method: string, error: unknown): void {
    this.#counters.threw++
    const { exposeErrors, reference, report, codec } = this.#options
    const hidden = exposeErrors === 'none'
    const about = hidden ? reference() : ''
    if (hidden || !(error instanceof RpcError)) {
      report(error, { method, peer: lane.shown, ...(hidden && { reference: about }) })
    }
    lane.sendError(id, toWire(error, exposeErrors, about, codec))
  }

  #refuse(lane: CallerLane, id: number, error: WireError): void {
    this.#counters.refused++
    lane.sendError(id, error)
  }
}

const BUSY: WireError = {
  c: 'RESOURCE_EXHAUSTED',
  m: 'too many calls are running here',
  x: 'no',
  d: { retryAfterMs: 100 },
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

function failId(id: number): never {
  // An ERROR for it would settle the first call.
  throw new ProtocolError('PROTOCOL', `the id ${id} is in use`)
}
