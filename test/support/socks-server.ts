/**
 * A SOCKS 5 proxy for tests, small and correct: user name and password where asked for, CONNECT to names, IPv4 and IPv6. It connects to
 * this machine whatever it is asked for, and notes what it was asked.
 */
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net'

export interface SocksRequest {
  /** 1 IPv4, 3 name, 4 IPv6. */
  readonly type: number
  readonly host: string
  readonly port: number
  readonly user: string | undefined
}

export interface SocksServerOptions {
  /** `name:password`; without it, none is asked for. */
  readonly credentials?: string
  /** Answers every request with this instead of connecting. */
  readonly reply?: number
}

export class SocksServer {
  readonly requests: SocksRequest[] = []
  /** Connections that were made for somebody and are open. */
  readonly tunnels: Set<Socket> = new Set()
  readonly #options: SocksServerOptions
  readonly #server: Server
  readonly #clients = new Set<Socket>()

  constructor(options: SocksServerOptions = {}) {
    this.#options = options
    this.#server = createServer((socket) => {
      this.#clients.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#clients.delete(socket))
      this.#serve(socket).catch(() => socket.destroy())
    })
  }

  /** Resolves to `host:port`. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  close(): void {
    this.#server.close()
    for (const socket of [...this.#clients, ...this.tunnels]) socket.destroy()
  }

  async #serve(client: Socket): Promise<void> {
    const read = reader(client)
    const [, count] = await read(2)
    const methods = await read(count!)
    const { credentials, reply } = this.#options
    const method = credentials === undefined ? 0 : 2
    if (!methods.includes(method)) {
      client.end(Buffer.from([5, 0xff]))
      return
    }
    client.write(Buffer.from([5, method]))
    let user: string | undefined
    if (credentials !== undefined) {
      const [, length] = await read(2)
      user = String(await read(length!))
      const password = String(await read((await read(1))[0]!))
      const good = `${user}:${password}` === credentials
      client.write(Buffer.from([1, good ? 0 : 1]))
      if (!good) return void client.end()
    }
    const [, , , type] = await read(4)
    const octets = await read(type === 1 ? 4 : type === 4 ? 16 : (await read(1))[0]!)
    const host = type === 3 ? String(octets) : octets.toString('hex')
    const port = (await read(2)).readUInt16BE()
    this.requests.push({ type: type!, host, port, user })
    if (reply !== undefined) {
      client.end(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
      return
    }
    const tunnel = netConnect(port, '127.0.0.1')
    this.tunnels.add(tunnel)
    tunnel.on('error', () => client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])))
    tunnel.on('close', () => {
      this.tunnels.delete(tunnel)
      client.destroy()
    })
    client.on('close', () => tunnel.destroy())
    tunnel.on('connect', () => {
      // A name as the bound address: legal, and longer than usual.
      client.write(
        Buffer.concat([Buffer.from([5, 0, 0, 3, 9]), Buffer.from('somewhere'), Buffer.from([0, 80])]),
      )
      tunnel.pipe(client)
      client.pipe(tunnel)
    })
  }
}

/** Reads so and so many octets at a time. */
function reader(socket: Socket): (size: number) => Promise<Buffer> {
  return async (size) => {
    for (;;) {
      const chunk = size === 0 ? Buffer.alloc(0) : (socket.read(size) as Buffer | null)
      if (chunk?.length === size) return chunk
      if (socket.destroyed || socket.readableEnded) throw new Error('the client has gone')
      await new Promise<void>((resolve) => {
        const done = (): void => {
          socket.off('readable', done)
          socket.off('close', done)
          resolve()
        }
        socket.on('readable', done)
        socket.on('close', done)
      })
    }
  }
}
