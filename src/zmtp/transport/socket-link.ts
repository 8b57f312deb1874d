// A Link over a node:net socket: TCP and IPC alike. Knows bytes and their arrival, not what they mean.
import type { Socket } from 'node:net'
import { addStuckWrite, deleteStuckWrite } from './stuck-writes.ts'
import type { Link, LinkOwner } from './transport.ts'

export class SocketLink implements Link {
  readonly remoteAddress: string
  readonly #socket: Socket
  #owner: LinkOwner | undefined
  #error: Error | undefined
  #stuck = false

  /** Takes over a connected socket. The link never keeps the process alive: whoever waits for it holds. */
  constructor(socket: Socket, remoteAddress: string) {
    this.#socket = socket
    this.remoteAddress = remoteAddress
    socket.unref()
    // From now on an error must always have a listener, or Node ends the process for a fault of the network.
    socket.on('error', this.#onError)
  }

  get pendingBytes(): number {
    // A socket that has failed forgets what it holds and swallows what it is given, until it says so by 'close'.
    const socket = this.#socket
    return socket.errored || socket.destroyed ? Number.POSITIVE_INFINITY : socket.writableLength
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.#socket.on('data', this.#onData)
    this.#socket.on('close', this.#onClose)
    this.#socket.resume() // it may have been paused by who had it before
    if (this.#socket.destroyed) process.nextTick(this.#onClose)
  }

  write(pieces: Buffer[]): void {
    const socket = this.#socket
    const last = pieces.length - 1
    if (last === 0) {
      socket.write(pieces[0]!, this.#onWritten)
    } else {
      socket.cork()
      for (let i = 0; i < last; i++) socket.write(pieces[i]!)
      socket.write(pieces[last]!, this.#onWritten)
      socket.uncork()
    }
    // What the system takes at once is gone by now.
    if (socket.writableLength > 0 && !this.#stuck) {
      this.#stuck = true
      addStuckWrite(this)
    }
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
    this.#socket.resume() // a paused socket never sees the peer's FIN, and would stay open
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#owner?.onChunk(chunk)
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (this.#stuck && this.#socket.writableLength === 0) this.#freed()
    if (!error) this.#owner?.onWritten()
  }

  readonly #onError = (error: Error): void => {
    this.#error = error
  }

  #freed(): void {
    this.#stuck = false
    deleteStuckWrite(this)
  }

  readonly #onClose = (): void => {
    if (this.#stuck) this.#freed()
    const owner = this.#owner
    this.#owner = undefined
    owner?.onClose(this.#error)
  }
}
