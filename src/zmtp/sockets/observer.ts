/**
 * The monitor of one socket, `socket.events`: a queue of events that are received one by one, iterated, or (once `on` was called, for
 * good) emitted. Events are kept from the moment the observer exists; the queue is bounded, the newest are dropped when nobody reads.
 */
// biome-ignore-all lint/complexity/noArguments: how many arguments were given is part of the API that is matched
import { EventEmitter } from 'node:events'
import { realClock } from '../../base/clock.ts'
import { Fifo } from '../../base/fifo.ts'
import { Hold } from '../transport/hold.ts'
import { expectArguments } from './arguments.ts'
import { errnoError, failErrno } from './errno.ts'
import type { Event, EventOfType, EventType } from './events.ts'
import { WaitingLine } from './waiting-line.ts'

/** How a socket lets itself be watched. */
export interface EventSource {
  /** Has every event from now on passed to `observer`. Throws ENOTSOCK when the socket is closed. */
  watch(observer: (event: Event) => void): void
}

let sourceOf: (socket: object) => EventSource | undefined

/** How to find the source of a socket. Called by Socket, which this file must not import. */
export function findSourcesBy(lookup: (socket: object) => EventSource | undefined): void {
  sourceOf = lookup
}

/** Events that pile up before anybody reads them; as many as libzmq's monitor keeps. */
const MOST_KEPT = 1000

const BUSY = 'Observer is busy reading; only one receive operation may be in progress at any time'
const EMITTER_MODE =
  'Observer is in event emitter mode. After a call to events.on() it is not possible to read events with events.receive().'

/** What `on` and `off` of an `Observer` return: they can be called in a row. */
export interface EventSubscriber {
  /** Calls `listener` with each event of this type. */
  on<E extends EventType>(type: E, listener: (data: EventOfType<E>) => void): EventSubscriber
  /** Undoes `on`. */
  off<E extends EventType>(type: E, listener: (data: EventOfType<E>) => void): EventSubscriber
}

/**
 * The events of one socket, as `socket.events` gives them: received one by one, iterated, or, once `on` was called, emitted. At most 1,000
 * wait to be read; what comes then is dropped, but for `end`.
 */
export class Observer implements EventSubscriber {
  readonly #events: Fifo<Event> = new Fifo()
  // A receive and the emitter wait here, each once at most; the line brings the promises and the hold on the process.
  readonly #receives: WaitingLine<Event> = new WaitingLine(realClock, new Hold(), () => {})
  #emitter: EventEmitter | undefined
  #closed = false

  /** Watches a socket. Programs use `socket.events`, which makes one and keeps it. Throws TypeError, ENOTSOCK. */
  constructor(socket: object) {
    const source = typeof socket === 'object' && socket !== null ? sourceOf(socket) : undefined
    if (source === undefined) throw new TypeError('Socket must be a socket object')
    expectArguments(1, arguments.length)
    source.watch(this.#onEvent)
  }

  /** No more events will come. */
  get closed(): boolean {
    return this.#closed
  }

  /** Stops watching. A pending receive is rejected with ENOTSOCK, a loop ends. Idempotent. */
  close(): void {
    expectArguments(0, arguments.length)
    if (this.#closed) return
    this.#closed = true
    this.#events.clear()
    for (let next = this.#receives.shift(); next !== undefined; next = this.#receives.shift()) {
      next.reject(errnoError('ENOTSOCK'))
    }
  }

  /** The next event. Throws EBADF when closed, EBUSY when another receive is pending. The last event is `end`. */
  receive(): Promise<Event> {
    expectArguments(0, arguments.length)
    if (this.#emitter !== undefined) failEmitterMode()
    if (this.#closed) failErrno('EBADF')
    if (this.#receives.length > 0) failErrno('EBUSY', BUSY)
    return this.#next()
  }

  /** Calls `listener` with each event of this type. From the first call on, `receive` is not available. Returns the emitter. */
  on<E extends EventType>(type: E, listener: (data: EventOfType<E>) => void): EventSubscriber {
    this.#emitter ??= this.#startEmitter()
    return this.#emitter.on(type, listener) as unknown as EventSubscriber
  }

  /** Undoes `on`. */
  off<E extends EventType>(type: E, listener: (data: EventOfType<E>) => void): EventSubscriber {
    this.#emitter ??= this.#startEmitter()
    return this.#emitter.off(type, listener) as unknown as EventSubscriber
  }

  /** Event after event; ends when the observer or the socket is closed. */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined> {
    return {
      next: async () => {
        if (this.#closed) return END
        try {
          return { value: await this.receive(), done: false }
        } catch (error) {
          // The native package throws here what it says it would not.
          if (this.#closed) return END
          throw error
        }
      },
    }
  }

  readonly #onEvent = (event: Event): void => {
    if (this.#closed) return
    const waiting = this.#receives.shift()
    if (waiting !== undefined) waiting.resolve(this.#taken(event))
    else if (this.#events.length < MOST_KEPT || event.type === 'end') this.#events.push(event)
  }

  #next(): Promise<Event> {
    const event = this.#events.shift()
    return event === undefined
      ? this.#receives.join(undefined, -1, undefined)
      : Promise.resolve(this.#taken(event))
  }

  #taken(event: Event): Event {
    if (event.type === 'end') this.close()
    return event
  }

  #startEmitter(): EventEmitter {
    const emitter = new EventEmitter()
    // Even to look at it throws from now on, as there.
    Object.defineProperty(this, 'receive', { get: failEmitterMode })
    const run = async (): Promise<void> => {
      while (!this.#closed) {
        const event = await this.#next().catch(noEvent)
        if (event !== undefined) emitter.emit(event.type, event)
      }
    }
    // What a listener throws becomes an unhandled rejection: it must not vanish, and there is nobody here to take it.
    run()
    return emitter
  }
}

/** The observer was closed meanwhile. */
function noEvent(): undefined {}

// Without a value, as the native package has it.
const END = { done: true } as IteratorResult<never, undefined>

function failEmitterMode(): never {
  throw new Error(EMITTER_MODE)
}
