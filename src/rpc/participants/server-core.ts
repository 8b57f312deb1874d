/**
 * What a Server is behind its face: who is connected, under which names they can be called, and when they came and went. Knows no
 * stubs.
 */

import { Alarm } from '../../base/deadlines.ts'
import { LinkError, ProtocolError, type PseudError } from '../../base/errors.ts'
import { AuthenticationError, hostOf, type TransportEvent } from '../../zmtp/connections.ts'
import type { CoreOptions } from '../api/options.ts'
import { Peer } from '../api/peer.ts'
import {
  checkSameUser,
  checkWait,
  type Delivery,
  type PresenceOptions,
  type SendToOptions,
} from '../api/presence.ts'
import type { Caller } from '../api/stub.ts'
import { closedError, lostError } from '../calls/endings.ts'
import { RpcError } from '../errors/errors.ts'
import type { Handler } from '../registry/handler.ts'
import type { Asking } from '../registry/registry.ts'
import { expiryIn, expiryOf, userIn } from '../security/wire.ts'
import { DRAINING, LOGIN_REFUSED, REPLACED } from '../session/envelope.ts'
import type { HelloInfo } from '../session/inbound.ts'
import { encodeNotify } from '../session/notify.ts'
import type { Session } from '../session/session.ts'
import { PendingCall } from '../streams/remote-stream.ts'
import { AbsentUsers, notConnected } from './absent.ts'
import { Directory } from './directory.ts'
import { Expiries } from './expiries.ts'
import { Participant, type ParticipantEvents } from './participant.ts'

/** The events of a Server, and what their listeners get. */
export interface ServerEvents<ClientApi = unknown> extends ParticipantEvents {
  /** Somebody has connected, and has said who it is if it can. */
  peer: [peer: Peer<ClientApi>]
  /** That connection is gone: once for each `peer`. */
  peergone: [peer: Peer<ClientApi>, error: Error | undefined]
}

export interface ServerCoreOptions extends CoreOptions, PresenceOptions {}

export class ServerCore extends Participant<ServerEvents<never>> {
  readonly peers: Map<string, Peer<never>> = new Map()
  readonly #directory: Directory<Session>
  readonly #absent: AbsentUsers
  readonly #replaces: boolean
  readonly #waitForPeerMs: number
  // Peers that have yet to log in, or whose login is being judged.
  readonly #logins = new Map<Session, Alarm>()
  readonly #expiries: Expiries
  readonly #proxyTo: ServerCore | undefined

  constructor(name: string, options: ServerCoreOptions, proxyTo: ServerCore | undefined) {
    super(name, 'ROUTER', name, options)
    this.#proxyTo = proxyTo
    this.#replaces = checkSameUser(options.sameUser ?? 'all') === 'replace'
    this.#waitForPeerMs = checkWait(options.waitForPeerMs ?? 0)
    // Anybody may claim any name: a claim counts only where there is nothing better.
    this.#directory = new Directory(!this.options.security.authenticates)
    const { calls, deadlines, maxQueuedCalls, maxQueuedBytes } = this
    const now = (): number => this.context.now()
    this.#absent = new AbsentUsers({ calls, deadlines, now, maxQueuedCalls, maxQueuedBytes })
    this.#expiries = new Expiries({
      deadlines: this.deadlines,
      now,
      date: () => this.date(),
      graceMs: this.options.reauthGraceMs,
      lingerMs: this.options.lingerMs,
    })
  }

  get queuedCalls(): number {
    return this.#absent.queue.size
  }

  get isNeeded(): boolean {
    return this.endpoints.isBound || this.endpoints.dialers.size > 0
  }

  override find(method: string, asking: Asking): Handler | undefined {
    return super.find(method, asking) ?? this.#proxyTo?.find(method, asking)
  }

  override *names(): Generator<string> {
    yield* super.names()
    if (this.#proxyTo !== undefined) yield* this.#proxyTo.names()
  }

  /** Who is called by that name: a user's newest connection. Where nobody proves who it is, the first that claims the name. */
  sessionOf(user: string): Session | undefined {
    return this.#directory.find(user)
  }

  peersOf(user: string): Peer<never>[] {
    return this.#directory.all(user).map((session) => this.peers.get(session.id)!)
  }

  /** Makes the calls of `sendTo`: each goes to whoever is meant by the name at that moment. */
  callerOf(user: string, { waitForPeerMs, ...options }: SendToOptions): Caller {
    const settings = this.settings.with(options)
    const waitMs = waitForPeerMs === undefined ? this.#waitForPeerMs : checkWait(waitForPeerMs)
    return {
      call: (method, args) => {
        const session = this.sessionOf(user)
        if (session !== undefined) return session.lane.call(method, args, settings)
        return waitMs === 0
          ? PendingCall.refused(notConnected(user))
          : this.calls.start(this.#absent.target(user, waitMs), method, args, settings)
      },
    }
  }

  notify(user: string, method: string, args: readonly unknown[]): boolean {
    const session = this.sessionOf(user)
    if (session !== undefined) return session.lane.notify(method, args, this.settings)
    this.counters.notifiesDropped++
    return false
  }

  /** A NOTIFY for all peers, encoded once. Throws `ArgumentError`. */
  broadcast(method: string, args: readonly unknown[]): Delivery {
    const message = encodeNotify(this.codec, method, args, this.settings)
    // What stands around calls stands around each of them, and may change what is sent.
    const { engaged } = this.calls.around
    let sent = 0
    let dropped = 0
    for (const { id, lane } of [...this.sessions]) {
      if (!this.peers.has(id)) continue
      const isSent =
        engaged && lane.takesMessage(message.length)
          ? lane.notify(method, args, this.settings)
          : lane.writeNotify(message)
      if (isSent) sent++
      else dropped++
    }
    return { sent, dropped }
  }

  // -- what becomes of sessions ------------------------------------------------------------------------------------------

  onReady(session: Session): void {
    if (this.draining) session.sendGoaway(DRAINING)
    this.#expiries.watch(session, expiryOf(session.connection.peer?.userMetadata))
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
    this.#enter(session)
    this.attend(session, () => this.peers.get(session.id)!)
  }

  onWelcome(): void {
    this.counters.ignored++
  }

  /** The peer is about to go: it is called no more, but for what is open there. When it goes is its own affair. */
  onGoaway(session: Session, lastId: number): void {
    session.leave()
    for (const call of session.lane.pending.values()) {
      if (!call.isBeyond(lastId)) continue
      const message = `${session.shown} is about to go`
      this.calls.reject(call, new RpcError('UNAVAILABLE', message, { executed: 'no' }))
    }
  }

  onIdle(): void {}

  reauthenticate(session: Session): boolean {
    return this.#expiries.ask(session)
  }

  onDrainBegin(): void {
    this.endpoints.stopDialling()
  }

  /**
   * Clients of ours leave when they are told and nothing of theirs is open; of others nothing is known. Who is in the middle of its handshake
   * has not been told yet, and may have sent calls behind it.
   */
  get isLeft(): boolean {
    for (const session of this.sessions)
      if (!session.wasReady || (session.open && session.isPseud)) return false
    return true
  }

  onDrain(): void {}

  onGone(session: Session, error: PseudError | undefined): void {
    this.#expiries.forget(session)
    this.#forgetLogin(session)
    if (error instanceof AuthenticationError) this.#turnedAway(session, error)
    this.#directory.leave(session)
    const peer = this.peers.get(session.id)
    if (peer === undefined) return
    this.peers.delete(session.id)
    this.emitter.emit('peergone', peer, error)
  }

  onEvent(event: TransportEvent): void {
    if (event.type === 'connect:retry') this.links.retry(event.address, event.error, event.interval ?? 0)
    if (event.type === 'accept:error') this.report(event.error, {})
    else if (event.type === 'close') this.endpoints.forgetListener(event.address)
  }

  onDialerGivenUp(endpoint: string, error: PseudError): void {
    this.report(error, { peer: endpoint })
  }

  onClose(): void {
    this.calls.rejectAll(this.#absent.queue, () => closedError('no'))
  }

  // -- logins: what comes behind the HELLO waits in the connection until it is judged --------------------------------------

  #awaitLogin(session: Session): void {
    session.admitted = false
    const { handshakeTimeoutMs } = this.options
    // A peer that connects and does not log in would hold its place for ever.
    const wait = new Alarm(() => {
      const message = `the peer was not logged in within ${handshakeTimeoutMs} ms`
      session.connection.destroy(new LinkError('HANDSHAKE_TIMEOUT', message))
    })
    this.#logins.set(session, wait)
    this.deadlines.add(wait, this.context.now(), handshakeTimeoutMs)
  }

  #judgeLogin(session: Session, { user = '', password = '' }: HelloInfo): void {
    const { connection } = session
    connection.pause()
    const peer = { address: hostOf(connection.remoteAddress), user: session.user }
    const { security } = this.options
    Promise.resolve()
      .then(() => security.authenticateLogin!({ user, password }, peer))
      .then(
        (identified) => {
          if (session.open) this.#expiries.watch(session, expiryIn(identified))
          this.#endLogin(session, userIn(identified, user))
        },
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
    this.peers.set(session.id, peer)
    this.#enter(session)
    this.links.ready(session)
    this.emitter.emit('peer', peer)
    this.attend(session, () => peer)
  }

  /** It can be called by its names from here on: what waited for them goes to it, and whom it replaces leaves. */
  #enter(session: Session): void {
    this.#directory.enter(session)
    const { user, claimedName } = session
    if (this.#replaces && user !== undefined) {
      for (const older of [...this.#directory.ofUser(user)]) if (older !== session) this.#replace(older)
    }
    for (const name of new Set([user, claimedName])) {
      if (name !== undefined && this.#directory.find(name) === session)
        session.takeOver(this.#absent.take(name))
    }
  }

  #replace(session: Session): void {
    const error = new LinkError('REPLACED', `${session.shown} has connected anew`)
    session.sendGoaway(REPLACED)
    session.close(LAST_WORD_MS, (call) => lostError(call, error))
    this.onGone(session, error)
  }
}

// For the GOAWAY of a peer that is turned away.
const LAST_WORD_MS = 1000
