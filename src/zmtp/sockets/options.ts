/**
 * The values of one socket's options, by number: what is taken, what is refused, how it is kept and read back. What an option means is
 * said where it is read; this file only keeps it.
 */
import { encodeZ85, maybeDecodeZ85 } from '../../base/z85.ts'
import { failErrno } from './errno.ts'
import { fromOctets, int32, int64, type OptionReading, ROOM } from './option-octets.ts'
import {
  ALL_TYPES,
  CURVE_PUBLIC_KEY,
  CURVE_SECRET_KEY,
  CURVE_SERVER,
  CURVE_SERVER_KEY,
  EVENTS,
  LAST_ENDPOINT,
  LINGER,
  MECHANISM,
  OPTIONS,
  type OptionKind,
  type OptionRow,
  type OptionValue,
  type Passed,
  PLAIN_PASSWORD,
  PLAIN_SERVER,
  PLAIN_USERNAME,
  RAW_OPTIONS,
  ROUTING_ID,
  SUB,
  THREAD_SAFE,
  TYPE,
  XSUB,
} from './option-table.ts'

const ROWS: ReadonlyMap<number, OptionRow> = new Map([...OPTIONS, ...RAW_OPTIONS].map((row) => [row.id, row]))

// The mechanisms by libzmq's number.
export const NULL = 0
export const PLAIN = 1
export const CURVE = 2

/** Whether a change of option `id`, known or not, waits for the next bind or connect. */
export function comesLate(id: number): boolean {
  return ROWS.get(id)?.atOnce !== true
}

export class OptionValues {
  readonly #type: number
  readonly #values = new Map<number, OptionValue>()
  #asServer = false

  /** `type` is the socket's number. */
  constructor(type: number) {
    this.#type = type
    this.#values.set(TYPE, type)
    this.#values.set(MECHANISM, NULL)
    // A subscriber has nothing to say that is worth waiting for.
    if (type === SUB || type === XSUB) this.#values.set(LINGER, 0)
  }

  number(id: number): number {
    return Number(this.#value(id))
  }

  flag(id: number): boolean {
    return this.#value(id) as boolean
  }

  bytes(id: number): Buffer | null {
    return this.#value(id) as Buffer | null
  }

  /** Takes a value without a check: defaults that come from the context, and what only the socket itself knows. */
  preset(id: number, value: OptionValue): void {
    this.#values.set(id, value)
  }

  /** As an accessor of `kind` reads it. Throws EINVAL for an option that is not there, cannot be read, or does not fit the kind. */
  read(id: number, kind: OptionKind): OptionReading {
    const row = this.#row(id)
    if (row.mute) failErrno('EINVAL')
    const octets = this.#octets(row)
    const room = ROOM[kind]
    const fits = row.kind === 'String' || LOOSE.has(id) ? octets.length <= room : octets.length === room
    if (!fits) failErrno('EINVAL')
    return fromOctets(kind, octets)
  }

  /** Takes what an accessor passes. Throws EINVAL for an option that is not there or cannot be written, and for a wrong value. */
  write(id: number, octets: Buffer | null): void {
    const row = this.#row(id)
    if (row.access === 'r') failErrno('EINVAL')
    const value = KEYS.has(id) ? toKey(octets) : passed(row.kind, octets)
    if (!row.accepts(value)) failErrno('EINVAL')
    const kept = row.kind === 'Bool' ? value !== 0 : value
    this.#values.set(id, row.keeps === undefined ? kept : row.keeps(value, this.#value(id)))
    this.#secure(id, value)
  }

  #value(id: number): OptionValue {
    const value = this.#values.get(id)
    return value === undefined ? ROWS.get(id)!.initial : value
  }

  #row(id: number): OptionRow {
    const row = ROWS.get(id)
    // Common options are there for every type by number, as in libzmq; special ones only where they mean something.
    if (row === undefined || (row.byNumber & (1 << this.#type)) === 0) failErrno('EINVAL')
    return row
  }

  #octets(row: OptionRow): Buffer {
    const value = this.#value(row.id)
    switch (row.kind) {
      case 'Int64':
      case 'Uint64':
        return int64(value as bigint)
      case 'String':
        if (KEYS.has(row.id)) return value === null ? NUL : Buffer.from(encodeZ85(value as Buffer))
        if (row.id === ROUTING_ID) return (value as Buffer | null) ?? NOTHING
        // libzmq ends its own strings with a NUL, and counts it.
        return value === null ? NUL : Buffer.concat([value as Buffer, NUL])
      default:
        return int32(Number(value))
    }
  }

  /** The mechanism is the one whose options were set last. Which side we are on is one fact for all of them, as in libzmq. */
  #secure(id: number, value: OptionValue): void {
    switch (id) {
      case PLAIN_SERVER:
        this.#choose(value === 0 ? NULL : PLAIN, value !== 0)
        break
      case PLAIN_USERNAME:
      case PLAIN_PASSWORD:
        if (value === null) this.#choose(NULL, this.#asServer)
        else this.#choose(PLAIN, false)
        break
      case CURVE_SERVER:
        this.#choose(value === 0 ? NULL : CURVE, value !== 0)
        break
      case CURVE_SERVER_KEY:
        this.#choose(CURVE, false)
        break
      case CURVE_PUBLIC_KEY:
      case CURVE_SECRET_KEY:
        this.#choose(CURVE, this.#asServer)
        break
    }
  }

  #choose(mechanism: number, asServer: boolean): void {
    this.#asServer = asServer
    this.#values.set(MECHANISM, mechanism)
    this.#values.set(PLAIN_SERVER, asServer && mechanism === PLAIN)
    this.#values.set(CURVE_SERVER, asServer && mechanism === CURVE)
  }
}

/** Gives `prototype` one property for each option that socket type `type` has beyond the common ones; all common ones if `undefined`. */
export function defineOptions<T extends object>(
  prototype: T,
  type: number | undefined,
  read: (socket: T, row: OptionRow) => unknown,
  write: (socket: T, row: OptionRow, value: unknown) => void,
): void {
  for (const row of OPTIONS) {
    const common = row.sockets === ALL_TYPES
    if (type === undefined ? !common : common || (row.sockets & (1 << type)) === 0) continue
    Object.defineProperty(prototype, row.name, {
      configurable: true,
      ...(row.access !== 'w' && {
        get(this: T) {
          return read(this, row)
        },
      }),
      ...(row.access !== 'r' && {
        set(this: T, value: unknown) {
          write(this, row, value)
        },
      }),
    })
  }
}

const NUL = Buffer.alloc(1)
const NOTHING = Buffer.alloc(0)
// What libzmq's sockets answer themselves may be read into more room than it takes.
const LOOSE: ReadonlySet<number> = new Set([13, EVENTS, LAST_ENDPOINT, THREAD_SAFE])
const KEYS: ReadonlySet<number> = new Set([CURVE_PUBLIC_KEY, CURVE_SECRET_KEY, CURVE_SERVER_KEY])

/** Octets as a row of this kind takes them. Throws EINVAL when there are too many or too few. */
function passed(kind: OptionKind, octets: Buffer | null): Passed {
  if (kind === 'String') return octets
  if (octets?.length !== ROOM[kind]) failErrno('EINVAL')
  switch (kind) {
    case 'Int64':
      return octets.readBigInt64LE()
    case 'Uint64':
      return octets.readBigUInt64LE()
    default:
      return octets.readInt32LE()
  }
}

/** A key as 32 octets, or as 40 characters of Z85, which libzmq also takes with the NUL of a C string. */
function toKey(octets: Buffer | null): Buffer {
  if (octets?.length === 32) return octets
  const written = octets?.length === 41 && octets[40] === 0 ? octets.subarray(0, 40) : octets
  const key = written?.length === 40 ? maybeDecodeZ85(written.toString('latin1')) : undefined
  if (key === undefined) failErrno('EINVAL')
  return key
}
