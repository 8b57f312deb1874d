// Which socket types may talk to which (RFC 37, "Socket-Type"), and which of them announce an identity. A table.

const PEERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['REQ', ['REP', 'ROUTER']],
  ['REP', ['REQ', 'DEALER']],
  ['DEALER', ['REP', 'DEALER', 'ROUTER']],
  ['ROUTER', ['REQ', 'DEALER', 'ROUTER']],
  ['PUB', ['SUB', 'XSUB']],
  ['XPUB', ['SUB', 'XSUB']],
  ['SUB', ['PUB', 'XPUB']],
  ['XSUB', ['PUB', 'XPUB']],
  ['PUSH', ['PULL']],
  ['PULL', ['PUSH']],
  ['PAIR', ['PAIR']],
])

/** Whether a socket of type `local` may talk to one of type `peer`; names are upper-case, exactly as on the wire. */
export function compatible(local: string, peer: string): boolean {
  return PEERS.get(local)?.includes(peer) ?? false
}

/** Whether a socket of this type announces its identity, even an empty one. */
export function sendsIdentity(type: string): boolean {
  return type === 'REQ' || type === 'DEALER' || type === 'ROUTER'
}

/** Whether a socket of this type takes subscriptions from its peers. */
export function takesSubscriptions(type: string): boolean {
  return type === 'PUB' || type === 'XPUB'
}
