// The functions that are registered at one Server or Client and nowhere else.
import type { Handler } from '../registry/handler.ts'
import { Registry } from '../registry/registry.ts'

/** A participant's own functions: tells when there are any, for then it has something to live for. */
export class OwnRegistry extends Registry {
  readonly #onAdded: () => void

  constructor(name: string, parent: Registry | undefined, onAdded: () => void) {
    super(parent === undefined ? { name } : { name, parent })
    this.#onAdded = onAdded
  }

  override add(handler: Handler): void {
    super.add(handler)
    this.#onAdded()
  }
}
