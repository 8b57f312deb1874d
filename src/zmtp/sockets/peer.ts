/**
 * One peer of a socket, from the first connection to the last octet: the Receiver of its connections, the owner of its pipe. Where the
 * socket dialled, the peer outlives connections and its queue waits for the next one; where the socket was dialled, both end together.
 * Also the slow goodbye: what is queued is still sent, for as long as `linger` allows.
 */
import { copy, EMPTY } from '../../base/bytes.ts'
import { dateOf, type Timer } from '../../base/clock.ts'
import { LinkError, type PseudError } from '../../base/errors.ts'
import type { Lid } from '../../base/lid.ts'
import { type Losses, Pipe } from '../routing/pipe.ts'
import type { TransportContext } from '../transport/context.ts'
import type { Dialer } from '../transport/dialer.ts'
import type { Driver, Receiver } from '../transport/driver.ts'
import type { SocketPeer } from './counters.ts'
import { type EventPeer, type PeerEvent, strangerAt } from './events.ts'
import type { Operations } from './operations.ts'
import { CONFLATE, PROBE_ROUTER, RECEIVE_HIGH_WATER_MARK, SEND_HIGH_WATER_MARK } from './option-table.ts'
import type { OptionValues } from './options.ts'
import { OwnParts } from './own-parts.ts'
import type { Pattern } from './patterns/pattern.ts'
import { rememberSender } from './senders.ts'

/** What a peer needs of its socket. */
export interface PeerHost {
  readonly options: OptionValues
  readonly pattern: Pattern
  readonly operations: Operations
  readonly transport: TransportContext
  readonly losses: Losses
  /** `pipe` is about to be used. */
  onPipe(pipe: Pipe, peer: Peer): void
  /** `pipe` is not used any more; unread messages it brought may still be. */
  onPipeGone(pipe: Pipe): void
  /** Nothing will come of this peer any more. */
  onPeerGone(peer: Peer): void
  onEvent(event: PeerEvent): void
}

export class Peer implements Receiver {
  /** Called once, at the end. */
  onGone: (() => void) | undefined
  readonly local: boolean
  readonly #host: PeerHost
  /** Set where we dialled. */
  #dialer: Dialer | undefined
  /** The queue outlives connections. */
  #lasting = false
  #pipe: Pipe | undefined
  #driver: Driver | undefined
  /** At the other end of the connection of the moment, once its handshake is done. */
  #about: EventPeer | undefined
  #since = 0
  /** Boxes are opened where they lie: a chunk changes as it is read. */
  #sealed = false
  #leaving = false
  #lingerUntil = Number.POSITIVE_INFINITY
  #lingerTimer: Timer | undefined

  /** `local`: it is in this process. */
  constructor(host: PeerHost, local: boolean) {
    this.#host = host
    this.local = local
  }

  /** What `socket.peers` shows of it, whose pipe is `pipe`. */
  describe(pipe: Pipe): SocketPeer {
    const about = this.#about
    return {
      identity: pipe.routingId ?? about?.identity ?? EMPTY,
      socketType: about?.socketType ?? '',
      endpoint: this.#dialer?.endpoint ?? this.#driver?.endpoint ?? '',
      address: about?.address,
      ...(about?.userId !== undefined && { userId: about.userId }),
      since: about && dateOf(this.#since),
      sent: pipe.sent,
      received: pipe.received,
      dropped: pipe.dropped,
      queuedToSend: pipe.queued,
      queuedToReceive: pipe.inbound.length,
    }
  }

  /** Octets or messages have not left yet. What a handshake says does not count. */
  get unsent(): boolean {
    const driver = this.#driver
    return (this.#pipe?.queued ?? 0) > 0 || (driver?.peer !== undefined && driver.queuedBytes > 0)
  }

  /** There is a link, whose handshake begins, unless the pattern has no place for it. */
  linked(driver: Driver): void {
    this.#driver = driver
    const refusal = this.#leaving ? undefined : this.#host.pattern.refusal(this.#pipe)
    // Not here: the driver is still being made. It has read nothing by then, so that it has said no more than its greeting.
    if (refusal !== undefined) queueMicrotask(() => driver.destroy(refusal))
  }

  /** Dials. With `pipe`, messages may be queued from now on and survive the loss of a connection. */
  dial(dialer: Dialer, pipe: Pipe | undefined): void {
    this.#dialer = dialer
    if (pipe !== undefined) {
      this.#lasting = true
      this.#take(pipe)
      this.#probe(pipe)
    }
    dialer.start()
  }

  // -- the connection's side ---------------------------------------------------------------------------------------

  onReady(driver: Driver): void {
    const { pattern, operations } = this.#host
    const lasting = this.#pipe
    this.#sealed = driver.sealed
    if (this.#leaving) {
      lasting?.setOutlet(driver)
      this.#meet(driver, driver.peer?.identity ?? EMPTY)
      this.#leaveWhenSent()
      return
    }
    const pipe = lasting ?? newPipe(this.#host.options, this.#host.losses, this.#host.transport.buffered)
    if (lasting === undefined) this.#take(pipe)
    const identity = driver.peer?.identity ?? EMPTY
    const refusal = pattern.open(pipe, identity, driver.peer?.userId)
    this.#meet(driver, refusal === undefined ? (pipe.routingId ?? identity) : EMPTY)
    if (refusal !== undefined) {
      driver.destroy(refusal)
      return
    }
    pipe.setOutlet(driver)
    pattern.linked(pipe)
    if (lasting === undefined) this.#probe(pipe)
    if (pipe.drain()) pattern.rearm(pipe)
    operations.serve()
  }

  onPart(_driver: Driver, chunk: Buffer, start: number, end: number, more: boolean): void {
    const pipe = this.#pipe
    if (pipe === undefined) return
    if (this.#leaving) {
      if (!more) pipe.refuse()
      return
    }
    const settled = this.#sealed ? end : chunk.length
    const message = pipe.assemble(ownParts.take(chunk, start, end, settled), more)
    if (message === undefined) return
    if (this.#about?.userId !== undefined) rememberSender(message, this.#about)
    const { pattern, operations } = this.#host
    pattern.arrive(pipe, message)
    if (operations.receivesWaiting) operations.serve()
  }

  onCommand(_driver: Driver, name: string, chunk: Buffer, start: number, end: number): void {
    const pipe = this.#pipe
    if (pipe === undefined || this.#leaving) return
    this.#host.pattern.request(pipe, copy(chunk, start, end), name === 'SUBSCRIBE')
    this.#host.operations.serve()
  }

  onDrain(): void {
    const pipe = this.#pipe
    if (pipe === undefined) return
    if (this.#leaving) {
      this.#leaveWhenSent()
    } else if (pipe.drain()) {
      this.#host.pattern.rearm(pipe)
      this.#host.operations.serve()
    }
  }

  /** There is room to send again that others had taken. */
  onRoom(): void {
    const pipe = this.#pipe
    if (pipe === undefined || this.#leaving) return
    this.#host.pattern.rearm(pipe)
    this.#host.operations.serve()
  }

  onEnd(driver: Driver, error: PseudError | undefined): void {
    this.#driver = undefined
    this.#part(driver, error)
    const pipe = this.#pipe
    if (pipe !== undefined) {
      pipe.setOutlet(undefined)
      pipe.discardPartial()
      this.#host.pattern.lost(pipe)
    }
    // The loss may be news to receive, and the pipe, which would say so by its own end, may live on.
    if (this.#lasting) this.#host.operations.serve()
    if (this.#leaving) {
      // A peer that was being waited for may come back; one that had got everything need not.
      if (this.#dialer === undefined || !this.unsent) this.#gone()
    } else if (!this.#lasting) {
      this.#drop(false)
      if (this.#dialer === undefined) this.#gone()
    }
  }

  // -- the socket's side -------------------------------------------------------------------------------------------

  /** Ends the connection of the moment. */
  cut(error: PseudError): void {
    this.#driver?.destroy(error)
  }

  /** High-water marks have changed. */
  setLimits(): void {
    const pipe = this.#pipe
    if (pipe === undefined) return
    const { options, pattern } = this.#host
    pipe.setLimits(limit(options, SEND_HIGH_WATER_MARK), limit(options, RECEIVE_HIGH_WATER_MARK))
    pattern.rearm(pipe)
  }

  /** The dialer has given up for good: whatever was queued is lost. */
  giveUp(): void {
    this.#drop(false)
    this.#gone()
  }

  /** Takes leave: unread messages are dropped, unsent ones are sent if that takes no longer than `lingerMs` (-1: however long). */
  leave(lingerMs: number): void {
    if (this.#leaving) {
      this.#hurry(lingerMs)
      return
    }
    this.#leaving = true
    const pipe = this.#pipe
    if (pipe !== undefined) {
      this.#host.pattern.detach(pipe, true)
      if (lingerMs === 0) pipe.discardOutbound()
      this.#host.operations.serve()
    }
    if (lingerMs >= 0) this.#lingerUntil = this.#host.transport.clock.now() + lingerMs
    if (pipe === undefined || pipe.queued === 0) {
      this.#leaveWhenSent()
      return
    }
    if (lingerMs > 0) this.#lingerTimer = this.#host.transport.clock.setTimer(this.#onLingerOver, lingerMs)
    this.#leaveWhenSent()
  }

  /** Ends, and gives up what has not been sent. */
  abandon(): void {
    if (this.#leaving) this.#onLingerOver()
    else this.leave(0)
  }

  /** Asked to leave once more: the shorter time counts. */
  #hurry(lingerMs: number): void {
    const { clock } = this.#host.transport
    if (lingerMs < 0 || clock.now() + lingerMs >= this.#lingerUntil) return
    this.#lingerUntil = clock.now() + lingerMs
    this.#lingerTimer?.cancel()
    this.#lingerTimer = clock.setTimer(this.#onLingerOver, lingerMs)
  }

  readonly #onLingerOver = (): void => {
    this.#pipe?.discardOutbound()
    if (this.#driver === undefined) this.#gone()
    else this.#driver.destroy()
  }

  #leaveWhenSent(): void {
    const pipe = this.#pipe
    pipe?.drain()
    if ((pipe?.queued ?? 0) > 0) return
    this.#lingerTimer?.cancel()
    this.#dialer?.close()
    const driver = this.#driver
    if (driver === undefined) {
      this.#gone()
    } else if (driver.peer === undefined) {
      driver.destroy()
    } else {
      driver.end(Math.max(0, this.#lingerUntil - this.#host.transport.clock.now()))
    }
  }

  // -- inside ------------------------------------------------------------------------------------------------------

  #meet(driver: Driver, identity: Buffer): void {
    const { socketType = '', properties = new Map(), userId, userMetadata = new Map() } = driver.peer ?? {}
    this.#about = {
      identity,
      socketType,
      address: driver.remoteAddress,
      properties,
      ...(userId !== undefined && { userId }),
      ...(userId !== undefined && userMetadata !== undefined && { userMetadata }),
    }
    this.#since = driver.now()
    if (shakesHands(driver)) {
      this.#host.onEvent({ type: 'handshake', address: driver.endpoint, peer: this.#about })
    }
  }

  #part(driver: Driver, error: PseudError | undefined): void {
    const about = this.#about
    this.#about = undefined
    if (driver.endedHere) return
    const event = {
      address: driver.endpoint,
      peer: about ?? strangerAt(driver.remoteAddress),
      ...(error && { error }),
    }
    // Without ZMTP no handshake is ever done, and libzmq reports that as if it had failed.
    if (about === undefined || !shakesHands(driver)) {
      const lost = error ?? new LinkError('PEER_CLOSED', 'the peer closed the connection')
      this.#host.onEvent({ type: 'handshake:error', ...event, error: lost })
    }
    this.#host.onEvent({ type: 'disconnect', ...event, unconfirmed: driver.unconfirmed })
  }

  #take(pipe: Pipe): void {
    this.#pipe = pipe
    pipe.owner = this
    this.#host.onPipe(pipe, this)
    this.#host.pattern.attach(pipe)
  }

  #probe(pipe: Pipe): void {
    if (this.#host.options.flag(PROBE_ROUTER)) pipe.sendOne(EMPTY)
  }

  #drop(discard: boolean): void {
    const pipe = this.#pipe
    if (pipe === undefined) return
    this.#pipe = undefined
    pipe.owner = undefined
    pipe.discardOutbound()
    this.#host.pattern.detach(pipe, discard)
    this.#host.onPipeGone(pipe)
    // Its going may be news to receive, or all that a send waited for.
    this.#host.operations.serve()
  }

  #gone(): void {
    this.#pipe?.discardOutbound()
    if (this.#pipe !== undefined) this.#host.onPipeGone(this.#pipe)
    this.#dialer?.close()
    this.#lingerTimer?.cancel()
    this.onGone?.()
    this.#host.onPeerGone(this)
  }
}

// For all peers: chunks are read one after the other, and the last one stays alive by it.
const ownParts = new OwnParts()

/** Whether ZMTP is spoken. */
function shakesHands(driver: Driver): boolean {
  return driver.peer?.major !== 0
}

/** A pipe as the options of the moment want it. */
export function newPipe(options: OptionValues, losses: Losses, lid: Lid): Pipe {
  const send = limit(options, SEND_HIGH_WATER_MARK)
  const pipe = new Pipe(send, limit(options, RECEIVE_HIGH_WATER_MARK), losses, lid)
  pipe.conflate = options.flag(CONFLATE)
  return pipe
}

function limit(options: OptionValues, id: number): number {
  const messages = options.number(id)
  return messages === 0 ? Number.POSITIVE_INFINITY : messages
}
