// What keeps the process alive. Links, listeners and timers never do (all are unref'ed); an operation that somebody waits for
// does, by a Hold. All holds of the process share one referenced timer.

/** Keeps the process alive between `acquire` and `release`; both may be called at any time and count once. */
export class Hold {
  #held = false

  acquire(): void {
    if (this.#held) return
    this.#held = true
    if (holders++ > 0) return
    // Made once: a receive that waits for each answer would make and clear one for each.
    anchor ??= setInterval(() => {}, FOREVER_MS)
    anchor.ref()
  }

  release(): void {
    if (!this.#held) return
    this.#held = false
    if (--holders === 0) anchor?.unref()
  }
}

const FOREVER_MS = 0x7fff_ffff

let holders = 0
let anchor: NodeJS.Timeout | undefined
