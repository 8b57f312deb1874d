// What is fuzzed: a target makes inputs of its own and runs any, and an input is octets, whatever they mean. So corpus, mutation,
// coverage and replay are the same for all targets, and an input that once failed can be kept as a line of hex.
import type { Noise } from '../support/noise.ts'

export interface Target {
  readonly name: string
  /** Sources whose coverage says that an input is new, as their paths begin. */
  readonly sources: readonly string[]
  /** A new input. */
  draw(noise: Noise): Buffer
  /** Runs `input`, whatever it is; throws, or rejects, when a property does not hold. The same input does the same each time. */
  run(input: Buffer): void | Promise<void>
}

/** A property that does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** Throws `Violation` unless `holds`. `what` is made only then. */
export function demand(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new Violation(what())
}

/** Octets of an input as choices, one after the other; zeros once they are used up. */
export class Choices {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get over(): boolean {
    return this.#at >= this.#bytes.length
  }

  octet(): number {
    return this.#at < this.#bytes.length ? this.#bytes[this.#at++]! : 0
  }

  /** From 0 up to `below`, which is at most 65,536. */
  random(below: number): number {
    return (below <= 256 ? this.octet() : this.octet() * 256 + this.octet()) % below
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random(list.length)]!
  }

  /** At most `count` of the octets that are left. */
  take(count: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + count)
    this.#at += taken.length
    return taken
  }
}
