/**
 * A connection with a peer of protocol 1, as its session sees it: one that speaks protocol 2. Stands between the Driver and the Session, as the
 * Receiver of the one and the Connection of the other, and has each message translated (incoming.ts, outgoing.ts), so that calls, limits, names,
 * logins and endings are the same code for both protocols. decisions/0027 says why it is done so.
 */
import { EMPTY } from '../../base/bytes.ts'
import type { Random } from '../../base/clock.ts'
import { Alarm, type Deadlines } from '../../base/deadlines.ts'
import { LinkError, ProtocolError, type PseudError } from '../../base/errors.ts'
import { Mark, Slab } from '../../base/slab.ts'
import type { Reader } from '../../codec/messages.ts'
import type { Driver, PeerInfo, Receiver } from '../../zmtp/connections.ts'
import { PSEUD_PROPERTY, PSEUD_VALUE } from '../session/envelope.ts'
import type { Connection } from '../session/lane-owner.ts'
import { Session } from '../session/session.ts'
import type { SessionOwner } from '../session/session-owner.ts'
import { errorOf } from './bodies.ts'
import { type IncomingSide, read } from './incoming.ts'
import { type OutgoingSide, write } from './outgoing.ts'
import { Frames, HEARTBEAT, MESSAGE, Questions, Uuids, writeMessage } from './wire.ts'

export interface TranslatorOptions {
  /** Shared by the links of a participant: nothing is read from it across calls of user code. */
  readonly reader: Reader
  readonly deadlines: Deadlines
  readonly now: () => number
  readonly random: Random
  /** A client probes, says HEARTBEAT, and logs in. */
  readonly isClient: boolean
  /** A client that has a login to show. */
  readonly hasLogin: boolean
  /** Between HEARTBEATs of a client; 0: none. */
  readonly heartbeatIntervalMs: number
  /** How long a client waits for the answer to its HELLO. */
  readonly handshakeTimeoutMs: number
}

export class Translator implements Connection, Receiver, IncomingSide, OutgoingSide {
  readonly session: Session
  readonly uuids: Uuids
  readonly questions: Questions = new Questions()
  readonly reader: Reader
  readonly isClient: boolean
  /** At a server: the uuid of the HELLO that is being judged. */
  hello: Buffer | undefined = undefined
  /** At a server: the login was refused. What else the peer says is answered so, and never judged. */
  refused = false
  readonly #driver: Driver
  readonly #owner: SessionOwner<Session>
  readonly #options: TranslatorOptions
  readonly #frames = new Frames()
  readonly #slab = new Slab()
  readonly #mark = new Mark()
  #peer: PeerInfo | undefined
  #loggingIn = false
  readonly #beat = new Alarm(() => this.#sendHeartbeat())
  // Of a client whose HELLO is not answered; of a server that has refused one, and hears the rest.
  #patience: Alarm | undefined

  constructor(owner: SessionOwner<Session>, driver: Driver, options: TranslatorOptions) {
    this.#owner = owner
    this.#driver = driver
    this.#options = options
    this.reader = options.reader
    this.isClient = options.isClient
    this.uuids = new Uuids(options.random)
    this.session = new Session(owner, this)
  }

  // -- the driver's side (Receiver) ----------------------------------------------------------------------------------------

  onReady(driver: Driver): void {
    const { hasLogin, heartbeatIntervalMs } = this.#options
    const peer = driver.peer!
    this.#peer = {
      ...peer,
      // Its READY says nothing of what is spoken here. Who shows a login waits for its WELCOME, as among our own.
      properties: new Map(this.isClient && hasLogin ? [[PSEUD_PROPERTY, PSEUD_VALUE]] : []),
      // There is no PONG that could be waited for, whatever its ZMTP.
      minor: Math.max(1, peer.minor),
    }
    if (driver.outgoing) driver.sendPart(EMPTY, false)
    this.session.onReady(driver)
    if (this.isClient && heartbeatIntervalMs > 0 && this.session.open)
      this.#arm(this.#beat, heartbeatIntervalMs)
  }

  onPart(_driver: Driver, chunk: Buffer, start: number, end: number, more: boolean): void {
    if (!this.session.open) return
    try {
      const isMessage = this.#frames.take(chunk, start, end, more) === MESSAGE
      if (isMessage) read(this, this.#frames, { bytes: chunk, start, end })
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#owner.counters.protocolErrors++
      this.#driver.destroy(error)
    }
  }

  onCommand(): void {}

  onDrain(): void {
    if (!this.#loggingIn) this.session.onDrain()
  }

  onEnd(driver: Driver, error: PseudError | undefined): void {
    this.#options.deadlines.remove(this.#beat)
    this.#stopWaiting()
    this.questions.clear()
    this.session.onEnd(driver, error)
  }

  // -- the session's side (Connection) -------------------------------------------------------------------------------------

  get peer(): PeerInfo | undefined {
    return this.#peer
  }

  /** Nothing goes out before the login is accepted: until then calls wait where they can still be taken back. */
  get congested(): boolean {
    return this.#loggingIn || this.#driver.congested
  }

  get queuedBytes(): number {
    return this.#driver.queuedBytes
  }

  get lastHeard(): number {
    return this.#driver.lastHeard
  }

  get rttMs(): number | undefined {
    return this.#driver.rttMs
  }

  get ready(): boolean {
    return this.#driver.ready
  }

  get succeeded(): boolean {
    return this.#driver.succeeded
  }

  set succeeded(succeeded: boolean) {
    this.#driver.succeeded = succeeded
  }

  get endpoint(): string {
    return this.#driver.endpoint
  }

  get remoteAddress(): string {
    return this.#driver.remoteAddress
  }

  /** A whole message. The frames in front of one are protocol 1's own affair. */
  sendPart(body: Buffer, more: boolean): void {
    if (!more) write(this, body)
  }

  beginPart(): Slab {
    this.#slab.save(this.#mark)
    return this.#slab
  }

  endPart(): void {
    const octets = this.#slab.gather(this.#mark)
    this.#slab.rollback(this.#mark)
    write(this, octets)
  }

  flush(): void {
    this.#driver.flush()
  }

  abandonPart(): void {
    this.#slab.rollback(this.#mark)
  }

  pause(): void {
    this.#driver.pause()
  }

  resume(): void {
    this.#driver.resume()
  }

  /** Python's clients repeat a HELLO that was refused, and give up at the second refusal: a connection that is gone would leave them waiting. */
  end(lingerMs: number): void {
    if (!this.refused || this.#patience !== undefined) {
      this.#driver.end(lingerMs)
      return
    }
    this.#patience = new Alarm(() => this.#driver.end(lingerMs))
    this.#arm(this.#patience, lingerMs)
    this.#driver.resume()
  }

  destroy(error?: PseudError): void {
    this.#driver.destroy(error)
  }

  // -- what the translation asks for (IncomingSide, OutgoingSide) ----------------------------------------------------------

  feed(message: Buffer): void {
    // A REQ's session wants the delimiter that a message of protocol 2 from there would have.
    if (this.#peer!.socketType === 'REQ') this.session.onPart(this.#driver, EMPTY, 0, 0, true)
    this.session.onPart(this.#driver, message, 0, message.length, false)
  }

  feedValue(message: readonly unknown[]): void {
    this.feed(this.session.codec.encode(message))
  }

  feedError(id: number, map: unknown): void {
    this.feed(errorOf(this.session.codec, id, map))
  }

  write(uuid: Buffer, type: number, body: Buffer): void {
    writeMessage(this.#driver, uuid, type, body)
  }

  reply(uuid: Buffer, type: number, body: Buffer): void {
    this.write(uuid, type, body)
    // It knows nothing of this message, but the peer may be too slow for it.
    this.session.onWritten()
  }

  ignore(): void {
    this.#owner.counters.ignored++
  }

  late(): void {
    this.#owner.counters.late++
  }

  refuse(): void {
    this.#owner.counters.refused++
  }

  afterwards(action: () => void): void {
    queueMicrotask(() => {
      if (this.session.open) action()
    })
  }

  awaitLogin(): void {
    const { handshakeTimeoutMs } = this.#options
    this.#loggingIn = true
    this.#patience = new Alarm(() => {
      const why = `the login was not answered within ${handshakeTimeoutMs} ms`
      this.destroy(new LinkError('HANDSHAKE_TIMEOUT', why))
    })
    this.#arm(this.#patience, handshakeTimeoutMs)
  }

  endLogin(): boolean {
    const awaited = this.#loggingIn
    this.#loggingIn = false
    if (awaited) this.#stopWaiting()
    return awaited
  }

  // -- inside --------------------------------------------------------------------------------------------------------------

  #sendHeartbeat(): void {
    if (!this.session.open) return
    if (!this.congested) this.reply(EMPTY, HEARTBEAT, EMPTY)
    this.#arm(this.#beat, this.#options.heartbeatIntervalMs)
  }

  #arm(alarm: Alarm, delayMs: number): void {
    this.#options.deadlines.add(alarm, this.#options.now(), delayMs)
  }

  #stopWaiting(): void {
    if (this.#patience !== undefined) this.#options.deadlines.remove(this.#patience)
    this.#patience = undefined
  }
}
