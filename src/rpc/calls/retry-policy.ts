/**
 * How often and when a call that may be repeated is sent again after its connection was lost, and how much of that a client may do
 * in all: when servers go down, retries must not be what keeps them there. Pure; time and dice are passed in.
 */
import { UsageError } from '../../base/errors.ts'

/** How calls are repeated: those that may be run twice, when the connection that they were sent on is lost. */
export interface RetryOptions {
  /** How often a call is sent in all. Default 3. */
  readonly attempts?: number
  /** Before the second attempt a call waits for a random part of so many ms, which double from one to the next. Default 100. */
  readonly minMs?: number
  /** What they double up to, in ms. Default 2,000. */
  readonly maxMs?: number
}

/** As `RetryOptions`, for a client. */
export interface ClientRetryOptions extends RetryOptions {
  /** How many retries there may be for each call that the client makes. Default 0.1: at most a tenth of extra load. */
  readonly budget?: number
}

export class RetryPolicy {
  readonly attempts: number
  readonly minMs: number
  readonly maxMs: number

  constructor(attempts: number, minMs: number, maxMs: number) {
    this.attempts = attempts
    this.minMs = minMs
    this.maxMs = maxMs
  }

  /** This policy with `options` over it. Throws `UsageError` BAD_OPTION. */
  with(options: RetryOptions, ofClient = false): RetryPolicy {
    if (typeof options !== 'object' || options === null) {
      throw new UsageError('BAD_OPTION', 'retry is an object of options, or false')
    }
    if ('budget' in options && !ofClient)
      throw new UsageError('BAD_OPTION', 'retry.budget is an option of the client alone')
    const { attempts = this.attempts, minMs = this.minMs, maxMs = this.maxMs } = options
    if (!Number.isSafeInteger(attempts) || attempts < 1) {
      throw new UsageError('BAD_OPTION', `retry.attempts is a whole number above 0, not ${String(attempts)}`)
    }
    checkDelay('retry.minMs', minMs)
    checkDelay('retry.maxMs', maxMs)
    return new RetryPolicy(attempts, minMs, maxMs)
  }

  /** How long to wait after attempt number `attempt` was lost. `chance`: 0 to 1. */
  delayMs(attempt: number, chance: number): number {
    return chance * Math.min(this.maxMs, this.minMs * 2 ** (attempt - 1))
  }
}

export const DEFAULT_RETRY: RetryPolicy = new RetryPolicy(3, 100, 2000)
const DEFAULT_BUDGET = 0.1

// So many retries are there at first, and come back with time: a client that makes few calls may repeat them.
const FLOOR = 10
const FLOOR_MS = 1000
// More is not saved up: a busy hour does not pay for a storm after it.
const CEILING = 1000

/** A bucket of retries: each call puts a part of one in, each retry takes one out. */
export class RetryBudget {
  readonly #perCall: number
  #retries = FLOOR
  #calls = 0
  #time = 0

  /** Throws `UsageError` BAD_OPTION. */
  constructor(perCall: number) {
    if (typeof perCall !== 'number' || !(perCall >= 0)) {
      throw new UsageError('BAD_OPTION', `retry.budget is a number from 0 on, not ${String(perCall)}`)
    }
    this.#perCall = perCall
  }

  /** Takes one retry. `calls`: how many were made so far; so calls that are not repeated cost nothing here. `false`: none is left. */
  take(calls: number, now: number): boolean {
    if (this.#perCall === 0) return false
    const rested = Math.max(0, Math.floor((now - this.#time) / FLOOR_MS))
    this.#time += rested * FLOOR_MS
    if (this.#retries < FLOOR) this.#retries = Math.min(FLOOR, this.#retries + rested)
    this.#retries = Math.min(CEILING, this.#retries + (calls - this.#calls) * this.#perCall)
    this.#calls = calls
    if (this.#retries < 1) return false
    this.#retries--
    return true
  }
}

/** What a client says of its calls. */
export interface RetryRules {
  /** `undefined`: nothing is repeated. */
  readonly policy: RetryPolicy | undefined
  readonly budget: RetryBudget
  /** Whether a method may be run twice, as far as the client was told. */
  readonly isIdempotent: ((method: string) => boolean) | undefined
}

/** Of who repeats nothing. */
export const NO_RETRIES: RetryRules = {
  policy: undefined,
  budget: new RetryBudget(0),
  isIdempotent: undefined,
}

/** Throws `UsageError` BAD_OPTION. */
export function retryRules(
  retry: ClientRetryOptions | false = {},
  idempotent: readonly string[] | ((method: string) => boolean) = [],
): RetryRules {
  const budget = new RetryBudget(retry === false ? 0 : (retry.budget ?? DEFAULT_BUDGET))
  const policy = retry === false ? undefined : DEFAULT_RETRY.with(retry, true)
  if (typeof idempotent === 'function') return { policy, budget, isIdempotent: idempotent }
  if (!Array.isArray(idempotent) || idempotent.some((name) => typeof name !== 'string')) {
    throw new UsageError('BAD_OPTION', 'idempotent is a list of names, or a function of a name')
  }
  const names = new Set<string>(idempotent)
  return { policy, budget, isIdempotent: names.size === 0 ? undefined : (method) => names.has(method) }
}

function checkDelay(name: string, ms: number): void {
  if (typeof ms !== 'number' || !(ms >= 0) || ms === Number.POSITIVE_INFINITY) {
    throw new UsageError('BAD_OPTION', `${name} is a number of milliseconds, not ${String(ms)}`)
  }
}
