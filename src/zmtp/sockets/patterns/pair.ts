/**
 * PAIR (RFC 31): one peer, messages both ways. While there is one, every other connection is closed, so that its side sees it; libzmq
 * leaves such a connection open, deaf and mute. It is closed before the handshake, since a peer sends what it has queued right after it;
 * only of two whose handshakes overlap the later one is closed behind it. The place is free again once the peer has gone.
 */
import { LinkError, type PseudError } from '../../../base/errors.ts'
import { Fifo } from '../../../base/fifo.ts'
import type { Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { Pattern } from './pattern.ts'

export class PairPattern extends Pattern {
  #peer: Pipe | undefined
  /** Pipes with unread messages: what a peer brought comes before what its successor brings. */
  readonly #unread: Fifo<Pipe> = new Fifo()

  get readable(): boolean {
    return this.#unread.length > 0
  }

  get writable(): boolean {
    return this.#peer !== undefined && !this.#peer.full
  }

  get queued(): number {
    let queued = 0
    for (const pipe of this.#unread) queued += pipe.inbound.length
    return queued
  }

  attach(pipe: Pipe): void {
    this.#peer ??= pipe
  }

  override refusal(pipe: Pipe | undefined): PseudError | undefined {
    return this.#peer === undefined || this.#peer === pipe ? undefined : alreadyPaired()
  }

  override open(pipe: Pipe): PseudError | undefined {
    this.#peer ??= pipe
    return this.#peer === pipe ? undefined : alreadyPaired()
  }

  detach(pipe: Pipe, discard: boolean): void {
    if (this.#peer === pipe) this.#peer = undefined
    if (!discard) return
    if (pipe.inTurn) this.#unread.remove(pipe)
    pipe.inTurn = false
    pipe.discardInbound()
  }

  override clear(): void {
    for (let pipe = this.#unread.shift(); pipe !== undefined; pipe = this.#unread.shift()) {
      pipe.inTurn = false
      pipe.discardInbound()
    }
  }

  arrive(pipe: Pipe, message: Message): void {
    if (!pipe.inTurn) {
      pipe.inTurn = true
      this.#unread.push(pipe)
    }
    pipe.arrive(message)
  }

  receive(): Message | undefined {
    const pipe = this.#unread.peek()
    if (pipe === undefined) return undefined
    // Before the message is taken: taking may resume reading, and bring more.
    if (pipe.inbound.length === 1) {
      this.#unread.shift()
      pipe.inTurn = false
    }
    return pipe.take()
  }

  send(parts: Message): ErrnoCode | undefined {
    const pipe = this.#peer
    if (pipe === undefined || pipe.full) return 'EAGAIN'
    pipe.send(parts)
    return undefined
  }

  override sendOne(body: Buffer): ErrnoCode | undefined {
    const pipe = this.#peer
    if (pipe === undefined || pipe.full) return 'EAGAIN'
    pipe.sendOne(body)
    return undefined
  }
}

function alreadyPaired(): LinkError {
  return new LinkError('ALREADY_PAIRED', 'a PAIR has one peer, and it is there')
}
