/**
 * SUB (RFC 29): XSUB without the way up. It filters again what publishers send, because one may send more than was asked for, and because
 * what was on its way when a subscription ended must not arrive.
 */
import type { Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { INVERT_MATCHING } from '../option-table.ts'
import { XSubscriberPattern } from './xsubscriber.ts'

export class SubscriberPattern extends XSubscriberPattern {
  #inverts = false
  /** Topics have changed since the queue was last empty: what waits in it is judged once more. */
  #changed = false
  /** Judged and found wanted, but not received yet. */
  #next: Message | undefined

  override get readable(): boolean {
    if (!this.#changed) return super.readable
    this.#next ??= this.#wanted()
    return this.#next !== undefined
  }

  override get writable(): boolean {
    return false
  }

  override get queued(): number {
    return super.queued + (this.#next === undefined ? 0 : 1)
  }

  override configure(): void {
    this.#inverts = this.host.options.flag(INVERT_MATCHING)
  }

  override arrive(pipe: Pipe, message: Message): void {
    if (this.#wants(message)) super.arrive(pipe, message)
    else pipe.refuse()
  }

  override clear(): void {
    super.clear()
    if (this.#next !== undefined) this.host.losses.count++
    this.#next = undefined
  }

  override receive(): Message | undefined {
    const next = this.#next
    if (next === undefined) return this.#changed ? this.#wanted() : super.receive()
    this.#next = undefined
    return next
  }

  override subscribe(topic: Buffer, wanted: boolean): undefined {
    this.change(topic, wanted)
    this.#changed = this.in.readable
  }

  override send(): ErrnoCode {
    return 'ENOTSUP'
  }

  override sendOne(): ErrnoCode {
    return 'ENOTSUP'
  }

  #wanted(): Message | undefined {
    for (let message = this.in.shift(); message !== undefined; message = this.in.shift()) {
      if (this.#wants(message)) return message
      const pipe = this.in.lastPipe
      if (pipe !== undefined) pipe.drop()
    }
    this.#changed = false
    return undefined
  }

  #wants(message: Message): boolean {
    return this.topics.matches(message[0]!) !== this.#inverts
  }
}
