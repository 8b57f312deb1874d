// A tcp relay between two ends of a ZMTP connection: it can keep octets back, break off after so many, and write down what passes. It can also
// make each end believe that the other speaks ZMTP 3.0, which no libzmq of today says of itself. Knows the greeting, no frame.
import { once } from 'node:events'
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net'

export interface RelayOptions {
  /** What both ends take for the minor version of the other. */
  readonly minor?: number
}

/** From the end that connected, or to it. */
export type Direction = 'up' | 'down'

const MINOR_AT = 11

export class Relay {
  /** What passed in each direction, of all connections. */
  readonly passed: Record<Direction, Buffer[]> = { up: [], down: [] }
  readonly #server: Server
  readonly #target: number
  readonly #options: RelayOptions
  readonly #sockets = new Set<Socket>()
  readonly #left: Record<Direction, number> = { up: Infinity, down: Infinity }
  #frozen = false

  private constructor(server: Server, target: string, options: RelayOptions) {
    this.#server = server
    this.#target = Number(target.slice(target.lastIndexOf(':') + 1))
    this.#options = options
    server.on('connection', (socket) => this.#join(socket))
  }

  /** A relay to a tcp endpoint on this machine; connect to its `endpoint` instead. */
  static async to(target: string, options: RelayOptions = {}): Promise<Relay> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Relay(server, target, options)
  }

  get endpoint(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  octets(direction: Direction): Buffer {
    return Buffer.concat(this.passed[direction])
  }

  /** Passes nothing on; connections stay as they are. */
  freeze(): void {
    this.#frozen = true
    for (const socket of this.#sockets) socket.pause()
  }

  thaw(): void {
    this.#frozen = false
    for (const socket of this.#sockets) socket.resume()
  }

  /** Ends all connections once so many further octets have gone in this direction; later ones are whole again. */
  cutAfter(direction: Direction, octets: number): void {
    this.#left[direction] = octets
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(near: Socket): void {
    const far = netConnect(this.#target, '127.0.0.1')
    this.#pass(near, far, 'up')
    this.#pass(far, near, 'down')
  }

  #pass(from: Socket, to: Socket, direction: Direction): void {
    let position = 0
    this.#sockets.add(from)
    if (this.#frozen) from.pause()
    from.setNoDelay(true)
    from.on('data', (chunk) => {
      const minorAt = MINOR_AT - position
      position += chunk.length
      if (this.#options.minor !== undefined && minorAt >= 0 && minorAt < chunk.length) {
        chunk[minorAt] = this.#options.minor
      }
      this.#send(chunk, from, to, direction)
    })
    from.on('error', () => {})
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }

  #send(chunk: Buffer, from: Socket, to: Socket, direction: Direction): void {
    const last = chunk.length > this.#left[direction]
    const piece = last ? chunk.subarray(0, this.#left[direction]) : chunk
    this.passed[direction].push(piece)
    this.#left[direction] -= piece.length
    if (last) {
      this.#left[direction] = Infinity
      to.write(piece, () => from.destroy())
    } else if (!to.write(piece)) {
      from.pause()
      to.once('drain', () => {
        if (!this.#frozen) from.resume()
      })
    }
  }
}
