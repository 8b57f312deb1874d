/**
 * The Socket of version 5: an EventEmitter whose messages come as events and whose sends may be as many as one likes. It is a face of a
 * socket of version 6: one loop receives, batch by batch, and what is sent while a bind is under way waits here.
 */
import { EventEmitter } from 'node:events'
import { Fifo } from '../../base/fifo.ts'
import { type ShortOption, shortOptions, ZMQ_SNDMORE, ZMQ_SUBSCRIBE, ZMQ_UNSUBSCRIBE } from './constants.ts'
import { type Core, newCore, type Options, receives, type SocketType, sends } from './core.ts'
import { watch } from './monitor.ts'
import { type OptionValue, readOption, writeOption } from './options.ts'

/** Called with nothing when all went well, or with what went wrong. */
export type Callback = (error?: Error) => void

/** What can be sent: anything that is no message goes out as its text. */
export type Sendable = ArrayBufferView | ArrayBuffer | SharedArrayBuffer | string | number | null

/**
 * A socket whose messages come as events. Events: `message` (the parts as arguments), `bind` and `unbind` (the address), `error`; while
 * monitored also `connect`, `connect_delay`, `connect_retry`, `listen`, `bind_error`, `accept`, `accept_error`, `close`, `close_error`,
 * `disconnect`, each with (value, address, error). Errors for which there is a callback go there, all others are `error` events.
 */
class CompatSocket extends EventEmitter {
  /** See ZMQ_EVENTS. */
  declare readonly _ioevents: number
  /** `affinity` of version 6. */
  declare affinity: number
  /** `backlog` of version 6. */
  declare backlog: number
  /** `routingId` of version 6. */
  declare identity: string | Buffer | null
  /** `linger` of version 6, in ms. */
  declare linger: number
  /** `rate` of version 6. */
  declare rate: number
  /** `receiveBufferSize` of version 6, in octets. */
  declare rcvbuf: number
  /** `lastEndpoint` of version 6. */
  declare readonly last_endpoint: string | null
  /** `reconnectInterval` of version 6, in ms. */
  declare reconnect_ivl: number
  /** `recoveryInterval` of version 6, in ms. */
  declare recovery_ivl: number
  /** `sendBufferSize` of version 6, in octets. */
  declare sndbuf: number
  /** 0 none, 1 PLAIN, 2 CURVE. */
  declare readonly mechanism: number
  /** `plainServer` of version 6; reads as 0 or 1. */
  declare plain_server: number | boolean
  /** `plainUsername` of version 6. */
  declare plain_username: string | null
  /** `plainPassword` of version 6. */
  declare plain_password: string | null
  /** `curveServer` of version 6; reads as 0 or 1. */
  declare curve_server: number | boolean
  /** `curvePublicKey` of version 6. */
  declare curve_publickey: string | Buffer | null
  /** `curveSecretKey` of version 6. */
  declare curve_secretkey: string | Buffer | null
  /** `curveServerKey` of version 6. */
  declare curve_serverkey: string | Buffer | null
  /** `zapDomain` of version 6. */
  declare zap_domain: string | null
  /** `heartbeatInterval` of version 6, in ms. */
  declare heartbeat_ivl: number
  /** `heartbeatTimeToLive` of version 6, in ms. */
  declare heartbeat_ttl: number
  /** `heartbeatTimeout` of version 6, in ms. */
  declare heartbeat_timeout: number
  /** `connectTimeout` of version 6, in ms. */
  declare connect_timeout: number

  /** As it was given to the constructor. */
  type: SocketType
  readonly #core: Core
  /** Parts of a message whose end has not been sent yet. */
  #begun: unknown[] = []
  /** Sent while the socket was paused, or a bind or unbind under way. */
  readonly #held: Fifo<{ message: unknown; callback: Callback | undefined }> = new Fifo()
  /** Settles when the bind or unbind is done. */
  #blocked: Promise<void> | undefined
  /** Received and not emitted: the socket is paused. */
  readonly #arrived: Fifo<Buffer[]> = new Fifo()
  #paused = false
  #onResume: (() => void) | undefined
  #closeAsked = false
  #unwatch: (() => void) | undefined

  static {
    // There is another Socket in every bundle, whose name is compared: this one must not take it away.
    Object.defineProperty(CompatSocket, 'name', { value: 'Socket' })
  }

  /** Throws Error for an unknown type. */
  constructor(type: SocketType) {
    super()
    this.#core = newCore(type)
    this.type = type
    if (receives(type)) this.#receive()
  }

  // -- endpoints -----------------------------------------------------------------------------------------------------

  /** Listens; `bind` is emitted, then `callback` called. Throws EBADF, EBUSY while another bind is under way. */
  bind(address: string, callback?: Callback): this {
    return this.#block(this.#core.bind(address), 'bind', address, callback)
  }

  /** Stops listening; `unbind` is emitted, then `callback` called. ENOENT goes to the callback, or is an `error` event. */
  unbind(address: string, callback?: Callback): this {
    return this.#block(this.#core.unbind(address), 'unbind', address, callback)
  }

  /** Listens when it returns. Throws EADDRINUSE, EINVAL, ... */
  bindSync(address: string): void {
    this.#core.bindSync(address)
  }

  /** Has stopped listening when it returns. Throws ENOENT. */
  unbindSync(address: string): void {
    this.#core.unbindSync(address)
  }

  /** Connects in the background. Throws EINVAL, EPROTONOSUPPORT. */
  connect(address: string): this {
    this.#core.connect(address)
    return this
  }

  /** Ends what `connect` began with the very same address. Throws ENOENT. */
  disconnect(address: string): this {
    this.#core.disconnect(address)
    return this
  }

  /** What was sent before is still sent as `linger` says; what is received after is dropped. Waits for a bind or unbind under way. */
  close(): this {
    if (this.#blocked === undefined) this.#close()
    else this.#closeAsked = true
    return this
  }

  /** No more can be done with it. */
  get closed(): boolean {
    return this.#core.closed
  }

  // -- messages ------------------------------------------------------------------------------------------------------

  /**
   * Sends one part, or all parts of an array. With ZMQ_SNDMORE they wait for those that follow. `callback` is called once the socket has
   * taken the message, or when it cannot.
   */
  send(
    message: Sendable | readonly Sendable[],
    flags?: number | null | undefined,
    callback?: Callback | undefined,
  ): this {
    const parts: readonly unknown[] = Array.isArray(message) ? message : [message]
    if ((Number(flags) & ZMQ_SNDMORE) !== 0) {
      for (const part of parts) this.#begun.push(part)
      return this
    }
    const whole = this.#begun.length === 0 ? parts : this.#begun.concat(parts)
    if (this.#begun.length > 0) this.#begun = []
    if (this.#paused || this.#blocked !== undefined || this.#held.length > 0) {
      this.#held.push({ message: whole, callback })
    } else {
      this.#send(whole, callback)
    }
    return this
  }

  /** Emits no message and sends none until `resume`. What comes waits, up to the high-water mark; what is sent waits without a bound. */
  pause(): void {
    this.#paused = true
  }

  /** Undoes `pause`. */
  resume(): void {
    this.#paused = false
    this.#sendHeld()
    this.#onResume?.()
  }

  /** There is no such thing: throws. */
  read(): never {
    throw new Error("read() has been removed from compatibility mode; use on('message', ...) instead.")
  }

  /** SUB only: messages that begin with `filter` are wanted. May be asked for more than once. */
  subscribe(filter: string | Buffer): this {
    return this.setsockopt(ZMQ_SUBSCRIBE, filter)
  }

  /** SUB only: takes one `subscribe` of `filter` back. */
  unsubscribe(filter: string | Buffer): this {
    return this.setsockopt(ZMQ_UNSUBSCRIBE, filter)
  }

  // -- events --------------------------------------------------------------------------------------------------------

  /** Emits what happens to connections, from now on. The arguments mean nothing any more. Throws ENOTSOCK when closed. */
  monitor(interval?: number, count?: number): this {
    if (interval || count) {
      process.emitWarning(
        'Arguments to monitor() are ignored in compatibility mode; all events are read automatically',
      )
    }
    this.#unwatch ??= watch(this.#core, (name, ...details) => this.emit(name, ...details))
    return this
  }

  /** Undoes `monitor`. */
  unmonitor(): this {
    this.#unwatch?.()
    this.#unwatch = undefined
    return this
  }

  // -- options -------------------------------------------------------------------------------------------------------

  /** By number or short name. Throws Error for an unknown one, ENOTSOCK when closed, TypeError and EINVAL for a wrong value. */
  setsockopt(option: number | ShortOption, value: unknown): this {
    writeOption(this.#options, option, value)
    return this
  }

  /** By number or short name. Throws Error for an unknown one, ENOTSOCK when closed. */
  getsockopt(option: number | ShortOption): OptionValue {
    return readOption(this.#options, option)
  }

  get #options(): Options {
    return this.#core as unknown as Options
  }

  // -- inside --------------------------------------------------------------------------------------------------------

  #block(work: Promise<void>, event: string, address: string, callback: Callback | undefined): this {
    const done = work.then(
      () => {
        process.nextTick(() => {
          this.emit(event, address)
          callback?.()
        })
      },
      (error: Error) => this.#fail(error, callback),
    )
    this.#blocked = done.then(() => {
      this.#blocked = undefined
      if (this.#closeAsked) this.#close()
      else if (!this.#paused) this.#sendHeld()
    })
    return this
  }

  #close(): void {
    if (this.closed) return
    this.#sendHeld()
    // What still waits for room is here already: it may as well wait in the queues, where `linger` counts.
    if (sends(this.type)) this.#options.sendHighWaterMark = 0
    this.#core.close()
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  #sendHeld(): void {
    while (this.#blocked === undefined && this.#held.length > 0) {
      const { message, callback } = this.#held.shift()!
      this.#send(message, callback)
    }
  }

  #send(message: unknown, callback: Callback | undefined): void {
    let sent: Promise<void>
    try {
      sent = this.#core.send(message)
    } catch (error) {
      this.#fail(error as Error, callback)
      return
    }
    sent.then(callback === undefined ? undefined : () => callback(), (error: Error) =>
      this.#fail(error, callback),
    )
  }

  /** Tells the callback, or whoever listens for errors. Who has closed the socket needs not be told of what it had not sent. */
  #fail(error: Error, callback: Callback | undefined): void {
    if (callback !== undefined) process.nextTick(callback, error)
    else if (!this.closed) process.nextTick(() => this.emit('error', error))
  }

  async #receive(): Promise<void> {
    while (!this.closed) {
      try {
        for (const message of await this.#core.receiveMany()) this.#arrived.push(message)
      } catch (error) {
        if (this.closed) return
        // A bind or unbind: nothing can be asked for until it is done.
        if (this.#blocked !== undefined) await this.#blocked
        else this.#fail(error as Error, undefined)
      }
      while (this.#arrived.length > 0 && !this.closed) {
        if (this.#paused) await this.#resumed()
        else if (!this.#deliver()) await new Promise(setImmediate)
      }
    }
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#onResume = resolve
    })
  }

  /** Emits what has arrived. `false` when a listener has thrown: the program must hear of that before it gets the next message. */
  #deliver(): boolean {
    while (!this.#paused && !this.closed && this.#arrived.length > 0) {
      try {
        this.emit('message', ...this.#arrived.shift()!)
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
        return false
      }
    }
    return true
  }
}

for (const name of Object.keys(shortOptions) as ShortOption[]) {
  Object.defineProperty(CompatSocket.prototype, name, {
    get(this: CompatSocket) {
      return this.getsockopt(name)
    },
    set(this: CompatSocket, value: unknown) {
      this.setsockopt(name, value)
    },
  })
}

export { CompatSocket as Socket }

/** A new socket; `options` are set as its properties. Throws Error for an unknown type, and what `setsockopt` throws. */
export function createSocket(
  type: SocketType,
  options: Readonly<Record<string, unknown>> = {},
): CompatSocket {
  return Object.assign(new CompatSocket(type), options)
}
