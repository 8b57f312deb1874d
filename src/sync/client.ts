/**
 * `new SyncClient().connect(endpoint).lower('ABC')`: a Client whose calls block and return, for scripts and prompts. The Client is in a
 * worker thread; what is here encodes arguments, sleeps, and decodes results. Everything that is not a member here is a function of the
 * server; those that have the name of a member are reached by `api`.
 */
import { CodecError, UsageError } from '../base/errors.ts'
import { Codec } from '../codec/messages.ts'
import {
  type Caller,
  CallSettings,
  createStub,
  encodeArguments,
  quote,
  resolveOptions,
  setInspect,
  stubPrototype,
} from '../rpc/faces.ts'
import { DeadlineError, RpcError } from '../rpc/index.ts'
import { rebuild, type SentError } from './errors.ts'
import { Line } from './line.ts'
import type { Answer, Request } from './messages.ts'
import { plainOptions, plainSecurity, type SyncClientOptions } from './options.ts'
import { BlockingStream } from './stream.ts'
import { startThread } from './thread.ts'
import type { SyncCallOptions, SyncStub, SyncStubBeside } from './types.ts'

// The worker thread keeps the time of calls, and knows what became of them: only if it does not get to say so, this thread gives up.
const GRACE_MS = 500

/** The members that every synchronous client has. */
export class SyncClientMembers<Api = unknown> {
  readonly #name: string
  readonly #settings: CallSettings
  readonly #lingerMs: number
  readonly #codec: Codec
  readonly #line: Line
  readonly #api: object
  #closed = false

  static {
    Object.defineProperty(SyncClientMembers, 'name', { value: 'SyncClient' })
    Object.setPrototypeOf(
      SyncClientMembers.prototype,
      stubPrototype((client) => (#api in client ? client.#api : undefined)),
    )
    setInspect(SyncClientMembers.prototype, (client) =>
      #name in client ? `SyncClient { name: ${quote(client.#name)} }` : 'SyncClient {}',
    )
  }

  /**
   * A client of the server called `name`, which is refused under any other; '' takes every server. Starts a worker thread, which does not
   * keep the process alive. Throws `UsageError`: BAD_OPTION, BAD_CURVE_KEY, NOT_SYNCHRONOUS, WORKER_MISSING.
   */
  constructor(name = '', options: SyncClientOptions = {}) {
    const plain = plainOptions(options)
    const { timeoutMs, lingerMs } = resolveOptions(plain)
    const extensions = [...(options.extensions ?? [])]
    this.#name = name
    this.#settings = new CallSettings(timeoutMs)
    this.#lingerMs = lingerMs
    this.#codec = new Codec({ extensions, ...(plain.codecLimits && { limits: plain.codecLimits }) })
    this.#line = new Line(startThread, {
      name,
      options: plain,
      extensionCodes: extensions.map(({ type }) => type),
      security: plainSecurity(options.security),
    })
    this.#api = this.#stub(this.#settings)
  }

  /** The functions of the server, also those whose names are members here. */
  get api(): SyncStub<Api> {
    return this.#api as SyncStub<Api>
  }

  /**
   * Keeps connected to `endpoint` from now on; several endpoints share the calls. Throws `UsageError`: BAD_ENDPOINT, UNSUPPORTED_TRANSPORT
   * (also for inproc, which does not reach from thread to thread), PATH_TOO_LONG, BAD_OPTION.
   */
  connect(endpoint: string): this {
    if (/^inproc:/.test(endpoint)) {
      throw new UsageError(
        'UNSUPPORTED_TRANSPORT',
        `${quote(endpoint)} is in this thread, and a SyncClient works in another: use tcp or ipc`,
      )
    }
    this.#ask({ do: 'connect', endpoint }, Number.POSITIVE_INFINITY)
    return this
  }

  /** Blocks until a server is ready. Calls need not wait for it. Throws `DeadlineError` after `timeoutMs`; default: that of calls. */
  ready({ timeoutMs }: { readonly timeoutMs?: number } = {}): this {
    const settings = timeoutMs === undefined ? this.#settings : this.#settings.with({ timeoutMs })
    const answer = this.#ask({ do: 'ready', timeoutMs: settings.timeoutMs }, settings.timeoutMs)
    if (answer === undefined) throw this.#late('no server was ready', settings.timeoutMs)
    return this
  }

  /** As `api`, with options. Throws `UsageError` BAD_OPTION. */
  with(options: SyncCallOptions): SyncStub<Api> {
    return this.#stub(this.#merge(options), options) as SyncStub<Api>
  }

  /**
   * Calls the function of that name, and returns what it returned or throws what it threw; `RpcError` when the call failed, `ArgumentError`
   * for an argument without an encoding, `UsageError` BAD_OPTION.
   */
  call(method: string, args: readonly unknown[] = [], options?: SyncCallOptions): unknown {
    return this.#call(method, args, options === undefined ? this.#settings : this.#merge(options), options)
  }

  /** Ends the connections and the worker thread. What has been written is sent before, for up to `lingerMs`. Idempotent. */
  close(): void {
    if (this.#closed) return
    try {
      this.#line.end(this.#ask({ do: 'close' }, this.#lingerMs) === undefined)
    } catch {
      this.#line.end(true)
    }
    this.#closed = true
  }

  /** As `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  get [Symbol.toStringTag](): string {
    return 'SyncClient'
  }

  #stub(settings: CallSettings, given?: SyncCallOptions): object {
    const caller: Caller = { call: (method, args) => this.#call(method, args, settings, given) }
    return createStub(caller, `[stub of ${this.#name}]`)
  }

  #merge(options: SyncCallOptions): CallSettings {
    if ('signal' in options) {
      throw new UsageError('BAD_OPTION', 'signal cannot abort a call that blocks: use timeoutMs')
    }
    return this.#settings.with(options)
  }

  /** `given`: the options of this call, of which those are passed on that only the worker thread has a use for. */
  #call(
    method: string,
    args: readonly unknown[],
    settings: CallSettings,
    { idempotent, retry, resume }: SyncCallOptions = {},
  ): unknown {
    const { timeoutMs, headers, idempotencyKey, failFast } = settings
    // A copy, because the encoder's memory is not ours to hand over.
    const encoded = Uint8Array.from(encodeArguments(this.#codec, args))
    const options = {
      timeoutMs,
      failFast,
      ...(headers && { headers }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(idempotent !== undefined && { idempotent }),
      ...(retry !== undefined && { retry }),
      ...(resume !== undefined && { resume }),
    }
    const answer = this.#ask({ do: 'call', method, args: encoded, options }, timeoutMs, [encoded.buffer])
    if (answer === undefined) throw this.#late(`${method} did not return`, timeoutMs)
    if (answer.streams === true) return this.#streamOf(method, answer.id, timeoutMs)
    return this.#decode(method, answer.value!)
  }

  /** The items of the stream in the worker thread that question number `id` was answered with. */
  #streamOf(method: string, id: number, timeoutMs: number): BlockingStream {
    return new BlockingStream({
      next: () => {
        const answer = this.#ask({ do: 'next', stream: id }, timeoutMs)
        if (answer === undefined) throw this.#late(`${method} gave no item`, timeoutMs)
        return answer.value === undefined
          ? { done: true }
          : { value: this.#decode(method, answer.value), done: false }
      },
      leave: () => {
        if (!this.#closed) this.#ask({ do: 'leave', stream: id }, timeoutMs)
      },
    })
  }

  #decode(method: string, value: Uint8Array): unknown {
    try {
      return this.#codec.decode(value)
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause
      throw new RpcError('PROTOCOL', `the answer to ${quote(method)} cannot be read`, {
        executed: 'yes',
        cause,
      })
    }
  }

  /** The answer, `undefined` when it is late; throws what the worker thread says. */
  #ask(request: Request, timeoutMs: number, transfer?: readonly ArrayBuffer[]): Answer | undefined {
    if (this.#closed) throw new RpcError('CLOSED', 'this side was closed', { executed: 'no' })
    const answer = this.#line.ask(request, timeoutMs + GRACE_MS, transfer)
    if (answer?.error === undefined) return answer
    throw rebuild(this.#codec.decode(answer.error) as SentError)
  }

  #late(what: string, timeoutMs: number): DeadlineError {
    return new DeadlineError(`${what} within ${timeoutMs} ms, and the worker thread does not say why`, {
      executed: 'maybe',
    })
  }
}

/** A synchronous client, with the functions of its server beside its members. `Api`: the type of what the server registers. */
export type SyncClient<Api = unknown> = SyncClientMembers<Api> & SyncStubBeside<Api, SyncClientMembers>

/** The class `SyncClient`, as the compiler knows it. */
export interface SyncClientConstructor {
  /**
   * A client of the server called `name`; `''` (default) takes every server. Throws `UsageError`: BAD_OPTION, BAD_CURVE_KEY,
   * NOT_SYNCHRONOUS, WORKER_MISSING.
   */
  new <Api = unknown>(name?: string, options?: SyncClientOptions): SyncClient<Api>
  /** For `instanceof`. */
  readonly prototype: SyncClient
}

// The stubs beside the members exist by the prototype of SyncClientMembers: no class declaration can say so.
export const SyncClient: SyncClientConstructor = SyncClientMembers as unknown as SyncClientConstructor
