/**
 * The Proxy of the drop-in API: two sockets and what passes between them until it is terminated. Argument checks, states and errors are here,
 * messages are the Relay's.
 */
import { failErrno } from './errno.ts'
import { Relay } from './relay.ts'
import { type ProxySide, proxySideOf, type Socket } from './socket.ts'

/**
 * Passes messages between a front-end and a back-end socket, both ways as far as their types go: ROUTER and DEALER for requests and replies,
 * XSUB and XPUB for subscriptions up and messages down, PULL and PUSH for one way. High-water marks hold: where one side takes no more,
 * nothing more is read from the other.
 */
class SocketProxy<F extends Socket = Socket, B extends Socket = Socket> {
  readonly #frontEnd: F
  readonly #backEnd: B
  readonly #front: ProxySide
  readonly #back: ProxySide
  #relay: Relay | undefined
  #end: (() => void) | undefined

  static {
    // The global Proxy has the name in this file, and would give this class another one in every bundle.
    Object.defineProperty(SocketProxy, 'name', { value: 'Proxy' })
  }

  /** Throws TypeError for anything but two sockets. */
  constructor(...sockets: [frontEnd: F, backEnd: B]) {
    const [frontEnd, backEnd] = sockets
    const front = proxySideOf(frontEnd)
    if (front === undefined) throw new TypeError('Front-end must be a socket object')
    const back = proxySideOf(backEnd)
    if (back === undefined) throw new TypeError('Back-end must be a socket object')
    checkCount(sockets, 2)
    this.#frontEnd = frontEnd
    this.#backEnd = backEnd
    this.#front = front
    this.#back = back
  }

  /** The first of the two. */
  get frontEnd(): F {
    return this.#frontEnd
  }

  /** The second. */
  get backEnd(): B {
    return this.#backEnd
  }

  /**
   * Starts, and resolves when the proxy was terminated and both sockets are closed. Until then nobody else may use them (EBUSY), a close of
   * theirs waits, and the process is kept alive. Throws EINVAL when one is neither bound nor connected, EBUSY when one is in use or the
   * proxy runs already.
   */
  run(...nothing: []): Promise<void> {
    checkCount(nothing, 0)
    if (this.#relay !== undefined) failErrno('EBUSY', 'Proxy is already running')
    const front = this.#front
    const back = this.#back
    if (!front.core.hasEndpoints) failErrno('EINVAL', 'Front-end socket must be bound or connected')
    if (!back.core.hasEndpoints) failErrno('EINVAL', 'Back-end socket must be bound or connected')
    front.checkFree()
    back.checkFree()
    return this.#run(front, back)
  }

  /** Stops at once, after the message under way. What arrives waits, up to the high-water marks. Throws EBADF unless the proxy runs. */
  pause(...nothing: []): void {
    checkCount(nothing, 0)
    this.#running().pause()
  }

  /** Goes on with what waits. Throws EBADF unless the proxy runs. */
  resume(...nothing: []): void {
    checkCount(nothing, 0)
    this.#running().resume()
  }

  /**
   * Ends `run`. What was passed on is still sent as the `linger` of its socket says; what the other side had no room for is dropped, as by
   * any close. Throws EBADF unless the proxy runs.
   */
  terminate(...nothing: []): void {
    checkCount(nothing, 0)
    this.#running().stop()
    this.#end?.()
  }

  async #run(front: ProxySide, back: ProxySide): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve
    })
    // One socket may be both ends: then whatever comes goes back.
    const sides = front.core === back.core ? [front] : [front, back]
    const closed = Promise.all(sides.map((side) => side.occupy(ended)))
    this.#relay = new Relay(front.core, back.core)
    this.#relay.start()
    await closed
    this.#relay = undefined
  }

  #running(): Relay {
    if (this.#relay === undefined) failErrno('EBADF')
    return this.#relay
  }
}

export { SocketProxy as Proxy }

function checkCount(given: readonly unknown[], expected: number): void {
  if (given.length <= expected) return
  const noun = expected === 1 ? 'argument' : 'arguments'
  throw new TypeError(`Expected ${expected} ${noun} but received ${given.length}`)
}
