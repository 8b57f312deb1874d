/**
 * What a Client is behind its face: sessions with servers, of which the picker chooses one for each call, and the calls that wait
 * for the first to be ready. Knows no stubs.
 */
import { LinkError, ProtocolError, type PseudError } from '../../base/errors.ts'
import { type MessagePortLike, PeerError, type TransportEvent } from '../../zmtp/connections.ts'
import type { ParticipantOptions, Protocol } from '../api/options.ts'
import { Peer } from '../api/peer.ts'
import { checkTimeout } from '../api/settings.ts'
import type { Call, Target } from '../calls/call.ts'
import { Deadline } from '../calls/deadlines.ts'
import { closedError } from '../calls/endings.ts'
import { WaitingQueue } from '../calls/queue.ts'
import { type ClientRetryOptions, retryRules } from '../calls/retry-policy.ts'
import { DeadlineError, type Executed, RpcError, UnauthorizedError } from '../errors/errors.ts'
import type { Login } from '../security/backend.ts'
import { LOGIN_REFUSED, REPLACED } from '../session/envelope.ts'
import type { SessionLane } from '../session/lane.ts'
import type { Session } from '../session/session.ts'
import { Participant, type ParticipantEvents } from './participant.ts'
import { type Choose, chooserOf, type Picker } from './pickers.ts'
import { SecondChances } from './second-chances.ts'

export interface ClientOptions extends ParticipantOptions {
  /** 1: the servers are those of Python's `pseud`. Streams, headers and deadlines do not travel then. Default 2. */
  readonly protocol?: Protocol
  /** The name under which the server can call this client. A claim, not a proof. Default none. */
  readonly userId?: string
  /** Which of several ready servers takes a call. Default `least-inflight`. */
  readonly picker?: Picker
  /** How calls that may be run twice are sent again when their connection is lost; `false`: they are not. */
  readonly retry?: ClientRetryOptions | false
  /** Methods of the server that may be run twice: their names, or a function that knows. Default none. */
  readonly idempotent?: readonly string[] | ((method: string) => boolean)
}

/** What became of the connection to one endpoint. */
export interface StatusEvent {
  /**
   * `connecting`: an attempt begins. `ready`: calls go out. `retrying`: an attempt failed, the next follows in `retryInMs`.
   * `lost`: a ready connection is gone. `refused`: it will not be tried again. `closed`: the client is.
   */
  readonly status: 'connecting' | 'ready' | 'retrying' | 'lost' | 'refused' | 'closed'
  readonly endpoint?: string
  readonly server?: string
  readonly retryInMs?: number
  readonly error?: Error
}

export interface ClientEvents extends ParticipantEvents {
  status: [event: StatusEvent]
}

export interface ReadyOptions {
  /** Rejects with DEADLINE_EXCEEDED after so long. Default: waits for ever. */
  readonly timeoutMs?: number
  /** Rejects with its reason when it aborts. */
  readonly signal?: AbortSignal
}

export class ClientCore extends Participant<ClientEvents> implements Target {
  readonly keeps = true
  readonly queue: WaitingQueue<Call>
  readonly #userId: string
  readonly #choose: Choose
  // Sessions that take calls.
  readonly #ready: Session[] = []
  readonly #waiters = new Set<ReadyWaiter>()
  readonly #secondChances = new SecondChances()
  // Why an attempt failed, the last time one did.
  #trouble: Error | undefined
  // Why the last endpoint was given up, once none is left.
  #lost: PseudError | undefined

  constructor(name: string, options: ClientOptions) {
    const { protocol = 2, userId = '' } = options
    const rules = retryRules(options.retry, options.idempotent)
    const core = { ...options, protocols: [protocol], isClient: true }
    super(name, protocol === 1 ? 'ROUTER' : 'DEALER', userId, core, rules)
    this.#userId = options.userId ?? ''
    this.#choose = chooserOf(options.picker ?? 'least-inflight')
    this.queue = new WaitingQueue(this.maxQueuedCalls, this.maxQueuedBytes)
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
    return offers && (this.dialers.size > 0 || this.isBound)
  }

  // -- Target ------------------------------------------------------------------------------------------------------------

  get connected(): boolean {
    return this.#ready.length > 0
  }

  /** Of the ready servers that take calls, the one that the picker chooses. */
  lane(call: Pick<Call, 'method' | 'settings'>): SessionLane | undefined {
    return this.#choose(this.#ready, call)?.lane
  }

  get trouble(): Error | undefined {
    return this.connected ? undefined : this.#trouble
  }

  refusal(): RpcError | undefined {
    return this.#lost === undefined ? undefined : this.#nobody('no call can reach', this.#lost)
  }

  /** The ready session with the server of that name. */
  sessionWith(serverName: string): Session | undefined {
    return this.#ready.find((session) => session.identity === serverName)
  }

  override connect(endpoint: string | MessagePortLike): void {
    this.#lost = undefined
    super.connect(endpoint)
  }

  override bind(endpoint: string | MessagePortLike): Promise<string> {
    this.#lost = undefined
    return super.bind(endpoint)
  }

  /** Resolves when a server is ready. */
  ready(options: ReadyOptions): Promise<void> {
    const { signal } = options
    const timeoutMs =
      options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : checkTimeout(options.timeoutMs)
    if (this.closed) return Promise.reject(closedError('no'))
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    if (this.#ready.some(isWelcomed)) return Promise.resolve()
    if (this.#lost !== undefined) return Promise.reject(this.refusal())
    return new Promise((resolve, reject) => {
      const onAbort = (): void => waiter.settle(signal!.reason)
      const waiter = new ReadyWaiter(this.shown, timeoutMs, (error) => {
        this.#waiters.delete(waiter)
        this.deadlines.remove(waiter)
        signal?.removeEventListener('abort', onAbort)
        this.updateHold()
        if (error === undefined) resolve()
        else reject(error)
      })
      this.#waiters.add(waiter)
      if (timeoutMs !== Number.POSITIVE_INFINITY) this.deadlines.add(waiter, this.context.now(), timeoutMs)
      signal?.addEventListener('abort', onAbort)
      this.updateHold()
    })
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
    if (this.name !== '' && session.identity !== '' && session.identity !== this.name) {
      this.#refuseServer(session)
      return
    }
    const { security } = this.options
    if (!session.isPseud || security.login === undefined) {
      this.#greet(session)
      return
    }
    Promise.resolve()
      .then(() => security.login!())
      .then(
        (login) => {
          if (session.open) this.#greet(session, login)
        },
        (cause) => {
          const why = `there are no credentials for ${session.connection.endpoint}`
          session.connection.destroy(new LinkError('NO_CREDENTIALS', why, { cause }))
        },
      )
  }

  /** Introduces us, and sends what waits: nothing that a server would not take before. */
  #greet(session: Session, login?: Login): void {
    if (session.isPseud) {
      session.sendHello({
        id: this.instanceId,
        ...(this.#userId !== '' && { name: this.#userId }),
        maxMessageSize: this.options.maxMessageSize,
        ...(login && { user: login.user, password: login.password }),
      })
    }
    // Refused, the calls of this session would be lost to the second chance: they wait for the verdict.
    if (login === undefined || this.options.security.renews !== true) this.#ready.push(session)
    this.#attend(session)
    if (isWelcomed(session)) this.#welcomed(session)
    this.#drainQueue()
  }

  onHello(): void {
    this.counters.ignored++
  }

  onWelcome(session: Session): void {
    if (!this.#ready.includes(session)) this.#ready.push(session)
    this.#attend(session)
    this.#welcomed(session)
    this.#drainQueue()
  }

  onGoaway(session: Session, reason: unknown): void {
    this.#forget(session)
    if (reason === REPLACED) this.#leaveForGood(session, replaced(session))
    if (reason === LOGIN_REFUSED && !session.greeted) this.#leaveForGood(session, loginRefused(session))
  }

  onDrain(): void {
    this.#drainQueue()
  }

  onGone(session: Session, error: PseudError | undefined): void {
    this.#forget(session)
    if (!session.wasReady || this.closed) return
    this.emitter.emit('status', {
      status: 'lost',
      endpoint: session.connection.endpoint,
      server: session.identity,
      ...(error && { error }),
    })
  }

  onEvent(event: TransportEvent): void {
    if (event.type === 'dial') {
      this.emitter.emit('status', { status: 'connecting', endpoint: event.address })
    } else if (event.type === 'connect:retry') {
      this.#trouble = event.error
      this.links.retry(event.address, event.error, event.interval ?? 0)
      this.emitter.emit('status', {
        status: 'retrying',
        endpoint: event.address,
        retryInMs: event.interval ?? 0,
        ...(event.error && { error: event.error }),
      })
    } else if (event.type === 'accept:error') {
      this.report(event.error, {})
    } else if (event.type === 'close') {
      this.forgetListener(event.address)
      if (event.error instanceof LinkError) this.#endpointGone(event.error)
    }
  }

  override onGivenUp(endpoint: string, error: PseudError): void {
    const renews = this.options.security.renews === true && isRefusal(error) && !this.closed
    // A port is over with its connection: there is nothing to dial again.
    const mayDial = [...this.dialers].some((dialer) => dialer.endpoint === endpoint && !dialer.isPort)
    if (!renews || !mayDial || !this.#secondChances.take(endpoint)) {
      super.onGivenUp(endpoint, error)
      return
    }
    this.forgetDialers(endpoint)
    this.#trouble = error
    this.emitter.emit('status', { status: 'retrying', endpoint, retryInMs: 0, error })
    if (!this.closed) this.connect(endpoint)
  }

  onDialerGivenUp(endpoint: string, error: PseudError): void {
    this.emitter.emit('status', { status: 'refused', endpoint, error })
    this.#endpointGone(error)
  }

  /** One endpoint less: when it was the last, nothing can be reached any more. */
  #endpointGone(error: PseudError): void {
    if (this.dialers.size > 0 || this.isBound || this.sessions.size > 0) return
    this.#lost = error
    this.#failWaiting((executed) => this.#nobody('no call can reach', error, executed))
  }

  onClose(): void {
    this.#failWaiting(closedError)
    this.emitter.emit('status', { status: 'closed' })
  }

  // -- inside ------------------------------------------------------------------------------------------------------------

  #welcomed(session: Session): void {
    this.#secondChances.restore(session.connection.endpoint)
    this.links.ready(session)
    this.emitter.emit('status', {
      status: 'ready',
      endpoint: session.connection.endpoint,
      server: session.identity,
    })
    for (const waiter of [...this.#waiters]) waiter.settle(undefined)
  }

  /** Another server than ours answers at the endpoint: it is left for good, before anything is said. */
  #refuseServer(session: Session): void {
    const { endpoint } = session.connection
    const found = `at ${endpoint} is ${JSON.stringify(session.identity)}, not ${JSON.stringify(this.name)}`
    this.#leaveForGood(session, new ProtocolError('WRONG_SERVER', found))
  }

  #leaveForGood(session: Session, error: ProtocolError | LinkError): void {
    const { endpoint } = session.connection
    const dialers = [...this.dialers].filter((dialer) => dialer.endpoint === endpoint)
    for (const dialer of dialers) dialer.close()
    session.close(0, () => this.#nobody('no call can reach', error))
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
    for (const waiter of [...this.#waiters]) waiter.settle(errorFor('no'))
  }

  #nobody(what: string, cause: PseudError, executed: Executed = 'no'): RpcError {
    const message = `${what} ${this.shown}: ${cause.message}`
    return isRefusal(cause)
      ? new UnauthorizedError(message, { executed, cause })
      : new RpcError('UNAVAILABLE', message, { executed, cause })
  }
}

function replaced(session: Session): LinkError {
  const message = `${session.connection.endpoint} wants one connection of each user, and has a newer one`
  return new LinkError('REPLACED', message)
}

function loginRefused(session: Session): ProtocolError {
  return new ProtocolError('LOGIN_REFUSED', `${session.connection.endpoint} refused the login`)
}

/** The other side does not accept who we say we are: ZAP's statuses 400 and 500, or a login that was refused. */
function isRefusal(cause: PseudError): boolean {
  return cause.code === 'LOGIN_REFUSED' || (cause instanceof PeerError && /^[45]00$/.test(cause.reason))
}

/** Calls may go out before, but a server of ours has not said yet that it takes us. */
function isWelcomed(session: Session): boolean {
  return session.greeted || !session.isPseud
}

class ReadyWaiter extends Deadline {
  readonly settle: (error: unknown) => void
  readonly #shown: string
  readonly #timeoutMs: number

  constructor(shown: string, timeoutMs: number, settle: (error: unknown) => void) {
    super()
    this.#shown = shown
    this.#timeoutMs = timeoutMs
    this.settle = settle
  }

  onDeadline(): void {
    this.settle(
      new DeadlineError(`${this.#shown} was not ready within ${this.#timeoutMs} ms`, { executed: 'no' }),
    )
  }
}
