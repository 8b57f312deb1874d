// Whether a server takes us; and what becomes of calls when none is left that does.
import { LinkError, ProtocolError, type PseudError } from '../../base/errors.ts'
import { PeerError } from '../../zmtp/connections.ts'
import { type Executed, RpcError, UnauthorizedError } from '../errors/errors.ts'
import type { Session } from '../session/session.ts'

export function replaced(session: Session): LinkError {
  const message = `${session.connection.endpoint} wants one connection of each user, and has a newer one`
  return new LinkError('REPLACED', message)
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
