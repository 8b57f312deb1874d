/**
 * The layout of pseud messages (docs/protocol.md, section 2): one MessagePack array each, whose first element is its kind. Here is
 * what is written; session.ts reads, in the same order.
 *
 *     0 CALL    [0, id, method, args, meta?]     7 NOTIFY   [7, method, args, meta?]
 *     1 RESULT  [1, id, value]                   8 HELLO    [8, info]
 *     2 ERROR   [2, id, error]                   9 WELCOME  [9, info]
 *     3 CANCEL  [3, id, reason?]                10 GOAWAY   [10, lastId, reason]
 *     4 ITEM    [4, id, item]                   11 PING     [11, token?]
 *     5 END     [5, id]                         12 PONG     [12, token?]
 *     6 CREDIT  [6, id, n, taken?]
 */
import type { Slab } from '../../base/slab.ts'
import { writeArrayHeader, writeMapHeader, writeString, writeUint } from '../../codec/messages.ts'
import type { CallSettings } from '../api/settings.ts'

export const CALL = 0
export const RESULT = 1
export const ERROR = 2
export const CANCEL = 3
export const ITEM = 4
export const END = 5
export const CREDIT = 6
export const NOTIFY = 7
export const HELLO = 8
export const WELCOME = 9
export const GOAWAY = 10
export const PING = 11
export const PONG = 12

export const PROTOCOL_VERSION = 2

/** The reason of a GOAWAY that says: your login is refused, and nothing that you asked for was begun. */
export const LOGIN_REFUSED = 'UNAUTHENTICATED'

/** Another connection of the same user has taken this one's place, and is the only one that its server wants: do not come back. */
export const REPLACED = 'REPLACED'

/** The reasons of other GOAWAYs. The first asks for a new session with new credentials, and refuses nothing yet. */
export const REAUTHENTICATE = 'reauth'
export const EXPIRED = 'expired'
export const DRAINING = 'draining'
export const LEAVING = 'leaving'

/** The `lastId` of a GOAWAY that refuses nothing. */
export const NO_LAST_ID: number = Number.MAX_SAFE_INTEGER

/** The property of READY by which our peers know each other, and its value. */
export const PSEUD_PROPERTY = 'X-Pseud'
export const PSEUD_VALUE: Buffer = Buffer.from('2')

/** Begins a CALL: what follows is id, method, args, and `writeMeta` if `withMeta`. */
export function writeCallHead(slab: Slab, withMeta: boolean): void {
  writeArrayHeader(slab, withMeta ? 5 : 4)
  writeUint(slab, CALL)
}

/** Begins a message of `length` elements that has an id: its value follows. */
export function writeHead(slab: Slab, length: number, kind: number, id: number): void {
  writeArrayHeader(slab, length)
  writeUint(slab, kind)
  writeUint(slab, id)
}

export function writeKind(slab: Slab, length: number, kind: number): void {
  writeArrayHeader(slab, length)
  writeUint(slab, kind)
}

/** Whether a call with these settings says more than id, method and args, beside its attempt and its streams. */
export function hasMeta(settings: CallSettings, remainingMs: number): boolean {
  return (
    remainingMs !== Number.POSITIVE_INFINITY ||
    settings.depth > 0 ||
    settings.headers !== undefined ||
    settings.idempotencyKey !== undefined
  )
}

/** `attempt`: 0 for none. `streams`: the places of arguments that stream. `lastId`: behind which item a stream goes on. */
export function writeMeta(
  slab: Slab,
  settings: CallSettings,
  remainingMs: number,
  attempt = 0,
  streams?: readonly number[],
  lastId?: string,
): void {
  const { headers, idempotencyKey, depth } = settings
  const timed = remainingMs !== Number.POSITIVE_INFINITY
  writeMapHeader(
    slab,
    (timed ? 1 : 0) +
      (headers ? 1 : 0) +
      (idempotencyKey === undefined ? 0 : 1) +
      (attempt > 0 ? 1 : 0) +
      (depth > 0 ? 1 : 0) +
      (streams === undefined ? 0 : 1) +
      (lastId === undefined ? 0 : 1),
  )
  if (timed) {
    writeString(slab, 'd')
    writeUint(slab, Math.max(1, Math.ceil(remainingMs)))
  }
  if (headers !== undefined) {
    const names = Object.keys(headers)
    writeString(slab, 'h')
    writeMapHeader(slab, names.length)
    for (const name of names) {
      writeString(slab, name)
      writeString(slab, headers[name]!)
    }
  }
  if (idempotencyKey !== undefined) {
    writeString(slab, 'i')
    writeString(slab, idempotencyKey)
  }
  if (attempt > 0) {
    writeString(slab, 'a')
    writeUint(slab, attempt)
  }
  if (depth > 0) {
    writeString(slab, 'n')
    writeUint(slab, depth)
  }
  if (streams !== undefined) {
    writeString(slab, 's')
    writeArrayHeader(slab, streams.length)
    for (const place of streams) writeUint(slab, place)
  }
  if (lastId !== undefined) {
    writeString(slab, 'l')
    writeString(slab, lastId)
  }
}

/** Puts octets that were encoded before into a message. Large ones go by reference: they must not change. */
export function writeEncoded(slab: Slab, encoded: Buffer): void {
  if (encoded.length > COPY_MAX) {
    slab.append(encoded)
    return
  }
  slab.reserve(encoded.length)
  slab.bytes.set(encoded, slab.at)
  slab.at += encoded.length
}

const COPY_MAX = 8192
