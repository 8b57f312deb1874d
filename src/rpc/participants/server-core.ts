/**
 * What a Server is behind its face: who is connected, under which names they can be called, and when they came and went. Knows no
 * stubs.
 */
import { LinkError, ProtocolError, type PseudError } from '../../base/errors.ts'
import { AuthenticationError, hostOf, type TransportEvent } from '../../zmtp/connections.ts'
import type { ParticipantOptions } from '../api/options.ts'
import { Peer } from '../api/peer.ts'
import { Deadline } from '../calls/deadlines.ts'
import type { Handler } from '../registry/handler.ts'
import type { Asking } from '../registry/registry.ts'
import { userIn } from '../security/wire.ts'
import { LOGIN_REFUSED } from '../session/envelope.ts'
import type { HelloInfo } from '../session/inbound.ts'
import type { Session } from '../session/session.ts'
import { Participant, type ParticipantEvents } from './participant.ts'

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
  // Peers that have yet to log in, or whose login is being judged.
  readonly #logins = new Map<Session, LoginWait>()
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

  /** Who is called by that name: a user's newest connection. Where nobody proves who it is, else the first that claims the name. */
  sessionOf(user: string): Session | undefined {
    let newest: Session | undefined
    for (const session of this.#sessions.values()) if (session.user === user) newest = session
    return newest ?? this.#claimants.get(user)?.[0]
  }

  peersOf(user: string): Peer<never>[] {
    const { authenticates } = this.options.security
    return [...this.peers.values()].filter(
      (peer) => peer.user === user || (!authenticates && peer.claimedName === user),
    )
  }

  // -- what becomes of sessions ------------------------------------------------------------------------------------------

  onReady(session: Session): void {
    if (this.options.security.authenticateLogin !== undefined) {
      this.#awaitLogin(session)
      return
    }
    // A Client of ours says HELLO first of all; everybody else is known from here on.
    if (!session.isPseud || session.connection.peer?.socketType !== 'DEALER') this.#announce(session)
  }

  onHello(session: Session, info: HelloInfo): void {
    if (!session.admitted) {
      this.#judgeLogin(session, info)
      return
    }
    if (this.options.security.trustsNames === true) session.user = info.name
    this.#welcome(session)
  }

  #welcome(session: Session): void {
    session.sendWelcome({ id: session.id, name: this.name, maxMessageSize: this.options.maxMessageSize })
    if (!this.peers.has(session.id)) {
      this.#announce(session)
      return
    }
    this.#claim(session)
    this.attend(session, () => this.peers.get(session.id)!)
  }

  onWelcome(): void {
    this.counters.ignored++
  }

  onGoaway(): void {}

  onDrain(): void {}

  onGone(session: Session, error: PseudError | undefined): void {
    this.#forgetLogin(session)
    if (error instanceof AuthenticationError) this.#turnedAway(session, error)
    this.#unclaim(session)
    this.#sessions.delete(session.id)
    const peer = this.peers.get(session.id)
    if (peer === undefined) return
    this.peers.delete(session.id)
    this.emitter.emit('peergone', peer, error)
  }

  onEvent(event: TransportEvent): void {
    if (event.type === 'connect:retry') this.links.retry(event.address, event.error, event.interval ?? 0)
    if (event.type === 'accept:error') this.report(event.error, {})
    else if (event.type === 'close') this.forgetListener(event.address)
  }

  onDialerGivenUp(endpoint: string, error: PseudError): void {
    this.report(error, { peer: endpoint })
  }

  onClose(): void {}

  // -- logins: what comes behind the HELLO waits in the connection until it is judged --------------------------------------

  #awaitLogin(session: Session): void {
    session.admitted = false
    const wait = new LoginWait(session, this.options.handshakeTimeoutMs)
    this.#logins.set(session, wait)
    this.deadlines.add(wait, this.context.now(), this.options.handshakeTimeoutMs)
  }

  #judgeLogin(session: Session, { user = '', password = '' }: HelloInfo): void {
    const { connection } = session
    connection.pause()
    const peer = { address: hostOf(connection.remoteAddress), user: session.user }
    const { security } = this.options
    Promise.resolve()
      .then(() => security.authenticateLogin!({ user, password }, peer))
      .then(
        (identified) => this.#endLogin(session, userIn(identified, user)),
        (cause) => this.#endLogin(session, undefined, cause),
      )
  }

  #endLogin(session: Session, user: string | undefined, cause?: unknown): void {
    if (!this.#forgetLogin(session)) return
    if (user === undefined) {
      // A judge that failed may know better next time: the client is told nothing, and comes back.
      if (cause === undefined) session.sendGoaway(LOGIN_REFUSED)
      session.connection.end(LAST_WORD_MS)
      this.#turnedAway(
        session,
        new ProtocolError(
          'LOGIN_REFUSED',
          'the login of a peer was refused',
          cause === undefined ? {} : { cause },
        ),
      )
      return
    }
    session.user = user
    session.admitted = true
    this.#welcome(session)
    session.connection.resume()
  }

  #turnedAway(session: Session, error: PseudError): void {
    this.counters.unauthenticated++
    this.links.refused(session, error)
    this.report(error, { peer: session.connection.remoteAddress })
  }

  /** `false`: it was settled before. */
  #forgetLogin(session: Session): boolean {
    const wait = this.#logins.get(session)
    if (wait === undefined) return false
    this.deadlines.remove(wait)
    return this.#logins.delete(session)
  }

  #announce(session: Session): void {
    const peer = new Peer<never>(session.lane, this.settings)
    this.#sessions.set(session.id, session)
    this.peers.set(session.id, peer)
    this.#claim(session)
    this.links.ready(session)
    this.emitter.emit('peer', peer)
    this.attend(session, () => peer)
  }

  // Anybody may claim any name: a claim counts only where there is nothing better.
  #claim(session: Session): void {
    this.#unclaim(session)
    const name = session.claimedName
    if (name === undefined || this.options.security.authenticates) return
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

// For the GOAWAY of a peer that is turned away.
const LAST_WORD_MS = 1000

/** A peer that connects and does not log in would hold its place for ever. */
class LoginWait extends Deadline {
  readonly #session: Session
  readonly #timeoutMs: number

  constructor(session: Session, timeoutMs: number) {
    super()
    this.#session = session
    this.#timeoutMs = timeoutMs
  }

  onDeadline(): void {
    this.#session.connection.destroy(
      new LinkError('HANDSHAKE_TIMEOUT', `the peer was not logged in within ${this.#timeoutMs} ms`),
    )
  }
}
