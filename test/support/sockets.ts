/**
 * Scenarios of sockets: each runs over tcp, ipc and inproc, with sockets that are closed at its end whatever happens, and with a deadline.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { type Socket as NetSocket, connect as netConnect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'uvu'
import type { Socket } from '../../src/zmtp/index.ts'
import { within } from './within.ts'

export const TRANSPORTS = ['tcp', 'ipc', 'inproc'] as const
export type TransportName = (typeof TRANSPORTS)[number]

const folder = mkdtempSync(path.join(tmpdir(), 'pseud-test-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
let names = 0

export class Scenario {
  readonly transport: TransportName
  readonly #sockets: Socket[] = []
  readonly #endings: (() => void)[] = []

  constructor(transport: TransportName) {
    this.transport = transport
  }

  /** Has `socket` closed at the end of the scenario, without linger. */
  use<S extends Socket>(socket: S): S {
    this.#sockets.push(socket)
    return socket
  }

  /** Has `end` called at the end of the scenario, before the sockets are closed. */
  finally(end: () => void): void {
    this.#endings.push(end)
  }

  /** An address to bind; after `bind` the socket's `lastEndpoint` is the one to connect to. */
  address(): string {
    const name = `s${++names}`
    if (this.transport === 'tcp') return 'tcp://127.0.0.1:0'
    return this.transport === 'ipc' ? `ipc://${path.join(folder, name)}` : `inproc://${name}`
  }

  /** An address that nobody is bound to, but could be. */
  async freeAddress(): Promise<string> {
    if (this.transport !== 'tcp') return this.address()
    return `tcp://127.0.0.1:${await freePort()}`
  }

  async bind(socket: Socket, address: string = this.address()): Promise<string> {
    await socket.bind(address)
    return socket.lastEndpoint!
  }

  /** Two sockets, the first bound, the second connected to it. */
  async pair<A extends Socket, B extends Socket>(bound: A, connected: B): Promise<[A, B]> {
    this.use(bound)
    this.use(connected)
    connected.connect(await this.bind(bound))
    return [bound, connected]
  }

  close(): void {
    for (const end of this.#endings) end()
    for (const socket of this.#sockets) {
      if (socket.closed) continue
      socket.linger = 0
      socket.close()
    }
  }
}

/** Registers one test for each transport. */
export function overAll(
  suite: Test,
  name: string,
  run: (scenario: Scenario) => Promise<void>,
  transports: readonly TransportName[] = TRANSPORTS,
  deadlineMs = 10_000,
): void {
  for (const transport of transports) {
    suite(`${name} [${transport}]`, async () => {
      const scenario = new Scenario(transport)
      try {
        await within(deadlineMs, run(scenario), name)
      } finally {
        scenario.close()
      }
    })
  }
}

/** A peer made of octets: connected to a tcp or ipc endpoint, with its handshake as a DEALER already said. */
export function rawDealer(address: string): NetSocket {
  const [, transport, rest] = /^(\w+):\/\/(.*)$/.exec(address)!
  const socket =
    transport === 'ipc' ? netConnect(rest!) : netConnect(Number(rest!.split(':').pop()), '127.0.0.1')
  sayHello(socket)
  return socket
}

/** A DEALER's greeting and READY. */
export function sayHello(socket: NetSocket): void {
  const greeting = Buffer.alloc(64)
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1])
  greeting.write('NULL', 12)
  socket.write(greeting)
  socket.write('\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER', 'latin1')
}

export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export function strings(message: readonly Buffer[]): string[] {
  return message.map(String)
}

/** Rejects, or throws, with this code. */
export async function code(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code ?? error)
  }
  return 'no error'
}
