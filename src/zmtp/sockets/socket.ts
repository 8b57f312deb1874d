/**
 * The Socket of the drop-in API: argument checks, states, options as properties, and the errors and timings that programs written for the
 * native package rely on. It is a face: everything happens in SocketCore. One file, because a class cannot be split; what it holds is
 * mostly the list of options.
 */
// biome-ignore-all lint/complexity/noArguments: how many arguments were given is part of the API that is matched

import { EMPTY } from '../../base/bytes.ts'
import type { TransportEvent } from '../transport/driver.ts'
import { Hold } from '../transport/hold.ts'
import type { Authenticate } from '../transport/transport.ts'
import { expectArguments, expectOptions, isObject } from './arguments.ts'
import { type Context, context as defaultContext, sharedOf } from './context.ts'
import type { SocketCounters, SocketPeer } from './counters.ts'
import { failErrno } from './errno.ts'
import { type Event, type EventPeer, type PeerEvent, toEvent } from './events.ts'
import type { Message } from './message.ts'
import { findSourcesBy, Observer } from './observer.ts'
import type { OperationOptions } from './operations.ts'
import { type OptionReading, toOctets } from './option-octets.ts'
import {
  EVENTS,
  IPV6,
  LAST_ENDPOINT,
  LINGER,
  MECHANISM,
  type OptionKind,
  RECEIVE_HIGH_WATER_MARK,
  SEND_HIGH_WATER_MARK,
  SUBSCRIBE,
  UNSUBSCRIBE,
} from './option-table.ts'
import { comesLate, defineOptions, OptionValues } from './options.ts'
import { PATTERNS } from './patterns/table.ts'
import { senderOf } from './senders.ts'
import { SocketCore } from './socket-core.ts'

const OPEN = 0
// A bind or unbind is under way: everything but options and close has to wait.
const BLOCKED = 1
const CLOSED = 2

const BLOCKED_TEXT = 'Socket is blocked by a bind or unbind operation'
const LATE_WARNING = 'Socket option will not take effect until next connect/bind.'

/** Options by name, as a constructor takes them: whatever property of the class can be set, and a context. */
export type SocketOptions<S> = Partial<Pick<S, WritableKeys<S>>> & { context?: Context }

/** The names of the properties of `S` that are no functions and can be written. */
type WritableKeys<S> = {
  [K in keyof S]-?: S[K] extends (...args: never) => unknown
    ? never
    : Same<{ [Q in K]: S[K] }, { -readonly [Q in K]: S[K] }> extends true
      ? K
      : never
}[keyof S]

// Whether X and Y are the same type, `readonly` included, which plain assignability does not look at.
type Same<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false

/** The options of `receiveMany` and `batches`. */
export interface BatchOptions extends OperationOptions {
  /** Most messages in one batch. Default 1000. */
  readonly max?: number
}

/** What `batches` gives. Not an AsyncIterableIterator: that says what it returns at its end only from TypeScript 5.6 on. */
export interface BatchIterator<M> extends AsyncIterator<M[], undefined> {
  /** The iterator itself. */
  [Symbol.asyncIterator](): BatchIterator<M>
}

/** Gives the class of socket type `type` the options that only some types have. To be called once, beside that class. */
export let defineTypeOptions: (prototype: Socket, type: number | undefined) => void

/** A socket in the hands of a Proxy. */
export interface ProxySide {
  readonly core: SocketCore
  /** Throws what sending or receiving now would throw: EBADF, EBUSY. */
  checkFree(): void
  /** Keeps everybody else from using the socket until `ended`, then closes it. */
  occupy(ended: Promise<void>): Promise<void>
}

/** How a Proxy gets at a socket; `undefined` when it is none. */
export let proxySideOf: (socket: unknown) => ProxySide | undefined

/**
 * What all socket types have in common. Made through the class of a type, such as `Dealer`.
 *
 * Errors are plain `Error`s with `code` and `errno` (docs/errors.md). send and receive throw EBUSY, EBADF and TypeError at the call;
 * whatever fails later rejects.
 */
export class Socket {
  /** Kept, without effect: there are no I/O threads. Default 0. */
  declare affinity: number
  /** Kept, without effect: for multicast transports. Default 100. */
  declare rate: number
  /** Kept, without effect: for multicast transports. In ms. Default 10000. */
  declare recoveryInterval: number
  /** Kept, without effect: for multicast transports. Default 1500. */
  declare multicastMaxTransportDataUnit: number
  /** How long unsent messages outlive `close`, in ms. -1 (default): until sent. 0: not at all. */
  declare linger: number
  /** Before the first attempt to reconnect, in ms, plus a random part of it. -1: never reconnect. Default 100. */
  declare reconnectInterval: number
  /** If greater than `reconnectInterval`, the interval doubles up to this, in ms. Default 0. */
  declare reconnectMaxInterval: number
  /** Connections the system holds ready for us. Default 100. */
  declare backlog: number
  /** Largest part accepted, in octets; a larger one ends its connection. -1 (default): no limit. */
  declare maxMessageSize: number
  /** Where the socket was last bound or connected. */
  declare readonly lastEndpoint: string | null
  /** libzmq's number of the socket type. */
  declare readonly type: number
  /**
   * Which TCP peers may connect. Writing adds a network, such as `10.0.0.0/8` or `::1`; null lets everybody in again. Others are
   * closed before an octet is sent, with an `accept:error` event of code EACCES. Reading gives the networks, commas between.
   */
  declare tcpAcceptFilter: string | null
  /** -1 (default) leaves the system's setting, 0 off, 1 on. */
  declare tcpKeepalive: number
  /** Seconds before the first probe; -1 (default) leaves the system's setting. */
  declare tcpKeepaliveIdle: number
  /** Kept, without effect: Node has no call for it. Default -1. */
  declare tcpKeepaliveCount: number
  /** Kept, without effect: Node has no call for it. In seconds. Default -1. */
  declare tcpKeepaliveInterval: number
  /** Kept, without effect: Node has no call for it. In ms. Default 0. */
  declare tcpMaxRetransmitTimeout: number
  /** Kept, without effect: Node has no call for it. Default 0. */
  declare typeOfService: number
  /** Kept, without effect: Node has no call for it. Default null. */
  declare interface: string | null
  /** Kept, without effect: it is for Windows. Default false. */
  declare loopbackFastPath: boolean
  /** In octets. Not there: reading and writing throw EINVAL, as in the native package. */
  declare vmciBufferSize: number
  /** In octets. Not there, as `vmciBufferSize`. */
  declare vmciBufferMinSize: number
  /** In octets. Not there, as `vmciBufferSize`. */
  declare vmciBufferMaxSize: number
  /** In ms. Not there, as `vmciBufferSize`. */
  declare vmciConnectTimeout: number
  /** Queue only for peers that are connected. Default false. */
  declare immediate: boolean
  /** Whether names and wildcards may mean IPv6. Default false, unless the context says otherwise. */
  declare ipv6: boolean
  /** Which mechanism the security options ask for: those that were set last choose it. Default null. */
  declare readonly securityMechanism: null | 'plain' | 'curve' | 'gssapi'
  /** Asks peers for a user name and a password (RFC 24), which an authenticator or a ZAP handler (RFC 27) judges. Default false. */
  declare plainServer: boolean
  /** The user name that is shown to a PLAIN server, at most 255 octets. Default null. */
  declare plainUsername: string | null
  /** The password that is shown to a PLAIN server, at most 255 octets. Default null. */
  declare plainPassword: string | null
  /** Peers have to know our public key and encrypt everything (RFC 26). Needs `curveSecretKey`. Default false. */
  declare curveServer: boolean
  /** Our public key, of a client: 40 characters of Z85, or 32 octets in a Buffer; reads as Z85. Default null. */
  declare curvePublicKey: string | null
  /** Our secret key, in the same forms. Default null. */
  declare curveSecretKey: string | null
  /** The public key of the server that is connected to, in the same forms. Default null. */
  declare curveServerKey: string | null
  /**
   * What a ZAP handler (RFC 27) is told of this socket, 1 to 255 octets. Where it is set, nobody gets in whom no handler has let in.
   * Default null.
   */
  declare zapDomain: string | null
  /** A ZAP handler is asked only where `zapDomain` is set. Default false. */
  declare zapEnforceDomain: boolean
  /**
   * SOCKS 5 proxy for TCP, `host:port`. Host names of endpoints are sent to it as they are. The raw options 99 and 100 are user name and
   * password, offered where the proxy asks for them.
   */
  declare socksProxy: string | null
  /** From the connection to the end of the ZMTP handshake, in ms; 0 for no limit. Default 30000. */
  declare handshakeInterval: number
  /** Between PINGs, in ms; 0 (default) for none. */
  declare heartbeatInterval: number
  /** Silence after a PING that ends the connection, in ms. -1 (default): as `heartbeatInterval`. */
  declare heartbeatTimeout: number
  /** Told to the peer, which closes the connection after this silence of ours; in ms, cut to tenths of a second. Default 0: none. */
  declare heartbeatTimeToLive: number
  /** For one attempt to connect, in ms; 0 (default) leaves it to the system. */
  declare connectTimeout: number
  /** Always false: a socket belongs to one thread. */
  declare readonly threadSafe: boolean

  readonly #core: SocketCore
  readonly #options: OptionValues
  readonly #hold = new Hold()
  #context: Context | undefined
  #state = OPEN
  #closeAsked = false
  /** Binds and connects that were tried: afterwards most options come too late. */
  #endpoints = 0
  #observer: Observer | undefined
  #watcher: ((event: Event) => void) | undefined

  static {
    findSourcesBy((socket) =>
      #core in socket ? { watch: (observer) => socket.#watch(observer) } : undefined,
    )
    proxySideOf = (socket) => {
      if (typeof socket !== 'object' || socket === null || !(#core in socket)) return undefined
      return {
        core: socket.#core,
        checkFree: () => {
          if (socket.#state !== OPEN) socket.#failState()
        },
        occupy: (ended) => {
          socket.#closeAsked = true
          return socket.#blockWhile(ended)
        },
      }
    }
    defineTypeOptions = (prototype, type) => {
      defineOptions<Socket>(
        prototype,
        type,
        // By the accessors, so that what a subclass makes of them counts for properties too.
        (socket, row) => {
          const value = socket[`get${row.kind}Option`](row.id)
          return row.id === MECHANISM ? MECHANISMS[value as number] : value
        },
        (socket, row, value) => socket[`set${row.kind}Option`](row.id, value as never),
      )
    }
  }

  /** Throws TypeError for unknown options or wrong types, EINVAL for wrong values or an unknown type, EMFILE for one socket too many. */
  constructor(type: number, options?: object) {
    if (typeof type !== 'number') throw new TypeError('Socket type must be a number')
    expectOptions(options)
    expectArguments(2, arguments.length)
    const { context = defaultContext, ...rest } = (options ?? {}) as { context?: Context }
    // Numbers are cut to 32 bits before anybody looks at them.
    const row = PATTERNS.get(type | 0)
    const shared = sharedOf(context)
    if (shared === undefined || row === undefined) failErrno('EINVAL')
    if (shared.openSockets >= context.maxSockets) failErrno('EMFILE')
    shared.openSockets++
    this.#context = context
    this.#options = new OptionValues(type | 0)
    if (context.ipv6) this.#options.preset(IPV6, true)
    if (!context.blocky) this.#options.preset(LINGER, 0)
    this.#core = new SocketCore(row, this.#options, shared, this.#onEvent, this.#onOver)
    // So that a misspelt option throws instead of doing nothing.
    Object.seal(this)
    try {
      Object.assign(this, rest)
    } catch (error) {
      this.close() // or it would count as open, for ever
      throw error
    }
  }

  // -- endpoints ---------------------------------------------------------------------------------------------------

  /**
   * Listens on `address`: `tcp://host:port`, `ipc://path`, `inproc://name`; `*` is any interface, any port, any path, and `lastEndpoint`
   * tells which. Until it settles, the socket is blocked. Rejects with EADDRINUSE, EINVAL, EPROTONOSUPPORT and what the system says.
   */
  bind(address: string): Promise<void> {
    this.#checkAddress(address, arguments.length)
    this.#endpoints++
    return this.#blockWhile(this.#core.bind(address))
  }

  /**
   * `bind` within the call: `lastEndpoint` is set and peers may connect when it returns. Throws what `bind` rejects with. A name that only a
   * name service knows throws ENOTSUP, `localhost` and network interfaces excepted; an ipc path that is in use takes some 30 ms.
   */
  bindSync(address: string): void {
    this.#checkAddress(address, arguments.length)
    this.#endpoints++
    this.#core.bindSync(address)
  }

  /** Stops listening on `address` and ends the connections that were accepted there. Rejects with ENOENT. */
  unbind(address: string): Promise<void> {
    this.#checkAddress(address, arguments.length)
    return this.#blockWhile(this.#unbind(address))
  }

  /** `unbind` within the call: when it returns the address may be bound again. Throws ENOENT. */
  unbindSync(address: string): void {
    this.#checkAddress(address, arguments.length)
    // Whether or not there is such an endpoint: which warnings come later depends on it, as in the native package.
    this.#endpoints--
    this.#core.release(address)
  }

  /** Connects in the background, now and whenever the connection is lost. Throws EINVAL, EPROTONOSUPPORT. */
  connect(address: string): void {
    this.#checkAddress(address, arguments.length)
    this.#core.connect(address)
    this.#endpoints++
  }

  /** Ends what `connect` began with the very same address. What is unread is dropped, what is unsent obeys `linger`. Throws ENOENT. */
  disconnect(address: string): void {
    this.#checkAddress(address, arguments.length)
    this.#core.release(address)
    this.#endpoints--
  }

  /** Closes the socket; idempotent. What waits rejects with EAGAIN (EFSM out of turn); what is unsent obeys `linger`. */
  close(): void {
    expectArguments(0, arguments.length)
    if (this.#state === CLOSED) return
    this.#closeAsked = true
    if (this.#state === BLOCKED) return
    this.#state = CLOSED
    this.#endpoints = 0
    this.#core.close()
    if (this.#context !== undefined) sharedOf(this.#context)!.openSockets--
    this.#context = undefined
    this.#observer = undefined
  }

  /** Closes the socket, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  // -- state -------------------------------------------------------------------------------------------------------

  /** No more can be done with it. */
  get closed(): boolean {
    return this.#state === CLOSED
  }

  /** A receive would complete at once. */
  get readable(): boolean {
    return this.#state !== CLOSED && this.#core.pattern.readable
  }

  /** A send would complete at once. */
  get writable(): boolean {
    return this.#state !== CLOSED && this.#core.pattern.writable
  }

  /** `undefined` once the socket is closed. */
  get context(): Context {
    return this.#context as Context
  }

  /** What happens to endpoints and connections. Made at the first access; throws ENOTSOCK when the socket is closed. */
  get events(): Observer {
    this.#observer ??= new Observer(this)
    return this.#observer
  }

  /**
   * Judges who may connect, in the place of a ZAP handler (RFC 27): a function that returns a verdict, or promises one. Only the status
   * `'200'` lets a peer in; a function that throws, rejects or takes more than 5 s lets nobody in. Takes effect with the next bind or
   * connect. `null` (default): the ZAP handler, where one is asked. Not known to the native package.
   */
  get authenticator(): Authenticate | null {
    return this.#core.authenticator ?? null
  }

  set authenticator(authenticator: Authenticate | null) {
    if (authenticator !== null && typeof authenticator !== 'function') {
      throw new TypeError('Authenticator must be a function')
    }
    this.#core.authenticator = authenticator ?? undefined
  }

  /** Messages sent, received, dropped, and waiting: of `peers`, and of those that are gone. Not known to the native package. */
  get counters(): SocketCounters {
    return this.#core.counters
  }

  /**
   * Who is there: every peer that is connected, or has a queue that waits for it, with its own counts. A snapshot, made anew at each access: one
   * object for each peer. Not known to the native package.
   */
  get peers(): SocketPeer[] {
    return this.#core.peers
  }

  /**
   * Who has sent a received message, as the events of its connection have it, with `userId`; `undefined` where nobody judges peers. For the
   * array that `receive` gave, or its last part in an array. Not known to the native package.
   */
  senderOf(message: readonly Message[]): EventPeer | undefined {
    return senderOf(message)
  }

  // -- messages: public where the type can send or receive -----------------------------------------------------------

  /**
   * Sends one message, of one part or of the parts in an array; `[]` sends nothing. Resolves when a connection or a queue has taken it, at
   * once where possible. Parts above 128 octets must not be changed until they have left. Throws TypeError, EBADF, EBUSY at the call.
   * Rejects with EAGAIN (time over, closed), EFSM (out of turn), EHOSTUNREACH.
   */
  protected send(message: unknown, options?: OperationOptions): Promise<void> {
    if (message === undefined) throw new TypeError('Message must be present')
    // Flags and callbacks of older APIs must not be swallowed.
    if (options !== undefined && !isObject(options)) expectArguments(1, arguments.length)
    if (this.#state !== OPEN) this.#failState()
    return this.#core.operations.send(message, options)
  }

  /**
   * Sends message after message in one go, waiting where `send` would wait. Resolves when all are taken. Fails as `send`. Not in the native
   * package.
   */
  protected sendMany(messages: Iterable<unknown>, options?: OperationOptions): Promise<void> {
    if (this.#state !== OPEN) this.#failState()
    return this.#core.operations.sendMany(messages, options)
  }

  /** The parts of the next message. Throws EBADF, EBUSY at the call; rejects with EAGAIN (time over, closed), EFSM (out of turn). */
  protected receive(options?: OperationOptions): Promise<Message[]> {
    if (options !== undefined && !isObject(options)) expectArguments(0, arguments.length)
    if (this.#state !== OPEN) this.#failState()
    return this.#core.operations.receive(options)
  }

  /**
   * Waits for one message, and takes all that have come with it, up to `max` (default 1000). Fails as `receive`. Not in the native package.
   */
  protected receiveMany(options?: BatchOptions): Promise<Message[][]> {
    if (this.#state !== OPEN) this.#failState()
    return this.#core.operations.receiveMany(options?.max ?? BATCH_SIZE, options)
  }

  /** Message after message until the socket is closed. `plain`: `receive` is ours, and need not be called for a message that is there. */
  protected messages(plain: boolean): AsyncIterator<Message[], undefined> {
    const operations = this.#core.operations
    return this.#iterate(
      () => (plain ? operations.maybeReceive() : undefined),
      () => this.receive(),
    )
  }

  /** `for await (const [part] of socket)`: message after message until the socket is closed. Leaving the loop does not close it. */
  protected [Symbol.asyncIterator](): AsyncIterator<Message[], undefined> {
    return this.messages(false)
  }

  /**
   * `for await (const batch of socket.batches())`: all that has come, again and again, until the socket is closed. Not in the native
   * package.
   */
  protected batches(options?: BatchOptions): BatchIterator<Message[]> {
    const iterator = this.#iterate<Message[][]>(
      () => undefined,
      () => this.receiveMany(options),
    )
    return {
      next: iterator.next,
      [Symbol.asyncIterator]: function () {
        return this
      },
    }
  }

  /** Item after item until the socket is closed; ending the loop early does not close it. */
  #iterate<T>(
    maybe: () => T | undefined,
    wait: () => Promise<T>,
  ): { next(): Promise<IteratorResult<T, undefined>> } {
    const asItem = (value: T): IteratorResult<T, undefined> => ({ value, done: false })
    const atEnd = (error: NodeJS.ErrnoException): IteratorResult<T, undefined> => {
      if (this.closed && error.code === 'EAGAIN') return END
      throw error
    }
    return {
      next: () => {
        if (this.closed) return Promise.resolve(END)
        const value = this.#state === OPEN ? maybe() : undefined
        if (value !== undefined) return Promise.resolve(asItem(value))
        try {
          return wait().then(asItem, atEnd)
        } catch (error) {
          return Promise.reject(error)
        }
      },
    }
  }

  // -- options by number, for subclasses -----------------------------------------------------------------------------

  /**
   * Reads an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or of another kind, ENOTSOCK once closed.
   */
  protected getBoolOption(id: number): boolean {
    return this.#read('Bool', id, arguments.length) as boolean
  }

  /**
   * Writes an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or a wrong value, ENOTSOCK once closed.
   */
  protected setBoolOption(id: number, value: boolean): void {
    this.#write('Bool', id, value, arguments.length)
  }

  /**
   * Reads an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or of another kind, ENOTSOCK once closed.
   */
  protected getInt32Option(id: number): number {
    return this.#read('Int32', id, arguments.length) as number
  }

  /**
   * Writes an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or a wrong value, ENOTSOCK once closed.
   */
  protected setInt32Option(id: number, value: number): void {
    this.#write('Int32', id, value, arguments.length)
  }

  /**
   * Reads an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or of another kind, ENOTSOCK once closed.
   */
  protected getUint32Option(id: number): number {
    return this.#read('Uint32', id, arguments.length) as number
  }

  /**
   * Writes an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or a wrong value, ENOTSOCK once closed.
   */
  protected setUint32Option(id: number, value: number): void {
    this.#write('Uint32', id, value, arguments.length)
  }

  /**
   * Reads an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or of another kind, ENOTSOCK once closed.
   */
  protected getInt64Option(id: number): number {
    return this.#read('Int64', id, arguments.length) as number
  }

  /**
   * Writes an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or a wrong value, ENOTSOCK once closed.
   */
  protected setInt64Option(id: number, value: number): void {
    this.#write('Int64', id, value, arguments.length)
  }

  /**
   * Reads an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or of another kind, ENOTSOCK once closed.
   */
  protected getUint64Option(id: number): number {
    return this.#read('Uint64', id, arguments.length) as number
  }

  /**
   * Writes an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or a wrong value, ENOTSOCK once closed.
   */
  protected setUint64Option(id: number, value: number): void {
    this.#write('Uint64', id, value, arguments.length)
  }

  /**
   * Reads an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or of another kind, ENOTSOCK once closed.
   */
  protected getStringOption(id: number): string | null {
    return this.#read('String', id, arguments.length) as string | null
  }

  /**
   * Writes an option by number, for subclasses. Throws TypeError, EINVAL for one that is not there or a wrong value, ENOTSOCK once closed.
   */
  protected setStringOption(id: number, value: string | Buffer | null): void {
    this.#write('String', id, value, arguments.length)
  }

  // -- inside ------------------------------------------------------------------------------------------------------

  #checkAddress(address: string, given: number): void {
    if (typeof address !== 'string') throw new TypeError('Address must be a string')
    expectArguments(1, given)
    if (this.#state !== OPEN) this.#failState()
  }

  #failState(): never {
    if (this.#state === BLOCKED) failErrno('EBUSY', BLOCKED_TEXT)
    failErrno('EBADF')
  }

  /** Nothing else may be done with the socket until `work` is; a close is remembered. */
  async #blockWhile(work: Promise<unknown>): Promise<void> {
    this.#state = BLOCKED
    this.#hold.acquire()
    try {
      await work
    } finally {
      // However soon it is done: as in the native package the socket stays blocked until the event loop has had its turn.
      await new Promise(setImmediate)
      this.#state = OPEN
      this.#hold.release()
      if (this.#closeAsked) this.close()
    }
  }

  async #unbind(address: string): Promise<void> {
    this.#endpoints-- // always, as in unbindSync
    this.#core.release(address)
  }

  #watch(observer: (event: Event) => void): void {
    if (this.#state === CLOSED) failErrno('ENOTSOCK')
    // One watches; with the next, it is over for the one before.
    this.#watcher?.({ type: 'end' })
    this.#watcher = observer
  }

  readonly #onEvent = (event: TransportEvent | PeerEvent): void => {
    if (this.#watcher === undefined) return
    const seen = toEvent(event)
    if (seen !== undefined) this.#watcher(seen)
  }

  /** Closed, and what had to be sent has been, or linger is over. */
  readonly #onOver = (): void => {
    this.#watcher?.({ type: 'end' })
    this.#watcher = undefined
  }

  #read(kind: OptionKind, id: number, given: number): OptionReading {
    if (typeof id !== 'number') throw new TypeError('Identifier must be a number')
    expectArguments(1, given)
    if (this.#state === CLOSED) failErrno('ENOTSOCK')
    // What only the socket knows, and only at this moment.
    if ((id | 0) === LAST_ENDPOINT) {
      const { lastEndpoint } = this.#core
      this.#options.preset(LAST_ENDPOINT, lastEndpoint === null ? null : Buffer.from(lastEndpoint))
    } else if ((id | 0) === EVENTS) {
      this.#options.preset(EVENTS, Number(this.readable) + 2 * Number(this.writable))
    }
    return this.#options.read(id | 0, kind)
  }

  #write(kind: OptionKind, id: number, value: unknown, given: number): void {
    if (typeof id !== 'number') throw new TypeError('Identifier must be a number')
    const octets = toOctets(kind, value)
    expectArguments(2, given)
    if (comesLate(id | 0) && (this.#endpoints !== 0 || this.#state !== OPEN)) {
      process.emitWarning(LATE_WARNING)
    }
    if (this.#state === CLOSED) failErrno('ENOTSOCK')
    this.#options.write(id | 0, octets)
    this.#optionChanged(id | 0)
  }

  #optionChanged(id: number): void {
    if (id === SUBSCRIBE || id === UNSUBSCRIBE) {
      // No value to keep but something to do.
      const fault = this.#core.pattern.subscribe(this.#options.bytes(id) ?? EMPTY, id === SUBSCRIBE)
      this.#options.preset(id, null)
      if (fault !== undefined) failErrno(fault)
      return
    }
    this.#core.operations.configure(this.#options)
    this.#core.pattern.configure()
    if (id === SEND_HIGH_WATER_MARK || id === RECEIVE_HIGH_WATER_MARK) this.#core.setLimits()
  }
}

// Outside of the class, whose name would change in a bundle if it spoke of itself inside: V8 puts it into error texts that are compared.
defineTypeOptions(Socket.prototype, undefined)

// Without a value, as the native package has it.
const END = { done: true } as IteratorResult<never, undefined>
const BATCH_SIZE = 1000
const MECHANISMS: readonly (string | null)[] = [null, 'plain', 'curve', 'gssapi']
