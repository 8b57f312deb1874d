// Who is at the other end, as programs see it: what it says of itself, and a stub to call it. A thin face over one connection's
// lane; several faces may show the same peer, those of a context with that call's depth.
import type { PendingCall } from '../streams/remote-stream.ts'
import { type Callable, type CallOptions, type CallSettings, setInheritable } from './settings.ts'
import { createStub } from './stub.ts'
import type { Stub, UntypedCall } from './types.ts'

/** What a peer's face needs of the connection behind it. */
export interface PeerLink {
  readonly id: string
  readonly user: string | undefined
  readonly claimedName: string | undefined
  readonly address: string
  readonly since: Date
  readonly rttMs: number | undefined
  call(method: string, args: readonly unknown[], settings: CallSettings): PendingCall
  notify(method: string, args: readonly unknown[], settings: CallSettings): boolean
  reauthenticate(): boolean
}

/** The other end of a connection: who it is, and a way to call it. `Api`: the type of what it registers. */
export class Peer<Api = unknown> implements Callable<Stub<Api>> {
  readonly #link: PeerLink
  readonly #settings: CallSettings
  #api: Stub<Api> | undefined

  /** @internal */
  constructor(link: PeerLink, settings: CallSettings) {
    this.#link = link
    this.#settings = settings
    setInheritable(this, (inherit) => this.#stub(inherit(settings)))
  }

  /** Given by this side, new for each connection. */
  get id(): string {
    return this.#link.id
  }

  /** Who it has proved to be; `undefined` where nobody is asked to. */
  get user(): string | undefined {
    return this.#link.user
  }

  /** Under which name it wants to be called. Anybody may claim any name: good for `sendTo`, never for permissions. */
  get claimedName(): string | undefined {
    return this.#link.claimedName
  }

  /** Where it is: `tcp://127.0.0.1:40404`. */
  get address(): string {
    return this.#link.address
  }

  /** When it connected. */
  get since(): Date {
    return this.#link.since
  }

  /** How long the last heartbeat took there and back, in ms; `undefined` when none was measured, as in the first interval. */
  get rttMs(): number | undefined {
    return this.#link.rttMs
  }

  /** Calls its functions: `peer.api.add(1, 2)`. */
  get api(): Stub<Api> {
    this.#api ??= this.#stub(this.#settings)
    return this.#api
  }

  /** As `api`, with options. Throws `UsageError` BAD_OPTION. */
  with(options: CallOptions): Stub<Api> {
    return this.#stub(this.#settings.with(options))
  }

  /**
   * Calls the function of that name: the door for names that are not known when the program is written. Rejects with what the function
   * threw, with `RpcError` (docs/errors.md), or with `ArgumentError`. Throws `UsageError` BAD_OPTION.
   */
  call(method: string, args: readonly unknown[] = [], options?: CallOptions): UntypedCall {
    return this.#link.call(
      method,
      args,
      options === undefined ? this.#settings : this.#settings.with(options),
    )
  }

  /**
   * Calls without an answer. `false`: it was dropped here, because the connection is gone or too much waits on it. Throws a TypeError for
   * arguments without an encoding, `RpcError` PAYLOAD_TOO_LARGE.
   */
  notify(method: string, args: readonly unknown[] = []): boolean {
    return this.#link.notify(method, args, this.#settings)
  }

  /**
   * Asks a client to come again with new credentials, and ends this connection when it has not after `reauthGraceMs`: what a server does by
   * itself when credentials expire. `false`: it cannot be asked, because it sits behind a proxy, is gone, or is no client of this server.
   */
  reauthenticate(): boolean {
    return this.#link.reauthenticate()
  }

  #stub(settings: CallSettings): Stub<Api> & object {
    const link = this.#link
    const caller = { call: (method: string, args: unknown[]) => link.call(method, args, settings) }
    return createStub(caller, `[stub of ${this.claimedName ?? this.id}]`) as Stub<Api> & object
  }
}
