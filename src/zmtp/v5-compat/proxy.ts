// The proxy of version 5: two sockets that send each other what they get, and stay ordinary sockets. Which pairs it knows, and what it
// captures, is as it was then; `Proxy` of pseud/zmtp is the better one.
import type { Socket } from './socket.ts'

/**
 * Passes messages from `frontend` to `backend` and back, for the pairs router and dealer (xrep and xreq), xpub and xsub, pull and push,
 * push and pull; throws Error for all others. What comes from `backend` is sent to `capture` as well, if given; of a dealer without the two
 * parts in front that say where it goes.
 */
export function proxy(frontend: Socket, backend: Socket, capture?: Socket): void {
  const envelope = ENVELOPES[`${frontend.type} ${backend.type}`]
  if (envelope === undefined) throw new Error('This socket type order is not supported in compatibility mode')
  frontend.on('message', (...parts: Buffer[]) => backend.send(parts))
  backend.on('message', (...parts: Buffer[]) => {
    frontend.send(parts)
    capture?.send(parts.slice(envelope))
  })
}

// Parts in front of a message from the back end that are not captured.
const ENVELOPES: Readonly<Record<string, number>> = {
  'router dealer': 2,
  'xrep xreq': 2,
  'xpub xsub': 0,
  'pull push': 0,
  'push pull': 0,
}
