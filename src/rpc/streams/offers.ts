/**
 * Streams as arguments. On the wire such an argument is nil, and the call's meta names its place (`s`). Who runs the function asks
 * for the items by a call of its own in the other direction, `$stream`, whose answer is a stream like any other: credit, errors,
 * cancellation and endings are the same ones. It lives no longer than the call that it was given to.
 */

import type { PeerLink } from '../api/peer.ts'
import { CallSettings } from '../api/settings.ts'
import { STREAM_METHOD } from '../registry/names.ts'
import { isSource } from './outflow.ts'
import type { PendingCall, RemoteStream } from './remote-stream.ts'

/** One argument that streams, at the side that gave it. */
export class Offer {
  readonly source: AsyncIterable<unknown>
  /** Ends the stream that was made of it. */
  stop: (() => void) | undefined
  #taken = false

  constructor(source: AsyncIterable<unknown>) {
    this.source = source
  }

  get taken(): boolean {
    return this.#taken
  }

  take(): this {
    this.#taken = true
    return this
  }

  /** Its call is over. */
  close(): void {
    if (this.#taken) {
      this.stop?.()
      return
    }
    this.#taken = true
    try {
      // Nobody asked for it: it holds what it holds no longer.
      const ended: unknown = this.source[Symbol.asyncIterator]().return?.()
      if (ended instanceof Promise) ended.catch(() => {})
    } catch {
      // As little to be told as of an iterator that nobody has ever begun.
    }
  }
}

/** The arguments of one call that stream. */
export class Offers {
  readonly #offers = new Map<number, Offer>()

  add(place: number, source: AsyncIterable<unknown>): void {
    this.#offers.set(place, new Offer(source))
  }

  /** Items of one have been asked for: they are given out once. */
  get taken(): boolean {
    for (const offer of this.#offers.values()) if (offer.taken) return true
    return false
  }

  get places(): number[] {
    return [...this.#offers.keys()]
  }

  /** The arguments as they are sent. */
  without(args: readonly unknown[]): unknown[] {
    return args.map((arg, place) => (this.#offers.has(place) ? null : arg))
  }

  /** The argument at `place`, once. */
  take(place: unknown): Offer | undefined {
    const offer = this.#offers.get(place as number)
    return offer === undefined || offer.taken ? undefined : offer.take()
  }

  close(): void {
    for (const offer of this.#offers.values()) offer.close()
  }
}

/** The arguments that stream, if there are any. */
export function offersIn(args: readonly unknown[]): Offers | undefined {
  let offers: Offers | undefined
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]
    if (typeof arg !== 'object' || arg === null || !(Symbol.asyncIterator in arg) || !isSource(arg)) continue
    offers ??= new Offers()
    offers.add(i, arg as AsyncIterable<unknown>)
  }
  return offers
}

/** What a function gets for an argument that streams. It can be gone through once, and is asked for when that begins. */
export class ArgumentStream implements AsyncIterable<unknown> {
  readonly #ask: () => PendingCall
  #items: RemoteStream | undefined

  constructor(ask: () => PendingCall) {
    this.#ask = ask
  }

  [Symbol.asyncIterator](): RemoteStream {
    this.#items ??= this.#ask()[Symbol.asyncIterator]()
    return this.#items
  }

  get [Symbol.toStringTag](): string {
    return 'ArgumentStream'
  }
}

/** A call of a peer, as far as its arguments are concerned. */
export interface StreamTaker {
  readonly id: number
  readonly depth: number
  readonly due: number
  readonly link: PeerLink
}

/** The argument of `taker` at `place`. It ends when that call does, and never waits for the slot that this one holds. */
export function argumentStream({ id, depth, due, link }: StreamTaker, place: number): ArgumentStream {
  const settings = new CallSettings(Number.POSITIVE_INFINITY, {}, Math.max(1, depth), due)
  return new ArgumentStream(() => link.call(STREAM_METHOD, [id, place], settings))
}
