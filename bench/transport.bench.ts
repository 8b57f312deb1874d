// Connections without sockets on top: what a driver does over TCP loopback, and over inproc, both ends in this process. One way,
// parts/s at 16 B and 64 KiB; to and fro, round trips/s with one part under way. Behind docs/decisions/0006-inproc.md.
import {
  type ConnectionOptions,
  type ConnectionOwner,
  Dialer,
  type Driver,
  listen,
  nullMechanism,
  parseEndpoint,
  type Receiver,
  TransportContext,
  zmqBackoff,
} from '../src/zmtp/connections.ts'
import { measure } from './support/measure.ts'

const options: ConnectionOptions = {
  socketType: 'DEALER',
  identity: Buffer.alloc(0),
  mechanism: nullMechanism(),
  maxFrameSize: 1 << 20,
  maxMessageSize: 1 << 20,
  maxFrames: 1,
  handshakeTimeoutMs: 10_000,
  heartbeatIntervalMs: 0,
  heartbeatTimeoutMs: 0,
  heartbeatTtlMs: 0,
  heartbeatOnlyWhenSilent: false,
  connectTimeoutMs: 0,
  retryDelayMs: zmqBackoff(100, 0),
  backlog: 10,
  ipv6: false,
  keepAliveMs: -1,
}

/** Owner and receiver of one end. */
class End implements ConnectionOwner, Receiver {
  connection: Driver | undefined
  onPartArrived: (connection: Driver) => void = () => {}
  onRoom: () => void = () => {}
  onMet: () => void = () => {}

  receiver(): Receiver {
    return this
  }

  onReady(connection: Driver): void {
    this.connection = connection
    this.onMet()
  }

  onPart(connection: Driver): void {
    this.onPartArrived(connection)
  }

  onDrain(): void {
    this.onRoom()
  }

  onCommand(): void {}
  onEvent(): void {}
  onGivenUp(): void {}
  onEnd(): void {}
}

class Pair {
  readonly #near = new End()
  readonly #far = new End()
  #close: () => Promise<void> = () => Promise.resolve()

  async join(endpoint: string): Promise<this> {
    const context = new TransportContext()
    const listener = await listen(parseEndpoint(endpoint, 'bind'), options, this.#far, context)
    const dialer = new Dialer(parseEndpoint(listener.endpoint, 'connect'), options, this.#near, context)
    await new Promise<void>((resolve) => {
      let missing = 2
      const met = (): void => {
        if (--missing === 0) resolve()
      }
      this.#near.onMet = met
      this.#far.onMet = met
      dialer.start()
    })
    this.#close = async () => {
      dialer.close()
      this.#near.connection!.destroy()
      this.#far.connection!.destroy()
      listener.close()
    }
    return this
  }

  /** Parts per second, one way. */
  async oneWay(size: number, count: number): Promise<number> {
    const body = Buffer.alloc(size, 'pseud ')
    const started = performance.now()
    await new Promise<void>((resolve) => {
      let arrived = 0
      let sent = 0
      this.#far.onPartArrived = () => {
        if (++arrived === count) resolve()
      }
      this.#near.onRoom = () => {
        const connection = this.#near.connection!
        for (; sent < count && !connection.congested; sent++) connection.sendPart(body, false)
      }
      this.#near.onRoom()
    })
    this.#near.onRoom = () => {}
    return (count / (performance.now() - started)) * 1000
  }

  /** Round trips per second, one part under way. */
  async toAndFro(count: number): Promise<number> {
    const body = Buffer.alloc(16, 'pseud ')
    const started = performance.now()
    await new Promise<void>((resolve) => {
      let left = count
      this.#far.onPartArrived = (connection) => connection.sendPart(body, false)
      this.#near.onPartArrived = (connection) => {
        if (--left === 0) resolve()
        else connection.sendPart(body, false)
      }
      this.#near.connection!.sendPart(body, false)
    })
    return (count / (performance.now() - started)) * 1000
  }

  end(): Promise<void> {
    return this.#close()
  }
}

const alive = setInterval(() => {}, 1000) // links and listeners keep no process alive
const pairs = [
  { name: 'tcp', pair: await new Pair().join('tcp://127.0.0.1:*') },
  { name: 'inproc', pair: await new Pair().join('inproc://bench') },
]
const contenders = (rate: (pair: Pair) => Promise<number>): { name: string; rate: () => Promise<number> }[] =>
  pairs.map(({ name, pair }) => ({ name, rate: () => rate(pair) }))

for (const [size, label, count] of [
  [16, '16 B', 1_000_000],
  [65_536, '64 KiB', 5000],
] as const) {
  await measure({
    bench: 'transport',
    subject: `one way, ${label}`,
    unit: 'parts/s',
    contenders: contenders((pair) => pair.oneWay(size, count)),
  })
}
await measure({
  bench: 'transport',
  subject: 'to and fro, 16 B',
  unit: 'round trips/s',
  contenders: contenders((pair) => pair.toAndFro(10_000)),
})
for (const { pair } of pairs) await pair.end()
clearInterval(alive)
