/**
 * One connection between two peers, from the handshake to its end: its lanes, its state, what waits for it. Both ends of a session may
 * call. Sans-IO: a Connection and time come from outside, so two sessions can be joined in memory. What messages say stands in
 * inbound.ts, how they are written in lane.ts. One piece, because each of its steps depends on whether it is connecting, open, left or over.
 *
 * The frames in front of a message are its route: nothing here looks into them, each different one is a lane.
 */

import { EMPTY } from '../../base/bytes.ts'
import { dateOf } from '../../base/clock.ts'
import { CodecError, ProtocolError, type PseudError } from '../../base/errors.ts'
import { type Codec, ReceivedShapes, SentShapes } from '../../codec/messages.ts'
import type { Driver, Receiver } from '../../zmtp/connections.ts'
import type { CallSettings } from '../api/settings.ts'
import type { Call } from '../calls/call.ts'
import type { Calls } from '../calls/calls.ts'
import { lostError } from '../calls/endings.ts'
import { WaitingQueue } from '../calls/queue.ts'
import { RpcError } from '../errors/errors.ts'
import type { Counters } from '../participants/counters.ts'
import { quote } from '../registry/names.ts'
import type { Incoming } from '../serving/incoming.ts'
import { Share } from '../serving/slots.ts'
import type { Outflow } from '../streams/outflow.ts'
import { Backlog, type BacklogOwner } from './backlog.ts'
import { GOAWAY, HELLO, PING, PROTOCOL_VERSION, WELCOME, writeHead, writeKind } from './envelope.ts'
import type { HelloInfo, MessageOwner } from './inbound.ts'
import { SessionLane } from './lane.ts'
import type { Connection, LaneOwner } from './lane-owner.ts'
import { announcesPseud, closedByPeer, textOf } from './peer-info.ts'
import type { Pulse, PulseSession } from './pulse.ts'
import { keyOf, Route } from './route.ts'
import type { SessionOwner } from './session-owner.ts'

const CONNECTING = 0
const OPEN = 1
const OVER = 2

const DELIMITER: readonly Buffer[] = [EMPTY]
const NO_ROUTE: readonly Buffer[] = []

export class Session implements Receiver, LaneOwner<SessionLane>, MessageOwner, PulseSession, BacklogOwner {
  readonly connection: Connection
  readonly codec: Codec
  readonly calls: Calls
  readonly id: string
  /** What its connection stands on. Set when it is ready. */
  driver: Driver | undefined = undefined
  /** Who the peer has proved to be. */
  user: string | undefined = undefined
  /** It may be heard: a peer that has to log in first may not. */
  admitted = true
  /** The lane of everything that comes without a foreign route. Set when the connection is ready. */
  lane!: SessionLane
  isPseud = false
  peerMaxMessageSize: number = Number.POSITIVE_INFINITY
  claimedName: string | undefined = undefined
  instance: string | undefined = undefined
  /** The peer's Identity as text; empty when it has none, or none that is text. */
  identity = ''
  /** HELLO (at a server) or WELCOME (at a client) has come. */
  greeted = false
  /** The highest id of the peer's calls on its own lane. Whatever order its ids have: those above it have not come. */
  lastCallId = 0
  /** One side has said that no new call is to be made here. */
  leaving = false
  writing = false
  /** Where more than ZMTP's heartbeat is wanted of it. */
  pulse: Pulse | undefined = undefined
  /** It was told to be ready (around/links.ts). */
  announced = false
  readonly #owner: SessionOwner<Session>
  readonly #since: number
  // How many shapes the peer takes, and how many it was told that it may define; the tables, once there is a message that may use one.
  #shapesTaken = 0
  #shapesGiven = 0
  #sentShapes: SentShapes | undefined
  #receivedShapes: ReceivedShapes | undefined
  #share: Share<Incoming> | undefined
  #state: typeof CONNECTING | typeof OPEN | typeof OVER = CONNECTING
  #queue: WaitingQueue<Call> | undefined
  #lanes: Map<string, SessionLane> | undefined
  #hasDelimiter = false
  // Since the connection was congested for the first time.
  #backlog: Backlog | undefined
  // In front of the message that is coming, if there is any.
  #route: Route | undefined
  #deferred: (() => void)[] | undefined
  #asking = false
  // Streams that wait until the connection takes more.
  #parked: Set<Outflow> | undefined

  constructor(owner: SessionOwner<Session>, connection: Connection) {
    this.#owner = owner
    this.connection = connection
    this.codec = owner.codec
    this.calls = owner.calls
    this.id = owner.newSessionId()
    this.#since = owner.now()
  }

  get open(): boolean {
    return this.#state === OPEN
  }

  get since(): Date {
    return dateOf(this.#since)
  }

  get share(): Share<Incoming> {
    this.#share ??= new Share()
    return this.#share
  }

  get hidesErrors(): boolean {
    return this.#owner.options.exposeErrors === 'none'
  }

  /** Shapes that the peer takes: once it has said in HELLO or WELCOME that it takes any. */
  get sentShapes(): SentShapes | undefined {
    if (this.#sentShapes === undefined && this.#shapesTaken > 0)
      this.#sentShapes = new SentShapes(this.#shapesTaken)
    return this.#sentShapes
  }

  /** Those that the peer has defined here: once we have said that we take any. */
  get receivedShapes(): ReceivedShapes | undefined {
    if (this.#receivedShapes === undefined && this.#shapesGiven > 0)
      this.#receivedShapes = new ReceivedShapes(this.#shapesGiven)
    return this.#receivedShapes
  }

  /** Nothing is read from it, because it does not read what waits for it. */
  get paused(): boolean {
    return this.#backlog?.paused === true
  }

  get counters(): Counters {
    return this.#owner.counters
  }

  /**
   * It speaks ZMTP 3.0, which has no PING, but has shown that it knows more kinds of messages than a call and its answer, so ours. Others of
   * that version are asked for nothing: what blocks in a read for its RESULT would take a PING for it.
   */
  get wantsPing(): boolean {
    return this.#hasNoPing && (this.isPseud || this.greeted)
  }

  get isAsked(): boolean {
    return !this.#hasNoPing || this.wantsPing
  }

  get rttMs(): number | undefined {
    return this.pulse?.rttMs ?? this.connection.rttMs
  }

  /** What was sent and may not have arrived, where the peer or the link has ended it. */
  get unconfirmed(): Driver['unconfirmed'] {
    return this.driver?.endedHere === false ? this.driver.unconfirmed : undefined
  }

  get shown(): string {
    const name = this.claimedName ?? this.identity
    const { remoteAddress } = this.connection
    return name === '' ? remoteAddress : `${quote(name)} (${remoteAddress})`
  }

  /** Calls sent there that wait for an answer. */
  get inFlight(): number {
    let count = this.lane.pending.size
    if (this.#lanes !== undefined) for (const lane of this.#lanes.values()) count += lane.pending.size
    return count
  }

  get queuedCalls(): number {
    return this.#queue?.size ?? 0
  }

  /** What the peer's calls take of the slots; `undefined`: it has called nothing yet. */
  get taken(): Share<Incoming> | undefined {
    return this.#share
  }

  /** All that anything is open on, and its own. */
  get lanes(): SessionLane[] {
    return this.wasReady ? [this.lane, ...(this.#lanes?.values() ?? [])] : []
  }

  /** The handshake was finished once. */
  get wasReady(): boolean {
    return this.lane !== undefined
  }

  /** Calls for this peer that wait until it takes them. */
  get queue(): WaitingQueue<Call> {
    this.#queue ??= new WaitingQueue(this.#owner.maxQueuedCalls, this.#owner.maxQueuedBytes)
    return this.#queue
  }

  refusal(settings?: CallSettings): RpcError | undefined {
    if (this.#state === OVER) return new RpcError('UNAVAILABLE', `${this.shown} is gone`, { executed: 'no' })
    // Those made for a call that is open there are part of it.
    if (this.leaving && settings?.depth === 0)
      return new RpcError('UNAVAILABLE', `${this.shown} is about to go`, { executed: 'no' })
    if (this.connection.peer?.socketType === 'REQ') {
      return new RpcError('UNAVAILABLE', `${this.shown} is a REQ: it calls, and cannot be called`, {
        executed: 'no',
      })
    }
    return undefined
  }

  // -- the connection's side (Receiver) ----------------------------------------------------------------------------------

  onReady(driver?: Driver): void {
    this.driver = driver
    const peer = this.connection.peer!
    // Both put an empty frame in front of what they send, and want one in front of what they get.
    this.#hasDelimiter = peer.socketType === 'REQ' || peer.socketType === 'REP'
    this.lane = new SessionLane(this, this.#hasDelimiter ? DELIMITER : NO_ROUTE, '')
    this.isPseud = announcesPseud(peer.properties)
    this.identity = textOf(peer.identity)
    this.user = peer.userId
    if (this.identity !== '') this.claimedName = this.identity
    this.#state = OPEN
    this.#owner.onReady(this)
  }

  onPart(_driver: Driver | undefined, chunk: Buffer, start: number, end: number, more: boolean): void {
    if (this.#state !== OPEN) return
    let lane: SessionLane | undefined
    try {
      if (more) {
        this.#route ??= new Route()
        this.#route.add(chunk, start, end)
      } else {
        lane = this.#takeLane()
        this.#owner.inbound.handle(this, lane, chunk, start, end)
      }
    } catch (error) {
      if (!(error instanceof CodecError || error instanceof ProtocolError)) throw error
      this.#owner.counters.protocolErrors++
      // Behind a proxy the connection is everybody's: what one of them sends wrong is dropped, and the others' calls go on.
      if (lane !== undefined && lane !== this.lane) return
      this.connection.destroy(
        error instanceof ProtocolError
          ? error
          : new ProtocolError('PROTOCOL', `a message cannot be read: ${error.message}`, { cause: error }),
      )
    }
  }

  onCommand(): void {}

  onDrain(): void {
    this.#backlog?.onDrain()
    this.#drainQueue()
    if (this.#parked !== undefined) this.#wakeParked()
    this.#owner.onDrain(this)
  }

  onEnd(_driver: Driver | undefined, error: PseudError | undefined): void {
    const cause = error ?? closedByPeer(this.connection.endpoint)
    this.#finish((call) => lostError(call, cause), true)
    this.#owner.counters.unconfirmed += this.unconfirmed?.messages ?? 0
    this.#owner.onEnd(this, error)
  }

  // -- its backlog (BacklogOwner) ------------------------------------------------------------------------------------------

  now(): number {
    return this.#owner.now()
  }

  onSlow(): void {
    this.#owner.counters.slowPeers++
    this.#owner.links.slowPeer(this)
  }

  // -- what messages say of the session itself (MessageOwner) ------------------------------------------------------------

  handleHello(info: HelloInfo): void {
    this.#learn(info)
    if (info.name !== undefined) this.claimedName = info.name
    this.instance = info.id
    this.#owner.onHello(this, info)
  }

  handleWelcome(info: HelloInfo): void {
    this.#learn(info)
    this.#owner.onWelcome(this)
  }

  handleGoaway(lastId: number, reason: unknown): void {
    this.#owner.links.goaway(this, false, reason)
    this.#owner.onGoaway(this, lastId, reason)
  }

  handlePong(token: unknown): void {
    this.pulse?.handlePong(token)
  }

  // -- the participant's side ----------------------------------------------------------------------------------------------

  /** [8, info]: who calls us, sent first. */
  sendHello(info: HelloInfo): void {
    this.#sendInfo(HELLO, info)
  }

  /** [9, info]: the answer to HELLO. */
  sendWelcome(info: HelloInfo): void {
    this.#sendInfo(WELCOME, info)
  }

  /** [10, lastId, reason]: no call with an id above `lastId` is begun. */
  sendGoaway(reason: string, lastId: number = this.lastCallId): void {
    this.#owner.links.goaway(this, true, reason)
    this.lane.send((slab) => {
      writeHead(slab, 3, GOAWAY, lastId)
      this.codec.writeValue(slab, reason, 'reason')
    })
  }

  sendPing(token: number): void {
    this.lane.send((slab) => writeHead(slab, 2, PING, token))
  }

  /** From now on no call is made here but for those that are open; `onIdle` of the owner follows when none is. */
  leave(): void {
    if (this.#state !== OPEN) return
    this.leaving = true
    for (const lane of this.lanes) lane.watched = true
    this.#askIdle()
  }

  /** Settles all its calls with what `errorOf` says, sends what was written, and ends. `onEnd` follows. */
  close(lingerMs: number, errorOf: (call: Call) => unknown): void {
    if (this.#state === OVER) return
    this.#finish(errorOf, false)
    // Before the handshake is over nothing was written that anybody waits for.
    if (this.writing || !this.wasReady) this.connection.destroy()
    else this.connection.end(lingerMs)
  }

  /** Calls that waited for this peer elsewhere, in order: they are its own now. */
  takeOver(calls: readonly Call[]): void {
    for (const call of calls) {
      const refusal = this.refusal()
      if (refusal !== undefined) this.calls.reject(call, refusal)
      else {
        call.target = this.lane
        this.queue.add(call)
      }
    }
    this.#drainQueue()
  }

  // -- what lanes ask for (LaneOwner) --------------------------------------------------------------------------------------

  report(error: unknown): void {
    this.#owner.report(error, { peer: this.shown })
  }

  defer(action: () => void): void {
    this.#deferred ??= []
    this.#deferred.push(action)
  }

  park(outflow: Outflow): void {
    this.#parked ??= new Set()
    this.#parked.add(outflow)
  }

  onWritten(): void {
    if (this.#deferred !== undefined) this.#runDeferred()
    if (this.connection.congested) this.#watchBacklog()
  }

  keep(lane: SessionLane): SessionLane {
    this.#lanes ??= new Map()
    const known = this.#lanes.get(lane.key)
    if (known !== undefined) return known
    this.#lanes.set(lane.key, lane)
    return lane
  }

  release(lane: SessionLane): void {
    const known = this.#lanes?.get(lane.key)
    if (known?.isIdle === true) this.#lanes!.delete(lane.key)
    if (this.leaving) this.#askIdle()
  }

  reauthenticate(): boolean {
    return this.#state === OPEN && this.#owner.reauthenticate(this)
  }

  get #hasNoPing(): boolean {
    const { peer } = this.connection
    return peer?.major === 3 && peer.minor === 0
  }

  // -- inside --------------------------------------------------------------------------------------------------------------

  /** The lane of the message whose last frame has come. */
  #takeLane(): SessionLane {
    if (this.#route === undefined && !this.#hasDelimiter) return this.lane
    const route = this.#route?.frames ?? []
    this.#route = undefined
    if (this.#hasDelimiter && route.length === 1 && route[0]!.length === 0) return this.lane
    const key = keyOf(route)
    return this.#lanes?.get(key) ?? new SessionLane(this, route, key)
  }

  #learn(info: HelloInfo): void {
    this.greeted = true
    if (info.maxMessageSize !== undefined) this.peerMaxMessageSize = info.maxMessageSize
    if (info.shapes !== undefined && this.#owner.options.maxShapes > 0) this.#shapesTaken = info.shapes
  }

  #sendInfo(kind: typeof HELLO | typeof WELCOME, info: HelloInfo): void {
    const { maxShapes } = this.#owner.options
    this.#shapesGiven = maxShapes
    const shapes = maxShapes > 0 ? { shapes: maxShapes } : {}
    this.lane.send((slab) => {
      writeKind(slab, 2, kind)
      this.codec.writeValue(slab, { v: PROTOCOL_VERSION, ...info, ...shapes }, 'info')
    })
  }

  #drainQueue(): void {
    if (this.#queue !== undefined) this.calls.drain(this.#queue, () => this.lane.lane())
  }

  #wakeParked(): void {
    const parked = this.#parked ?? []
    this.#parked = undefined
    for (const outflow of parked) outflow.wake()
  }

  #runDeferred(): void {
    const actions = this.#deferred ?? []
    this.#deferred = undefined
    for (const action of actions) action()
  }

  #watchBacklog(): void {
    if (this.#state === OVER) return
    const { backlogLimits, deadlines } = this.#owner
    this.#backlog ??= new Backlog(this, backlogLimits, deadlines)
    this.#backlog.onWritten()
  }

  get #isIdle(): boolean {
    return this.queuedCalls === 0 && this.lanes.every(({ isIdle }) => isIdle)
  }

  /** Not in the middle of the turn: a call that is over may have its answer yet to write, or another may follow it. */
  #askIdle(): void {
    if (this.#asking || !this.#isIdle) return
    this.#asking = true
    void Promise.resolve().then(() => {
      this.#asking = false
      if (this.#state === OPEN && this.#isIdle) this.#owner.onIdle(this)
    })
  }

  /** Nothing is expected from here any more: settles the calls in this very turn, and frees what is kept. `lost`: others may take some. */
  #finish(errorOf: (call: Call) => unknown, lost: boolean): void {
    if (this.#state === OVER) return
    this.#state = OVER
    this.#route = undefined
    this.#deferred = undefined
    this.#parked = undefined
    this.#backlog?.close()
    for (const lane of this.lanes) {
      if (lost) this.calls.lose(lane.pending.values(), errorOf)
      else this.calls.rejectAll(lane.pending.values(), errorOf)
      this.#owner.dispatcher.handleGone(lane)
    }
    if (this.#queue !== undefined) this.calls.rejectAll(this.#queue, errorOf)
  }
}
