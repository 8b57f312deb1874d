/**
 * A Link over a MessagePort: octets travel as messages of their own memory, which is handed over. A port takes whatever it is given and so has
 * no back-pressure of its own; here each end may have a window's worth under way, and gets room back as the other end takes it. What a
 * message costs is more than its octets, or a million of one octet each would pass.
 *
 * A message is a Uint8Array (octets, all of its memory), a number (so much room is free again) or END (no further octets). Anything else ends the
 * link.
 */
import { isArrayBuffer, isUint8Array } from 'node:util/types'
import { ProtocolError } from '../../base/errors.ts'
import type { Link, LinkOwner } from './transport.ts'

/** What may be under way in one direction. */
export const PORT_WINDOW: number = 1024 * 1024
// Told back in so few steps that they cost nothing, and early enough that the sender need not stop.
const GIVE_BACK = PORT_WINDOW / 4
// A message has at most so many octets: the other thread begins to read while the rest is being written.
const MESSAGE_MAX = 128 * 1024
// Memory smaller than this is sooner copied than handed over (bench/threads.bench.ts).
const HANDED_OVER = 1024
// What a message takes beside its octets, roughly.
const OVERHEAD = 256

/** What a link needs of its channel: a MessagePort of its own. */
export interface LinkPort {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void
  on(event: string, listener: (value: unknown) => void): unknown
  unref(): void
  close(): void
}

/** Where the link was made. */
export interface LinkLine {
  /** Its channel has ended without a word: `handleOver` follows, with what is known of why. */
  handleCut(link: PortLink): void
  unlink(link: PortLink): void
}

const END = 'pseud:end'

export class PortLink implements Link {
  readonly remoteAddress: string
  /** Octets that the window has no room for yet. */
  pendingBytes = 0
  readonly #port: LinkPort
  readonly #line: LinkLine
  #owner: LinkOwner | undefined
  #room = PORT_WINDOW
  #pieces: Buffer[] = []
  // Octets of the first piece that have left.
  #left = 0
  #arrived: Buffer[] = []
  // What the other end has used of its window, and what of that was taken and not yet told.
  #used = 0
  #taken = 0
  #paused = false
  #delivering = false
  #ended = false
  #peerEnded = false
  #closed = false

  constructor(remoteAddress: string, port: LinkPort, line: LinkLine) {
    this.remoteAddress = remoteAddress
    this.#port = port
    this.#line = line
    port.on('message', this.#onMessage)
    port.on('messageerror', this.#onMessage)
    port.on('close', this.#onPortClose)
    port.unref()
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.#deliverSoon()
  }

  write(pieces: Buffer[]): void {
    if (this.#closed || this.#ended) return
    for (const piece of pieces) {
      this.#pieces.push(piece)
      this.pendingBytes += piece.length
    }
    this.#post()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#deliverSoon()
  }

  end(): void {
    this.#ended = true
    this.#paused = false // or the end of the other side would never be seen
    if (this.pendingBytes === 0) this.#port.postMessage(END)
    this.#deliverSoon()
  }

  destroy(): void {
    if (!this.#close()) return
    setImmediate(this.#tellClosed)
  }

  // -- the port's and the line's side ------------------------------------------------------------------------------------

  readonly #onMessage = (message: unknown): void => {
    if (this.#closed) return
    if (message === END) {
      this.#peerEnded = true
      this.#deliver()
      return
    }
    const fault = typeof message === 'number' ? this.#takeRoom(message) : this.#takeOctets(message)
    if (fault !== undefined) this.handleOver(new ProtocolError('BAD_PORT_MESSAGE', fault))
  }

  readonly #onPortClose = (): void => {
    if (this.#closed || this.#peerEnded) return
    if (this.#ended) this.handleOver(undefined)
    else this.#line.handleCut(this)
  }

  /** Over at once; what has come is still delivered, to a receiver that had paused too. */
  handleOver(error: Error | undefined): void {
    if (this.#closed) return
    this.#paused = false
    this.#pass()
    if (this.#close()) this.#tell(error)
  }

  // -- out ---------------------------------------------------------------------------------------------------------------

  #post(): void {
    while (this.pendingBytes > 0 && this.#room > OVERHEAD) {
      const size = Math.min(this.pendingBytes, this.#room - OVERHEAD, MESSAGE_MAX)
      const octets = this.#gather(size)
      this.pendingBytes -= size
      this.#room -= size + OVERHEAD
      this.#port.postMessage(octets, size < HANDED_OVER ? undefined : [octets.buffer as ArrayBuffer])
    }
  }

  /** The next `size` octets in memory of their own, which goes to the other thread. */
  #gather(size: number): Buffer {
    const octets = Buffer.allocUnsafeSlow(size)
    const pieces = this.#pieces
    let at = 0
    let done = 0
    while (at < size) {
      const piece = pieces[done]!
      const copied = piece.copy(octets, at, this.#left)
      at += copied
      this.#left += copied
      if (this.#left < piece.length) break
      this.#left = 0
      done++
    }
    pieces.splice(0, done)
    return octets
  }

  #takeRoom(room: number): string | undefined {
    if (!Number.isSafeInteger(room) || room <= 0 || this.#room + room > PORT_WINDOW) {
      return 'more room was given back than was used'
    }
    this.#room += room
    if (this.pendingBytes === 0) return undefined
    this.#post()
    if (this.pendingBytes > 0) return undefined
    if (this.#ended) this.#port.postMessage(END)
    this.#owner?.onWritten()
    return undefined
  }

  // -- in ----------------------------------------------------------------------------------------------------------------

  #takeOctets(message: unknown): string | undefined {
    if (!isUint8Array(message) || this.#peerEnded) return 'a message on the port is not one of this library'
    const { buffer, byteLength } = message
    // Memory that others can still write to, or that is more than it shows.
    if (!isArrayBuffer(buffer) || buffer.byteLength !== byteLength || byteLength === 0) {
      return 'the octets of a message are not in memory of their own'
    }
    this.#used += byteLength + OVERHEAD
    if (this.#used > PORT_WINDOW) return 'the other end sends more than it has room for'
    this.#arrived.push(Buffer.from(buffer))
    // The first of a turn at once; what comes with it together, or answers would fall apart into a message for each message.
    if (this.#delivering) return undefined
    this.#deliver()
    this.#deliverSoon()
    return undefined
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#closed) return
    this.#delivering = true
    setImmediate(this.#deliverNow)
  }

  readonly #deliverNow = (): void => {
    this.#delivering = false
    this.#deliver()
  }

  #deliver(): void {
    this.#pass()
    if (this.#peerEnded && this.#arrived.length === 0 && !this.#paused && this.#owner !== undefined) {
      if (this.#close()) this.#tell(undefined)
    }
  }

  #pass(): void {
    while (this.#owner !== undefined && !this.#paused && !this.#closed && this.#arrived.length > 0) {
      const octets = this.#arrived.shift()!
      this.#taken += octets.length + OVERHEAD
      if (this.#taken >= GIVE_BACK) {
        this.#port.postMessage(this.#taken)
        this.#used -= this.#taken
        this.#taken = 0
      }
      this.#owner.onChunk(octets)
    }
  }

  // -- the end -----------------------------------------------------------------------------------------------------------

  /** `false`: it was closed before. */
  #close(): boolean {
    if (this.#closed) return false
    this.#closed = true
    this.#arrived = []
    this.#pieces = []
    if (!this.#ended || this.pendingBytes > 0) this.#port.postMessage(END)
    this.#port.close()
    this.#line.unlink(this)
    return true
  }

  readonly #tellClosed = (): void => {
    this.#tell(undefined)
  }

  #tell(error: Error | undefined): void {
    const owner = this.#owner
    this.#owner = undefined
    owner?.onClose(error)
  }
}
