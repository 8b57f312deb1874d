/**
 * One ZMTP connection without socket and clock: chunks and `now` go in, small integers, octets and a deadline come out.
 * Whoever drives it calls `handle…` for what happened, `poll` until NEED_MORE or ENDED, sends what is in `output`, and
 * comes back at `pollDeadline`. Nothing that a peer sends makes a method throw: it ends the connection, with `error`.
 *
 * A part is a range of the chunk it came in; only one split across chunks is copied, once. Walking small frames costs a
 * few nanoseconds because `poll` makes nothing: no view, no object, no closure (bench/frame.bench.ts). This file is the knot
 * that ties the pieces beside it; it is long because the cursor's fields have to be its own.
 */
import type { Broadcast } from '../../base/broadcast.ts'
import { copy, EMPTY } from '../../base/bytes.ts'
import { LinkError, ProtocolError, PseudError, UsageError } from '../../base/errors.ts'
import { Fifo } from '../../base/fifo.ts'
import type { Slab } from '../../base/slab.ts'
import {
  bodyOfError,
  bodyOfPing,
  bodyOfPong,
  prefix,
  readName,
  readTtlMs,
  startOfData,
  startOfReason,
} from '../wire/command.ts'
import {
  FLAG_COMMAND,
  FLAG_LONG,
  FLAG_MORE,
  GREETING_SIZE,
  LONG_HEADER_SIZE,
  SHORT_HEADER_SIZE,
} from '../wire/constants.ts'
import { readBodySize } from '../wire/frame.ts'
import { faultInGreeting, writeGreeting } from '../wire/greeting.ts'
import { checkMetadata, type Metadata, NO_PROPERTIES } from '../wire/metadata.ts'
import { compatible, takesSubscriptions } from '../wire/socket-types.ts'
import { Echo, type Unconfirmed } from './echo.ts'
import { Handshake } from './handshake.ts'
import { Header } from './header.ts'
import { Heartbeat, PING, SILENT } from './heartbeat.ts'
import { Assembly } from './inbox.ts'
import { Limits } from './limits.ts'
import { type EngineOptions, type PeerInfo, peerInfoOf } from './options.ts'
import { Outbox } from './outbox.ts'
import {
  AGREED,
  after,
  CLOSED,
  FAULT,
  GREETED,
  GREETING,
  HANDSHAKE,
  HUNG_UP,
  MAY_SEND,
  TRAFFIC,
} from './phase.ts'
import { Pongs } from './pongs.ts'
import type { Credentials, Verdict } from './security/admission.ts'
import { type Cipher, type Mechanism, SEALED_HEAD } from './security/mechanism.ts'
import { STALL_TIMEOUT_MS, Stall } from './stall.ts'
import { CANCEL, IS_PING, IS_PONG, kindOfCommand, OUT_OF_PLACE, SUBSCRIBE } from './traffic.ts'

export type { EngineOptions, PeerInfo } from './options.ts'

/** What `poll` returns. */
export const NEED_MORE = 0
export const READY = 1
export const PART = 2
export const COMMAND = 3
export const ENDED = 4
export const AUTHENTICATE = 5
// Inside only: something was consumed, go on.
const CONTINUE = -1

export class Engine {
  /** The chunk that holds the part or command that `poll` has just returned: `body[bodyStart, bodyEnd)`. */
  body: Buffer = EMPTY
  bodyStart = 0
  bodyEnd = 0
  /** Whether further parts of the same message follow. */
  more = false
  /** `SUBSCRIBE` or `CANCEL` after COMMAND, whose range is the topic. */
  commandName = ''
  /** Commands in traffic that mean nothing here: dropped and counted. */
  ignoredCommands = 0
  /** Octets to send; whoever drives takes them. */
  readonly output: Slab

  readonly #options: EngineOptions
  readonly #limits: Limits
  readonly #outbox: Outbox = new Outbox()
  readonly #heartbeat: Heartbeat
  // Until READY; of a mechanism with a cipher, to the end.
  #handshake: Handshake | undefined
  #phase: number = GREETING
  #error: PseudError | undefined
  #peer: PeerInfo | undefined

  // The cursor. #atFrame: traffic, and a frame begins at #at, so that the short way through `poll` may be taken.
  #atFrame = false
  #chunk: Buffer = EMPTY
  #at = 0
  #end = 0
  // Where in the stream #chunk, the current frame and the current message begin.
  #chunkOffset = 0
  #frameOffset = 0
  #messageOffset = 0

  #deadline: number
  #lastReceived: number
  // What only some connections need, and none all the time, is made when it is: an idle one has none of it (decision 0032).
  // The frame that the cursor cannot take as it is, its body when that is split, chunks behind the one at hand.
  #header: Header | undefined
  #assembly: Assembly | undefined
  // The largest body that was joined: one no larger is trusted with its memory at once, up to a bound.
  #proven = 0
  #waiting: Fifo<Buffer> | undefined
  // The message that was begun and does not get on; PINGs, which most connections of short life neither send nor get.
  #stall: Stall | undefined
  #echo: Echo | undefined
  #pongs: Pongs | undefined
  // Messages that were sent, and octets that were sent beside them: the handshake, commands.
  #messages = 0
  #asideBytes = 0
  // The deadline was put off because the timer came late: once is enough.
  #polledOnceMore = false
  // Input ran out, nothing waits: it is the peer's turn.
  #starved = false
  #peerEnded = false
  #cipher: Cipher | undefined

  /** Throws `UsageError` BAD_IDENTITY or BAD_METADATA for what cannot be announced. `now` in milliseconds. */
  constructor(options: EngineOptions, mechanism: Mechanism, now: number) {
    this.#options = options
    checkMetadata(this.#localMetadata)
    this.output = this.#outbox.slab
    this.#limits = new Limits(options)
    this.#heartbeat = new Heartbeat(options)
    this.#deadline = options.handshakeTimeoutMs > 0 ? now + options.handshakeTimeoutMs : Infinity
    this.#handshake = new Handshake(mechanism, this.#deadline)
    this.#lastReceived = now
    const { name, asServer } = mechanism
    this.output.reserve(GREETING_SIZE)
    this.output.at = writeGreeting(this.output.bytes, this.output.at, name, asServer)
  }

  /** One of phase.ts. */
  get phase(): number {
    return this.#phase
  }

  /** The mechanism's keys are used up, or nearly: only a new connection has new ones. */
  get spent(): boolean {
    return this.#cipher?.spent === true
  }

  /** Parts come in boxes, which are opened where they lie: what follows a part in its chunk still changes. Known from READY on. */
  get sealed(): boolean {
    return this.#cipher !== undefined
  }

  /** Set from READY on. */
  get peer(): PeerInfo | undefined {
    return this.#peer
  }

  /** When octets came last, or reading went on after a stop of our own. */
  get lastHeard(): number {
    return this.#lastReceived
  }

  /** How long the last PING that was measured took there and back; `undefined`: none was. */
  get rttMs(): number | undefined {
    return this.#echo?.ms
  }

  /** What was sent and has not been shown to have been read, also after the end; `undefined`: nothing can show it, without PINGs that have a context. */
  get unconfirmed(): Unconfirmed | undefined {
    if (!this.#heartbeat.started || !this.#options.heartbeatMeasureMs) return undefined
    const { messages, bytes } = this.#echo ?? NOTHING_READ
    return { messages: this.#messages - messages, bytes: this.#messageBytes - bytes }
  }

  /** What the peer shows to be let in: to be judged after AUTHENTICATE, until `handleVerdict`. */
  get question(): Credentials | undefined {
    return this.#handshake?.mechanism.admission.question
  }

  /** Why it ended; `undefined` before, and after an orderly close by the peer. */
  get error(): PseudError | undefined {
    return this.#error
  }

  // ---- what happened

  /** Octets came: keeps `chunk` until it is walked through, or `keepRest` was called; until then it must not change. */
  handleBytes(chunk: Buffer, now: number): void {
    if (this.#phase >= CLOSED || chunk.length === 0) return
    this.#live(now)
    if (this.#handshake?.judging === true && !this.#hold(this.#handshake, chunk)) return
    if (this.#at === this.#end && !this.#isWaiting) this.#begin(chunk)
    else this.#wait(copy(chunk, 0, chunk.length))
  }

  /** The chunk that came is about to be used again: what is unread of it is copied. Nothing is, unless reading was stopped. */
  keepRest(): void {
    if (this.#at === this.#end) return
    const rest = copy(this.#chunk, this.#at, this.#end)
    this.#end = this.#at
    this.#begin(rest)
  }

  /** Memory of the message that is on its way: of the body that has begun to come, and of parts before it. */
  get heldBytes(): number {
    const header = this.#header
    const inside =
      header?.complete === true && (header.flags & FLAG_COMMAND) === 0 && this.#cipher === undefined
    return (this.#assembly?.bytes.length ?? 0) + this.#limits.heldBytes(inside)
  }

  /** Memory for the octets that come next, of the large body that is on its way; `undefined`: they are to come as a chunk. */
  room(): Buffer | undefined {
    return this.#at === this.#end ? this.#assembly?.room() : undefined
  }

  /** So many octets were put where `room` said last, and nothing else has come since. */
  handleFilled(size: number, now: number): void {
    if (this.#assembly === undefined) return // it has ended
    this.#live(now)
    this.#chunkOffset += size
    this.#assembly.fill(size)
  }

  /** Whether the peer may come in has been decided. */
  handleVerdict(verdict: Verdict): void {
    const handshake = this.#handshake
    if (handshake?.judging !== true) return
    handshake.mechanism.admission.decide(verdict)
    handshake.judging = false
    handshake.decided = true
    this.#starved = false
  }

  /** The peer closed. What it sent before is still delivered; then follows ENDED. */
  handleEnd(_now: number): void {
    this.#peerEnded = true
  }

  /** Reading goes on after a stop of our own: the silence so far says nothing about the peer. */
  handleResume(now: number): void {
    this.#lastReceived = now
    this.#heartbeat.handleLife()
    this.#stall?.forgive(now)
  }

  /** The deadline has passed, or may have: writes a PING, ends the connection (`poll` says so), or does nothing. */
  handleTimeout(now: number): void {
    if (this.#phase >= CLOSED || this.#isLate(now)) return
    if (this.#phase !== TRAFFIC) {
      if (now >= this.#handshake!.deadline) {
        this.#fail(new LinkError('HANDSHAKE_TIMEOUT', 'the peer did not finish the handshake in time'))
      }
      return
    }
    if (!this.#starved) this.#stall?.forgive(now)
    const verdict = this.#heartbeat.handleTimeout(now, this.#lastReceived, this.#starved)
    if (verdict === SILENT) {
      this.#fail(new LinkError('SILENT_PEER', 'the peer has fallen silent'))
    } else if (now >= this.#stallDeadline) {
      this.#fail(new LinkError('STALLED', 'the peer began a message and did not get on with it'))
    } else {
      if (verdict === PING) this.#writeCommand(this.#newPing(now))
      this.#answerPings(now)
      this.#rearm()
    }
  }

  /**
   * When to call `handleTimeout`; `Infinity` for never. It is lazy: octets received do not move it, so that a timer
   * need not be armed anew for each chunk; whether it was too early, `handleTimeout` finds out.
   */
  pollDeadline(): number {
    return this.#deadline
  }

  /** The next thing that happened: AUTHENTICATE and READY (once each), PART, COMMAND; NEED_MORE, or ENDED for good. */
  poll(): number {
    if (this.#atFrame) {
      const chunk = this.#chunk
      const at = this.#at
      const end = this.#end
      if (at + 1 < end) {
        const flags = chunk[at]!
        if (flags <= FLAG_MORE) {
          const size = chunk[at + 1]!
          const bodyStart = at + SHORT_HEADER_SIZE
          if (bodyStart + size <= end && size <= this.#limits.shortMax) {
            // A message of one frame needs no count: most are.
            const alone = (flags | this.#limits.frames) === 0
            if (!alone && !this.#countFrame(flags, size, this.#chunkOffset + at)) return ENDED
            return this.#deliver(chunk, bodyStart, bodyStart + size, flags !== 0)
          }
        } else if (flags <= (FLAG_LONG | FLAG_MORE) && at + LONG_HEADER_SIZE <= end) {
          const size = readBodySize(chunk, at)
          const bodyStart = at + LONG_HEADER_SIZE
          if (bodyStart + size <= end) {
            if (!this.#countFrame(flags, size, this.#chunkOffset + at)) return ENDED
            return this.#deliver(chunk, bodyStart, bodyStart + size, (flags & FLAG_MORE) !== 0)
          }
        }
      }
    }
    return this.#pollSlowly()
  }

  // ---- what we send

  /**
   * Sends one part. `body` is copied up to 8 KiB; above, it is borrowed until it was sent. Throws `UsageError`
   * SEND_OUT_OF_TURN before READY, after the end, and between `beginPart` and `endPart`.
   */
  sendPart(body: Buffer, more: boolean): void {
    this.#checkSend()
    this.#outbox.write(more ? FLAG_MORE : 0, body)
    if (!more) this.#messages++
  }

  /** Sends all parts of a message that goes to others, too. Throws as `sendPart`. */
  broadcast(message: Broadcast): void {
    this.#checkSend()
    this.#outbox.broadcast(message)
    this.#messages++
  }

  /** Opens a part: what is written to the returned slab until `endPart` is its body. Throws as `sendPart`. */
  beginPart(more: boolean): Slab {
    this.#checkSend()
    this.#outbox.begin(more ? FLAG_MORE : 0)
    return this.output
  }

  /** Closes the open part. Throws `UsageError` SEND_OUT_OF_TURN when there is none. */
  endPart(): void {
    if (!this.#outbox.open) failTurn('no part is open')
    if (this.#outbox.end() === 0) this.#messages++
  }

  /** Forgets the open part as if it had never been begun. Throws as `endPart`. */
  abandonPart(): void {
    if (!this.#outbox.open) failTurn('no part is open')
    this.#outbox.abandon()
  }

  /** Sends a command, such as SUBSCRIBE; allowed between the parts of a message. Throws as `sendPart`. */
  sendCommand(name: string, data: Buffer): void {
    this.#checkSend()
    this.#writeCommand(Buffer.concat([prefix(name), data]))
  }

  #deliver(chunk: Buffer, start: number, end: number, more: boolean): number {
    this.#at = end
    if (this.body !== chunk) this.body = chunk
    this.bodyStart = start
    this.bodyEnd = end
    this.more = more
    return PART
  }

  #checkSend(): void {
    if (!MAY_SEND[this.#phase]) failTurn('the connection is not ready')
    if (this.#outbox.open) failTurn('a part is open')
  }

  // ---- the long way: everything but a short message frame that is there whole

  #pollSlowly(): number {
    const result = this.#advance()
    if (this.#pongs?.owed === true) this.#answerPings(this.#lastReceived)
    this.#atFrame = this.#phase === TRAFFIC && this.#cipher === undefined && this.#header === undefined
    return result
  }

  #advance(): number {
    for (;;) {
      if (this.#handshake?.judging === true) return this.#runDry()
      const result = this.#tryStep()
      if (this.#phase >= CLOSED) return ENDED
      if (result > NEED_MORE) return result
      if (result === NEED_MORE && !this.#nextChunk()) return this.#runDry()
    }
  }

  #tryStep(): number {
    try {
      return this.#step()
    } catch (error) {
      // Anything else is a defect of ours and not the peer's doing.
      if (!(error instanceof PseudError)) throw error
      return this.#fail(error)
    }
  }

  /** One greeting, one frame: what `poll` returns, or CONTINUE, or NEED_MORE when this chunk does not finish it. */
  #step(): number {
    if (this.#phase >= CLOSED) return ENDED
    const handshake = this.#handshake
    if (this.#phase === GREETING) return this.#readGreeting(handshake!)
    if (handshake?.decided === true) return this.#handleDecision(handshake)
    const header = this.#readHeader()
    if (header === undefined || !this.#readBody(header.size)) return NEED_MORE
    this.#header = undefined
    if (this.#cipher !== undefined) return this.#openBox(this.#cipher)
    if ((header.flags & FLAG_COMMAND) !== 0) return this.#handleCommand()
    this.more = (header.flags & FLAG_MORE) !== 0
    return PART
  }

  // What the frame says of itself does not count; what stands in the box does.
  #openBox(cipher: Cipher): number {
    const flags = cipher.open(this.body, this.bodyStart, this.bodyEnd)
    this.bodyStart += SEALED_HEAD
    if ((flags & FLAG_COMMAND) !== 0) return this.#handleCommand()
    if (!this.#countFrame(flags, this.bodyEnd - this.bodyStart, this.#frameOffset)) return ENDED
    this.more = (flags & FLAG_MORE) !== 0
    return PART
  }

  #live(now: number): void {
    this.#lastReceived = now
    this.#heartbeat.handleLife()
    this.#starved = false
  }

  #begin(chunk: Buffer): void {
    this.#chunkOffset += this.#end
    this.#chunk = chunk
    this.#at = 0
    this.#end = chunk.length
  }

  #nextChunk(): boolean {
    const chunk = this.#waiting?.shift()
    // An idle connection holds no chunk: EMPTY takes the place of the last one.
    this.#begin(chunk ?? EMPTY)
    return chunk !== undefined
  }

  #runDry(): number {
    this.body = EMPTY
    const begun = this.#offsetOfUnfinished()
    if (this.#peerEnded) {
      if (this.#phase === TRAFFIC && begun < 0) this.#enter(HUNG_UP)
      else this.#fail(new LinkError('PEER_CLOSED', this.#whatClosed()))
      return ENDED
    }
    this.#starved = true
    if (this.#phase === TRAFFIC) {
      if (begun < 0) this.#stall = undefined
      else this.#pauseInside(begun)
    }
    return NEED_MORE
  }

  #whatClosed(): string {
    const suspicion = this.#handshake?.mechanism.suspicion
    return `the peer closed ${PLACES[this.#phase]}${suspicion === undefined ? '' : `: ${suspicion}`}`
  }

  /** Where in the stream the unfinished message or command begins; -1 when there is none. */
  #offsetOfUnfinished(): number {
    if (this.#limits.frames > 0) return this.#messageOffset
    return this.#header === undefined ? -1 : this.#frameOffset
  }

  #pauseInside(begun: number): void {
    this.#stall ??= new Stall(this.#options.stallTimeoutMs ?? STALL_TIMEOUT_MS)
    this.#stall.handlePause(this.#lastReceived, begun, this.#chunkOffset)
    this.#deadline = Math.min(this.#deadline, this.#stall.deadline)
  }

  #readGreeting(handshake: Handshake): number {
    const { greeting } = handshake
    while (this.#at < this.#end && handshake.greeted < GREETING_SIZE) {
      greeting[handshake.greeted++] = this.#chunk[this.#at++]!
    }
    const fault = faultInGreeting(greeting, handshake.greeted, handshake.mechanism.name)
    if (fault !== undefined) return this.#fail(fault)
    if (handshake.greeted < GREETING_SIZE) return NEED_MORE
    this.#enter(GREETED)
    return this.#goOn(handshake)
  }

  /** The header of the frame at hand, once it is there whole and admitted. */
  #readHeader(): Header | undefined {
    let header = this.#header
    if (header?.complete === true) return header
    if (header === undefined) {
      if (this.#at === this.#end) return undefined
      this.#frameOffset = this.#chunkOffset + this.#at
      header = this.#newHeader()
      this.#header = header
    }
    this.#at = header.take(this.#chunk, this.#at, this.#end)
    if (header.fault !== undefined) this.#fail(header.fault)
    if (!header.complete || !this.#admit(header.flags, header.size)) return undefined
    if (header.surplus.length > 0) {
      this.#assembly = new Assembly(header.size)
      this.#assembly.take(header.surplus, 0, header.surplus.length)
    }
    return header
  }

  #newHeader(): Header {
    if (this.#phase !== TRAFFIC) return new Header(true, false)
    return new Header(false, this.#cipher === undefined && takesSubscriptions(this.#options.socketType))
  }

  // Bounds come before memory: nothing is reserved for a size that was not admitted here.
  #admit(flags: number, size: number): boolean {
    if (this.#cipher !== undefined) {
      const fault = this.#limits.checkSealed(size - SEALED_HEAD)
      if (fault !== undefined) this.#fail(fault)
      return fault === undefined
    }
    if ((flags & FLAG_COMMAND) === 0) return this.#countFrame(flags, size, this.#frameOffset)
    const limits = this.#limits
    const fault = this.#phase === HANDSHAKE ? limits.countHandshake(size) : limits.checkCommand(size)
    if (fault !== undefined) this.#fail(fault)
    return fault === undefined
  }

  #countFrame(flags: number, size: number, offset: number): boolean {
    if (this.#limits.frames === 0) this.#messageOffset = offset
    const fault = this.#limits.countFrame(flags, size)
    if (fault !== undefined) this.#fail(fault)
    return fault === undefined
  }

  /** `true`: `body[bodyStart, bodyEnd)` is the whole body. */
  #readBody(size: number): boolean {
    if (this.#assembly === undefined) {
      if (this.#end - this.#at >= size) {
        this.body = this.#chunk
        this.bodyStart = this.#at
        this.bodyEnd = this.#at + size
        this.#at = this.bodyEnd
        return true
      }
      this.#assembly = new Assembly(size, this.#end - this.#at, this.#proven)
    }
    const assembly = this.#assembly
    this.#at = assembly.take(this.#chunk, this.#at, this.#end)
    if (!assembly.complete) return false
    this.#assembly = undefined
    this.#proven = Math.max(this.#proven, size)
    this.body = assembly.bytes
    this.bodyStart = 0
    this.bodyEnd = size
    return true
  }

  // ---- commands

  #handleCommand(): number {
    const { body, bodyStart, bodyEnd } = this
    const data = startOfData(body, bodyStart, bodyEnd)
    if (data < 0 && startOfReason(body, bodyStart, bodyEnd) < 0) {
      return this.#fail(new ProtocolError('BAD_COMMAND', 'the name of a command does not fit'))
    }
    const handshake = this.#handshake
    if (this.#phase !== HANDSHAKE) return this.#handleTraffic(data)
    handshake!.mechanism.handleCommand(body, bodyStart, bodyEnd)
    return this.#goOn(handshake!)
  }

  // ---- the handshake

  /** The handshake as far as it goes from here: our next commands, a question about the peer, or READY. */
  #goOn(handshake: Handshake): number {
    const { mechanism } = handshake
    const written = this.#writeHandshake(mechanism)
    if (written && mechanism.lockstep && this.#unread) {
      return this.#fail(new ProtocolError('UNEXPECTED_COMMAND', 'the peer did not wait for its turn'))
    }
    const metadata = mechanism.peerMetadata
    if (metadata !== undefined && !this.#isCompatible(metadata.socketType)) {
      return this.#refuseSocketType(metadata.socketType)
    }
    if (mechanism.admission.question !== undefined) {
      handshake.judging = true
      return AUTHENTICATE
    }
    return metadata !== undefined && mechanism.ready ? this.#agree(handshake, metadata) : CONTINUE
  }

  #writeHandshake(mechanism: Mechanism): boolean {
    let any = false
    this.#outbox.begin(FLAG_COMMAND)
    while (mechanism.writeNextCommand(this.output, this.#localMetadata)) {
      this.#outbox.end()
      this.#outbox.begin(FLAG_COMMAND)
      any = true
    }
    this.#outbox.abandon()
    return any
  }

  #handleDecision(handshake: Handshake): number {
    handshake.decided = false
    const { refusal, lastWord } = handshake.mechanism.admission
    if (refusal === undefined) return this.#goOn(handshake)
    if (lastWord !== '') this.#outbox.write(FLAG_COMMAND, bodyOfError(lastWord))
    return this.#fail(refusal)
  }

  #agree({ mechanism, major, minor }: Handshake, metadata: Metadata): number {
    this.#peer = peerInfoOf(metadata, major, minor, mechanism.admission.verdict)
    this.#enter(AGREED)
    this.#cipher = mechanism.cipher
    this.#outbox.cipher = mechanism.cipher
    this.#asideBytes = this.output.writtenBytes
    if (mechanism.cipher === undefined) this.#endHandshake()
    if (!this.#options.heartbeatSince31 || major > 3 || minor > 0) {
      this.#heartbeat.start(this.#lastReceived)
    }
    this.#rearm()
    return READY
  }

  #endHandshake(): void {
    this.#handshake?.mechanism.wipe()
    this.#handshake = undefined
  }

  get #unread(): boolean {
    return this.#at < this.#end || this.#isWaiting
  }

  get #isWaiting(): boolean {
    return this.#waiting !== undefined && this.#waiting.length > 0
  }

  #wait(chunk: Buffer): void {
    this.#waiting ??= new Fifo()
    this.#waiting.push(chunk)
  }

  // While the peer is being judged it has nothing to say, at least not much.
  #hold(handshake: Handshake, chunk: Buffer): boolean {
    handshake.held += chunk.length
    const fault = this.#limits.checkHeld(handshake.held)
    if (fault !== undefined) this.#fail(fault)
    return fault === undefined
  }

  get #localMetadata(): Metadata {
    const { socketType, identity, metadata } = this.#options
    return { socketType, identity, properties: metadata ?? NO_PROPERTIES }
  }

  // A peer that does not say its type is tolerated (RFC 37: SHOULD).
  #isCompatible(peer: string): boolean {
    return peer === '' || compatible(this.#options.socketType, peer)
  }

  // The one refusal that RFC 37 wants said; libzmq just closes.
  #refuseSocketType(peer: string): number {
    const { socketType } = this.#options
    this.#outbox.write(FLAG_COMMAND, bodyOfError('Incompatible Socket-Type'))
    return this.#fail(new ProtocolError('INCOMPATIBLE_SOCKET_TYPE', `${socketType} does not talk to ${peer}`))
  }

  #handleTraffic(data: number): number {
    switch (kindOfCommand(this.body, this.bodyStart, this.bodyEnd)) {
      case IS_PING:
        this.#heartbeat.handlePing(this.#lastReceived, readTtlMs(this.body, data, this.bodyEnd))
        this.#pongs ??= new Pongs()
        this.#pongs.owe(bodyOfPong(this.body, data + 2, this.bodyEnd))
        this.#deadline = Math.min(this.#deadline, this.#heartbeat.deadline)
        return CONTINUE
      case IS_PONG:
        this.#handlePong(data)
        return CONTINUE
      case SUBSCRIBE:
        return this.#handleSubscription('SUBSCRIBE', data)
      case CANCEL:
        return this.#handleSubscription('CANCEL', data)
      case OUT_OF_PLACE: {
        const name = readName(this.body, this.bodyStart, this.bodyEnd)
        return this.#fail(
          new ProtocolError('UNEXPECTED_COMMAND', `the peer sent ${name} after the handshake`),
        )
      }
      default:
        this.ignoredCommands++
        return CONTINUE
    }
  }

  // libzmq hands SUBSCRIBE to the application of a socket that is no publisher, as if it were data. It is none.
  #handleSubscription(name: string, data: number): number {
    if (!takesSubscriptions(this.#options.socketType)) {
      this.ignoredCommands++
      return CONTINUE
    }
    this.commandName = name
    this.bodyStart = data
    return COMMAND
  }

  #answerPings(now: number): void {
    const body = this.#pongs?.take(now)
    if (body !== undefined) this.#writeCommand(body)
    this.#deadline = Math.min(this.#deadline, this.#pongDeadline)
  }

  #newPing(now: number): Buffer {
    const { heartbeatTtlMs, heartbeatMeasureMs = 0 } = this.#options
    if (heartbeatMeasureMs === 0) return bodyOfPing(heartbeatTtlMs)
    this.#echo ??= new Echo()
    return bodyOfPing(heartbeatTtlMs, this.#echo.begin(now, this.#messages, this.#messageBytes))
  }

  #handlePong(data: number): void {
    const { body, bodyEnd } = this
    this.#echo?.handlePong(this.#lastReceived, body, data, bodyEnd, this.#messages, this.#messageBytes)
  }

  /** Writes a command between messages, or their parts: its octets are none of theirs. */
  #writeCommand(body: Buffer): void {
    const before = this.output.byteLength
    this.#outbox.write(FLAG_COMMAND, body)
    this.#asideBytes += this.output.byteLength - before
  }

  get #messageBytes(): number {
    return this.output.writtenBytes - this.#asideBytes
  }

  // ---- ends and deadlines

  /** Whoever was held up himself, a busy event loop or a stopped process, has not looked: what the peer sent may lie there unread. */
  #isLate(now: number): boolean {
    const late = !this.#polledOnceMore && now - this.#deadline > LATE_MS
    this.#polledOnceMore = late
    if (late) this.#deadline = now + POLL_MS
    return late
  }

  #rearm(): void {
    this.#deadline = Math.min(this.#heartbeat.deadline, this.#stallDeadline, this.#pongDeadline)
  }

  get #stallDeadline(): number {
    return this.#stall?.deadline ?? Infinity
  }

  get #pongDeadline(): number {
    return this.#pongs?.deadline ?? Infinity
  }

  #enter(event: number): void {
    this.#phase = after(this.#phase, event)
    if (this.#phase < CLOSED) return
    this.#deadline = Infinity
    this.#atFrame = false
    this.#endHandshake()
    this.#header = undefined
    this.#assembly = undefined
    this.#waiting = undefined
    this.#pongs = undefined
    this.#stall = undefined
    this.#begin(EMPTY)
    this.body = EMPTY
  }

  #fail(error: PseudError): number {
    this.#error = error
    this.#enter(FAULT)
    return ENDED
  }
}

// A timer that comes so late proves nothing of the peer, and how long whoever drives then has to look at what has come. Short, because a
// program may have set timeouts of some hundred ms, and one look more costs nothing.
const LATE_MS = 100
const POLL_MS = 100

const NOTHING_READ: Unconfirmed = { messages: 0, bytes: 0 }

// Where a peer may close too early, by phase.
const PLACES = ['before its greeting was complete', 'during the handshake', 'inside a message']

function failTurn(why: string): never {
  throw new UsageError('SEND_OUT_OF_TURN', why)
}
