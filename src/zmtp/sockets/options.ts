/**
 * The values of one socket's options: checks, conversions, access by name (properties) and by number (raw). What an option means is
 * said where it is read; this file only keeps it.
 */

import { failErrno } from './errno.ts'
import {
  ALL_TYPES,
  LINGER,
  OPTIONS,
  type OptionKind,
  type OptionRow,
  type OptionValue,
  RAW_OPTIONS,
  SUB,
  XSUB,
} from './option-table.ts'

const ROWS: ReadonlyMap<number, OptionRow> = new Map([...OPTIONS, ...RAW_OPTIONS].map((row) => [row.id, row]))

export class OptionValues {
  readonly #type: number
  readonly #values = new Map<number, OptionValue>()

  /** `type` is the socket's number. */
  constructor(type: number) {
    this.#type = type
    // A subscriber has nothing to say that is worth waiting for.
    if (type === SUB || type === XSUB) this.#values.set(LINGER, 0)
  }

  number(id: number): number {
    return this.#read(id) as number
  }

  flag(id: number): boolean {
    return this.#read(id) as boolean
  }

  bytes(id: number): Buffer | null {
    return this.#read(id) as Buffer | null
  }

  /** Takes a value without a check: defaults that come from the context. */
  preset(id: number, value: OptionValue): void {
    this.#values.set(id, value)
  }

  /** As users read it: strings are text. */
  read(row: OptionRow): OptionValue {
    const value = this.#read(row.id)
    return Buffer.isBuffer(value) ? value.toString() : value
  }

  /** Throws TypeError for a wrong type, EINVAL for a value out of range. */
  write(row: OptionRow, value: unknown): void {
    const converted = convert(row.kind, value)
    if (!row.accepts(converted)) failErrno('EINVAL')
    this.#values.set(row.id, row.keeps?.(converted, this.#read(row.id)) ?? converted)
  }

  /** Reads by number; `kind` must have the size that the option has. Throws EINVAL. */
  readRaw(id: number, kind: OptionKind): OptionValue {
    return fromRow(this.read(this.#row(id, kind)), kind)
  }

  /** Writes by number, and returns the row. Throws TypeError, EINVAL. */
  writeRaw(id: number, kind: OptionKind, value: unknown): OptionRow {
    convert(kind, value)
    const row = this.#row(id, kind)
    if (row.access === 'r') failErrno('EINVAL')
    this.write(row, fromRow(convert(kind, value), row.kind))
    return row
  }

  #read(id: number): OptionValue {
    const value = this.#values.get(id)
    return value === undefined ? ROWS.get(id)!.initial : value
  }

  #row(id: number, kind: OptionKind): OptionRow {
    if (typeof id !== 'number') throw new TypeError('Identifier must be a number')
    const row = ROWS.get(id)
    if (row === undefined || SIZE[row.kind] !== SIZE[kind]) failErrno('EINVAL')
    // Common options may be set by number on any type, as in libzmq; special ones only where they exist.
    if ((row.sockets & (1 << this.#type)) === 0 && row.access === 'w') failErrno('EINVAL')
    return row
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

const SIZE: Readonly<Record<OptionKind, number>> = {
  Bool: 4,
  Int32: 4,
  Uint32: 4,
  Int64: 8,
  Uint64: 8,
  String: 0,
}

function convert(kind: OptionKind, value: unknown): OptionValue {
  switch (kind) {
    case 'Bool':
      if (typeof value !== 'boolean') throw new TypeError('Option value must be a boolean')
      return value
    case 'String':
      if (value === null) return null
      if (typeof value === 'string') return Buffer.from(value)
      if (value instanceof Uint8Array) return Buffer.from(value)
      throw new TypeError('Option value must be a string or buffer')
    default:
      if (typeof value !== 'number') throw new TypeError('Option value must be a number')
      return convertNumber(kind, value)
  }
}

function convertNumber(kind: 'Int32' | 'Uint32' | 'Int64' | 'Uint64', value: number): number {
  switch (kind) {
    case 'Int32':
      return value | 0
    case 'Uint32':
      return value >>> 0
    case 'Int64':
      return Number.isNaN(value) ? 0 : Math.trunc(value)
    case 'Uint64':
      if (value > Number.MAX_SAFE_INTEGER) {
        process.emitWarning(
          'Value is larger than Number.MAX_SAFE_INTEGER and may have been rounded inaccurately.',
        )
      }
      return value > 0 ? Math.min(Math.trunc(value), 2 ** 64) : 0
  }
}

/** A value of one kind as another of the same size: what four octets mean depends on who looks at them. */
function fromRow(value: OptionValue, kind: OptionKind): OptionValue {
  if (kind === 'Bool') return Boolean(value)
  if (kind === 'String') return value
  return Number(value)
}
