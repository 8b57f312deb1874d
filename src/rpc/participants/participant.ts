/**
 * What Server and Client have in common, behind their faces: registries, sessions, listeners and dialers, events, the end. Each
 * of the two decides what a new session means to it; either may bind and dial. One piece, because the end has to know all that there is.
 */
import { dateOf } from '../../base/clock.ts'
import { type PseudError, UsageError } from '../../base/errors.ts'
import { Codec } from '../../codec/index.ts'
import {
  type ConnectionOptions,
  type ConnectionOwner,
  Dialer,
  type Driver,
  defaultTransport,
  Hold,
  type Listener,
  listen,
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
import { Deadlines } from '../calls/deadlines.ts'
import { closedError } from '../calls/endings.ts'
import { NO_RETRIES, type RetryRules } from '../calls/retry-policy.ts'
import type { Handler } from '../registry/handler.ts'
import { Introspection } from '../registry/introspection.ts'
import { type Asking, findHandler, namesFrom, type Registry } from '../registry/registry.ts'
import { none } from '../security/backend.ts'
import { warnOfClear } from '../security/clear.ts'
import { mechanismOf } from '../security/wire.ts'
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
import { endpointOf, endpointToBind } from './endpoints.ts'
import { OwnRegistry } from './own-registry.ts'
import { pulseOf } from './pulse-of.ts'

/** The events that servers and clients share. */
export interface ParticipantEvents {
  /** Something went wrong that no caller can be told: a function threw, a listener failed, a connection was refused. */
  error: [error: unknown, about: ErrorReport]
}

export abstract class Participant<Events extends ParticipantEvents & { [Name in keyof Events]: unknown[] }>
  implements ConnectionOwner, SessionOwner<Session>, Drainable
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
  readonly dialers: Set<Dialer> = new Set()
  readonly listeners: Set<Listener> = new Set()
  readonly instanceId: string
  readonly context: TransportContext
  readonly slots: Slots<Incoming>
  closed = false
  /** `drain` was called: nothing new is taken. */
  draining = false
  readonly #hold = new Hold()
  readonly #connections: ConnectionOptions
  readonly #introspection: Introspection | undefined
  #binding = 0
  #closing: Promise<void> | undefined
  #drain: Drain | undefined
  #onEmpty: (() => void) | undefined
  #releasing = false
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
    const { limits, protocols } = this.options
    if (Buffer.byteLength(name) > IDENTITY_MAX || Buffer.byteLength(identity) > IDENTITY_MAX) {
      throw new UsageError('BAD_OPTION', `names have at most ${IDENTITY_MAX} octets`)
    }
    this.context = options.context ?? defaultTransport()
    const { clock, random } = this.context
    const now = (): number => this.context.now()
    this.instanceId = this.newSessionId()
    this.codec = new Codec({
      extensions: [...(options.extensions ?? []), ...(protocols.has(1) ? pickles(options.extensions) : [])],
      ...(options.codecLimits && { limits: options.codecLimits }),
    })
    const reader = this.codec.reader()
    this.registry = new OwnRegistry(name, options.registry, () => this.updateHold())
    this.settings = new CallSettings(this.options.timeoutMs, {}, 0, Number.POSITIVE_INFINITY, rules.policy)
    this.deadlines = new Deadlines(clock)
    this.backlogLimits = {
      ...limits,
      patienceMs: this.options.heartbeatTimeoutMs || Number.POSITIVE_INFINITY,
    }
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
      onOpen: () => this.updateHold(),
      onIdle: () => this.#idle(),
    })
    this.#introspection = this.options.introspection ? new Introspection(this) : undefined
    this.dispatcher = new Dispatcher({
      codec: this.codec,
      reader,
      find: (method, asking) => this.find(method, asking) ?? this.#introspection?.find(method),
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
    this.#connections = connectionOptions(socketType, identity, this.options)
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
    const endpoint = endpointToBind(at, this.options)
    const { security } = this.options
    this.#binding++
    this.updateHold()
    try {
      const mechanism = await mechanismOf(security)
      warnOfClear(security, endpoint)
      const listener = await listen(endpoint, { ...this.#connections, mechanism }, this, this.context)
      if (this.closed || this.draining) {
        listener.close()
        throw closedError('no')
      }
      this.listeners.add(listener)
      return listener.endpoint
    } finally {
      this.#binding--
      this.updateHold()
    }
  }

  connect(to: string | MessagePortLike): void {
    this.#checkOpen()
    this.dial(to)
  }

  /** Throws as `connect`, but for CLOSED. */
  dial(to: string | MessagePortLike): Dialer {
    const endpoint = endpointOf(to, 'connect')
    const { security } = this.options
    warnOfClear(security, endpoint)
    const options = {
      ...this.#connections,
      ...(security !== none && { prepare: () => mechanismOf(security) }),
    }
    const dialer = new Dialer(endpoint, options, this, this.context)
    this.dialers.add(dialer)
    this.updateHold()
    dialer.start()
    return dialer
  }

  /** Which of the dialers keeps this connection. */
  dialerOf(session: Session): Dialer | undefined {
    const { driver } = session
    if (driver === undefined) return undefined
    for (const dialer of this.dialers) if (dialer.driver === driver) return dialer
    return undefined
  }

  /** What is bound at `endpoint` has ended by itself: the port it was bound to is gone. */
  forgetListener(endpoint: string): void {
    for (const listener of this.listeners) if (listener.endpoint === endpoint) this.listeners.delete(listener)
    this.updateHold()
  }

  /** Bound, or about to be. */
  get isBound(): boolean {
    return this.listeners.size > 0 || this.#binding > 0
  }

  // -- connections (ConnectionOwner, SessionOwner) -----------------------------------------------------------------------

  receiver(driver: Driver): Receiver {
    if (this.#protocols !== undefined) return this.#protocols.receiver(driver)
    const session = new Session(this, driver)
    this.sessions.add(session)
    return session
  }

  onGivenUp(endpoint: string, error: PseudError): void {
    this.forgetDialers(endpoint)
    this.links.refused(endpoint, error)
    this.onDialerGivenUp(endpoint, error)
    this.updateHold()
  }

  forgetDialers(endpoint: string): void {
    for (const dialer of this.dialers) {
      if (dialer.endpoint !== endpoint) continue
      dialer.close()
      this.dialers.delete(dialer)
    }
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
    const half = (): string =>
      Math.floor(random() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0')
    return half() + half()
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
    if (this.closed) return
    const needed = this.isNeeded || this.calls.open > 0 || this.#binding > 0 || this.draining
    if (needed) this.#hold.acquire()
    else this.#hold.release()
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
    this.#hold.acquire()
    for (const listener of this.listeners) listener.close()
    this.listeners.clear()
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
    this.#hold.acquire()
    this.closed = true
    this.#drain?.skip()
    this.calls.close()
    this.dispatcher.close()
    this.around.close()
    for (const dialer of this.dialers) dialer.close()
    for (const listener of this.listeners) listener.close()
    const errorOf = (call: Call): Error => closedError(call.executed)
    for (const session of [...this.sessions]) session.close(lingerMs, errorOf)
    this.onClose()
    this.deadlines.close()
    this.dialers.clear()
    this.listeners.clear()
    if (this.sessions.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
    }
    this.#hold.release()
  }

  #idle(): void {
    this.#drain?.check()
    // Not at once: calls made one after the other would arm and drop the hold for each.
    if (this.#releasing || this.closed) return
    this.#releasing = true
    this.context.clock.setTimer(() => {
      this.#releasing = false
      this.updateHold()
    }, HOLD_MS)
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
    if (this.closed || this.draining) throw closedError('no')
  }
}

// A process that has nothing left to wait for ends this much later.
const HOLD_MS = 10
const IDENTITY_MAX = 255
