/**
 * PUSH (RFC 30): each message goes to the next PULL that can take it. Nothing comes back.
 */
import { LoadBalancer } from '../../routing/load-balancer.ts'
import type { Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { Pattern } from './pattern.ts'

export class PushPattern extends Pattern {
  readonly #out = new LoadBalancer()

  get readable(): boolean {
    return false
  }

  get queued(): number {
    return 0
  }

  get writable(): boolean {
    return this.#out.writable
  }

  attach(pipe: Pipe): void {
    this.#out.attach(pipe)
  }

  detach(pipe: Pipe, _discard: boolean): void {
    this.#out.detach(pipe)
  }

  override rearm(pipe: Pipe): void {
    this.#out.rearm(pipe)
  }

  // A PULL has nothing to say.
  arrive(pipe: Pipe, _message: Message): void {
    pipe.refuse()
  }

  receive(): Message | undefined {
    return undefined
  }

  override get receiveFault(): ErrnoCode {
    return 'ENOTSUP'
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
