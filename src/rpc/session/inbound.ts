/**
 * Messages as they come in: each is read once, in the order of envelope.ts, and does what it says: settles a call, runs a function,
 * greets. Throws CodecError or ProtocolError for a message that is none; the session then ends.
 */

import { ProtocolError } from '../../base/errors.ts'
import type { Codec, Reader, ReceivedShapes } from '../../codec/messages.ts'
import type { Call } from '../calls/call.ts'
import type { Calls } from '../calls/calls.ts'
import { RpcError } from '../errors/errors.ts'
import { answered, isGoingAway } from '../errors/remote-error.ts'
import type { Counters } from '../participants/counters.ts'
import { quote } from '../registry/names.ts'
import type { Dispatcher } from '../serving/dispatcher.ts'
import { CUT_OFF } from '../serving/incoming.ts'
import { isTrackId } from '../streams/tracked.ts'
import {
  CALL,
  CANCEL,
  CREDIT,
  END,
  ERROR,
  GOAWAY,
  HELLO,
  ITEM,
  NOTIFY,
  PING,
  PONG,
  RESULT,
  WELCOME,
  writeKind,
} from './envelope.ts'
import type { SessionLane } from './lane.ts'

/** What a peer says of itself in HELLO or WELCOME, beside the version. */
export interface HelloInfo {
  readonly id?: string
  readonly name?: string
  readonly maxMessageSize?: number
  /** How many shapes of objects it takes. */
  readonly shapes?: number
  /** A login, where the channel is encrypted. */
  readonly user?: string
  readonly password?: string
}

/** The session that a message came to. */
export interface MessageOwner {
  readonly lane: SessionLane
  readonly connection: { readonly congested: boolean }
  /** Anything but HELLO may be said. */
  readonly admitted: boolean
  /** HELLO or WELCOME has come. */
  readonly greeted: boolean
  /** What calls, results and items may refer to, and add to. */
  readonly receivedShapes: ReceivedShapes | undefined
  /** The highest id of a call that came by its own lane. */
  lastCallId: number
  /** The peer is about to go, and gets no further calls. */
  readonly leaving: boolean
  handleHello(info: HelloInfo): void
  handleWelcome(info: HelloInfo): void
  handleGoaway(lastId: number, reason: unknown): void
  handlePong(token: unknown): void
}

export interface InboundOptions {
  readonly codec: Codec
  readonly reader: Reader
  readonly calls: Calls
  readonly dispatcher: Dispatcher
  readonly counters: Counters
}

// How often a call may come back from one proxy because the server behind it is about to go.
const REFUSALS_MAX = 3
// What a PING brings is sent back: enough for an id or a time.
const TOKEN_MAX = 64
const NAME_LENGTH_MAX = 256
const INSTANCE_LENGTH_MAX = 64
// As much as a ZMTP handshake may say: what a stranger sends beyond it is not decoded.
const LOGIN_SIZE_MAX = 8192

export class Inbound {
  readonly #codec: Codec
  readonly #reader: Reader
  readonly #calls: Calls
  readonly #dispatcher: Dispatcher
  readonly #counters: Counters

  constructor(options: InboundOptions) {
    this.#codec = options.codec
    this.#reader = options.reader
    this.#calls = options.calls
    this.#dispatcher = options.dispatcher
    this.#counters = options.counters
  }

  /** The message is the octets `chunk[start, end)`. */
  handle(owner: MessageOwner, lane: SessionLane, chunk: Buffer, start: number, end: number): void {
    const reader = this.#reader
    reader.reset(chunk, start, end)
    const count = reader.readArrayHeader()
    const kind = reader.readUint()
    if (!owner.admitted) checkLogin(kind, end - start)
    switch (kind) {
      case CALL:
        this.#handleCall(owner, lane, count)
        break
      case RESULT:
        this.#handleResult(owner, lane, count)
        break
      case ERROR:
        this.#handleError(owner, lane, count)
        break
      case CANCEL:
        this.#handleCancel(lane, count)
        break
      case NOTIFY:
        reader.useShapes(owner.receivedShapes)
        this.#dispatcher.handleNotify(lane, count)
        break
      case HELLO:
      case WELCOME:
        this.#handleInfo(owner, lane, kind, count)
        break
      case GOAWAY:
        this.#handleGoaway(owner, lane, count)
        break
      case PING:
        this.#handlePing(owner, lane, count)
        break
      case ITEM:
        this.#handleItem(owner, lane, count, end - start)
        break
      case END:
        this.#handleEnd(lane, count)
        break
      case CREDIT:
        this.#handleCredit(lane, count)
        break
      case PONG:
        this.#handlePong(owner, lane, count)
        break
      default:
        this.#counters.ignored++
    }
  }

  /** [0, id, method, args, meta?] */
  #handleCall(owner: MessageOwner, lane: SessionLane, count: number): void {
    needElements(count, 2)
    const id = this.#reader.readUint()
    // Behind a proxy each route has ids of its own, and nobody there is told this number.
    if (id > owner.lastCallId && lane === owner.lane) owner.lastCallId = id
    this.#reader.useShapes(owner.receivedShapes)
    this.#dispatcher.handleCall(lane, id, count)
  }

  /** [1, id, value] */
  #handleResult(owner: MessageOwner, lane: SessionLane, count: number): void {
    needElements(count, 3)
    const reader = this.#reader
    const call = lane.pending.get(reader.readUint())
    reader.useShapes(owner.receivedShapes)
    if (call === undefined) {
      this.#counters.late++
      reader.relearn()
      return
    }
    let value: unknown
    try {
      value = reader.readValue()
    } catch (error) {
      this.#calls.reject(call, unreadable(call, error))
      reader.relearn()
      return
    }
    this.#expectEnd(count - 3)
    this.#calls.resolve(call, value)
  }

  /** [4, id, item, trackId?], of `size` octets. */
  #handleItem(owner: MessageOwner, lane: SessionLane, count: number, size: number): void {
    needElements(count, 3)
    const reader = this.#reader
    const id = reader.readUint()
    const call = lane.pending.get(id)
    reader.useShapes(owner.receivedShapes)
    if (call === undefined) {
      this.#handleStray(lane, id)
      reader.relearn()
      return
    }
    let item: unknown
    let trackId: unknown
    try {
      item = reader.readValue()
      if (count > 3) trackId = reader.readValue()
    } catch (error) {
      this.#calls.reject(call, unreadable(call, error))
      lane.sendCancel(id)
      reader.relearn()
      return
    }
    this.#expectEnd(Math.max(0, count - 4))
    if (!this.#calls.receive(call, item, size, isTrackId(trackId) ? trackId : undefined)) {
      throw new ProtocolError('PROTOCOL', `${quote(call.method)} sends more items than it was granted`)
    }
  }

  /** [5, id] */
  #handleEnd(lane: SessionLane, count: number): void {
    needElements(count, 2)
    const id = this.#reader.readUint()
    this.#expectEnd(count - 2)
    const call = lane.pending.get(id)
    if (call === undefined) this.#handleStray(lane, id)
    else this.#calls.end(call)
  }

  /** ITEM or END of no open call. Late ones are no fault; those with the id of the peer's own call, and none of ours, are. */
  #handleStray(lane: SessionLane, id: number): void {
    if (lane.running.has(id) && !this.#calls.hasMade(id)) {
      throw new ProtocolError('PROTOCOL', `the items of call ${id} come from its caller`)
    }
    this.#counters.late++
  }

  /** [6, id, n, taken?] */
  #handleCredit(lane: SessionLane, count: number): void {
    needElements(count, 3)
    const outflow = lane.running.get(this.#reader.readUint())?.outflow
    const granted = this.#reader.readUint()
    const taken = count > 3 ? this.#reader.readUint() : granted
    this.#expectEnd(Math.max(0, count - 4))
    if (outflow === undefined) this.#counters.ignored++
    else outflow.grant(granted, taken)
  }

  /** [2, id, error] */
  #handleError(owner: MessageOwner, lane: SessionLane, count: number): void {
    needElements(count, 3)
    const reader = this.#reader
    const call = lane.pending.get(reader.readUint())
    if (call === undefined) {
      this.#counters.late++
      return
    }
    let error: Error | undefined
    let refused = false
    try {
      const map = reader.readValue()
      refused = isGoingAway(map)
      error = answered(map, call.method, lane.shown, call.past?.started === true)
    } catch (cause) {
      this.#calls.reject(call, unreadable(call, cause))
      return
    }
    this.#expectEnd(count - 3)
    if (refused && this.#sendElsewhere(owner, call)) return
    // Cut off by who goes away is as good as lost: where it can be gone on with, it is.
    if (
      error !== undefined &&
      call.stream?.begun === true &&
      (error as { code?: unknown }).code === CUT_OFF
    ) {
      this.#calls.lose([call], () => error)
      return
    }
    this.#calls.reject(call, error ?? unreadable(call, undefined))
  }

  /** Its callee has not begun it, and is about to go: another may take it. */
  #sendElsewhere(owner: MessageOwner, call: Call): boolean {
    // A session that stays is one with a proxy: another server sits behind it, or none, which would go on for ever.
    const refusals = owner.leaving ? 0 : (call.past?.refusals ?? 0) + 1
    if (refusals > REFUSALS_MAX || this.#calls.resend([call], false).length > 0) return false
    if (call.past !== undefined) call.past.refusals = refusals
    return true
  }

  /** [3, id, reason?] */
  #handleCancel(lane: SessionLane, count: number): void {
    needElements(count, 2)
    const id = this.#reader.readUint()
    this.#expectEnd(count - 2)
    this.#dispatcher.handleCancel(lane, id)
  }

  /** [8, info] and [9, info] */
  #handleInfo(
    owner: MessageOwner,
    lane: SessionLane,
    kind: typeof HELLO | typeof WELCOME,
    count: number,
  ): void {
    needElements(count, 2)
    const value = this.#reader.readValue()
    this.#expectEnd(count - 2)
    if (typeof value !== 'object' || value === null) {
      throw new ProtocolError('PROTOCOL', 'HELLO and WELCOME hold a map')
    }
    // Who sits behind a proxy cannot introduce itself: the connection is the proxy's.
    if (lane !== owner.lane || owner.greeted) this.#counters.ignored++
    else if (kind === HELLO) owner.handleHello(helloInfo(value))
    else owner.handleWelcome(helloInfo(value))
  }

  /** [10, lastId, reason] */
  #handleGoaway(owner: MessageOwner, lane: SessionLane, count: number): void {
    needElements(count, 2)
    const lastId = this.#reader.readUint()
    const reason = count > 2 ? this.#reader.readValue() : undefined
    this.#expectEnd(Math.max(0, count - 3))
    // Nor can one behind a proxy speak for all of them.
    if (lane === owner.lane) owner.handleGoaway(lastId, reason)
    else this.#counters.ignored++
  }

  /** [11, token?]: the token comes back in [12, token?]. */
  #handlePing(owner: MessageOwner, lane: SessionLane, count: number): void {
    const token = this.#readToken(count)
    // Whoever does not read its answers gets none.
    if (owner.connection.congested) return
    lane.send((slab) => {
      writeKind(slab, count > 1 ? 2 : 1, PONG)
      if (count > 1) this.#codec.writeValue(slab, token, 'token')
    })
  }

  /** [12, token?] */
  #handlePong(owner: MessageOwner, lane: SessionLane, count: number): void {
    const token = this.#readToken(count)
    if (lane === owner.lane) owner.handlePong(token)
    else this.#counters.ignored++
  }

  #readToken(count: number): unknown {
    const reader = this.#reader
    if (reader.end - reader.at > TOKEN_MAX) {
      throw new ProtocolError('PROTOCOL', 'the token of a PING or PONG is too long')
    }
    const token = count > 1 ? reader.readValue() : undefined
    this.#expectEnd(Math.max(0, count - 2))
    return token
  }

  /** Passes over elements of a later version of the message, and holds that it ends there. */
  #expectEnd(extraElements: number): void {
    for (let i = 0; i < extraElements; i++) this.#reader.skip()
    this.#reader.expectEnd()
  }
}

function checkLogin(kind: number, size: number): void {
  if (kind !== HELLO) {
    throw new ProtocolError('NOT_LOGGED_IN', 'the peer did not log in before it said anything else')
  }
  if (size > LOGIN_SIZE_MAX) {
    throw new ProtocolError('NOT_LOGGED_IN', `a login of ${size} octets, where ${LOGIN_SIZE_MAX} are allowed`)
  }
}

function helloInfo(value: object): HelloInfo {
  const { id, name, maxMessageSize, shapes, user, password } = value as { [Key in keyof HelloInfo]?: unknown }
  return {
    ...(typeof id === 'string' && id.length <= INSTANCE_LENGTH_MAX && { id }),
    ...(typeof name === 'string' && name !== '' && name.length <= NAME_LENGTH_MAX && { name }),
    ...(typeof maxMessageSize === 'number' && maxMessageSize > 0 && { maxMessageSize }),
    ...(typeof shapes === 'number' && Number.isInteger(shapes) && shapes > 0 && { shapes }),
    ...(typeof user === 'string' && { user }),
    ...(typeof password === 'string' && { password }),
  }
}

function needElements(count: number, least: number): void {
  if (count < least) throw new ProtocolError('PROTOCOL', 'a message has too few elements')
}

function unreadable(call: Call, cause: unknown): RpcError {
  return new RpcError('PROTOCOL', `the answer to ${quote(call.method)} cannot be read`, {
    executed: 'yes',
    ...(cause !== undefined && { cause }),
  })
}
