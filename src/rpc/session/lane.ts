/**
 * The way to one peer and back: everything that is written to it, and the tables of what is open in each direction. Usually a
 * connection has one lane. Peers behind a proxy share a connection; what sets them apart is their route, the frames in front of
 * the message, which are kept as they came and put in front of all that goes back. One piece, because whatever is written takes turns at
 * one slab.
 */
import { IdTable } from '../../base/id-table.ts'
import { Mark, type Slab } from '../../base/slab.ts'
import { writeNil, writeString, writeUint } from '../../codec/messages.ts'
import type { PeerLink } from '../api/peer.ts'
import type { CallSettings } from '../api/settings.ts'
import { encodeCall, failArguments } from '../calls/arguments.ts'
import type { Call, Lane, Target } from '../calls/call.ts'
import type { WaitingQueue } from '../calls/queue.ts'
import { RpcError } from '../errors/errors.ts'
import { unanswerable, type WireError } from '../errors/remote-error.ts'
import type { CallerLane, Incoming } from '../serving/incoming.ts'
import type { Outcome } from '../serving/outcomes.ts'
import type { Share } from '../serving/slots.ts'
import type { Offer } from '../streams/offers.ts'
import type { Outflow } from '../streams/outflow.ts'
import type { PendingCall } from '../streams/remote-stream.ts'
import {
  CANCEL,
  CREDIT,
  END,
  ERROR,
  hasMeta,
  ITEM,
  RESULT,
  writeCallHead,
  writeEncoded,
  writeHead,
  writeMeta,
} from './envelope.ts'
import type { Connection, LaneOwner } from './lane-owner.ts'
import { encodeNotify } from './notify.ts'

export class SessionLane implements Lane, Target, CallerLane, PeerLink {
  /** What tells it apart within its session; empty for the session's own. */
  readonly key: string
  // Each is a table of its own once there was anything to put in.
  pending: IdTable<Call> = NO_CALLS
  running: IdTable<Incoming> = NOTHING_RUNS
  /** Its owner wants to know when nothing is open on it. */
  watched: boolean
  readonly #owner: LaneOwner<SessionLane>
  readonly #connection: Connection
  readonly #route: readonly Buffer[]
  // Where the call that is being written begins; only of those that are kept.
  #mark: Mark | undefined

  constructor(owner: LaneOwner<SessionLane>, route: readonly Buffer[], key: string) {
    this.#owner = owner
    this.#connection = owner.connection
    this.#route = route
    this.key = key
    this.watched = key !== ''
  }

  get shown(): string {
    return this.#owner.shown
  }

  get open(): boolean {
    return this.#owner.open
  }

  get link(): PeerLink {
    return this
  }

  /** No call is open here, in either direction. */
  get isIdle(): boolean {
    return this.pending.size === 0 && this.running.size === 0
  }

  // -- who is there (PeerLink) -----------------------------------------------------------------------------------------

  get id(): string {
    return this.key === ''
      ? this.#owner.id
      : `${this.#owner.id}/${Buffer.from(this.key, 'latin1').toString('hex')}`
  }

  get user(): string | undefined {
    return this.#owner.user
  }

  get instance(): string {
    return this.key === '' ? (this.#owner.instance ?? this.#owner.id) : this.id
  }

  get claimedName(): string | undefined {
    return this.key === '' ? this.#owner.claimedName : undefined
  }

  get address(): string {
    return this.#connection.remoteAddress
  }

  get since(): Date {
    return this.#owner.since
  }

  get rttMs(): number | undefined {
    return this.#owner.rttMs
  }

  call(method: string, args: readonly unknown[], settings: CallSettings): PendingCall {
    return this.#owner.calls.start(this, method, args, settings)
  }

  notify(method: string, args: readonly unknown[], settings: CallSettings): boolean {
    const { around } = this.#owner.calls
    return around.engaged
      ? around.notify(this, method, args, settings)
      : this.sendNotify(method, args, settings)
  }

  /** [7, method, args, meta?]; dropped rather than queued. Throws `ArgumentError`, or `RpcError` PAYLOAD_TOO_LARGE. */
  sendNotify(method: string, args: readonly unknown[], settings: CallSettings): boolean {
    if (!this.takesNotify) {
      this.#owner.counters.notifiesDropped++
      return false
    }
    const message = encodeNotify(this.#owner.codec, method, args, settings)
    this.#checkSize(message.length, 'no')
    return this.writeNotify(message)
  }

  /** Writes a NOTIFY encoded before; `false`: it was dropped. `message` must not change any more. */
  writeNotify(message: Buffer): boolean {
    const { counters } = this.#owner
    if (!this.takesNotify || !this.takesMessage(message.length)) {
      counters.notifiesDropped++
      return false
    }
    for (const frame of this.#route) this.#connection.sendPart(frame, true)
    this.#connection.sendPart(message, false)
    counters.notifiesSent++
    this.#owner.onWritten()
    return true
  }

  takesMessage(size: number): boolean {
    return size <= this.#owner.peerMaxMessageSize
  }

  /** More than a call may be written to a peer that is slow to read, but nothing to one that does not read at all. */
  get takesNotify(): boolean {
    const owner = this.#owner
    return owner.open && !owner.writing && !owner.paused && owner.refusal() === undefined
  }

  // -- calling (Target, Lane) ------------------------------------------------------------------------------------------

  get queue(): WaitingQueue<Call> {
    return this.#owner.queue
  }

  get connected(): boolean {
    return this.#owner.open
  }

  /** A call can be written now. */
  get takes(): boolean {
    return this.#owner.open && !this.#connection.congested && !this.#owner.writing
  }

  lane(): SessionLane | undefined {
    return this.takes ? this : undefined
  }

  refusal(settings?: CallSettings): RpcError | undefined {
    return this.#owner.refusal(settings)
  }

  /** Nobody but this peer can run what was meant for it. */
  get keeps(): boolean {
    return false
  }

  get trouble(): undefined {
    return undefined
  }

  remember(call: Call): Lane {
    const lane = this.key === '' ? this : this.#owner.keep(this)
    if (lane.pending === NO_CALLS) lane.pending = new IdTable()
    lane.pending.add(call)
    return lane
  }

  forget(call: Call): void {
    this.pending.delete(call)
    if (this.watched) this.#releaseIfIdle()
  }

  sendCall(call: Call, args: readonly unknown[], remainingMs: number): void {
    const { settings, offers, attempt } = call
    const withMeta = attempt > 0 || offers !== undefined || hasMeta(settings, remainingMs)
    if (this.#route.length > 0) {
      // Once the route is written there is no way back: whether the arguments can be encoded must be known before.
      call.encoded = encodeCall(this.#owner.codec, call, args)
      this.sendEncoded(call, remainingMs)
      if (call.target.keeps) this.#owner.calls.keeper.adopt(call, call.encoded)
      call.encoded = undefined
      return
    }
    const slab = this.#begin()
    this.#owner.sentShapes?.mark()
    const before = slab.byteLength
    try {
      writeCallHead(slab, withMeta)
      if (call.target.keeps) this.#writeKept(slab, call, args)
      else this.#writeCall(slab, call, args)
      if (withMeta) writeMeta(slab, settings, remainingMs, attempt, offers?.places)
      this.#checkSize(slab.byteLength - before, 'no')
    } catch (error) {
      this.#abandon()
      failArguments(error)
    }
    this.#end()
  }

  sendEncoded(call: Call, remainingMs: number): void {
    const { settings, offers, attempt, lastId } = call
    const encoded = call.encoded!
    const withMeta =
      attempt > 0 || offers !== undefined || lastId !== undefined || hasMeta(settings, remainingMs)
    this.#checkSize(encoded.length, 'no')
    const slab = this.#begin()
    writeCallHead(slab, withMeta)
    writeEncoded(slab, encoded)
    if (withMeta) writeMeta(slab, settings, remainingMs, attempt, offers?.places, lastId)
    this.#end()
  }

  portable(encoded: Buffer): Buffer {
    const { codec, sentShapes } = this.#owner
    return sentShapes === undefined ? encoded : codec.expand(encoded, sentShapes)
  }

  sendCancel(id: number): void {
    this.send((slab) => writeHead(slab, 2, CANCEL, id))
  }

  sendCredit(id: number, count: number, taken: number): void {
    this.send((slab) => {
      writeHead(slab, count === taken ? 3 : 4, CREDIT, id)
      writeUint(slab, count)
      if (count !== taken) writeUint(slab, taken)
    })
    // At once: what waits for it can be made while the rest of this turn's items are taken.
    if (!this.#owner.writing) this.#connection.flush()
  }

  reauthenticate(): boolean {
    return this.key === '' && this.#owner.reauthenticate()
  }

  // -- answering (CallerLane) ------------------------------------------------------------------------------------------

  get share(): Share<Incoming> {
    return this.#owner.share
  }

  get calling(): boolean {
    return this.pending.size > 0
  }

  track(incoming: Incoming): void {
    const lane = this.key === '' ? this : this.#owner.keep(this)
    if (lane.running === NOTHING_RUNS) lane.running = new IdTable()
    lane.running.add(incoming)
  }

  untrack(incoming: Incoming): void {
    const lane = this.key === '' ? this : this.#owner.keep(this)
    lane.running.delete(incoming)
    if (this.watched) this.#releaseIfIdle()
  }

  offer(id: unknown, place: unknown): Offer | undefined {
    return this.pending.get(id as number)?.offers?.take(place)
  }

  sendResult(id: number, value: unknown): boolean {
    return this.#sendValue(RESULT, id, value) >= 0
  }

  encodeResult(value: unknown): Buffer {
    const { codec, isPseud } = this.#owner
    return codec.encode(value === undefined && !isPseud ? null : value)
  }

  sendOutcome(id: number, { failed, octets }: Outcome): void {
    try {
      this.#checkSize(octets.length + HEAD_MAX, 'yes')
    } catch (error) {
      this.sendError(id, unanswerable(error, this.#owner.hidesErrors))
      return
    }
    this.send((slab) => {
      writeHead(slab, 3, failed ? ERROR : RESULT, id)
      writeEncoded(slab, octets)
    })
  }

  sendItem(id: number, item: unknown, trackId?: string): number {
    return this.#sendValue(ITEM, id, item, trackId)
  }

  sendEnd(id: number): void {
    this.send((slab) => writeHead(slab, 2, END, id))
  }

  get congested(): boolean {
    return this.#connection.congested
  }

  park(outflow: Outflow): void {
    this.#owner.park(outflow)
  }

  /** Writes RESULT or ITEM, and returns its octets; -1: the value cannot be sent, which an ERROR says now. */
  #sendValue(kind: typeof RESULT | typeof ITEM, id: number, value: unknown, trackId?: string): number {
    const slab = this.#begin()
    this.#owner.sentShapes?.mark()
    const before = slab.byteLength
    let size: number
    try {
      writeHead(slab, trackId === undefined ? 3 : 4, kind, id)
      // Without our extension, who asked would see a strange value where most languages have nothing.
      if (value === undefined && !this.#owner.isPseud) writeNil(slab)
      else
        this.#owner.codec.writeValue(
          slab,
          value,
          'result',
          this.key === '' ? this.#owner.sentShapes : undefined,
        )
      if (trackId !== undefined) writeString(slab, trackId)
      size = slab.byteLength - before
      this.#checkSize(size, 'yes')
    } catch (error) {
      this.#abandonPart()
      const wire = unanswerable(error, this.#owner.hidesErrors)
      this.#writeError(this.#connection.beginPart(false), id, wire)
      this.#end()
      this.#owner.report(error)
      return -1
    }
    this.#end()
    return size
  }

  sendError(id: number, error: WireError): void {
    this.send((slab) => this.#writeError(slab, id, error))
  }

  /** Writes a message by `write`, which must not fail. */
  send(write: (slab: Slab) => void): void {
    if (!this.#owner.open) return
    if (this.#owner.writing) {
      this.#owner.defer(() => this.send(write))
      return
    }
    write(this.#begin())
    this.#end()
  }

  // -- inside ----------------------------------------------------------------------------------------------------------

  #writeCall(slab: Slab, call: Call, args: readonly unknown[]): void {
    writeUint(slab, call.id)
    writeString(slab, call.method)
    this.#owner.codec.writeValue(slab, args, 'args', this.#owner.sentShapes)
  }

  /** Writes a call, and has its octets kept, to be sent again. */
  #writeKept(slab: Slab, call: Call, args: readonly unknown[]): void {
    // Of this lane alone: encoding may run code that makes calls on others.
    this.#mark ??= new Mark()
    slab.save(this.#mark)
    const before = slab.byteLength
    this.#writeCall(slab, call, args)
    this.#owner.calls.keeper.keep(call, slab, this.#mark, slab.byteLength - before)
  }

  #writeError(slab: Slab, id: number, error: WireError): void {
    writeHead(slab, 3, ERROR, id)
    this.#owner.codec.writeValue(slab, error, 'error')
  }

  /** Writes the route, and opens the message itself. */
  #begin(): Slab {
    for (const frame of this.#route) this.#connection.sendPart(frame, true)
    this.#owner.writing = true
    return this.#connection.beginPart(false)
  }

  #end(): void {
    this.#connection.endPart()
    this.#owner.writing = false
    this.#owner.onWritten()
  }

  /** Takes back the open message, and what it has defined. */
  #abandonPart(): void {
    this.#connection.abandonPart()
    this.#owner.sentShapes?.rollback()
  }

  #abandon(): void {
    this.#abandonPart()
    this.#owner.writing = false
    this.#owner.onWritten()
  }

  #checkSize(size: number, executed: 'no' | 'yes'): void {
    const max = this.#owner.peerMaxMessageSize
    if (size <= max) return
    throw new RpcError('PAYLOAD_TOO_LARGE', `the message has ${size} octets, ${this.shown} takes ${max}`, {
      executed,
    })
  }

  #releaseIfIdle(): void {
    if (this.isIdle) this.#owner.release(this)
  }
}

const NO_CALLS: IdTable<Call> = new IdTable()
const NOTHING_RUNS: IdTable<Incoming> = new IdTable()

// Of a RESULT: the array, its kind, the largest id.
const HEAD_MAX = 11
