// A Link over a node:net socket: TCP and IPC alike. Knows bytes and their arrival, not what they mean.
import type { Socket } from 'node:net'
import { EMPTY } from '../../base/bytes.ts'
import { Intake } from './intake.ts'
import { addStuckWrite, deleteStuckWrite } from './stuck-writes.ts'
import { tcpPeerAddress } from './tcp.ts'
import type { Link, LinkOwner } from './transport.ts'

// Where a socket keeps its link, so that the listeners are the same functions for all of them: each of their own would be a third of what an
// idle link takes.
const LINK = Symbol('link')

interface LinkedSocket extends Socket {
  [LINK]?: SocketLink
}

let onData: (this: LinkedSocket, chunk: Buffer) => void
let onError: (this: LinkedSocket, error: Error) => void
let onClose: (this: LinkedSocket) => void

export class SocketLink implements Link {
  readonly #socket: LinkedSocket
  // Of a socket that cannot say where its peer is: of ipc, or behind a proxy.
  readonly #address: string | undefined
  readonly #intake: Intake
  #error: Error | undefined
  #stuck = false

  static {
    onData = function (chunk): void {
      const link = this[LINK]!
      if (!link.#intake.count(chunk.length)) this.pause()
      link.#intake.owner?.onChunk(chunk)
    }
    onError = function (error): void {
      this[LINK]!.#error = error
    }
    onClose = function (): void {
      this[LINK]!.#close()
    }
  }

  /**
   * Takes over a connected socket, which was made with `intake`, if that is given; `address` is where its peer is, unless the socket knows. The link
   * never keeps the process alive: whoever waits for it holds.
   */
  constructor(socket: Socket, address?: string, intake: Intake = new Intake()) {
    this.#socket = socket
    this.#address = address
    this.#intake = intake
    this.#socket[LINK] = this
    socket.unref()
    // From now on an error must always have a listener, or Node ends the process for a fault of the network.
    socket.on('error', onError)
  }

  get remoteAddress(): string {
    return this.#address ?? tcpPeerAddress(this.#socket)
  }

  get pendingBytes(): number {
    // A socket that has failed forgets what it holds and swallows what it is given, until it says so by 'close'.
    const socket = this.#socket
    return socket.errored || socket.destroyed ? Number.POSITIVE_INFINITY : socket.writableLength
  }

  start(owner: LinkOwner): void {
    const socket = this.#socket
    this.#intake.owner = owner
    // Said where the socket was made without `onread`, or the runtime does not know that.
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.resume() // it may have been paused by who had it before
    if (socket.destroyed) process.nextTick(() => this.#close())
  }

  write(pieces: Buffer[]): void {
    const socket = this.#socket
    if (pieces.length === 1) {
      socket.write(pieces[0]!)
    } else {
      socket.cork()
      for (const piece of pieces) socket.write(piece)
      socket.uncork()
    }
    // What the system takes at once is gone by now: nobody has to be told. Behind the rest goes a word to ourselves.
    if (socket.writableLength > 0) this.#awaitRest()
  }

  pause(): void {
    this.#intake.pause()
  }

  resume(): void {
    this.#intake.resume()
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
    this.resume() // a paused socket never sees the peer's FIN, and would stay open
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #awaitRest(): void {
    if (!this.#stuck) {
      this.#stuck = true
      addStuckWrite(this)
    }
    this.#socket.write(EMPTY, (error) => {
      if (this.#stuck && this.#socket.writableLength === 0) this.#freed()
      if (!error) this.#intake.owner?.onWritten()
    })
  }

  #freed(): void {
    this.#stuck = false
    deleteStuckWrite(this)
  }

  #close(): void {
    if (this.#stuck) this.#freed()
    const { owner } = this.#intake
    this.#intake.owner = undefined
    owner?.onClose(this.#error)
  }
}
