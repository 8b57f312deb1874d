/**
 * REP (RFC 28): receives a request, then sends the reply to whoever asked. The return address, every part up to the first empty one,
 * is taken off the request, however many hops it names, and put in front of the reply. Unlike a ROUTER, REP does not address by identity: two
 * peers of the same name are both served.
 */
import { FairQueue } from '../../routing/fair-queue.ts'
import { behind, DELIMITER, type Message, type Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { Pattern } from './pattern.ts'

export class ReplyPattern extends Pattern {
  readonly #in = new FairQueue()
  readonly #attached = new Set<Pipe>()
  #replying = false
  #asker: Pipe | undefined
  #envelope: readonly Buffer[] = DELIMITER

  get readable(): boolean {
    return !this.#replying && this.#in.readable
  }

  get writable(): boolean {
    return this.#replying
  }

  get queued(): number {
    return this.#in.queued
  }

  attach(pipe: Pipe): void {
    this.#attached.add(pipe)
  }

  override lost(pipe: Pipe): void {
    if (this.#asker === pipe) this.#asker = undefined
  }

  detach(pipe: Pipe, discard: boolean): void {
    this.#attached.delete(pipe)
    if (discard) this.#in.remove(pipe)
  }

  override clear(): void {
    this.#in.clear()
  }

  arrive(pipe: Pipe, message: Message): void {
    const delimiter = delimiterIndex(message)
    // Without a delimiter there is no way back, and behind one that ends the message there is no request.
    if (delimiter < 0 || delimiter === message.length - 1) pipe.refuse()
    else this.#in.push(pipe, message)
  }

  receive(): Message | undefined {
    if (this.#replying) return undefined
    const message = this.#in.shift()
    if (message === undefined) return undefined
    const bodyAt = delimiterIndex(message) + 1
    this.#envelope = bodyAt === 1 ? DELIMITER : message.slice(0, bodyAt)
    this.#asker = this.#in.lastPipe
    this.#replying = true
    return behind(message, bodyAt)
  }

  override get receiveFault(): ErrnoCode {
    return this.#replying ? 'EFSM' : 'EAGAIN'
  }

  send(parts: Message): ErrnoCode | undefined {
    if (!this.#replying) return 'EFSM'
    this.#replying = false
    const pipe = this.#asker
    this.#asker = undefined
    // Whoever asked and went away, or does not read, has given up its reply.
    if (pipe === undefined) this.host.losses.count++
    else if (!this.#attached.has(pipe) || pipe.full) pipe.drop()
    else pipe.send(parts, 0, this.#envelope)
    return undefined
  }
}

function delimiterIndex(message: Message): number {
  for (let i = 0; i < message.length; i++) if (message[i]!.length === 0) return i
  return -1
}
