// Calls between two processes over TCP loopback: `echo({ id, name, tags })`, 100 and 1,000 in flight, and one at a time; items of a stream; and a
// thousand clients instead of one. Contenders: what one writes by hand with the native `zeromq` package, ws or bare node:net and msgpackr, without
// timeouts, errors, typed names or a bound; @grpc/grpc-js and socket.io; and ours.
import { CALL, CLIENTS, callsIn, IN_FLIGHT, STREAM, SUBJECTS } from './subjects.ts'
import { ON_ONE_CORE, onOneCore } from './support/cores.ts'
import { announceMissing, type Contender, isWanted, measure, plan, type Subject } from './support/measure.ts'
import { Helper } from './support/process.ts'

const ROUND_MS = 600
const LEAST = 500
// A client compiles for a second or more: rounds that nobody counts.
const WARM_UPS = 5
const TRIPS = 2000
// A client's first calls teach its server the shapes of their arguments: they must not be most of a round.
const CALLS_OF_EACH_CLIENT = 20

class Pair {
  readonly name: string
  readonly results: unknown
  readonly #server: Helper
  readonly #client: Helper
  // What fills a round, by what is asked.
  readonly #count = new Map<string, number>()

  /** `undefined`, loudly, when a peer cannot be started. */
  static async start(name: string, kind: string): Promise<Pair | undefined> {
    const [server, client] = [new Helper('rpc', [kind, 'server']), new Helper('rpc', [kind, 'client'])]
    try {
      await client.ask('connect', await server.ask<number>('listen'))
      return new Pair(name, server, client, await client.ask('results'))
    } catch (error) {
      server.end()
      client.end()
      if (name.startsWith('pseud')) throw error
      announceMissing('rpc', name, error)
      return undefined
    }
  }

  private constructor(name: string, server: Helper, client: Helper, results: unknown) {
    this.name = name
    this.results = results
    this.#server = server
    this.#client = client
  }

  calls(inFlight: number, least = LEAST): Promise<number> {
    return this.#round(`calls ${inFlight}`, least, (count) => this.#client.ask('calls', { count, inFlight }))
  }

  /** µs, the median, once it is warm; on one core. */
  async latency(): Promise<number> {
    onOneCore(this.#server, this.#client)
    await this.#client.ask('latency', TRIPS)
    return this.#client.ask('latency', TRIPS)
  }

  items(): Promise<unknown> {
    return this.#client.ask('items', 1000)
  }

  stream(): Promise<number> {
    return this.#round('stream', LEAST, (count) => this.#client.ask('stream', count))
  }

  end(): void {
    this.#client.end()
    this.#server.end()
  }

  async #round(what: string, least: number, ask: (count: number) => Promise<number>): Promise<number> {
    const rate = await ask(this.#count.get(what) ?? Math.max(2000, least))
    this.#count.set(what, Math.max(least, Math.round((rate * ROUND_MS) / 1000)))
    return rate
  }
}

const BY_HAND = [
  ['zeromq + msgpackr', 'zeromq'],
  ['ws + msgpackr', 'ws'],
  ['grpc-js', 'grpc'],
  ['socket.io', 'socket.io'],
  ['node:net + msgpackr', 'net'],
] as const
const OURS = ['pseud', 'pseud'] as const

plan('rpc', SUBJECTS.rpc!)
for (const inFlight of IN_FLIGHT) {
  await compare(callsIn(inFlight), 'calls/s', [...BY_HAND, OURS], (pair) => pair.calls(inFlight))
}
await compare(CALL, 'µs', [['node:net echo', 'echo'], ...BY_HAND, OURS], (pair) => pair.latency(), {
  detail: `p50 of ${TRIPS} in each round, of two new processes, ${ON_ONE_CORE}`,
  renewed: true,
  warmups: 0,
  rounds: 11,
})
await compare(STREAM, 'items/s', [['grpc-js', 'grpc'], OURS], (pair) => pair.stream(), {
  resultOf: (pair) => pair.items(),
})
await compare(
  CLIENTS,
  'calls/s',
  [
    ['pseud, one client', 'pseud'],
    ['pseud, 1,000 clients', 'pseud-clients'],
  ],
  (pair) => pair.calls(1000, 1000 * CALLS_OF_EACH_CLIENT),
  { detail: '1,000 calls in flight' },
)

async function compare(
  subject: string,
  unit: string,
  kinds: readonly (readonly [name: string, kind: string])[],
  rate: (pair: Pair) => Promise<number>,
  {
    resultOf = (pair) => pair.results,
    renewed = false,
    ...more
  }: Partial<Subject> & {
    resultOf?: (pair: Pair) => unknown
    /** Each round by two new processes: where their code comes to lie in memory makes a fifth of what one call takes, for as long as they live. */
    renewed?: boolean
  } = {},
): Promise<void> {
  if (!isWanted(subject, 'rpc')) return
  const pairs: Pair[] = []
  const contenders: Contender[] = []
  for (const [name, kind] of kinds) {
    const pair = await Pair.start(name, kind)
    if (pair === undefined) continue
    const result = await resultOf(pair)
    if (renewed) pair.end()
    else pairs.push(pair)
    contenders.push({
      name,
      result: () => result,
      rate: renewed ? () => withNewPair(name, kind, rate) : () => rate(pair),
    })
  }
  await measure({ bench: 'rpc', subject, unit, warmups: WARM_UPS, rounds: 7, contenders, ...more })
  for (const pair of pairs) pair.end()
}

async function withNewPair(
  name: string,
  kind: string,
  rate: (pair: Pair) => Promise<number>,
): Promise<number> {
  const pair = await Pair.start(name, kind)
  if (pair === undefined) throw new Error(`${name} does not start again`)
  try {
    return await rate(pair)
  } finally {
    pair.end()
  }
}
