/**
 * Messages from one socket to another and back, below promises: moved the moment they arrive, one whole message at a time, and only while
 * the other side takes them. What it does not take stays where it is, so that high-water marks and TCP stop whoever sends. Knows patterns;
 * the life of the sockets is the Proxy's.
 */

import type { Losses, Message } from '../routing/pipe.ts'
import type { Operations } from './operations.ts'
import type { Pattern } from './patterns/pattern.ts'
import { PullPattern } from './patterns/pull.ts'
import { SubscriberPattern } from './patterns/subscriber.ts'
import { XPublisherPattern } from './patterns/xpublisher.ts'

/** What of a socket takes part. */
export interface RelayEnd {
  readonly pattern: Pattern
  readonly operations: Operations
  /** Counts what is dropped. */
  readonly losses: Losses
}

export class Relay {
  readonly #ends: readonly [RelayEnd, RelayEnd]
  readonly #ways: readonly Way[]
  #paused = false
  #stopped = false
  #moving = false
  /** Something has changed while messages were being moved. */
  #changed = false
  #turnAsked = false

  /** The two may be one and the same. */
  constructor(front: RelayEnd, back: RelayEnd) {
    this.#ends = [front, back]
    this.#ways = front === back ? [new Way(front, back)] : [new Way(front, back), new Way(back, front)]
  }

  /** From now on until `stop`. */
  start(): void {
    for (const end of this.#ends) end.operations.relayTo(this.#onChange)
    this.#onChange()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#onChange()
  }

  /** What is here and can go on at once still does. */
  stop(): void {
    if (!this.#paused && !this.#stopped) this.#move(Number.POSITIVE_INFINITY)
    if (!this.#stopped) for (const way of this.#ways) way.letGo()
    this.#stopped = true
    for (const end of this.#ends) end.operations.relayTo(undefined)
  }

  readonly #onChange = (): void => {
    if (this.#paused || this.#stopped || this.#turnAsked) return
    if (this.#moving) {
      this.#changed = true
      return
    }
    if (this.#move(MOST_IN_A_TURN)) return
    this.#turnAsked = true
    setImmediate(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    this.#turnAsked = false
    this.#onChange()
  }

  /** Moves what can be moved, up to about `most` messages. `false`: there may be more. */
  #move(most: number): boolean {
    let left = most
    this.#moving = true
    do {
      this.#changed = false
      for (const way of this.#ways) {
        const moved = way.move(MOST_IN_A_ROW)
        if (moved === MOST_IN_A_ROW) this.#changed = true
        left -= moved
      }
    } while (this.#changed && left > 0)
    this.#moving = false
    return !this.#changed
  }
}

class Way {
  readonly #from: RelayEnd
  readonly #to: RelayEnd
  /** Taken from the one, but there is no room for it at the peer of the other that it is addressed to. */
  #held: Message | undefined
  /** What subscribers ask for has nowhere to go: it is dropped, or it would pile up for as long as they come and go. */
  readonly #isDeadEnd: boolean

  constructor(from: RelayEnd, to: RelayEnd) {
    this.#from = from
    this.#to = to
    this.#isDeadEnd =
      from.pattern instanceof XPublisherPattern &&
      (to.pattern instanceof SubscriberPattern || to.pattern instanceof PullPattern)
  }

  /** Moves up to `most` messages and returns how many. */
  move(most: number): number {
    const from = this.#from.pattern
    const to = this.#to.pattern
    let moved = 0
    if (this.#isDeadEnd) while (from.receive() !== undefined) this.#from.losses.count++
    while (moved < most && to.writable) {
      const message = this.#held ?? from.receive()
      if (message === undefined) break
      this.#held = undefined
      const fault = message.length === 1 ? to.sendOne(message[0]!) : to.send(message)
      if (fault === 'EAGAIN') {
        this.#held = message
        break
      }
      // Any other fault means that it can never go: to a peer that has left, say. That must not end the proxy for all others.
      if (fault !== undefined) this.#to.losses.count++
      moved++
    }
    return moved
  }

  /** Drops what is in hand. */
  letGo(): void {
    if (this.#held !== undefined) this.#to.losses.count++
    this.#held = undefined
  }
}

// One direction must not keep the other waiting, nor both together the event loop: a queue without bounds may hold millions.
const MOST_IN_A_ROW = 64
const MOST_IN_A_TURN = 2048
