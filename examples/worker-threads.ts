// Heavy computation in a worker thread: called with types, its progress read as a stream, stopped half-way, and asking its parent back.
// Run `node scripts/run-example.mjs worker-threads`.
import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { type CallContext, Client, method, Server } from 'pseud'

/** What the worker offers. */
interface Compute {
  primes(below: number): number
  search(below: number): AsyncGenerator<{ done: number; found: number }>
  sumOfWeights(names: readonly string[]): number
}

/** What its parent offers it. */
interface Parent {
  weightOf(name: string): number
}

if (isMainThread) await main()
else await serve()

async function serve(): Promise<void> {
  const server = new Server<Parent>('compute')
  server.registerRpc({
    primes: (below: number) => countPrimes(2, below),
    async *search(below: number) {
      let found = 0
      for (let from = 2; from < below; from += 1000) {
        found += countPrimes(from, Math.min(from + 1000, below))
        yield { done: Math.min(from + 1000, below) / below, found }
        await setImmediate() // lets the thread hear that its caller has had enough
      }
    },
    sumOfWeights: method(async (ctx: CallContext<Parent>, names: readonly string[]) => {
      const weights = await Promise.all(names.map((name) => ctx.peer.api.weightOf(name)))
      return weights.reduce((sum, weight) => sum + weight, 0)
    }),
  })
  await server.bind(parentPort!)
}

async function main(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url))
  const client = new Client<Compute>('compute').connect(worker)
  client.registerRpc('weightOf', (name: string) => name.length)

  let ticks = 0
  const clock = setInterval(() => ticks++, 1)
  assert.equal(await client.primes(2_000_000), 148_933)
  clearInterval(clock)
  assert.ok(ticks > 0)
  console.log(`148933 primes below two million, and this thread had time for ${ticks} ticks`)

  for await (const { done, found } of client.search(20_000)) {
    if (found > 1000) {
      console.log(`1000 primes were found after ${Math.round(done * 100)} %: enough`)
      break // the generator in the worker ends too
    }
  }

  assert.equal(await client.sumOfWeights(['apple', 'fig']), 8)
  await client.close() // the worker has nobody left to serve, and ends
}

function countPrimes(from: number, below: number): number {
  let found = 0
  for (let n = from; n < below; n++) {
    let divisor = 2
    while (divisor * divisor <= n && n % divisor !== 0) divisor++
    if (divisor * divisor > n) found++
  }
  return found
}
