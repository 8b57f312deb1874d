// For networks where everybody who can connect is trusted to say who it is.
import { type AuthenticationBackend, none } from './backend.ts'

/**
 * Takes the name that a client claims (`userId`) for who it is: `ctx.user` and `peer.user` are set, and nothing is proved. Protects from
 * nobody: a Server still asks for `allowUnauthenticated` before it listens beyond this machine.
 */
export function trustedPeer(): AuthenticationBackend {
  return { ...none, name: 'trustedPeer', trustsNames: true }
}
