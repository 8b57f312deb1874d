/**
 * One end of a MessagePort or Worker, as connections are made over it: who dials or listens there, the links that came of it, and when it is
 * gone for good. It is a place to meet and no more: each link has a channel of its own, which the dialling end makes and sends across. So
 * several may live side by side, as over any transport, and what else a program says over its port does not matter here.
 *
 * What is said there, since a Worker loses what comes before somebody listens to it:
 *   listening end:  LISTEN when it begins, and in answer to DIAL
 *   dialling end:   DIAL when it wants to know whether somebody is there; after LISTEN, `{ pseud: 'open', port }`
 *   either end:     LEAVE when it is done with the port
 */
import { errorMonitor } from 'node:events'
import type { MessagePort, TransferListItem } from 'node:worker_threads'
import { builtin } from '../../base/builtin.ts'
import { LinkError, UsageError } from '../../base/errors.ts'
import { type LinkLine, PortLink } from './port-link.ts'
import type { ConnectionOptions } from './transport.ts'

const threads = builtin('node:worker_threads')

/**
 * A `MessagePort` or a `Worker` of `node:worker_threads`, `parentPort` in a worker, or whatever works as they do. A program may go on to
 * say other things over a Worker or `parentPort`; a MessagePort is closed with the connection.
 */
export interface MessagePortLike {
  /** As of a MessagePort. */
  postMessage(message: unknown, transfer?: readonly TransferListItem[]): void
  /** For `message`, `close`, `exit` and the like. */
  on(event: string, listener: (value: unknown) => void): unknown
  /** Undoes `on`. */
  off(event: string, listener: (value: unknown) => void): unknown
  /** Of a MessagePort: closes it. */
  close?(): void
  /** Lets the process end although it is there. */
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
  /** The other end listens. */
  onListen(): void
  /** The other end would like to dial. */
  onDial(): void
  /** The other end has dialled. */
  onOpen(link: PortLink): void
  /** The port or the thread behind it is gone, and so are the links. */
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

export class PortLine implements LinkLine {
  /** As an endpoint: `port://1`, counted in this thread. */
  readonly address: string
  readonly #port: MessagePortLike
  readonly #links = new Set<PortLink>()
  // Links whose channel has ended with their thread, which will say why.
  readonly #orphans = new Set<PortLink>()
  #user: PortUser | undefined
  #leaving = false
  #gone: LinkError | undefined
  #over = false
  #fault: unknown

  constructor(port: MessagePortLike) {
    this.#port = port
    this.address = `port://${++counted}`
  }

  /** No further link can be made here. */
  get over(): boolean {
    return this.#over || this.#gone !== undefined
  }

  /** `user` hears of what comes, from now on. Throws `UsageError` PORT_TAKEN: there is one already. */
  take(user: PortUser): void {
    if (this.#user !== undefined) {
      throw new UsageError('PORT_TAKEN', `${this.address} is bound or connected already`)
    }
    this.#user = user
    const port = this.#port
    port.on('message', this.#onMessage)
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
    this.#post(LISTEN)
  }

  dial(): void {
    this.#post(DIAL)
  }

  /** Makes a link, whose other end goes across. */
  open(): PortLink {
    const { port1, port2 } = new (threads().MessageChannel)()
    this.#post({ pseud: 'open', port: port2 }, [port2])
    return this.#add(port1)
  }

  /** The user is done with the port: it is closed as soon as its links are. */
  leave(): void {
    // Said at once, so that nobody dials anew what is about to be closed.
    if (!this.#leaving) this.#post(LEAVE)
    this.#leaving = true
    this.#check()
  }

  // -- the links' side ---------------------------------------------------------------------------------------------------

  /** The channel of `link` has ended without a word. */
  handleCut(link: PortLink): void {
    if (this.#gone !== undefined || !isWorker(this.#port)) {
      link.handleOver(this.#gone ?? portClosed(this.address))
      return
    }
    // The thread says in a moment what it died of; if it does not, it lives, and has broken off this link alone.
    this.#orphans.add(link)
    setTimeout(() => link.handleOver(portClosed(this.address)), LAST_WORD_MS).unref()
  }

  unlink(link: PortLink): void {
    this.#links.delete(link)
    this.#orphans.delete(link)
    // Whoever has the link is told of its end first.
    process.nextTick(this.#check)
  }

  // -- the port's side ---------------------------------------------------------------------------------------------------

  readonly #onMessage = (message: unknown): void => {
    if (message === LISTEN) this.#user?.onListen()
    else if (message === DIAL) this.#user?.onDial()
    else if (message === LEAVE)
      this.#end(new LinkError('PEER_CLOSED', `the other end of ${this.address} was closed`))
    else if (isOpening(message)) this.#handleOpening(message.port)
  }

  #handleOpening(port: MessagePort): void {
    if (this.#user === undefined || this.#leaving) port.close()
    else this.#user.onOpen(this.#add(port))
  }

  readonly #onClose = (): void => {
    this.#end(portClosed(this.address))
  }

  readonly #onExit = (code: unknown): void => {
    this.#end(threadEnded(code, this.#fault))
    for (const link of [...this.#orphans]) link.handleOver(this.#gone)
  }

  // What a worker dies of, without taking it from those whom it concerns.
  readonly #onFault = (error: unknown): void => {
    this.#fault = error
  }

  #add(port: MessagePort): PortLink {
    const link = new PortLink(this.address, port, this)
    this.#links.add(link)
    return link
  }

  /** It is over, from outside. Links read to their end, which comes by itself. */
  #end(error: LinkError): void {
    this.#gone ??= error
    this.#check()
  }

  readonly #check = (): void => {
    if (this.#over || this.#links.size > 0 || !(this.#leaving || this.#gone !== undefined)) return
    const user = this.#user
    this.#shut()
    if (this.#gone !== undefined) user?.onOver(this.#gone)
  }

  #shut(): void {
    if (!this.#leaving) this.#post(LEAVE)
    this.#over = true
    this.#user = undefined
    const port = this.#port
    port.off('message', this.#onMessage)
    port.off('close', this.#onClose)
    // The thread is others', and so is a thread's own way to its parent: they stay open.
    if (isWorker(port)) {
      port.off('exit', this.#onExit)
      port.off(errorMonitor, this.#onFault)
    } else if (port !== (threads().parentPort as unknown)) {
      port.close?.()
    }
  }

  #post(message: unknown, transfer?: readonly TransferListItem[]): void {
    if (!this.#over) this.#port.postMessage(message, transfer)
  }
}

const LISTEN = 'pseud:listen'
const DIAL = 'pseud:dial'
const LEAVE = 'pseud:leave'
// What a Worker has for an id when it is gone.
const ENDED_THREAD = -1
const LAST_WORD_MS = 1000

const lines = new WeakMap<object, PortLine>()
let counted = 0

function isPort(value: unknown): value is MessagePortLike {
  if (typeof value !== 'object' || value === null) return false
  const { postMessage, on, off } = value as Partial<MessagePortLike>
  return [postMessage, on, off].every((method) => typeof method === 'function')
}

function isOpening(message: unknown): message is { readonly port: MessagePort } {
  if (typeof message !== 'object' || message === null) return false
  const { pseud, port } = message as { pseud?: unknown; port?: unknown }
  return pseud === 'open' && port instanceof threads().MessagePort
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

function portClosed(address: string): LinkError {
  return new LinkError('PORT_CLOSED', `${address} was closed at the other end`)
}
