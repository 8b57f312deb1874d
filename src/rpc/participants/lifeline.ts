// Whether the process must live on for a participant: as long as it is needed, and until its end is over. Knows no reasons.
import { Deadline } from '../../base/deadlines.ts'
import { Hold, type TransportContext } from '../../zmtp/connections.ts'

// A process that has nothing left to wait for ends this much later.
const RELEASE_MS = 10

export class Lifeline extends Deadline {
  readonly #context: TransportContext
  readonly #isNeeded: () => boolean
  readonly #hold = new Hold()
  #ending = false

  constructor(context: TransportContext, isNeeded: () => boolean) {
    super()
    this.#context = context
    this.#isNeeded = isNeeded
  }

  /** It is needed now. */
  need(): void {
    this.#hold.acquire()
  }

  /** It may be needed now, or no longer. */
  update(): void {
    if (this.#ending) return
    if (this.#isNeeded()) this.#hold.acquire()
    else this.#hold.release()
  }

  /**
   * As `update`, but not at once: calls made one after the other would arm and drop the hold for each. The timer is that of all connections: a
   * thousand clients that call in turn would each make one for each call.
   */
  updateSoon(): void {
    if (this.inWheel || this.#ending) return
    this.#context.deadlines.add(this, this.#context.now(), RELEASE_MS)
  }

  onDeadline(): void {
    this.update()
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
