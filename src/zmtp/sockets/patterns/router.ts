/**
 * ROUTER (RFC 28): the first part of every message names the peer that it comes from or goes to, and is never on the wire. Which id a
 * peer gets, and what happens when two want the same, is here.
 */

import { LinkError } from '../../../base/errors.ts'
import { FairQueue } from '../../routing/fair-queue.ts'
import { Identities, keyOf } from '../../routing/identities.ts'
import type { Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { HANDOVER, MANDATORY } from '../option-table.ts'
import { Pattern, type PatternHost } from './pattern.ts'

export class RouterPattern extends Pattern {
  readonly #identities: Identities
  readonly #in = new FairQueue()
  /** Who the peers of pipes have proved to be. */
  readonly #users = new WeakMap<Pipe, string>()
  /** Pipes whose id the user chose when connecting: what the peer announces does not matter. */
  readonly #named = new WeakSet<Pipe>()
  /** Pipes that are gone but not read to the end, by the identity their peers announced: whoever brings it next comes after them. */
  readonly #unread = new Map<string, Pipe>()

  constructor(host: PatternHost) {
    super(host)
    this.#identities = new Identities(host.random)
  }

  get readable(): boolean {
    return this.#in.readable
  }

  get writable(): boolean {
    if (!this.host.options.flag(MANDATORY)) return true
    for (const pipe of this.#identities) if (!pipe.full) return true
    return false
  }

  get queued(): number {
    return this.#in.queued
  }

  override name(pipe: Pipe, id: Buffer): boolean {
    if (this.#identities.find(id) !== undefined) return false
    this.#identities.assign(pipe, id)
    this.#named.add(pipe)
    return true
  }

  attach(_pipe: Pipe): void {}

  override open(pipe: Pipe, identity: Buffer, user: string | undefined): LinkError | undefined {
    const refusal = this.#open(pipe, identity, user)
    if (refusal !== undefined) return refusal
    if (user === undefined) this.#users.delete(pipe)
    else this.#users.set(pipe, user)
    return undefined
  }

  #open(pipe: Pipe, identity: Buffer, user: string | undefined): LinkError | undefined {
    if (this.#named.has(pipe)) return undefined
    if (identity.length === 0) {
      // The same pipe again, after a reconnect: its peer is as nameless as before.
      if (!pipe.generated || pipe.routingId === undefined) this.#rename(pipe, undefined)
      return undefined
    }
    const holder = this.#identities.find(identity)
    if (holder === pipe) return undefined
    const before = holder ?? this.#unread.get(keyOf(identity))
    if (holder !== undefined) {
      // Whoever may say any identity must not become somebody else by it.
      if (!this.host.options.flag(HANDOVER) || this.#users.get(holder) !== user) {
        return new LinkError('IDENTITY_IN_USE', 'another peer of this socket has the same identity')
      }
      // What the old peer has brought keeps its id and stays readable; libzmq would leave its connection open, deaf and mute.
      this.#identities.generate(holder)
      this.host.cut(holder, new LinkError('IDENTITY_IN_USE', 'a newer peer has taken over the identity'))
    }
    this.#rename(pipe, identity)
    // Else the two would take turns, and messages under one identity would come out of their order.
    if (before !== undefined) this.#in.inherit(pipe, before)
    this.#unread.delete(keyOf(identity))
    return undefined
  }

  detach(pipe: Pipe, discard: boolean): void {
    const id = pipe.generated ? undefined : pipe.routingId
    this.#identities.release(pipe)
    if (discard) this.#in.remove(pipe)
    else if (id !== undefined && pipe.inbound.length > 0) this.#unread.set(keyOf(id), pipe)
  }

  override clear(): void {
    this.#in.clear()
  }

  arrive(pipe: Pipe, message: Message): void {
    this.#in.push(pipe, message)
  }

  receive(): Message | undefined {
    const message = this.#in.shift()
    if (this.#unread.size > 0 && message !== undefined) this.#forgetRead(message[0]!)
    return message
  }

  send(parts: Message): ErrnoCode | undefined {
    // An id with nothing behind it addresses nobody.
    if (parts.length < 2) return this.sendOne()
    const pipe = this.#identities.find(parts[0]!)
    if (pipe === undefined) {
      if (this.host.options.flag(MANDATORY)) return 'EHOSTUNREACH'
      this.host.losses.count++
      return undefined
    }
    if (pipe.full) {
      if (this.host.options.flag(MANDATORY)) return 'EAGAIN'
      pipe.drop()
      return undefined
    }
    pipe.send(parts, 1)
    return undefined
  }

  override sendOne(): undefined {
    this.host.losses.count++
    return undefined
  }

  #forgetRead(id: Buffer): void {
    const key = keyOf(id)
    if (this.#unread.get(key)?.inbound.length === 0) this.#unread.delete(key)
  }

  /** A pipe that had another id served another peer: what waits for that one must not reach this one. */
  #rename(pipe: Pipe, identity: Buffer | undefined): void {
    if (pipe.routingId !== undefined) pipe.discardOutbound()
    if (identity === undefined) this.#identities.generate(pipe)
    else this.#identities.assign(pipe, identity)
  }
}
