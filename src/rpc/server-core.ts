/**
 * What a Server is behind its face: who is connected, under which names they can be called, and when they came and went. Knows no
 * stubs.
 */
import type { PseudError } from '../base/errors.ts'
import type { TransportEvent } from '../zmtp/connections.ts'
import type { Handler } from './handler.ts'
import type { ParticipantOptions } from './options.ts'
import { Participant, type ParticipantEvents } from './participant.ts'
import { Peer } from './peer.ts'
import type { Asking } from './registry.ts'
import type { Session } from './session.ts'

export interface ServerEvents<ClientApi = unknown> extends ParticipantEvents {
  /** Somebody has connected, and has said who it is if it can. */
  peer: [peer: Peer<ClientApi>]
  /** That connection is gone: once for each `peer`. */
  peergone: [peer: Peer<ClientApi>, error: Error | undefined]
}

export class ServerCore extends Participant<ServerEvents<never>> {
  readonly peers: Map<string, Peer<never>> = new Map()
  readonly #sessions = new Map<string, Session>()
  // Who claims a name, in the order of connecting: the first holds it.
  readonly #claimants = new Map<string, Session[]>()
  readonly #proxyTo: ServerCore | undefined

  constructor(name: string, options: ParticipantOptions, proxyTo: ServerCore | undefined) {
    super(name, 'ROUTER', name, options)
    this.#proxyTo = proxyTo
  }

  get queuedCalls(): number {
    return 0
  }

  get isNeeded(): boolean {
    return this.isBound || this.dialers.size > 0
  }

  override find(method: string, asking: Asking): Handler | undefined {
    return super.find(method, asking) ?? this.#proxyTo?.find(method, asking)
  }

  /** Who is called by that name: an authenticated user's newest connection, else the first that claims it. */
  sessionOf(user: string): Session | undefined {
    let newest: Session | undefined
    for (const session of this.#sessions.values()) if (session.user === user) newest = session
    return newest ?? this.#claimants.get(user)?.[0]
  }

  peersOf(user: string): Peer<never>[] {
    return [...this.peers.values()].filter((peer) => peer.user === user || peer.claimedName === user)
  }

  // -- what becomes of sessions ------------------------------------------------------------------------------------------

  onReady(session: Session): void {
    // A Client of ours says HELLO first of all; everybody else is known from here on.
    if (!session.isPseud || session.connection.peer?.socketType !== 'DEALER') this.#announce(session)
  }

  onHello(session: Session): void {
    session.sendWelcome({ id: session.id, name: this.name, maxMessageSize: this.options.maxMessageSize })
    if (this.peers.has(session.id)) this.#claim(session)
    else this.#announce(session)
  }

  onWelcome(): void {
    this.counters.ignored++
  }

  onGoaway(): void {}

  onDrain(): void {}

  onGone(session: Session, error: PseudError | undefined): void {
    this.#unclaim(session)
    this.#sessions.delete(session.id)
    const peer = this.peers.get(session.id)
    if (peer === undefined) return
    this.peers.delete(session.id)
    this.emitter.emit('peergone', peer, error)
  }

  onEvent(event: TransportEvent): void {
    if (event.type === 'accept:error') this.report(event.error, {})
  }

  onDialerGivenUp(endpoint: string, error: PseudError): void {
    this.report(error, { peer: endpoint })
  }

  onClose(): void {}

  #announce(session: Session): void {
    const peer = new Peer<never>(session.lane, this.settings)
    this.#sessions.set(session.id, session)
    this.peers.set(session.id, peer)
    this.#claim(session)
    this.emitter.emit('peer', peer)
  }

  #claim(session: Session): void {
    this.#unclaim(session)
    const name = session.claimedName
    if (name === undefined) return
    const claimants = this.#claimants.get(name)
    if (claimants === undefined) this.#claimants.set(name, [session])
    else claimants.push(session)
  }

  #unclaim(session: Session): void {
    for (const [name, claimants] of this.#claimants) {
      const at = claimants.indexOf(session)
      if (at < 0) continue
      claimants.splice(at, 1)
      if (claimants.length === 0) this.#claimants.delete(name)
      return
    }
  }
}
