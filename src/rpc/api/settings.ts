// How a call is to be made: what users say in `with` and `call`, and the resolved form that every call carries. A settings object
// is made once per stub and shared by its calls.

import { MAX_DELAY_MS } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import { DEFAULT_RETRY, type RetryOptions, type RetryPolicy } from '../calls/retry-policy.ts'
import { checkNames, type Names } from './option-names.ts'

/** In octets: the other side keeps it. */
export const KEY_MAX = 256

/** How a call is made: of `with`, `call` and `sendTo`. docs/options.md has a table. */
export interface CallOptions {
  /** Gives up when it aborts: the call rejects with `signal.reason` itself, and the other side is told. Default: none. */
  readonly signal?: AbortSignal
  /** Gives up after so many ms, with DEADLINE_EXCEEDED; `Infinity` never. Default: the `timeoutMs` of the client or server, 30,000. */
  readonly timeoutMs?: number
  /** Strings that reach the function as `ctx.headers`; they go over those of an outer `with`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Calls of one key are the same call: the other side answers a repetition from memory, and this side may make one. 1 to 256 octets.
   * Default: none.
   */
  readonly idempotencyKey?: string
  /** Running it twice does the same as once: it is sent again when its connection is lost. Default: what the client says of the method. */
  readonly idempotent?: boolean
  /** How it is then sent again, over what the client says; `false`: it is not. Default: as the client says. */
  readonly retry?: RetryOptions | false
  /**
   * Goes on with a stream of tracked items when its connection is lost: the function is called again, and finds in `ctx.lastId` the id
   * of the last item that arrived. As `retry` says how often and when; taking an item begins the count anew. Default false.
   */
  readonly resume?: boolean
  /** Rejects with UNAVAILABLE at once when nobody is connected, instead of waiting. Default false. */
  readonly failFast?: boolean
}

/** Those of `with` and `call`, and of `sendTo` of a server. */
const CALL_OPTIONS: Names<CallOptions & { readonly waitForPeerMs?: number }> = {
  signal: true,
  timeoutMs: true,
  headers: true,
  idempotencyKey: true,
  idempotent: true,
  retry: true,
  resume: true,
  failFast: true,
  waitForPeerMs: true,
}

export class CallSettings {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly idempotencyKey: string | undefined
  readonly idempotent: boolean | undefined
  readonly retry: RetryPolicy | undefined
  readonly resume: boolean
  readonly failFast: boolean
  /** How many calls this one is nested in. */
  readonly depth: number
  /** When the call that this one is made for ends, on the monotonic clock. */
  readonly due: number

  constructor(
    timeoutMs: number,
    options: CallOptions = {},
    depth = 0,
    due: number = Number.POSITIVE_INFINITY,
    retry?: RetryPolicy,
  ) {
    this.timeoutMs = timeoutMs
    this.signal = options.signal
    this.headers = options.headers
    this.idempotencyKey = options.idempotencyKey
    this.idempotent = options.idempotent
    this.retry = retry
    this.resume = options.resume === true
    this.failFast = options.failFast === true
    this.depth = depth
    this.due = due
  }

  /** These settings with `options` over them. Throws `UsageError` BAD_OPTION. */
  with(options: CallOptions): CallSettings {
    checkNames('a call', options, CALL_OPTIONS)
    const merged: CallOptions = {
      ...defined('signal', options.signal ?? this.signal),
      ...defined('headers', mergeHeaders(this.headers, options.headers)),
      ...defined('idempotencyKey', checkKey(options.idempotencyKey) ?? this.idempotencyKey),
      ...defined('idempotent', options.idempotent ?? this.idempotent),
      resume: options.resume ?? this.resume,
      failFast: options.failFast ?? this.failFast,
    }
    const timeoutMs = options.timeoutMs === undefined ? this.timeoutMs : checkTimeout(options.timeoutMs)
    if (merged.signal !== undefined && !(merged.signal instanceof AbortSignal)) {
      throw new UsageError('BAD_OPTION', 'signal is an AbortSignal')
    }
    return new CallSettings(timeoutMs, merged, this.depth, this.due, this.#retryWith(options.retry))
  }

  /** These settings with other headers. Throws `UsageError` BAD_OPTION. */
  withHeaders(headers: Readonly<Record<string, string>>): CallSettings {
    const checked = defined('headers', mergeHeaders(undefined, headers))
    return new CallSettings(
      this.timeoutMs,
      { ...this.#options(), ...checked },
      this.depth,
      this.due,
      this.retry,
    )
  }

  /** These settings for calls made while serving another: nested `depth` deep, over when that one is. */
  nested(depth: number, due: number): CallSettings {
    return new CallSettings(this.timeoutMs, this.#options(), depth, Math.min(this.due, due), this.retry)
  }

  #retryWith(options: RetryOptions | false | undefined): RetryPolicy | undefined {
    if (options === undefined) return this.retry
    return options === false ? undefined : (this.retry ?? DEFAULT_RETRY).with(options)
  }

  #options(): CallOptions {
    return {
      ...defined('signal', this.signal),
      ...defined('headers', this.headers),
      ...defined('idempotencyKey', this.idempotencyKey),
      ...defined('idempotent', this.idempotent),
      resume: this.resume,
      failFast: this.failFast,
    }
  }
}

/** `timeoutMs` if it is one: above 0, `Infinity` for none. Throws `UsageError` BAD_OPTION. */
export function checkTimeout(timeoutMs: number): number {
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) {
    throw new UsageError('BAD_OPTION', `timeoutMs is a number above 0, or Infinity, not ${String(timeoutMs)}`)
  }
  return timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : Math.min(timeoutMs, MAX_DELAY_MS)
}

function checkKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined
  if (typeof key !== 'string' || key === '' || Buffer.byteLength(key) > KEY_MAX) {
    throw new UsageError('BAD_OPTION', `idempotencyKey is a string of 1 to ${KEY_MAX} octets`)
  }
  return key
}

function mergeHeaders(
  before: Readonly<Record<string, string>> | undefined,
  more: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (more === undefined) return before
  const merged: Record<string, string> = { __proto__: null, ...before } as never
  for (const [name, value] of Object.entries(more)) {
    if (typeof value !== 'string')
      throw new UsageError('BAD_OPTION', `header ${JSON.stringify(name)} is a string`)
    merged[name] = value
  }
  return Object.freeze(merged)
}

function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: Value })
}

/** Something with functions to call: `ctx.with` makes a stub of it that inherits from another call. */
export interface Callable<Stub> {
  /** Its functions. */
  readonly api: Stub
}

type Inherit = (inherit: (own: CallSettings) => CallSettings) => object

// Beside the objects and not on them: a member would hide a function of that name from a client's stub.
const inheritable = new WeakMap<object, Inherit>()

/** Lets `ctx.with(target)` make stubs of `target`. */
export function setInheritable(target: object, stubWith: Inherit): void {
  inheritable.set(target, stubWith)
}

/** The stub of `target` with settings made by `inherit` from its own. Throws `UsageError` NOT_CALLABLE. */
export function inheritedStub(target: object, inherit: (own: CallSettings) => CallSettings): object {
  const stubWith = inheritable.get(target)
  if (stubWith === undefined) throw new UsageError('NOT_CALLABLE', 'ctx.with takes a client or a peer')
  return stubWith(inherit)
}
