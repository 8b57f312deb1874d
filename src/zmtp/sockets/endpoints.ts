/**
 * What a socket has open: an address it listens on, or one it dials. Each is the owner of its connections towards the transport and says
 * which peer receives from them. Knows nothing of messages.
 */
import type { PseudError } from '../../base/errors.ts'
import type { ConnectionOwner, Driver, Receiver, TransportEvent } from '../transport/driver.ts'
import type { Listener } from '../transport/listener.ts'
import type { Peer } from './peer.ts'

export interface EndpointHost {
  /** `local`: it is in this process. */
  newPeer(local: boolean): Peer
  onEvent(event: TransportEvent): void
  /** The dialer has given up: the endpoint is as good as disconnected. */
  forget(endpoint: OpenEndpoint): void
}

export interface OpenEndpoint extends ConnectionOwner {
  /** Nothing will come of it any more; it only waits to be named in a disconnect. */
  readonly over: boolean
  /** Whether the user may mean this endpoint by `address`. */
  answersTo(address: string): boolean
  /** Ends it and its connections, which still send what they hold, for `lingerMs` at most (-1: for ever). Its name is free at once. */
  close(lingerMs: number): void
}

export class BoundEndpoint implements OpenEndpoint {
  readonly over = false
  listener: Listener | undefined
  /** As given to bind, unless that left something open; the listener knows the real one. */
  readonly #address: string | undefined
  readonly #host: EndpointHost
  readonly #peers = new Set<Peer>()
  #closed = false

  constructor(address: string | undefined, host: EndpointHost) {
    this.#address = address
    this.#host = host
  }

  answersTo(address: string): boolean {
    return address === this.listener?.endpoint || address === this.#address
  }

  close(lingerMs: number): void {
    this.#closed = true
    this.listener?.close()
    for (const peer of this.#peers) peer.leave(lingerMs)
  }

  receiver(driver: Driver): Receiver {
    const peer = this.#host.newPeer(isLocal(driver.endpoint))
    this.#peers.add(peer)
    peer.onGone = () => this.#peers.delete(peer)
    peer.linked(driver)
    if (this.#closed) queueMicrotask(() => peer.leave(0))
    return peer
  }

  onEvent(event: TransportEvent): void {
    this.#host.onEvent(event)
  }

  onGivenUp(): void {}
}

export class DialedEndpoint implements OpenEndpoint {
  over = false
  readonly peer: Peer
  readonly #address: string
  readonly #host: EndpointHost

  constructor(address: string, host: EndpointHost) {
    this.#address = address
    this.#host = host
    this.peer = host.newPeer(isLocal(address))
    this.peer.onGone = () => {
      this.over = true
    }
  }

  answersTo(address: string): boolean {
    return address === this.#address
  }

  close(lingerMs: number): void {
    this.peer.leave(lingerMs)
  }

  receiver(driver: Driver): Receiver {
    this.peer.linked(driver)
    return this.peer
  }

  onEvent(event: TransportEvent): void {
    this.#host.onEvent(event)
  }

  onGivenUp(_endpoint: string, _error: PseudError): void {
    this.#host.forget(this)
    this.peer.giveUp()
  }
}

/** Whether what is behind `address` is in this process. */
function isLocal(address: string): boolean {
  return address.startsWith('inproc:')
}
