/**
 * Outgoing choice of DEALER, REQ and PUSH: each whole message goes to the next pipe that can take one, in turn. Pipes that are
 * full stand behind a boundary in the same array, so a choice costs the same with one peer and with ten thousand.
 */
import type { Pipe } from './pipe.ts'

export class LoadBalancer {
  // [0, #active) can take messages, the rest are full. A pipe knows its place by `slot`.
  readonly #pipes: Pipe[] = []
  #active = 0
  #next = 0

  /** Some pipe can take a message. */
  get writable(): boolean {
    return this.#active > 0
  }

  attach(pipe: Pipe): void {
    if (pipe.slot >= 0) return
    pipe.slot = this.#pipes.length
    this.#pipes.push(pipe)
    this.rearm(pipe)
  }

  detach(pipe: Pipe): void {
    if (pipe.slot < 0) return
    if (pipe.slot < this.#active) this.#setAside(pipe)
    this.#swap(pipe.slot, this.#pipes.length - 1)
    this.#pipes.pop()
    pipe.slot = -1
  }

  /** `pipe` may have become able to take messages, or unable to. */
  rearm(pipe: Pipe): void {
    if (pipe.slot < 0) return
    if (pipe.full) {
      if (pipe.slot < this.#active) this.#setAside(pipe)
    } else if (pipe.slot >= this.#active) {
      this.#swap(pipe.slot, this.#active)
      this.#active++
    }
  }

  /** The pipe for the next message, or `undefined` when none can take it. After sending to it: `sent(pipe)`. */
  choose(): Pipe | undefined {
    return this.#active === 0 ? undefined : this.#pipes[this.#next]
  }

  /** Moves on: the next message goes to the next pipe. */
  sent(pipe: Pipe): void {
    if (pipe.full) this.#setAside(pipe)
    else if (++this.#next >= this.#active) this.#next = 0
  }

  #setAside(pipe: Pipe): void {
    this.#active--
    this.#swap(pipe.slot, this.#active)
    if (this.#next >= this.#active) this.#next = 0
  }

  #swap(a: number, b: number): void {
    if (a === b) return
    const pipe = this.#pipes[a]!
    const other = this.#pipes[b]!
    this.#pipes[a] = other
    this.#pipes[b] = pipe
    other.slot = a
    pipe.slot = b
  }
}
