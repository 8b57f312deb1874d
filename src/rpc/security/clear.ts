// A word of warning, once in a process: passwords go over a network where others may read them.
import { type Endpoint, formatEndpoint } from '../../zmtp/connections.ts'
import { isLoopback } from '../participants/loopback.ts'
import type { AuthenticationBackend } from './backend.ts'

let warned = false

/** Warns when `endpoint` can be reached from other machines and the backend shows its secrets to all on the way. */
export function warnOfClear(security: AuthenticationBackend, endpoint: Endpoint): void {
  if (warned || security.inClear !== true || isLoopback(endpoint)) return
  warned = true
  process.emitWarning(
    `${security.name} sends passwords in clear to ${formatEndpoint(endpoint)}: prefer curve`,
    {
      code: 'PSEUD_PASSWORD_IN_CLEAR',
    },
  )
}
