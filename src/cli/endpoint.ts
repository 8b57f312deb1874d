// Endpoints as people type them. What is none of these short forms is left to the library, which knows endpoints.

import { suggestions } from '../base/suggest.ts'
import { misused } from './failure.ts'

const SCHEMES = ['tcp', 'ipc']

/** `5555` and `:5555` are ports of this machine, `host:5555` is tcp. Throws a Failure for a scheme that is none. */
export function endpointOf(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  if (scheme !== undefined) {
    if (SCHEMES.includes(scheme)) return text
    const [close] = suggestions(scheme, SCHEMES)
    throw misused(
      `${JSON.stringify(text)} is no endpoint of another process: tcp://host:port or ipc://path`,
      ...(close === undefined ? [] : [`Did you mean ${close}${text.slice(scheme.length)}?`]),
    )
  }
  if (/^:?(?:\d+|\*)$/.test(text)) return `tcp://127.0.0.1:${text.replace(':', '')}`
  if (/^(?:[\w.-]+|\*|\[[\da-f:.]+\]):(?:\d+|\*)$/i.test(text)) return `tcp://${text}`
  throw misused(`${JSON.stringify(text)} is no endpoint: tcp://host:port, ipc://path, host:port or :port`)
}
