// A server and a client on a fake clock, functions on both sides that answer at once, later, never, by streams and by calls back, and
// a ledger of every call: who made it, how often it ran, how it ended.
import type { CallContext } from '../../src/rpc/api/context.ts'
import type { CallOptions } from '../../src/rpc/api/settings.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import type { SessionLane } from '../../src/rpc/session/lane.ts'
import type { PendingCall, RemoteStream } from '../../src/rpc/streams/remote-stream.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { Noise } from '../support/noise.ts'
import { join, type LinkEnd } from './session-link.ts'
import { demand } from './target.ts'

export const METHODS = [
  'echo',
  'fail',
  'wait',
  'ticks',
  'sum',
  'nest',
  'patient',
  'late',
  'none',
  'obey',
] as const

/** One call that the fuzzer has made. */
export interface Entry {
  readonly token: string
  readonly method: string
  /** May be run more than once. */
  readonly repeatable: boolean
  settled: boolean
  error: unknown
  value: unknown
}

type Core = ServerCore | ClientCore

export class World {
  readonly clock: FakeClock = new FakeClock()
  readonly server: ServerCore
  readonly client: ClientCore
  readonly entries: Entry[] = []
  /** How often functions have run, by the token that they were given. */
  readonly runs: Map<string, number> = new Map()
  readonly streams: RemoteStream[] = []
  readonly gates: (() => void)[] = []
  readonly endings: Promise<unknown>[] = []
  links: [LinkEnd, LinkEnd][] = []
  entered = 0
  /** Functions that wait for their signal. */
  obeying = 0
  left = 0
  /** Messages were changed, or came from nowhere: who got what is anybody's guess, but not that it ends. */
  tampered = false
  /** Calls whose signal had aborted before they began: counted as cancelled, never as started. */
  readonly stillborn: Map<Core, number> = new Map()
  closing = false
  /** Before anybody closes, all that is open is given time to end by itself. */
  readonly endsQuietly: boolean
  readonly #waitsForPeers: boolean
  // The client speaks protocol 1, and the server both.
  readonly #first: boolean
  #tokens = 0

  constructor(setting: number) {
    this.endsQuietly = (setting & 16) === 0
    this.#waitsForPeers = (setting & 8) !== 0
    this.#first = (setting & 96) === 96
    // Ids of calls begin at 1 where the dice show nothing; sessions need different ones.
    let draws = 0
    const noise = new Noise(Math.imul(setting + 1, 0x9e37_79b1))
    const random = (): number => (draws++ < 3 ? 0 : noise.random(2 ** 31) / 2 ** 31)
    const context = new TransportContext({ clock: this.clock, random })
    const limits = {
      maxRunningCalls: 6,
      maxRunningCallsPerPeer: 4,
      maxWaitingCalls: 3,
      maxQueuedCalls: 6,
      maxPendingCalls: 30,
      slowPeerMessages: 10,
      rememberMs: 20_000,
      stallMs: (setting & 1) === 0 ? 5000 : Number.POSITIVE_INFINITY,
    }
    const common = {
      context,
      limits,
      timeoutMs: 10_000,
      sharedShapes: (setting & 2) === 0,
      disconnectGraceMs: (setting & 4) === 0 ? 0 : 2000,
    }
    this.server = new ServerCore(
      'server',
      { ...common, protocols: this.#first ? [1, 2] : [2], waitForPeerMs: this.#waitsForPeers ? 3000 : 0 },
      undefined,
    )
    this.client = new ClientCore('server', {
      ...common,
      protocol: this.#first ? 1 : 2,
      userId: 'client',
      idempotent: ['echo', 'patient'],
      retry: { attempts: 3, minMs: 10, maxMs: 200, budget: 1 },
    })
    for (const core of this.cores) {
      core.registry.registerRpc(this.#functions())
      core.registry.registerRpc({ name: 'nest', withContext: true }, this.#nest)
      core.registry.registerRpc({ name: 'obey', withContext: true }, this.#obey)
    }
    this.server.emitter.on('error', () => {})
    this.client.emitter.on('error', () => {})
  }

  get cores(): readonly [ServerCore, ClientCore] {
    return [this.server, this.client]
  }

  // -- what the fuzzer does -------------------------------------------------------------------------------------------------

  connect(): void {
    if (this.links.length >= 2 || this.cores.some(({ closed }) => closed)) return
    this.links.push(join(this.server, this.client, this.#first, () => this.clock.now()))
  }

  call(from: Core, method: string, options: CallOptions, withStream: boolean): void {
    const lane = from === this.server ? this.#laneToClient() : undefined
    const begins = lane !== undefined || from === this.client || this.#waitsForPeers
    if (options.signal?.aborted === true && begins) {
      this.stillborn.set(from, (this.stillborn.get(from) ?? 0) + 1)
    }
    if (from === this.server && lane === undefined) {
      this.#enter(
        method,
        options,
        (args) => this.server.callerOf('client', options).call(method, args) as PendingCall,
        withStream,
      )
      return
    }
    const target = lane ?? this.client
    const settings = from.settings.with(options)
    this.#enter(method, options, (args) => from.calls.start(target, method, args, settings), withStream)
  }

  /** Everybody who can say something says it, until nobody has anything left. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      let moved = 0
      for (const ends of this.links) for (const end of ends) moved += end.deliver()
      this.links = this.links.filter(([one, other]) => !(one.over && other.over))
      await turn()
      quiet = moved === 0 ? quiet + 1 : 0
    }
  }

  #laneToClient(): SessionLane | undefined {
    return this.server.sessionOf('client')?.lane
  }

  #enter(
    method: string,
    options: CallOptions,
    make: (args: unknown[]) => PendingCall,
    withStream: boolean,
  ): void {
    const token = `t${this.#tokens++}`
    const args = [token, withStream ? this.#items(3) : { id: this.#tokens, name: 'a' }]
    const repeatable =
      options.idempotencyKey !== undefined ||
      options.idempotent === true ||
      method === 'echo' ||
      method === 'patient'
    const entry: Entry = { token, method, repeatable, settled: false, error: undefined, value: undefined }
    this.entries.push(entry)
    const pending = make(args)
    const settle = (): void => {
      demand(!entry.settled, () => `${method} ${token} was settled twice`)
      entry.settled = true
    }
    pending.then(
      (value: unknown) => {
        settle()
        entry.value = value
        if (isStream(value)) this.streams.push(value)
      },
      (error: unknown) => {
        settle()
        entry.error = error ?? 'nothing'
      },
    )
  }

  // -- functions -------------------------------------------------------------------------------------------------------------

  #functions(): Record<string, (...args: never[]) => unknown> {
    const world = this
    const ran = (token: unknown): void => world.#ran(token)
    return {
      echo(token: unknown) {
        ran(token)
        return token
      },
      fail(token: unknown) {
        ran(token)
        throw new RangeError('it is meant to')
      },
      async wait(token: unknown) {
        ran(token)
        await world.#inside(() => world.gate())
        return token
      },
      async patient(token: unknown) {
        ran(token)
        await world.#inside(() => Promise.resolve())
        return token
      },
      ticks(token: unknown) {
        ran(token)
        return world.#items(200)
      },
      async sum(token: unknown, items: unknown) {
        ran(token)
        let sum = 0
        await world.#inside(async () => {
          if (isStream(items)) for await (const item of items) sum += Number(item)
        })
        return sum
      },
    } as Record<string, (...args: never[]) => unknown>
  }

  /** Calls its caller back. */
  readonly #nest = (ctx: CallContext, token: unknown): Promise<unknown> => {
    this.#ran(token)
    return this.#inside(() => ctx.peer.call('echo', [`${String(token)}n`]))
  }

  /** Goes on until it is told to end, and no longer. */
  readonly #obey = async (ctx: CallContext, token: unknown): Promise<void> => {
    this.#ran(token)
    this.obeying++
    const { signal } = ctx
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    this.obeying--
  }

  #ran(token: unknown): void {
    const key = String(token)
    this.runs.set(key, (this.runs.get(key) ?? 0) + 1)
  }

  register(core: Core): void {
    core.registry.registerRpc({ late: (token: unknown) => token } as Record<
      string,
      (...args: never[]) => unknown
    >)
  }

  /** Something to wait at, until the fuzzer opens it. */
  gate(): Promise<void> {
    if (this.closing) return Promise.resolve()
    return new Promise((resolve) => this.gates.push(resolve))
  }

  async *#items(count: number): AsyncGenerator<unknown> {
    this.entered++
    try {
      for (let i = 0; i < count; i++) {
        if (i % 16 === 15) await this.gate()
        yield i % 3 === 0 ? { id: i, name: 'a' } : i
      }
    } finally {
      this.left++
    }
  }

  async #inside<T>(work: () => PromiseLike<T>): Promise<T> {
    this.entered++
    try {
      return await work()
    } finally {
      this.left++
    }
  }
}

/** The turn of the event loop ends: what was to be written is, promises that are settled have told so. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isStream(value: unknown): value is RemoteStream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
