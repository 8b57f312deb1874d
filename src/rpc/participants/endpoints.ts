// What programs give as an endpoint, a text or a port, as the transport knows it; and where a participant that asks nobody who they are
// may not listen.
import { UsageError } from '../../base/errors.ts'
import { type Endpoint, lineOf, type MessagePortLike, parseEndpoint } from '../../zmtp/connections.ts'
import type { ResolvedOptions } from '../api/options.ts'
import { isLoopback } from './loopback.ts'

/** Throws `UsageError`: BAD_ENDPOINT, UNSUPPORTED_TRANSPORT, PATH_TOO_LONG. */
export function endpointOf(at: string | MessagePortLike, purpose: 'bind' | 'connect'): Endpoint {
  return typeof at === 'string' ? parseEndpoint(at, purpose) : { transport: 'port', line: lineOf(at) }
}

/** As `endpointOf`, and throws `UsageError` UNAUTHENTICATED_BIND. */
export function endpointToBind(at: string | MessagePortLike, options: ResolvedOptions): Endpoint {
  const endpoint = endpointOf(at, 'bind')
  const { security, allowUnauthenticated } = options
  if (security.authenticates || allowUnauthenticated || isLoopback(endpoint)) return endpoint
  throw new UsageError(
    'UNAUTHENTICATED_BIND',
    `${JSON.stringify(at)} can be reached from other machines, and nobody is asked who they are: ` +
      'give it a security that asks, bind to 127.0.0.1, ::1, ipc or inproc, or set allowUnauthenticated',
  )
}
