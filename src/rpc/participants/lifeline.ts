// Whether the process must live on for a participant: as long as it is needed, and until its end is over. Knows no reasons.
import type { Clock } from '../../base/clock.ts'
import { Hold } from '../../zmtp/connections.ts'

// A process that has nothing left to wait for ends this much later.
const RELEASE_MS = 10

export class Lifeline {
  readonly #clock: Clock
  readonly #isNeeded: () => boolean
  readonly #hold = new Hold()
  #updating = false
  #ending = false

  constructor(clock: Clock, isNeeded: () => boolean) {
    this.#clock = clock
    this.#isNeeded = isNeeded
  }

  /** It may be needed now, or no longer. */
  update(): void {
    if (this.#ending) return
    if (this.#isNeeded()) this.#hold.acquire()
    else this.#hold.release()
  }

  /** As `update`, but not at once: calls made one after the other would arm and drop the hold for each. */
  updateSoon(): void {
    if (this.#updating || this.#ending) return
    this.#updating = true
    this.#clock.setTimer(() => {
      this.#updating = false
      this.update()
    }, RELEASE_MS)
  }

  /** Its end begins: it is needed until `release`, whatever else. */
  beginEnd(): void {
    this.#ending = true
    this.#hold.acquire()
  }

  release(): void {
    this.#hold.release()
  }
}
