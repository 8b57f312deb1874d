// What the tests of the driver share: options of a plain DEALER or ROUTER connection, a receiver that notes everything.
import type { PseudError } from '../../../src/base/errors.ts'
import { NullMechanism } from '../../../src/zmtp/engine/security/null.ts'
import type { ConnectionOwner, Driver, Receiver, TransportEvent } from '../../../src/zmtp/transport/driver.ts'
import { zmqBackoff } from '../../../src/zmtp/transport/reconnect.ts'
import type { ConnectionOptions } from '../../../src/zmtp/transport/transport.ts'

export function connectionOptions(changes: Partial<ConnectionOptions> = {}): ConnectionOptions {
  return {
    socketType: 'DEALER',
    identity: Buffer.alloc(0),
    mechanism: () => new NullMechanism(),
    maxFrameSize: 64 << 20,
    maxMessageSize: 64 << 20,
    maxFrames: 1024,
    handshakeTimeoutMs: 5000,
    heartbeatIntervalMs: 0,
    heartbeatTimeoutMs: 0,
    heartbeatTtlMs: 0,
    heartbeatOnlyWhenSilent: false,
    connectTimeoutMs: 0,
    retryDelayMs: zmqBackoff(20, 0),
    backlog: 100,
    ipv6: false,
    keepAliveMs: -1,
    ...changes,
  }
}

/** Owner and receiver in one: notes drivers, events, messages and ends. */
export class Party implements ConnectionOwner, Receiver {
  readonly events: TransportEvent[] = []
  readonly drivers: Driver[] = []
  readonly messages: string[][] = []
  readonly ends: (PseudError | undefined)[] = []
  readonly givenUp: PseudError[] = []
  readies = 0
  drains = 0
  octets = 0
  onMessage: (driver: Driver, message: string[]) => void = () => {}
  #parts: string[] = []

  /** The newest connection that is ready. */
  get driver(): Driver {
    const ready = this.drivers.filter((driver) => driver.ready)
    if (ready.length === 0) throw new Error('no connection is ready')
    return ready[ready.length - 1]!
  }

  get ready(): boolean {
    return this.drivers.some((driver) => driver.ready)
  }

  eventTypes(): string[] {
    return this.events.map((event) => event.type)
  }

  receiver(driver: Driver): Receiver {
    this.drivers.push(driver)
    return this
  }

  onEvent(event: TransportEvent): void {
    this.events.push(event)
  }

  onGivenUp(_endpoint: string, error: PseudError): void {
    this.givenUp.push(error)
  }

  onReady(): void {
    this.readies++
  }

  onPart(driver: Driver, chunk: Buffer, start: number, end: number, more: boolean): void {
    this.octets += end - start
    this.#parts.push(end - start > 100 ? `${end - start} octets` : chunk.toString('latin1', start, end))
    if (more) return
    const message = this.#parts
    this.#parts = []
    this.messages.push(message)
    this.onMessage(driver, message)
  }

  onCommand(): void {}

  onDrain(): void {
    this.drains++
  }

  onEnd(_driver: Driver, error: PseudError | undefined): void {
    this.#parts = []
    this.ends.push(error)
  }
}
