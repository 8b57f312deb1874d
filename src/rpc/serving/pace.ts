/**
 * How fast calls end while others wait: what a refused caller is told of when to come again. Counts only while calls wait, so that a server
 * with room pays nothing. Arithmetic on `now`.
 */

// Long enough for a few ends, short enough to follow a change.
const WINDOW_MS = 100
const RETRY_MIN_MS = 100
const RETRY_MAX_MS = 30_000

export class Pace {
  #since = -1
  #ended = 0
  #perMs = 0

  /** A call ended at `now`, while others waited. */
  ended(now: number): void {
    this.wait(now)
    this.#ended++
    const span = now - this.#since
    if (span < WINDOW_MS) return
    this.#perMs = this.#ended / span
    this.#since = now
    this.#ended = 0
  }

  /** A call begins to wait at `now`: from here on it counts how many end. */
  wait(now: number): void {
    if (this.#since < 0) this.#since = now
  }

  /** Nothing waits any more: what follows is another crowd. */
  rest(): void {
    this.#since = -1
    this.#ended = 0
  }

  /** In how many ms what waits, `waiting` calls, will have begun, at the pace of now: between 100 ms and 30 s. */
  retryAfterMs(now: number, waiting: number): number {
    const span = this.#since < 0 ? 0 : now - this.#since
    // A window without an end says that it takes longer than it has lasted.
    const perMs = span > WINDOW_MS ? Math.max(this.#ended, 1) / span : this.#perMs
    if (perMs === 0) return RETRY_MIN_MS
    return Math.round(Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, waiting / perMs)))
  }
}
