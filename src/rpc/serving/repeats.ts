/**
 * Calls that come more than once: the second asker joins what runs, or is told what became of it, and nothing is run twice as long as
 * that is remembered. A call belongs to all who have asked for it: it is ended when the last of them has gone, and where that one's
 * connection was lost not before it had time to come back. How things run stands in dispatcher.ts.
 */
import type { RpcError } from '../errors/errors.ts'
import type { CallRequest } from './call-request.ts'
import { type CallerLane, type Incoming, JOINED, RUNNING } from './incoming.ts'
import { type Outcome, Outcomes, type OutcomesOptions, Remembered } from './outcomes.ts'

export interface RepeatsOptions extends OutcomesOptions {
  readonly retryGraceMs: number
}

/** Who runs the calls. */
export interface RepeatsOwner {
  /** Takes a call out of all that holds it. */
  end(incoming: Incoming): void
  /** Takes a call from its caller, and lets it run on. */
  leave(incoming: Incoming): void
  /** Starts calls that wait. */
  turn(): void
}

// Whoever asks more often at once does not repeat a call, but something else.
const JOINED_MAX = 16

export class Repeats {
  readonly outcomes: Outcomes<Incoming>
  readonly #options: RepeatsOptions
  readonly #owner: RepeatsOwner
  // Calls that run and that nobody waits for, each with the reason.
  readonly #orphans = new Map<Remembered<Incoming>, RpcError>()
  #closed = false

  constructor(options: RepeatsOptions, owner: RepeatsOwner) {
    this.#options = options
    this.#owner = owner
    this.outcomes = new Outcomes(options)
  }

  /** What is known of a request that may be a repetition. A first attempt without a key is none, and nothing is looked up. */
  find(lane: CallerLane, id: number, request: CallRequest): Remembered<Incoming> | undefined {
    const { attempt, key } = request
    return attempt > 1 || key !== '' ? this.outcomes.find(keyOf(lane, id, request)) : undefined
  }

  /** A request that may be repeated is about to be run. */
  begin(lane: CallerLane, id: number, request: CallRequest): Remembered<Incoming> {
    const remembered = new Remembered<Incoming>(keyOf(lane, id, request), userOf(lane), (over) =>
      this.#onTime(over),
    )
    this.outcomes.add(remembered)
    return remembered
  }

  /** `incoming` asks for what runs already; `false`: too many do. */
  join(remembered: Remembered<Incoming>, incoming: Incoming): boolean {
    if (remembered.joined.size >= JOINED_MAX) return false
    this.#options.counters.joined++
    this.#options.deadlines.remove(remembered)
    this.#orphans.delete(remembered)
    incoming.state = JOINED
    incoming.remembered = remembered
    remembered.joined.add(incoming)
    return true
  }

  /** What runs has ended: tells all who have joined it, and remembers it if it has `run`. */
  finish(remembered: Remembered<Incoming>, outcome: Outcome, run: boolean): void {
    this.#orphans.delete(remembered)
    this.#options.deadlines.remove(remembered)
    remembered.running = undefined
    for (const incoming of remembered.joined) {
      this.#owner.end(incoming)
      incoming.lane.sendOutcome(incoming.id, outcome)
    }
    remembered.joined.clear()
    if (run) this.outcomes.store(remembered, outcome)
    else this.outcomes.forget(remembered)
  }

  /** What runs has turned out to be nothing that can be told twice: those who have joined it are told so. */
  dissolve(remembered: Remembered<Incoming>, tell: (incoming: Incoming) => void): void {
    this.#orphans.delete(remembered)
    this.outcomes.forget(remembered)
    for (const incoming of remembered.joined) {
      this.#owner.end(incoming)
      tell(incoming)
    }
    remembered.joined.clear()
    remembered.running = undefined
  }

  /** One who asked for `remembered` waits no more, because of `reason`. `lost`: it may come back. */
  part(remembered: Remembered<Incoming>, incoming: Incoming, reason: RpcError, lost: boolean): void {
    if (incoming.state === JOINED) {
      remembered.joined.delete(incoming)
      this.#owner.end(incoming)
    } else this.#owner.leave(incoming)
    if (remembered.wanted) return
    if (!lost || this.#closed || remembered.running?.state !== RUNNING) {
      this.#giveUp(remembered, reason)
      return
    }
    const { deadlines, now, retryGraceMs } = this.#options
    this.#orphans.set(remembered, reason)
    deadlines.add(remembered, now(), retryGraceMs)
  }

  /** Nobody comes back any more. */
  close(): void {
    this.#closed = true
    for (const [remembered, reason] of this.#orphans) this.#giveUp(remembered, reason)
  }

  #onTime(remembered: Remembered<Incoming>): void {
    const reason = this.#orphans.get(remembered)
    if (reason === undefined) this.outcomes.forget(remembered)
    else this.#giveUp(remembered, reason)
  }

  #giveUp(remembered: Remembered<Incoming>, reason: RpcError): void {
    const { running } = remembered
    this.#orphans.delete(remembered)
    this.outcomes.forget(remembered)
    remembered.running = undefined
    if (running === undefined) return
    this.#owner.end(running)
    running.abort(reason)
    this.#owner.turn()
  }
}

/** Whose calls are looked at: never another's. Where nobody proves who it is, each client is on its own. */
function userOf({ user, instance }: CallerLane): string {
  return user === undefined ? `-${instance}` : `+${user}`
}

/** What is the same call: that of one key, or that with one id of one client. Lengths, so that no part can pass for another. */
function keyOf(lane: CallerLane, id: number, { method, key }: CallRequest): string {
  const user = userOf(lane)
  const call = key === '' ? `${lane.instance.length}:${lane.instance}${id}` : `k${key}`
  return `${user.length}:${user}${method.length}:${method}${call}`
}
