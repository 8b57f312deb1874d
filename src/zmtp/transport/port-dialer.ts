// Dials over a MessagePort: waits for the other end to listen, which it may do much later, or never. One attempt at a time; what is
// made of its end is the Dialer's.
import { LinkError } from '../../base/errors.ts'
import type { PortLine, PortUser } from './port-line.ts'
import type { PortLink } from './port-link.ts'

export interface PortDialerOwner {
  onLink(link: PortLink): void
  onFailure(error: LinkError, opened: boolean): void
  /** Nobody can be dialled here any more. */
  onOver(error: LinkError): void
}

export class PortDialer implements PortUser {
  readonly #line: PortLine
  readonly #owner: PortDialerOwner
  #dialling = false
  // Somebody was there, once.
  #heard = false

  constructor(line: PortLine, owner: PortDialerOwner) {
    this.#line = line
    this.#owner = owner
    line.take(this)
  }

  get over(): boolean {
    return this.#line.over
  }

  dial(): void {
    this.#dialling = true
    if (this.#heard) this.#open()
    else this.#line.dial()
  }

  cancel(): void {
    this.#dialling = false
  }

  /** No further attempt: the port is closed when its links are. */
  close(): void {
    this.#dialling = false
    this.#line.leave()
  }

  // -- the line's side -----------------------------------------------------------------------------------------------------

  onListen(): void {
    this.#heard = true
    this.#open()
  }

  onDial(): void {
    if (!this.#dialling) return
    this.#dialling = false
    const why = `${this.#line.address}: both ends connect, and one has to bind`
    this.#owner.onFailure(new LinkError('CONNECT_FAILED', why), false)
  }

  onOpen(link: PortLink): void {
    link.destroy()
  }

  onOver(error: LinkError): void {
    this.#dialling = false
    this.#owner.onOver(error)
  }

  #open(): void {
    if (!this.#dialling || this.#line.over) return
    this.#dialling = false
    this.#owner.onLink(this.#line.open())
  }
}
