// DEALER to ROUTER, one way, two processes over TCP loopback: messages per second at 16 B and 1 KB. Contenders: bare
// node:net with the same framing, the native `zeromq` package (the reference), and ours through the package's calls
// (`await dealer.send(body)`, `await router.receive()`).
import { measure } from './support/measure.ts'
import { Helper } from './support/process.ts'

const CHECKED = 500
// A round should last about this long: below it, start-up of the stream is what one measures.
const ROUND_MS = 500

class Pair {
  readonly name: string
  readonly #receiver: Helper
  readonly #sender: Helper
  #connected = false
  #count = new Map<number, number>()

  constructor(name: string, kind: string) {
    this.name = name
    this.#receiver = new Helper('one-way', [kind, 'receive'])
    this.#sender = new Helper('one-way', [kind, 'send'])
  }

  async digest(size: number): Promise<string> {
    if (!this.#connected) {
      await this.#sender.ask('connect', await this.#receiver.ask<number>('listen'))
      this.#connected = true
    }
    return (await this.#run({ count: CHECKED, size, hashed: true })).digest
  }

  async rate(size: number): Promise<number> {
    const count = this.#count.get(size) ?? 20_000
    const { elapsedMs } = await this.#run({ count, size, hashed: false })
    const rate = ((count - 1) / elapsedMs) * 1000
    this.#count.set(size, Math.max(5000, Math.round((rate * ROUND_MS) / 1000)))
    return rate
  }

  end(): void {
    this.#receiver.end()
    this.#sender.end()
  }

  async #run(order: {
    count: number
    size: number
    hashed: boolean
  }): Promise<{ elapsedMs: number; digest: string }> {
    const outcome = this.#receiver.ask<{ elapsedMs: number; digest: string }>('expect', order)
    await this.#sender.ask('send', order)
    return await outcome
  }
}

const pairs = [new Pair('zeromq 6', 'zeromq'), new Pair('node:net', 'net'), new Pair('pseud', 'pseud')]
for (const [size, label] of [
  [16, '16 B'],
  [1024, '1 KB'],
] as const) {
  const digests = await Promise.all(pairs.map((pair) => pair.digest(size)))
  await measure({
    bench: 'sockets',
    subject: `DEALER to ROUTER, ${label}`,
    unit: 'messages/s',
    warmups: 2,
    rounds: 7,
    contenders: pairs.map((pair, i) => ({
      name: pair.name,
      result: () => digests[i],
      rate: () => pair.rate(size),
    })),
  })
}
for (const pair of pairs) pair.end()
