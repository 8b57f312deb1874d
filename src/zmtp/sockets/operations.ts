/**
 * send and receive as promises: at once where possible, else in a line until the pattern can, the time is over, or the caller aborts. Also
 * the rule that lets timers and the network have their turn: after 512 operations done at once the next one waits for the event loop.
 * Knows the pattern, not the endpoints.
 */
import type { Clock } from '../../base/clock.ts'
import type { Message } from '../routing/pipe.ts'
import { keep } from '../routing/pipe.ts'
import { Hold } from '../transport/hold.ts'
import { type ErrnoCode, errnoError, failErrno } from './errno.ts'
import { toPart, toParts } from './message.ts'
import { MAX_PENDING_RECEIVES, MAX_PENDING_SENDS, RECEIVE_TIMEOUT, SEND_TIMEOUT } from './option-table.ts'
import type { OptionValues } from './options.ts'
import type { Pattern } from './patterns/pattern.ts'
import { type Waiting, WaitingLine } from './waiting-line.ts'

/** For a single send or receive. Not known to the native package. */
export interface OperationOptions {
  /** Breaks the operation off while it waits: it rejects with the signal's reason, and no message is lost. Default: none. */
  readonly signal?: AbortSignal
}

const BUSY_WRITING = 'Socket is busy writing; only one send operation may be in progress at any time'
const BUSY_READING = 'Socket is busy reading; only one receive operation may be in progress at any time'

// As in the native package, whose tests count on it.
const MOST_IN_A_ROW = 512
const SENT: Promise<void> = Promise.resolve()

export class Operations {
  readonly #pattern: Pattern
  readonly #sends: WaitingLine<void>
  readonly #receives: WaitingLine<Message>
  // Mirrors of options, because they are looked at for every message.
  #sendTimeoutMs = -1
  #receiveTimeoutMs = -1
  #maxSends = 1
  #maxReceives = 1
  /** Operations done at once since the event loop last had a turn, as far as we know. */
  #inARow = 0
  #turnAsked = false
  #serving = false
  #relay: (() => void) | undefined

  constructor(pattern: Pattern, clock: Clock) {
    this.#pattern = pattern
    this.#sends = new WaitingLine(clock, new Hold(), this.#onSendExpired)
    this.#receives = new WaitingLine(clock, new Hold(), this.#onReceiveExpired)
  }

  /** Options have changed. */
  configure(options: OptionValues): void {
    this.#sendTimeoutMs = options.number(SEND_TIMEOUT)
    this.#receiveTimeoutMs = options.number(RECEIVE_TIMEOUT)
    this.#maxSends = options.number(MAX_PENDING_SENDS)
    this.#maxReceives = options.number(MAX_PENDING_RECEIVES)
  }

  // -- sending -----------------------------------------------------------------------------------------------------

  /** Throws EBUSY when too many sends wait; everything else rejects. */
  send(message: unknown, options?: OperationOptions): Promise<void> {
    const sends = this.#sends
    if (sends.length >= this.#maxSends) failErrno('EBUSY', BUSY_WRITING)
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (Array.isArray(message)) {
      if (message.length === 0) return SENT
      const parts = toParts(message)
      return this.#mayTry(sends.length, this.#sendTimeoutMs)
        ? this.#answer(this.#pattern.send(parts), parts, options)
        : this.#waitToSend(parts, options)
    }
    const body = toPart(message)
    if (!this.#mayTry(sends.length, this.#sendTimeoutMs)) return this.#waitToSend([body], options)
    const fault = this.#pattern.sendOne(body)
    if (fault !== undefined) return this.#answer(fault, [body], options)
    return this.#done()
  }

  /** All of `messages` in order; each waits where `send` would. Rejects with what the first failure brings; those before it are sent. */
  async sendMany(messages: Iterable<unknown>, options?: OperationOptions): Promise<void> {
    if (this.#inARow >= MOST_IN_A_ROW) await this.#nextTurn()
    // A batch counts as one operation: it ends, and its size is the caller's choice.
    const before = this.#inARow
    for (const message of messages) {
      this.#inARow = before
      const sent = this.send(message, options)
      if (sent !== SENT) await sent
    }
    this.#inARow = before + 1
  }

  #mayTry(waiting: number, timeoutMs: number): boolean {
    return waiting === 0 && (this.#inARow < MOST_IN_A_ROW || timeoutMs === 0)
  }

  #done(): Promise<void> {
    this.#inARow++
    // Out of turn until now: a REP may receive again.
    if (this.#receives.length > 0) this.serve()
    return SENT
  }

  #answer(
    fault: ErrnoCode | undefined,
    parts: Message,
    options: OperationOptions | undefined,
  ): Promise<void> {
    if (fault === undefined) return this.#done()
    if (this.#sendTimeoutMs === 0 || !this.#worthWaiting(fault)) return Promise.reject(errnoError(fault))
    return this.#waitToSend(parts, options)
  }

  #worthWaiting(fault: ErrnoCode): boolean {
    return mayPass(fault) && this.#pattern.sendWaits
  }

  #waitToSend(parts: Message, options: OperationOptions | undefined): Promise<void> {
    if (this.#sendTimeoutMs === 0) return Promise.reject(errnoError('EAGAIN'))
    if (this.#inARow >= MOST_IN_A_ROW) this.#askForTurn()
    return this.#sends.join(parts.map(keep), this.#sendTimeoutMs, options?.signal)
  }

  // -- receiving ---------------------------------------------------------------------------------------------------

  /** Throws EBUSY when too many receives wait; everything else rejects. */
  receive(options?: OperationOptions): Promise<Message> {
    const receives = this.#receives
    if (receives.length >= this.#maxReceives) failErrno('EBUSY', BUSY_READING)
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#mayTry(receives.length, this.#receiveTimeoutMs)) {
      const message = this.#pattern.receive()
      if (message !== undefined) return Promise.resolve(this.#received(message))
    } else if (receives.length === 0) {
      this.#askForTurn()
    }
    const fault = this.#pattern.receiveFault
    if (this.#receiveTimeoutMs === 0 || !mayPass(fault)) return Promise.reject(errnoError(fault))
    return receives.join(undefined, this.#receiveTimeoutMs, options?.signal)
  }

  /** The next message if it can be had without waiting and without keeping the event loop from its turn. */
  maybeReceive(): Message | undefined {
    if (this.#receives.length > 0 || this.#inARow >= MOST_IN_A_ROW) return undefined
    const message = this.#pattern.receive()
    return message === undefined ? undefined : this.#received(message)
  }

  /** Waits for a message, then takes what else is there, up to `most` in all. */
  async receiveMany(most: number, options?: OperationOptions): Promise<Message[]> {
    const batch = [await this.receive(options)]
    this.#pattern.receiveInto(batch, most)
    if (this.#sends.length > 0) this.serve()
    return batch
  }

  #received(message: Message): Message {
    this.#inARow++
    // Out of turn until now: a REQ may ask again.
    if (this.#sends.length > 0) this.serve()
    return message
  }

  /** The receive that waits longest fails; nothing happens when none waits. */
  failReceive(code: ErrnoCode): void {
    this.#receives.shift()?.reject(errnoError(code))
    this.serve()
  }

  // -- waiting -----------------------------------------------------------------------------------------------------

  /** Somebody wants to hear of a message as soon as it comes. */
  get receivesWaiting(): boolean {
    return this.#receives.length > 0 || this.#relay !== undefined
  }

  /** Somebody takes and gives messages himself: `onChange` is called whenever either may have become possible. `undefined` ends it. */
  relayTo(onChange: (() => void) | undefined): void {
    this.#relay = onChange
  }

  /** Something has changed: settles what can be settled now. One side may make the other possible, as in REQ and REP. */
  serve(): void {
    // Taking a message may resume reading, which brings messages, which lands here again: they are queued, and it is not their turn.
    if (this.#serving) return
    this.#serving = true
    while (this.#serveReceive() || this.#serveSend()) {}
    this.#serving = false
    this.#relay?.()
  }

  #serveReceive(): boolean {
    if (this.#receives.length === 0) return false
    const message = this.#pattern.receive()
    if (message === undefined) return false
    this.#inARow = 0
    this.#receives.shift()?.resolve(message)
    return true
  }

  #serveSend(): boolean {
    const next = this.#sends.peek()
    if (next === undefined) return false
    const fault = this.#pattern.send(next.parts!)
    if (fault !== undefined && this.#worthWaiting(fault)) return false
    this.#inARow = 0
    this.#sends.shift()
    settle(next, fault)
    return true
  }

  // -- the end -----------------------------------------------------------------------------------------------------

  /** Everything that waits fails as it would have failed at the end of its time. */
  close(): void {
    for (let next = this.#receives.shift(); next !== undefined; next = this.#receives.shift()) {
      this.#onReceiveExpired(next)
    }
    for (let next = this.#sends.shift(); next !== undefined; next = this.#sends.shift()) {
      settle(next, this.#pattern.send(next.parts!))
    }
  }

  // One last try, as the native package does it: the reason it gives is the one of that moment.
  readonly #onSendExpired = (waiting: Waiting<void>): void => {
    settle(waiting, this.#sends.length > 0 ? 'EAGAIN' : this.#pattern.send(waiting.parts!))
  }

  readonly #onReceiveExpired = (waiting: Waiting<Message>): void => {
    const message = this.#pattern.receive()
    if (message === undefined) waiting.reject(errnoError(this.#pattern.receiveFault))
    else waiting.resolve(message)
  }

  #nextTurn(): Promise<void> {
    this.#inARow = 0
    return new Promise(setImmediate)
  }

  #askForTurn(): void {
    if (this.#turnAsked) return
    this.#turnAsked = true
    setImmediate(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    this.#turnAsked = false
    this.#inARow = 0
    this.serve()
  }
}

/** Whether to wait: the other faults stay as they are. */
function mayPass(fault: ErrnoCode): boolean {
  return fault === 'EAGAIN' || fault === 'EFSM'
}

function settle(waiting: Waiting<void>, fault: ErrnoCode | undefined): void {
  if (fault === undefined) waiting.resolve()
  else waiting.reject(errnoError(fault))
}
