/**
 * XSUB (RFC 29): sends `01 topic` and `00 topic` to subscribe and cancel, receives whatever the publishers send. Topics are counted here, so
 * that only the last cancel of a topic is told to publishers; each new connection hears every topic once, before anything else.
 */
import { Distributor } from '../../routing/distributor.ts'
import { FairQueue } from '../../routing/fair-queue.ts'
import type { Message, Pipe } from '../../routing/pipe.ts'
import { Topics } from '../../routing/topics.ts'
import type { ErrnoCode } from '../errno.ts'
import { Pattern } from './pattern.ts'

interface Subscription {
  readonly topic: Buffer
  count: number
}

export class XSubscriberPattern extends Pattern {
  protected readonly in: FairQueue = new FairQueue()
  protected readonly topics: Topics<Subscription> = new Topics()
  readonly #out = new Distributor()

  get readable(): boolean {
    return this.in.readable
  }

  get writable(): boolean {
    return true
  }

  get queued(): number {
    return this.in.queued
  }

  attach(pipe: Pipe): void {
    this.#out.attach(pipe)
  }

  override linked(pipe: Pipe): void {
    for (const { topic } of this.topics) pipe.sendSubscription(topic, true)
  }

  detach(pipe: Pipe, discard: boolean): void {
    this.#out.detach(pipe)
    if (discard) this.in.remove(pipe)
  }

  override clear(): void {
    this.in.clear()
  }

  arrive(pipe: Pipe, message: Message): void {
    this.in.push(pipe, message)
  }

  receive(): Message | undefined {
    return this.in.shift()
  }

  send(parts: Message): ErrnoCode | undefined {
    if (parts.length === 1) return this.sendOne(parts[0]!)
    this.#out.begin()
    this.#out.chooseAll()
    this.#out.send(parts)
    return undefined
  }

  override sendOne(body: Buffer): ErrnoCode | undefined {
    if (body.length > 0 && body[0]! <= 1) {
      this.change(Buffer.from(body.subarray(1)), body[0] === 1)
      return undefined
    }
    this.#out.begin()
    this.#out.chooseAll()
    this.#out.sendOne(body)
    return undefined
  }

  /** Counts, and tells all publishers: every wish, as an XPUB may report repeated ones, but only the end of the last. */
  protected change(topic: Buffer, wanted: boolean): void {
    const known = this.topics.find(topic)
    if (wanted) {
      if (known === undefined) this.topics.set(topic, { topic, count: 1 })
      else known.count++
    } else {
      if (known === undefined || --known.count > 0) return
      this.topics.delete(topic)
    }
    for (const pipe of this.#out) pipe.sendSubscription(topic, wanted)
  }
}
