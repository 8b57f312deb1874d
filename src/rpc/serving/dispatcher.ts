/**
 * Runs what peers call: reads a request, finds its function, runs it, answers. A function that returns a plain value is answered
 * on the spot, and nothing is made for it but its arguments; one that returns a promise becomes an Incoming. Whatever a
 * function does, its caller gets one answer, and nothing it throws gets past this file. It is one file because the request at hand
 * lives in fields that all of it shares.
 */
import { ProtocolError } from '../../base/errors.ts'
import type { CallContext } from '../api/context.ts'
import type { CallSettings } from '../api/settings.ts'
import type { Around } from '../around/around.ts'
import type { BlockedWatch } from '../around/blocked.ts'
import type { Tracer } from '../around/tracer.ts'
import { DeadlineError, RpcError } from '../errors/errors.ts'
import { didNotRun } from '../errors/not-run.ts'
import type { WireError } from '../errors/remote-error.ts'
import type { Counters } from '../participants/counters.ts'
import { Handler, isThenable } from '../registry/handler.ts'
import { quote, STREAM_METHOD } from '../registry/names.ts'
import type { Asking } from '../registry/registry.ts'
import { argumentStream } from '../streams/offers.ts'
import { isSource, Outflow, type Source, STOPPED, UNSENDABLE } from '../streams/outflow.ts'
import { Answers, busy } from './answers.ts'
import { CallRequest } from './call-request.ts'
import type { DispatcherOptions } from './dispatcher-options.ts'
import { Grace } from './grace.ts'
import {
  type CallerLane,
  draining,
  Incoming,
  type IncomingOwner,
  OVER,
  peerGone,
  RUNNING,
  WAITING,
} from './incoming.ts'
import type { Remembered } from './outcomes.ts'
import { Pace } from './pace.ts'
import { Repeats } from './repeats.ts'
import { RUN, type Slots, WAIT } from './slots.ts'

export class Dispatcher implements Asking, IncomingOwner {
  readonly settings: CallSettings
  readonly #options: DispatcherOptions
  readonly #answers: Answers
  readonly #slots: Slots<Incoming>
  readonly #pace: Pace = new Pace()
  readonly #grace: Grace
  readonly #repeats: Repeats
  readonly #around: Around
  readonly #blocked: BlockedWatch
  readonly #counters: Counters
  #refusing: WireError | undefined

  // The request at hand. Only what does not answer at once becomes an object of its own.
  readonly #request: CallRequest
  #lane!: CallerLane
  #id = 0
  // What a predicate said to whom it refuses; everybody else hears that there is no such function.
  #denied: WireError | undefined
  #incoming: Incoming | undefined
  #remembered: Remembered<Incoming> | undefined

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#request = new CallRequest(options.reader, options.counters, options.maxTimeoutMs)
    this.#answers = new Answers(options)
    this.#slots = options.slots
    this.#grace = new Grace(options.disconnectGraceMs, options.deadlines)
    this.#repeats = new Repeats(options, {
      end: (incoming) => this.#end(incoming),
      leave: (incoming) => this.#leave(incoming),
      turn: () => this.#turn(),
    })
    this.#around = options.around
    this.#blocked = options.blocked
    this.#counters = options.counters
    this.settings = options.settings
  }

  /** From now on calls are answered with `error`, but for those that our own open calls may need; those that run go on. */
  refuse(error: WireError): void {
    this.#refusing = error
  }

  /** Time is up for all that came by `lane`: what waits is not begun, what runs is told to end. */
  abortRunning(lane: CallerLane, refusal: WireError): void {
    for (const incoming of lane.running.values()) {
      const waited = incoming.state === WAITING
      if (waited) {
        this.#end(incoming)
        this.#answers.refusal(lane, incoming.id, incoming.method, refusal)
      } else {
        incoming.abort(draining())
      }
    }
  }

  /** [0, id, method, args, meta?], of which kind and id are read. Throws CodecError or ProtocolError: not a request. */
  handleCall(lane: CallerLane, id: number, count: number): void {
    if (lane.running.has(id)) failId(id)
    const fault = this.#begin(lane, id, count, 2)
    if (fault !== undefined) this.#refuse(lane, id, fault)
    else if (this.#request.attempt === 0 && this.#request.key === '') this.#start(lane, id)
    else if (!this.#repeat(lane, id)) this.#start(lane, id)
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
    this.#part(incoming, new RpcError('CANCELLED', 'the caller has given up', { executed: 'yes' }), false)
    this.#turn()
  }

  /** The connection is gone: nobody waits for any of its calls. */
  handleGone(lane: CallerLane): void {
    if (lane.running.size === 0) return
    const reason = peerGone(lane.shown)
    const now = this.now()
    for (const incoming of lane.running.values()) {
      if (incoming.remembered !== undefined) {
        this.#part(incoming, reason, true)
        continue
      }
      // What never began, and what only makes items that nobody takes, has nothing to finish.
      const isIdle = incoming.state === WAITING || incoming.outflow !== undefined
      this.#end(incoming)
      if (isIdle) incoming.abort(reason)
      else this.#grace.begin(incoming, reason, now)
    }
    this.#turn()
  }

  /** This side closes: functions that go on without their peers are told now. */
  close(): void {
    this.#grace.close()
    this.#repeats.close()
  }

  expire(incoming: Incoming): void {
    const waited = incoming.state === WAITING
    const message = `${incoming.method} took longer than its caller gave it`
    this.#part(incoming, new DeadlineError(message), false)
    incoming.lane.sendError(incoming.id, { c: 'DEADLINE_EXCEEDED', m: message, x: waited ? 'no' : 'maybe' })
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
    if (error instanceof RpcError && error.code === 'PERMISSION_DENIED') {
      this.#denied = { c: error.code, m: error.message, x: 'no' }
      return
    }
    this.#options.report(error, { method: this.#request.method, peer: this.#lane.shown })
  }

  /** Reads a request that has `before` elements in front of its method; returns what to answer when it is none. */
  #begin(lane: CallerLane, id: number, count: number, before: number): WireError | undefined {
    this.#lane = lane
    this.#id = id
    this.#incoming = undefined
    this.#denied = undefined
    return this.#request.read(count, before)
  }

  /** Lets go of the request, so that a quiet connection keeps no arguments alive. */
  #forget(): void {
    this.#request.forget()
    this.#incoming = undefined
    this.#remembered = undefined
  }

  // -- calls that come more than once --------------------------------------------------------------------------------------

  /** Answers a repetition from memory, or has it wait for what runs already; `false`: nothing is known of it. */
  #repeat(lane: CallerLane, id: number): boolean {
    const known = this.#repeats.find(lane, id, this.#request)
    if (known === undefined) return false
    if (known.outcome !== undefined) {
      this.#counters.replayed++
      lane.sendOutcome(id, known.outcome)
      return true
    }
    const incoming = this.#current()
    if (known.running === undefined || !this.#repeats.join(known, incoming)) {
      this.#refuse(lane, id, busy(this.#pace.retryAfterMs(this.now(), this.#slots.waiting)))
      return true
    }
    lane.track(incoming)
    this.#watch(incoming)
    return true
  }

  /** The request at hand is one that may be repeated. */
  #remember(lane: CallerLane, id: number): void {
    const { attempt, key } = this.#request
    if (attempt > 0 || key !== '') this.#remembered = this.#repeats.begin(lane, id, this.#request)
  }

  /** Its caller waits for a call no more; it ends, unless others wait for it. */
  #part(incoming: Incoming, reason: RpcError, lost: boolean): void {
    if (incoming.remembered !== undefined) {
      this.#repeats.part(incoming.remembered, incoming, reason, lost)
      return
    }
    this.#end(incoming)
    incoming.abort(reason)
  }

  /** A stream is not told twice: a call that has become one is as any other. */
  #dissolve(incoming: Incoming): void {
    const { remembered, left, lane } = incoming
    if (remembered === undefined) return
    incoming.remembered = undefined
    this.#repeats.dissolve(remembered, ({ lane: asker, id }) => asker.sendError(id, NOT_REPEATABLE))
    if (!left || incoming.state === OVER) return
    this.#end(incoming)
    incoming.abort(peerGone(lane.shown))
  }

  /** Answers all who have asked for a call. */
  #answer(
    lane: CallerLane,
    id: number,
    method: string,
    failed: boolean,
    value: unknown,
    remembered: Remembered<Incoming> | undefined,
    tracer: Tracer | undefined,
    left: boolean,
  ): void {
    if (remembered !== undefined) {
      const outcome = this.#answers.outcome(lane, method, failed, value, tracer)
      if (!left) lane.sendOutcome(id, outcome)
      this.#repeats.finish(remembered, outcome, !failed || !didNotRun(value))
    } else if (failed) this.#answers.thrown(lane, id, method, value, tracer)
    else this.#answers.result(lane, id, value, tracer)
  }

  // -- running ---------------------------------------------------------------------------------------------------------

  #start(lane: CallerLane, id: number): void {
    const refusal = this.#refusal()
    // The items that our own open calls need are no new work.
    if (refusal !== undefined && this.#request.method !== STREAM_METHOD) {
      this.#refuse(lane, id, refusal)
      return
    }
    const handler = this.#options.find(this.#request.method, this) ?? this.#offered(lane)
    if (handler === undefined) {
      const missing = `there is no function ${quote(this.#request.method)}`
      this.#refuse(lane, id, this.#denied ?? { c: 'NOT_FOUND', m: missing, x: 'no' })
      return
    }
    const { streams, args } = this.#request
    // The function gets streams for those of its arguments that are some.
    if (streams !== undefined)
      for (const place of streams) args[place] = argumentStream(this.#current(), place)
    const turn = this.#slots.ask(lane.share, this.#request.depth > 0)
    if (turn !== RUN && turn !== WAIT) {
      this.#refuse(lane, id, busy(this.#pace.retryAfterMs(this.now(), this.#slots.waiting)))
      return
    }
    this.#remember(lane, id)
    if (turn === RUN) this.#run(handler, lane, id, args)
    else this.#wait(handler)
  }

  #refuse(lane: CallerLane, id: number, error: WireError): void {
    this.#answers.refusal(lane, id, this.#request.method, error)
    if (this.#around.engaged) this.#around.refused(this.#current(), this.#request.args, error)
  }

  #refusal(): WireError | undefined {
    const { depth } = this.#request
    if (this.#refusing !== undefined && !(depth > 0 && this.#lane.calling)) return this.#refusing
    if (depth > this.#options.maxDepth) {
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
    if (!this.#blocked.watching) {
      this.#runNow(handler, lane, id, args)
      return
    }
    const { method } = this.#request
    const began = this.#blocked.now()
    this.#runNow(handler, lane, id, args)
    this.#blocked.check(began, method, lane)
  }

  #runNow(handler: Handler, lane: CallerLane, id: number, args: unknown[]): void {
    const remembered = this.#remembered
    let result: unknown
    let failed = false
    try {
      result = this.#apply(handler, args, 'call')
      if (isThenable(result)) {
        const incoming = this.#current()
        this.#enter(incoming, remembered)
        void this.#settle(incoming, result)
        return
      }
      if (isSource(result)) {
        const incoming = this.#current()
        this.#enter(incoming, remembered)
        void this.#stream(incoming, result)
        return
      }
    } catch (error) {
      result = error
      failed = true
    }
    const tracer = this.#incoming?.tracer
    this.#answer(lane, id, handler.name, failed, result, remembered, tracer, this.#incoming?.left === true)
  }

  #apply(handler: Handler, args: unknown[], kind: 'call' | 'notify'): unknown {
    if (!this.#around.engaged || handler.name === STREAM_METHOD) {
      return Reflect.apply(handler.run, handler.owner, handler.plain ? args : this.#extend(handler, args))
    }
    const incoming = this.#current()
    return this.#around.serve(incoming, kind, args, (given) =>
      Reflect.apply(
        handler.run,
        handler.owner,
        handler.plain ? given : extended(handler, incoming.context, given),
      ),
    )
  }

  /** The argument of our own call that a peer asks for. */
  #offered(lane: CallerLane): Handler | undefined {
    if (this.#request.method !== STREAM_METHOD) return undefined
    const offer = lane.offer(this.#request.args[0], this.#request.args[1])
    if (offer === undefined) return undefined
    const incoming = this.#current()
    offer.stop = () => this.#withdraw(incoming)
    return new Handler(STREAM_METHOD, () => offer.source, undefined, {})
  }

  #runNotified(handler: Handler): void {
    const about = { method: this.#request.method, peer: this.#lane.shown }
    const began = this.#blocked.watching ? this.#blocked.now() : 0
    try {
      const result = this.#apply(handler, this.#request.args, 'notify')
      const tracer = this.#incoming?.tracer
      if (isThenable(result)) {
        result.then(
          (value) => tracer?.succeed(value),
          (error: unknown) => {
            tracer?.fail(error, 'yes')
            this.#options.report(error, about)
          },
        )
      } else tracer?.succeed(result)
    } catch (error) {
      this.#incoming?.tracer?.fail(error, 'yes')
      this.#options.report(error, about)
    }
    if (began !== 0) this.#blocked.check(began, about.method, this.#lane)
  }

  #extend(handler: Handler, args: unknown[]): unknown[] {
    return extended(handler, this.#current().context, args)
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
      this.#request.lastId,
    )
    return this.#incoming
  }

  #wait(handler: Handler): void {
    const incoming = this.#current()
    incoming.state = WAITING
    this.#bind(incoming, this.#remembered)
    incoming.handler = handler
    incoming.args = this.#request.args
    incoming.lane.track(incoming)
    this.#slots.wait(incoming.lane.share, incoming)
    this.#pace.wait(this.now())
    this.#watch(incoming)
  }

  #bind(incoming: Incoming, remembered: Remembered<Incoming> | undefined): void {
    if (remembered === undefined) return
    incoming.remembered = remembered
    remembered.running = incoming
  }

  #enter(incoming: Incoming, remembered: Remembered<Incoming> | undefined): void {
    incoming.state = RUNNING
    if (incoming.left) {
      this.#slots.take(incoming.lane.share)
      return
    }
    if (!incoming.lane.open) {
      // The function itself has closed the connection.
      incoming.state = OVER
      incoming.abort(peerGone(incoming.lane.shown))
      if (remembered !== undefined) this.#repeats.dissolve(remembered, () => {})
      return
    }
    this.#bind(incoming, remembered)
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
    if (!failed && isSource(value)) return this.#stream(incoming, value)
    try {
      const { lane, id, method, tracer, remembered, left } = incoming
      if (!this.#finish(incoming)) return
      this.#answer(lane, id, method, failed, value, remembered, tracer, left)
    } catch (error) {
      // Nobody awaits this function: what goes wrong in it, in a listener or in us, must not end the process.
      this.#options.report(error, { method: incoming.method, peer: incoming.lane.shown })
    } finally {
      this.#turn()
    }
  }

  /** Sends the items of what a function returned, and then its end. Never rejects. */
  async #stream(incoming: Incoming, source: Source): Promise<void> {
    const { lane, id, method } = incoming
    this.#dissolve(incoming)
    const report = (error: unknown): void => this.#options.report(error, { method, peer: lane.shown })
    const { deadlines, now, stallMs } = this.#options
    const onStall = (): void => incoming.abort(stalled(method, stallMs))
    const options = { counters: this.#counters, deadlines, now, stallMs, onStall, report }
    const outflow = new Outflow(lane, id, source, options)
    incoming.outflow = outflow
    if (incoming.state === OVER) outflow.stop()
    let ended: Awaited<ReturnType<Outflow['run']>> | undefined
    let thrown: unknown
    try {
      ended = await outflow.run()
    } catch (error) {
      thrown = error
    }
    try {
      if (incoming.state === OVER) return
      this.#end(incoming)
      if (ended === undefined) this.#answers.thrown(lane, id, method, thrown, incoming.tracer)
      else if (ended === STOPPED) this.#answers.stopped(lane, id, method, incoming.reason)
      else if (ended === UNSENDABLE) {
        this.#counters.threw++
        incoming.tracer?.fail(
          new RpcError('INTERNAL', 'an item could not be sent', { executed: 'yes' }),
          'yes',
        )
      } else {
        this.#counters.answered++
        lane.sendEnd(id)
        incoming.tracer?.succeed(source)
      }
    } catch (error) {
      report(error)
    } finally {
      this.#turn()
    }
  }

  /** The call whose argument this stream is has ended. */
  #withdraw(incoming: Incoming): void {
    if (incoming.outflow === undefined || incoming.state === OVER) return
    this.#end(incoming)
    const message = 'the call that the stream was an argument of is over'
    incoming.lane.sendError(incoming.id, { c: 'CANCELLED', m: message, x: 'yes' })
    incoming.abort(new RpcError('CANCELLED', message, { executed: 'yes' }))
    this.#turn()
  }

  /** Whether the answer is still wanted. */
  #finish(incoming: Incoming): boolean {
    if (incoming.state === OVER) {
      this.#grace.end(incoming)
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
    if (!incoming.left) this.#leave(incoming)
    if (state === RUNNING) {
      this.#slots.give(lane.share)
      if (this.#slots.waiting > 0) this.#pace.ended(this.now())
    } else this.#slots.leave(lane.share, incoming)
  }

  /** Takes a call from its caller. */
  #leave(incoming: Incoming): void {
    incoming.left = true
    incoming.lane.untrack(incoming)
    this.#options.deadlines.remove(incoming)
  }

  /** Starts calls that wait, while slots are free. */
  #turn(): void {
    for (let next = this.#slots.takeTurn(); next !== undefined; next = this.#slots.takeTurn()) {
      this.#runWaiting(next)
      if (this.#slots.waiting === 0) this.#pace.rest()
    }
    if (this.#slots.running === 0 && this.#slots.waiting === 0) this.#options.onIdle()
  }

  #runWaiting(incoming: Incoming): void {
    const { lane, id, handler, args } = incoming
    incoming.handler = undefined
    incoming.args = undefined
    if (!incoming.left) lane.untrack(incoming)
    this.#request.method = incoming.method
    this.#lane = lane
    this.#incoming = incoming
    this.#remembered = incoming.remembered
    this.#run(handler!, lane, id, args!)
    if (incoming.state === WAITING) {
      // Answered at once, or its function threw.
      incoming.state = OVER
      this.#options.deadlines.remove(incoming)
    }
    this.#forget()
  }
}

/** The arguments, behind what else the function asks for. */
function extended(handler: Handler, context: CallContext, args: unknown[]): unknown[] {
  const others = handler.withIdentity ? [context.user, ...args] : args
  return handler.withContext ? [context, ...others] : others
}

/** Why a stream ends whose consumer stands still. */
function stalled(method: string, stallMs: number): RpcError {
  return new RpcError('RESOURCE_EXHAUSTED', `nothing was taken from ${quote(method)} for ${stallMs} ms`, {
    executed: 'yes',
  })
}

const NOT_REPEATABLE: WireError = {
  c: 'ABORTED',
  m: 'what was asked for again has become a stream, which is given to one alone',
  x: 'yes',
}

function failId(id: number): never {
  // An ERROR for it would settle the first call.
  throw new ProtocolError('PROTOCOL', `the id ${id} is in use`)
}
