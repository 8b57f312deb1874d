// Listens at a MessagePort: makes a Driver of each link that the other end opens. When the port is gone, so is the listener.
import { LinkError } from '../../base/errors.ts'
import type { TransportContext } from './context.ts'
import { type ConnectionOwner, Driver, type Origin } from './driver.ts'
import type { PortLine, PortUser } from './port-line.ts'
import type { PortLink } from './port-link.ts'
import type { ConnectionOptions } from './transport.ts'

/** A Listener, of listener.ts. */
export class PortListener implements PortUser, Origin {
  readonly endpoint: string
  readonly drivers: Set<Driver> = new Set()
  readonly #line: PortLine
  readonly #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #context: TransportContext

  constructor(line: PortLine, options: ConnectionOptions, owner: ConnectionOwner, context: TransportContext) {
    this.endpoint = line.address
    this.#line = line
    this.#options = options
    this.#owner = owner
    this.#context = context
    line.take(this)
    line.listen()
  }

  close(): void {
    this.#line.leave()
  }

  // -- the line's side -----------------------------------------------------------------------------------------------------

  onDial(): void {
    this.#line.listen()
  }

  onOpen(link: PortLink): void {
    this.#owner.onEvent({ type: 'accept', address: this.endpoint, remoteAddress: link.remoteAddress })
    const driver = new Driver(link, this.endpoint, false, this.#options, this.#owner, this.#context, this)
    this.drivers.add(driver)
    driver.start()
  }

  onListen(): void {
    const why = `${this.endpoint}: both ends bind, and one has to connect`
    const error = new LinkError('BIND_FAILED', why)
    this.#owner.onEvent({ type: 'accept:error', address: this.endpoint, error })
  }

  onOver(error: LinkError): void {
    this.#owner.onEvent({ type: 'close', address: this.endpoint, error })
  }

  onFinished(driver: Driver): void {
    this.drivers.delete(driver)
  }
}
