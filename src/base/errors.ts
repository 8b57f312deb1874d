// The error classes of the library and the rule behind them: a class says whose fault it is, a `code` says what was
// wrong. Match by `code`, never by text; `instanceof` works only inside one build (ESM or CJS). Every code stands in
// docs/errors.md; a test compares the lists. Imports nothing.

/** What every error of this library has. */
export abstract class PseudError extends Error {
  /** The name of the class. */
  abstract override readonly name: string
  /** Stable, upper-case; listed in docs/errors.md. */
  readonly code: string

  /** `message` is for people: it may change from version to version. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The caller's fault: thrown at the call, nothing has changed. */
export class UsageError extends PseudError {
  override readonly name = 'UsageError'
}

/** The peer's fault: it broke ZMTP or the RPC protocol. Ends that link, never the socket or another peer. */
export class ProtocolError extends PseudError {
  override readonly name = 'ProtocolError'
}

/** A bound was passed: carries the option's name, its value, and what was asked. */
export class LimitError extends PseudError {
  override readonly name = 'LimitError'
  /** The name of the option or constant that was passed. */
  readonly limit: string
  /** Its value. */
  readonly bound: number
  /** What was asked, or what came: at least so much. */
  readonly value: number

  /** The message is made of the rest. */
  constructor(code: string, limit: string, bound: number, value: number) {
    super(code, `${limit} is ${bound}, got ${value}`)
    this.limit = limit
    this.bound = bound
    this.value = value
  }
}

/** Nobody's fault: the network, a timer, a closed socket. Node's own error, where there is one, is the `cause`. */
export class LinkError extends PseudError {
  override readonly name = 'LinkError'
}

/** The data's fault: bytes that are no MessagePack of ours, or a value that has no encoding. */
export class CodecError extends PseudError {
  override readonly name = 'CodecError'
  /** Where in the input it was found, in octets; `undefined` for a value that cannot be encoded. */
  readonly offset: number | undefined
  /** Which part of the value, such as `args[0].when`; `undefined` for input that cannot be decoded. */
  readonly path: string | undefined

  /** `where`: see `offset`, `path`, and `cause` of Error. */
  constructor(
    code: string,
    message: string,
    where: { offset?: number; path?: string; cause?: unknown } = {},
  ) {
    super(code, message, where.cause === undefined ? undefined : { cause: where.cause })
    this.offset = where.offset
    this.path = where.path
  }
}
