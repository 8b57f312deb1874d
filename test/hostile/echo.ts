/**
 * An echo connection of our own in the same process, by which promptness is measured: "within 50 ms" on a quiet machine, and on a loaded one
 * not later than so many round trips of a connection that does nothing else. Both share the event loop with whatever is measured.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket as NetSocket, type Server } from 'node:net'
import type { RawPeer } from '../support/raw-peer.ts'

/** What security.md allows between the octet that decides and the end of the connection. */
const PROMPT_MS = 50
/** As much in round trips: a verdict of a judge in another socket takes about six. */
const PROMPT_ROUNDS = 25

export class Echo {
  readonly #server: Server
  readonly #socket: NetSocket
  readonly #waiting: (() => void)[] = []

  private constructor(server: Server, socket: NetSocket) {
    this.#server = server
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      for (let n = 0; n < chunk.length; n++) this.#waiting.shift()?.()
    })
  }

  static async open(): Promise<Echo> {
    const server = createServer((socket) => socket.setNoDelay(true).pipe(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
    await once(socket, 'connect')
    return new Echo(server, socket)
  }

  /** One octet there and back. */
  round(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#socket.write('.')
    })
  }

  /** As long as whatever was written before needs to be read, and what follows from it to be read here. */
  async settle(): Promise<void> {
    for (let n = 0; n < 6; n++) await this.round()
  }

  /** Waits for the end of `peer`, whose deciding octet was written just now. Throws when it does not come promptly. */
  async seesEnd(peer: RawPeer): Promise<void> {
    const start = performance.now()
    for (let rounds = 0; !peer.closed; rounds++) {
      const elapsed = performance.now() - start
      if (elapsed > PROMPT_MS && rounds > PROMPT_ROUNDS) {
        throw new Error(
          `open ${elapsed.toFixed(0)} ms and ${rounds} round trips after the octet that decides`,
        )
      }
      await this.round()
    }
  }

  close(): void {
    this.#socket.destroy()
    this.#server.close()
  }
}
