// What READY says of a peer, in the words of the RPC layer; and what its going says.
import { LinkError } from '../../base/errors.ts'
import { PSEUD_PROPERTY } from './envelope.ts'

/** READY's property names are matched without regard to case (RFC 37). */
export function announcesPseud(properties: ReadonlyMap<string, Buffer>): boolean {
  for (const name of properties.keys()) if (name.toLowerCase() === PSEUD_PROPERTY.toLowerCase()) return true
  return false
}

/** The text of an Identity; empty when it is none, as libzmq's own random ones (which begin with a zero). */
export function textOf(identity: Buffer): string {
  const text = identity.toString('utf8')
  return text.includes('\ufffd') || text.includes('\0') ? '' : text
}

/** Why a connection has ended that its peer closed in order. */
export function closedByPeer(endpoint: string): LinkError {
  return new LinkError('PEER_CLOSED', `${endpoint} closed the connection`)
}
