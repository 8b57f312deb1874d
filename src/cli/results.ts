// What a call gave, printed: a value, or the items of a stream as they come.
import type { Screen } from './screen.ts'
import { jsonOf, prettyOf } from './values.ts'

export class Results {
  readonly #screen: Screen
  readonly #raw: boolean

  /** `raw`: texts and octets as they are. */
  constructor(screen: Screen, raw: boolean) {
    this.#screen = screen
    this.#raw = raw
  }

  /** A result, or the stream that it is, until `stop` aborts: then it throws its reason. */
  async print(result: unknown, stop: AbortSignal): Promise<void> {
    if (!isStream(result)) return this.#value(result)
    for await (const item of result) {
      await this.#value(item)
      stop.throwIfAborted()
    }
  }

  #value(value: unknown): Promise<void> {
    const screen = this.#screen
    if (this.#raw && value instanceof Uint8Array) return screen.write(value)
    if (this.#raw && typeof value === 'string') return screen.print(value)
    return screen.print(
      screen.json ? jsonOf(value) : prettyOf(value, (style, text) => screen.paint(style, text)),
    )
  }
}

/** No value that was decoded has such a member. */
export function isStream(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}
