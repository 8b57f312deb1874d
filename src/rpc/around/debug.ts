/**
 * `NODE_DEBUG=pseud`: one line on stderr for each event of a link and each call that failed. Lines are made only when asked for. They name
 * participants, peers, functions, codes; never arguments, headers, credentials, nor what the error of a user's function says, which may
 * be anything.
 */
import { type DebugLogger, debuglog } from 'node:util'
import { PseudError } from '../../base/errors.ts'
import { ArgumentError, type Executed } from '../errors/errors.ts'
import { quote } from '../registry/names.ts'
import type { BlockedEvent, LinkEvent } from './channels.ts'
import { executedIn } from './tracer.ts'

export const debug: DebugLogger = debuglog('pseud')

const TEXT_MAX = 300

export function debugLink(event: LinkEvent): void {
  if (!debug.enabled) return
  const { type, side, name, remote, endpoint, user, retryInMs, sent, reason, queuedBytes, error } = event
  const parts = [`${side} ${quote(name)}: ${type} ${remote}`]
  if (endpoint !== undefined && !remote.includes(endpoint)) parts.push(`at ${endpoint}`)
  if (user !== undefined) parts.push(`user ${quote(user)}`)
  if (sent !== undefined) parts.push(sent ? 'said by us' : 'said by it')
  if (reason !== undefined) parts.push(quote(reason))
  if (queuedBytes !== undefined) parts.push(`${queuedBytes} octets wait`)
  if (retryInMs !== undefined) parts.push(`again in ${Math.round(retryInMs)} ms`)
  if (error !== undefined) parts.push(ownText(error))
  debug('%s', parts.join(', '))
}

/** A call made here has failed. */
export function debugFailure(
  name: string,
  method: string,
  remote: string,
  afterMs: number,
  executed: Executed,
  error: unknown,
): void {
  const ran = executedIn(error) ?? executed
  const after = Number.isFinite(afterMs) ? ` after ${Math.round(afterMs)} ms` : ''
  const why = ran === 'yes' ? codeOf(error) : ownText(error)
  debug(
    '%s',
    `${quote(name)}: call of ${quote(method)} to ${remote} failed${after}, executed: ${ran}, ${why}`,
  )
}

/** A call of a peer was refused, or its function threw. */
export function debugAnswer(
  name: string,
  method: string,
  remote: string,
  what: string,
  error: unknown,
): void {
  if (!debug.enabled) return
  debug('%s', `${quote(name)}: call of ${quote(method)} by ${remote} ${what}: ${codeOf(error)}`)
}

export function debugBlocked({ name, method, remote, durationMs }: BlockedEvent): void {
  if (!debug.enabled) return
  debug(
    '%s',
    `${quote(name)}: ${quote(method)}, called by ${remote}, blocked for ${Math.round(durationMs)} ms`,
  )
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error
  const { code = (error as { c?: unknown }).c, name } = error as { code?: unknown; name?: unknown }
  const named = typeof name === 'string' && name !== 'RpcError' ? `${quote(name)} ` : ''
  return `${named}${typeof code === 'string' ? quote(code) : ''}`.trim()
}

/** Code and text of an error that this library made. */
function ownText(error: unknown): string {
  const text = error instanceof PseudError || error instanceof ArgumentError ? error.message : ''
  const cut = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text
  return cut === '' ? codeOf(error) : `${codeOf(error)} ${JSON.stringify(cut)}`
}
