/**
 * Bodies of protocol 1, from and to messages of protocol 2. Values are not looked at: the octets of arguments and results are the same in both,
 * so they are passed on as they are, and read once, by whoever reads protocol 2, under all its bounds. Knows no frames and no connection.
 *
 *     WORK   (name, args, kwargs)      [0, id, name, args, {"k": kwargs}]
 *     OK     value                     [1, id, value]
 *     ERROR  (class, message, trace)   [2, id, {c, m, n, s, x}]
 *     HELLO  (login, password)         [8, {user, password}]
 */
import { CodecError } from '../../base/errors.ts'
import type { Codec, Reader } from '../../codec/messages.ts'
import type { Login } from '../security/backend.ts'
import { CALL, ERROR, RESULT } from '../session/envelope.ts'

/** The octets `bytes[start, end)`. */
export interface Range {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

const EMPTY_MAP = Buffer.of(0x80)
// The map {"k": ...}.
const KEYWORDS = Buffer.of(0x81, 0xa1, 0x6b)
const NIL = Buffer.of(0xc0)
// Our own extension for undefined: other languages have nil for that.
const UNDEFINED = Buffer.of(0xd4, 0x21, 0x00)

// -- coming in ------------------------------------------------------------------------------------------------------------

/** The CALL that a WORK is. Throws CodecError when the body is none. */
export function callOf(reader: Reader, id: number, { bytes, start, end }: Range): Buffer {
  reader.reset(bytes, start, end)
  if (reader.readArrayHeader() !== 3) throw new CodecError('WRONG_TYPE', 'WORK holds a name, args and kwargs')
  const name = reader.at
  reader.skip()
  reader.skip()
  const keywords = reader.at
  const pairs = reader.readMapHeader()
  reader.at = keywords
  reader.skip()
  reader.expectEnd()
  const nameAndArgs = bytes.subarray(name, keywords)
  if (pairs === 0) return Buffer.concat([head(4, CALL, id), nameAndArgs])
  return Buffer.concat([head(5, CALL, id), nameAndArgs, KEYWORDS, bytes.subarray(keywords, end)])
}

/** The RESULT that an OK is. */
export function resultOf(id: number, { bytes, start, end }: Range): Buffer {
  return Buffer.concat([head(3, RESULT, id), bytes.subarray(start, end)])
}

/** The ERROR with this map. */
export function errorOf(codec: Codec, id: number, map: unknown): Buffer {
  return Buffer.concat([head(3, ERROR, id), codec.encode(map)])
}

/** Class name, message and traceback; `undefined`: the body is something else. */
export function readError(
  reader: Reader,
  { bytes, start, end }: Range,
): [string, string, string] | undefined {
  reader.reset(bytes, start, end)
  try {
    if (reader.readArrayHeader() !== 3) return undefined
    const error: [string, string, string] = [reader.readString(), reader.readString(), reader.readString()]
    reader.expectEnd()
    return error
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

/** Texts, or the octets of some, as Python's `user_id` is. Throws CodecError when the body is something else. */
export function readLogin(codec: Codec, { bytes, start, end }: Range): Login {
  const body = codec.decode(bytes.subarray(start, end))
  const [user, password] = Array.isArray(body) && body.length === 2 ? body.map(textOf) : []
  if (user === undefined || password === undefined) {
    throw new CodecError('WRONG_TYPE', 'HELLO holds a login and a password')
  }
  return { user, password }
}

function textOf(value: unknown): string | undefined {
  return Buffer.isBuffer(value) ? value.toString() : typeof value === 'string' ? value : undefined
}

// -- going out ------------------------------------------------------------------------------------------------------------

/** What is written of a call. */
export interface Work {
  readonly body: Buffer
  /** One of its arguments streams, which nobody there could ask for. */
  readonly streams: boolean
}

/** The body of the WORK for a CALL or NOTIFY of `count` elements, of which `before` are read. Neither deadline nor headers have a place. */
export function workOf(reader: Reader, octets: Buffer, count: number, before: number): Work {
  const start = reader.at
  reader.skip()
  reader.skip()
  const end = reader.at
  return {
    body: Buffer.concat([Buffer.of(0x93), octets.subarray(start, end), EMPTY_MAP]),
    streams: count > before + 2 && hasKey(reader, 's'),
  }
}

/** The body of the OK for a RESULT, of which kind and id are read. */
export function valueIn(reader: Reader, octets: Buffer): Buffer {
  const value = octets.subarray(reader.at)
  return value.equals(UNDEFINED) ? NIL : value
}

/** The texts of the error map that begins here, by key. */
export function readTexts(reader: Reader): Readonly<Record<string, string>> {
  const texts: Record<string, string> = { __proto__: null } as never
  for (let left = reader.readMapHeader(); left > 0; left--) {
    const key = reader.readKey()
    // Only what is surely text: details may be anything.
    if (key.length === 1 && 'cmnsx'.includes(key)) texts[key] = reader.readString()
    else reader.skip()
  }
  return texts
}

/** Octets, as Python's clients send them. */
export function bodyOfLogin(codec: Codec, { user, password }: Login): Buffer {
  return codec.encode([Buffer.from(user), Buffer.from(password)])
}

function hasKey(reader: Reader, wanted: string): boolean {
  for (let left = reader.readMapHeader(); left > 0; left--) {
    if (reader.readKey() === wanted) return true
    reader.skip()
  }
  return false
}

/** The head of a message of protocol 2, with its id in the long form. */
function head(elements: number, kind: number, id: number): Buffer {
  const bytes = Buffer.of(0x90 | elements, kind, 0xce, 0, 0, 0, 0)
  bytes.writeUInt32BE(id, 3)
  return bytes
}
