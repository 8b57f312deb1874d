/**
 * Runs what peers call: reads a request, finds its function, decides what becomes of it (refused, answered as before, waiting, run), runs
 * it. A function that returns a plain value is answered on the spot, and nothing is made for it but its arguments; one that returns
 * a promise or a stream becomes an Incoming, whose life is the affair of running.ts. Whatever a function does, its caller gets one
 * answer, and nothing it throws gets past this file.
 */
import { ProtocolError } from '../../base/errors.ts'
import type { CallContext } from '../api/context.ts'
import type { Around } from '../around/around.ts'
import type { BlockedWatch } from '../around/blocked.ts'
import { RpcError } from '../errors/errors.ts'
import type { WireError } from '../errors/remote-error.ts'
import type { Counters } from '../participants/counters.ts'
import { Handler } from '../registry/handler.ts'
import { quote, STREAM_METHOD } from '../registry/names.ts'
import type { Asking } from '../registry/registry.ts'
import { isThenable } from '../registry/thenable.ts'
import { argumentStream } from '../streams/offers.ts'
import { isSource } from '../streams/outflow.ts'
import { Answers } from './answers.ts'
import { CallRequest } from './call-request.ts'
import type { DispatcherOptions } from './dispatcher-options.ts'
import { type CallerLane, Incoming } from './incoming.ts'
import type { Remembered } from './outcomes.ts'
import { type Runner, Running } from './running.ts'
import { RUN, type Slots, WAIT } from './slots.ts'

export class Dispatcher implements Asking, Runner {
  readonly #options: DispatcherOptions
  readonly #answers: Answers
  readonly #slots: Slots<Incoming>
  readonly #running: Running
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
    this.#running = new Running(options, this.#answers, this)
    this.#around = options.around
    this.#blocked = options.blocked
    this.#counters = options.counters
  }

  /** From now on calls are answered with `error`, but for those that our own open calls may need; those that run go on. */
  refuse(error: WireError): void {
    this.#refusing = error
  }

  /** Time is up for all that came by `lane`: what waits is not begun, what runs is told to end. */
  abortRunning(lane: CallerLane, refusal: WireError): void {
    this.#running.abort(lane, refusal)
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
    this.#running.cancel(lane, id)
  }

  /** The connection is gone: nobody waits for any of its calls. */
  handleGone(lane: CallerLane): void {
    this.#running.gone(lane)
  }

  /** This side closes: what waits is never begun, and functions that go on without their peers are told now. */
  close(): void {
    this.#running.close()
  }

  /** Runs a call that has waited (Runner). */
  runWaiting(incoming: Incoming, handler: Handler, args: unknown[]): void {
    const { lane, id } = incoming
    this.#request.method = incoming.method
    this.#lane = lane
    this.#incoming = incoming
    this.#remembered = incoming.remembered
    this.#run(handler, lane, id, args)
    this.#forget()
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
    const known = this.#running.repeats.find(lane, id, this.#request)
    if (known === undefined) return false
    if (known.outcome !== undefined) {
      this.#counters.replayed++
      lane.sendOutcome(id, known.outcome)
    } else if (!this.#running.join(this.#current(), known)) {
      this.#refuse(lane, id, this.#running.busy())
    }
    return true
  }

  /** The request at hand is one that may be repeated. */
  #remember(lane: CallerLane, id: number): void {
    const { attempt, key } = this.#request
    if (attempt > 0 || key !== '') this.#remembered = this.#running.repeats.begin(lane, id, this.#request)
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
      this.#refuse(lane, id, this.#running.busy())
      return
    }
    this.#remember(lane, id)
    if (turn === RUN) this.#run(handler, lane, id, args)
    else this.#running.wait(this.#current(), handler, args, this.#remembered)
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
        this.#running.promised(this.#current(), result, remembered)
        return
      }
      if (isSource(result)) {
        this.#running.streams(this.#current(), result, remembered)
        return
      }
    } catch (error) {
      result = error
      failed = true
    }
    const tracer = this.#incoming?.tracer
    this.#running.answer(
      lane,
      id,
      handler.name,
      failed,
      result,
      remembered,
      tracer,
      this.#incoming?.left === true,
    )
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
    offer.stop = () => this.#running.withdraw(incoming)
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
      this.#running,
      this.#lane,
      this.#id,
      this.#request.method,
      this.#request.headers,
      this.#request.depth,
      this.#options.now() + this.#request.remainingMs,
      this.#request.lastId,
    )
    return this.#incoming
  }
}

/** The arguments, behind what else the function asks for. */
function extended(handler: Handler, context: CallContext, args: unknown[]): unknown[] {
  const others = handler.withIdentity ? [context.user, ...args] : args
  return handler.withContext ? [context, ...others] : others
}

function failId(id: number): never {
  // An ERROR for it would settle the first call.
  throw new ProtocolError('PROTOCOL', `the id ${id} is in use`)
}
