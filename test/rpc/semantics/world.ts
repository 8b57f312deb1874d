// What a row needs to be played over one transport: endpoints, servers and clients that are closed when it is over, and a way to
// see how a call ends. Knows no row.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite, type Test } from 'uvu'
import {
  Client,
  type ClientOptions,
  type RpcError,
  Server,
  type ServerOptions,
} from '../../../src/rpc/index.ts'
import { overPorts } from '../../support/over-ports.ts'
import { within } from '../../support/within.ts'

export const TRANSPORTS = ['tcp', 'ipc', 'inproc', 'MessagePort'] as const

export type Transport = (typeof TRANSPORTS)[number]

/** Rows by their names: each begins with `row N: ` or `section 6, N: `. */
export type Rows = Readonly<Record<string, (world: World) => Promise<void>>>

/** Everything that has to be closed in the end. */
interface Closable {
  close(): Promise<unknown>
}

// Delays of a test, not of a network.
const QUICK: ClientOptions = { reconnect: { minMs: 5, maxMs: 50 }, lingerMs: 100 }

export class World {
  readonly transport: Transport
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'pseud-rows-'))
  readonly #open: Closable[] = []
  #counter = 0

  constructor(transport: Transport) {
    this.transport = transport
  }

  /** An endpoint to bind; what `bind` resolves to is the one to connect to. */
  endpoint(): string {
    this.#counter++
    switch (this.transport) {
      case 'tcp':
        return 'tcp://127.0.0.1:0'
      case 'ipc':
        return `ipc://${this.#folder}/${this.#counter}`
      case 'inproc':
        return `inproc://row-${process.pid}-${this.#counter}`
      case 'MessagePort':
        return `ports:${this.#counter}`
    }
  }

  /** An endpoint at which nobody is. */
  nobody(): string {
    return this.transport === 'tcp' ? 'tcp://127.0.0.1:1' : this.endpoint()
  }

  /** Closes `one` when the row is over. */
  keep<T extends Closable>(one: T): T {
    this.#open.push(one)
    return one
  }

  get #Server(): typeof Server {
    return this.transport === 'MessagePort' ? overPorts(Server) : Server
  }

  get #Client(): typeof Client {
    return this.transport === 'MessagePort' ? overPorts(Client) : Client
  }

  server(name = 'remote', options: ServerOptions = {}): Server {
    return this.keep(new this.#Server(name, { lingerMs: 100, ...options }))
  }

  client(name = 'remote', options: ClientOptions = {}): Client {
    return this.keep(new this.#Client(name, { ...QUICK, ...options }))
  }

  /** A server that offers `functions`, and a client that is ready to call it. */
  async pair(
    functions: object,
    options: { readonly server?: ServerOptions; readonly client?: ClientOptions } = {},
  ): Promise<{ server: Server; client: Client; at: string }> {
    const server = this.server('remote', options.server)
    server.registerRpc(functions)
    const at = await server.bind(this.endpoint())
    const client = this.client('remote', options.client).connect(at)
    await client.ready({ timeoutMs: 10_000 })
    return { server, client, at }
  }

  /** Ends what is open; a row may have ended some of it before. */
  async clear(): Promise<void> {
    for (const one of this.#open.splice(0).reverse()) await within(10_000, one.close(), 'close')
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A suite whose tests share a world, which is cleared after each. */
export function stage(name: string, transport: Transport): { readonly test: Test; readonly world: World } {
  const test = suite(name)
  const world = new World(transport)
  test.after.each(() => world.clear())
  test.after(() => world.remove())
  return { test, world }
}

/** The error that a call ends with. */
export function failure(call: PromiseLike<unknown>, ms = 10_000): Promise<RpcError> {
  const rejected = Promise.resolve(call).then(
    (value) => {
      throw new Error(`it was resolved with ${String(value)}`)
    },
    (error: unknown) => error as RpcError,
  )
  return within(ms, rejected, 'the rejection')
}

/** A promise, and what settles it. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open!: (value: T) => void
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
