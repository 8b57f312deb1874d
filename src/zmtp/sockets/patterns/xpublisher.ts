/**
 * XPUB (RFC 29): each message goes to all peers that asked for its topic, the beginning of its first part. What peers ask for is passed up
 * as messages, `01 topic` and `00 topic`. It takes effect when it arrives, whether or not the application receives.
 */
import { Distributor } from '../../routing/distributor.ts'
import { FairQueue } from '../../routing/fair-queue.ts'
import { type Message, type Pipe, UNWANTED, WANTED } from '../../routing/pipe.ts'
import { FIRST, REMAINING, Subscriptions } from '../../routing/subscriptions.ts'
import type { ErrnoCode } from '../errno.ts'
import {
  INVERT_MATCHING,
  MANUAL,
  NO_DROP,
  WELCOME_MESSAGE,
  XPUB_VERBOSE,
  XPUB_VERBOSER,
} from '../option-table.ts'
import { Pattern } from './pattern.ts'

export class XPublisherPattern extends Pattern {
  protected readonly out: Distributor = new Distributor()
  readonly #in = new FairQueue()
  /** What decides who gets a message. */
  readonly #subscriptions = new Subscriptions()
  /** What peers asked for while `manual` left the decision to the application. */
  readonly #asked = new Subscriptions()
  /** Dialled pipes whose connection was lost: the next one may be to another peer. */
  readonly #stale = new Set<Pipe>()
  #noDrop = false
  #inverts = false

  get readable(): boolean {
    return this.#in.readable
  }

  get writable(): boolean {
    return !this.#noDrop || !this.out.anyFull
  }

  get queued(): number {
    return this.#in.queued
  }

  override configure(): void {
    this.#noDrop = this.host.options.flag(NO_DROP)
    this.#inverts = this.host.options.flag(INVERT_MATCHING)
  }

  attach(pipe: Pipe): void {
    this.out.attach(pipe)
  }

  override linked(pipe: Pipe): void {
    const welcome = this.host.options.bytes(WELCOME_MESSAGE)
    if (welcome === null) return
    if (pipe.full) pipe.drop()
    else pipe.sendOne(welcome)
  }

  // What the peer had asked for counts on, so that messages wait for its return, until it asks again.
  override lost(pipe: Pipe): void {
    if (this.out.has(pipe)) this.#stale.add(pipe)
  }

  detach(pipe: Pipe, discard: boolean): void {
    this.out.detach(pipe)
    if (discard) this.#in.remove(pipe)
    this.#stale.delete(pipe)
    this.#forget(pipe)
  }

  override clear(): void {
    this.#in.clear()
  }

  // -- what peers want -----------------------------------------------------------------------------------------------

  /** Before ZMTP 3.1 subscriptions are messages; libzmq's XSUB sends them so to this day. Of several parts none is a subscription. */
  arrive(pipe: Pipe, message: Message): void {
    const first = message[0]!
    if (message.length === 1 && first.length > 0 && first[0]! <= 1) {
      this.request(pipe, Buffer.from(first.subarray(1)), first[0] === 1)
    } else {
      this.arriveUpstream(pipe, message)
    }
  }

  /** A message that subscribers send to publishers. */
  protected arriveUpstream(pipe: Pipe, message: Message): void {
    this.#in.push(pipe, message)
  }

  override request(pipe: Pipe, topic: Buffer, wanted: boolean): void {
    if (this.#stale.delete(pipe)) this.#forget(pipe)
    const manual = this.host.options.flag(MANUAL)
    const kept = manual ? this.#asked : this.#subscriptions
    const excess = wanted ? kept.excess(pipe, topic) : undefined
    if (excess !== undefined) {
      this.host.cut(pipe, excess)
      return
    }
    const found = wanted ? kept.add(pipe, topic) : kept.remove(pipe, topic)
    if (manual || this.#isNews(found, wanted)) this.notify(pipe, topic, wanted)
  }

  /** With `manual`: what the peer of the message received last is to get. */
  override subscribe(topic: Buffer, wanted: boolean): ErrnoCode | undefined {
    if (!this.host.options.flag(MANUAL)) return 'EINVAL'
    const pipe = this.#in.lastPipe
    // Gone since: it needs nothing any more.
    if (pipe === undefined || !this.out.has(pipe)) return undefined
    if (wanted) this.#subscriptions.add(pipe, topic)
    else this.#subscriptions.remove(pipe, topic)
    return undefined
  }

  /** Tells the application. */
  protected notify(pipe: Pipe, topic: Buffer, wanted: boolean): void {
    this.#in.push(pipe, [Buffer.concat([wanted ? WANTED : UNWANTED, topic])], NOTICES_MAX)
  }

  #forget(pipe: Pipe): void {
    // With `manual` the peer's own requests are what the application knows of.
    this.#asked.removeAll(pipe, (topic) => this.notify(pipe, topic, false))
    const manual = this.host.options.flag(MANUAL)
    this.#subscriptions.removeAll(pipe, (topic, found) => {
      if (!manual && this.#isNews(found, false)) this.notify(pipe, topic, false)
    })
  }

  #isNews(found: number, wanted: boolean): boolean {
    const { options } = this.host
    if (options.flag(XPUB_VERBOSER)) return true
    return wanted ? found === FIRST || options.flag(XPUB_VERBOSE) : found !== REMAINING
  }

  // -- messages ------------------------------------------------------------------------------------------------------

  receive(): Message | undefined {
    return this.#in.shift()
  }

  send(parts: Message): ErrnoCode | undefined {
    if (!this.#choose(parts[0]!)) return 'EAGAIN'
    this.out.send(parts)
    return undefined
  }

  override sendOne(body: Buffer): ErrnoCode | undefined {
    if (!this.#choose(body)) return 'EAGAIN'
    this.out.sendOne(body)
    return undefined
  }

  /** `false`: with `noDrop`, when somebody who wants it can take no message. */
  #choose(body: Buffer): boolean {
    this.out.begin()
    this.#subscriptions.choose(body, this.out)
    if (this.#inverts) this.out.invert()
    return !this.#noDrop || !this.out.blocked
  }
}

// Requests are taken from the connection even while the application receives nothing, or it would have to receive for the sake of sending.
// This many unread notices of one peer are too many: it is not read from until the application has caught up.
const NOTICES_MAX = 20_000
