// One listener per signal and participant, however many calls watch it: Node warns above ten, and a listener left behind on a
// signal that lives as long as the program is a leak. Knows nothing of calls but that they can be aborted.

export interface Abortable {
  onAbort(reason: unknown): void
}

export class AbortWatches {
  readonly #watches = new WeakMap<AbortSignal, Watch>()

  add(signal: AbortSignal, item: Abortable): void {
    let watch = this.#watches.get(signal)
    if (watch === undefined) {
      watch = new Watch(signal)
      this.#watches.set(signal, watch)
    }
    watch.add(item)
  }

  remove(signal: AbortSignal, item: Abortable): void {
    this.#watches.get(signal)?.remove(item)
  }
}

class Watch {
  readonly #signal: AbortSignal
  readonly #items = new Set<Abortable>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(item: Abortable): void {
    if (this.#items.size === 0) this.#signal.addEventListener('abort', this)
    this.#items.add(item)
  }

  remove(item: Abortable): void {
    if (this.#items.delete(item) && this.#items.size === 0) this.#signal.removeEventListener('abort', this)
  }

  handleEvent(): void {
    const reason: unknown = this.#signal.reason
    for (const item of [...this.#items]) item.onAbort(reason)
  }
}
