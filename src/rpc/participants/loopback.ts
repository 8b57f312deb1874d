// Whether an endpoint can be reached from this machine alone. In doubt it cannot: a name may resolve to anything.
import type { Endpoint } from '../../zmtp/connections.ts'

export function isLoopback(endpoint: Endpoint): boolean {
  if (endpoint.transport !== 'tcp') return true
  const host = endpoint.host.toLowerCase()
  return (
    host === 'localhost' ||
    host === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) ||
    /^::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
  )
}
