/**
 * A ROUTER among strangers: it echoes what its peers say, an honest DEALER is served all the while, and what becomes of everybody else
 * is written down.
 */
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { RawPeer } from './raw-peer.ts'
import { until, within } from './within.ts'

export type SocketSettings = Record<string, unknown>

/** Why a connection ended, with the code of the event that told of it. */
export interface Ending {
  /** `handshake:error:protocol`, …; `disconnect` when the handshake was done. */
  readonly event: string
  readonly code: string
  /** What people read. */
  readonly text: string
}

const HONEST = 'honest'

export class HostileWorld {
  readonly router: zmq.Router
  readonly context: zmq.Context
  /** What came from others than the honest peer. */
  readonly delivered: string[] = []
  /** How connections ended that were not ended by their peers. */
  readonly endings: Ending[] = []
  readonly #honest: zmq.Dealer
  readonly #strangers: RawPeer[] = []
  #said = 0

  private constructor(context: zmq.Context, server: SocketSettings, honest: SocketSettings) {
    this.context = context
    this.router = new zmq.Router({ ...server, context, linger: 0 })
    this.#honest = new zmq.Dealer({ ...honest, context, routingId: HONEST, linger: 0 })
  }

  /** With the honest peer connected. */
  static async open(
    server: SocketSettings,
    honest: SocketSettings,
    context: zmq.Context = new zmq.Context(),
  ): Promise<HostileWorld> {
    const world = new HostileWorld(context, server, honest)
    watchEndings(world.router, world.endings)
    await world.router.bind('tcp://127.0.0.1:0')
    world.#echo()
    world.#honest.connect(world.router.lastEndpoint!)
    await world.serve(1)
    return world
  }

  /** The honest peer sends so many messages at once, and has each of them back in order. */
  async serve(count: number): Promise<void> {
    const first = this.#said
    this.#said += count
    for (let n = first; n < first + count; n++) await this.#honest.send(`work ${n}`)
    for (let n = first; n < first + count; n++) {
      const [answer] = await within(10_000, this.#honest.receive(), `answer ${n}`)
      assert.is(String(answer), `work ${n}`)
    }
  }

  async stranger(): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.router.lastEndpoint!)
    this.#strangers.push(peer)
    return peer
  }

  /** Ends all strangers, so that a test that has failed leaves the next one alone. */
  dismiss(): void {
    for (const peer of this.#strangers.splice(0)) peer.destroy()
  }

  /** Nothing is left of the strangers. */
  async quiet(): Promise<void> {
    await until(() => this.router.counters.peers === 1, 5000, 'the end of all strangers')
    const { queuedToReceive, queuedToSend } = this.router.counters
    assert.equal([queuedToReceive, queuedToSend], [0, 0])
  }

  close(): void {
    this.#honest.close()
    this.router.close()
  }

  async #echo(): Promise<void> {
    for await (const [from, ...parts] of this.router) {
      if (String(from) !== HONEST) this.delivered.push(parts.join('|'))
      await this.router.send([from!, ...parts])
    }
  }
}

/** Writes down how connections of `socket` end, as its events tell it. */
export function watchEndings(socket: zmq.Socket, endings: Ending[]): void {
  const broken = new Map<zmq.EventPeer, { event: string; text: string }>()
  for (const event of ['protocol', 'auth', 'other'] as const) {
    const type = `handshake:error:${event}` as const
    socket.events.on(type, ({ peer, error }) => broken.set(peer, { event: type, text: `${error.message}: ` }))
  }
  socket.events.on('disconnect', ({ peer, error }) => {
    const { event, text } = broken.get(peer) ?? { event: 'disconnect', text: '' }
    broken.delete(peer)
    if (error !== undefined) endings.push({ event, code: error.code, text: text + error.message })
  })
}

/** Sockets of this process that the system has open: what is unref'ed is in no list of Node's. `undefined` where it does not tell. */
export function openSockets(): number | undefined {
  if (!existsSync('/proc/self/fd')) return undefined
  return readdirSync('/proc/self/fd').filter((fd) => isSocket(`/proc/self/fd/${fd}`)).length
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:')
  } catch {
    return false // it was the one that reads this folder
  }
}
