/**
 * Where the endpoints of a client come from, when a function says it: when that is asked, and what becomes of its failures. Knows nothing
 * of connections; the clock and the dice are passed in.
 *
 * It is asked at the start, at an interval, and soon after a connection is lost. An answer that is none (an error, no list, an empty one, a
 * word that is no endpoint, nothing in time) changes nothing, is reported, and is asked for again with back-off.
 */
import type { Clock, Random, Timer } from '../../base/clock.ts'
import { LinkError, UsageError } from '../../base/errors.ts'
import { formatEndpoint, parseEndpoint, type RetryPolicy } from '../../zmtp/connections.ts'
import type { Awaitable } from '../security/backend.ts'

/** Endpoints, or a function that says them: of a name service, a registry, a file. */
export type Endpoints = readonly string[] | (() => Awaitable<readonly string[]>)

export interface EndpointSourceOptions {
  readonly clock: Clock
  readonly random: Random
  readonly refreshMs: number
  /** An answer that takes longer is none. */
  readonly answerMs: number
  readonly backOff: RetryPolicy
  /** The answer, in the form that is compared, each once. */
  readonly onEndpoints: (endpoints: ReadonlySet<string>) => void
  readonly onFailure: (error: LinkError) => void
}

// A connection may be lost every moment; a name service is asked no more often than this.
const SPACING_MS = 1000
const ENDPOINTS_MAX = 1024

export class EndpointSource {
  readonly #ask: () => Awaitable<readonly string[]>
  readonly #options: EndpointSourceOptions
  #timer: Timer | undefined
  #due = 0
  #askedAt = 0
  #failures = 0
  // Which question is open; answers to others come too late.
  #question = 0
  #asking = false
  #closed = false

  constructor(ask: () => Awaitable<readonly string[]>, options: EndpointSourceOptions) {
    this.#ask = ask
    this.#options = options
  }

  /** Asks, now and from time to time. */
  start(): void {
    const question = ++this.#question
    this.#asking = true
    this.#askedAt = this.#options.clock.now()
    this.#arm(this.#options.answerMs, () => {
      this.#fail(question, new Error(`no answer within ${this.#options.answerMs} ms`))
    })
    Promise.resolve()
      .then(() => this.#ask())
      .then((answer) => this.#settle(question, checkEndpoints(answer)))
      .catch((cause: unknown) => this.#fail(question, cause))
  }

  /** A connection is lost: there may be news. */
  hurry(): void {
    if (this.#closed || this.#asking || this.#failures > 0) return
    const soonest = this.#askedAt + SPACING_MS
    if (this.#due <= soonest) return
    this.#arm(Math.max(0, soonest - this.#options.clock.now()), () => this.start())
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #settle(question: number, endpoints: ReadonlySet<string>): void {
    if (!this.#isAnswered(question)) return
    this.#failures = 0
    this.#arm(this.#options.refreshMs, () => this.start())
    this.#options.onEndpoints(endpoints)
  }

  #fail(question: number, cause: unknown): void {
    if (!this.#isAnswered(question)) return
    this.#failures++
    this.#arm(this.#options.backOff(this.#failures, this.#options.random) ?? 0, () => this.start())
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    this.#options.onFailure(new LinkError('NO_ENDPOINTS', `the endpoints are not known${why}`, { cause }))
  }

  #isAnswered(question: number): boolean {
    if (this.#closed || !this.#asking || question !== this.#question) return false
    this.#asking = false
    return true
  }

  #arm(delayMs: number, fire: () => void): void {
    const { clock } = this.#options
    this.#timer?.cancel()
    this.#due = clock.now() + delayMs
    this.#timer = delayMs === Number.POSITIVE_INFINITY ? undefined : clock.setTimer(fire, delayMs)
  }
}

/** The endpoints of a list, in the form that is compared. Throws `UsageError` BAD_OPTION and those of `parseEndpoint`. */
export function checkEndpoints(answer: unknown): ReadonlySet<string> {
  if (!Array.isArray(answer) || answer.length === 0 || answer.length > ENDPOINTS_MAX) {
    throw new UsageError('BAD_OPTION', `endpoints are a list of 1 to ${ENDPOINTS_MAX} texts`)
  }
  const endpoints = new Set<string>()
  for (const text of answer as unknown[]) {
    if (typeof text !== 'string') throw new UsageError('BAD_OPTION', `${String(text)} is no endpoint`)
    endpoints.add(formatEndpoint(parseEndpoint(text, 'connect')))
  }
  return endpoints
}
