/**
 * What a call can fail with. One class with an open set of codes, a few subclasses for the codes that programs catch most, and
 * `RpcError.define` for an application's own. `instanceof RpcError` goes by a mark and not by the prototype, so it also holds
 * for a TypeError that came back from the other side, and for errors of another copy of this library.
 * Knows nothing of the wire.
 */
import { PseudError, UsageError } from '../../base/errors.ts'

/** Whether the function of a call ran. `no`: it provably never started. `maybe`: nobody can know. `yes`: it ran, and answered or failed. */
export type Executed = 'no' | 'maybe' | 'yes'

/** The codes of this library. An application may use any other string. */
export type RpcCode =
  | 'CANCELLED'
  | 'DEADLINE_EXCEEDED'
  | 'UNAVAILABLE'
  | 'NOT_FOUND'
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'PAYLOAD_TOO_LARGE'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'INTERNAL'
  | 'PROTOCOL'
  | 'CLOSED'

/** What an `RpcError` is made with, beside code and message. */
export interface RpcErrorOptions<Details = unknown> {
  /** Whether the function ran. Default `maybe`. */
  readonly executed?: Executed
  /** Travels with the error, if it can be encoded and takes at most 8 KiB. Default: none. */
  readonly details?: Details
  /** What was behind it. Travels where `exposeErrors` is `full`. Default: none. */
  readonly cause?: unknown
  /** The stack on the other side. Default: none. */
  readonly remoteStack?: string
  /** Under which the other side logged what it does not tell. Default: none. */
  readonly reference?: string
}

const MARK: unique symbol = Symbol.for('pseud.RpcError') as never

/** A call failed, here or on the other side. */
export class RpcError<Details = unknown> extends PseudError {
  /** The name of the class, also of one that only the other side has declared. */
  override readonly name: string = 'RpcError'
  /** What went wrong: one of `RpcCode` (docs/errors.md), or a code of the application. */
  declare readonly code: RpcCode | (string & {})
  /** Whether the function ran. */
  readonly executed: Executed
  /** What whoever threw it gave along. */
  declare readonly details?: Details
  /** The stack on the other side, where that exposes it. */
  declare readonly remoteStack?: string
  /** Under which the other side logged what it does not tell. */
  declare readonly reference?: string

  /** For functions that are called: thrown there, it reaches the caller with code, message and details. */
  constructor(code: RpcCode | (string & {}), message: string, options: RpcErrorOptions<Details> = {}) {
    super(code, message, options.cause === undefined ? undefined : { cause: options.cause })
    this.executed = options.executed ?? 'maybe'
    if (options.details !== undefined) this.details = options.details
    if (options.remoteStack !== undefined) this.remoteStack = options.remoteStack
    if (options.reference !== undefined) this.reference = options.reference
  }

  /**
   * Of RESOURCE_EXHAUSTED by a peer: in how many ms it expects to have room again, also `details.retryAfterMs`. Otherwise `undefined`.
   */
  get retryAfterMs(): number | undefined {
    const { retryAfterMs } = (this.details ?? {}) as { readonly retryAfterMs?: unknown }
    return typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : undefined
  }

  /** True also for an error of the language that came back from the other side, and for an RpcError of another copy of this library. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class on the right of `instanceof`, perhaps a subclass
    if (this !== RpcError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && MARK in value
  }

  /**
   * Declares an error class of the application: thrown by a function, it is rebuilt by name on the caller's side, with its
   * details, when that declared it too. Throws `UsageError` BAD_NAME when the name is taken.
   */
  static define<Details = unknown>(name: string, code: RpcCode | (string & {})): DeclaredError<Details> {
    if (declared.has(name) || STANDARD.has(name) || !/^[A-Za-z_$][\w$]{0,127}$/.test(name)) {
      throw new UsageError(
        'BAD_NAME',
        `no error class can be declared as ${JSON.stringify(name)}: it is taken or no name`,
      )
    }
    const Declared = class extends RpcError<Details> {
      static readonly code = code
      override readonly name = name

      constructor(message: string, options: RpcErrorOptions<Details> = {}) {
        super(code, message, options)
      }
    }
    Object.defineProperty(Declared, 'name', { value: name })
    declared.set(name, Declared as DeclaredError)
    return Declared as DeclaredError<Details>
  }
}

Object.defineProperty(RpcError.prototype, MARK, { value: true })
// Bundlers rename a class that speaks of itself, and the name shows in every stack.
Object.defineProperty(RpcError, 'name', { value: 'RpcError' })

/** A class made by `RpcError.define`. */
export interface DeclaredError<Details = unknown> {
  /** The code that its errors have. */
  readonly code: string
  /** Makes an error of this class. */
  new (message: string, options?: RpcErrorOptions<Details>): DeclaredRpcError<Details>
}

/** An error of a declared class. A type of its own, so that `instanceof` tells the compiler the details of what it knew as an RpcError. */
export interface DeclaredRpcError<Details = unknown> extends RpcError<Details> {
  /** The name that was given to `define`. */
  readonly name: string
}

/** No function of that name (that this caller may see). */
export class ServiceNotFoundError extends RpcError {
  override readonly name = 'ServiceNotFoundError'

  /** Its code is NOT_FOUND. */
  constructor(message: string, options?: RpcErrorOptions) {
    super('NOT_FOUND', message, options)
  }
}

/** The other side does not accept who we say we are. */
export class UnauthorizedError extends RpcError {
  override readonly name = 'UnauthorizedError'

  /** Its code is UNAUTHENTICATED. */
  constructor(message: string, options?: RpcErrorOptions) {
    super('UNAUTHENTICATED', message, options)
  }
}

/** The call took longer than its caller gave it. */
export class DeadlineError extends RpcError {
  override readonly name = 'DeadlineError'

  /** Its code is DEADLINE_EXCEEDED. */
  constructor(message: string, options?: RpcErrorOptions) {
    super('DEADLINE_EXCEEDED', message, options)
  }
}

/** An argument has no encoding: nothing was sent. */
export class ArgumentError extends TypeError {
  /** As that of the `CodecError` that is its `cause`. */
  readonly code = 'NOT_ENCODABLE'
  /** Nothing was sent. */
  readonly executed = 'no'
  /** Which one, such as `args[0].when`. */
  readonly path: string | undefined

  /** `cause`: the `CodecError`. */
  constructor(message: string, path: string | undefined, cause: unknown) {
    super(message, { cause })
    this.path = path
  }
}

/** The classes of the language that come back as themselves. Looked up here by name, and nowhere else. */
export const STANDARD: ReadonlyMap<string, new (message: string, options?: ErrorOptions) => Error> = new Map(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type]),
)

const declared = new Map<string, DeclaredError>()

/** The class that was declared as `name`. */
export function declaredError(name: string): DeclaredError | undefined {
  return declared.get(name)
}

/** Makes `error`, of a standard class, an RpcError to all who look: code, executed and the rest become its properties. */
export function asRpcError(error: Error, code: string, options: RpcErrorOptions): Error {
  const fields: PropertyDescriptorMap = {
    [MARK]: { value: true },
    code: { value: code, enumerable: true },
    executed: { value: options.executed ?? 'maybe', enumerable: true },
  }
  if (options.details !== undefined) fields.details = { value: options.details, enumerable: true }
  if (options.remoteStack !== undefined) fields.remoteStack = { value: options.remoteStack, enumerable: true }
  if (options.reference !== undefined) fields.reference = { value: options.reference, enumerable: true }
  return Object.defineProperties(error, fields)
}
