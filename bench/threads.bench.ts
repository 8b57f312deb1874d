// Calls per second between a thread and its worker, at 1, 100 and 1,000 in flight, and 1 MiB there and back: over a MessagePort, over TCP loopback, and
// what one writes by hand with `postMessage` and a Map of open calls, which has no timeouts, no errors, no bounds and no cancellation.
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { Client } from 'pseud'
import { isWanted, measure } from './support/measure.ts'

interface Api {
  add(a: number, b: number): number
  echo(octets: Uint8Array): Uint8Array
}

interface Pair {
  readonly name: string
  readonly add: (a: number, b: number) => Promise<number>
  readonly echo: (octets: Uint8Array) => Promise<Uint8Array>
  end(): Promise<unknown>
}

const ROUND_MS = 600
const LARGE = 1024 * 1024

function start(kind: string): Worker {
  return new Worker(path.join(path.dirname(process.argv[1] ?? ''), 'peers/threads.js'), { workerData: kind })
}

async function pseudOver(kind: 'MessagePort' | 'TCP'): Promise<Pair> {
  const worker = start(kind)
  const at = kind === 'TCP' ? await new Promise<string>((resolve) => worker.once('message', resolve)) : worker
  const client = new Client<Api>('bench').connect(at)
  await client.ready()
  return {
    name: `pseud over ${kind}`,
    add: (a, b) => client.add(a, b),
    echo: (octets) => client.echo(octets),
    end: async () => {
      await client.close()
      await worker.terminate()
    },
  }
}

function byHand(): Pair {
  const worker = start('by hand')
  const open = new Map<number, (value: never) => void>()
  let lastId = 0
  worker.on('message', ([id, value]: [number, never]) => {
    open.get(id)?.(value)
    open.delete(id)
  })
  const call = <T>(name: string, ...args: unknown[]): Promise<T> =>
    new Promise((resolve) => {
      const id = ++lastId
      open.set(id, resolve)
      worker.postMessage([id, name, args])
    })
  return {
    name: 'postMessage by hand',
    add: (a, b) => call('add', a, b),
    echo: (octets) => call('echo', octets),
    end: () => worker.terminate(),
  }
}

/** Keeps `inFlight` calls open until `count` are done. */
async function rateOf(
  call: (n: number) => Promise<unknown>,
  count: number,
  inFlight: number,
): Promise<number> {
  let left = count
  const started = performance.now()
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call(left)
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  return (count / (performance.now() - started)) * 1000
}

const pairs = [await pseudOver('TCP'), await pseudOver('MessagePort'), byHand()]
const large = Buffer.alloc(LARGE, 7)
const results: unknown[] = []
for (const { add, echo } of pairs) {
  const sums = await Promise.all(Array.from({ length: 200 }, (_, i) => add(i, 2)))
  results.push([sums, Buffer.compare(large, await echo(large))])
}
for (const inFlight of [1, 100, 1000]) {
  const subject = `${inFlight.toLocaleString('en')} in flight`
  if (isWanted(subject)) {
    await measure({
      bench: 'threads',
      subject,
      unit: 'calls/s',
      warmups: 2,
      rounds: 7,
      contenders: pairs.map(({ name, add }, i) => {
        let count = 2000
        return {
          name,
          result: () => results[i],
          rate: async () => {
            const rate = await rateOf((n) => add(n, 2), count, inFlight)
            count = Math.max(500, Math.round((rate * ROUND_MS) / 1000))
            return rate
          },
        }
      }),
    })
  }
}
await measure({
  bench: 'threads',
  subject: '1 MiB there and back',
  unit: 'calls/s',
  warmups: 1,
  rounds: 7,
  contenders: pairs.map(({ name, echo }, i) => ({
    name,
    result: () => results[i],
    rate: () => rateOf(() => echo(large), 60, 2),
  })),
})
for (const pair of pairs) await pair.end()
