// Whether a server takes us; and what becomes of calls when none is left that does.
import { LinkError, ProtocolError, type PseudError } from '../../base/errors.ts'
import { PeerError } from '../../zmtp/connections.ts'
import type { Trouble } from '../calls/endings.ts'
import { type Executed, RpcError, UnauthorizedError } from '../errors/errors.ts'
import type { Session } from '../session/session.ts'
import type { Endpoints } from './endpoints.ts'

export function replaced(session: Session): LinkError {
  const message = `${session.connection.endpoint} wants one connection of each user, and has a newer one`
  return new LinkError('REPLACED', message)
}

/** Why a client that no attempt of has failed yet is connected to nobody. `asks`: its endpoints are given by a function. */
export function notThere({ dialers, isBound }: Endpoints, asks: boolean): Trouble {
  return { error: new LinkError('NOT_CONNECTED', whyNotThere([...dialers][0]?.endpoint, isBound, asks)) }
}

function whyNotThere(endpoint: string | undefined, isBound: boolean, asks: boolean): string {
  if (endpoint?.startsWith('inproc:')) return `nobody has bound ${endpoint}`
  if (endpoint !== undefined) return `${endpoint} has not answered yet`
  if (isBound) return 'no server has connected to it'
  return asks ? 'it has not been told its endpoints yet' : 'it was given no endpoint to connect to'
}

export function loginRefused(session: Session): ProtocolError {
  return new ProtocolError('LOGIN_REFUSED', `${session.connection.endpoint} refused the login`)
}

/** What a call is told that will reach nobody. */
export function unreachable(shown: string, cause: PseudError, executed: Executed = 'no'): RpcError {
  const message = `no call can reach ${shown}: ${cause.message}`
  return isRefusal(cause)
    ? new UnauthorizedError(message, { executed, cause })
    : new RpcError('UNAVAILABLE', message, { executed, cause })
}

/** The other side does not accept who we say we are: ZAP's statuses 400 and 500, or a login that was refused. */
export function isRefusal(cause: PseudError): boolean {
  return cause.code === 'LOGIN_REFUSED' || (cause instanceof PeerError && /^[45]00$/.test(cause.reason))
}

/** Calls may go out before, but a server of ours has not said yet that it takes us. */
export function isWelcomed(session: Session): boolean {
  return session.greeted || !session.isPseud
}
