/**
 * Keeps one outgoing connection alive: dials an endpoint, makes a Driver of each link, waits and dials again when it ends.
 * An attempt counts as a success only when the handshake, where there is one, is done, so a peer that accepts and hangs up is retried
 * ever more slowly. Refused credentials are final: dialling on would only lock the account.
 */
import type { Timer } from '../../base/clock.ts'
import { LinkError, type PseudError } from '../../base/errors.ts'
import { PeerError } from '../engine/peer-error.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { TransportContext } from './context.ts'
import { type ConnectionOwner, Driver, type Origin } from './driver.ts'
import { type Endpoint, formatEndpoint } from './endpoint.ts'
import { awaitInproc, inprocPair } from './inproc.ts'
import { PortDialer, type PortDialerOwner } from './port-dialer.ts'
import { ofPort } from './port-line.ts'
import type { ConnectionOptions, Link, MakeMechanism } from './transport.ts'

export class Dialer implements AttemptOwner, PortDialerOwner, Origin {
  readonly endpoint: string
  readonly #target: Endpoint
  #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #context: TransportContext
  readonly #port: PortDialer | undefined
  #driver: Driver | undefined
  #cancelAttempt: (() => void) | undefined
  #retry: Timer | undefined
  #failures = 0
  #closed = false

  constructor(
    endpoint: Endpoint,
    options: ConnectionOptions,
    owner: ConnectionOwner,
    context: TransportContext,
  ) {
    this.#target = endpoint
    this.endpoint = formatEndpoint(endpoint)
    this.#options = endpoint.transport === 'port' ? ofPort(options) : options
    this.#owner = owner
    this.#context = context
    this.#port = endpoint.transport === 'port' ? new PortDialer(endpoint.line, this) : undefined
  }

  /** The connection of the moment, from the link's making to its end. */
  get driver(): Driver | undefined {
    return this.#driver
  }

  /** Attempts and connections that ended in a row, the one that succeeded last among them; 0 before the first. */
  get failures(): number {
    return this.#failures
  }

  /** What is dialled is a MessagePort, which cannot be named. */
  get isPort(): boolean {
    return this.#port !== undefined
  }

  /** Begins the first attempt, at once. */
  start(): void {
    this.#attempt()
  }

  /**
   * Lets go of the live connection, whose end is its owner's affair from now on, and dials for another: at once, or where `cause` says
   * that the peer is about to go, as after a failure. `false`: there is none, or it is a port, which has no second connection.
   */
  renew(cause?: PseudError): boolean {
    if (this.#closed || this.#driver === undefined || this.#port !== undefined) return false
    const { succeeded } = this.#driver
    this.#driver = undefined
    if (succeeded) this.#failures = 0
    if (cause === undefined) this.#attempt()
    else this.#failed(cause)
    return true
  }

  /** Stops dialling. A live connection is left as it is: its owner ends it. */
  close(): void {
    this.#closed = true
    this.#retry?.cancel()
    this.#retry = undefined
    this.#cancelAttempt?.()
    this.#cancelAttempt = undefined
    this.#port?.close()
  }

  #attempt(): void {
    if (this.#closed) return
    const { prepare } = this.#options
    if (prepare === undefined) this.#dial()
    else this.#cancelAttempt = this.#prepare(prepare)
  }

  /** Has the mechanism made, then dials; returns what breaks it off. */
  #prepare(prepare: () => Promise<MakeMechanism>): () => void {
    let cancelled = false
    prepare().then(
      (mechanism) => {
        if (cancelled) return
        this.#options = { ...this.#options, mechanism }
        this.#dial()
      },
      (cause) => {
        if (cancelled) return
        this.#cancelAttempt = undefined
        this.#failed(
          new LinkError('NO_CREDENTIALS', `there are no credentials for ${this.endpoint}`, { cause }),
        )
      },
    )
    return () => {
      cancelled = true
    }
  }

  #dial(): void {
    if (this.#target.transport === 'inproc') {
      this.#joinInproc(this.#target.name)
      return
    }
    this.#owner.onEvent({ type: 'dial', address: this.endpoint })
    if (this.#target.transport === 'port') {
      this.#cancelAttempt = () => this.#port!.cancel()
      this.#port!.dial()
      return
    }
    const attempt = new Attempt(this.#target, this.#options, this.#context.clock, this)
    this.#cancelAttempt = () => attempt.cancel()
    attempt.start()
  }

  // -- the attempt's side ------------------------------------------------------------------------------------------

  onConnecting(): void {
    this.#owner.onEvent({ type: 'connect:delay', address: this.endpoint })
  }

  onLink(link: Link): void {
    this.#cancelAttempt = undefined
    this.#linked(link)
  }

  onFailure(error: PseudError, opened: boolean): void {
    this.#cancelAttempt = undefined
    if (opened) this.#owner.onEvent({ type: 'close', address: this.endpoint })
    this.#failed(error)
  }

  onOver(error: LinkError): void {
    if (this.#closed) return
    this.close()
    this.#owner.onGivenUp(this.endpoint, error)
  }

  // -- inside ------------------------------------------------------------------------------------------------------

  #joinInproc(name: string): void {
    const join = (listener: { accept(link: Link): void }): void => {
      this.#cancelAttempt = undefined
      const [near, far] = inprocPair(this.endpoint)
      listener.accept(far)
      this.#linked(near)
    }
    const bound = this.#context.inprocBound.get(name)
    if (bound !== undefined) join(bound)
    else this.#cancelAttempt = awaitInproc(this.#context, name, { onBound: join })
  }

  #linked(link: Link): void {
    this.#owner.onEvent({ type: 'connect', address: this.endpoint, remoteAddress: link.remoteAddress })
    const driver = new Driver(link, this.endpoint, true, this.#options, this.#owner, this.#context, this)
    this.#driver = driver
    driver.start()
  }

  onFinished(driver: Driver, error: PseudError | undefined): void {
    if (driver !== this.#driver) return
    this.#driver = undefined
    if (driver.succeeded) this.#failures = 0
    if (error !== undefined && isFinal(error)) {
      this.close()
      this.#owner.onGivenUp(this.endpoint, error)
      return
    }
    this.#failed(error ?? new LinkError('PEER_CLOSED', `${this.endpoint} closed the connection`))
  }

  #failed(error: PseudError): void {
    // A port that is gone says so itself: `onOver` follows.
    if (this.#closed || this.#port?.over === true) return
    this.#failures++
    const delay = this.#options.retryDelayMs(this.#failures, this.#context.random)
    if (delay === undefined) {
      this.close()
      this.#owner.onGivenUp(this.endpoint, error)
      return
    }
    this.#owner.onEvent({ type: 'connect:retry', address: this.endpoint, interval: Math.floor(delay), error })
    this.#retry = this.#context.clock.setTimer(this.#onRetry, delay)
  }

  readonly #onRetry = (): void => {
    this.#retry = undefined
    this.#attempt()
  }
}

/** The peer said ERROR: credentials refused, or the wrong socket type. Only a status of 300 asks to come back later. */
function isFinal(error: PseudError): boolean {
  return error instanceof PeerError && error.reason !== '300'
}
