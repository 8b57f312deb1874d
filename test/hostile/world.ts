/**
 * The socket of a row, bound or dialling, and an honest peer at work on it all the while: what the honest peer said and got, what others said,
 * how their connections ended, and whether everything is as before when they are gone. Over tcp, or ipc where a row wants it.
 *
 * Which socket is honest to which, and what "work" is between the two, stands in COMPANIONS.
 */
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { sharedOf } from '../../src/zmtp/sockets/context.ts'
import { TransportContext } from '../../src/zmtp/transport/context.ts'
import { FakeClock } from '../support/clock.ts'
import { type Ending, type SocketSettings, watchEndings } from '../support/hostile-world.ts'
import { RawListener, RawPeer } from '../support/raw-peer.ts'
import { Scenario } from '../support/sockets.ts'
import { sleep, until, within } from '../support/within.ts'
import { CountingClock } from './clocks.ts'

/** What a dialling socket has queued for whoever is there: a stranger must not get it before it is known. */
export const SECRET = 'for whoever takes it'
const HONEST = 'honest'
const US = 'us'
const TURN_MS = 10_000

// biome-ignore lint/suspicious/noExplicitAny: sockets of all kinds, each used as its companion knows how
type AnySocket = any

interface Companion {
  readonly honest: string
  readonly ours?: SocketSettings
  readonly theirs?: SocketSettings
  /** What is due before any stranger comes. */
  begin?(world: World): Promise<void>
  /** Our part of the work, for as long as the socket is open. */
  run?(world: World): Promise<void>
  work(world: World, first: number, count: number): Promise<void>
  end?(world: World): Promise<void>
}

const text = (n: number): string => `work ${n}`
const isWork = (part: Buffer | undefined): boolean => part !== undefined && /^work \d+$/.test(String(part))

/** The honest peer sends, and has everything back. */
async function thereAndBack(world: World, first: number, count: number): Promise<void> {
  for (let n = first; n < first + count; n++) await world.honest.send(text(n))
  for (let n = first; n < first + count; n++) await world.hears(world.honest, n)
}

/** The honest peer sends, and all of it arrives here. */
async function toUs(world: World, first: number, count: number): Promise<void> {
  const routed = world.honest instanceof zmq.Router
  for (let n = first; n < first + count; n++) await world.honest.send(routed ? [US, text(n)] : text(n))
  await until(() => world.arrived >= first + count, TURN_MS, `${first + count} messages of the honest peer`)
}

/** We send, and all of it reaches the honest peer. */
async function fromUs(world: World, first: number, count: number): Promise<void> {
  for (let n = first; n < first + count; n++) await world.socket.send(text(n))
  for (let n = first; n < first + count; n++) await world.hears(world.honest, n)
}

/** One question after the other. */
async function questions(world: World, first: number, count: number): Promise<void> {
  for (let n = first; n < first + count; n++) await thereAndBack(world, n, 1)
}

/** Answers everything; of strangers, it is noted. */
async function echo(world: World): Promise<void> {
  for await (const message of world.socket as AsyncIterable<Buffer[]>) {
    const routed = world.socket instanceof zmq.Router
    const parts = routed ? message.slice(1) : message
    if (routed ? String(message[0]) !== HONEST : !isWork(parts[0])) world.delivered.push(parts.join('|'))
    await world.socket.send(message)
  }
}

/** Counts what the honest peer sent, which comes in order; what others sent is noted. */
async function listen(world: World): Promise<void> {
  for await (const parts of world.socket as AsyncIterable<Buffer[]>) {
    if (isWork(parts[0])) assert.is(String(parts[0]), text(world.arrived++))
    else if (String(parts[0]) !== '\x01work') world.delivered.push(parts.join('|'))
  }
}

/** Publishes until the honest subscriber has it. */
async function subscribed(world: World): Promise<void> {
  const { honest, socket } = world
  honest.subscribe('work', 'begin')
  const first = within<Buffer[]>(TURN_MS, honest.receive(), 'the subscription')
  let begun = false
  first.then(
    () => {
      begun = true
    },
    () => {},
  )
  while (!begun) {
    await socket.send('begin')
    await sleep(2)
  }
  await socket.send('begin: end')
  for (let [last] = await first; String(last) !== 'begin: end'; )
    [last] = await within(TURN_MS, honest.receive())
}

const COMPANIONS: Readonly<Record<string, Companion>> = {
  ROUTER: { honest: 'Dealer', theirs: { routingId: HONEST }, run: echo, work: thereAndBack },
  REP: { honest: 'Request', run: echo, work: questions },
  PAIR: { honest: 'Pair', run: echo, work: thereAndBack },
  DEALER: {
    honest: 'Router',
    ours: { routingId: US },
    run: listen,
    async begin({ socket, honest }) {
      await socket.send('here')
      await within(TURN_MS, honest.receive(), 'the first message')
    },
    work: toUs,
  },
  SUB: {
    honest: 'XPublisher',
    run: listen,
    async begin({ socket, honest }) {
      socket.subscribe()
      await within(TURN_MS, honest.receive(), 'the subscription')
    },
    work: toUs,
  },
  XSUB: {
    honest: 'XPublisher',
    run: listen,
    async begin({ socket, honest }) {
      await socket.send('\x01')
      await within(TURN_MS, honest.receive(), 'the subscription')
    },
    work: toUs,
  },
  PULL: { honest: 'Push', run: listen, work: toUs },
  PUSH: { honest: 'Pull', work: fromUs },
  PUB: { honest: 'Subscriber', begin: subscribed, work: fromUs },
  XPUB: { honest: 'Subscriber', run: listen, begin: subscribed, work: fromUs },
  // It has asked the honest server before any stranger comes, and is answered when all is over: nobody else may answer.
  REQ: {
    honest: 'Reply',
    async begin(world) {
      for (let n = 0; n < 20; n++) await answered(world, `question ${n}`)
      await world.socket.send('question')
      await within(TURN_MS, world.honest.receive())
    },
    async work() {},
    async end(world) {
      await world.honest.send('answer')
      assert.is(String((await within<Buffer[]>(TURN_MS, world.socket.receive()))[0]), 'answer')
    },
  },
}

async function answered({ socket, honest }: World, question: string): Promise<void> {
  await socket.send(question)
  const [asked] = await within<Buffer[]>(TURN_MS, honest.receive())
  await honest.send(`answer to ${asked}`)
  assert.is(String((await within<Buffer[]>(TURN_MS, socket.receive()))[0]), `answer to ${question}`)
}

const CLASSES: Readonly<Record<string, string>> = {
  ROUTER: 'Router',
  DEALER: 'Dealer',
  PUB: 'Publisher',
  XPUB: 'XPublisher',
  SUB: 'Subscriber',
  XSUB: 'XSubscriber',
  REP: 'Reply',
  REQ: 'Request',
  PULL: 'Pull',
  PUSH: 'Push',
  PAIR: 'Pair',
}

export interface WorldOptions {
  /** `ROUTER`, in capitals. */
  readonly type: string
  readonly dials: boolean
  readonly ipc?: boolean
  readonly settings?: SocketSettings
  readonly honest?: SocketSettings
  /** Time stands still until it is moved. */
  readonly fakeClock?: boolean
}

export class World {
  readonly socket: AnySocket
  readonly honest: AnySocket
  /** Of the socket of the row. */
  readonly clock: CountingClock | FakeClock
  /** What came from others than the honest peer. */
  readonly delivered: string[] = []
  /** How connections ended, those of the honest peer not among them. */
  readonly endings: Ending[] = []
  /** How many messages of the honest peer have come. */
  arrived = 0
  /** Where strangers come, when the socket dials. */
  listener: RawListener | undefined
  readonly #dials: boolean
  readonly #honestClock = new CountingClock()
  readonly #contexts: readonly TransportContext[]
  readonly #companion: Companion
  readonly #scenario: Scenario
  #running: Promise<unknown> = Promise.resolve()
  #failure: unknown
  #said = 0

  private constructor({ type, dials, ipc = false, settings, honest, fakeClock }: WorldOptions) {
    this.#companion = COMPANIONS[type]!
    this.#dials = dials
    this.#scenario = new Scenario(ipc ? 'ipc' : 'tcp')
    this.clock = fakeClock ? new FakeClock() : new CountingClock()
    const { ours, theirs } = this.#companion
    this.#contexts = [this.clock, this.#honestClock].map((clock) => new TransportContext({ clock }))
    const [ownContext, honestContext] = this.#contexts as [TransportContext, TransportContext]
    this.socket = make(CLASSES[type]!, ownContext, {
      ...ours,
      ...(dials && { reconnectInterval: 10 }),
      ...settings,
    })
    this.honest = make(this.#companion.honest, honestContext, { ...theirs, ...honest })
  }

  /** With the honest peer connected and served once. */
  static async open(options: WorldOptions): Promise<World> {
    const world = new World(options)
    watchEndings(world.socket, world.endings)
    try {
      const [bound, dialling] = options.dials ? [world.honest, world.socket] : [world.socket, world.honest]
      await world.#scenario.bind(bound)
      dialling.connect(bound.lastEndpoint)
      world.#running = (world.#companion.run?.(world) ?? Promise.resolve()).catch((error: unknown) => {
        if (!world.socket.closed) world.#failure = error
      })
      await world.#companion.begin?.(world)
      await world.work(1)
      world.endings.length = 0
      world.delivered.length = 0
      return world
    } catch (error) {
      world.socket.close()
      world.honest.close()
      throw error
    }
  }

  /** The honest peer and we do so much, and nothing of it is lost or out of order. */
  async work(count: number): Promise<void> {
    const first = this.#said
    this.#said += count
    await this.#companion.work(this, first, count)
    if (this.#failure !== undefined) throw this.#failure
  }

  async hears(socket: AnySocket, n: number): Promise<void> {
    const [got] = await within<Buffer[]>(TURN_MS, socket.receive(), text(n))
    assert.is(String(got), text(n))
  }

  /** A connection made of octets. */
  async stranger(): Promise<RawPeer> {
    if (!this.#dials) return RawPeer.connect(this.socket.lastEndpoint)
    this.listener = await RawListener.open()
    this.socket.connect(this.listener.endpoint)
    return this.listener.peer(0)
  }

  /** The strangers are gone, the honest peer is served, and the counters of the socket are what they were. */
  async isAsBefore(): Promise<void> {
    // What a stranger left unread, or what waits for it at its endpoint, goes with it.
    if (this.#dials && this.listener !== undefined && this.socket.counters.peers > 1) {
      this.socket.disconnect(this.listener.endpoint)
    }
    await this.work(3)
    await this.#companion.end?.(this)
    await until(() => this.socket.counters.peers === 1, 5000, 'the end of all strangers')
    const { queuedToReceive, queuedToSend } = this.socket.counters
    assert.equal([queuedToReceive, queuedToSend], [0, 0])
  }

  async close(): Promise<void> {
    this.socket.close()
    this.honest.close()
    this.listener?.close()
    this.#scenario.close()
    await this.#running
  }

  /**
   * The last connections end when the system says so, and their deadlines with them. The one timer of a context may be left: it is not taken back
   * for each deadline, and finds nothing when it fires.
   */
  async hasNoTimers(): Promise<void> {
    const idle = ({ deadlines }: TransportContext): boolean => deadlines.size === 0
    const armed = (): number => Math.max(this.clock.armed, this.#honestClock.armed)
    await until(() => this.#contexts.every(idle) && armed() <= 1, 5000, 'the end of all deadlines')
  }
}

function make(name: string, transport: TransportContext, settings: SocketSettings): AnySocket {
  const context = new zmq.Context()
  sharedOf(context)!.transport = transport
  const types = zmq as unknown as Record<string, new (options: object) => zmq.Socket>
  return new types[name]!({ linger: 0, ...settings, context })
}
