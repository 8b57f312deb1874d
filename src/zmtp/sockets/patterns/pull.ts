/**
 * PULL (RFC 30): messages come in from all PUSH peers in turn. Nothing goes out.
 */
import { FairQueue } from '../../routing/fair-queue.ts'
import type { Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { Pattern } from './pattern.ts'

export class PullPattern extends Pattern {
  readonly #in = new FairQueue()

  readonly writable = false

  get readable(): boolean {
    return this.#in.readable
  }

  get queued(): number {
    return this.#in.queued
  }

  attach(): void {}

  detach(pipe: Pipe, discard: boolean): void {
    if (discard) this.#in.remove(pipe)
  }

  override clear(): void {
    this.#in.clear()
  }

  arrive(pipe: Pipe, message: Message): void {
    this.#in.push(pipe, message)
  }

  receive(): Message | undefined {
    return this.#in.shift()
  }

  override receiveInto(batch: Message[], most: number): void {
    this.#in.shiftInto(batch, most)
  }

  send(): ErrnoCode {
    return 'ENOTSUP'
  }
}
