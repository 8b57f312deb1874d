// Calls per second at 1, 100 and 1,000 in flight, two processes over TCP loopback: `add(a, b)`. Contenders: what one
// writes by hand with the native `zeromq` package and msgpackr (the reference), the same on bare node:net with JSON,
// and ours, which alone of the three has timeouts, errors, typed names and a queue.
import { measure } from './support/measure.ts'
import { Helper } from './support/process.ts'

const ROUND_MS = 600

class Pair {
  readonly name: string
  readonly #server: Helper
  readonly #client: Helper
  #count = new Map<number, number>()

  constructor(name: string, kind: string) {
    this.name = name
    this.#server = new Helper('rpc', [kind, 'server'])
    this.#client = new Helper('rpc', [kind, 'client'])
  }

  async results(): Promise<number[]> {
    await this.#client.ask('connect', await this.#server.ask<number>('listen'))
    return await this.#client.ask('results')
  }

  async rate(inFlight: number): Promise<number> {
    const count = this.#count.get(inFlight) ?? 2000
    const rate = (count / (await this.#client.ask<number>('run', { count, inFlight }))) * 1000
    this.#count.set(inFlight, Math.max(500, Math.round((rate * ROUND_MS) / 1000)))
    return rate
  }

  end(): void {
    this.#client.end()
    this.#server.end()
  }
}

const pairs = [
  new Pair('zeromq + msgpackr', 'handmade'),
  new Pair('node:net + JSON', 'net'),
  new Pair('pseud', 'pseud'),
]
const results = await Promise.all(pairs.map((pair) => pair.results()))
for (const inFlight of [1, 100, 1000]) {
  await measure({
    bench: 'rpc',
    subject: `${inFlight.toLocaleString('en')} in flight`,
    unit: 'calls/s',
    warmups: 2,
    rounds: 7,
    contenders: pairs.map((pair, i) => ({
      name: pair.name,
      result: () => results[i],
      rate: () => pair.rate(inFlight),
    })),
  })
}
for (const pair of pairs) pair.end()
