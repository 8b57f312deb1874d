// Binds an endpoint and makes a Driver of each link that arrives. Closing it stops the listening only: the connections it accepted
// belong to whoever received them.
import { createServer, type Server, type Socket } from 'node:net'
import { LinkError } from '../../base/errors.ts'
import type { TransportContext } from './context.ts'
import { type ConnectionOwner, Driver } from './driver.ts'
import { type Endpoint, formatEndpoint } from './endpoint.ts'
import { bindInproc, unbindInproc } from './inproc.ts'
import { listenIpc } from './ipc.ts'
import { SocketLink } from './socket-link.ts'
import { configureTcp, isSelfConnection, listenTcp, tcpBoundEndpoint, tcpPeerAddress } from './tcp.ts'
import type { ConnectionOptions, Link } from './transport.ts'

export interface Listener {
  /** The endpoint with the real port or path. */
  readonly endpoint: string
  /** Connections accepted here and alive. */
  readonly drivers: ReadonlySet<Driver>
  /** Stops listening; resolves when the name is free again. */
  close(): Promise<void>
}

/**
 * Binds `endpoint`. Rejects with `LinkError` BIND_FAILED, whose `cause` is the system's error (EADDRINUSE, EACCES, …).
 */
export async function listen(
  endpoint: Endpoint,
  options: ConnectionOptions,
  owner: ConnectionOwner,
  context: TransportContext,
): Promise<Listener> {
  const listener = new BoundListener(endpoint, options, owner, context)
  try {
    await listener.bind(endpoint)
  } catch (cause) {
    const error = bindError(formatEndpoint(endpoint), cause as NodeJS.ErrnoException)
    owner.onEvent({ type: 'bind:error', address: formatEndpoint(endpoint), error })
    throw error
  }
  owner.onEvent({ type: 'bind', address: listener.endpoint })
  return listener
}

class BoundListener implements Listener {
  endpoint: string
  readonly drivers: Set<Driver> = new Set()
  readonly #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #context: TransportContext
  readonly #transport: Endpoint['transport']
  #release: () => Promise<void> = () => Promise.resolve()

  constructor(
    endpoint: Endpoint,
    options: ConnectionOptions,
    owner: ConnectionOwner,
    context: TransportContext,
  ) {
    this.endpoint = formatEndpoint(endpoint)
    this.#transport = endpoint.transport
    this.#options = options
    this.#owner = owner
    this.#context = context
  }

  async bind(endpoint: Endpoint): Promise<void> {
    if (endpoint.transport === 'inproc') this.#bindInproc(endpoint.name)
    else await this.#bindServer(endpoint)
  }

  async close(): Promise<void> {
    const release = this.#release
    this.#release = () => Promise.resolve()
    await release()
  }

  #bindInproc(name: string): void {
    const accept = (link: Link): void => this.#accept(link)
    if (!bindInproc(this.#context, name, { accept })) {
      throw Object.assign(new Error(`bind EADDRINUSE inproc://${name}`), { code: 'EADDRINUSE' })
    }
    this.#release = () => {
      unbindInproc(this.#context, name)
      return Promise.resolve()
    }
  }

  async #bindServer(endpoint: Exclude<Endpoint, { transport: 'inproc' }>): Promise<void> {
    const server = createServer(this.#onConnection)
    server.unref()
    const listening = new Promise<void>((resolve, reject) => {
      server.once('listening', resolve)
      server.once('error', reject)
    })
    listening.catch(() => {}) // it is awaited below, unless preparing to listen fails first
    const path = endpoint.transport === 'ipc' ? await listenIpc(server, endpoint, this.#options) : undefined
    if (endpoint.transport === 'tcp') await listenTcp(server, endpoint, this.#options)
    await listening
    this.endpoint = path === undefined ? tcpBoundEndpoint(server) : `ipc://${path}`
    server.on('error', this.#onServerError)
    this.#release = () => this.#closeServer(server)
  }

  #closeServer(server: Server): Promise<void> {
    return new Promise((resolve) => {
      // `close` calls back only when the last accepted socket is gone, which is not ours to wait for: the port is free at once.
      server.close()
      server.unref()
      this.#owner.onEvent({ type: 'close', address: this.endpoint })
      setImmediate(resolve)
    })
  }

  readonly #onConnection = (socket: Socket): void => {
    if (this.#transport !== 'tcp') {
      this.#accept(new SocketLink(socket, this.endpoint))
      return
    }
    // The peer may be gone before we look: it then has no address any more.
    if (socket.remoteAddress === undefined || isSelfConnection(socket)) {
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    configureTcp(socket, this.#options)
    this.#accept(new SocketLink(socket, tcpPeerAddress(socket)))
  }

  readonly #onServerError = (error: Error): void => {
    this.#owner.onEvent({ type: 'accept:error', address: this.endpoint, error })
  }

  #accept(link: Link): void {
    this.#owner.onEvent({ type: 'accept', address: this.endpoint })
    const driver = new Driver(
      link,
      this.endpoint,
      false,
      this.#options,
      this.#owner,
      this.#context,
      this.#onFinished,
    )
    this.drivers.add(driver)
  }

  readonly #onFinished = (driver: Driver): void => {
    this.drivers.delete(driver)
  }
}

function bindError(endpoint: string, cause: NodeJS.ErrnoException): LinkError {
  return new LinkError('BIND_FAILED', `cannot bind ${endpoint}: ${cause.code ?? cause.message}`, { cause })
}
