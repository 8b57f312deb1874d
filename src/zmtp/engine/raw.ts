/**
 * A connection without ZMTP: octets that come are parts, parts that are sent are octets. It stands where Engine stands, behind a STREAM
 * socket, and has no greeting, frames, commands, limits or deadlines; who the peer is it cannot know.
 *
 * A part is at most 8 KiB, as libzmq reads them, so that a high-water mark in messages bounds the same number of octets.
 */
import type { Broadcast } from '../../base/broadcast.ts'
import { copy, EMPTY } from '../../base/bytes.ts'
import { UsageError } from '../../base/errors.ts'
import { Fifo } from '../../base/fifo.ts'
import { Mark, Slab } from '../../base/slab.ts'
import { ENDED, NEED_MORE, PART, READY } from './engine.ts'
import type { PeerInfo } from './options.ts'
import { COPY_MAX } from './outbox.ts'
import type { Protocol } from './protocol.ts'

/** The largest part that is delivered: libzmq's in_batch_size. */
export const RAW_PART_MAX = 8192

export class RawEngine implements Protocol {
  /** As in Engine: the part that `poll` has just returned is `body[bodyStart, bodyEnd)`. */
  body: Buffer = EMPTY
  bodyStart = 0
  bodyEnd = 0
  readonly more = false
  readonly commandName = ''
  readonly output: Slab = new Slab()
  readonly peer: PeerInfo = NOBODY
  /** Octets cannot be wrong: an end is always the peer's or the link's. */
  readonly error = undefined
  readonly spent = false
  readonly sealed = false
  readonly question = undefined
  readonly lastHeard = 0
  readonly rttMs = undefined
  readonly unconfirmed = undefined
  readonly heldBytes = 0

  readonly #waiting: Fifo<Buffer> = new Fifo()
  readonly #mark = new Mark()
  #chunk: Buffer = EMPTY
  #at = 0
  #opened = false
  #peerEnded = false
  #ended = false
  #partOpen = false

  handleBytes(chunk: Buffer): void {
    if (this.#ended || chunk.length === 0) return
    if (this.#at === this.#chunk.length && this.#waiting.length === 0) this.#begin(chunk)
    else this.#waiting.push(copy(chunk, 0, chunk.length))
  }

  keepRest(): void {
    if (this.#at < this.#chunk.length) this.#begin(copy(this.#chunk, this.#at, this.#chunk.length))
  }

  /** There are no bodies. */
  room(): undefined {}

  handleFilled(): void {}

  /** The peer closed. What it sent before is still delivered; then follows ENDED. */
  handleEnd(): void {
    this.#peerEnded = true
  }

  handleResume(): void {}

  handleTimeout(): void {}

  handleVerdict(): void {}

  pollDeadline(): number {
    return Infinity
  }

  /** READY (once, first), then PART; NEED_MORE, or ENDED for good. */
  poll(): number {
    if (!this.#opened) {
      this.#opened = true
      return READY
    }
    if (this.#at === this.#chunk.length && !this.#nextChunk()) {
      this.#ended = this.#peerEnded
      return this.#ended ? ENDED : NEED_MORE
    }
    this.body = this.#chunk
    this.bodyStart = this.#at
    this.bodyEnd = Math.min(this.#at + RAW_PART_MAX, this.#chunk.length)
    this.#at = this.bodyEnd
    return PART
  }

  /** Sends the octets of `body`, with the same ownership and the same UsageError as Engine. */
  sendPart(body: Buffer): void {
    this.#checkSend()
    const slab = this.output
    if (body.length > COPY_MAX) {
      slab.append(body)
      return
    }
    slab.reserve(body.length)
    slab.bytes.set(body, slab.at)
    slab.at += body.length
  }

  /** Sends the octets of all parts. */
  broadcast(message: Broadcast): void {
    for (const part of message.parts) this.sendPart(part)
  }

  beginPart(): Slab {
    this.#checkSend()
    this.#partOpen = true
    this.output.save(this.#mark)
    return this.output
  }

  endPart(): void {
    this.#closePart()
  }

  abandonPart(): void {
    this.#closePart()
    this.output.rollback(this.#mark)
  }

  sendCommand(): never {
    return failTurn('a connection without ZMTP has no commands')
  }

  #nextChunk(): boolean {
    const chunk = this.#waiting.shift()
    // An idle connection holds no chunk.
    this.#begin(chunk ?? EMPTY)
    this.body = this.#chunk
    return chunk !== undefined
  }

  #begin(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  #checkSend(): void {
    if (!this.#opened || this.#ended) failTurn('the connection is not ready')
    if (this.#partOpen) failTurn('a part is open')
  }

  #closePart(): void {
    if (!this.#partOpen) failTurn('no part is open')
    this.#partOpen = false
  }
}

function failTurn(why: string): never {
  throw new UsageError('SEND_OUT_OF_TURN', why)
}

const NOTHING: ReadonlyMap<string, Buffer> = new Map()
const NOBODY: PeerInfo = {
  socketType: '',
  identity: EMPTY,
  properties: NOTHING,
  major: 0,
  minor: 0,
  userId: undefined,
  userMetadata: NOTHING,
}
