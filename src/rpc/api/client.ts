/**
 * `new Client<Api>('remote')`: calls the functions of a server as if they were its own methods. Everything that is not a member
 * here is a function of the server; those that have the name of a member are reached by `api`.
 */

import type { MessagePortLike } from '../../zmtp/connections.ts'
import type { Middleware } from '../around/middleware.ts'
import { RpcError } from '../errors/errors.ts'
import { ClientCore } from '../participants/client-core.ts'
import type { ClientEvents, ClientOptions, ReadyOptions } from '../participants/client-options.ts'
import { CLIENT_OPTIONS } from '../participants/client-options.ts'
import type { Stats } from '../participants/counters.ts'
import type { DrainOptions } from '../participants/drain.ts'
import { quote } from '../registry/names.ts'
import type { Registrar } from '../registry/registration.ts'
import type { Predicate } from '../registry/registry.ts'
import { PendingCall } from '../streams/remote-stream.ts'
import type { ListenerOptions } from './emitter.ts'
import { checkNames } from './option-names.ts'
import { type CallOptions, type CallSettings, setInheritable } from './settings.ts'
import { type Caller, createStub, setInspect, stubPrototype } from './stub.ts'
import type { Stub, StubBeside, UntypedCall } from './types.ts'

/** The members that every client has. */
export class ClientMembers<Api = unknown> {
  readonly #core: ClientCore
  readonly #api: object

  static {
    Object.defineProperty(ClientMembers, 'name', { value: 'Client' })
    Object.setPrototypeOf(
      ClientMembers.prototype,
      stubPrototype((client) => (#api in client ? client.#api : undefined)),
    )
    setInspect(ClientMembers.prototype, (client) => (#core in client ? client.#shown : 'Client {}'))
  }

  /**
   * A client of the server called `name`, which is refused under any other; '' takes every server. Throws `UsageError`
   * BAD_OPTION.
   */
  constructor(name: string, options: ClientOptions = {}) {
    checkNames('a Client', options, CLIENT_OPTIONS)
    this.#core = new ClientCore(name, options)
    this.#api = this.#stub(this.#core.settings)
    setInheritable(this, (inherit) => this.#stub(inherit(this.#core.settings)))
  }

  /** The functions of the server, also those whose names are members here. */
  get api(): Stub<Api> {
    return this.#api as Stub<Api>
  }

  /**
   * Keeps connected to `endpoint` from now on; several endpoints share the calls. It is a text, or a `MessagePort`, a `Worker` or
   * `parentPort`, at whose other end a server binds; the port is this client's then, and closed with it. Throws `UsageError`:
   * BAD_ENDPOINT, UNSUPPORTED_TRANSPORT, PATH_TOO_LONG, PORT_TAKEN.
   */
  connect(endpoint: string | MessagePortLike): this {
    this.#core.connect(endpoint)
    return this
  }

  /** Lets servers connect here. Resolves to the endpoint with its real port; rejects as `Server.bind`. */
  bind(endpoint: string | MessagePortLike): Promise<string> {
    return this.#core.bind(endpoint)
  }

  /**
   * Resolves when a server is ready. Calls need not wait for it. Rejects with DEADLINE_EXCEEDED, the reason of `signal`, CLOSED, or
   * UNAVAILABLE when no server is left that would take this client; with `UsageError` BAD_OPTION.
   */
  async ready(options: ReadyOptions = {}): Promise<this> {
    await this.#core.ready(options)
    return this
  }

  /** As `api`, with options. Throws `UsageError` BAD_OPTION. */
  with(options: CallOptions): Stub<Api> {
    return this.#stub(this.#core.settings.with(options)) as Stub<Api>
  }

  /**
   * Calls the function of that name: the door for names that are not known when the program is written. Rejects with what the function
   * threw, with `RpcError` (docs/errors.md), or with `ArgumentError`. Throws `UsageError` BAD_OPTION.
   */
  call(method: string, args: readonly unknown[] = [], options?: CallOptions): UntypedCall {
    const { settings } = this.#core
    const merged = options === undefined ? settings : settings.with(options)
    return this.#core.calls.start(this.#core, method, args, merged)
  }

  /** The functions of one server among several. Its calls fail with UNAVAILABLE while it is not connected. */
  sendTo(serverName: string): Stub<Api> {
    const core = this.#core
    const caller: Caller = {
      call: (method, args) => {
        const session = core.sessionWith(serverName)
        return session === undefined
          ? PendingCall.refused(
              new RpcError('UNAVAILABLE', `${quote(serverName)} is not connected`, { executed: 'no' }),
            )
          : session.lane.call(method, args, core.settings)
      },
    }
    return createStub(caller, `[stub of ${serverName}]`) as Stub<Api>
  }

  /**
   * Calls without an answer. `false`: it was dropped here, because nobody is connected or takes more. Throws a TypeError for arguments without
   * an encoding, `RpcError` PAYLOAD_TOO_LARGE.
   */
  notify(method: string, args: readonly unknown[] = []): boolean {
    return this.#core.notify(method, args)
  }

  /** Registers functions that the server can call; see `Registrar` for the forms. */
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
  on<Name extends keyof ClientEvents>(
    event: Name,
    listener: (...args: ClientEvents[Name]) => unknown,
    options?: ListenerOptions,
  ): Disposable {
    return this.#core.emitter.on(event, listener, options)
  }

  /** What was counted since the client was made, and what is going on now. A copy. */
  stats(): Stats {
    return this.#core.stats()
  }

  /** Waits until no call is open in either direction, then closes. Rejects with `UsageError` BAD_OPTION. */
  drain(options?: DrainOptions): Promise<void> {
    return this.#core.drain(options)
  }

  /**
   * Settles every open call with CLOSED in this turn, and ends the connections; what was written is sent for up to `lingerMs`. Idempotent.
   */
  close(): Promise<void> {
    return this.#core.close()
  }

  /** As `drain`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#core.drain()
  }

  get [Symbol.toStringTag](): string {
    return 'Client'
  }

  get #shown(): string {
    return `Client { name: ${quote(this.#core.name)}, connected: ${this.#core.connected} }`
  }

  #stub(settings: CallSettings): object {
    const core = this.#core
    const caller: Caller = { call: (method, args) => core.calls.start(core, method, args, settings) }
    return createStub(caller, `[stub of ${core.name}]`)
  }
}

/** A client, with the functions of its server beside its members. `Api`: the type of what the server registers. */
export type Client<Api = unknown> = ClientMembers<Api> & StubBeside<Api, ClientMembers>

/** The class `Client`, as the compiler knows it. */
export interface ClientConstructor {
  /** A client of the server called `name`; `''` takes every server. Throws `UsageError` BAD_OPTION. */
  new <Api = unknown>(name: string, options?: ClientOptions): Client<Api>
  /** For `instanceof`. */
  readonly prototype: Client
}

// The stubs beside the members exist by the prototype of ClientMembers: no class declaration can say so.
export const Client: ClientConstructor = ClientMembers as unknown as ClientConstructor
