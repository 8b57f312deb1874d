/**
 * What Server and Client have in common, behind their faces: puts together what either is made of, knows all sessions, and ends. Each of the
 * two decides what a new session means to it. Where it listens and dials stands in endpoints.ts, the steps of its end in drain.ts.
 */
import { dateOf } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import { type PseudError, UsageError } from '../../base/errors.ts'
import { Codec } from '../../codec/messages.ts'
import {
  type ConnectionOwner,
  type Dialer,
  type Driver,
  defaultTransport,
  type MessagePortLike,
  type Receiver,
  type TransportContext,
  type TransportEvent,
} from '../../zmtp/connections.ts'
import { Emitter } from '../api/emitter.ts'
import { type CoreOptions, type ResolvedOptions, resolveOptions } from '../api/options.ts'
import type { Peer } from '../api/peer.ts'
import { CallSettings } from '../api/settings.ts'
import { Around } from '../around/around.ts'
import { BlockedWatch } from '../around/blocked.ts'
import { Links } from '../around/links.ts'
import { AbortWatches } from '../calls/abort.ts'
import { encodeCall } from '../calls/arguments.ts'
import type { Call } from '../calls/call.ts'
import { Calls } from '../calls/calls.ts'
import { closedError } from '../calls/endings.ts'
import { NO_RETRIES, type RetryRules } from '../calls/retry-policy.ts'
import type { Handler } from '../registry/handler.ts'
import { Introspection } from '../registry/introspection.ts'
import { type Asking, findHandler, namesFrom, type Registry } from '../registry/registry.ts'
import { type ErrorReport, goingAway } from '../serving/answers.ts'
import { Dispatcher } from '../serving/dispatcher.ts'
import type { Incoming } from '../serving/incoming.ts'
import { Slots } from '../serving/slots.ts'
import type { BacklogLimits } from '../session/backlog.ts'
import { DRAINING } from '../session/envelope.ts'
import { type HelloInfo, Inbound } from '../session/inbound.ts'
import { Session } from '../session/session.ts'
import type { SessionOwner } from '../session/session-owner.ts'
import { pickles } from '../v1/pickles.ts'
import { Protocols } from '../v1/protocols.ts'
import { connectionOptions } from './connection-options.ts'
import { Counters, type Stats, statsOf } from './counters.ts'
import { checkDrainTimeout, Drain, type Drainable, type DrainOptions } from './drain.ts'
import { Endpoints, type EndpointsOwner } from './endpoints.ts'
import { Lifeline } from './lifeline.ts'
import { OwnRegistry } from './own-registry.ts'
import { pulseOf } from './pulse-of.ts'

/** The events that servers and clients share. */
export interface ParticipantEvents {
  /** Something went wrong that no caller can be told: a function threw, a listener failed, a connection was refused. */
  error: [error: unknown, about: ErrorReport]
}

export abstract class Participant<Events extends ParticipantEvents & { [Name in keyof Events]: unknown[] }>
  implements ConnectionOwner, SessionOwner<Session>, EndpointsOwner, Drainable
{
  readonly name: string
  readonly options: ResolvedOptions
  readonly registry: Registry
  readonly codec: Codec
  readonly inbound: Inbound
  readonly counters: Counters = new Counters()
  readonly deadlines: Deadlines
  readonly backlogLimits: BacklogLimits
  readonly calls: Calls
  readonly dispatcher: Dispatcher
  /** Middleware and traces. */
  readonly around: Around
  readonly links: Links
  readonly settings: CallSettings
  readonly emitter: Emitter<Events>
  readonly sessions: Set<Session> = new Set()
  readonly endpoints: Endpoints
  readonly instanceId: string
  readonly context: TransportContext
  readonly slots: Slots<Incoming>
  closed = false
  /** `drain` was called: nothing new is taken. */
  draining = false
  readonly #lifeline: Lifeline
  readonly #introspection: Introspection | undefined
  #closing: Promise<void> | undefined
  #drain: Drain | undefined
  #onEmpty: (() => void) | undefined
  readonly #protocols: Protocols | undefined

  constructor(
    name: string,
    socketType: string,
    identity: string,
    options: CoreOptions,
    rules: RetryRules = NO_RETRIES,
  ) {
    this.name = name
    this.options = resolveOptions(options)
    const { limits, protocols, maxBufferedBytes } = this.options
    if (Buffer.byteLength(name) > IDENTITY_MAX || Buffer.byteLength(identity) > IDENTITY_MAX) {
      throw new UsageError('BAD_OPTION', `names have at most ${IDENTITY_MAX} octets`)
    }
    this.context = options.context ?? defaultTransport()
    if (maxBufferedBytes !== undefined) this.context.buffered.max = maxBufferedBytes
    const { clock, random } = this.context
    const now = (): number => this.context.now()
    this.#lifeline = new Lifeline(this.context, () => {
      return this.isNeeded || this.calls.open > 0 || this.endpoints.isBinding || this.draining
    })
    this.instanceId = this.newSessionId()
    this.codec = new Codec({
      extensions: [...(options.extensions ?? []), ...(protocols.has(1) ? pickles(options.extensions) : [])],
      ...(options.codecLimits && { limits: options.codecLimits }),
    })
    const reader = this.codec.reader()
    this.registry = new OwnRegistry(name, options.registry, () => this.updateHold())
    this.settings = new CallSettings(this.options.timeoutMs, {}, 0, Number.POSITIVE_INFINITY, rules.policy)
    this.deadlines = new Deadlines(clock)
    const patienceMs = this.options.heartbeatTimeoutMs || Number.POSITIVE_INFINITY
    this.backlogLimits = { ...limits, patienceMs, lid: this.context.buffered }
    this.emitter = new Emitter<Events>((error) => this.#onListenerFailure(error))
    this.slots = new Slots({
      maxRunning: limits.maxRunningCalls,
      maxRunningPerPeer: limits.maxRunningCallsPerPeer,
      maxWaiting: limits.maxWaitingCalls,
    })
    this.links = new Links(this.options.isClient ? 'client' : 'server', name)
    const watches = new AbortWatches()
    const realNow = (): number => clock.now()
    this.around = new Around({
      name,
      counters: this.counters,
      deadlines: this.deadlines,
      watches,
      maxPending: limits.maxPendingCalls,
      now,
      clock: realNow,
      report: (error, about) => this.report(error, about),
    })
    this.calls = new Calls({
      around: this.around,
      deadlines: this.deadlines,
      watches,
      counters: this.counters,
      random,
      now,
      maxPending: limits.maxPendingCalls,
      maxDepth: limits.maxDepth,
      maxKeptBytes: limits.maxKeptBytes,
      rules,
      encode: (call, args) => encodeCall(this.codec, call, args),
      onOpen: () => this.#lifeline.need(),
      onIdle: () => this.#idle(),
    })
    const { introspection } = this.options
    this.#introspection = introspection && new Introspection(this, introspection)
    this.dispatcher = new Dispatcher({
      codec: this.codec,
      reader,
      find: (method, asking) => this.find(method, asking) ?? this.#introspection?.find(method, asking),
      slots: this.slots,
      around: this.around,
      blocked: new BlockedWatch(name, this.options.blockedMs, realNow),
      counters: this.counters,
      deadlines: this.deadlines,
      settings: this.settings,
      exposeErrors: this.options.exposeErrors,
      maxDepth: limits.maxDepth,
      maxTimeoutMs: limits.maxTimeoutMs,
      stallMs: limits.stallMs,
      disconnectGraceMs: this.options.disconnectGraceMs,
      maxRememberedCalls: limits.maxRememberedCalls,
      maxRememberedBytes: limits.maxRememberedBytes,
      rememberMs: limits.rememberMs,
      retryGraceMs: Math.max(limits.retryGraceMs, this.options.disconnectGraceMs),
      now,
      name,
      reference: () => this.newSessionId(),
      report: (error, about) => this.report(error, about),
      onIdle: () => this.#idle(),
    })
    const { codec, calls, dispatcher, counters } = this
    this.inbound = new Inbound({ codec, reader, calls, dispatcher, counters })
    this.endpoints = new Endpoints(this, connectionOptions(socketType, identity, this.options))
    if (protocols.has(1)) this.#protocols = new Protocols(this)
  }

  get maxQueuedCalls(): number {
    return this.options.limits.maxQueuedCalls
  }

  get maxQueuedBytes(): number {
    return this.options.limits.maxQueuedBytes
  }

  now(): number {
    return this.context.now()
  }

  // -- what Server and Client decide -------------------------------------------------------------------------------------

  abstract onReady(session: Session): void
  abstract onHello(session: Session, info: HelloInfo): void
  abstract onWelcome(session: Session): void
  abstract onGoaway(session: Session, lastId: number, reason: unknown): void
  abstract onIdle(session: Session): void
  abstract reauthenticate(session: Session): boolean
  abstract onDrain(session: Session): void
  /** The session is out of `sessions`. `wasReady`: it had been announced. */
  abstract onGone(session: Session, error: PseudError | undefined): void
  abstract onEvent(event: TransportEvent): void
  abstract onDialerGivenUp(endpoint: string, error: PseudError): void
  /** Calls that wait for no session in particular. */
  abstract get queuedCalls(): number
  /** `drain` begins: stop what brings new sessions. */
  abstract onDrainBegin(): void
  /** Nobody is here any more who was told to leave, and is going to. */
  abstract get isLeft(): boolean
  /** `close` begins: settle what waits. */
  abstract onClose(): void
  /** Whether the process must live on for this. */
  abstract get isNeeded(): boolean

  /** The function for a name, as this participant's callers see it. */
  find(method: string, asking: Asking): Handler | undefined {
    return findHandler(this.registry, method, asking)
  }

  /** The names for which `find` may find something. */
  names(): Iterable<string> {
    return namesFrom(this.registry)
  }

  // -- endpoints ---------------------------------------------------------------------------------------------------------

  async bind(at: string | MessagePortLike): Promise<string> {
    this.#checkOpen()
    return this.endpoints.bind(at)
  }

  connect(to: string | MessagePortLike): void {
    this.#checkOpen()
    this.dial(to)
  }

  /** Throws as `connect`, but for CLOSED. */
  dial(to: string | MessagePortLike): Dialer {
    return this.endpoints.dial(to)
  }

  /** It is closed, or drains. */
  get ending(): boolean {
    return this.closed || this.draining
  }

  // -- connections (ConnectionOwner, SessionOwner) -----------------------------------------------------------------------

  receiver(driver: Driver): Receiver {
    if (this.#protocols !== undefined) return this.#protocols.receiver(driver)
    const session = new Session(this, driver)
    this.sessions.add(session)
    return session
  }

  onGivenUp(endpoint: string, error: PseudError): void {
    this.endpoints.forgetDialers(endpoint)
    this.links.refused(endpoint, error)
    this.onDialerGivenUp(endpoint, error)
    this.updateHold()
  }

  /** The peer is known: whoever wants to hear of its life does from here on. May be called again when more is known. */
  attend(session: Session, peer: () => Peer<never>): void {
    session.pulse ??= pulseOf(this, session, peer)
  }

  onEnd(session: Session, error: PseudError | undefined): void {
    this.sessions.delete(session)
    if (session.pulse !== undefined) this.deadlines.remove(session.pulse)
    this.links.lost(session, error)
    this.onGone(session, error)
    if (this.sessions.size === 0) this.#onEmpty?.()
    this.#drain?.check()
  }

  newSessionId(): string {
    const { random } = this.context
    for (let i = 0; i < ID_OCTETS.length; i += 4)
      ID_OCTETS.writeUInt32BE(Math.floor(random() * 0x1_0000_0000), i)
    return ID_OCTETS.toString('hex')
  }

  date(): Date {
    return dateOf(this.context.now())
  }

  /** Tells the `error` listeners; without one, only the counters know. */
  report(error: unknown, about: ErrorReport): void {
    ;(this.emitter as unknown as Emitter<ParticipantEvents>).emit('error', error, about)
  }

  // -- what is going on --------------------------------------------------------------------------------------------------

  stats(): Stats {
    return statsOf(this.counters, this.sessions, this.queuedCalls, this.slots)
  }

  updateHold(): void {
    this.#lifeline.update()
  }

  // -- the end -----------------------------------------------------------------------------------------------------------

  /** The gentle end; a second call joins the first. */
  async drain(options: DrainOptions = {}): Promise<void> {
    const timeoutMs = checkDrainTimeout(options.timeoutMs)
    if (this.closed) return this.close()
    this.#drain ??= new Drain(this, this.context.clock, timeoutMs)
    if (options.signal !== undefined) this.#drain.skipOn(options.signal)
    return this.#drain.run()
  }

  /** Settles every open call in this turn, ends all connections. */
  close(lingerMs: number = this.options.lingerMs): Promise<void> {
    this.#closing ??= this.#close(lingerMs)
    return this.#closing
  }

  // -- what the steps of a drain do (Drainable) --------------------------------------------------------------------------

  beginDrain(): void {
    this.draining = true
    this.updateHold()
    this.endpoints.stopListening()
    this.dispatcher.refuse(goingAway(this.name))
    this.onDrainBegin()
    for (const session of this.sessions) if (session.open) session.sendGoaway(DRAINING)
  }

  get isIdle(): boolean {
    return this.calls.open === 0 && this.slots.running === 0 && this.slots.waiting === 0
  }

  abortRunning(): void {
    const refusal = goingAway(this.name)
    for (const { lanes } of this.sessions) {
      for (const lane of lanes) this.dispatcher.abortRunning(lane, refusal)
    }
  }

  async #close(lingerMs: number): Promise<void> {
    this.#lifeline.beginEnd()
    this.closed = true
    this.#drain?.skip()
    this.calls.close()
    this.dispatcher.close()
    this.around.close()
    this.endpoints.close()
    const errorOf = (call: Call): Error => closedError(call.executed)
    for (const session of [...this.sessions]) session.close(lingerMs, errorOf)
    this.onClose()
    this.deadlines.close()
    if (this.sessions.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
    }
    this.#lifeline.release()
  }

  #idle(): void {
    this.#drain?.check()
    this.#lifeline.updateSoon()
  }

  #onListenerFailure(error: unknown): void {
    this.counters.listenerErrors++
    if (this.#reporting) return
    this.#reporting = true
    this.report(error, {})
    this.#reporting = false
  }

  // A listener of `error` that throws is not told of itself.
  #reporting = false

  #checkOpen(): void {
    if (this.ending) throw closedError('no')
  }
}

const IDENTITY_MAX = 255

const ID_OCTETS = Buffer.alloc(8)
