/**
 * A connection of a participant that speaks both protocols, until it is known which one the peer speaks. Our own peers announce it, and a DEALER
 * never speaks protocol 1; of a ROUTER or REQ the first message decides, for good. Bounded: two short frames are looked at.
 */
import { EMPTY, equalAt } from '../../base/bytes.ts'
import { Deadline } from '../../base/deadlines.ts'
import { LinkError, type PseudError } from '../../base/errors.ts'
import type { Driver, Receiver } from '../../zmtp/connections.ts'
import { announcesPseud } from '../session/peer-info.ts'
import { VERSION } from './wire.ts'

export interface ChoiceOwner {
  /** The receiver for protocol 1, in place of the session that is there for protocol 2. */
  chooseFirst(): Receiver
  /** How long to wait for the first message of a peer that has to log in; 0: for ever. */
  readonly patienceMs: number
  arm(deadline: Deadline, delayMs: number): void
  disarm(deadline: Deadline): void
}

export class FirstMessage extends Deadline implements Receiver {
  readonly #owner: ChoiceOwner
  readonly #driver: Driver
  readonly #second: Receiver
  // Whose the connection is: the session of protocol 2 until it is known better.
  #chosen: Receiver | undefined
  // An empty frame has come, with more behind it.
  #delimiter = false

  constructor(owner: ChoiceOwner, driver: Driver, second: Receiver) {
    super()
    this.#owner = owner
    this.#driver = driver
    this.#second = second
  }

  onReady(driver: Driver): void {
    const { socketType, properties } = driver.peer!
    const open = (socketType === 'ROUTER' || socketType === 'REQ') && !announcesPseud(properties)
    if (!open) this.#choose(this.#second)
    else if (this.#owner.patienceMs > 0) this.#owner.arm(this, this.#owner.patienceMs)
  }

  onPart(driver: Driver, chunk: Buffer, start: number, end: number, more: boolean): void {
    let chosen = this.#chosen
    if (chosen === undefined) {
      if (!this.#delimiter && start === end && more) {
        this.#delimiter = true
        return
      }
      // A lone empty frame is the probe of a ROUTER.
      const first = this.#delimiter ? more && equalAt(chunk, start, end, VERSION) : start === end
      chosen = this.#choose(first ? this.#owner.chooseFirst() : this.#second)
      if (this.#delimiter) chosen.onPart(driver, EMPTY, 0, 0, true)
    }
    chosen.onPart(driver, chunk, start, end, more)
  }

  onCommand(driver: Driver, name: string, chunk: Buffer, start: number, end: number): void {
    this.#chosen?.onCommand(driver, name, chunk, start, end)
  }

  onDrain(driver: Driver): void {
    this.#chosen?.onDrain(driver)
  }

  onEnd(driver: Driver, error: PseudError | undefined): void {
    this.#owner.disarm(this)
    const heir = this.#chosen ?? this.#second
    heir.onEnd(driver, error)
  }

  onDeadline(): void {
    const { patienceMs } = this.#owner
    this.#driver.destroy(
      new LinkError('HANDSHAKE_TIMEOUT', `the peer was not logged in within ${patienceMs} ms`),
    )
  }

  #choose(receiver: Receiver): Receiver {
    this.#chosen = receiver
    this.#owner.disarm(this)
    // What is in the chunk at hand still comes here.
    this.#driver.handOver(receiver)
    receiver.onReady(this.#driver)
    return receiver
  }
}
