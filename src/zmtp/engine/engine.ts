/**
 * One ZMTP connection without socket and clock: chunks and `now` go in, small integers, octets and a deadline come out.
 * Whoever drives it calls `handle…` for what happened, `poll` until NEED_MORE or ENDED, sends what is in `output`, and
 * comes back at `pollDeadline`. Nothing that a peer sends makes a method throw: it ends the connection, with `error`.
 *
 * A part is a range of the chunk it came in; only one split across chunks is copied, once. Walking small frames costs a
 * few nanoseconds because `poll` makes nothing: no view, no object, no closure (bench/engine). This file is the knot
 * that ties the pieces beside it, and longer than they are because the cursor's fields have to be its own.
 */
import { EMPTY } from '../../base/bytes.ts'
import { LimitError, LinkError, ProtocolError, PseudError, UsageError } from '../../base/errors.ts'
import { Fifo } from '../../base/fifo.ts'
import type { Slab } from '../../base/slab.ts'
import {
  bodyOfError,
  bodyOfPing,
  bodyOfPong,
  COMMAND_CANCEL,
  COMMAND_HELLO,
  COMMAND_INITIATE,
  COMMAND_JOIN,
  COMMAND_LEAVE,
  COMMAND_PING,
  COMMAND_PONG,
  COMMAND_READY,
  COMMAND_SUBSCRIBE,
  COMMAND_WELCOME,
  isCommand,
  prefix,
  readName,
  readTtlMs,
  startOfData,
} from '../wire/command.ts'
import {
  BODY_MAX,
  FLAG_COMMAND,
  FLAG_MORE,
  GREETING_SIZE,
  LONG_HEADER_SIZE,
  MAJOR_AT,
  MINOR_AT,
  SHORT_BODY_MAX,
} from '../wire/constants.ts'
import {
  areFlagsValid,
  MISFRAMED_MAYBE,
  MISFRAMED_SIZE,
  MISFRAMED_YES,
  misframed,
  readBodySize,
  sizeOfHeader,
  sizeOfHeaderWith,
} from '../wire/frame.ts'
import { faultInGreeting, writeGreeting } from '../wire/greeting.ts'
import { checkMetadata, type Metadata } from '../wire/metadata.ts'
import { compatible, takesSubscriptions } from '../wire/socket-types.ts'
import { Heartbeat, type HeartbeatOptions, PING, SILENT } from './heartbeat.ts'
import { Assembly } from './inbox.ts'
import type { Mechanism } from './mechanism.ts'
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
import { STALL_TIMEOUT_MS, Stall } from './stall.ts'

/** What `poll` returns. */
export const NEED_MORE = 0
export const READY = 1
export const PART = 2
export const COMMAND = 3
export const ENDED = 4
// Inside only: something was consumed, go on.
const CONTINUE = -1

export interface EngineOptions extends HeartbeatOptions {
  /** As announced: `DEALER`. */
  readonly socketType: string
  /** 0 to 255 octets; announced by REQ, DEALER and ROUTER. */
  readonly identity: Buffer
  /** Further properties to announce. */
  readonly metadata?: ReadonlyMap<string, Buffer>
  /** This connection's own. */
  readonly mechanism: Mechanism
  /** Largest body of a frame; `Infinity`: 2 GiB - 1. */
  readonly maxFrameSize: number
  /** Largest sum of the bodies of one message. */
  readonly maxMessageSize: number
  readonly maxFrames: number
  /** From the constructor to READY; 0: no limit. */
  readonly handshakeTimeoutMs: number
  /** Told to the peer with each PING; 0: none, at most 65.5 s. */
  readonly heartbeatTtlMs: number
  /** Largest command before READY. Default 8 KiB. */
  readonly maxHandshakeCommand?: number
  /** All octets between greeting and READY. Default 16 KiB. */
  readonly maxHandshakeBytes?: number
  /** Ends a connection whose begun message gets no octet for so long, or under 240 octets/s. Default 30 s; 0: never. */
  readonly stallTimeoutMs?: number
}

/** Who the peer says it is. */
export interface PeerInfo extends Metadata {
  readonly major: number
  readonly minor: number
}

export class Engine {
  /** The chunk that holds the part or command that `poll` has just returned: `body[bodyStart, bodyEnd)`. */
  body: Buffer = EMPTY
  bodyStart = 0
  bodyEnd = 0
  /** Whether further parts of the same message follow. */
  more = false
  /** `SUBSCRIBE` or `CANCEL` after COMMAND, whose range is the topic. */
  commandName = ''
  /** Commands in traffic that nobody here knows: dropped and counted. */
  ignoredCommands = 0
  /** Octets to send; whoever drives takes them. */
  readonly output: Slab

  readonly #options: EngineOptions
  readonly #outbox = new Outbox()
  readonly #heartbeat: Heartbeat
  readonly #stall: Stall
  readonly #assembly = new Assembly()
  readonly #waiting = new Fifo<Buffer>()
  readonly #handshakeDeadline: number
  readonly #frameMax: number
  readonly #shortMax: number
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

  // The frame that the long way is in: its header as far as it came, then (#headed) its flags and size.
  #carry: Buffer = Buffer.allocUnsafe(GREETING_SIZE)
  #carried = 0
  #headed = false
  #flags = 0
  #size = 0
  // The message that the frame belongs to: frames and octets so far; both 0 at its first frame.
  #frames = 0
  #messageSize = 0

  #handshakeBytes = 0
  #major = 0
  #minor = 0
  #deadline: number
  #lastReceived: number
  // Input ran out, nothing waits: it is the peer's turn.
  #starved = false
  #peerEnded = false

  // The PONG that is owed; several PINGs in a row get one. Pongs of the current second, which began at #pongSince.
  #pong: Buffer | undefined
  #pongs = 0
  #pongSince = -Infinity

  /** Throws `UsageError` BAD_IDENTITY or BAD_METADATA for what cannot be announced. `now` in milliseconds. */
  constructor(options: EngineOptions, now: number) {
    this.#options = options
    checkMetadata(this.#localMetadata)
    this.output = this.#outbox.slab
    this.#heartbeat = new Heartbeat(options)
    this.#stall = new Stall(options.stallTimeoutMs ?? STALL_TIMEOUT_MS)
    this.#frameMax = Math.min(options.maxFrameSize, BODY_MAX)
    this.#shortMax = Math.min(this.#frameMax, options.maxMessageSize, SHORT_BODY_MAX)
    this.#handshakeDeadline = options.handshakeTimeoutMs > 0 ? now + options.handshakeTimeoutMs : Infinity
    this.#deadline = this.#handshakeDeadline
    this.#lastReceived = now
    const { name, asServer } = options.mechanism
    this.output.reserve(GREETING_SIZE)
    this.output.at = writeGreeting(this.output.bytes, this.output.at, name, asServer)
  }

  /** One of phase.ts. */
  get phase(): number {
    return this.#phase
  }

  /** Set from READY on. */
  get peer(): PeerInfo | undefined {
    return this.#peer
  }

  /** Why it ended; `undefined` before, and after an orderly close by the peer. */
  get error(): PseudError | undefined {
    return this.#error
  }

  /** Octets came: keeps `chunk`, which must not change any more, until it is walked through. */
  handleBytes(chunk: Buffer, now: number): void {
    this.#lastReceived = now
    if (this.#phase >= CLOSED || chunk.length === 0) return
    this.#heartbeat.handleLife(now)
    this.#starved = false
    if (this.#at === this.#end && this.#waiting.length === 0) this.#begin(chunk)
    else this.#waiting.push(chunk)
  }

  /** The peer closed. What it sent before is still delivered; then follows ENDED. */
  handleEnd(_now: number): void {
    this.#peerEnded = true
  }

  /** Reading goes on after a stop of our own: the silence so far says nothing about the peer. */
  handleResume(now: number): void {
    this.#lastReceived = now
    this.#heartbeat.handleLife(now)
    this.#stall.forgive(now)
  }

  /** The deadline has passed, or may have: writes a PING, ends the connection (`poll` says so), or does nothing. */
  handleTimeout(now: number): void {
    if (this.#phase >= CLOSED) return
    if (this.#phase !== TRAFFIC) {
      if (now >= this.#handshakeDeadline) this.#fail(linkError('HANDSHAKE_TIMEOUT'))
      return
    }
    if (!this.#starved) this.#stall.forgive(now)
    const verdict = this.#heartbeat.handleTimeout(now, this.#starved)
    if (verdict === SILENT) this.#fail(linkError('SILENT_PEER'))
    else if (now >= this.#stall.deadline) this.#fail(linkError('STALLED'))
    else {
      if (verdict === PING) this.#outbox.write(FLAG_COMMAND, bodyOfPing(this.#options.heartbeatTtlMs))
      if (this.#pong !== undefined) this.#answerPing(now)
      this.#rearm()
    }
  }

  /** When to call `handleTimeout`; `Infinity` for never. Octets received move it later only once it has passed. */
  pollDeadline(): number {
    return this.#deadline
  }

  /** The next thing that happened: READY (once), PART, COMMAND; NEED_MORE, or ENDED for good. */
  poll(): number {
    if (this.#atFrame) {
      const chunk = this.#chunk
      const at = this.#at
      const end = this.#end
      if (at + 1 < end) {
        const flags = chunk[at]!
        const size = chunk[at + 1]!
        const bodyEnd = at + 2 + size
        if (flags <= FLAG_MORE && bodyEnd <= end && size <= this.#shortMax) {
          // A message of one frame needs no count: most are.
          if ((flags | this.#frames) !== 0 && !this.#countFrame(flags, size, at)) return ENDED
          this.#at = bodyEnd
          if (this.body !== chunk) this.body = chunk
          this.bodyStart = at + 2
          this.bodyEnd = bodyEnd
          this.more = flags !== 0
          return PART
        }
      }
    }
    return this.#pollSlowly()
  }

  /**
   * Sends one part. `body` is copied up to 8 KiB; above, it is borrowed until it was sent. Throws `UsageError`
   * SEND_OUT_OF_TURN before READY, after the end, and between `beginPart` and `endPart`.
   */
  sendPart(body: Buffer, more: boolean): void {
    this.#checkSend()
    this.#outbox.write(more ? FLAG_MORE : 0, body)
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
    this.#outbox.end()
  }

  /** Forgets the open part as if it had never been begun. Throws as `endPart`. */
  abandonPart(): void {
    if (!this.#outbox.open) failTurn('no part is open')
    this.#outbox.abandon()
  }

  /** Sends a command, such as SUBSCRIBE; allowed between the parts of a message. Throws as `sendPart`. */
  sendCommand(name: string, data: Buffer): void {
    this.#checkSend()
    this.#outbox.write(FLAG_COMMAND, Buffer.concat([prefix(name), data]))
  }

  #checkSend(): void {
    if (!MAY_SEND[this.#phase]) failTurn('the connection is not ready')
    if (this.#outbox.open) failTurn('a part is open')
  }

  get #localMetadata(): Metadata {
    const { socketType, identity, metadata } = this.#options
    return { socketType, identity, properties: metadata ?? NO_PROPERTIES }
  }

  // ---- input: everything but a short whole message frame

  #pollSlowly(): number {
    const result = this.#advance()
    if (this.#pong !== undefined && this.#phase === TRAFFIC) this.#answerPing(this.#lastReceived)
    this.#atFrame = this.#phase === TRAFFIC && !this.#headed && this.#carried === 0
    return result
  }

  #advance(): number {
    for (;;) {
      const result = this.#step()
      if (this.#phase >= CLOSED) return ENDED
      if (result > NEED_MORE) return result
      if (result === NEED_MORE && !this.#nextChunk()) return this.#runDry()
    }
  }

  #step(): number {
    if (this.#phase === GREETING) return this.#readGreeting()
    if (this.#phase >= CLOSED) return ENDED
    if (!this.#headed && !this.#readHeader()) return NEED_MORE
    if (!this.#readBody()) return NEED_MORE
    this.#headed = false
    if ((this.#flags & FLAG_COMMAND) === 0) {
      this.more = (this.#flags & FLAG_MORE) !== 0
      return PART
    }
    try {
      return this.#phase === TRAFFIC ? this.#handleCommand() : this.#handleHandshake()
    } catch (error) {
      if (!(error instanceof PseudError)) throw error
      this.#fail(error)
      return ENDED
    }
  }

  #begin(chunk: Buffer): void {
    this.#chunkOffset += this.#end
    this.#chunk = chunk
    this.#at = 0
    this.#end = chunk.length
  }

  #nextChunk(): boolean {
    const chunk = this.#waiting.shift()
    // An idle connection holds no chunk: EMPTY takes the place of the last one.
    this.#begin(chunk ?? EMPTY)
    return chunk !== undefined
  }

  #runDry(): number {
    this.body = EMPTY
    const inFrame = this.#headed || this.#carried > 0
    const begun = this.#frames > 0 ? this.#messageOffset : inFrame ? this.#frameOffset : -1
    if (this.#peerEnded) {
      this.#handlePeerEnd(begun >= 0)
      return ENDED
    }
    this.#starved = true
    if (this.#phase === TRAFFIC) {
      this.#stall.handlePause(this.#lastReceived, begun, this.#chunkOffset)
      if (this.#stall.deadline < this.#deadline) this.#deadline = this.#stall.deadline
    }
    return NEED_MORE
  }

  #handlePeerEnd(inMessage: boolean): void {
    if (inMessage || this.#phase !== TRAFFIC) {
      const where = this.#phase === TRAFFIC ? 'inside a message' : 'during the handshake'
      this.#fail(new LinkError('PEER_CLOSED', `the peer closed ${where}`))
    } else {
      this.#enter(HUNG_UP)
    }
  }

  #readGreeting(): number {
    while (this.#at < this.#end && this.#carried < GREETING_SIZE) {
      this.#carry[this.#carried++] = this.#chunk[this.#at++]!
    }
    const fault = faultInGreeting(this.#carry, this.#carried, this.#options.mechanism.name)
    if (fault !== undefined) {
      this.#fail(fault)
      return ENDED
    }
    if (this.#carried < GREETING_SIZE) return NEED_MORE
    this.#major = this.#carry[MAJOR_AT]!
    this.#minor = this.#carry[MINOR_AT]!
    this.#carry = Buffer.allocUnsafe(MISFRAMED_SIZE)
    this.#carried = 0
    this.#enter(GREETED)
    this.#writeHandshake()
    return CONTINUE
  }

  /** `true`: #flags and #size are set and within bounds. `false`: more octets are needed, or it has failed. */
  #readHeader(): boolean {
    if (this.#carried === 0) {
      const at = this.#at
      if (at === this.#end) return false
      this.#frameOffset = this.#chunkOffset + at
      const flags = this.#chunk[at]!
      if (!this.#checkFlags(flags)) return false
      const headerEnd = at + sizeOfHeaderWith(flags)
      if (headerEnd <= this.#end) {
        const size = readBodySize(this.#chunk, at)
        if (size > 0 || (flags & FLAG_COMMAND) === 0) {
          this.#at = headerEnd
          return this.#setHeader(flags, size)
        }
      }
    }
    while (this.#at < this.#end) {
      this.#carry[this.#carried++] = this.#chunk[this.#at++]!
      const verdict = this.#judgeCarry()
      if (verdict !== NEED_MORE) return verdict === CONTINUE
    }
    return false
  }

  /** Looks at a header that comes in pieces: CONTINUE when it is complete, ENDED when it is refused. */
  #judgeCarry(): number {
    const carry = this.#carry
    const flags = carry[0]!
    const headerSize = sizeOfHeaderWith(flags)
    if (this.#carried < headerSize) return NEED_MORE
    const size = readBodySize(carry, 0)
    if (size > 0 || (flags & FLAG_COMMAND) === 0) {
      this.#carried = 0
      return this.#setHeader(flags, size) ? CONTINUE : ENDED
    }
    // A command of no octets. As publisher we know one that means something: see wire/frame.ts.
    const rescue = this.#phase === TRAFFIC && takesSubscriptions(this.#options.socketType)
    const verdict = rescue && flags === FLAG_COMMAND ? misframed(carry, this.#carried) : 0
    if (verdict === MISFRAMED_MAYBE) return NEED_MORE
    if (verdict !== MISFRAMED_YES) {
      this.#fail(new ProtocolError('BAD_COMMAND', 'a command without a name'))
      return ENDED
    }
    this.#flags = FLAG_COMMAND
    this.#size = carry[7]! * 256 + carry[8]!
    this.#headed = true
    this.#assembly.begin(this.#size)
    this.#assembly.take(carry, LONG_HEADER_SIZE, this.#carried)
    this.#carried = 0
    return CONTINUE
  }

  #checkFlags(flags: number): boolean {
    if (!areFlagsValid(flags)) {
      this.#fail(new ProtocolError('BAD_FLAGS', `a frame has the flags 0x${flags.toString(16)}`))
      return false
    }
    if (this.#phase === HANDSHAKE && (flags & FLAG_COMMAND) === 0) {
      this.#fail(new ProtocolError('UNEXPECTED_COMMAND', 'the peer sent a message during the handshake'))
      return false
    }
    return true
  }

  // Bounds come before memory: nothing is reserved for a size that was not accepted here.
  #setHeader(flags: number, size: number): boolean {
    this.#flags = flags
    this.#size = size
    if (this.#phase === HANDSHAKE) {
      if (!this.#countHandshake(size)) return false
    } else if ((flags & FLAG_COMMAND) !== 0) {
      if (size > COMMAND_MAX) return this.#failLimit('FRAME_TOO_LARGE', 'maxCommandSize', COMMAND_MAX, size)
    } else if (!this.#countFrame(flags, size, this.#frameOffset - this.#chunkOffset)) {
      return false
    }
    this.#headed = true
    return true
  }

  #countHandshake(size: number): boolean {
    const { maxHandshakeCommand = HANDSHAKE_COMMAND_MAX, maxHandshakeBytes = HANDSHAKE_MAX } = this.#options
    if (size > maxHandshakeCommand) {
      return this.#failLimit('HANDSHAKE_TOO_LARGE', 'maxHandshakeCommand', maxHandshakeCommand, size)
    }
    this.#handshakeBytes += sizeOfHeader(size) + size
    if (this.#handshakeBytes > maxHandshakeBytes) {
      return this.#failLimit(
        'HANDSHAKE_TOO_LARGE',
        'maxHandshakeBytes',
        maxHandshakeBytes,
        this.#handshakeBytes,
      )
    }
    return true
  }

  #countFrame(flags: number, size: number, at: number): boolean {
    const { maxFrameSize, maxMessageSize, maxFrames } = this.#options
    if (size > this.#frameMax) return this.#failLimit('FRAME_TOO_LARGE', 'maxFrameSize', this.#frameMax, size)
    const sum = this.#messageSize + size
    if (sum > maxMessageSize)
      return this.#failLimit('MESSAGE_TOO_LARGE', 'maxMessageSize', maxMessageSize, sum)
    if (this.#frames === maxFrames) {
      return this.#failLimit('TOO_MANY_FRAMES', 'maxFrames', maxFrames, maxFrames + 1)
    }
    if ((flags & FLAG_MORE) === 0) {
      this.#frames = 0
      this.#messageSize = 0
    } else {
      if (this.#frames === 0) this.#messageOffset = this.#chunkOffset + at
      this.#frames++
      this.#messageSize = sum
    }
    return true
  }

  /** `true`: `body[bodyStart, bodyEnd)` is the whole body. */
  #readBody(): boolean {
    const size = this.#size
    if (!this.#assembly.active) {
      if (this.#end - this.#at >= size) {
        this.body = this.#chunk
        this.bodyStart = this.#at
        this.bodyEnd = this.#at + size
        this.#at = this.bodyEnd
        return true
      }
      this.#assembly.begin(size)
    }
    this.#at = this.#assembly.take(this.#chunk, this.#at, this.#end)
    if (!this.#assembly.complete) return false
    this.body = this.#assembly.finish()
    this.bodyStart = 0
    this.bodyEnd = size
    return true
  }

  // ---- commands

  #handleHandshake(): number {
    this.#checkName()
    const mechanism = this.#options.mechanism
    mechanism.handleCommand(this.body, this.bodyStart, this.bodyEnd)
    this.#writeHandshake()
    const metadata = mechanism.peerMetadata
    if (metadata !== undefined) this.#checkSocketType(metadata.socketType)
    if (!mechanism.ready || metadata === undefined) return CONTINUE
    const { socketType, identity, properties } = metadata
    this.#peer = { socketType, identity, properties, major: this.#major, minor: this.#minor }
    this.#enter(AGREED)
    this.#heartbeat.start(this.#lastReceived)
    this.#rearm()
    return READY
  }

  #writeHandshake(): void {
    const { mechanism } = this.#options
    for (let written = true; written; ) {
      this.#outbox.begin(FLAG_COMMAND)
      written = mechanism.writeNextCommand(this.output, this.#localMetadata)
      if (written) this.#outbox.end()
      else this.#outbox.abandon()
    }
  }

  // A peer that does not say its type is tolerated (RFC 37: SHOULD); one that says a wrong one is told so.
  #checkSocketType(peer: string): void {
    const local = this.#options.socketType
    if (peer === '' || compatible(local, peer)) return
    throw new ProtocolError('INCOMPATIBLE_SOCKET_TYPE', `${local} does not talk to ${peer}`)
  }

  #checkName(): number {
    const data = startOfData(this.body, this.bodyStart, this.bodyEnd)
    if (data < 0) throw new ProtocolError('BAD_COMMAND', 'the name of a command does not fit')
    return data
  }

  #handleCommand(): number {
    const data = this.#checkName()
    if (this.#is(COMMAND_PING)) {
      this.#heartbeat.handlePing(this.#lastReceived, readTtlMs(this.body, data, this.bodyEnd))
      this.#deadline = Math.min(this.#deadline, this.#heartbeat.deadline)
      this.#pong = bodyOfPong(this.body, data + 2, this.bodyEnd)
    } else if (this.#is(COMMAND_SUBSCRIBE)) {
      return this.#surface('SUBSCRIBE', data)
    } else if (this.#is(COMMAND_CANCEL)) {
      return this.#surface('CANCEL', data)
    } else if (OUT_OF_PLACE.some((name) => this.#is(name))) {
      const name = readName(this.body, this.bodyStart)
      throw new ProtocolError('UNEXPECTED_COMMAND', `the peer sent ${name} after the handshake`)
    } else if (!this.#is(COMMAND_PONG)) {
      this.ignoredCommands++
    }
    return CONTINUE
  }

  #is(name: Buffer): boolean {
    return isCommand(this.body, this.bodyStart, this.bodyEnd, name)
  }

  #surface(name: string, data: number): number {
    if (!takesSubscriptions(this.#options.socketType)) {
      this.ignoredCommands++
      return CONTINUE
    }
    this.commandName = name
    this.bodyStart = data
    return COMMAND
  }

  // One answer to a row of PINGs, and PONGS_PER_SECOND at most: an answer that waits goes out with the newest context.
  #answerPing(now: number): void {
    if (now - this.#pongSince >= 1000) {
      this.#pongSince = now
      this.#pongs = 0
    }
    if (this.#pongs < PONGS_PER_SECOND) {
      this.#pongs++
      this.#outbox.write(FLAG_COMMAND, this.#pong!)
      this.#pong = undefined
    } else {
      this.#deadline = Math.min(this.#deadline, this.#pongSince + 1000)
    }
  }

  // ---- ends and deadlines

  #rearm(): void {
    const pongDue = this.#pong === undefined ? Infinity : this.#pongSince + 1000
    this.#deadline = Math.min(this.#heartbeat.deadline, this.#stall.deadline, pongDue)
  }

  #enter(event: number): void {
    this.#phase = after(this.#phase, event)
    if (this.#phase < CLOSED) return
    this.#deadline = Infinity
    this.#atFrame = false
    this.#headed = false
    this.#carried = 0
    this.#pong = undefined
    this.#waiting.clear()
    this.#assembly.clear()
    this.#begin(EMPTY)
    this.body = EMPTY
  }

  #failLimit(code: string, limit: string, bound: number, value: number): false {
    this.#fail(new LimitError(code, limit, bound, value))
    return false
  }

  #fail(error: PseudError): void {
    // The one refusal that libzmq leaves unsaid and RFC 37 wants said.
    if (error.code === 'INCOMPATIBLE_SOCKET_TYPE') {
      this.#outbox.write(FLAG_COMMAND, bodyOfError('Incompatible Socket-Type'))
    }
    this.#error = error
    this.#enter(FAULT)
  }
}

// Largest fixed handshake command is 518 (PLAIN HELLO); CURVE INITIATE is 257 and metadata.
const HANDSHAKE_COMMAND_MAX = 8192
const HANDSHAKE_MAX = 16384
// All that a peer may subscribe to is 1 MiB; every other command is small.
const COMMAND_MAX = 0x10_0000
const PONGS_PER_SECOND = 100
const NO_PROPERTIES: ReadonlyMap<string, Buffer> = new Map()

// Of another phase or another socket type: a peer that sends them is confused. What nobody knows is ignored instead.
const OUT_OF_PLACE: readonly Buffer[] = [
  COMMAND_READY,
  COMMAND_HELLO,
  COMMAND_WELCOME,
  COMMAND_INITIATE,
  COMMAND_JOIN,
  COMMAND_LEAVE,
]

const LINK_FAULTS: Readonly<Record<string, string>> = {
  HANDSHAKE_TIMEOUT: 'the peer did not finish the handshake in time',
  SILENT_PEER: 'the peer has fallen silent',
  STALLED: 'the peer began a message and did not get on with it',
}

function linkError(code: string): LinkError {
  return new LinkError(code, LINK_FAULTS[code]!)
}

function failTurn(why: string): never {
  throw new UsageError('SEND_OUT_OF_TURN', why)
}
