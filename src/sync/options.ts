/**
 * What a SyncClient can be told, and what of it crosses to the worker thread: data. Functions (for credentials) are called here, in the
 * thread of the application, and extensions stay here. Starts nothing.
 */
import { UsageError } from '../base/errors.ts'
import { resolveOptions, retryRules } from '../rpc/faces.ts'
import {
  type ClientOptions,
  type CurveClientOptions,
  curve,
  type Key,
  type Login,
  plain,
} from '../rpc/index.ts'
import type { PlainOptions, PlainSecurity } from './messages.ts'

/** Credentials. Functions are called once, by `new SyncClient`, and must not return promises. */
export type SyncSecurity =
  | { readonly plain: { readonly user: string; readonly password: string | (() => string) } }
  | {
      readonly curve: Omit<CurveClientOptions, 'login'> & {
        readonly login?: Login | (() => Login)
      }
    }

/** What a SyncClient can be told: of the options of `Client` those that are data, and `extensions`. */
export interface SyncClientOptions extends PlainOptions, Pick<ClientOptions, 'extensions'> {
  /** How this side proves who it is. Default: it does not. */
  readonly security?: SyncSecurity
}

const DATA: readonly (keyof PlainOptions)[] = [
  'userId',
  'timeoutMs',
  'maxMessageSize',
  'heartbeat',
  'reconnect',
  'handshakeTimeoutMs',
  'lingerMs',
  'codecLimits',
  'sharedShapes',
  'limits',
  'retry',
  'idempotent',
]
const KNOWN: ReadonlySet<string> = new Set([...DATA, 'extensions', 'security'])

/** The options that the worker thread gets. Throws `UsageError` BAD_OPTION. */
export function plainOptions(options: SyncClientOptions): PlainOptions {
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name))
  if (unknown !== undefined) {
    throw new UsageError('BAD_OPTION', `${JSON.stringify(unknown)} is no option of a SyncClient`)
  }
  const { security: _ours, extensions: _stay, ...data } = options
  resolveOptions(data)
  retryRules(data.retry, data.idempotent)
  return data
}

/** The credentials with all functions called. Throws `UsageError` BAD_OPTION, BAD_CURVE_KEY, NOT_SYNCHRONOUS. */
export function plainSecurity(security: SyncSecurity | undefined): PlainSecurity | undefined {
  if (security === undefined) return undefined
  if (typeof security === 'object' && security !== null) {
    if ('plain' in security) return plainOf(security.plain)
    if ('curve' in security) return curveOf(security.curve)
  }
  throw new UsageError(
    'BAD_OPTION',
    'security of a SyncClient is { plain: ... } or { curve: ... }, in data: it works in a thread of its own, ' +
      'where functions of this one cannot be called',
  )
}

function plainOf({ user, password }: { user: string; password: string | (() => string) }): PlainSecurity {
  const data = { user, password: called(password, 'password') }
  plain(data)
  return { plain: data }
}

function curveOf(options: Extract<SyncSecurity, { curve: unknown }>['curve']): PlainSecurity {
  const { serverKey, publicKey, secretKey, login } = options
  const data = {
    serverKey: copied(serverKey),
    ...(publicKey !== undefined && { publicKey: copied(publicKey) }),
    ...(secretKey !== undefined && { secretKey: copied(secretKey) }),
  }
  curve.client(data)
  if (login === undefined) return { curve: data }
  const { user, password } = called(login, 'login')
  return { curve: { ...data, login: { user, password } } }
}

function called<T extends string | Login>(given: T | (() => T), what: string): T {
  const value = typeof given === 'function' ? given() : given
  if (value instanceof Promise) {
    throw new UsageError('NOT_SYNCHRONOUS', `${what} of a SyncClient is a function that returns no promise`)
  }
  return value
}

/** Octets of their own: a small Buffer is part of a larger one, all of which would be copied to the other thread. */
function copied(key: Key): Key {
  return typeof key === 'string' ? key : Uint8Array.from(key)
}
