// A sender and its readers, in two processes: lets them meet, has them send a checked few, then as many as fill a round. Knows neither the libraries
// behind them nor what is compared.
import type { Outcome } from './flow.ts'
import type { Process } from './process.ts'

// Octets that a check may bring to all readers together, and the messages it should have.
const CHECKED_BYTES = 64 << 20
const CHECKED = 500
// A round should last about this long: below it, start-up of the stream is what one measures.
const ROUND_MS = 400
// The first round, of which nobody knows how long it takes; and the fewest that make a round.
const FIRST_MESSAGES = 2000
const FIRST_BYTES = 256 << 20
const LEAST_MESSAGES = 500
const LEAST_BYTES = 64 << 20
// What a publisher, which waits for nobody, may have on its way at most: it is told how far the readers are, in steps of half of this.
const WINDOW_BYTES = 64 << 20
const WINDOW_MESSAGES = 2000

export class OneWayPair {
  readonly name: string
  readonly #readers: number
  readonly #publishes: boolean
  readonly #receiver: Process
  readonly #sender: Process
  #met = false
  #count = new Map<number, number>()

  constructor(name: string, pattern: string, readers: number, start: (end: 'receive' | 'send') => Process) {
    this.name = name
    this.#readers = readers
    this.#publishes = pattern === 'publish'
    this.#receiver = start('receive')
    this.#sender = start('send')
  }

  /** Of all octets that each reader has got, every message another. */
  async digest(size: number): Promise<string> {
    if (!this.#met) await this.#meet()
    this.#met = true
    const count = Math.max(20, Math.min(CHECKED, Math.floor(CHECKED_BYTES / size / this.#readers)))
    return (await this.#run(count, size, true)).digest
  }

  /** Messages per second. */
  async rate(size: number): Promise<number> {
    const count =
      this.#count.get(size) ?? Math.ceil(Math.min(FIRST_MESSAGES, FIRST_BYTES / size) / this.#readers)
    const { elapsedMs } = await this.#run(count, size, false)
    const rate = ((count - 1) / elapsedMs) * 1000
    const least = Math.ceil(Math.min(LEAST_MESSAGES, LEAST_BYTES / size) / this.#readers)
    this.#count.set(size, Math.max(least, Math.round((rate * ROUND_MS) / 1000)))
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
    // Awaited below; should the sender fail first, this is no unhandled rejection.
    outcome.catch(() => {})
    await this.#sender.ask('send', order)
    return await outcome
  }
}
