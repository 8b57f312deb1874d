/**
 * Calls that were lost with their connection and may be run twice: whether each is sent again, and when. It says nothing about
 * where: that is the business of whom it hands them back to. What has become of a call so far stands in its `past`.
 */
import type { Random } from '../../base/clock.ts'
import { Alarm, type Deadlines } from '../../base/deadlines.ts'
import type { Counters } from '../participants/counters.ts'
import { type Call, QUEUED, SENT } from './call.ts'
import type { Keeper } from './kept.ts'
import type { RetryRules } from './retry-policy.ts'

export interface RetriesOptions {
  readonly deadlines: Deadlines
  readonly counters: Counters
  readonly random: Random
  readonly now: () => number
  readonly rules: RetryRules
}

export class Retries {
  /** Calls that are neither sent nor in a queue: their time has not come. */
  readonly waiting: Set<Call> = new Set()
  readonly #options: RetriesOptions
  readonly #keeper: Keeper
  readonly #resume: (call: Call) => void

  /** `resume`: the time of a call has come, it waits for a connection again. */
  constructor(options: RetriesOptions, keeper: Keeper, resume: (call: Call) => void) {
    this.#options = options
    this.#keeper = keeper
    this.#resume = resume
  }

  /** Takes a call that was lost with `error`, to be sent again when it is time; `false`: this was its last attempt. */
  take(call: Call, error: unknown): boolean {
    if (!canResend(call)) return false
    const delayMs = this.#delayOf(call)
    if (delayMs === undefined) return false
    unsend(call, this.#keeper, true)
    this.#wait(call, delayMs, error)
    return true
  }

  /** The call is over. */
  forget(call: Call): void {
    if (!this.waiting.delete(call)) return
    this.#options.deadlines.remove(call.past!.wait!)
  }

  /** How long a call that was lost waits until it is sent again; `undefined`: it is not, and this was its last attempt. */
  #delayOf(call: Call): number | undefined {
    const policy = call.settings.retry
    // A stream that has got on since is none that fails again and again.
    if (call.past !== undefined && call.stream?.advanced === true) call.past.attempt = 1
    const attempt = call.past?.attempt ?? 1
    if (policy === undefined || attempt >= policy.attempts) return undefined
    const { rules, counters, random, now } = this.#options
    const delayMs = policy.delayMs(attempt, random())
    const time = now()
    // To wait until nothing can come of it would hide what has happened.
    if (call.due - time <= delayMs) return undefined
    if (rules.budget.take(counters.started, time)) return delayMs
    counters.overBudget++
    return undefined
  }

  #wait(call: Call, delayMs: number, error: unknown): void {
    const { deadlines, counters, now } = this.#options
    counters.retried++
    const past = call.past!
    past.attempt++
    past.error = error
    past.wait = new Alarm(() => {
      this.waiting.delete(call)
      this.#resume(call)
    })
    this.waiting.add(call)
    deadlines.add(past.wait, now(), delayMs)
  }
}

/**
 * Whether a call may be sent to somebody else: it was sent, its octets are here, its arguments do not stream yet, and nor does it,
 * or it can go on where it stood.
 */
function canResend({ state, kept, stream, offers, target, settings }: Call): boolean {
  if (state !== SENT || kept === undefined || offers?.taken === true) return false
  if (stream?.begun === true && !(settings.resume && stream.resumable)) return false
  return target.refusal() === undefined
}

/**
 * Takes a sent call off its lane: QUEUED again, but in no queue yet. `started`: it may have been run there. `false`: it cannot be
 * sent again, and is as it was.
 */
export function unsend(call: Call, keeper: Keeper, started: boolean): boolean {
  if (!canResend(call)) return false
  const lane = call.lane!
  lane.forget(call)
  call.lane = undefined
  call.encoded = keeper.portable(call, lane)
  call.past ??= { attempt: 1, started: false, refusals: 0, error: undefined, wait: undefined }
  if (started) call.past.started = true
  call.stream?.rewind()
  call.state = QUEUED
  return true
}
