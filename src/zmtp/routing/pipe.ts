/**
 * A pipe: the two bounded queues between a socket and one peer. It outlives connections where the socket dialled, so it may be
 * without one; then messages wait. Knows nothing of sockets, endpoints or bytes on the wire.
 *
 * Bounds count whole messages (high-water marks). A queue that was full takes messages again only when half of it has gone (low-water
 * mark), so that two sides do not wake each other for every single message. What all pipes of a context hold together is bounded in octets (base/lid.ts).
 */
import { type Broadcast, Kept } from '../../base/broadcast.ts'
import { copy, EMPTY } from '../../base/bytes.ts'
import { Fifo } from '../../base/fifo.ts'
import { Lid, PART_COST, type Waiting } from '../../base/lid.ts'

/** All parts of a message, in order; at least one. */
export type Message = Buffer[]

/** The live connection of a pipe: what of a Driver it needs. */
export interface Outlet {
  /** Enough is under way: hold messages back. */
  readonly congested: boolean
  sendPart(body: Buffer, more: boolean): void
  /** All parts of a message. */
  broadcast(message: Broadcast): void
  /** The version of ZMTP that the peer speaks. */
  readonly peer: { readonly major: number; readonly minor: number } | undefined
  sendCommand(name: string, data: Buffer): void
  /** Stop and continue to read from the peer. `resume` may deliver messages before it returns. */
  pause(): void
  resume(): void
}

/** How many messages a socket has thrown away: kept beside its pipes, because what they have brought may outlive them. */
export class Losses {
  count = 0
}

export class Pipe implements Waiting {
  /** The connection, from the end of the handshake to its loss. */
  outlet: Outlet | undefined
  /** Whom it tells that it takes messages again, other than by `drain`. */
  owner: Waiting | undefined
  /** Who the peer is to a ROUTER: the first part of each message that arrives. Set by `Identities`. */
  routingId: Buffer | undefined
  /** Whether `routingId` was made up, because the peer announced none. */
  generated = false
  /** No message may be queued until the low-water mark is reached. */
  full = false
  /** Only the newest message is kept, either way; the high-water marks do not count then. */
  conflate = false
  /** Position in the LoadBalancer; -1 outside of it. */
  slot = -1
  /** Waits in the FairQueue for its turn. */
  inTurn = false
  /** The message of the Distributor that it was last chosen for. */
  round = 0

  readonly inbound: Fifo<Message> = new Fifo()
  /** Messages handed to a connection, messages that arrived. */
  sent = 0
  received = 0
  #dropped = 0

  readonly #losses: Losses
  readonly #lid: Lid
  readonly #outbound: Fifo<Buffer | Message | Kept> = new Fifo()
  #partial: Message | undefined
  #sendLimit: number
  #receiveLimit: number
  #paused = false

  /** Both limits in messages; `Infinity` for no bound. `losses` counts what is dropped, too, `lid` what is held. */
  constructor(sendLimit: number, receiveLimit: number, losses: Losses = new Losses(), lid: Lid = NO_LID) {
    this.#losses = losses
    this.#lid = lid
    this.#sendLimit = sendLimit
    this.#receiveLimit = receiveLimit
  }

  /** Messages waiting to be sent. */
  get queued(): number {
    return this.#outbound.length
  }

  /** Messages thrown away. */
  get dropped(): number {
    return this.#dropped
  }

  /** Counts messages to or from this peer that are thrown away. */
  drop(messages = 1): void {
    this.#dropped += messages
    this.#losses.count += messages
  }

  /** Changes the bounds. What is queued already stays. */
  setLimits(sendLimit: number, receiveLimit: number): void {
    this.#sendLimit = sendLimit
    this.#receiveLimit = receiveLimit
    this.full = !this.conflate && this.#outbound.length >= sendLimit
    if (this.#paused && this.inbound.length < receiveLimit) this.#resume()
  }

  // -- outgoing ----------------------------------------------------------------------------------------------------

  /** Sends or queues a message of one part. The caller has looked at `full`. */
  sendOne(body: Buffer): void {
    const outlet = this.outlet
    if (outlet !== undefined && !outlet.congested && this.#outbound.length === 0) {
      outlet.sendPart(body, false)
      this.sent++
    } else {
      this.#queue(keep(body))
    }
  }

  /** Sends or queues `head` and then `parts` from index `from` on, as one message. The caller has looked at `full`. */
  send(parts: readonly Buffer[], from = 0, head: readonly Buffer[] = NO_PARTS): void {
    const outlet = this.outlet
    if (outlet !== undefined && !outlet.congested && this.#outbound.length === 0) {
      for (const part of head) outlet.sendPart(part, true)
      const last = parts.length - 1
      for (let i = from; i < last; i++) outlet.sendPart(parts[i]!, true)
      outlet.sendPart(parts[last]!, false)
      this.sent++
      return
    }
    const message = head.map(keep)
    for (let i = from; i < parts.length; i++) message.push(keep(parts[i]!))
    this.#queue(message)
  }

  /** Sends or queues a message that goes to other pipes, too. The caller has looked at `full`. */
  broadcast(message: Broadcast): void {
    const outlet = this.outlet
    if (outlet !== undefined && !outlet.congested && this.#outbound.length === 0) {
      outlet.broadcast(message)
      this.sent++
      return
    }
    const { parts } = message
    message.kept ??= new Kept(parts.length === 1 ? keep(parts[0]!) : parts.map(keep))
    this.#queue(message.kept)
  }

  /**
   * Tells the peer that `topic` is wanted, or no longer, if there is a connection. It goes ahead of queued messages and is not bounded:
   * a subscription that is lost is not seen to be. A command since ZMTP 3.1, before that a message (RFC 29).
   */
  sendSubscription(topic: Buffer, wanted: boolean): void {
    const outlet = this.outlet
    if (outlet === undefined) return
    const { major, minor } = outlet.peer ?? OLDEST
    if (major > 3 || minor > 0) outlet.sendCommand(wanted ? 'SUBSCRIBE' : 'CANCEL', topic)
    else outlet.sendPart(Buffer.concat([wanted ? WANTED : UNWANTED, topic]), false)
  }

  /** Hands queued messages to the connection while it takes them. `true` when a full queue takes messages again. */
  drain(): boolean {
    const outbound = this.#outbound
    const outlet = this.outlet
    while (outlet !== undefined && !outlet.congested && outbound.length > 0) {
      const queued = outbound.shift()!
      this.#lid.release(leaves(queued))
      const message = queued instanceof Kept ? queued.message : queued
      if (Array.isArray(message)) {
        const last = message.length - 1
        for (let i = 0; i < last; i++) outlet.sendPart(message[i]!, true)
        outlet.sendPart(message[last]!, false)
      } else {
        outlet.sendPart(message, false)
      }
      this.sent++
    }
    if (!this.full || outbound.length > lowWater(this.#sendLimit)) return false
    this.full = false
    return true
  }

  /** Throws away what waits to be sent. */
  discardOutbound(): void {
    this.drop(this.#outbound.length)
    for (const queued of this.#outbound) this.#lid.release(leaves(queued))
    this.#outbound.clear()
    this.#lid.forget(this)
    this.full = false
  }

  /** There is room in all again. */
  onRoom(): void {
    this.full = !this.conflate && this.#outbound.length >= this.#sendLimit
    if (!this.full) this.owner?.onRoom()
  }

  #queue(message: Buffer | Message | Kept): void {
    if (this.conflate) this.discardOutbound()
    const lid = this.#lid
    this.#outbound.push(message)
    lid.outgoing += enters(message)
    if (this.conflate) return
    if (this.#outbound.length >= this.#sendLimit) {
      this.full = true
    } else if (lid.crowdedOut) {
      this.full = true
      lid.await(this)
    }
  }

  // -- incoming ----------------------------------------------------------------------------------------------------

  /** Takes one part that arrived, as an own buffer. Returns the message when it is whole, with `routingId` in front if there is one. */
  assemble(body: Buffer, more: boolean): Message | undefined {
    let message = this.#partial
    if (message === undefined) {
      message = this.routingId === undefined ? [body] : [this.routingId, body]
      if (!more) return message
      this.#partial = message
      return undefined
    }
    message.push(body)
    if (more) return undefined
    this.#partial = undefined
    return message
  }

  /** Forgets a message whose rest will never come. */
  discardPartial(): void {
    if (this.#partial !== undefined) this.drop()
    this.#partial = undefined
  }

  /** Queues a whole message for the socket, and stops reading from the peer when that makes the queue full: of `limit` messages. */
  arrive(message: Message, limit: number = this.#receiveLimit): void {
    this.received++
    if (this.conflate) this.discardInbound()
    this.inbound.push(message)
    const lid = this.#lid
    lid.incoming += sizeOf(message)
    if ((this.inbound.length >= limit || lid.crowdedIn) && !this.#paused && !this.conflate) {
      this.#paused = true
      this.outlet?.pause()
    }
  }

  /** A whole message came that nobody is to have. */
  refuse(): void {
    this.received++
    this.drop()
  }

  /** `arrive` for a message that another pipe has counted. */
  adopt(message: Message): void {
    this.received--
    this.#lid.incoming -= sizeOf(message)
    this.arrive(message)
  }

  /** Takes the oldest message, and reads on from the peer once half of a full queue has gone. */
  take(): Message | undefined {
    const message = this.inbound.shift()
    if (message !== undefined) this.#lid.incoming -= sizeOf(message)
    if (this.#paused && this.inbound.length <= lowWater(this.#receiveLimit)) this.#resume()
    return message
  }

  /** `take`, `count` times: so many are there. */
  takeInto(batch: Message[], count: number): void {
    const { inbound } = this
    let bytes = 0
    for (let i = 0; i < count; i++) {
      const message = inbound.shift()!
      bytes += sizeOf(message)
      batch.push(message)
    }
    this.#lid.incoming -= bytes
    if (this.#paused && inbound.length <= lowWater(this.#receiveLimit)) this.#resume()
  }

  /** Throws away what the socket has not read. */
  discardInbound(): void {
    this.drop(this.inbound.length)
    for (const message of this.inbound) this.#lid.incoming -= sizeOf(message)
    this.inbound.clear()
  }

  /** A new connection, which reads; or the loss of one. */
  setOutlet(outlet: Outlet | undefined): void {
    this.outlet = outlet
    if (outlet !== undefined && this.#paused) outlet.pause()
  }

  #resume(): void {
    this.#paused = false
    this.outlet?.resume()
  }
}

/** What may remain of a full queue of `limit` messages when it takes messages again: libzmq's LWM is (HWM + 1) / 2. */
function lowWater(limit: number): number {
  return limit === Number.POSITIVE_INFINITY ? limit : limit - ((limit + 1) >> 1)
}

/** What a message holds, in octets. */
function sizeOf(message: Message): number {
  if (message.length === 1) return message[0]!.length + PART_COST
  let size = message.length * PART_COST
  for (let i = 0; i < message.length; i++) size += message[i]!.length
  return size
}

/** What a queue holds more with `message`. What others hold as well counts once. */
function enters(message: Buffer | Message | Kept): number {
  if (message instanceof Kept) return message.holders++ === 0 ? sizeOfQueued(message.message) : PART_COST
  return sizeOfQueued(message)
}

/** What is held no more when a queue has let go of `message`. */
function leaves(message: Buffer | Message | Kept): number {
  if (message instanceof Kept) return --message.holders === 0 ? sizeOfQueued(message.message) : PART_COST
  return sizeOfQueued(message)
}

function sizeOfQueued(message: Buffer | Message): number {
  return Array.isArray(message) ? sizeOf(message) : message.length + PART_COST
}

const NO_LID = new Lid(Number.POSITIVE_INFINITY)

// Parts up to this size are copied when they have to wait; larger ones are the socket's until they are sent. Same bound, and same
// contract with the user, as in the native package.
const KEPT_BY_COPY = 128

/** `body` as it may be kept after the call that brought it. */
export function keep(body: Buffer): Buffer {
  return body.length > KEPT_BY_COPY || body.length === 0 ? body : copy(body, 0, body.length)
}

const NO_PARTS: readonly Buffer[] = []

/** What stands in front of a request that came from its asker directly, and of its reply. */
export const DELIMITER: readonly Buffer[] = [EMPTY]

/** The parts of `message` from `at` on: mostly one. */
export function behind(message: Message, at: number): Message {
  return message.length === at + 1 ? [message[at]!] : message.slice(at)
}

const OLDEST = { major: 3, minor: 0 }

/** The first octet of a message that subscribes, and of one that cancels. */
export const WANTED: Buffer = Buffer.from([1])
export const UNWANTED: Buffer = Buffer.from([0])
