/**
 * Incoming choice of DEALER, ROUTER, REP, PULL and the publish-subscribe types: one whole message from each pipe that has any, in turn, so that a talkative peer
 * cannot drown the others. A pipe whose connection has gone stays until what it brought has been read.
 */
import { Fifo } from '../../base/fifo.ts'
import type { Message, Pipe } from './pipe.ts'

export class FairQueue {
  /** Where the message of the last `shift` came from. */
  lastPipe: Pipe | undefined
  // Exactly the pipes with unread messages; the first is next.
  readonly #turns: Fifo<Pipe> = new Fifo()

  get readable(): boolean {
    return this.#turns.length > 0
  }

  /** Messages waiting, over all pipes. Counts them: not for hot paths. */
  get queued(): number {
    let queued = 0
    for (const pipe of this.#turns) queued += pipe.inbound.length
    return queued
  }

  /** `limit`: instead of the high-water mark, for messages that are not the peer's own. */
  push(pipe: Pipe, message: Message, limit?: number): void {
    this.#enter(pipe)
    pipe.arrive(message, limit)
  }

  shift(): Message | undefined {
    const turns = this.#turns
    const pipe = turns.peek()
    if (pipe === undefined) return undefined
    // The turn is decided before the message is taken: taking may resume reading, and bring more.
    if (pipe.inbound.length === 1) {
      turns.shift()
      pipe.inTurn = false
    } else if (turns.length > 1) {
      turns.shift()
      turns.push(pipe)
    }
    this.lastPipe = pipe
    return pipe.take()
  }

  /** As `shift` again and again, until `batch` holds `most` or nothing is left: a pipe that nobody shares the turns with has many in a row. */
  shiftInto(batch: Message[], most: number): void {
    const turns = this.#turns
    while (batch.length < most) {
      const pipe = turns.peek()
      if (pipe === undefined) return
      // All but the last, with which its turn ends.
      const row = turns.length > 1 ? 0 : pipe.inbound.length - 1
      if (row > 0) {
        this.lastPipe = pipe
        pipe.takeInto(batch, Math.min(row, most - batch.length))
      } else {
        batch.push(this.shift()!)
      }
    }
  }

  /** What is unread of `left`, whose peer is gone, is read from `pipe`, before all that comes through that. */
  inherit(pipe: Pipe, left: Pipe): void {
    if (!left.inTurn) return
    this.#turns.remove(left)
    left.inTurn = false
    this.#enter(pipe)
    for (let message = left.inbound.shift(); message !== undefined; message = left.inbound.shift()) {
      pipe.adopt(message)
    }
  }

  /** Forgets a pipe together with what it brought. */
  remove(pipe: Pipe): void {
    if (pipe.inTurn) this.#turns.remove(pipe)
    pipe.inTurn = false
    pipe.discardInbound()
    if (this.lastPipe === pipe) this.lastPipe = undefined
  }

  /** Forgets everything. */
  clear(): void {
    for (let pipe = this.#turns.peek(); pipe !== undefined; pipe = this.#turns.peek()) this.remove(pipe)
  }

  #enter(pipe: Pipe): void {
    if (pipe.inTurn) return
    pipe.inTurn = true
    this.#turns.push(pipe)
  }
}
