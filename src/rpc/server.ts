/**
 * `new Server<ClientApi>('remote')`: offers functions to whoever connects, knows who is connected, and calls them. May dial out as
 * well as bind; to the peers it makes no difference.
 */
import type { PseudError } from '../base/errors.ts'
import type { TransportEvent } from '../zmtp/connections.ts'
import type { Stats } from './counters.ts'
import type { ListenerOptions } from './emitter.ts'
import { RpcError } from './errors.ts'
import type { Handler } from './handler.ts'
import { quote } from './names.ts'
import type { ParticipantOptions } from './options.ts'
import { type DrainOptions, Participant, type ParticipantEvents } from './participant.ts'
import { Peer } from './peer.ts'
import type { Registrar } from './registration.ts'
import type { Asking, Predicate } from './registry.ts'
import type { Session } from './session.ts'
import type { CallSettings } from './settings.ts'
import { type Caller, createStub, setInspect } from './stub.ts'
import type { Stub } from './types.ts'

export interface ServerOptions extends ParticipantOptions {
  /** Names that are not found here are looked up at that server. */
  readonly proxyTo?: Server<never>
}

export interface ServerEvents<ClientApi = unknown> extends ParticipantEvents {
  /** Somebody has connected, and has said who it is if it can. */
  peer: [peer: Peer<ClientApi>]
  /** That connection is gone: once for each `peer`. */
  peergone: [peer: Peer<ClientApi>, error: Error | undefined]
}

type AllServerEvents = ServerEvents<never> & { [Name in keyof ServerEvents]: unknown[] }

class ServerCore extends Participant<AllServerEvents> {
  readonly peers: Map<string, Peer<never>> = new Map()
  readonly #sessions = new Map<string, Session>()
  // Who claims a name, in the order of connecting: the first holds it.
  readonly #claimants = new Map<string, Session[]>()
  readonly #proxyTo: ServerCore | undefined

  constructor(name: string, options: ParticipantOptions, proxyTo: ServerCore | undefined) {
    super(name, 'ROUTER', name, options)
    this.#proxyTo = proxyTo
  }

  get queuedCalls(): number {
    return 0
  }

  get isNeeded(): boolean {
    return this.isBound || this.dialers.size > 0
  }

  override find(method: string, asking: Asking): Handler | undefined {
    return super.find(method, asking) ?? this.#proxyTo?.find(method, asking)
  }

  /** Who is called by that name: an authenticated user's newest connection, else the first that claims it. */
  sessionOf(user: string): Session | undefined {
    let newest: Session | undefined
    for (const session of this.#sessions.values()) if (session.user === user) newest = session
    return newest ?? this.#claimants.get(user)?.[0]
  }

  peersOf(user: string): Peer<never>[] {
    return [...this.peers.values()].filter((peer) => peer.user === user || peer.claimedName === user)
  }

  // -- what becomes of sessions ------------------------------------------------------------------------------------------

  onReady(session: Session): void {
    // A Client of ours says HELLO first of all; everybody else is known from here on.
    if (!session.isPseud || session.connection.peer?.socketType !== 'DEALER') this.#announce(session)
  }

  onHello(session: Session): void {
    session.sendWelcome({ id: session.id, name: this.name, maxMessageSize: this.options.maxMessageSize })
    if (this.peers.has(session.id)) this.#claim(session)
    else this.#announce(session)
  }

  onWelcome(): void {
    this.counters.ignored++
  }

  onGoaway(): void {}

  onDrain(): void {}

  onGone(session: Session, error: PseudError | undefined): void {
    this.#unclaim(session)
    this.#sessions.delete(session.id)
    const peer = this.peers.get(session.id)
    if (peer === undefined) return
    this.peers.delete(session.id)
    this.emitter.emit('peergone', peer, error)
  }

  onEvent(event: TransportEvent): void {
    if (event.type === 'accept:error') this.report(event.error, {})
  }

  onDialerGivenUp(endpoint: string, error: PseudError): void {
    this.report(error, { peer: endpoint })
  }

  onClose(): void {}

  #announce(session: Session): void {
    const peer = new Peer<never>(session.lane, this.settings)
    this.#sessions.set(session.id, session)
    this.peers.set(session.id, peer)
    this.#claim(session)
    this.emitter.emit('peer', peer)
  }

  #claim(session: Session): void {
    this.#unclaim(session)
    const name = session.claimedName
    if (name === undefined) return
    const claimants = this.#claimants.get(name)
    if (claimants === undefined) this.#claimants.set(name, [session])
    else claimants.push(session)
  }

  #unclaim(session: Session): void {
    for (const [name, claimants] of this.#claimants) {
      const at = claimants.indexOf(session)
      if (at < 0) continue
      claimants.splice(at, 1)
      if (claimants.length === 0) this.#claimants.delete(name)
      return
    }
  }
}

/** `ClientApi`: the type of what the clients register. */
export class Server<ClientApi = unknown> {
  readonly #core: ServerCore

  static {
    setInspect(Server.prototype, (server) => (#core in server ? server.#shown : 'Server {}'))
  }

  /** A server called `name`: clients that want another one refuse it. Throws `UsageError` BAD_OPTION. */
  constructor(name: string, options: ServerOptions = {}) {
    const proxyTo = options.proxyTo
    this.#core = new ServerCore(name, options, proxyTo === undefined ? undefined : proxyTo.#core)
  }

  get name(): string {
    return this.#core.name
  }

  /**
   * Listens at `endpoint`, and answers from then on. Resolves to the endpoint with its real port. Rejects with `UsageError`
   * (BAD_ENDPOINT, UNSUPPORTED_TRANSPORT, PATH_TOO_LONG; UNAUTHENTICATED_BIND for an address that other machines reach) or
   * `LinkError` BIND_FAILED.
   */
  bind(endpoint: string): Promise<string> {
    return this.#core.bind(endpoint)
  }

  /** Keeps connected to a client that has bound `endpoint`. Throws as `Client.connect`. */
  connect(endpoint: string): this {
    this.#core.connect(endpoint)
    return this
  }

  /** For symmetry with other servers: a bound server already answers. May be called any number of times. */
  start(): Promise<void> {
    return this.#core.closed
      ? Promise.reject(new RpcError('CLOSED', 'this server was closed', { executed: 'no' }))
      : Promise.resolve()
  }

  /** The functions of a connected client, by its name. Its calls fail with UNAVAILABLE while it is not connected. */
  sendTo(user: string): Stub<ClientApi> {
    const core = this.#core
    const settings: CallSettings = core.settings
    const caller: Caller = {
      call: (method, args) => {
        const session = core.sessionOf(user)
        return session === undefined
          ? Promise.reject(new RpcError('UNAVAILABLE', `${quote(user)} is not connected`, { executed: 'no' }))
          : session.lane.call(method, args, settings)
      },
    }
    return createStub(caller, `[stub of ${user}]`) as Stub<ClientApi>
  }

  /** Who is connected, by `peer.id`. */
  get peers(): ReadonlyMap<string, Peer<ClientApi>> {
    return this.#core.peers as ReadonlyMap<string, unknown> as ReadonlyMap<string, Peer<ClientApi>>
  }

  /** All connections of a user, or of those who claim that name. */
  peersOf(user: string): Peer<ClientApi>[] {
    return this.#core.peersOf(user) as unknown[] as Peer<ClientApi>[]
  }

  /** Calls a connected client without an answer. `false`: it was dropped here. */
  notify(user: string, method: string, args: readonly unknown[] = []): boolean {
    return this.#core.sessionOf(user)?.lane.notify(method, args, this.#core.settings) ?? false
  }

  /** Registers functions of this server; see the module's `registerRpc` for the forms. */
  get registerRpc(): Registrar {
    return this.#core.registry.registerRpc
  }

  /** Decides who may call the functions of `domain` here. */
  registerPredicate(domain: string, predicate: Predicate): void {
    this.#core.registry.registerPredicate(domain, predicate)
  }

  on<Name extends keyof ServerEvents>(
    event: Name,
    listener: (...args: ServerEvents<ClientApi>[Name]) => unknown,
    options?: ListenerOptions,
  ): Disposable {
    return this.#core.emitter.on(event, listener as never, options)
  }

  stats(): Stats {
    return this.#core.stats()
  }

  /** Refuses new calls, waits until those that are open are answered, then closes. */
  drain(options?: DrainOptions): Promise<void> {
    return this.#core.drain(options)
  }

  /** Ends all connections; open calls in both directions fail in this turn. */
  close(): Promise<void> {
    return this.#core.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#core.drain()
  }

  get [Symbol.toStringTag](): string {
    return 'Server'
  }

  get #shown(): string {
    return `Server { name: ${quote(this.#core.name)}, peers: ${this.#core.peers.size} }`
  }
}
