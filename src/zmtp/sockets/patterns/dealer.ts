/**
 * DEALER (RFC 28): messages go out to one peer after the other, as from a PUSH, and come in from all in turn, parts untouched.
 */
import { FairQueue } from '../../routing/fair-queue.ts'
import type { Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { PushPattern } from './push.ts'

export class DealerPattern extends PushPattern {
  readonly #in = new FairQueue()

  override get readable(): boolean {
    return this.#in.readable
  }

  override get queued(): number {
    return this.#in.queued
  }

  override detach(pipe: Pipe, discard: boolean): void {
    super.detach(pipe, discard)
    if (discard) this.#in.remove(pipe)
  }

  override clear(): void {
    this.#in.clear()
  }

  override arrive(pipe: Pipe, message: Message): void {
    this.#in.push(pipe, message)
  }

  override receive(): Message | undefined {
    return this.#in.shift()
  }

  override receiveInto(batch: Message[], most: number): void {
    this.#in.shiftInto(batch, most)
  }

  override get receiveFault(): ErrnoCode {
    return 'EAGAIN'
  }
}
