/**
 * One end of a MessagePort, as connections are made over it: who dials or listens there, which link there is at the moment, and when the
 * port is gone for good. A port joins two ends and no more, so it carries one connection at a time; when that ends, the next may
 * follow, as over any other transport. Knows nothing of octets: those are the link's (port-link.ts).
 *
 * What is said, in order, since a Worker loses what comes before somebody listens to it:
 *   listening end:  LISTEN when it begins; ACCEPT n for each OPEN n, and from there on the link's messages
 *   dialling end:   OPEN n when it dials, again when it hears LISTEN meanwhile; from ACCEPT n on the link's messages
 *   either end:     END when its link sends no more; LEAVE when it is done with the port
 */
import { errorMonitor } from 'node:events'
import { parentPort } from 'node:worker_threads'
import { LinkError, UsageError } from '../../base/errors.ts'
import { PortLink } from './port-link.ts'
import type { ConnectionOptions } from './transport.ts'

/**
 * A `MessagePort` or a `Worker` of `node:worker_threads`, `parentPort` in a worker, or whatever works as they do. It belongs to the
 * connection from then on: any message on it that is not of this library ends the connection.
 */
export interface MessagePortLike {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void
  on(event: string, listener: (value: unknown) => void): unknown
  off(event: string, listener: (value: unknown) => void): unknown
  close?(): void
  unref?(): unknown
}

/**
 * `options` for a connection over a port. Whether a thread is there the port knows, and one that computes for minutes is neither dead nor
 * stuck: so silence is no reason to end it, nor is half a message.
 */
export function ofPort(options: ConnectionOptions): ConnectionOptions {
  return { ...options, heartbeatTimeoutMs: 0, stallTimeoutMs: 0 }
}

/** Who dials or listens at this end. */
export interface PortUser {
  /** The other end dials. */
  onOpen(id: number): void
  /** The other end begins to listen. */
  onListen(): void
  /** The other end listens, and has accepted. */
  onAccept(id: number): void
  /** The port or the thread behind it is gone; so is the link, if there was one. */
  onOver(error: LinkError): void
}

/** The end of `port` that is here. Throws `UsageError` BAD_ENDPOINT when it is none. */
export function lineOf(port: MessagePortLike): PortLine {
  if (!isPort(port)) {
    throw new UsageError(
      'BAD_ENDPOINT',
      'an endpoint is a text as tcp://host:port, a MessagePort or a Worker',
    )
  }
  const known = lines.get(port)
  if (known?.over === false) return known
  const line = new PortLine(port)
  lines.set(port, line)
  return line
}

export class PortLine {
  /** As an endpoint: `port://1`, counted in this thread. */
  readonly address: string
  readonly #port: MessagePortLike
  #user: PortUser | undefined
  #link: PortLink | undefined
  #over = false
  #leaving = false
  #fault: unknown

  constructor(port: MessagePortLike) {
    this.#port = port
    this.address = `port://${++counted}`
  }

  /** Nothing comes or goes here any more. */
  get over(): boolean {
    return this.#over
  }

  /** The link of the moment. */
  get link(): PortLink | undefined {
    return this.#link
  }

  /** `user` hears of what comes, from now on. Throws `UsageError` PORT_TAKEN: there is one already. */
  take(user: PortUser): void {
    if (this.#user !== undefined) {
      throw new UsageError('PORT_TAKEN', `${this.address} is bound or connected already`)
    }
    this.#user = user
    const port = this.#port
    port.on('message', this.#onMessage)
    port.on('messageerror', this.#onMessageError)
    port.on('close', this.#onClose)
    if (!isWorker(port)) {
      port.unref?.() // links keep no process alive; a Worker does by itself, as its owner wants it
      return
    }
    port.on('exit', this.#onExit)
    port.on(errorMonitor, this.#onFault)
    // Nothing will ever be heard of a thread that has ended before.
    if (port.threadId === ENDED_THREAD) setImmediate(() => this.#end(threadEnded()))
  }

  listen(): void {
    this.post(LISTEN)
  }

  open(id: number): void {
    this.post(`${OPEN}${id}`)
  }

  accept(id: number): void {
    this.post(`${ACCEPT}${id}`)
  }

  /** A new link takes the place of the one before, which is at its end. */
  newLink(): PortLink {
    this.#link?.handleEnd()
    this.#link?.destroy()
    this.#link = new PortLink(this.address, this)
    return this.#link
  }

  /** The user is done with the port: it is closed as soon as its link is. */
  leave(): void {
    this.#leaving = true
    if (this.#link === undefined) this.#shut()
  }

  // -- the link's side ---------------------------------------------------------------------------------------------------

  post(message: unknown, transfer?: readonly ArrayBuffer[]): void {
    if (!this.#over) this.#port.postMessage(message, transfer)
  }

  postEnd(): void {
    this.post(this.#leaving ? LEAVE : END) // so that nobody dials anew what is about to be closed
  }

  /** `link` is closed. */
  unlink(link: PortLink): void {
    if (this.#link !== link) return
    this.#link = undefined
    if (this.#leaving) this.#shut()
  }

  // -- the port's side ---------------------------------------------------------------------------------------------------

  readonly #onMessage = (message: unknown): void => {
    if (typeof message !== 'string') {
      this.#link?.handleMessage(message)
    } else if (message === END) {
      this.#link?.handleEnd()
    } else if (message === LISTEN) {
      this.#user?.onListen()
    } else if (message === LEAVE) {
      this.#end(new LinkError('PEER_CLOSED', `the other end of ${this.address} was closed`), true)
    } else {
      this.#handleNumbered(message)
    }
  }

  #handleNumbered(message: string): void {
    const [, word, digits] = NUMBERED.exec(message) ?? []
    if (word === OPEN) this.#user?.onOpen(Number(digits))
    else if (word === ACCEPT) this.#user?.onAccept(Number(digits))
    else this.#link?.handleMessage(message)
  }

  readonly #onMessageError = (): void => {
    this.#link?.handleMessage(undefined)
  }

  readonly #onClose = (): void => {
    this.#end(new LinkError('PORT_CLOSED', `${this.address} was closed at the other end`))
  }

  readonly #onExit = (code: unknown): void => {
    this.#end(threadEnded(code, this.#fault))
  }

  // What a worker dies of, without taking it from those whom it concerns.
  readonly #onFault = (error: unknown): void => {
    this.#fault = error
  }

  /** It is over, from outside. `orderly`: it was announced. */
  #end(error: LinkError, orderly = false): void {
    if (this.#over) return
    const user = this.#user
    const link = this.#link
    this.#shut()
    link?.handleOver(orderly ? undefined : error)
    user?.onOver(error)
  }

  #shut(): void {
    if (this.#over) return
    this.post(LEAVE)
    this.#over = true
    this.#user = undefined
    this.#link = undefined
    const port = this.#port
    port.off('message', this.#onMessage)
    port.off('messageerror', this.#onMessageError)
    port.off('close', this.#onClose)
    // The thread is others', and so is a thread's own way to its parent: they stay open.
    if (isWorker(port)) {
      port.off('exit', this.#onExit)
      port.off(errorMonitor, this.#onFault)
    } else if (port !== (parentPort as unknown)) {
      port.close?.()
    }
  }
}

const LISTEN = 'pseud:listen'
const OPEN = 'pseud:open:'
const ACCEPT = 'pseud:accept:'
const END = 'pseud:end'
const LEAVE = 'pseud:leave'
const NUMBERED = /^(pseud:(?:open|accept):)(\d{1,15})$/
// What a Worker has for an id when it is gone.
const ENDED_THREAD = -1

const lines = new WeakMap<object, PortLine>()
let counted = 0

function isPort(value: unknown): value is MessagePortLike {
  if (typeof value !== 'object' || value === null) return false
  const { postMessage, on, off } = value as Partial<MessagePortLike>
  return [postMessage, on, off].every((method) => typeof method === 'function')
}

interface WorkerLike extends MessagePortLike {
  readonly threadId?: number
  on(event: string | symbol, listener: (value: unknown) => void): unknown
  off(event: string | symbol, listener: (value: unknown) => void): unknown
}

function isWorker(port: MessagePortLike): port is WorkerLike {
  return 'terminate' in port
}

function threadEnded(code?: unknown, cause?: unknown): LinkError {
  const how = code === undefined ? '' : ` with exit code ${String(code)}`
  return new LinkError('PORT_CLOSED', `the worker thread ended${how}`, cause === undefined ? {} : { cause })
}
