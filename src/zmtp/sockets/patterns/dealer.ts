/**
 * DEALER (RFC 28): messages go out to one peer after the other and come in from all in turn, parts untouched.
 */
import { FairQueue } from '../../routing/fair-queue.ts'
import { LoadBalancer } from '../../routing/load-balancer.ts'
import type { Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { Pattern } from './pattern.ts'

export class DealerPattern extends Pattern {
  readonly #out = new LoadBalancer()
  readonly #in = new FairQueue()

  get readable(): boolean {
    return this.#in.readable
  }

  get writable(): boolean {
    return this.#out.writable
  }

  get queued(): number {
    return this.#in.queued
  }

  attach(pipe: Pipe): void {
    this.#out.attach(pipe)
  }

  open(): boolean {
    return true
  }

  detach(pipe: Pipe, discard: boolean): void {
    this.#out.detach(pipe)
    if (discard) this.#in.remove(pipe)
  }

  override rearm(pipe: Pipe): void {
    this.#out.rearm(pipe)
  }

  arrive(pipe: Pipe, message: Message): void {
    this.#in.push(pipe, message)
  }

  receive(): Message | undefined {
    return this.#in.shift()
  }

  send(parts: Message): ErrnoCode | undefined {
    const pipe = this.#out.choose()
    if (pipe === undefined) return 'EAGAIN'
    pipe.send(parts)
    this.#out.sent(pipe)
    return undefined
  }

  override sendOne(body: Buffer): ErrnoCode | undefined {
    const pipe = this.#out.choose()
    if (pipe === undefined) return 'EAGAIN'
    pipe.sendOne(body)
    this.#out.sent(pipe)
    return undefined
  }
}
