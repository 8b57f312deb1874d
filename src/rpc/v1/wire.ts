/**
 * Protocol 1 as Python's pseud speaks it, frame by frame (docs/protocol.md, section 8): the five frames of a message, the octets of its types,
 * the ids of our own messages. Knows no bodies and no connection.
 *
 *     "", "v1", uuid, type, body        a message
 *     ""                                a probe: libzmq's PROBE_ROUTER, sent by who dials, so that the other side can address it
 */
import { copy, EMPTY, equalAt } from '../../base/bytes.ts'
import type { Random } from '../../base/clock.ts'
import { ProtocolError } from '../../base/errors.ts'

export const OK = 0x01
export const HELLO = 0x02
export const WORK = 0x03
export const AUTHENTICATED = 0x04
export const HEARTBEAT = 0x06
export const ERROR = 0x10
export const UNAUTHORIZED = 0x11

export const VERSION: Buffer = Buffer.from('v1')

/** The id in uuids of what wants no answer, or an answer that is no call's. */
export const NO_CALL = 0

// Ours and Python's have 16 octets. Others are only sent back, and might be texts.
const UUID_MAX = 64
const UUID_SIZE = 16

/** Where parts are written. */
export interface PartWriter {
  sendPart(body: Buffer, more: boolean): void
}

/** Writes the five frames of a message. */
export function writeMessage(to: PartWriter, uuid: Buffer, type: number, body: Buffer): void {
  to.sendPart(EMPTY, true)
  to.sendPart(VERSION, true)
  to.sendPart(uuid, true)
  to.sendPart(Buffer.of(type), true)
  to.sendPart(body, false)
}

/** Nothing to be done yet; also after a probe, which says nothing further. */
const INCOMPLETE = 0
export const MESSAGE = 1

/** The frames of one message after the other. What is kept of one that is not complete is three short frames. */
export class Frames {
  /** Of the message that is complete. */
  uuid: Buffer = EMPTY
  type = 0
  #next = 0

  /**
   * Takes the frame `chunk[start, end)`. At MESSAGE it is the body. Throws ProtocolError for what is no message of protocol 1.
   */
  take(chunk: Buffer, start: number, end: number, more: boolean): typeof INCOMPLETE | typeof MESSAGE {
    const at = this.#next
    this.#next = more ? at + 1 : 0
    const size = end - start
    switch (at) {
      case 0:
        if (size > 0) failFrame('a message of protocol 1 begins with an empty frame')
        return INCOMPLETE
      case 1:
        if (!equalAt(chunk, start, end, VERSION))
          failFrame('a message of protocol 1 says v1 in its second frame')
        break
      case 2:
        if (size > UUID_MAX) failFrame(`a uuid has at most ${UUID_MAX} octets`)
        this.uuid = copy(chunk, start, end)
        break
      case 3:
        if (size !== 1) failFrame('the type of a message is one octet')
        this.type = chunk[start]!
        break
      default:
        if (more) failFrame('a message of protocol 1 has five frames')
        return MESSAGE
    }
    if (!more) failFrame('a message of protocol 1 has five frames')
    return INCOMPLETE
  }
}

/**
 * The uuids of one connection's own messages: random, as version 4 has it, but for the last four octets, which are the id of the call. So there is
 * no table to be kept, and an answer that belongs to another connection is known for what it is.
 */
export class Uuids {
  readonly #prefix: Buffer

  constructor(random: Random) {
    const prefix = Buffer.alloc(UUID_SIZE - 4)
    for (let i = 0; i < prefix.length; i++) prefix[i] = Math.floor(random() * 256)
    prefix[6] = (prefix[6]! & 0x0f) | 0x40
    prefix[8] = (prefix[8]! & 0x3f) | 0x80
    this.#prefix = prefix
  }

  /** `id`: at most 32 bits. */
  of(id: number): Buffer {
    const uuid = Buffer.allocUnsafe(UUID_SIZE)
    this.#prefix.copy(uuid)
    uuid.writeUInt32BE(id, UUID_SIZE - 4)
    return uuid
  }

  /** The id in a uuid that was made here; -1: it was not. */
  idIn(uuid: Buffer): number {
    const own = uuid.length === UUID_SIZE && equalAt(uuid, 0, UUID_SIZE - 4, this.#prefix)
    return own ? uuid.readUInt32BE(UUID_SIZE - 4) : -1
  }
}

const ID_MAX = 0x7fff_ffff

/** The calls of a peer that are not answered: what they are called there, by what they are called here. As many as may run and wait. */
export class Questions {
  readonly #uuids = new Map<number, Buffer>()
  #lastId = 0

  nextId(): number {
    do this.#lastId = this.#lastId === ID_MAX ? 1 : this.#lastId + 1
    while (this.#uuids.has(this.#lastId))
    return this.#lastId
  }

  add(id: number, uuid: Buffer): void {
    this.#uuids.set(id, uuid)
  }

  /** The uuid of a call that is answered now; `undefined`: it was before. */
  answer(id: number): Buffer | undefined {
    const uuid = this.#uuids.get(id)
    this.#uuids.delete(id)
    return uuid
  }

  get size(): number {
    return this.#uuids.size
  }

  clear(): void {
    this.#uuids.clear()
  }
}

function failFrame(message: string): never {
  throw new ProtocolError('PROTOCOL', message)
}
