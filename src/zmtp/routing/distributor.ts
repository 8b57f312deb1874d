/**
 * Outgoing choice of PUB, XPUB and XSUB: a message goes to all chosen pipes. One that is full misses the whole message, never a part of it,
 * and takes messages again when half of its queue has gone. Nobody waits for anybody.
 */
import { Broadcast } from '../../base/broadcast.ts'
import type { Message, Pipe } from './pipe.ts'

export class Distributor {
  readonly #pipes = new Set<Pipe>()
  // For the message at hand; a pipe that is in it has the number of this round.
  #chosen: Pipe[] = []
  #round = 0
  readonly #message = new Broadcast()

  attach(pipe: Pipe): void {
    this.#pipes.add(pipe)
  }

  detach(pipe: Pipe): void {
    this.#pipes.delete(pipe)
  }

  has(pipe: Pipe): boolean {
    return this.#pipes.has(pipe)
  }

  [Symbol.iterator](): Iterator<Pipe> {
    return this.#pipes.values()
  }

  /** Some pipe can take no message. */
  get anyFull(): boolean {
    for (const pipe of this.#pipes) if (pipe.full) return true
    return false
  }

  /** A new message: nobody is chosen yet. */
  begin(): void {
    this.#round++
    this.#chosen.length = 0
  }

  /** Chooses `pipe`; once is enough. */
  choose(pipe: Pipe): void {
    if (pipe.round === this.#round) return
    pipe.round = this.#round
    this.#chosen.push(pipe)
  }

  chooseAll(): void {
    for (const pipe of this.#pipes) this.choose(pipe)
  }

  /** Chooses those that are not chosen, instead of those that are. */
  invert(): void {
    const others: Pipe[] = []
    for (const pipe of this.#pipes) if (pipe.round !== this.#round) others.push(pipe)
    this.#chosen = others
  }

  /** Somebody who is chosen can take no message. */
  get blocked(): boolean {
    for (const pipe of this.#chosen) if (pipe.full) return true
    return false
  }

  send(parts: Message): void {
    if (this.#chosen.length >= SHARED_FROM) {
      this.#broadcast(parts)
      return
    }
    for (const pipe of this.#chosen) {
      if (pipe.full) pipe.drop()
      else pipe.send(parts)
    }
  }

  /** The same for a message of one part. */
  sendOne(body: Buffer): void {
    if (this.#chosen.length >= SHARED_FROM) {
      this.#broadcast([body])
      return
    }
    for (const pipe of this.#chosen) {
      if (pipe.full) pipe.drop()
      else pipe.sendOne(body)
    }
  }

  /** Frames are written once, and shared. */
  #broadcast(parts: Message): void {
    const message = this.#message
    message.begin(parts)
    for (const pipe of this.#chosen) {
      if (pipe.full) pipe.drop()
      else pipe.broadcast(message)
    }
    message.finish()
  }
}

// To fewer, each connection writes its own into memory that it uses again and again, which is faster (bench/fan-out.bench.ts).
const SHARED_FROM = 8
