// Messages per second, one way, two processes over TCP loopback: DEALER to ROUTER, PUSH to PULL, in clear and under CURVE, and PUB to 1, 10 and 100 SUBs, at 16 B to
// 64 KB. Contenders: the native `zeromq` package (the reference); ours by the very same calls (`await send`, `for await`); ours in batches
// (`sendMany`, `batches()`); and where one reads, bare node:net with the same framing. A message that 100 subscribers get counts 100 times.
import { type Contender, isWanted, measure } from './support/measure.ts'
import { Helper } from './support/process.ts'

// Octets that a check may bring to all readers together, and the messages it should have.
const CHECKED_BYTES = 256 << 20
const CHECKED = 500
// A round should last about this long: below it, start-up of the stream is what one measures.
const ROUND_MS = 400
// What a publisher, which waits for nobody, may have on its way at most: it is told how far the readers are, in steps of half of this.
const WINDOW_BYTES = 64 << 20
const WINDOW_MESSAGES = 2000

const SIZES = [
  [16, '16 B'],
  [128, '128 B'],
  [1024, '1 KB'],
  [65_536, '64 KB'],
] as const

const KINDS = [
  ['zeromq 6', 'zeromq'],
  ['pseud', 'pseud'],
  ['pseud, batches', 'batches'],
  ['node:net', 'net'],
] as const

interface Outcome {
  elapsedMs: number
  digest: string
}

/** A sender and its readers, in two processes. */
class Pair {
  readonly name: string
  readonly #readers: number
  readonly #publishes: boolean
  readonly #receiver: Helper
  readonly #sender: Helper
  #met = false
  #count = new Map<number, number>()

  constructor(name: string, kind: string, pattern: string, readers: number) {
    this.name = name
    this.#readers = readers
    this.#publishes = pattern === 'publish'
    this.#receiver = new Helper('one-way', [kind, pattern, 'receive', String(readers)])
    this.#sender = new Helper('one-way', [kind, pattern, 'send', String(readers)])
  }

  async digest(size: number): Promise<string> {
    if (!this.#met) await this.#meet()
    this.#met = true
    const count = Math.max(20, Math.min(CHECKED, Math.floor(CHECKED_BYTES / size / this.#readers)))
    return (await this.#run(count, size, true)).digest
  }

  async rate(size: number): Promise<number> {
    const count = this.#count.get(size) ?? Math.ceil(2000 / this.#readers)
    const { elapsedMs } = await this.#run(count, size, false)
    const rate = ((count - 1) / elapsedMs) * 1000
    this.#count.set(size, Math.max(Math.ceil(500 / this.#readers), Math.round((rate * ROUND_MS) / 1000)))
    return rate * this.#readers
  }

  end(): void {
    this.#receiver.end()
    this.#sender.end()
  }

  async #meet(): Promise<void> {
    if (!this.#publishes) {
      await this.#sender.ask('connect', await this.#receiver.ask('listen'))
      return
    }
    const port = await this.#sender.ask<number>('listen')
    await this.#sender.ask('pace', await this.#receiver.ask('connect', port))
    // Until every subscription has arrived.
    do await this.#sender.ask('probe')
    while ((await this.#receiver.ask<number>('probed')) < this.#readers)
  }

  async #run(count: number, size: number, hashed: boolean): Promise<Outcome> {
    const window = this.#publishes
      ? Math.max(2, Math.min(WINDOW_MESSAGES, Math.floor(WINDOW_BYTES / size / this.#readers)))
      : 0
    const order = { count, size, hashed, window }
    await this.#receiver.ask('expect', order)
    const outcome = this.#receiver.ask<Outcome>('outcome')
    await this.#sender.ask('send', order)
    return await outcome
  }
}

for (const [title, pattern, readers] of [
  ['DEALER to ROUTER', 'dealer', 1],
  ['PUSH to PULL', 'push', 1],
  ['PUSH to PULL under CURVE', 'curve', 1],
  ['PUB to 1 SUB', 'publish', 1],
  ['PUB to 10 SUBs', 'publish', 10],
  ['PUB to 100 SUBs', 'publish', 100],
] as const) {
  const sizes = SIZES.filter(([, label]) => isWanted(`${title}, ${label}`))
  if (sizes.length === 0) continue
  const pairs = KINDS.filter(
    ([, kind]) => kind !== 'net' || (pattern !== 'publish' && pattern !== 'curve'),
  ).map(([name, kind]) => new Pair(name, kind, pattern, readers))
  for (const [size, label] of sizes) {
    const contenders: Contender[] = []
    for (const pair of pairs) {
      const digest = await pair.digest(size)
      contenders.push({ name: pair.name, result: () => digest, rate: () => pair.rate(size) })
    }
    await measure({
      bench: 'sockets',
      subject: `${title}, ${label}`,
      unit: 'messages/s',
      warmups: 2,
      rounds: 7,
      contenders,
    })
  }
  for (const pair of pairs) pair.end()
}
