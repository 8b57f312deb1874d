/**
 * What became of calls that may be asked for again, and which of them still run: so that a repetition is answered and not run. Bounded in
 * number, octets and time; what is oldest gives way first, and nobody pushes out others before itself. Decision 0022 says what the
 * key is made of. Knows nothing of how anything is run.
 */
import { Deadline, type Deadlines } from '../../base/deadlines.ts'
import type { Counters } from '../participants/counters.ts'

/** How a call ended, as octets of the value or of the error map. */
export interface Outcome {
  readonly failed: boolean
  readonly octets: Buffer
}

/** A call that may be asked for again: running, or ended with an outcome. */
export class Remembered<Asker extends { readonly left: boolean }> extends Deadline {
  readonly key: string
  readonly user: string
  /** What runs, or waits to; none while a function runs that may yet answer at once. */
  running: Asker | undefined = undefined
  /** Who else has asked for it since, and has not been answered. */
  readonly joined: Set<Asker> = new Set()
  outcome: Outcome | undefined = undefined
  readonly #onTime: (remembered: Remembered<Asker>) => void

  constructor(key: string, user: string, onTime: (remembered: Remembered<Asker>) => void) {
    super()
    this.key = key
    this.user = user
    this.#onTime = onTime
  }

  /** Somebody waits for its outcome. */
  get wanted(): boolean {
    return this.joined.size > 0 || this.running?.left === false
  }

  /** Nobody has asked again in time while it ran; or its outcome has been kept for long enough. */
  onDeadline(): void {
    this.#onTime(this)
  }
}

export interface OutcomesOptions {
  readonly maxRememberedCalls: number
  readonly maxRememberedBytes: number
  readonly rememberMs: number
  readonly counters: Counters
  readonly deadlines: Deadlines
  readonly now: () => number
}

// What a remembered call takes beside its octets and twice its key, about.
const OVERHEAD = 256
// An outcome larger than so much of all is not worth what would have to go for it.
const LARGEST_PART = 16

export class Outcomes<Asker extends { readonly left: boolean }> {
  readonly #options: OutcomesOptions
  readonly #all = new Map<string, Remembered<Asker>>()
  // Those with an outcome, the oldest first: of all, and of each user.
  readonly #ended = new Set<Remembered<Asker>>()
  readonly #byUser = new Map<string, Set<Remembered<Asker>>>()
  #bytes = 0

  constructor(options: OutcomesOptions) {
    this.#options = options
  }

  /** How many outcomes are kept. */
  get size(): number {
    return this.#ended.size
  }

  get byteLength(): number {
    return this.#bytes
  }

  find(key: string): Remembered<Asker> | undefined {
    return this.#all.get(key)
  }

  /** A call of that key begins; what was known under it is known no more. */
  add(remembered: Remembered<Asker>): void {
    const before = this.#all.get(remembered.key)
    if (before?.outcome !== undefined) this.forget(before)
    this.#all.set(remembered.key, remembered)
  }

  /** A call has ended. */
  store(remembered: Remembered<Asker>, outcome: Outcome): void {
    if (this.#all.get(remembered.key) !== remembered) return
    const { maxRememberedCalls, maxRememberedBytes, rememberMs, counters, deadlines, now } = this.#options
    const size = sizeOf(remembered.key, outcome)
    if (size > maxRememberedBytes / LARGEST_PART) {
      counters.unremembered++
      this.forget(remembered)
      return
    }
    while (this.#ended.size >= maxRememberedCalls || this.#bytes + size > maxRememberedBytes) {
      counters.unremembered++
      this.forget(this.#oldestFor(remembered.user))
    }
    remembered.outcome = outcome
    this.#bytes += size
    this.#ended.add(remembered)
    const own = this.#byUser.get(remembered.user)
    if (own === undefined) this.#byUser.set(remembered.user, new Set([remembered]))
    else own.add(remembered)
    deadlines.add(remembered, now(), rememberMs)
  }

  forget(remembered: Remembered<Asker>): void {
    const { key, user, outcome } = remembered
    this.#options.deadlines.remove(remembered)
    if (this.#all.get(key) === remembered) this.#all.delete(key)
    if (outcome === undefined || !this.#ended.delete(remembered)) return
    this.#bytes -= sizeOf(key, outcome)
    const own = this.#byUser.get(user)!
    own.delete(remembered)
    if (own.size === 0) this.#byUser.delete(user)
  }

  /** What gives way for one more of `user`: its own oldest, if most are its own. */
  #oldestFor(user: string): Remembered<Asker> {
    const own = this.#byUser.get(user)
    const [oldest] = own !== undefined && own.size * 2 > this.#ended.size ? own : this.#ended
    return oldest!
  }
}

function sizeOf(key: string, outcome: Outcome): number {
  return outcome.octets.length + key.length * 2 + OVERHEAD
}
