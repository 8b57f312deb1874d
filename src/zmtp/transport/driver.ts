/**
 * One connection: pumps bytes between a Link and a Protocol (the ZMTP engine, or none), hands parts to the Receiver, flushes what
 * is to be sent once per turn, and arms one timer. It knows time and the event loop, which the engine must not; it knows nothing of
 * sockets, queues or calls.
 *
 * One file, though a long one: it and the interfaces at its end, which it calls, name each other.
 *
 * The way in:  link chunk -> engine.handleBytes -> poll -> receiver.onPart(chunk, start, end), until a pause.
 * The way out: sendPart or beginPart/endPart write into the engine's slab -> end of the turn -> one link.write.
 */
import type { Broadcast } from '../../base/broadcast.ts'
import { Deadline } from '../../base/deadlines.ts'
import { LinkError, type PseudError } from '../../base/errors.ts'
import { clear, giveChunk, type Slab } from '../../base/slab.ts'
import type { Unconfirmed } from '../engine/echo.ts'
import { AUTHENTICATE, COMMAND, ENDED, NEED_MORE, PART, type PeerInfo, READY } from '../engine/engine.ts'
import type { Protocol } from '../engine/protocol.ts'
import type { TransportContext } from './context.ts'
import { hostOf, judge } from './judge.ts'
import { newProtocol } from './protocol.ts'
import type { Reception } from './reception.ts'
import type { ConnectionOptions, Link, LinkOwner } from './transport.ts'

export type { Unconfirmed } from '../engine/echo.ts'

export class Driver extends Deadline implements LinkOwner {
  /** The endpoint that was dialled, or that it was accepted on. */
  readonly endpoint: string
  /** Whether this side dialled. */
  readonly outgoing: boolean
  /**
   * The peer has done what it is there for, so that dialling again begins without delay: once the handshake is done, unless its receiver wants
   * more and says so.
   */
  succeeded = false
  /** Memory of the message that is coming and is not whole, as the context has counted it. */
  heldBytes = 0

  readonly #link: Link
  readonly #engine: Protocol
  readonly #options: ConnectionOptions
  readonly #context: TransportContext
  readonly #origin: Origin
  #receiver: Receiver
  #ready = false
  #paused = false
  #pumping = false
  #congested = false
  #flushAsked = false
  #ending = false
  #linkEnded = false
  /** What the system said of the end of the link; it explains what the engine could only see. */
  #fault: LinkError | undefined
  #finished = false
  // Written in place since the last flush, or since one was considered; and how many it takes to consider one.
  #parts = 0
  #burst = BURST
  // What of its octets the context has counted as not taken by the system.
  #unsentBytes = 0
  // The chunks behind the one write that is under way, while the kernel has not taken it all.
  #underWay: Buffer[] | undefined

  constructor(
    link: Link,
    endpoint: string,
    outgoing: boolean,
    options: ConnectionOptions,
    owner: ConnectionOwner,
    context: TransportContext,
    origin: Origin,
  ) {
    super()
    this.#link = link
    this.endpoint = endpoint
    this.outgoing = outgoing
    this.#options = options
    this.#context = context
    this.#origin = origin
    this.#engine = newProtocol(options, () => this.#spendKeyExchange(), context)
    this.#receiver = owner.receiver(this)
  }

  /** Begins to read and to send: once, when whoever made the driver is ready for it to end again. */
  start(): void {
    this.#link.start(this)
    this.flush()
    this.#pump()
  }

  /** Where the peer is. */
  get remoteAddress(): string {
    return this.#link.remoteAddress
  }

  /** What the peer said of itself; `undefined` until the handshake is done. */
  get peer(): PeerInfo | undefined {
    return this.#engine.peer
  }

  /** Whether what follows a part in its chunk still changes before it is delivered. Known from `onReady` on. */
  get sealed(): boolean {
    return this.#engine.sealed
  }

  /** When octets came from the peer last, on the clock. */
  get lastHeard(): number {
    return this.#engine.lastHeard
  }

  /** How long a heartbeat took there and back when it was measured last; `undefined`: it never was. */
  get rttMs(): number | undefined {
    return this.#engine.rttMs
  }

  /** What was sent here and has not been shown to have been read by the peer; `undefined`: nothing can show it. */
  get unconfirmed(): Unconfirmed | undefined {
    return this.#engine.unconfirmed
  }

  /** From now on `receiver` hears what comes, but for the rest of the chunk at hand. */
  handOver(receiver: Receiver): void {
    this.#receiver = receiver
  }

  /** Between the handshake and the end: sending is allowed. */
  get ready(): boolean {
    return this.#ready && !this.#finished && !this.#ending
  }

  /** This side has ended it, or is about to, by `end` or by `destroy` without an error. */
  get endedHere(): boolean {
    return this.#ending
  }

  /** Enough is under way: hold back what you have until `onDrain`. Nothing is refused meanwhile. */
  get congested(): boolean {
    return this.#congested
  }

  /** Octets accepted that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#engine.output.byteLength + this.#link.pendingBytes
  }

  /** The time of this turn, in ms. */
  now(): number {
    return this.#context.now()
  }

  /** Queues one part. Small bodies are copied; a large one is borrowed until it has left. */
  sendPart(body: Buffer, more: boolean): void {
    this.#engine.sendPart(body, more)
    this.#written()
  }

  /** Queues a message that goes to others, too. Small bodies are copied or referred to; large ones are borrowed until they have left. */
  broadcast(message: Broadcast): void {
    this.#engine.broadcast(message)
    this.#written()
  }

  /** Opens a part whose body the caller writes into the returned slab; `endPart` or `abandonPart` closes it in the same turn. */
  beginPart(more: boolean): Slab {
    return this.#engine.beginPart(more)
  }

  endPart(): void {
    this.#engine.endPart()
    if (++this.#parts === this.#burst) this.#flushEarly()
    else this.#written()
  }

  abandonPart(): void {
    this.#engine.abandonPart()
  }

  /** Queues a traffic command, such as SUBSCRIBE. */
  sendCommand(name: string, data: Buffer): void {
    this.#engine.sendCommand(name, data)
    this.#written()
  }

  /** Stops reading: no part is delivered until `resume`, and the peer comes to feel it through TCP. */
  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#link.pause()
  }

  /** Goes on reading. Parts that already arrived are delivered before this returns, unless it was called from `onPart`. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#engine.handleResume(this.#context.now())
    this.#pump()
    if (!this.#paused && !this.#finished) this.#link.resume()
  }

  /** Hands everything queued to the link now, unless the link is still busy: then it goes when that has left. */
  flush(): void {
    this.#flushAsked = false
    this.#parts = 0
    this.#burst = BURST
    if (this.#finished) return
    const output = this.#engine.output
    if (output.byteLength > 0 && this.#link.pendingBytes === 0) {
      output.take(pieces, chunks)
      this.#link.write(pieces)
      clear(pieces)
      if (this.#link.pendingBytes === 0) giveAll(chunks)
      else this.#underWay = chunks.splice(0)
    }
    if (this.#underWay !== undefined || this.#unsentBytes > 0 || output.byteLength > 0)
      this.#countUnsent(this.queuedBytes)
    if (this.#ending) this.#endLink()
    else if (this.#engine.spent)
      this.#finish(new LinkError('KEY_EXHAUSTED', 'no nonce is left: new keys are due'))
  }

  /** Sends what is queued, then closes; after `lingerMs` at the latest, what is left is dropped. */
  end(lingerMs: number = Number.POSITIVE_INFINITY): void {
    if (this.#finished || this.#ending) return
    this.#ending = true
    this.#setTimer(this.#context.clock.now() + lingerMs)
    this.flush()
  }

  /** Closes now; what was not sent is lost. `error` says why, to the receiver and to monitors. */
  destroy(error?: PseudError): void {
    if (error === undefined) this.#ending = true
    this.#finish(error)
  }

  // -- the link's side ---------------------------------------------------------------------------------------------

  onChunk(chunk: Buffer): void {
    if (this.#finished || this.#ending) return
    this.#engine.handleBytes(chunk, this.#context.now())
    this.#pump()
    this.#engine.keepRest()
  }

  room(): Buffer | undefined {
    const room = this.#engine.room()
    this.#countHeld()
    return room
  }

  onFilled(size: number): void {
    if (this.#finished || this.#ending) return
    this.#engine.handleFilled(size, this.#context.now())
    this.#pump()
  }

  onWritten(): void {
    if (this.#underWay !== undefined && this.#link.pendingBytes === 0) {
      giveAll(this.#underWay)
      this.#underWay = undefined
    }
    if (this.#finished) return
    this.flush()
    if (this.#congested && this.queuedBytes <= CONGESTED_BYTES / 2) {
      this.#congested = false
      this.#receiver.onDrain(this)
    }
  }

  onClose(error: Error | undefined): void {
    if (this.#finished) {
      // It has taken its last words: no need to see to its end any more.
      this.#setTimer(Number.POSITIVE_INFINITY)
      return
    }
    if (this.#ending) {
      this.#finish(undefined)
      return
    }
    if (error !== undefined) this.#fault = linkError(error)
    // What arrived whole before the end is still delivered, even to a receiver that had paused.
    this.#paused = false
    this.#engine.handleEnd(this.#context.now())
    this.#pump()
    this.#finish(this.#engine.error)
  }

  // -- the clock's side --------------------------------------------------------------------------------------------

  onDeadline(): void {
    if (this.#finished) {
      this.due = Number.POSITIVE_INFINITY
      this.#link.destroy()
      return
    }
    if (this.#ending) {
      // It has lingered for long enough.
      this.#finish(undefined)
      return
    }
    this.due = Number.POSITIVE_INFINITY
    this.#engine.handleTimeout(this.#context.clock.now())
    this.#pump()
  }

  // -- inside ------------------------------------------------------------------------------------------------------

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      this.#deliver()
    } catch (error) {
      // A receiver must not throw; if one does it is our defect, and this connection pays for it, not the process.
      this.#finish(new LinkError('INTERNAL_ERROR', 'the receiver of a connection failed', { cause: error }))
    }
    this.#pumping = false
    if (this.#engine.output.byteLength > 0) this.#askForFlush()
    this.#countHeld()
    this.#arm()
  }

  #countHeld(): void {
    const held = this.#engine.heldBytes
    if (held !== this.heldBytes && !this.#finished) this.#context.buffered.set(this, held)
  }

  #countUnsent(bytes: number): void {
    // A link that has failed says Infinity: its end follows.
    if (bytes === this.#unsentBytes || bytes === Number.POSITIVE_INFINITY) return
    const { buffered } = this.#context
    const more = bytes - this.#unsentBytes
    this.#unsentBytes = bytes
    if (more > 0) buffered.outgoing += more
    else buffered.release(-more)
  }

  #deliver(): void {
    const engine = this.#engine
    const receiver = this.#receiver
    while (!this.#paused && !this.#finished) {
      switch (engine.poll()) {
        case PART:
          // What was held for it is the receiver's now, who counts it himself.
          if (this.heldBytes > 0) this.#countHeld()
          receiver.onPart(this, engine.body, engine.bodyStart, engine.bodyEnd, engine.more)
          break
        case COMMAND:
          receiver.onCommand(this, engine.commandName, engine.body, engine.bodyStart, engine.bodyEnd)
          break
        case READY:
          this.#ready = true
          this.succeeded = true
          this.#origin.reception?.leave(this)
          // A receiver may refuse the peer, which then should have heard the handshake to its end.
          this.flush()
          receiver.onReady(this)
          break
        case NEED_MORE:
          return
        case AUTHENTICATE:
          this.#judge()
          break
        case ENDED:
          this.#finish(engine.error)
          return
      }
    }
  }

  #spendKeyExchange(): void {
    this.#origin.reception?.spendKeyExchange(hostOf(this.remoteAddress))
  }

  #judge(): void {
    const { authenticate, identity } = this.#options
    const request = { credentials: this.#engine.question!, address: hostOf(this.remoteAddress), identity }
    judge(authenticate, request, this.#context.clock).then((verdict) => {
      if (this.#finished || this.#ending) return
      this.#engine.handleVerdict(verdict)
      this.#pump()
    })
  }

  /** Closes our side of the link once nothing is left to send, and gives the peer a moment to close its own. */
  #endLink(): void {
    if (this.#linkEnded || this.queuedBytes > 0) return
    this.#linkEnded = true
    this.#link.end()
    this.#setTimer(this.#context.clock.now() + CLOSE_GRACE_MS)
  }

  #written(): void {
    const queued = this.#engine.output.byteLength
    if (queued < FLUSH_BYTES) {
      if (!this.#flushAsked) this.#askForFlush()
      return
    }
    this.flush()
    if (this.queuedBytes >= CONGESTED_BYTES) this.#congested = true
  }

  /**
   * Parts written in place cost their writer about a µs each, so many of them more than a write: the other end may begin with these while we
   * go on, unless all processors are busy as it is. Each time in a turn it takes twice as many: once it has work, it can wait for more.
   */
  #flushEarly(): void {
    const next = this.#burst * 2
    this.#parts = 0
    if (this.#context.slept) this.flush()
    this.#burst = next
    this.#written()
  }

  #askForFlush(): void {
    if (this.#flushAsked) return
    this.#flushAsked = true
    this.#context.flushAtEndOfTurn(this)
  }

  #arm(): void {
    if (this.#finished || this.#ending) return
    const deadline = this.#engine.pollDeadline()
    if (deadline !== this.due) this.#setTimer(deadline)
  }

  #setTimer(due: number): void {
    const { deadlines, clock } = this.#context
    deadlines.remove(this)
    if (due === Number.POSITIVE_INFINITY) this.due = due
    else deadlines.addAt(this, clock.now(), due)
  }

  /** Destroys the link; if the engine left last words for the peer (an ERROR command), they go out first. */
  #closeLink(): void {
    const output = this.#engine.output
    if (this.#ready || output.byteLength === 0 || this.#link.pendingBytes > 0) {
      this.#link.destroy()
      return
    }
    output.take(pieces, [])
    this.#link.write(pieces)
    clear(pieces)
    this.#link.end()
    this.#setTimer(this.#context.clock.now() + CLOSE_GRACE_MS)
  }

  #finish(reason: PseudError | undefined): void {
    if (this.#finished) return
    this.#finished = true
    if (this.heldBytes > 0) this.#context.buffered.set(this, 0)
    this.#countUnsent(0)
    this.#origin.reception?.leave(this)
    const error = reason === undefined || reason.code === 'PEER_CLOSED' ? (this.#fault ?? reason) : reason
    this.#setTimer(Number.POSITIVE_INFINITY)
    this.#closeLink()
    this.#receiver.onEnd(this, error)
    this.#origin.onFinished(this, error)
  }
}

// At this many octets the turn's end is not waited for: a chunk of the slab is then full, up to the largest body that is copied.
const FLUSH_BYTES = 64 * 1024 - 8 * 1024 - 16
// So many parts written in place are worth a write of their own: bench/rpc.bench.ts, decision 0033.
const BURST = 16
// Above it, a sender should keep messages itself: it can still withdraw them, and memory stays bounded.
const CONGESTED_BYTES = 256 * 1024
// A peer that does not answer our FIN within this is closed all the same.
const CLOSE_GRACE_MS = 1000

// What is being written: a link keeps neither list, so that one of each is enough for all connections.
const pieces: Buffer[] = []
const chunks: Buffer[] = []

/** Chunks whose octets the kernel has are free again: mostly at once, because it took them all. */
function giveAll(chunks: Buffer[]): void {
  for (const chunk of chunks) giveChunk(chunk)
  clear(chunks)
}

function linkError(cause: Error): LinkError {
  if (cause instanceof LinkError) return cause
  const code = (cause as NodeJS.ErrnoException).code
  return new LinkError('RESET', `the connection was lost${code === undefined ? '' : ` (${code})`}`, { cause })
}

/** Who owns a connection: a socket's pipe, an RPC session. All calls come synchronously from the driver's read loop. */
export interface Receiver {
  /** The handshake, if there is one, is done: `driver.peer` is set and sending is allowed. */
  onReady(driver: Driver): void
  /**
   * One part of a message: the octets `chunk[start, end)`. They are lent; what is kept is copied, unless it fills half of its memory
   * or more (`chunk.buffer`): that is never used again. Parts of a message come in one row; a message that breaks off is followed by
   * `onEnd`. May call `driver.pause()`: no further part comes until `resume()`.
   */
  onPart(driver: Driver, chunk: Buffer, start: number, end: number, more: boolean): void
  /** A traffic command that the engine does not answer itself, such as SUBSCRIBE: its data is `chunk[start, end)`. */
  onCommand(driver: Driver, name: string, chunk: Buffer, start: number, end: number): void
  /** `driver.congested` has become false again: continue to send. */
  onDrain(driver: Driver): void
  /** Exactly once, last; also when the handshake never finished. `undefined`: an orderly close. */
  onEnd(driver: Driver, error: PseudError | undefined): void
}

/** Who made the link of a connection: a listener, or who dialled. */
export interface Origin {
  /** Of a listener, which bears so many strangers; who dials needs no lid. */
  readonly reception?: Reception
  /** The connection has ended. */
  onFinished(driver: Driver, error: PseudError | undefined): void
}

/** What happens to endpoints, for monitors. What happens to a connection from its handshake on, its Receiver hears. */
export interface TransportEvent {
  /**
   * `dial`: an attempt to connect begins; `connect:delay`: the address is known, and the system is at it. `close`: a listener, or an attempt to
   * bind or connect, has ended.
   */
  readonly type:
    | 'bind'
    | 'bind:error'
    | 'accept'
    | 'accept:error'
    | 'dial'
    | 'connect'
    | 'connect:delay'
    | 'connect:retry'
    | 'close'
    | 'close:error'
  /** The endpoint; empty for a `close` before there was one. */
  readonly address: string
  /** Delay before the next attempt: `connect:retry` only. */
  readonly interval?: number
  readonly error?: Error
  /** Where the peer is: `accept` and `connect` only. */
  readonly remoteAddress?: string
}

/** Who dials or listens: gives each new connection its receiver, and hears of events. */
export interface ConnectionOwner {
  /** A link was made (TCP level): who receives from it? */
  receiver(driver: Driver): Receiver
  onEvent(event: TransportEvent): void
  /** A dialer has given up for good (refused authentication, or the policy says so). */
  onGivenUp(endpoint: string, error: PseudError): void
}
