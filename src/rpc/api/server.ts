/**
 * `new Server<ClientApi>('remote')`: offers functions to whoever connects, knows who is connected, and calls them. May dial out as
 * well as bind; to the peers it makes no difference.
 */

import type { MessagePortLike } from '../../zmtp/connections.ts'
import type { Middleware } from '../around/middleware.ts'
import { RpcError } from '../errors/errors.ts'
import type { Stats } from '../participants/counters.ts'
import type { DrainOptions } from '../participants/drain.ts'
import { ServerCore, type ServerEvents } from '../participants/server-core.ts'
import { quote } from '../registry/names.ts'
import type { Registrar } from '../registry/registration.ts'
import type { Predicate } from '../registry/registry.ts'
import type { ListenerOptions } from './emitter.ts'
import { checkNames, type Names } from './option-names.ts'
import { PARTICIPANT_OPTIONS, type ParticipantOptions, type Protocol } from './options.ts'
import type { Peer } from './peer.ts'
import type { PresenceOptions, SendToOptions } from './presence.ts'
import { createStub, setInspect } from './stub.ts'
import type { BroadcastStub, Stub } from './types.ts'

/** What a Server can be told. docs/options.md has a table. */
export interface ServerOptions extends ParticipantOptions, PresenceOptions {
  /** Names that are not found here are looked up at that server. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever its clients offer
  readonly proxyTo?: Server<any>
  /**
   * What it speaks. With `[2, 1]` it also answers clients of Python's `pseud`, at the same endpoints, and can call them: the first message of a
   * connection decides. Default `[2]`.
   */
  readonly protocols?: readonly Protocol[]
}

const SERVER_OPTIONS: Names<ServerOptions> = {
  ...PARTICIPANT_OPTIONS,
  proxyTo: true,
  protocols: true,
  sameUser: true,
  waitForPeerMs: true,
}

/** Offers functions to whoever connects, and can call them. `ClientApi`: the type of what the clients register. */
export class Server<ClientApi = unknown> {
  readonly #core: ServerCore
  #broadcast: BroadcastStub<ClientApi> | undefined

  static {
    // Bundlers rename a class that speaks of itself.
    Object.defineProperty(Server, 'name', { value: 'Server' })
    setInspect(Server.prototype, (server) => (#core in server ? server.#shown : 'Server {}'))
  }

  /** A server called `name`: clients that want another one refuse it. Throws `UsageError` BAD_OPTION. */
  constructor(name: string, options: ServerOptions = {}) {
    checkNames('a Server', options, SERVER_OPTIONS)
    const proxyTo = options.proxyTo
    this.#core = new ServerCore(name, options, proxyTo === undefined ? undefined : proxyTo.#core)
  }

  /** The name that it was given. */
  get name(): string {
    return this.#core.name
  }

  /**
   * Listens at `endpoint`, and answers from then on. It is a text, or a `MessagePort`, a `Worker` or `parentPort`, at whose other end
   * a client connects; the port is this server's then, and closed with it. Resolves to the endpoint with its real port, `port://1` for
   * a MessagePort. Rejects with `UsageError` (BAD_ENDPOINT, UNSUPPORTED_TRANSPORT, PATH_TOO_LONG, PORT_TAKEN; UNAUTHENTICATED_BIND for
   * an address that other machines reach) or `LinkError` BIND_FAILED.
   */
  bind(endpoint: string | MessagePortLike): Promise<string> {
    return this.#core.bind(endpoint)
  }

  /** Keeps connected to a client that has bound `endpoint`. Throws as `Client.connect`. */
  connect(endpoint: string | MessagePortLike): this {
    this.#core.connect(endpoint)
    return this
  }

  /**
   * For symmetry with other servers: a bound server already answers. May be called any number of times. Rejects with CLOSED once it is
   * closed.
   */
  start(): Promise<void> {
    return this.#core.closed
      ? Promise.reject(new RpcError('CLOSED', 'this server was closed', { executed: 'no' }))
      : Promise.resolve()
  }

  /**
   * The functions of a user's newest connection, or, where nobody is asked who they are, of the first that claims the name. Each call goes
   * to whoever that is then, also after a reconnect. While nobody is, it fails with UNAVAILABLE, or waits for `waitForPeerMs`.
   * Throws `UsageError` BAD_OPTION.
   */
  sendTo(user: string, options: SendToOptions = {}): Stub<ClientApi> {
    return createStub(this.#core.callerOf(user, options), `[stub of ${user}]`) as Stub<ClientApi>
  }

  /** Who is connected, by `peer.id`. */
  get peers(): ReadonlyMap<string, Peer<ClientApi>> {
    return this.#core.peers as ReadonlyMap<string, unknown> as ReadonlyMap<string, Peer<ClientApi>>
  }

  /** All connections of a user, or of those who claim that name. */
  peersOf(user: string): Peer<ClientApi>[] {
    return this.#core.peersOf(user) as unknown[] as Peer<ClientApi>[]
  }

  /**
   * The functions of everybody who is connected, to be called without an answer: `server.broadcast.news('rain')` says to how many
   * connections it went, and for how many it was dropped. The arguments are encoded once for all; one that has no encoding is a TypeError.
   */
  get broadcast(): BroadcastStub<ClientApi> {
    this.#broadcast ??= createStub(
      { call: (method, args) => this.#core.broadcast(method, args) },
      `[stub of all peers of ${this.name}]`,
    ) as BroadcastStub<ClientApi> & object
    return this.#broadcast
  }

  /**
   * Calls a connected client without an answer. `false`: it was dropped here, because nobody is there, or too much waits for it. Throws
   * a TypeError for arguments without an encoding, `RpcError` PAYLOAD_TOO_LARGE.
   */
  notify(user: string, method: string, args: readonly unknown[] = []): boolean {
    return this.#core.notify(user, method, args)
  }

  /** Registers functions of this server; see `Registrar` for the forms. */
  get registerRpc(): Registrar {
    return this.#core.registry.registerRpc
  }

  /** Decides who may call the functions of `domain` here. Throws `UsageError` BAD_OPTION. */
  registerPredicate(domain: string, predicate: Predicate): void {
    this.#core.registry.registerPredicate(domain, predicate)
  }

  /**
   * Puts `middleware` around the calls made here and the functions run here, inside those that were added before; the Disposable takes it
   * away. Throws `UsageError` BAD_OPTION.
   */
  use(middleware: Middleware): Disposable {
    return this.#core.around.onion.use(middleware)
  }

  /** Calls `listener` at each event of that name, until the Disposable is disposed. What a listener throws is an `error` event. */
  on<Name extends keyof ServerEvents>(
    event: Name,
    listener: (...args: ServerEvents<ClientApi>[Name]) => unknown,
    options?: ListenerOptions,
  ): Disposable {
    return this.#core.emitter.on(event, listener as never, options)
  }

  /** What was counted since the server was made, and what is going on now. A copy. */
  stats(): Stats {
    return this.#core.stats()
  }

  /** Refuses new calls, waits until those that are open are answered, then closes. Rejects with `UsageError` BAD_OPTION. */
  drain(options?: DrainOptions): Promise<void> {
    return this.#core.drain(options)
  }

  /** Ends all connections; open calls in both directions fail in this turn. What was written is sent for up to `lingerMs`. Idempotent. */
  close(): Promise<void> {
    return this.#core.close()
  }

  /** As `drain`, for `await using`. */
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
