// Why there is no connection, for the person who asked for one: nobody is there, or somebody is and is none for us.
import { ProtocolError } from '../base/errors.ts'
import { exitCodeOf } from './exit-codes.ts'
import { Failure } from './failure.ts'

/** Nobody answers at `endpoint`: `error` is why the last attempt failed, as far as one has. */
export function silence(endpoint: string, error: Error | undefined, waitedMs?: number): Failure {
  const waited = waitedMs === undefined ? [] : [`waited ${waitedMs / 1000} s`]
  const why = [...(error === undefined ? [] : [reasonOf(error)]), ...waited].join('; ')
  const closed = (error as { code?: string } | undefined)?.code === 'PEER_CLOSED'
  return new Failure(
    exitCodeOf('UNAVAILABLE'),
    `nobody answers at ${endpoint}${why === '' ? '' : ` (${why})`}`,
    waitedMs === undefined && !closed ? ['Is the server running? With --wait pseud waits for it.'] : [],
    'UNAVAILABLE',
  )
}

/** Somebody answers at `endpoint`, and it makes no sense to ask again; `undefined` where it does. */
export function stranger(endpoint: string, error: Error | undefined): Failure | undefined {
  if (!(error instanceof ProtocolError)) return undefined
  if (error.code === 'MECHANISM_MISMATCH') {
    return new Failure(
      exitCodeOf('UNAUTHENTICATED'),
      `${endpoint} does not let us in like this: ${error.message}`,
      [
        'CURVE is --server-key, with --key-file or a password where the server asks for one.',
        'PLAIN is --user with --password-file or PSEUD_PASSWORD. NULL is none of these.',
      ],
      'UNAUTHENTICATED',
    )
  }
  return new Failure(
    exitCodeOf('PROTOCOL'),
    `at ${endpoint} is something else than a server of pseud: ${error.message}`,
    [],
    'PROTOCOL',
  )
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'there is no such socket file',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EACCES: 'permission denied',
}

function reasonOf(error: Error): string {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const reason = REASONS[(one as NodeJS.ErrnoException).code ?? '']
    if (reason !== undefined) return reason
  }
  return error.message
}
