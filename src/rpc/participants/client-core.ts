/**
 * What a Client is behind its face: sessions with servers, of which the picker chooses one for each call, and the calls that wait
 * for the first to be ready. Knows no stubs. How a session begins stands in introduction.ts, where servers are in named-endpoints.ts.
 */
import { LinkError, type ProtocolError, type PseudError } from '../../base/errors.ts'
import type { Dialer, MessagePortLike, TransportEvent } from '../../zmtp/connections.ts'
import { Peer } from '../api/peer.ts'
import { type CallSettings, checkTimeout } from '../api/settings.ts'
import type { Call, Target } from '../calls/call.ts'
import { closedError, lostError, type Trouble } from '../calls/endings.ts'
import { WaitingQueue } from '../calls/queue.ts'
import { retryRules } from '../calls/retry-policy.ts'
import type { Executed, RpcError } from '../errors/errors.ts'
import {
  DRAINING,
  LEAVING,
  LOGIN_REFUSED,
  NO_LAST_ID,
  REAUTHENTICATE,
  REPLACED,
} from '../session/envelope.ts'
import type { SessionLane } from '../session/lane.ts'
import type { Session } from '../session/session.ts'
import type { ClientEvents, ClientOptions, ReadyOptions } from './client-options.ts'
import { type Introducing, Introduction } from './introduction.ts'
import { NamedEndpoints } from './named-endpoints.ts'
import { Participant } from './participant.ts'
import { type Choose, chooserOf } from './pickers.ts'
import { ReadyWaiters } from './ready-waiters.ts'
import { isRefusal, isWelcomed, loginRefused, notThere, replaced, unreachable } from './refusals.ts'
import { SecondChances } from './second-chances.ts'
import { Status } from './status.ts'
import { Successions } from './successions.ts'

export class ClientCore extends Participant<ClientEvents> implements Target, Introducing {
  readonly keeps = true
  readonly queue: WaitingQueue<Call>
  readonly #introduction: Introduction
  readonly #status: Status
  readonly #choose: Choose
  // Sessions that take calls.
  readonly #ready: Session[] = []
  readonly #waiters: ReadyWaiters
  readonly #secondChances = new SecondChances()
  // Why an attempt failed, the last time one did.
  #trouble: Trouble | undefined
  // Why an endpoint was given up, and the same once none is left.
  #givenUp: PseudError | undefined
  #lost: PseudError | undefined
  readonly #named: NamedEndpoints
  readonly #successions = new Successions()

  constructor(name: string, options: ClientOptions) {
    const { protocol = 2, userId = '' } = options
    const rules = retryRules(options.retry, options.idempotent)
    const core = { ...options, protocols: [protocol], isClient: true }
    super(name, protocol === 1 ? 'ROUTER' : 'DEALER', userId, core, rules)
    this.#status = new Status(this.emitter)
    this.#introduction = new Introduction(this, userId)
    this.#choose = chooserOf(options.picker ?? 'least-inflight')
    this.queue = new WaitingQueue(this.maxQueuedCalls, this.maxQueuedBytes)
    this.#waiters = new ReadyWaiters(
      this.deadlines,
      () => this.context.now(),
      () => this.updateHold(),
    )
    this.#named = new NamedEndpoints(this, options, (dialer) => this.#hangUp(dialer))
    this.#named.start()
  }

  get shown(): string {
    return this.name === '' ? 'the server' : JSON.stringify(this.name)
  }

  get queuedCalls(): number {
    return this.queue.size + this.calls.retries.waiting.size
  }

  /** A client lives for its calls, for `ready`, and for the functions that it offers. */
  get isNeeded(): boolean {
    if (this.#waiters.size > 0) return true
    const offers = this.registry.size > 0 || (this.registry.parent?.size ?? 0) > 0
    return offers && (this.endpoints.dialers.size > 0 || this.endpoints.isBound || this.#named.mayChange)
  }

  // -- Target ------------------------------------------------------------------------------------------------------------

  get connected(): boolean {
    return this.#ready.length > 0
  }

  /** Of the ready servers that take calls, the one that the picker chooses. */
  lane(call: Pick<Call, 'method' | 'settings'>): SessionLane | undefined {
    return this.#choose(this.#ready, call)?.lane
  }

  get trouble(): Trouble | undefined {
    return this.connected ? undefined : (this.#trouble ?? notThere(this.endpoints, this.#named.mayChange))
  }

  refusal(settings?: CallSettings): RpcError | undefined {
    // What functions call that still run for a server is part of what they do.
    if (this.draining && settings !== undefined && this.slots.running === 0) return closedError('no')
    return this.#lost && unreachable(this.shown, this.#lost)
  }

  /** The ready session with the server of that name. */
  sessionWith(serverName: string): Session | undefined {
    return this.#ready.find((session) => session.identity === serverName)
  }

  override dial(endpoint: string | MessagePortLike): Dialer {
    const dialer = super.dial(endpoint)
    this.#givenUp = undefined
    this.#lost = undefined
    return dialer
  }

  override bind(endpoint: string | MessagePortLike): Promise<string> {
    this.#givenUp = undefined
    this.#lost = undefined
    return super.bind(endpoint)
  }

  /** Resolves when a server is ready. */
  ready(options: ReadyOptions): Promise<void> {
    checkTimeout(options.timeoutMs ?? Number.POSITIVE_INFINITY)
    if (this.closed) return Promise.reject(closedError('no'))
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#ready.some(isWelcomed)) return Promise.resolve()
    if (this.#lost !== undefined) return Promise.reject(this.refusal())
    return this.#waiters.wait(this, options)
  }

  notify(method: string, args: readonly unknown[]): boolean {
    let lane: SessionLane | undefined
    try {
      lane = this.lane({ method, settings: this.settings })
      // None takes a call: one that is full may still take this.
      lane ??= this.#ready.find((session) => session.lane.takesNotify)?.lane
    } catch (error) {
      this.report(error, { method })
    }
    if (lane !== undefined) return lane.notify(method, args, this.settings)
    this.counters.notifiesDropped++
    return false
  }

  // -- what becomes of sessions ------------------------------------------------------------------------------------------

  onReady(session: Session): void {
    // A server that lets us in and throws us out again is dialled ever more slowly.
    if (session.isPseud) session.connection.succeeded = false
    this.#introduction.begin(session)
  }

  /** Sends what waits: nothing that a server would not take before. */
  onIntroduced(session: Session, mayBeRefused: boolean): void {
    if (this.draining) session.sendGoaway(DRAINING)
    const welcomed = isWelcomed(session)
    // Else calls wait for the verdict. After a failure, too: of a thousand that come back at once, some are thrown out before they are in.
    const certain = !mayBeRefused && (this.endpoints.dialerOf(session)?.failures ?? 0) === 0
    if (welcomed || (certain && this.#predecessor(session)?.leaving !== false)) this.#ready.push(session)
    this.#attend(session)
    if (welcomed) this.#welcomed(session)
    this.#drainQueue()
  }

  onHello(): void {
    this.counters.ignored++
  }

  onWelcome(session: Session): void {
    session.connection.succeeded = true
    if (!session.leaving && !this.#ready.includes(session)) this.#ready.push(session)
    this.#attend(session)
    this.#welcomed(session)
    this.#drainQueue()
  }

  onGoaway(session: Session, lastId: number, reason: unknown): void {
    if (reason === LOGIN_REFUSED && !session.greeted) {
      this.#forget(session)
      this.leaveForGood(session, loginRefused(session))
      return
    }
    // By a connection of somebody else: our own successor takes the place of the one that it succeeds.
    if (reason === REPLACED && !this.#isSucceeded(session)) {
      this.#forget(session)
      this.leaveForGood(session, replaced(session))
      return
    }
    if (reason === REAUTHENTICATE) {
      this.#succeed(session)
    } else {
      const dialer = this.endpoints.dialerOf(session)
      this.#leave(session)
      dialer?.renew(new LinkError('PEER_CLOSED', `${session.shown} is about to go`))
    }
    this.#sendElsewhere(session, lastId)
  }

  onIdle(session: Session): void {
    session.close(this.options.lingerMs, (call) => lostError(call, undefined))
  }

  reauthenticate(): boolean {
    return false
  }

  onDrainBegin(): void {}

  // A client does not wait for its servers.
  get isLeft(): boolean {
    return true
  }

  onDrain(): void {
    this.#drainQueue()
  }

  onGone(session: Session, error: PseudError | undefined): void {
    this.#forget(session)
    this.#successions.forget(session)
    this.#giveUp()
    if (!session.wasReady || this.closed) return
    if (!session.leaving || !this.connected) this.#named.hurry()
    this.#status.of(session, session.leaving ? 'left' : 'lost', error)
  }

  onEvent(event: TransportEvent): void {
    if (event.type === 'dial') {
      this.#status.connecting(event.address)
    } else if (event.type === 'connect:retry') {
      this.#trouble = event.error && { error: event.error, at: event.address }
      this.links.retry(event.address, event.error, event.interval ?? 0)
      if (!this.connected) this.#named.hurry()
      this.#status.retrying(event.address, event.interval ?? 0, event.error)
    } else if (event.type === 'accept:error') {
      this.report(event.error, {})
    } else if (event.type === 'close') {
      this.endpoints.forgetListener(event.address)
      if (event.error instanceof LinkError) this.#endpointGone(event.error)
    }
  }

  override onGivenUp(endpoint: string, error: PseudError): void {
    const renews = this.options.security.renews === true && isRefusal(error) && !this.closed
    // A port is over with its connection: there is nothing to dial again.
    const dialers = this.endpoints.dialersOf(endpoint)
    const mayDial = dialers.some((dialer) => !dialer.isPort)
    if (!renews || !mayDial || !this.#secondChances.take(endpoint)) {
      super.onGivenUp(endpoint, error)
      return
    }
    this.endpoints.forgetDialers(endpoint)
    this.#trouble = { error, at: endpoint }
    this.#status.retrying(endpoint, 0, error)
    if (this.closed) return
    const dialer = this.dial(endpoint)
    for (const given of dialers) this.#successions.move(given, dialer)
  }

  onDialerGivenUp(endpoint: string, error: PseudError): void {
    this.#status.refused(endpoint, error)
    this.#endpointGone(error)
  }

  /** One endpoint less: when it was the last, nothing can be reached any more. */
  #endpointGone(error: PseudError): void {
    this.#givenUp = error
    this.#giveUp()
  }

  onClose(): void {
    this.#named.close()
    this.#failWaiting(closedError)
    this.#status.closed()
  }

  // -- sessions that are left ----------------------------------------------------------------------------------------------

  /** No further call goes there; what is open may end. */
  #leave(session: Session): void {
    if (session.leaving) return
    const wasReady = this.#ready.includes(session)
    this.#forget(session)
    session.leave()
    if (wasReady) this.#status.of(session, 'leaving')
  }

  /** Leaves a session of our own accord. */
  #depart(session: Session): void {
    session.sendGoaway(LEAVING, NO_LAST_ID)
    this.#leave(session)
  }

  /** Opens a session beside this one, with new credentials, which is left when that one is ready. */
  #succeed(session: Session): void {
    const dialer = this.endpoints.dialerOf(session)
    if (dialer !== undefined) {
      this.#successions.begin(dialer, session)
      if (dialer.renew()) return
      this.#successions.take(dialer)
    }
    // It was not us who dialled, or that is on its way already, or there is no second way.
    this.counters.ignored++
  }

  #isSucceeded(session: Session): boolean {
    return session.leaving || this.#successions.has(session)
  }

  /** The session whose place this one is to take. */
  #predecessor(session: Session): Session | undefined {
    return this.#successions.of(this.endpoints.dialerOf(session))
  }

  /** An endpoint is no longer to be used. */
  #hangUp(named: Dialer): void {
    // A second chance has taken its place, perhaps.
    const { dialers } = this.endpoints
    const dialer = dialers.has(named) ? named : this.endpoints.dialersOf(named.endpoint)[0]
    if (dialer === undefined) return
    const { driver } = dialer
    this.endpoints.forgetDialer(dialer)
    const old = this.#successions.take(dialer)
    const left = [...this.sessions].filter(
      (session) => session.open && (session === old || session.driver === driver),
    )
    for (const session of left) this.#depart(session)
    if (!left.some((session) => session.driver === driver)) driver?.destroy()
    this.updateHold()
  }

  /** Sends the calls again that the server cannot have begun. What cannot be sent again is answered by the server, or ends with the session. */
  #sendElsewhere(session: Session, lastId: number): void {
    const calls = session.lane.pending.values().filter((call) => call.isBeyond(lastId))
    this.calls.resend(calls, false)
  }

  /** The endpoints are not known, for now. */
  onNoEndpoints(error: LinkError): void {
    this.#trouble = { error }
    this.report(error, {})
  }

  // -- inside ------------------------------------------------------------------------------------------------------------

  #welcomed(session: Session): void {
    this.#trouble = undefined
    this.#secondChances.restore(session.connection.endpoint)
    this.links.ready(session)
    this.#status.of(session, 'ready')
    this.#waiters.settle(() => undefined)
    const old = this.#predecessor(session)
    // Its end takes it out of the successions.
    if (old !== undefined && !old.leaving) this.#depart(old)
  }

  /** When no server is left, and none can come. */
  #giveUp(): void {
    const error = this.#givenUp
    if (error === undefined || this.#lost !== undefined) return
    if (this.endpoints.dialers.size > 0 || this.endpoints.isBound || this.sessions.size > 0) return
    this.#lost = error
    this.#failWaiting((executed) => unreachable(this.shown, error, executed))
  }

  /** Its server is none for us, or we none for it. */
  leaveForGood(session: Session, error: ProtocolError | LinkError): void {
    const { endpoint } = session.connection
    const dialers = this.endpoints.dialersOf(endpoint)
    for (const dialer of dialers) dialer.close()
    session.close(0, () => unreachable(this.shown, error))
    session.connection.destroy(error)
    if (dialers.length > 0) this.onGivenUp(endpoint, error)
    else this.report(error, { peer: session.connection.remoteAddress })
  }

  #attend(session: Session): void {
    this.attend(session, () => new Peer<never>(session.lane, this.settings))
  }

  #forget(session: Session): void {
    const at = this.#ready.indexOf(session)
    if (at >= 0) this.#ready.splice(at, 1)
  }

  #drainQueue(): void {
    this.calls.drain(this.queue, (call) => this.lane(call))
  }

  #failWaiting(errorFor: (executed: Executed) => RpcError): void {
    for (const waiting of [this.queue, this.calls.retries.waiting]) {
      this.calls.rejectAll(waiting, (call) => errorFor(call.executed))
    }
    this.#waiters.settle(() => errorFor('no'))
  }
}
