/**
 * A socket without its public face: the pattern, the operations that wait, the endpoints and the peers that come of them, put together.
 * Promises, states and argument checks of the API are the Socket's.
 */
import type { PseudError } from '../../base/errors.ts'
import { Losses, type Pipe } from '../routing/pipe.ts'
import type { TransportContext } from '../transport/context.ts'
import { Dialer } from '../transport/dialer.ts'
import type { TransportEvent } from '../transport/driver.ts'
import { isWildcard, type NamedEndpoint, parseEndpoint } from '../transport/endpoint.ts'
import { type Listener, listen, listenSync } from '../transport/listener.ts'
import { maybeNumericEndpoint } from '../transport/tcp.ts'
import type { Authenticate, ConnectionOptions } from '../transport/transport.ts'
import { connectionOptions, proxyOf } from './connection-options.ts'
import type { Shared } from './context.ts'
import type { SocketCounters, SocketPeer } from './counters.ts'
import { BoundEndpoint, DialedEndpoint, type EndpointHost, type OpenEndpoint } from './endpoints.ts'
import { addressError, type ErrnoCode, refusalOf, translateAddressError } from './errno.ts'
import type { PeerEvent } from './events.ts'
import { linger, noLinger } from './exit.ts'
import { Operations } from './operations.ts'
import { CONNECT_ROUTING_ID, IMMEDIATE, IPV6, LINGER } from './option-table.ts'
import type { OptionValues } from './options.ts'
import type { Pattern, PatternHost } from './patterns/pattern.ts'
import type { PatternRow } from './patterns/table.ts'
import { newPipe, Peer, type PeerHost } from './peer.ts'
import { OPEN_TO_ALL, securityOf, wantsSecurity } from './security.ts'

export class SocketCore implements PatternHost, PeerHost, EndpointHost {
  readonly options: OptionValues
  readonly transport: TransportContext
  readonly random: () => number
  readonly pattern: Pattern
  readonly operations: Operations
  /** Judges peers in the place of a ZAP handler. */
  authenticator: Authenticate | undefined
  /** As `lastEndpoint` reads. */
  lastEndpoint: string | null = null
  readonly #row: PatternRow
  readonly #onEvent: (event: TransportEvent | PeerEvent) => void
  readonly #onOver: () => void
  readonly #shared: Shared
  readonly #endpoints = new Set<OpenEndpoint>()
  readonly #peers = new Set<Peer>()
  readonly #pipes = new Map<Pipe, Peer>()
  #closed = false
  #over = false
  readonly losses: Losses = new Losses()
  // Of pipes that are gone.
  #sent = 0
  #received = 0

  constructor(
    row: PatternRow,
    options: OptionValues,
    shared: Shared,
    onEvent: (event: TransportEvent | PeerEvent) => void,
    onOver: () => void,
  ) {
    this.#row = row
    this.options = options
    this.#shared = shared
    this.transport = shared.transport
    this.random = shared.transport.random
    this.#onEvent = onEvent
    this.#onOver = onOver
    this.pattern = row.create(this)
    this.operations = new Operations(this.pattern, shared.transport.clock)
  }

  /** Bound or connected. */
  get hasEndpoints(): boolean {
    return this.#endpoints.size > 0
  }

  /** Something waits to be sent to another process, here or in a connection. */
  get owes(): boolean {
    for (const peer of this.#peers) if (!peer.local && peer.unsent) return true
    return false
  }

  /** Whether the context has new sockets linger. */
  get blocky(): boolean {
    return this.#shared.blocky
  }

  get counters(): SocketCounters {
    let sent = this.#sent
    let received = this.#received
    let queuedToSend = 0
    for (const pipe of this.#pipes.keys()) {
      sent += pipe.sent
      received += pipe.received
      queuedToSend += pipe.queued
    }
    return {
      sent,
      received,
      dropped: this.losses.count,
      queuedToSend,
      queuedToReceive: this.pattern.queued,
      peers: this.#pipes.size,
    }
  }

  get peers(): SocketPeer[] {
    return Array.from(this.#pipes, ([pipe, peer]) => peer.describe(pipe))
  }

  /** Rejects with an error of the drop-in API. */
  async bind(address: string): Promise<void> {
    const endpoint = this.#parse(address, 'bind')
    const options = this.#connectionOptions(address, endpoint)
    const bound = new BoundEndpoint(isWildcard(endpoint) ? undefined : address, this)
    try {
      this.#bound(bound, await listen(endpoint, options, bound, this.transport))
    } catch (cause) {
      throw translateAddressError(address, cause)
    }
  }

  /** `bind` within the call: throws what that rejects with. */
  bindSync(address: string): void {
    const endpoint = this.#parse(address, 'bind')
    const options = this.#connectionOptions(address, endpoint)
    const bound = new BoundEndpoint(isWildcard(endpoint) ? undefined : address, this)
    try {
      this.#bound(bound, listenSync(endpoint, options, bound, this.transport))
    } catch (cause) {
      throw translateAddressError(address, cause)
    }
  }

  /** Throws an error of the drop-in API. */
  connect(address: string): void {
    const endpoint = this.#parse(address, 'connect')
    const proxy = endpoint.transport === 'tcp' ? this.#proxy(address) : undefined
    const options = { ...this.#connectionOptions(address, endpoint), proxy }
    const routingId = this.options.bytes(CONNECT_ROUTING_ID)
    this.options.preset(CONNECT_ROUTING_ID, null)
    for (const endpoint of this.#find(address)) if (endpoint.over) this.#endpoints.delete(endpoint)
    if (this.#row.connectsOnce && this.#find(address).length > 0) return
    // An id to send to before anybody has answered needs a queue from the start.
    const queues = routingId !== null || !this.options.flag(IMMEDIATE)
    const pipe = queues ? newPipe(this.options, this.losses, this.transport.buffered) : undefined
    if (pipe !== undefined && routingId !== null && !this.pattern.name(pipe, routingId)) {
      throw addressError(address, 'EINVAL')
    }
    const dialed = new DialedEndpoint(address, this)
    this.lastEndpoint = address
    this.#endpoints.add(dialed)
    linger(this)
    dialed.peer.dial(new Dialer(endpoint, options, dialed, this.transport), pipe)
    this.operations.serve()
  }

  /** Ends the endpoints of this name; what is unsent is sent as LINGER says. Throws ENOENT when there is none, EINVAL for no address. */
  release(address: string): void {
    const found = this.#find(address)
    if (found.length === 0) found.push(...this.#findBySpelling(address))
    if (found.length === 0) throw addressError(address, 'ENOENT')
    const lingerMs = this.options.number(LINGER)
    for (const endpoint of found) {
      this.#endpoints.delete(endpoint)
      endpoint.close(lingerMs)
    }
  }

  /** High-water marks have changed, and count for existing peers too. */
  setLimits(): void {
    for (const peer of this.#pipes.values()) peer.setLimits()
    this.operations.serve()
  }

  /** Ends everything. What waits fails, what is unread is dropped, what is unsent is sent as LINGER says. */
  close(): void {
    const lingerMs = this.options.number(LINGER)
    this.operations.close()
    const endpoints = [...this.#endpoints]
    this.#endpoints.clear()
    for (const endpoint of endpoints) endpoint.close(lingerMs)
    for (const peer of this.#peers) peer.leave(lingerMs)
    this.pattern.clear()
    this.#closed = true
    this.#checkOver()
  }

  /** Gives up what has not been sent, and every connection with it. */
  abandon(): void {
    for (const peer of this.#peers) peer.abandon()
  }

  // -- for pattern, peers and endpoints ----------------------------------------------------------------------------

  cut(pipe: Pipe, error: PseudError): void {
    this.#pipes.get(pipe)?.cut(error)
  }

  part(pipe: Pipe): void {
    this.#pipes.get(pipe)?.leave(-1)
  }

  failReceive(code: ErrnoCode): void {
    this.operations.failReceive(code)
  }

  onPipe(pipe: Pipe, peer: Peer): void {
    this.#pipes.set(pipe, peer)
  }

  onPipeGone(pipe: Pipe): void {
    if (!this.#pipes.delete(pipe)) return
    this.#sent += pipe.sent
    this.#received += pipe.received
  }

  newPeer(local: boolean): Peer {
    const peer = new Peer(this, local)
    this.#peers.add(peer)
    return peer
  }

  onPeerGone(peer: Peer): void {
    this.#peers.delete(peer)
    this.#checkOver()
  }

  onEvent(event: TransportEvent | PeerEvent): void {
    this.#onEvent(event)
  }

  forget(endpoint: OpenEndpoint): void {
    this.#endpoints.delete(endpoint)
  }

  // -- inside ------------------------------------------------------------------------------------------------------

  #bound(endpoint: BoundEndpoint, listener: Listener): void {
    endpoint.listener = listener
    this.lastEndpoint = listener.endpoint
    this.#endpoints.add(endpoint)
    linger(this)
  }

  /** With nothing open and nothing left to send, the end of the process need not know of this socket. Closed, it is over. */
  #checkOver(): void {
    if (this.#peers.size > 0 || this.#endpoints.size > 0) return
    noLinger(this)
    if (!this.#closed || this.#over) return
    this.#over = true
    this.#onOver()
  }

  #find(address: string): OpenEndpoint[] {
    return [...this.#endpoints].filter((endpoint) => endpoint.answersTo(address))
  }

  /** As libzmq does, but for names that only a name service knows: a TCP address may be written in another way than it was. */
  #findBySpelling(address: string): OpenEndpoint[] {
    const refusal = refusalOf(address)
    if (refusal !== undefined) throw addressError(address, refusal)
    let endpoint: NamedEndpoint
    try {
      endpoint = parseEndpoint(address, 'bind')
    } catch {
      return []
    }
    const numeric =
      endpoint.transport === 'tcp' ? maybeNumericEndpoint(endpoint, this.options.flag(IPV6)) : undefined
    return numeric === undefined ? [] : this.#find(numeric)
  }

  #parse(address: string, purpose: 'bind' | 'connect'): NamedEndpoint {
    try {
      return parseEndpoint(address, purpose)
    } catch (cause) {
      const error = translateAddressError(address, cause)
      // libzmq looks at what follows tcp:// no sooner than when it binds.
      if (purpose === 'bind' && /^tcp:\/\/./.test(address)) {
        this.#onEvent({ type: 'bind:error', address, error })
      }
      throw error
    }
  }

  #proxy(address: string): ReturnType<typeof proxyOf> {
    try {
      return proxyOf(this.options)
    } catch (cause) {
      throw translateAddressError(address, cause)
    }
  }

  #connectionOptions(address: string, endpoint: NamedEndpoint): ConnectionOptions {
    // Octets without ZMTP cannot be protected, and it must not seem so.
    if (this.#row.socketType === 'STREAM' && wantsSecurity(this.options, this.authenticator)) {
      throw addressError(address, 'ENOTSUP')
    }
    const security =
      endpoint.transport === 'inproc'
        ? OPEN_TO_ALL
        : securityOf(this.options, this.transport, this.authenticator)
    // libzmq goes on with a key of zeros, which everybody knows.
    if (security === undefined) throw addressError(address, 'EINVAL')
    return connectionOptions(this.options, this.#row.socketType, security)
  }
}
