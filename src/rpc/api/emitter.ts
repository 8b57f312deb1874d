// Events of servers and clients: typed, a listener leaves by its Disposable or by an AbortSignal, and one that throws harms
// nobody. Not Node's EventEmitter, whose unhandled 'error' ends the process for what a peer did.

/** The options of `on`. */
export interface ListenerOptions {
  /** The listener is removed when it aborts. Default: none, it stays until its Disposable is disposed. */
  readonly signal?: AbortSignal
}

type Listener<Args extends unknown[]> = (...args: Args) => unknown

export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Set<{ run: Listener<never> }>>()
  readonly #onFailure: (error: unknown) => void

  /** `onFailure` hears what listeners throw or reject with. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure
  }

  on<Name extends keyof Events>(
    event: Name,
    listener: Listener<Events[Name]>,
    options: ListenerOptions = {},
  ): Disposable {
    const signal = options.signal
    const entry = { run: listener as Listener<never> }
    const entries = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, entries)
    const remove = (): void => {
      entries.delete(entry)
      signal?.removeEventListener('abort', remove)
    }
    if (signal?.aborted !== true) {
      entries.add(entry)
      signal?.addEventListener('abort', remove)
    }
    return { [Symbol.dispose]: remove }
  }

  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0
  }

  emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    const entries = this.#listeners.get(event)
    if (entries === undefined) return
    for (const entry of [...entries]) {
      try {
        const result = (entry.run as Listener<Events[Name]>)(...args)
        if (result instanceof Promise) result.catch(this.#onFailure)
      } catch (error) {
        this.#onFailure(error)
      }
    }
  }
}
