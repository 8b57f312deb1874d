/**
 * A Server or Client over tcp, an honest one at the other end that has work with it all the while, and strangers made of octets. The functions of
 * the Server are those that the rows know.
 */
import * as assert from 'uvu/assert'
import { decode, encode } from '../../src/codec/index.ts'
import { Client, type ParticipantOptions, Server } from '../../src/rpc/index.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { greeting, property, ready } from '../support/engine.ts'
import { RawListener, RawPeer } from '../support/raw-peer.ts'
import { until, within } from '../support/within.ts'
import { CountingClock } from './clocks.ts'

const NAME = 'remote'
const TURN_MS = 10_000

export interface RpcWorldOptions {
  readonly to: 'server' | 'client'
  readonly fakeClock?: boolean
  readonly options?: ParticipantOptions
}

export class RpcWorld {
  readonly server: Server
  readonly client: Client
  /** The one of the two that strangers talk to. */
  readonly subject: Server | Client
  readonly clock: CountingClock | FakeClock
  /** The codes with which connections of strangers ended. */
  readonly endings: (string | undefined)[] = []
  /** What functions that strangers call were called with. */
  readonly ran: unknown[][] = []
  readonly #otherClock = new CountingClock()
  readonly #contexts: readonly TransportContext[]
  readonly #to: 'server' | 'client'
  readonly #strangers: RawPeer[] = []
  #endpoint = ''
  #listener: RawListener | undefined
  #worked: number[] = []
  #said = 0

  private constructor({ to, fakeClock, options }: RpcWorldOptions) {
    this.#to = to
    this.clock = fakeClock ? new FakeClock() : new CountingClock()
    this.#contexts = [
      new TransportContext({ clock: this.clock, random: () => 0 }),
      new TransportContext({ clock: this.#otherClock }),
    ]
    const [ownContext, otherContext] = this.#contexts as [TransportContext, TransportContext]
    const other = { context: otherContext }
    // Ids begin at 1 where the dice show nothing.
    const ours = { ...options, context: ownContext }
    this.server = new Server(NAME, { lingerMs: 0, ...(to === 'server' ? ours : other) })
    this.client = new Client(NAME, {
      lingerMs: 0,
      ...(to === 'client' ? { ...ours, reconnect: { minMs: 1, maxMs: 2 } } : other),
      // What is meant for strangers goes to strangers, as long as there are any.
      picker: (servers, { method }) =>
        servers.find(({ endpoint }) => (endpoint === this.#listener?.endpoint) === (method !== 'work')) ??
        servers[0]!,
    })
    this.subject = to === 'server' ? this.server : this.client
    this.#register()
  }

  /** With the honest peer connected and served. */
  static async open(options: RpcWorldOptions): Promise<RpcWorld> {
    const world = new RpcWorld(options)
    world.#endpoint = await world.server.bind('tcp://127.0.0.1:0')
    world.client.connect(world.#endpoint)
    await within(TURN_MS, world.client.ready())
    world.server.on('peergone', (_, error) => {
      if (options.to === 'server') world.endings.push((error as { code?: string } | undefined)?.code)
    })
    world.client.on('status', (event) => {
      if (event.status === 'lost') world.endings.push((event.error as { code?: string } | undefined)?.code)
    })
    return world
  }

  /** So many calls of the honest client at once, each answered, and run in order. */
  async work(count: number): Promise<void> {
    const first = this.#said
    this.#said += count
    const calls = Array.from(
      { length: count },
      (_, n) => this.client.call('work', [first + n]) as Promise<unknown>,
    )
    const answers = await within(TURN_MS, Promise.all(calls), 'the answers to the honest client')
    assert.equal(
      answers,
      calls.map((_, n) => first + n),
    )
    assert.equal(
      this.#worked,
      Array.from({ length: this.#said }, (_, n) => n),
    )
  }

  /** A peer that has shaken hands. */
  async stranger(): Promise<RawPeer> {
    if (this.#to === 'server') {
      const peer = await RawPeer.connect(this.#endpoint)
      this.#strangers.push(peer)
      return peer.hello('DEALER').ready()
    }
    this.#listener ??= await RawListener.open()
    const { count } = this.#listener
    if (count === 0) this.client.connect(this.#listener.endpoint)
    const peer = await this.#listener.peer(count)
    peer.write(greeting(), ready('ROUTER', property('Identity', NAME)))
    await peer.ready()
    await until(() => this.subject.stats().peers === 2, TURN_MS, 'the session')
    return peer
  }

  /** The strangers are gone, and with them all that they began. */
  async isAsBefore(): Promise<void> {
    for (const peer of this.#strangers) peer.destroy()
    this.#listener?.close()
    await until(() => this.subject.stats().peers === 1, TURN_MS, 'the end of all strangers')
    await this.work(3)
    const { running, waiting, inFlight, queued, queuedBytes } = this.subject.stats()
    assert.equal([running, waiting, inFlight, queued, queuedBytes], [0, 0, 0, 0, 0])
  }

  async close(): Promise<void> {
    await this.client.close()
    await this.server.close()
    this.#listener?.close()
  }

  /** Those of its last moments end by themselves. */
  async hasNoTimers(): Promise<void> {
    if (this.clock instanceof FakeClock) this.clock.advance(1000)
    const idle = ({ deadlines }: TransportContext): boolean => deadlines.size === 0
    const armed = (): number => Math.max(this.clock.armed, this.#otherClock.armed)
    // One of each context is not taken back for each deadline, and finds nothing when it fires.
    await until(() => this.#contexts.every(idle) && armed() <= 1, TURN_MS, 'the end of all deadlines')
  }

  #register(): void {
    const { ran } = this
    this.server.registerRpc('work', (n: number) => {
      this.#worked.push(n)
      return n
    })
    this.server.registerRpc('svc', {
      add: (...args: number[]) => {
        ran.push(args)
        return args.reduce((sum, n) => sum + n, 0)
      },
      echo: async (...args: unknown[]) => {
        ran.push(args)
        return await args[0]
      },
      slow: () => new Promise(() => ran.push([])),
      never: () => new Promise(() => ran.push([])),
      big: () => 'x'.repeat(1 << 20),
      bad: () => () => {},
      throw: () => {
        throw new RangeError('too far', { cause: new Error('inner') })
      },
      throwNull: () => {
        throw null
      },
      rejectUndefined: () => Promise.reject(undefined),
      *endless() {
        for (;;) yield 1
      },
    })
    // What begins like this is nobody's to call, and refused where it is registered.
    assert.throws(() => this.server.registerRpc('svc._private', () => ran.push(['private'])), 'private')
  }
}

/** A message of one frame. */
export function message(body: Buffer): Buffer {
  if (body.length <= 255) return Buffer.concat([Buffer.of(0, body.length), body])
  const head = Buffer.alloc(9)
  head[0] = 2
  head.writeBigUInt64BE(BigInt(body.length), 1)
  return Buffer.concat([head, body])
}

export const messageOf = (value: unknown): Buffer => message(encode(value))

/** What a peer has heard, decoded; of errors kind, id, code and whether it was executed. */
export function answers(peer: RawPeer): unknown[][] {
  return peer.messages.map((frames) => {
    const answer = decode(frames.at(-1)!) as unknown[]
    if (answer[0] !== 2) return answer
    const { c, x } = answer[2] as { c: string; x: string }
    return [2, answer[1], c, x]
  })
}
