// The public door `pseud/zmtp`: ZeroMQ sockets, call-compatible with the native `zeromq` package. Exports exactly that package's names,
// as far as they exist here, so that one can stand in for the other. Re-exports only.

export { Context, type ContextOptions, context } from './sockets/context.ts'
export { Dealer } from './sockets/dealer.ts'
export type { Readable, Writable } from './sockets/duplex-socket.ts'
export type { ErrnoError } from './sockets/errno.ts'
export type { AuthError, Event, EventOfType, EventType, ProtoError } from './sockets/events.ts'
export type { Message, MessageLike } from './sockets/message.ts'
export { type EventSubscriber, Observer } from './sockets/observer.ts'
export type { OperationOptions } from './sockets/operations.ts'
export { Reply } from './sockets/reply.ts'
export { Request } from './sockets/request.ts'
export { Router, type RouterConnectOptions } from './sockets/router.ts'
export { type BatchOptions, Socket, type SocketOptions } from './sockets/socket.ts'
export type { SocketCounters } from './sockets/socket-core.ts'
export { capability, version } from './sockets/version.ts'
