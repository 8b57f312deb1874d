/**
 * Errors from the worker thread to the one that called: as data, and rebuilt there, where the application's classes are declared. What a
 * remote function threw is rebuilt as a Client does it; ours by a fixed table. Stacks are those of the caller.
 */
import { CodecError, LinkError, ProtocolError, type PseudError, UsageError } from '../base/errors.ts'
import { fromWire, type WireError } from '../rpc/faces.ts'
import { RpcError } from '../rpc/index.ts'

/** An error as it goes from thread to thread. */
export interface SentError extends Omit<WireError, 'u'> {
  /** What to rebuild it as. */
  readonly as: 'rpc' | 'ours' | 'other'
  readonly u?: SentError
}

const CAUSES_MAX = 8

const OURS: ReadonlyMap<string, new (code: string, message: string) => PseudError> = new Map<
  string,
  new (
    code: string,
    message: string,
  ) => PseudError
>([
  ['UsageError', UsageError],
  ['ProtocolError', ProtocolError],
  ['LinkError', LinkError],
  ['CodecError', CodecError],
])

/** Everything that is to be known of `error`. */
export function describe(error: unknown, depth = 0): SentError {
  if (!(error instanceof Error)) return { as: 'other', c: '', m: String(error) }
  const { code, details, executed, reference, remoteStack } = error as Partial<RpcError>
  const { cause } = error
  return {
    as: error instanceof RpcError ? 'rpc' : OURS.has(error.name) ? 'ours' : 'other',
    c: typeof code === 'string' ? code : '',
    m: error.message,
    ...(error.name !== 'RpcError' && { n: error.name }),
    ...(executed !== undefined && { x: executed }),
    ...(details !== undefined && { d: details }),
    ...(reference !== undefined && { r: reference }),
    ...(remoteStack !== undefined && { s: remoteStack }),
    ...(cause !== undefined && depth < CAUSES_MAX && { u: describe(cause, depth + 1) }),
  }
}

/** The error that was described so. */
export function rebuild(sent: SentError): Error {
  const { u: cause, ...map } = sent
  const error = build(map)
  if (cause !== undefined) {
    Object.defineProperty(error, 'cause', {
      value: rebuild(cause),
      writable: true,
      configurable: true,
      enumerable: false,
    })
  }
  return error
}

function build(map: Omit<SentError, 'u'>): Error {
  const { as, c: code, m: message, n: name = 'Error' } = map
  if (as === 'rpc') return fromWire(map)!
  const Ours = as === 'ours' ? OURS.get(name) : undefined
  if (Ours !== undefined) return new Ours(code, message)
  const error = new Error(message)
  if (name !== 'Error') Object.defineProperty(error, 'name', { value: name, configurable: true })
  return code === '' ? error : Object.assign(error, { code })
}
