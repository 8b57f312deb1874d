// Binds an endpoint and makes a Driver of each link that arrives. Closing it stops the listening only: the connections it accepted
// belong to whoever received them. `listen` and `listenSync` are one way: they differ in what they may wait for, which is the name
// service and somebody who may answer on an ipc path.
import type { AddressInfo, Server, Socket } from 'node:net'
import { LimitError, LinkError, PseudError, UsageError } from '../../base/errors.ts'
import { pathForNode } from './abstract-names.ts'
import type { TransportContext } from './context.ts'
import { type ConnectionOwner, Driver, type Origin } from './driver.ts'
import { type Endpoint, formatEndpoint, formatTcp, type IpcEndpoint, type NamedEndpoint } from './endpoint.ts'
import { bindInproc, unbindInproc } from './inproc.ts'
import { Intake, reopened } from './intake.ts'
import { listenIpc, listenIpcSync, missing, removeTemporary, temporaryPath } from './ipc.ts'
import { hostOf } from './judge.ts'
import { ofPort, type PortLine } from './port-line.ts'
import { PortListener } from './port-listener.ts'
import { Reception } from './reception.ts'
import { abandon, type Place, startServer, whenListening } from './server.ts'
import { SocketLink } from './socket-link.ts'
import {
  configureTcp,
  isSelfConnection,
  isWildcard,
  lookUpAddress,
  ownAddress,
  tcpLocalAddress,
  tcpPeerAddress,
} from './tcp.ts'
import type { ConnectionOptions, Link } from './transport.ts'

export interface Listener {
  /** The endpoint with the real port or path. */
  readonly endpoint: string
  /** Connections accepted here and alive. */
  readonly drivers: ReadonlySet<Driver>
  /** Stops listening; the name is free again when it returns. Idempotent. */
  close(): void
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
  if (endpoint.transport === 'port') return listenAtPort(endpoint.line, options, owner, context)
  const listener = new BoundListener(endpoint, options, owner, context)
  try {
    await listener.bind()
  } catch (cause) {
    listener.close()
    throw reported(endpoint, owner, cause)
  }
  owner.onEvent({ type: 'bind', address: listener.endpoint })
  return listener
}

/**
 * Binds `endpoint` within the call. Throws what `listen` rejects with, and `UsageError` NOT_SYNCHRONOUS when a name service would have to
 * be asked or this runtime cannot listen at once.
 */
export function listenSync(
  endpoint: NamedEndpoint,
  options: ConnectionOptions,
  owner: ConnectionOwner,
  context: TransportContext,
): Listener {
  const listener = new BoundListener(endpoint, options, owner, context)
  try {
    listener.bindSync()
  } catch (cause) {
    listener.close()
    throw reported(endpoint, owner, cause)
  }
  owner.onEvent({ type: 'bind', address: listener.endpoint })
  return listener
}

function listenAtPort(
  line: PortLine,
  options: ConnectionOptions,
  owner: ConnectionOwner,
  context: TransportContext,
): Listener {
  const listener = new PortListener(line, ofPort(options), owner, context)
  owner.onEvent({ type: 'bind', address: line.address })
  return listener
}

class BoundListener implements Listener, Origin {
  endpoint: string
  readonly drivers: Set<Driver> = new Set()
  readonly #asked: NamedEndpoint
  readonly #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #context: TransportContext
  readonly reception: Reception
  #release: () => void = ignore
  // Of TCP: our own port, and whether several addresses of this machine lead to it.
  #port = 0
  #isWild = false
  /** The path that stands for `ipc://*`. */
  #temporary: string | undefined

  constructor(
    endpoint: NamedEndpoint,
    options: ConnectionOptions,
    owner: ConnectionOwner,
    context: TransportContext,
  ) {
    this.endpoint = formatEndpoint(endpoint)
    this.#asked = endpoint
    this.#options = options
    this.#owner = owner
    this.#context = context
    this.reception = new Reception(options.reception ?? {}, () => context.now())
  }

  async bind(): Promise<void> {
    const asked = this.#asked
    if (asked.transport === 'inproc') {
      this.#bindInproc(asked.name)
    } else if (asked.transport === 'ipc') {
      const path = this.#choosePath(asked)
      const server = await listenIpc(path, () => whenListening(this.#start({ path: pathForNode(path) })))
      this.#listens(server, `ipc://${path}`)
    } else {
      const { ipv6 } = this.#options
      const host = ownAddress(asked.host, ipv6) ?? (await lookUpAddress(asked.host, ipv6))
      this.#listensTcp(await whenListening(this.#start({ host, port: asked.port })))
    }
  }

  bindSync(): void {
    const asked = this.#asked
    if (asked.transport === 'inproc') {
      this.#bindInproc(asked.name)
    } else if (asked.transport === 'ipc') {
      const path = this.#choosePath(asked)
      const server = listenIpcSync(path, () => listeningNow(this.#start({ path: pathForNode(path) })))
      this.#listens(server, `ipc://${path}`)
    } else {
      const host = knownAddress(asked.host, this.#options.ipv6)
      this.#listensTcp(listeningNow(this.#start({ host, port: asked.port })))
    }
  }

  close(): void {
    const release = this.#release
    this.#release = ignore
    release()
  }

  #bindInproc(name: string): void {
    const accept = (link: Link): void => this.#accept(link, this.endpoint)
    if (!bindInproc(this.#context, name, { accept })) {
      throw Object.assign(new Error(`bind EADDRINUSE inproc://${name}`), { code: 'EADDRINUSE' })
    }
    this.#release = () => unbindInproc(this.#context, name)
  }

  #choosePath({ path }: IpcEndpoint): string {
    if (path !== '*') return path
    const fresh = temporaryPath()
    this.#temporary = fresh
    this.#release = () => removeTemporary(fresh)
    return fresh
  }

  #start(place: Place): Server {
    return startServer(place, this.#options.backlog, this.#onConnection)
  }

  #listensTcp(server: Server): void {
    const { address, port } = server.address() as AddressInfo
    this.#port = port
    this.#isWild = isWildcard(address)
    this.#listens(server, formatTcp(address, port))
  }

  #listens(server: Server, endpoint: string): void {
    this.endpoint = endpoint
    server.on('error', this.#onServerError)
    const removeFolder = this.#release
    this.#release = () => {
      // Its callback comes when the last accepted socket is gone, which is not ours to wait for: the name is free at once.
      const error = this.#temporary === undefined ? undefined : missing(this.#temporary)
      server.close()
      removeFolder()
      this.#owner.onEvent({
        type: error ? 'close:error' : 'close',
        address: endpoint,
        ...(error && { error }),
      })
    }
  }

  readonly #onConnection = (socket: Socket): void => {
    const { drivers } = this
    if (this.reception.isFull(drivers.size)) {
      const most = this.reception.limits.maxConnections
      this.#turnAway(socket, new LimitError('TOO_MANY_CONNECTIONS', 'maxConnections', most, drivers.size + 1))
      return
    }
    if (this.#asked.transport !== 'tcp') {
      this.#accept(linkOf(socket, this.endpoint), this.endpoint)
      return
    }
    const { remoteAddress } = socket
    // The peer may be gone before we look: it then has no address any more.
    if (remoteAddress === undefined || (socket.remotePort === this.#port && isSelfConnection(socket))) {
      drop(socket)
      return
    }
    if (this.#options.acceptFilter?.admits(remoteAddress) === false) {
      this.#turnAway(
        socket,
        new LinkError('NOT_ADMITTED', `${tcpPeerAddress(socket)} is outside of the accept filter`),
      )
      return
    }
    configureTcp(socket, this.#options)
    // Where several addresses lead here, the connection knows which one was meant.
    const address = this.#isWild ? tcpLocalAddress(socket) : this.endpoint
    this.#accept(linkOf(socket), address)
  }

  /** Closes a connection of which not one octet was sent or read. */
  #turnAway(socket: Socket, error: PseudError): void {
    drop(socket)
    this.#owner.onEvent({ type: 'accept:error', address: this.endpoint, error })
  }

  readonly #onServerError = (error: Error): void => {
    this.#owner.onEvent({ type: 'accept:error', address: this.endpoint, error })
  }

  #accept(link: Link, endpoint: string): void {
    this.#owner.onEvent({ type: 'accept', address: endpoint, remoteAddress: link.remoteAddress })
    const driver = new Driver(link, endpoint, false, this.#options, this.#owner, this.#context, this)
    this.drivers.add(driver)
    if (this.#asked.transport !== 'inproc') this.reception.enter(driver, hostOf(link.remoteAddress))
    driver.start()
  }

  onFinished(driver: Driver): void {
    this.drivers.delete(driver)
  }
}

/** The address of a host that needs no name service, or a guess that is right on every machine that was not tampered with. */
function knownAddress(host: string, ipv6: boolean): string {
  const known = ownAddress(host, ipv6) ?? (host === 'localhost' ? '127.0.0.1' : undefined)
  if (known !== undefined) return known
  throw new UsageError(
    'NOT_SYNCHRONOUS',
    `${JSON.stringify(host)} is no address, and names cannot be looked up within the call: use bind`,
  )
}

function listeningNow(server: Server): Server {
  if (server.listening) return server
  abandon(server)
  throw new UsageError(
    'NOT_SYNCHRONOUS',
    'it does not listen within the call, and this runtime says only later whether it will: use bind',
  )
}

/** What `cause` is to the caller, after the owner has heard of it, in libzmq's order. */
function reported(endpoint: NamedEndpoint, owner: ConnectionOwner, cause: unknown): PseudError {
  const address = formatEndpoint(endpoint)
  const error = cause instanceof PseudError ? cause : bindError(address, cause as NodeJS.ErrnoException)
  // What was opened for it is closed. A name that is not known opens nothing; and an address that is somebody else's is not named.
  const { syscall, code } = cause as NodeJS.ErrnoException
  if (endpoint.transport !== 'inproc' && error !== cause && syscall !== 'getaddrinfo') {
    const named = endpoint.transport === 'ipc' && code !== 'EADDRINUSE'
    owner.onEvent({ type: 'close', address: named ? address : '' })
  }
  owner.onEvent({ type: 'bind:error', address, error })
  return error
}

function bindError(endpoint: string, cause: NodeJS.ErrnoException): LinkError {
  return new LinkError('BIND_FAILED', `cannot bind ${endpoint}: ${cause.code ?? cause.message}`, { cause })
}

/** The link over a socket that was accepted and not yet read from. */
function linkOf(accepted: Socket, address?: string): SocketLink {
  const intake = new Intake()
  const socket = reopened(accepted, intake)
  return socket === undefined ? new SocketLink(accepted, address) : new SocketLink(socket, address, intake)
}

function drop(socket: Socket): void {
  socket.on('error', ignore)
  socket.destroy()
}

function ignore(): void {}
