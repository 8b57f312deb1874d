/**
 * What callers are told: a result, what a function threw, why nothing was run. Counts each, and reports what an error that leaves
 * here does not say. Knows nothing of what runs.
 */
import type { Codec } from '../../codec/messages.ts'
import { debugAnswer } from '../around/debug.ts'
import type { Tracer } from '../around/tracer.ts'
import { RpcError } from '../errors/errors.ts'
import { didNotRun } from '../errors/not-run.ts'
import { type ExposeErrors, toWire, unanswerable, type WireError } from '../errors/remote-error.ts'
import type { Counters } from '../participants/counters.ts'
import { quote } from '../registry/names.ts'
import type { CallerLane } from './incoming.ts'
import type { Outcome } from './outcomes.ts'

/** What a failure that its causer cannot be told was about. */
export interface ErrorReport {
  /** The function that was called. */
  readonly method?: string
  /** The other side, in words. */
  readonly peer?: string
  /** What the caller was told to ask for. */
  readonly reference?: string
}

export interface AnswersOptions {
  readonly codec: Codec
  readonly counters: Counters
  readonly exposeErrors: ExposeErrors
  /** The participant's. */
  readonly name: string
  /** Under which an error that is not told is reported. */
  readonly reference: () => string
  readonly report: (error: unknown, about: ErrorReport) => void
}

export class Answers {
  readonly #options: AnswersOptions
  readonly #counters: Counters

  constructor(options: AnswersOptions) {
    this.#options = options
    this.#counters = options.counters
  }

  result(lane: CallerLane, id: number, value: unknown, tracer?: Tracer): void {
    if (!lane.open) this.#counters.dropped++
    else if (lane.sendResult(id, value)) this.#counters.answered++
    else {
      this.#counters.threw++
      tracer?.fail(new RpcError('INTERNAL', 'the result could not be sent', { executed: 'yes' }), 'yes')
    }
    tracer?.succeed(value)
  }

  thrown(lane: CallerLane, id: number, method: string, error: unknown, tracer?: Tracer): void {
    lane.sendError(id, this.#describe(lane, method, error, tracer))
  }

  /** What there is to be told of a value, or of what was thrown, as octets: so it can be told more than once. */
  outcome(lane: CallerLane, method: string, failed: boolean, value: unknown, tracer?: Tracer): Outcome {
    const { codec, exposeErrors, report } = this.#options
    if (failed) return { failed, octets: codec.encode(this.#describe(lane, method, value, tracer)) }
    try {
      const octets = lane.encodeResult(value)
      this.#counters.answered++
      tracer?.succeed(value)
      return { failed, octets }
    } catch (error) {
      this.#counters.threw++
      tracer?.fail(error, 'yes')
      report(error, { method, peer: lane.shown })
      return { failed: true, octets: codec.encode(unanswerable(error, exposeErrors === 'none')) }
    }
  }

  /** A stream that was ended here before its end, which the tracer knows already. */
  stopped(lane: CallerLane, id: number, method: string, reason: RpcError | undefined): void {
    this.#counters.threw++
    debugAnswer(this.#options.name, method, lane.shown, 'was stopped', reason)
    const message = reason?.message ?? `${quote(method)} was stopped`
    lane.sendError(id, { c: reason?.code ?? 'CANCELLED', m: message, x: 'yes' })
  }

  refusal(lane: CallerLane, id: number, method: string, error: WireError): void {
    this.#counters.refused++
    debugAnswer(this.#options.name, method, lane.shown, 'was refused', error)
    lane.sendError(id, error)
  }

  /** The error map for what a function threw; what it does not say is reported. */
  #describe(lane: CallerLane, method: string, error: unknown, tracer: Tracer | undefined): WireError {
    this.#counters.threw++
    tracer?.fail(error, didNotRun(error) ? 'no' : 'yes')
    debugAnswer(this.#options.name, method, lane.shown, 'threw', error)
    const { exposeErrors, reference, report, codec } = this.#options
    const hidden = exposeErrors === 'none'
    const about = hidden ? reference() : ''
    if (hidden || !(error instanceof RpcError)) {
      report(error, { method, peer: lane.shown, ...(hidden && { reference: about }) })
    }
    return toWire(error, exposeErrors, about, codec)
  }
}

/** A call that is not begun because this side, called `name`, is about to go. */
export function goingAway(name: string): WireError {
  return { c: 'UNAVAILABLE', m: `${name || 'this peer'} is shutting down`, x: 'no', g: true }
}

/** What a call is told for which there is no room, and when there may be some. */
export function busy(retryAfterMs: number): WireError {
  return {
    c: 'RESOURCE_EXHAUSTED',
    m: 'too many calls are running here',
    x: 'no',
    d: { retryAfterMs },
  }
}
