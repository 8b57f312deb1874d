/**
 * A peer made of octets at the other end of a real tcp connection: it says what a test wants it to say, keeps what it hears, and need not
 * listen. `RawListener` is the same where our socket dials.
 */
import { once } from 'node:events'
import { createServer, type Socket as NetSocket, connect as netConnect, type Server } from 'node:net'
import { greeting, property, ready } from './engine.ts'
import { until } from './within.ts'

export interface RawFrame {
  readonly flags: number
  readonly body: Buffer
}

export class RawPeer {
  readonly socket: NetSocket
  /** The connection is over, whoever ended it. */
  closed = false
  #size = 0
  // Joined only when somebody looks.
  #chunks: Buffer[] = []

  constructor(socket: NetSocket) {
    this.socket = socket
    // What is written leaves now: Nagle's algorithm would keep a drip until the one before it was acknowledged, 40 ms later.
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.#size += chunk.length
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  /** Connects to a tcp or ipc endpoint of ours; says nothing yet. */
  static async connect(endpoint: string): Promise<RawPeer> {
    const ipc = endpoint.startsWith('ipc://')
    const socket = ipc
      ? netConnect(endpoint.slice('ipc://'.length))
      : netConnect(portOf(endpoint), '127.0.0.1')
    const peer = new RawPeer(socket)
    await once(socket, 'connect')
    return peer
  }

  /** Says greeting and READY as a peer of this type, and whatever else. */
  hello(socketType: string, options: { minor?: number; identity?: string } = {}, rest?: Buffer): this {
    const identity = options.identity === undefined ? [] : [property('Identity', options.identity)]
    return this.write(
      greeting('NULL', 3, options.minor ?? 1),
      ready(socketType, ...identity),
      ...(rest ? [rest] : []),
    )
  }

  write(...pieces: Buffer[]): this {
    this.socket.write(Buffer.concat(pieces))
    return this
  }

  /** All octets that have come, the greeting too. */
  get heard(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!
  }

  /** How many those are. */
  get size(): number {
    return this.#size
  }

  /** The whole frames behind the greeting. */
  get frames(): RawFrame[] {
    const { heard } = this
    const frames: RawFrame[] = []
    for (let at = 64; at + 2 <= heard.length; ) {
      const flags = heard[at]!
      const long = (flags & 2) !== 0
      if (long && at + 9 > heard.length) break
      const start = at + (long ? 9 : 2)
      const size = long ? heard.readUInt32BE(at + 5) : heard[at + 1]!
      if (start + size > heard.length) break
      frames.push({ flags: flags & ~2, body: heard.subarray(start, start + size) })
      at = start + size
    }
    return frames
  }

  /** The bodies of whole messages, without commands. */
  get messages(): Buffer[][] {
    const messages: Buffer[][] = []
    let message: Buffer[] = []
    for (const { flags, body } of this.frames) {
      if ((flags & 4) !== 0) continue
      message.push(body)
      if ((flags & 1) !== 0) continue
      messages.push(message)
      message = []
    }
    return messages
  }

  /** Waits until so many octets have come. */
  async hears(octets: number): Promise<this> {
    await until(() => this.#size >= octets, 5000, `${octets} octets`)
    return this
  }

  /** Waits until our READY has come. */
  async ready(): Promise<this> {
    await until(() => this.frames.length > 0, 5000, 'READY')
    return this
  }

  /** Waits until the connection is over. */
  async over(ms = 5000): Promise<void> {
    await until(() => this.closed, ms, 'the end of the connection')
  }

  destroy(): void {
    this.socket.destroy()
  }
}

export class RawListener {
  readonly endpoint: string
  readonly #server: Server
  readonly #peers: RawPeer[] = []

  private constructor(server: Server) {
    this.#server = server
    this.endpoint = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`
    server.on('connection', (socket) => this.#peers.push(new RawPeer(socket)))
  }

  /** Listens on a port that is free, or on this one. */
  static async open(port = 0): Promise<RawListener> {
    const server = createServer()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new RawListener(server)
  }

  /** How many connections there have been. */
  get count(): number {
    return this.#peers.length
  }

  /** The connection of this number, from 0, once it is there. */
  async peer(index: number): Promise<RawPeer> {
    await until(() => this.#peers.length > index, 5000, `connection ${index}`)
    return this.#peers[index]!
  }

  close(): void {
    this.#server.close()
    for (const peer of this.#peers) peer.destroy()
  }
}

export function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))
}
