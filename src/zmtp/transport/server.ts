/**
 * Starts a `node:net` server at once: when the call returns, the server listens and has its port, or the system's error was thrown. It
 * is what `bind` and `bindSync` share (docs/decisions/0012). Names are not resolved here: a place is an address or a path. Knows
 * nothing of endpoints and connections.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import * as net from 'node:net'

export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

/**
 * Begins to listen at `place`. Throws the system's error. On a runtime that cannot listen at once the returned server may not be
 * `listening` yet: its 'listening' or 'error' event follows.
 */
export function startServer(
  place: Place,
  backlog: number,
  onConnection: (socket: net.Socket) => void,
): net.Server {
  // Nothing is read before `onConnection` says how.
  const server = net.createServer({ pauseOnConnect: true }, onConnection)
  // A server that fails says so by an event too, in the next turn, when its error has long been thrown.
  server.on('error', ignore)
  server.unref()
  const failure = errorOf(server, () => begin(server, place, backlog))
  if (failure !== undefined) throw failure
  return server
}

/** Resolves when `server` listens; rejects with the system's error. */
export function whenListening(server: net.Server): Promise<net.Server> {
  if (server.listening) return Promise.resolve(server)
  return new Promise((resolve, reject) => {
    server.once('listening', () => resolve(server))
    server.once('error', reject)
  })
}

/** Gives up a server that does not listen yet. */
export function abandon(server: net.Server): void {
  server.once('listening', () => server.close())
  server.close()
}

// `server.listen` with a host asks the name service, even for an address, and so never listens within the call. Two ways around it:
// BoundSocket binds at once; older versions have, since ever, the method that `listen` ends in under this name.
interface Runtime {
  readonly BoundSocket?: new (options: { host: string; port: number }) => object
}
interface LegacyServer extends net.Server {
  _listen2?(host: string, port: number, family: number, backlog: number, fd: undefined, flags: number): void
}

function begin(server: LegacyServer, place: Place, backlog: number): void {
  if ('path' in place) {
    // `exclusive`: also in a worker of node:cluster the server is this process's own, as the native package's is.
    server.listen({ path: place.path, backlog, exclusive: true })
    return
  }
  const { host, port } = place
  const { BoundSocket } = net as Runtime
  if (BoundSocket !== undefined) server.listen(new BoundSocket({ host, port }), backlog)
  else if (server._listen2 !== undefined) server._listen2(host, port, net.isIP(host), backlog, undefined, 0)
  else server.listen({ host, port, backlog, exclusive: true })
}

/** What `server` fails with while `run` runs: thrown, or told to this channel at the moment it happens. */
function errorOf(server: net.Server, run: () => void): unknown {
  let failure: unknown
  const onError = (message: unknown): void => {
    const event = message as { server: net.Server; error: unknown }
    if (event.server === server) failure = event.error
  }
  subscribe(LISTEN_ERROR, onError)
  try {
    run()
  } catch (error) {
    failure = error
  } finally {
    unsubscribe(LISTEN_ERROR, onError)
  }
  return failure
}

const LISTEN_ERROR = 'tracing:net.server.listen:error'

function ignore(): void {}
