/**
 * The socket of version 6 behind each socket of version 5: which class a type name means, and what of it is used. Version 6 gives a socket
 * only the methods of its type; version 5 gives all of them to all, so here they are taken as they are at run time.
 */
import { Dealer } from '../sockets/dealer.ts'
import { Pair } from '../sockets/pair.ts'
import { Publisher } from '../sockets/publisher.ts'
import { Pull } from '../sockets/pull.ts'
import { Push } from '../sockets/push.ts'
import { Reply } from '../sockets/reply.ts'
import { Request } from '../sockets/request.ts'
import { Router } from '../sockets/router.ts'
import type { Socket } from '../sockets/socket.ts'
import { Stream } from '../sockets/stream.ts'
import { Subscriber } from '../sockets/subscriber.ts'
import { XPublisher } from '../sockets/xpublisher.ts'
import { XSubscriber } from '../sockets/xsubscriber.ts'

const TYPES: Readonly<Record<SocketType, new (options: object) => Socket>> = {
  pair: Pair,
  req: Request,
  rep: Reply,
  pub: Publisher,
  sub: Subscriber,
  dealer: Dealer,
  xreq: Dealer,
  router: Router,
  xrep: Router,
  pull: Pull,
  push: Push,
  xpub: XPublisher,
  xsub: XSubscriber,
  stream: Stream,
}

/** The types that `socket` takes. */
export type SocketType =
  | 'pair'
  | 'req'
  | 'rep'
  | 'pub'
  | 'sub'
  | 'dealer'
  | 'xreq'
  | 'router'
  | 'xrep'
  | 'pull'
  | 'push'
  | 'xpub'
  | 'xsub'
  | 'stream'

/** Options by the names of version 6. */
export type Options = Record<string, unknown>

/** A socket of version 6, whatever its type. */
export interface Core extends Pick<Socket, Common> {
  send(message: unknown): Promise<void>
  receiveMany(): Promise<Buffer[][]>
}

type Common =
  | 'bind'
  | 'bindSync'
  | 'unbind'
  | 'unbindSync'
  | 'connect'
  | 'disconnect'
  | 'close'
  | 'closed'
  | 'readable'
  | 'writable'

/** Throws for an unknown type. */
export function newCore(type: SocketType): Core {
  if (!Object.hasOwn(TYPES, type)) throw new Error(`Invalid socket type: ${type}`)
  const options = sends(type) ? { maxPendingSends: NO_BOUND } : {}
  return new TYPES[type](options) as unknown as Core
}

export function sends(type: SocketType): boolean {
  return !ONLY_RECEIVING.includes(type)
}

export function receives(type: SocketType): boolean {
  return !ONLY_SENDING.includes(type)
}

const ONLY_SENDING: readonly SocketType[] = ['pub', 'push']
const ONLY_RECEIVING: readonly SocketType[] = ['sub', 'pull']
// Version 5 has no EBUSY: as many sends may wait as the program makes.
const NO_BOUND = 0x7fff_ffff
