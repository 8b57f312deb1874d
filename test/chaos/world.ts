/**
 * Where a fault is made: opens our participants here and in child processes, libzmq's peers, and proxies between them; closes all of it in
 * the end, and sees that nothing is left. Each world has a ledger and dice of its own. Knows no fault.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Client, type ClientOptions, Server, type ServerOptions } from '../../src/rpc/index.ts'
import { Child } from '../interop/support/child.ts'
import { type Library, Peer } from '../interop/support/peer.ts'
import { Noise } from '../support/noise.ts'
import { until, within } from '../support/within.ts'
import { childFile } from './child-file.ts'
import { Ledger } from './ledger.ts'
import { ChaosProxy } from './proxy.ts'

export type Scale = 'small' | 'long'

interface Closable {
  close(): unknown
}

// Delays of a test, not of a network.
const QUICK = { reconnect: { minMs: 5, maxMs: 50 }, lingerMs: 100 } as const

export class World {
  readonly ledger: Ledger = new Ledger()
  readonly dice: Noise
  readonly scale: Scale
  readonly seed: number
  /** Which of several injections this is, from 0: a sweep takes another part of its range each time. */
  readonly turn: number
  /** Where the files of this world are. */
  readonly folder: string = mkdtempSync(path.join(tmpdir(), 'pseud-chaos-'))
  readonly #open: Closable[] = []
  readonly #logs: string[] = []
  readonly #notes: string[] = []
  /** Unhandled rejections. */
  readonly strays: unknown[] = []

  constructor(seed: number, scale: Scale, turn = 0) {
    this.seed = seed
    this.scale = scale
    this.turn = turn
    this.dice = new Noise(seed)
    // The first draws of neighbouring seeds are alike.
    for (let n = 0; n < 8; n++) this.dice.random(2)
  }

  /** A number for a short run among all tests, and one for a long run. */
  size(small: number, long: number): number {
    return this.scale === 'small' ? small : long
  }

  /** What a report should say about this run. */
  note(text: string): void {
    this.#notes.push(text)
  }

  get notes(): readonly string[] {
    return this.#notes
  }

  /** Closes `one` when the world ends. */
  keep<T extends Closable>(one: T): T {
    this.#open.push(one)
    return one
  }

  // -- ours, here -------------------------------------------------------------------------------------------------------

  /** A server whose functions tell the ledger; or nobody, where clients in other processes number their calls themselves. */
  server(options: ServerOptions = {}, tells = true): Server {
    const server = this.keep(new Server('remote', { lingerMs: 100, ...options }))
    const ledger = tells ? this.ledger : { ran: () => {} }
    server.registerRpc({
      work: async (number: number, ms = 0) => {
        ledger.ran(number)
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
        return number
      },
      add: (number: number) => {
        ledger.ran(number)
        return number
      },
      never: (number: number) => {
        ledger.ran(number)
        return new Promise(() => {})
      },
      take: (number: number, data: Uint8Array) => {
        ledger.ran(number)
        return data.length
      },
    })
    return server
  }

  client(options: ClientOptions = {}): Client {
    return this.keep(new Client('remote', { ...QUICK, ...options }))
  }

  /** A bound server, and a client that is ready. */
  async pair(server: ServerOptions = {}, client: ClientOptions = {}): Promise<Pair> {
    const callee = this.server(server)
    const endpoint = await callee.bind('tcp://127.0.0.1:0')
    const proxy = await this.proxy(endpoint)
    const caller = this.client(client).connect(proxy.endpoint)
    await caller.ready({ timeoutMs: 10_000 })
    return { server: callee, client: caller, proxy, endpoint }
  }

  /** Ours or libzmq's. */
  socket<T extends { readonly closed: boolean; linger: number; close(): void }>(socket: T): T {
    this.#open.push({
      close: () => {
        if (socket.closed) return
        socket.linger = 0
        socket.close()
      },
    })
    return socket
  }

  /** So many calls of `work` at once, each `ms` long. */
  calls(client: Client, count: number, ms = 0, method = 'work'): Promise<unknown> {
    return Promise.all(
      Array.from({ length: count }, () =>
        this.ledger.call((number) => client.call(method, [number, ms]), { what: method }),
      ),
    )
  }

  // -- in other processes -----------------------------------------------------------------------------------------------

  async proxy(endpoint: string): Promise<ChaosProxy> {
    return this.keep(await ChaosProxy.to(endpoint))
  }

  /** A server in a process of its own; what it runs is told to the ledger when the world ends. */
  async serverProcess(
    endpoint = 'tcp://127.0.0.1:0',
    options: ServerOptions = {},
    shell?: Shell,
  ): Promise<ChildProgram> {
    return this.#program('server', { endpoint, options }, shell)
  }

  async clientProcess(
    endpoint: string,
    options: ClientOptions = {},
    count = 1,
    shell?: Shell,
  ): Promise<ChildProgram> {
    const quick = { reconnect: QUICK.reconnect, ...options }
    return this.#program('clients', { endpoint, options: quick, count }, shell)
  }

  /** A libzmq peer: actions.mjs says what it can do. */
  peer(library: Library): Peer {
    const peer = new Peer(library)
    this.keep({ close: () => peer.kill() })
    return peer
  }

  async #program(role: string, settings: object, shell?: Shell): Promise<ChildProgram> {
    // Calls of clients have numbers of their own.
    const log = role === 'server' ? path.join(this.folder, `log-${this.#logs.length}`) : undefined
    if (log !== undefined) this.#logs.push(log)
    const args = [...(shell?.flags ?? []), childFile(), role, JSON.stringify({ ...settings, log })]
    const child =
      shell?.prefix === undefined
        ? new Child(process.execPath, args)
        : new Child('/bin/sh', ['-c', `${shell.prefix}; exec "$0" "$@"`, process.execPath, ...args])
    const program = new ChildProgram(child)
    this.keep({ close: () => program.child.kill() })
    program.endpoint = await child.line(30_000)
    return program
  }

  // -- the end ----------------------------------------------------------------------------------------------------------

  /** Reads what killed processes have run. */
  readLogs(): void {
    for (const log of this.#logs.splice(0)) {
      if (!existsSync(log)) continue
      const octets = readFileSync(log)
      for (let at = 0; at + 4 <= octets.length; at += 4) this.ledger.ran(octets.readUInt32BE(at))
    }
  }

  /** Calls of child processes have numbers of their own, which the children hold against what they get. */
  forgetLogs(): void {
    this.#logs.length = 0
  }

  /** All that was begun ends, and the sum is right. */
  async check(): Promise<void> {
    await this.ledger.settled()
    this.readLogs()
    this.ledger.check()
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const one of this.#open.splice(0).reverse()) {
      try {
        await within(10_000, Promise.resolve(one.close()), 'close')
      } catch (error) {
        failures.push(error)
      }
    }
    rmSync(this.folder, { recursive: true, force: true })
    if (failures.length > 0) throw failures[0]
  }
}

/** How a child process is started: with flags of Node, or after commands of a shell such as `ulimit`. */
export interface Shell {
  readonly flags?: readonly string[]
  readonly prefix?: string
}

export interface Pair {
  readonly server: Server
  readonly client: Client
  readonly proxy: ChaosProxy
  readonly endpoint: string
}

/** child.ts under command. */
export class ChildProgram {
  readonly child: Child
  endpoint = ''
  readonly #waiting = new Map<number, (line: string) => void>()
  #ids = 0
  #reading: Promise<unknown> = Promise.resolve()

  constructor(child: Child) {
    this.child = child
  }

  /** Commands are begun in their order, and answered when they are done. */
  async run<T = unknown>(action: string, command: Record<string, unknown> = {}, ms = 20_000): Promise<T> {
    const id = this.#ids++
    const answer = new Promise<string>((resolve) => this.#waiting.set(id, resolve))
    this.child.write(JSON.stringify({ do: action, id, ...command }))
    // One line for each command, one reader at a time; whoever reads a line gives it to whom it belongs.
    this.#reading = this.#reading
      .then(() => this.child.line(ms))
      .then(
        (line) => this.#waiting.get((JSON.parse(line) as { id: number }).id)?.(line),
        () => {},
      )
    const { value, error } = JSON.parse(
      await within(ms, answer, `the answer to ${action}: ${this.child.output}`),
    ) as {
      value?: T
      error?: string
    }
    if (error !== undefined) throw new Error(`the child failed at ${action}: ${error}`)
    return value as T
  }

  kill(): Promise<void> {
    return this.child.kill()
  }

  signal(signal: NodeJS.Signals): void {
    this.child.signal(signal)
  }
}

/** Others use the processors too: bounds on time are wider then. */
export function isBusy(): boolean {
  return loadavg()[0]! > 1.5 * cpus().length
}

let collect: (() => void) | undefined

/** Octets of the heap that are in use, after a collection. */
export function heapUsed(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  return process.memoryUsage().heapUsed
}

/** Resolves with what the next status event of that kind tells. */
export function statusOf(client: Client, wanted: string, ms = 10_000): Promise<Error | undefined> {
  return within(
    ms,
    new Promise((resolve) => {
      const listening = client.on('status', ({ status, error }) => {
        if (status !== wanted) return
        listening[Symbol.dispose]()
        resolve(error)
      })
    }),
    `the status ${wanted}`,
  )
}

export { until, within }
