/**
 * The Context of the drop-in API: what sockets of one process part share, which here is the table of inproc names, the clock and the
 * dice. The options that steer libzmq's I/O threads are kept and mean nothing.
 */
// biome-ignore-all lint/complexity/noArguments: how many arguments were given is part of the API that is matched
import { defaultTransport, TransportContext } from '../transport/context.ts'
import { expectArguments, expectOptions, isObject } from './arguments.ts'
import { failErrno } from './errno.ts'

interface ContextRow {
  readonly name: string
  readonly id: number
  readonly kind: 'Bool' | 'Int32'
  readonly access: 'rw' | 'r' | 'w'
  readonly initial: number
  readonly least: number
  readonly most: number
}

const BLOCKY = 70
// Ours, above all of libzmq's.
const MAX_BUFFERED_BYTES = 0x10001
// Of the scheduler's settings, which have no default here.
const UNSET = -1

const CONTEXT_OPTIONS: readonly ContextRow[] = [
  { name: 'ioThreads', id: 1, kind: 'Int32', access: 'rw', initial: 1, least: 0, most: 0x7fff_ffff },
  { name: 'maxSockets', id: 2, kind: 'Int32', access: 'rw', initial: 1023, least: 1, most: 0x7fff_ffff },
  { name: 'maxSocketsLimit', id: 3, kind: 'Int32', access: 'r', initial: 65535, least: 0, most: 0x7fff_ffff },
  { name: 'threadPriority', id: 3, kind: 'Int32', access: 'w', initial: UNSET, least: 0, most: 0x7fff_ffff },
  {
    name: 'threadSchedulingPolicy',
    id: 4,
    kind: 'Int32',
    access: 'w',
    initial: UNSET,
    least: 0,
    most: 0x7fff_ffff,
  },
  {
    name: 'maxMessageSize',
    id: 5,
    kind: 'Int32',
    access: 'rw',
    initial: 0x7fff_ffff,
    least: 0,
    most: 0x7fff_ffff,
  },
  { name: 'ipv6', id: 42, kind: 'Bool', access: 'rw', initial: 0, least: 0, most: 0x7fff_ffff },
  { name: 'blocky', id: BLOCKY, kind: 'Bool', access: 'rw', initial: 1, least: 0, most: 0x7fff_ffff },
  {
    name: 'maxBufferedBytes',
    id: MAX_BUFFERED_BYTES,
    kind: 'Int32',
    access: 'rw',
    initial: 0,
    least: 1,
    most: 0x7fff_ffff,
  },
]

/** What a new Context may be given. */
export interface ContextOptions {
  /** Kept, without effect. Default 1. */
  ioThreads?: number
  /** How many sockets may be open; one more throws EMFILE. Default 1023. */
  maxSockets?: number
  /** Kept, without effect. Default: none. */
  threadPriority?: number
  /** Kept, without effect. Default: none. */
  threadSchedulingPolicy?: number
  /** Kept, without effect: it is an option of sockets. In octets. Default 2,147,483,647. */
  maxMessageSize?: number
  /** What new sockets start with. Default false. */
  ipv6?: boolean
  /** `false`: new sockets start with linger 0 instead of -1. Default true. */
  blocky?: boolean
  /**
   * Octets that messages of all its sockets may hold, each way: what has come and is not read, what is to be sent and has not left. Over it,
   * peers for which something waits are as full, until that has gone; where messages that are not whole hold it, the largest goes, with its connection:
   * TOO_MUCH_BUFFERED. Default 256 MiB. Not in the native package.
   */
  maxBufferedBytes?: number
}

/** What the sockets of one context share. */
export interface Shared {
  transport: TransportContext
  openSockets: number
  /** As the option of that name. */
  blocky: boolean
}

/** For the sockets of this folder: what is behind a context; `undefined` for what is none. */
export let sharedOf: (context: unknown) => Shared | undefined
let readOption: (context: Context, row: ContextRow) => unknown
let writeOption: (context: Context, row: ContextRow, value: unknown) => void

/** Sockets share one context unless told otherwise; inproc names are known within one context only. */
export class Context {
  /** Kept, without effect: there are no I/O threads. Default 1. */
  declare ioThreads: number
  /** How many sockets may be open; one more throws EMFILE. Default 1023. */
  declare maxSockets: number
  /** As libzmq says it: 65535. */
  declare readonly maxSocketsLimit: number
  /** Kept, without effect; reads as `undefined`. */
  declare threadPriority: number
  /** Kept, without effect; reads as `undefined`. */
  declare threadSchedulingPolicy: number
  /** Kept, without effect: it is an option of sockets. In octets. Default 2,147,483,647. */
  declare maxMessageSize: number
  /** What new sockets start with. Default false. */
  declare ipv6: boolean
  /** `false`: new sockets start with linger 0 instead of -1. Default true. */
  declare blocky: boolean
  /** As the option of that name, in octets. */
  declare maxBufferedBytes: number

  readonly #shared: Shared = { transport: new TransportContext(), openSockets: 0, blocky: true }
  readonly #values = new Map<string, number>()

  static {
    sharedOf = (context) => (isObject(context) && #shared in context ? context.#shared : undefined)
    readOption = (context, row) =>
      row.kind === 'Bool' ? context.getBoolOption(row.id) : context.getInt32Option(row.id)
    writeOption = (context, row, value) => {
      if (row.kind === 'Bool') context.setBoolOption(row.id, value as boolean)
      else context.setInt32Option(row.id, value as number)
    }
  }

  /** Throws TypeError for unknown options or values of the wrong type, EINVAL for values out of range. */
  constructor(options?: ContextOptions) {
    expectOptions(options)
    expectArguments(1, arguments.length)
    // So that a misspelt option throws instead of doing nothing.
    Object.seal(this)
    Object.assign(this, options)
  }

  /** Reads an option by number, for subclasses. Throws TypeError, EINVAL for an unknown one. */
  protected getBoolOption(id: number): boolean {
    return this.#read(id, arguments.length) !== 0
  }

  /** Writes an option by number, for subclasses. Throws TypeError, EINVAL for an unknown one or a wrong value. */
  protected setBoolOption(id: number, value: boolean): void {
    this.#write(id, value, 'boolean', arguments.length)
  }

  /** Reads an option by number, for subclasses. Throws TypeError, EINVAL for an unknown one. */
  protected getInt32Option(id: number): number {
    return this.#read(id, arguments.length)
  }

  /** Writes an option by number, for subclasses. Throws TypeError, EINVAL for an unknown one or a wrong value. */
  protected setInt32Option(id: number, value: number): void {
    this.#write(id, value, 'number', arguments.length)
  }

  #read(id: number, given: number): number {
    if (typeof id !== 'number') throw new TypeError('Identifier must be a number')
    expectArguments(1, given)
    const row = CONTEXT_OPTIONS.find((candidate) => candidate.id === (id | 0))
    if (row?.id === MAX_BUFFERED_BYTES) return this.#shared.transport.buffered.max
    const value = row === undefined ? UNSET : (this.#values.get(row.name) ?? row.initial)
    if (value === UNSET) failErrno('EINVAL')
    return value
  }

  #write(id: number, value: number | boolean, type: 'number' | 'boolean', given: number): void {
    if (typeof id !== 'number') throw new TypeError('Identifier must be a number')
    if (typeof value !== type) throw new TypeError(`Option value must be a ${type}`)
    expectArguments(2, given)
    const row = CONTEXT_OPTIONS.find((candidate) => candidate.id === (id | 0) && candidate.access !== 'r')
    const number = Number(value) | 0
    if (row === undefined || number < row.least || number > row.most) failErrno('EINVAL')
    this.#values.set(row.name, row.kind === 'Bool' ? Number(number !== 0) : number)
    if (row.id === MAX_BUFFERED_BYTES) this.#shared.transport.buffered.max = number
    if (row.id === BLOCKY) this.#shared.blocky = number !== 0
  }
}

for (const row of CONTEXT_OPTIONS) {
  Object.defineProperty(Context.prototype, row.name, {
    configurable: true,
    ...(row.access !== 'w' && {
      get(this: Context) {
        return readOption(this, row)
      },
    }),
    ...(row.access !== 'r' && {
      set(this: Context, value: unknown) {
        writeOption(this, row, value)
      },
    }),
  })
}

/** The context of every socket that is given none. */
export const context: Context = new Context()
// `Server` and `Client` of `pseud` are there too: an inproc name means the same to both.
sharedOf(context)!.transport = defaultTransport()
