/**
 * STREAM: connections to whatever speaks TCP. The first part of every message names the connection, the second is octets from it or for it,
 * in pieces as they came; an empty one says that the connection was made or has ended, or asks to end it. What must be known of raw
 * octets is engine/raw.ts.
 */
import { EMPTY } from '../../../base/bytes.ts'
import { LimitError } from '../../../base/errors.ts'
import { FairQueue } from '../../routing/fair-queue.ts'
import { Identities } from '../../routing/identities.ts'
import type { Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { NOTIFY } from '../option-table.ts'
import { Pattern, type PatternHost } from './pattern.ts'

export class StreamPattern extends Pattern {
  readonly #identities: Identities
  readonly #in = new FairQueue()
  /** Pipes whose connection was reported: its end must be, too. */
  readonly #reported = new Set<Pipe>()
  /** Pipes that are gone and have unread messages. */
  readonly #ended = new Set<Pipe>()

  constructor(host: PatternHost) {
    super(host)
    this.#identities = new Identities(host.random)
  }

  get readable(): boolean {
    return this.#in.readable
  }

  get writable(): boolean {
    return true
  }

  get queued(): number {
    return this.#in.queued
  }

  // One peer that does not read must not keep the application from the others, so nothing is waited for.
  override get sendWaits(): boolean {
    return false
  }

  override name(pipe: Pipe, id: Buffer): boolean {
    if (this.#identities.find(id) !== undefined) return false
    this.#identities.assign(pipe, id)
    return true
  }

  attach(pipe: Pipe): void {
    if (pipe.routingId === undefined) this.#identities.generate(pipe)
  }

  override open(): LimitError | undefined {
    if (this.#ended.size < MOST_ENDED) return undefined
    return new LimitError('TOO_MANY_UNREAD', 'unreadConnections', MOST_ENDED, MOST_ENDED + 1)
  }

  override linked(pipe: Pipe): void {
    if (!this.host.options.flag(NOTIFY)) return
    this.#reported.add(pipe)
    this.#notify(pipe)
  }

  override lost(pipe: Pipe): void {
    if (this.#reported.delete(pipe)) this.#notify(pipe)
  }

  detach(pipe: Pipe, discard: boolean): void {
    this.#reported.delete(pipe)
    this.#identities.release(pipe)
    if (discard) this.#in.remove(pipe)
    else if (pipe.inTurn) this.#ended.add(pipe)
  }

  override clear(): void {
    this.#in.clear()
  }

  arrive(pipe: Pipe, message: Message): void {
    this.#in.push(pipe, message)
  }

  receive(): Message | undefined {
    const message = this.#in.shift()
    const pipe = this.#in.lastPipe
    if (this.#ended.size > 0 && pipe?.inTurn === false) this.#ended.delete(pipe)
    return message
  }

  /** Takes [id, octets], or several such pairs in one; all of them or none. */
  send(parts: Message): ErrnoCode | undefined {
    if (parts.length % 2 !== 0) return 'EINVAL'
    for (let i = 0; i < parts.length; i += 2) {
      const pipe = this.#identities.find(parts[i]!)
      if (pipe === undefined) return 'EHOSTUNREACH'
      if (pipe.full && parts[i + 1]!.length > 0) return 'EAGAIN'
    }
    for (let i = 0; i < parts.length; i += 2) this.#sendTo(parts[i]!, parts[i + 1]!)
    return undefined
  }

  #sendTo(id: Buffer, octets: Buffer): void {
    const pipe = this.#identities.find(id)
    // An earlier pair may have ended the connection.
    if (pipe === undefined) this.host.losses.count++
    else if (octets.length > 0) pipe.sendOne(octets)
    else this.host.part(pipe)
  }

  #notify(pipe: Pipe): void {
    this.#in.push(pipe, [pipe.routingId!, EMPTY])
  }
}

// Connections that come and go while the application does not receive leave what they brought behind, each up to its high-water mark.
const MOST_ENDED = 10_000
