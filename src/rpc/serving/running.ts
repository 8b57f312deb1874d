/**
 * The calls of peers that do not answer at once, from where they begin to wait or to run until all that holds them has let go: slots, their
 * time, cancellation, a lost caller, the end of what they stream. Whatever comes first ends a call, once. What they ask for, and how a
 * function is run, stands in dispatcher.ts; that several may ask for one call, in repeats.ts.
 */
import type { CallSettings } from '../api/settings.ts'
import type { Tracer } from '../around/tracer.ts'
import { DeadlineError, RpcError } from '../errors/errors.ts'
import { didNotRun } from '../errors/not-run.ts'
import type { WireError } from '../errors/remote-error.ts'
import type { Counters } from '../participants/counters.ts'
import type { Handler } from '../registry/handler.ts'
import { quote } from '../registry/names.ts'
import { isSource, Outflow, type Source, STOPPED, UNSENDABLE } from '../streams/outflow.ts'
import { type Answers, busy } from './answers.ts'
import type { DispatcherOptions } from './dispatcher-options.ts'
import { Grace } from './grace.ts'
import {
  type CallerLane,
  draining,
  type Incoming,
  type IncomingOwner,
  OVER,
  peerGone,
  RUNNING,
  WAITING,
} from './incoming.ts'
import type { Remembered } from './outcomes.ts'
import { Pace } from './pace.ts'
import { Repeats, type RepeatsOwner } from './repeats.ts'
import type { Slots } from './slots.ts'

/** Who runs a call whose turn has come. */
export interface Runner {
  runWaiting(incoming: Incoming, handler: Handler, args: unknown[]): void
}

export class Running implements IncomingOwner, RepeatsOwner {
  readonly settings: CallSettings
  readonly repeats: Repeats
  readonly #options: DispatcherOptions
  readonly #answers: Answers
  readonly #runner: Runner
  readonly #slots: Slots<Incoming>
  readonly #pace: Pace = new Pace()
  readonly #grace: Grace
  readonly #counters: Counters
  #closed = false

  constructor(options: DispatcherOptions, answers: Answers, runner: Runner) {
    this.#options = options
    this.#answers = answers
    this.#runner = runner
    this.#slots = options.slots
    this.#grace = new Grace(options.disconnectGraceMs, options.deadlines)
    this.#counters = options.counters
    this.settings = options.settings
    this.repeats = new Repeats(options, this)
  }

  now(): number {
    return this.#options.now()
  }

  /** What a call is told for which there is no room. */
  busy(): WireError {
    return busy(this.#pace.retryAfterMs(this.now(), this.#slots.waiting))
  }

  // -- how a call comes here -----------------------------------------------------------------------------------------------

  /** It waits for a slot. */
  wait(
    incoming: Incoming,
    handler: Handler,
    args: unknown[],
    remembered: Remembered<Incoming> | undefined,
  ): void {
    incoming.state = WAITING
    bind(incoming, remembered)
    incoming.handler = handler
    incoming.args = args
    incoming.lane.track(incoming)
    this.#slots.wait(incoming.lane.share, incoming)
    this.#pace.wait(this.now())
    this.#watch(incoming)
  }

  /** It waits for the outcome of `known`, which runs; `false`: too many do. */
  join(incoming: Incoming, known: Remembered<Incoming>): boolean {
    if (known.running === undefined || !this.repeats.join(known, incoming)) return false
    incoming.lane.track(incoming)
    this.#watch(incoming)
    return true
  }

  /** Its function has returned a promise. */
  promised(
    incoming: Incoming,
    promise: PromiseLike<unknown>,
    remembered: Remembered<Incoming> | undefined,
  ): void {
    this.#enter(incoming, remembered)
    void this.#settle(incoming, promise)
  }

  /** Its function has returned what streams. */
  streams(incoming: Incoming, source: Source, remembered: Remembered<Incoming> | undefined): void {
    this.#enter(incoming, remembered)
    void this.#stream(incoming, source)
  }

  /** Answers all who have asked for a call. */
  answer(
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
      this.repeats.finish(remembered, outcome, !failed || !didNotRun(value))
    } else if (failed) this.#answers.thrown(lane, id, method, value, tracer)
    else this.#answers.result(lane, id, value, tracer)
  }

  // -- what happens to it meanwhile ----------------------------------------------------------------------------------------

  /** The caller has given up. */
  cancel(lane: CallerLane, id: number): void {
    const incoming = lane.running.get(id)
    if (incoming === undefined) {
      this.#counters.ignored++
      return
    }
    this.#part(incoming, new RpcError('CANCELLED', 'the caller has given up', { executed: 'yes' }), false)
    this.turn()
  }

  expire(incoming: Incoming): void {
    const waited = incoming.state === WAITING
    const message = `${incoming.method} took longer than its caller gave it`
    this.#part(incoming, new DeadlineError(message), false)
    incoming.lane.sendError(incoming.id, { c: 'DEADLINE_EXCEEDED', m: message, x: waited ? 'no' : 'maybe' })
    this.turn()
  }

  /** The connection is gone: nobody waits for any of its calls. */
  gone(lane: CallerLane): void {
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
      this.end(incoming)
      if (isIdle) incoming.abort(reason)
      else this.#grace.begin(incoming, reason, now)
    }
    this.turn()
  }

  /** Time is up for all that came by `lane`: what waits is not begun, what runs is told to end. */
  abort(lane: CallerLane, refusal: WireError): void {
    for (const incoming of lane.running.values()) {
      const waited = incoming.state === WAITING
      if (waited) {
        this.end(incoming)
        this.#answers.refusal(lane, incoming.id, incoming.method, refusal)
      } else {
        incoming.abort(draining())
      }
    }
  }

  /** The call whose argument this stream is has ended. */
  withdraw(incoming: Incoming): void {
    if (incoming.outflow === undefined || incoming.state === OVER) return
    this.end(incoming)
    const message = 'the call that the stream was an argument of is over'
    incoming.lane.sendError(incoming.id, { c: 'CANCELLED', m: message, x: 'yes' })
    incoming.abort(new RpcError('CANCELLED', message, { executed: 'yes' }))
    this.turn()
  }

  /** This side closes: what waits is never begun, and functions that go on without their peers are told now. */
  close(): void {
    this.#closed = true
    this.#grace.close()
    this.repeats.close()
  }

  // -- how it leaves (RepeatsOwner) ----------------------------------------------------------------------------------------

  /** Takes a call out of all that holds it. */
  end(incoming: Incoming): void {
    const { lane, state } = incoming
    incoming.state = OVER
    if (!incoming.left) this.leave(incoming)
    if (state === RUNNING) {
      this.#slots.give(lane.share)
      if (this.#slots.waiting > 0) this.#pace.ended(this.now())
    } else this.#slots.leave(lane.share, incoming)
  }

  /** Takes a call from its caller. */
  leave(incoming: Incoming): void {
    incoming.left = true
    incoming.lane.untrack(incoming)
    this.#options.deadlines.remove(incoming)
  }

  /** Starts calls that wait, while slots are free. */
  turn(): void {
    while (!this.#closed) {
      const next = this.#slots.takeTurn()
      if (next === undefined) break
      this.#run(next)
      if (this.#slots.waiting === 0) this.#pace.rest()
    }
    if (this.#slots.running === 0 && this.#slots.waiting === 0) this.#options.onIdle()
  }

  // -- inside --------------------------------------------------------------------------------------------------------------

  #run(incoming: Incoming): void {
    const { handler, args } = incoming
    incoming.handler = undefined
    incoming.args = undefined
    if (!incoming.left) incoming.lane.untrack(incoming)
    this.#runner.runWaiting(incoming, handler!, args!)
    if (incoming.state === WAITING) {
      // Answered at once, or its function threw.
      incoming.state = OVER
      this.#options.deadlines.remove(incoming)
    }
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
      if (remembered !== undefined) this.repeats.dissolve(remembered, () => {})
      return
    }
    bind(incoming, remembered)
    incoming.lane.track(incoming)
    this.#slots.take(incoming.lane.share)
    this.#watch(incoming)
  }

  #watch(incoming: Incoming): void {
    if (incoming.due === Number.POSITIVE_INFINITY || incoming.inWheel) return
    const now = this.now()
    this.#options.deadlines.add(incoming, now, incoming.due - now)
  }

  /** Its caller waits for a call no more; it ends, unless others wait for it. */
  #part(incoming: Incoming, reason: RpcError, lost: boolean): void {
    if (incoming.remembered !== undefined) {
      this.repeats.part(incoming.remembered, incoming, reason, lost)
      return
    }
    this.end(incoming)
    incoming.abort(reason)
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
      this.answer(lane, id, method, failed, value, remembered, tracer, left)
    } catch (error) {
      // Nobody awaits this function: what goes wrong in it, in a listener or in us, must not end the process.
      this.#options.report(error, { method: incoming.method, peer: incoming.lane.shown })
    } finally {
      this.turn()
    }
  }

  /** Whether the answer is still wanted. */
  #finish(incoming: Incoming): boolean {
    if (incoming.state === OVER) {
      this.#grace.end(incoming)
      this.#counters.dropped++
      return false
    }
    this.end(incoming)
    return true
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
      this.end(incoming)
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
      this.turn()
    }
  }

  /** A stream is not told twice: a call that has become one is as any other. */
  #dissolve(incoming: Incoming): void {
    const { remembered, left, lane } = incoming
    if (remembered === undefined) return
    incoming.remembered = undefined
    this.repeats.dissolve(remembered, ({ lane: asker, id }) => asker.sendError(id, NOT_REPEATABLE))
    if (!left || incoming.state === OVER) return
    this.end(incoming)
    incoming.abort(peerGone(lane.shown))
  }
}

function bind(incoming: Incoming, remembered: Remembered<Incoming> | undefined): void {
  if (remembered === undefined) return
  incoming.remembered = remembered
  remembered.running = incoming
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
