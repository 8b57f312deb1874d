// Handshakes per second, one after the other, two processes over TCP loopback, with CURVE and without: a PUSH connects to a PULL, and once both
// are ready it closes and the next one begins. Contenders: the native `zeromq` package (the reference) and ours, by the same calls.
import { measure } from './support/measure.ts'
import { Helper } from './support/process.ts'

const COUNT = 100

class Pair {
  readonly name: string
  readonly #server: Helper
  readonly #client: Helper
  #port: Promise<number> | undefined

  constructor(name: string, kind: string, mechanism: string) {
    this.name = name
    this.#server = new Helper('handshake', [kind, mechanism])
    this.#client = new Helper('handshake', [kind, mechanism])
  }

  /** The octets that came over the last of them, so that nothing is counted that was no connection. */
  async result(): Promise<string> {
    const port = await this.#listen()
    await this.#client.ask('connect', { port, count: 3 })
    return this.#server.ask<string>('received')
  }

  async rate(): Promise<number> {
    const port = await this.#listen()
    const elapsedMs = await this.#client.ask<number>('connect', { port, count: COUNT })
    return (COUNT / elapsedMs) * 1000
  }

  end(): void {
    this.#server.end()
    this.#client.end()
  }

  #listen(): Promise<number> {
    this.#port ??= this.#server.ask<number>('listen')
    return this.#port
  }
}

for (const [label, mechanism] of [
  ['NULL', 'null'],
  ['CURVE', 'curve'],
] as const) {
  const pairs = [new Pair('zeromq 6', 'zeromq', mechanism), new Pair('pseud', 'pseud', mechanism)]
  const results = await Promise.all(pairs.map((pair) => pair.result()))
  await measure({
    bench: 'handshake',
    subject: `handshake, ${label}`,
    unit: 'handshakes/s',
    warmups: 1,
    rounds: 7,
    contenders: pairs.map((pair, n) => ({
      name: pair.name,
      result: () => results[n]!,
      rate: () => pair.rate(),
    })),
  })
  for (const pair of pairs) pair.end()
}
