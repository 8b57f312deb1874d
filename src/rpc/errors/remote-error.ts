/**
 * Errors across the wire: what of a thrown value the other side gets to see, and what an error map from there becomes. Nothing
 * is looked up by a name from the wire but in two fixed tables; nothing leaves that `exposeErrors` does not name.
 *
 *     c code, m message, n class name, d details, x executed, r reference, s stack, u cause, g going away
 */
import type { Codec } from '../../codec/messages.ts'
import {
  asRpcError,
  DeadlineError,
  declaredError,
  type Executed,
  RpcError,
  type RpcErrorOptions,
  ServiceNotFoundError,
  STANDARD,
  UnauthorizedError,
} from './errors.ts'
import { didNotRun } from './not-run.ts'

/**
 * What callers learn of an error that a function throws. `none`: a fixed text and a reference, under which this side reports it; of a
 * refusal in front of the function also the code, such as INVALID_ARGUMENT. `message`: code, class name, message, details. `full`:
 * stack and causes too.
 */
export type ExposeErrors = 'none' | 'message' | 'full'

/** An error map as it stands on the wire. */
export interface WireError {
  readonly c: string
  readonly m: string
  readonly n?: string
  readonly d?: unknown
  readonly x?: Executed
  readonly r?: string
  readonly s?: string
  readonly u?: WireError
  /** Nothing was begun, because the callee is about to go: the call may be sent to another server, whatever it is. */
  readonly g?: true
}

/** Whether an error map refuses a call that was not begun, for the reason that its callee is going. */
export function isGoingAway(map: unknown): boolean {
  if (typeof map !== 'object' || map === null) return false
  const { c, x, g } = map as { [Key in keyof WireError]?: unknown }
  return g === true && x === 'no' && c === 'UNAVAILABLE'
}

// In octets. Whoever sends more has it cut, whoever receives more cuts it.
const MESSAGE_MAX = 1024
const DETAILS_MAX = 8192
const STACK_MAX = 8192
const NAME_MAX = 128
const CODE_MAX = 256
const CAUSES_MAX = 4

/** The map for what a function threw, `value`: anything at all. `codec` is what it will be encoded with. */
export function toWire(value: unknown, expose: ExposeErrors, reference: string, codec: Codec): WireError {
  const x = didNotRun(value) ? 'no' : 'yes'
  if (expose === 'none') return { ...(x === 'no' ? refused(value) : FAILED), x, r: reference }
  try {
    return { ...describe(value, expose === 'full', codec, 0), x }
  } catch {
    // A getter of the thrown object threw in its turn.
    return { c: 'INTERNAL', m: 'the function failed with an error that cannot be read', x }
  }
}

const FAILED: WireError = { c: 'INTERNAL', m: 'the function failed' }

// Codes that a caller needs to know what to do next, and that say nothing of what is inside.
const REFUSALS: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
])

/** What was thrown in front of a function, where nothing else is told. */
function refused(value: unknown): WireError {
  const code = value instanceof RpcError ? value.code : ''
  return { c: REFUSALS.has(code) ? code : 'INTERNAL', m: 'the call was refused' }
}

function describe(value: unknown, full: boolean, codec: Codec, depth: number): WireError {
  if (!(value instanceof Error)) return { c: 'INTERNAL', m: cut(describeThrown(value), MESSAGE_MAX) }
  const declared = value instanceof RpcError
  const name = nameOf(value)
  return {
    c: declared ? cut(String(value.code), CODE_MAX) : 'INTERNAL',
    m: cut(messageOf(value), MESSAGE_MAX),
    ...(name !== undefined && { n: cut(name, NAME_MAX) }),
    ...(declared && detailsOf(value, codec)),
    ...(full && typeof value.stack === 'string' && { s: cut(value.stack, STACK_MAX) }),
    ...(full &&
      value.cause !== undefined &&
      depth < CAUSES_MAX && { u: describe(value.cause, true, codec, depth + 1) }),
  }
}

function describeThrown(value: unknown): string {
  return typeof value === 'string' ? value : `the function threw ${value === null ? 'null' : typeof value}`
}

/** The message; of an error of the operating system only what it was, for its text names files of this machine. */
function messageOf(error: Error): string {
  const { syscall, code } = error as NodeJS.ErrnoException
  if (typeof syscall === 'string' && typeof code === 'string') return `${code}: ${syscall}`
  return typeof error.message === 'string' ? error.message : ''
}

function nameOf(error: Error): string | undefined {
  const name: unknown = error.name
  return typeof name === 'string' && name !== '' && name !== 'Error' && name !== 'RpcError' ? name : undefined
}

/** The details, as what their octets say: looking at them again could give something else, which cannot be sent. */
function detailsOf(error: RpcError, codec: Codec): { d?: unknown } {
  if (error.details === undefined) return {}
  try {
    const encoded = codec.encode(error.details)
    return encoded.length > DETAILS_MAX ? {} : { d: codec.decode(encoded) }
  } catch {
    return {}
  }
}

/**
 * The map for a result that cannot be sent, because of `error`. `hidden`: not what of the value it is that has no encoding, for that names
 * what is inside.
 */
export function unanswerable(error: unknown, hidden: boolean): WireError {
  if (error instanceof RpcError) return { c: error.code, m: error.message, x: 'yes' }
  if (hidden) return { ...FAILED, x: 'yes' }
  const message = error instanceof Error ? error.message : 'the result cannot be encoded'
  return { c: 'INTERNAL', m: message, x: 'yes' }
}

/** The error for a decoded map; `undefined` when it is none. `started`: somebody else may have run it, whatever this one says. */
export function fromWire(map: unknown, started = false): Error | undefined {
  return rebuild(map, 0, started)
}

/**
 * The same for a call of `method` to `shown`. Its `stack` names those: of what happened there nothing is known here, and where this side
 * was when the answer came tells nobody anything.
 */
export function answered(map: unknown, method: string, shown: string, started: boolean): Error | undefined {
  const { stackTraceLimit } = Error
  Reflect.set(Error, 'stackTraceLimit', 0) // which does nothing where intrinsics are frozen
  try {
    const error = rebuild(map, 0, started)
    if (error !== undefined) error.stack = `${error}\n    at ${method} of ${shown}`
    return error
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

function rebuild(map: unknown, depth: number, started = false): Error | undefined {
  if (typeof map !== 'object' || map === null) return undefined
  const { c, m, n, d, x, r, s, u } = map as { [Key in keyof WireError]?: unknown }
  if (typeof c !== 'string' || typeof m !== 'string') return undefined
  const code = cut(c, CODE_MAX)
  const cause = depth < CAUSES_MAX ? rebuild(u, depth + 1) : undefined
  return build(code, cut(m, MESSAGE_MAX), typeof n === 'string' ? cut(n, NAME_MAX) : undefined, {
    executed: x === 'yes' || (x === 'no' && !started) ? x : 'maybe',
    ...(d !== undefined && { details: d }),
    ...(cause !== undefined && { cause }),
    ...(typeof r === 'string' && { reference: cut(r, NAME_MAX) }),
    ...(typeof s === 'string' && { remoteStack: cut(s, STACK_MAX) }),
  })
}

function build(code: string, message: string, name: string | undefined, options: RpcErrorOptions): Error {
  const Standard = name === undefined ? undefined : STANDARD.get(name)
  if (Standard !== undefined) {
    const cause = options.cause
    return asRpcError(new Standard(message, cause === undefined ? undefined : { cause }), code, options)
  }
  const Declared = name === undefined ? undefined : declaredError(name)
  if (Declared !== undefined && Declared.code === code) return new Declared(message, options)
  if (code === 'UNAUTHENTICATED') return new UnauthorizedError(message, options)
  if (code === 'DEADLINE_EXCEEDED') return new DeadlineError(message, options)
  // A function may say NOT_FOUND of its own things; the service is missing only when nothing ran.
  if (code === 'NOT_FOUND' && options.executed === 'no') return new ServiceNotFoundError(message, options)
  const error = new RpcError(code, message, options)
  if (name !== undefined) Object.defineProperty(error, 'name', { value: name, configurable: true })
  return error
}

/** At most `max` octets of `text`, cut between characters. */
function cut(text: string, max: number): string {
  if (text.length * 3 <= max || Buffer.byteLength(text) <= max) return text
  let bytes = Buffer.from(text.slice(0, max)).subarray(0, max)
  while (bytes.length > 0 && (bytes[bytes.length - 1]! & 0xc0) === 0x80) bytes = bytes.subarray(0, -1)
  if (bytes.length > 0 && bytes[bytes.length - 1]! >= 0xc0) bytes = bytes.subarray(0, -1)
  return bytes.toString()
}
