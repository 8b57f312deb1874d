// The other side of a STREAM socket: plain TCP clients and servers that keep what they get, and tell when it ends.
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net'
import { until } from './within.ts'

export class TcpPeer {
  readonly socket: Socket
  readonly chunks: Buffer[] = []
  /** The other side sent its FIN. */
  ended = false
  /** Nothing goes either way any more. */
  closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => this.chunks.push(chunk))
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  /** Everything that came. */
  get octets(): Buffer {
    return Buffer.concat(this.chunks)
  }

  get size(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  get text(): string {
    return this.octets.toString('latin1')
  }

  write(octets: string | Buffer): this {
    this.socket.write(octets)
    return this
  }

  /** Waits until at least these have come. */
  async got(text: string): Promise<void> {
    await until(() => this.text.includes(text), 5000, `${JSON.stringify(text)} in ${this.text}`)
  }
}

/** Connects to a tcp or ipc endpoint. */
export async function dialPlainly(endpoint: string): Promise<TcpPeer> {
  const [, transport, rest] = /^(\w+):\/\/(.*)$/.exec(endpoint)!
  const socket = transport === 'ipc' ? netConnect(rest!) : netConnect(portOf(endpoint), '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return new TcpPeer(socket)
}

/** A server that keeps whoever connects. */
export class TcpHost {
  readonly peers: TcpPeer[] = []
  readonly #server: Server
  /** Run for each connection, before anything is read from it. */
  onPeer: (peer: TcpPeer) => void = () => {}

  /** Listens at `endpoint`; default: any port. */
  static async listen(endpoint = 'tcp://127.0.0.1:0'): Promise<TcpHost> {
    const host = new TcpHost()
    await new Promise<void>((resolve) => host.#server.listen(portOf(endpoint), '127.0.0.1', resolve))
    return host
  }

  private constructor() {
    this.#server = createServer((socket) => {
      const peer = new TcpPeer(socket)
      this.onPeer(peer)
      this.peers.push(peer)
    })
  }

  get endpoint(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  /** Waits for connection number `n`, from 0. */
  async peer(n: number): Promise<TcpPeer> {
    await until(() => this.peers.length > n, 5000, `connection ${n}`)
    return this.peers[n]!
  }

  close(): void {
    this.#server.close()
    for (const peer of this.peers) peer.socket.destroy()
  }
}

function portOf(endpoint: string): number {
  return Number(endpoint.split(':').pop())
}
