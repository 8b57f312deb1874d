// The errors of the drop-in API: plain `Error`s with `code`, `errno` and, where an endpoint is meant, `address`, as programs written
// for the native package expect them. Codes, numbers (Linux's, on every system; ZeroMQ's own count from 156384712) and texts stand in
// one table. Also translates what the transport throws, which has codes of its own.
import { PseudError } from '../../base/errors.ts'

/** What sockets fail with, besides TypeError and what an `AbortSignal` brings. docs/errors.md has the codes. */
export interface ErrnoError extends Error {
  /** `EAGAIN`. */
  code: string
  /** Linux's number of it, on every system; those of ZeroMQ's own begin at 156384712. */
  errno: number
  /** The endpoint, for bind, unbind, connect and disconnect. */
  address?: string
}

/** The codes that occur. */
export type ErrnoCode =
  | 'ENOENT'
  | 'EBADF'
  | 'EAGAIN'
  | 'EACCES'
  | 'EFAULT'
  | 'EBUSY'
  | 'ENODEV'
  | 'EINVAL'
  | 'EMFILE'
  | 'EPIPE'
  | 'ENAMETOOLONG'
  | 'EPROTO'
  | 'ENOTSOCK'
  | 'EPROTONOSUPPORT'
  | 'ENOTSUP'
  | 'EAFNOSUPPORT'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'ECONNRESET'
  | 'ETIMEDOUT'
  | 'ECONNREFUSED'
  | 'EHOSTUNREACH'
  | 'EFSM'
  | 'ENOCOMPATPROTO'

const ZMQ = 156384712

const ERRNO = {
  ENOENT: [2, 'No such endpoint'],
  EBADF: [9, 'Socket is closed'],
  EAGAIN: [11, 'Operation was not possible or timed out'],
  EACCES: [13, 'Permission denied'],
  EFAULT: [14, 'Context is closed'],
  EBUSY: [16, 'Socket is busy'],
  ENODEV: [19, 'No such device'],
  EINVAL: [22, 'Invalid argument'],
  EMFILE: [24, 'Too many open file descriptors'],
  EPIPE: [32, 'Broken pipe'],
  ENAMETOOLONG: [36, 'File name too long'],
  EPROTO: [71, 'Protocol error'],
  ENOTSOCK: [88, 'Socket operation on non-socket'],
  EPROTONOSUPPORT: [93, 'Protocol not supported'],
  ENOTSUP: [95, 'Operation not supported'],
  EAFNOSUPPORT: [97, 'Address family not supported by protocol'],
  EADDRINUSE: [98, 'Address already in use'],
  EADDRNOTAVAIL: [99, 'Cannot assign requested address'],
  ECONNRESET: [104, 'Connection reset by peer'],
  ETIMEDOUT: [110, 'Connection timed out'],
  ECONNREFUSED: [111, 'Connection refused'],
  EHOSTUNREACH: [113, 'Host unreachable'],
  EFSM: [ZMQ + 51, 'Operation cannot be accomplished in current state'],
  ENOCOMPATPROTO: [ZMQ + 52, 'The protocol is not compatible with the socket type'],
} as const satisfies Record<ErrnoCode, readonly [number, string]>

export function errnoError(code: ErrnoCode, message?: string, options?: ErrorOptions): ErrnoError {
  const [errno, text] = ERRNO[code]
  return Object.assign(new Error(message ?? text, options), { errno, code })
}

export function failErrno(code: ErrnoCode, message?: string): never {
  throw errnoError(code, message)
}

/** What a bind, connect, unbind or disconnect of `address` fails with. */
export function addressError(address: string, code: ErrnoCode, cause?: unknown): ErrnoError {
  return Object.assign(errnoError(code, undefined, cause === undefined ? undefined : { cause }), { address })
}

/** The error of the drop-in API that says what `cause`, thrown by the transport for `address`, says. */
export function translateAddressError(address: string, cause: unknown): ErrnoError {
  const code = codeOf(cause)
  const error = addressError(address, code === 'EPROTONOSUPPORT' ? refusalOf(address)! : code, cause)
  // libzmq has no such refusals, so there is no text to be the same as.
  if (error.code === 'ENOTSUP' && cause instanceof PseudError) error.message = cause.message
  return error
}

/** Why `address` cannot be one, whatever follows the transport's name; `undefined` when it can. */
export function refusalOf(address: string): ErrnoCode | undefined {
  const scheme = /^(.+?):\/\/./s.exec(address)?.[1]
  if (scheme === undefined) return 'EINVAL'
  // libzmq knows udp, for sockets that are not here.
  if (scheme === 'udp') return 'ENOCOMPATPROTO'
  return ['tcp', 'ipc', 'inproc'].includes(scheme) ? undefined : 'EPROTONOSUPPORT'
}

// Words of the transport for what the caller did wrong.
const TRANSLATED: Readonly<Record<string, ErrnoCode>> = {
  UNSUPPORTED_TRANSPORT: 'EPROTONOSUPPORT',
  PATH_TOO_LONG: 'ENAMETOOLONG',
  NOT_SYNCHRONOUS: 'ENOTSUP',
  NOT_ADMITTED: 'EACCES',
  TOO_MANY_CONNECTIONS: 'EMFILE',
  PROXY_FAILED: 'ECONNREFUSED',
  // getaddrinfo's words: libzmq reports a name that it cannot bind as a device that is not there.
  ENOTFOUND: 'ENODEV',
  EAI_AGAIN: 'ENODEV',
  EAI_FAIL: 'ENODEV',
  ENOTDIR: 'ENOENT',
  EPERM: 'EACCES',
}

/** The nearest errno of an error of ours or of Node's; `EINVAL` when nothing fits. */
export function codeOf(error: unknown): ErrnoCode {
  return maybeCodeOf(error) ?? 'EINVAL'
}

/** The nearest errno of an error of ours or of Node's, or of its cause. */
export function maybeCodeOf(error: unknown): ErrnoCode | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code !== undefined && code in ERRNO) return code as ErrnoCode
  const translated = code === undefined ? undefined : TRANSLATED[code]
  if (translated !== undefined) return translated
  return error instanceof PseudError && error.cause !== undefined ? maybeCodeOf(error.cause) : undefined
}
