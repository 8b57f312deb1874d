/**
 * What all messages of a context may hold together, in and out (`maxBufferedBytes`). Each peer is bounded by itself; thousands of them are not.
 * Over it, whoever has something waiting takes no more until that has gone: nothing is lost by it, and who has nothing goes on. Counts; knows no
 * octets.
 */

/** Somebody who may send again. */
export interface Waiting {
  onRoom(): void
}

export class Lid {
  /** Octets, each way. */
  max: number
  /** That have come and were not read by the program. */
  incoming = 0
  /** That the program has sent, and the system has not taken. */
  outgoing = 0
  readonly #waiting = new Set<Waiting>()

  constructor(max: number) {
    this.max = max
  }

  /** Too much has come that is not read: nothing is read from those who have brought some of it. */
  get crowdedIn(): boolean {
    return this.incoming > this.max
  }

  /** Too much is to be sent: nothing is taken for those for whom some of it waits. */
  get crowdedOut(): boolean {
    return this.outgoing > this.max
  }

  /** So many octets wait no more to be sent. */
  release(bytes: number): void {
    const crowded = this.crowdedOut
    this.outgoing -= bytes
    // Not at once: whoever has made room is in the middle of it.
    if (crowded && !this.crowdedOut && this.#waiting.size > 0) queueMicrotask(this.#wake)
  }

  /** Has `waiting.onRoom()` called once there is room to send. */
  await(waiting: Waiting): void {
    this.#waiting.add(waiting)
  }

  forget(waiting: Waiting): void {
    this.#waiting.delete(waiting)
  }

  readonly #wake = (): void => {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const one of waiting) one.onRoom()
  }
}

/** What a part takes beside its octets, roughly. */
export const PART_COST = 256
