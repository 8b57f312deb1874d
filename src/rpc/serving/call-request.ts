/**
 * What a CALL or NOTIFY asks for, read from the wire: method, arguments, meta. One object, read into again and again, because most
 * calls are over before one of their own would pay. Knows what a request looks like, not what becomes of it.
 */
import { CodecError, ProtocolError } from '../../base/errors.ts'
import type { Reader } from '../../codec/messages.ts'
import { KEY_MAX } from '../api/settings.ts'
import type { WireError } from '../errors/remote-error.ts'
import type { Counters } from '../participants/counters.ts'
import { NAME_MAX } from '../registry/names.ts'
import { isTrackId } from '../streams/tracked.ts'

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({ __proto__: null } as never)
// Headers are for a trace id and the like; together, in characters.
const HEADERS_MAX = 8192
const NOTHING: unknown[] = []
// `maxTimeoutMs` unless it is set is what a timer can take, and bounds nobody who wants to stay for ever, as a stream may.
const TIMER_MAX = 0x7fff_ffff
// A peer can claim any number of arguments.
const ARGS_EXPECTED = 16

export class CallRequest {
  method = ''
  args: unknown[] = NOTHING
  headers: Readonly<Record<string, string>> = NO_HEADERS
  depth = 0
  remainingMs: number = Number.POSITIVE_INFINITY
  /** Places of arguments that stream. */
  streams: readonly number[] | undefined = undefined
  /** Behind which of its items a stream is to go on. */
  lastId: string | undefined = undefined
  /** Which attempt this is of a call that may be repeated; 0: it does not say. */
  attempt = 0
  /** The idempotency key; empty: none. */
  key = ''
  readonly #reader: Reader
  readonly #counters: Counters
  readonly #maxTimeoutMs: number
  // Of a call that says nothing of its time.
  readonly #unsaidMs: number

  constructor(reader: Reader, counters: Counters, maxTimeoutMs: number) {
    this.#reader = reader
    this.#counters = counters
    this.#maxTimeoutMs = maxTimeoutMs
    this.#unsaidMs = maxTimeoutMs < TIMER_MAX ? maxTimeoutMs : Number.POSITIVE_INFINITY
  }

  /**
   * Reads method, args and meta of a message of `count` elements, after `before` others. Returns what to answer when they are
   * no request; throws CodecError or ProtocolError when the message cannot be trusted at all.
   */
  read(count: number, before: number): WireError | undefined {
    if (count < before + 2) throw new ProtocolError('PROTOCOL', 'a message has too few elements')
    this.forget()
    this.method = ''
    const reader = this.#reader
    try {
      const name = reader.readKey()
      if (name.length > NAME_MAX / 3 && Buffer.byteLength(name) > NAME_MAX) {
        reader.relearn()
        return invalid('the name is too long')
      }
      this.method = name
      const length = reader.readArrayHeader()
      // Of its length at once: what grows by `push` has room for 17 at first, a third of what a call leaves to the collector here.
      const args = new Array<unknown>(Math.min(length, ARGS_EXPECTED))
      for (let i = 0; i < length; i++) args[i] = reader.readValue()
      this.args = args
      if (count > before + 2) this.#readMeta()
      for (let i = before + 3; i < count; i++) reader.skip()
    } catch (error) {
      // Cut off: who knows what else is. Anything else is this call's own fault, and the next frame begins afresh.
      if (!(error instanceof CodecError) || error.code === 'TRUNCATED') throw error
      reader.relearn()
      return invalid(error.message)
    }
    reader.expectEnd()
    return undefined
  }

  forget(): void {
    this.args = NOTHING
    this.headers = NO_HEADERS
    this.depth = 0
    this.remainingMs = this.#unsaidMs
    this.streams = undefined
    this.lastId = undefined
    this.attempt = 0
    this.key = ''
  }

  #readMeta(): void {
    const reader = this.#reader
    if (reader.peekIsNil()) {
      reader.skip()
      return
    }
    const pairs = reader.readMapHeader()
    for (let i = 0; i < pairs; i++) {
      switch (reader.readKey()) {
        case 'd':
          this.remainingMs = this.#readDuration(reader.readValue())
          break
        case 'n':
          this.depth = reader.readUint()
          break
        case 'h':
          this.headers = readHeaders(reader.readValue())
          break
        case 'k':
          this.args.push(readKeywords(reader.readValue()))
          break
        case 's':
          this.streams = this.#readPlaces()
          break
        case 'l':
          this.lastId = readTrackId(reader.readValue())
          break
        case 'i':
          this.key = readIdempotencyKey(reader.readValue())
          break
        case 'a':
          this.attempt = reader.readUint()
          break
        default:
          this.#counters.ignored++
          reader.skip()
      }
    }
  }

  #readPlaces(): number[] {
    const places: number[] = []
    for (let left = this.#reader.readArrayHeader(); left > 0; left--) {
      const place = this.#reader.readUint()
      if (place >= this.args.length) failMeta('s holds places of arguments')
      places.push(place)
    }
    return places
  }

  #readDuration(value: unknown): number {
    const ms = typeof value === 'bigint' ? Number(value) : value
    if (typeof ms !== 'number' || !(ms >= 0)) return failMeta('d is a number of milliseconds')
    return Math.min(ms, this.#maxTimeoutMs)
  }
}

function invalid(message: string): WireError {
  return { c: 'INVALID_ARGUMENT', m: message, x: 'no' }
}

function readHeaders(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return failMeta('h is a map of strings')
  const headers = { __proto__: null } as unknown as Record<string, string>
  let size = 0
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') failMeta('h is a map of strings')
    size += name.length + text.length
    headers[name] = text
  }
  if (size > HEADERS_MAX) failMeta(`the headers are longer than ${HEADERS_MAX} characters`)
  return Object.freeze(headers)
}

function readTrackId(value: unknown): string {
  return isTrackId(value) ? value : failMeta('l is the id of an item')
}

function readKeywords(value: unknown): object {
  const plain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return plain ? value : failMeta('k is a map')
}

function readIdempotencyKey(value: unknown): string {
  if (typeof value !== 'string') return failMeta('i is a string')
  if (Buffer.byteLength(value) > KEY_MAX) return failMeta(`i has at most ${KEY_MAX} octets`)
  return value
}

function failMeta(message: string): never {
  throw new CodecError('WRONG_TYPE', message)
}
