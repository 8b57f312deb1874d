// `npm run soak [-- --minutes N --clients N --rate N --every S --seed N --counts-only --save]`: a thousand clients at half of what the server can take, half of them by way of a proxy, and
// one random fault a minute, after each was made once: memory that a large call has taken, malloc does not give back, so that the slope would tell when the first of them
// came. What is sampled: RSS, the heap after a collection, how late the event loop is, what keeps the process busy; what is
// kept: the ledger of both ends. --save puts the report and its chart into docs/reliability.md.
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ChaosProxy } from '../chaos/proxy.ts'
import { Noise, SEED } from '../support/noise.ts'
import type { Outcome, Page } from './clients.ts'
import { type Sample, saveReport, slopePerMinute } from './report.ts'
import type { ServerState } from './server.ts'
import { Worker } from './worker.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    clients: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(SEED) },
    /** Calls per second in all; half of the peak unless given. */
    rate: { type: 'string' },
    /** Seconds from one fault to the next. */
    every: { type: 'string', default: '60' },
    /** For short runs: what takes long to be seen is not judged. */
    'counts-only': { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
})
const MINUTES = Number(values.minutes)
const CLIENTS = Number(values.clients)
const EVERY_MS = Number(values.every) * 1000
const CROWDS = 4
const MIB = 2 ** 20
const SAMPLE_MS = 5000
// Until then the heap finds its size: minutes, of runs that are long enough.
const SETTLING = 5
const SLOPE_MAX_MIB = 1

const noise = new Noise(Number(values.seed))
const server = new Worker('server')
const attackers = new Worker('attackers')
const endpoint = await server.ask<string>('listen', { port: 0 })
const port = Number(endpoint.split(':').at(-1))
const proxy = await ChaosProxy.to(endpoint)
const base = await server.ask<ServerState>('state')
const text = 'x'.repeat(100)
let born = 0
let killed = 0
let failed = 0

console.log(`soak: ${MINUTES} minutes, ${CLIENTS} clients, seed ${values.seed}`)
const crowds = await Promise.all(Array.from({ length: CROWDS }, (_, i) => crowd(i)))
const peaks = await Promise.all(crowds.map((one) => one.ask<number>('peak', 5000)))
const peak = peaks.reduce((sum, rate) => sum + rate, 0)
const rate = values.rate === undefined ? peak / 2 : Number(values.rate)
console.log(`peak ${peak.toFixed(0)} calls/s; load ${rate.toFixed(0)} calls/s`)
for (const one of crowds) await one.ask('start', { rate: rate / CROWDS, text })

/** Each takes a few seconds, and leaves all as it was. */
const FAULTS: Record<string, () => Promise<unknown>> = {
  'the connections of one half are reset': async () => proxy.break('reset'),
  'the connections of one half end': async () => proxy.break('fin'),
  'one half is cut off for 5 s': async () => {
    proxy.hold('up')
    proxy.hold('down')
    await pause(5000)
    proxy.hold('up', false)
    proxy.hold('down', false)
  },
  'nothing comes back to one half for 20 s': async () => {
    proxy.hold('down')
    await pause(20_000)
    proxy.hold('down', false)
  },
  'octets of one half are delayed by up to 200 ms for 5 s': async () => {
    proxy.rule('down', { delayMs: () => noise.random(200) })
    await pause(5000)
    proxy.rule('down', {})
  },
  'octets of one half arrive in pieces of 1 to 50 for 3 s': async () => {
    proxy.rule('up', { pieces: () => 1 + noise.random(50) })
    await pause(3000)
    proxy.rule('up', {})
  },
  'a process of clients is killed': async () => {
    const i = noise.random(CROWDS)
    killed++
    crowds[i]!.signal('SIGKILL')
    await crowds[i]!.ended
    crowds[i] = await crowd(i)
    await crowds[i]!.ask('start', { rate: rate / CROWDS, text })
  },
  'a process of clients stands still for 5 s': async () => {
    const one = pick()
    one.signal('SIGSTOP')
    await pause(5000)
    one.signal('SIGCONT')
  },
  'the server stands still for 3 s': async () => {
    server.signal('SIGSTOP')
    await pause(3000)
    server.signal('SIGCONT')
  },
  'the event loop of the server is held up for 1 s': () => pick().ask('block', 1000),
  '2,000 connections of junk': async () => {
    await attackers.ask('junk', { port, perSecond: 500, seed: noise.random(1e6) })
    await pause(4000)
    await attackers.ask('stop')
  },
  '500 silent connections for 12 s': async () => {
    await attackers.ask('silent', { port, count: 500 })
    await pause(12_000)
    await attackers.ask('stop')
  },
  '50 slow readers for 10 s': async () => {
    await attackers.ask('slowReaders', { endpoint, count: 50 })
    await pause(10_000)
    await attackers.ask('stop')
  },
  '5,000 calls whose function throws': () => pick().ask('fail', 5000),
  '10 calls of 8 MiB': () => pick().ask('large', { count: 10, bytes: 8 * MIB }),
  'a stream that is not read for 5 s': () => pick().ask('readSlowly', 5000),
}

const samples: Sample[] = []
const faults: { minute: number; name: string }[] = []
const begun = performance.now()
const sampling = sample()
const names = Object.keys(FAULTS)
const settlingMs = MINUTES > 2 * SETTLING ? SETTLING * 60_000 : 0
const first = settlingMs === 0 ? [] : shuffled(names)
for (const [n, name] of first.entries()) {
  const trouble = await make(name)
  console.log(`settling: ${name}${trouble}`)
  await pause(Math.max(0, begun + ((n + 1) * settlingMs) / first.length - performance.now()))
}
const rest = performance.now()
for (let n = 1; n * EVERY_MS <= MINUTES * 60_000 - (rest - begun); n++) {
  await pause(noise.random(EVERY_MS / 3))
  const name = names[noise.random(names.length)]!
  const trouble = await make(name)
  await pause(Math.max(0, rest + n * EVERY_MS - performance.now()))
  const { rss, heapUsed, delay, repeated, orders } = await server.ask<ServerState>('state')
  samples.push({ minute: minutesSince(), rss, heapUsed, lateMs: delay[1] })
  console.log(
    `minute ${minutesSince().toFixed(1)} of ${MINUTES}: ${name}${trouble}; RSS ${mib(rss)}, heap ${mib(heapUsed)}, late ${delay[1].toFixed(0)} ms (p99), ${orders} orders, ${repeated} repeated`,
  )
}
sampling.end()

// All ends meet.
const outcomes = await Promise.all(crowds.map((one) => one.ask<Outcome>('stop')))
const pages = Object.assign(
  {},
  ...(await Promise.all(crowds.map((one) => one.ask<Record<string, Page>>('ledger')))),
) as Record<string, Page>
const taken = await server.ask<Record<string, number>>('ledger')
const { repeated } = await server.ask<ServerState>('state')
const sum = (of: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + of(outcome), 0)
const errors: Record<string, number> = {}
for (const outcome of outcomes)
  for (const [kind, count] of Object.entries(outcome.errors)) errors[kind] = (errors[kind] ?? 0) + count
const errorCount = Object.values(errors).reduce((total, count) => total + count, 0)
const made = sum((outcome) => outcome.made)
const ok = sum((outcome) => outcome.ok)
const astray = Object.entries(pages).filter(([name, { ok, unsure }]) => {
  const count = taken[name] ?? 0
  return count < ok || count > ok + unsure
})
const settled = samples.filter(
  ({ minute, heapUsed }) => minute * 60_000 > settlingMs && heapUsed !== undefined,
)
const slope = slopePerMinute(settled.map(({ minute, rss }) => [minute, rss / MIB])) * 10

for (const one of crowds) {
  await one.ask('close')
  await one.end()
}
await attackers.end()
await proxy.close()
for (let i = 0; i < 500 && (await server.ask<number>('peers')) > 0; i++) await pause(20)
await pause(500)
const last = await server.ask<ServerState>('state')
const more = Object.entries(last.resources).filter(([kind, count]) => count > (base.resources[kind] ?? 0))

const checks: [boolean, string][] = [
  [
    made === ok + errorCount && sum((outcome) => outcome.pending) === 0,
    `${made} orders = ${ok} answered + ${errorCount} failed with a code; none is left open`,
  ],
  [sum((outcome) => outcome.wrong) === 0, 'every answer is that of its order'],
  [repeated === 0, `${repeated} orders ran twice or out of order`],
  [
    astray.length === 0,
    `${astray.length} of ${Object.keys(pages).length} clients whose ledger is not that of the server`,
  ],
  [
    values['counts-only'] || slope < SLOPE_MAX_MIB,
    `RSS grows by ${slope.toFixed(2)} MiB in 10 minutes (less than ${SLOPE_MAX_MIB})`,
  ],
  [
    last.peers === 0 && last.running === 0 && more.length === 0,
    [`handles, timers, calls back to base`, ...more.map(String)].join(' '),
  ],
]
await server.ask('close')
await server.end()
for (const [good, words] of checks) {
  if (!good) failed++
  console.log(`${good ? 'ok  ' : 'FAIL'} ${words}`)
}
console.log(`failures by code: ${JSON.stringify(errors)}`)
if (values.save)
  saveReport({
    command: `npm run soak -- --minutes ${MINUTES} --seed ${values.seed} --save`,
    lines: [
      `${CLIENTS} clients, ${rate.toFixed(0)} calls/s (half of the peak of ${peak.toFixed(0)}), ${faults.length} faults, ${killed} processes of clients killed`,
      ...checks.map(([, words]) => words),
      `heap after a collection: ${mib(settled[0]?.heapUsed ?? 0)} at the first minute counted, ${mib(settled.at(-1)?.heapUsed ?? 0)} at the last`,
    ],
    errors,
    faults,
    samples,
  })
console.log(`${checks.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** One quarter of the clients; every second one by way of the proxy. */
async function crowd(i: number): Promise<Worker> {
  const worker = new Worker('clients')
  const way = i % 2 === 0 ? endpoint : proxy.endpoint
  await worker.ask('connect', { endpoint: way, count: CLIENTS / CROWDS, name: `crowd ${born++}` })
  return worker
}

/** Resolves to what went wrong: a call that is cut by another fault fails, and that is its right. */
async function make(name: string): Promise<string> {
  faults.push({ minute: minutesSince(), name })
  return FAULTS[name]!().then(
    () => '',
    (error: unknown) => ` (${error instanceof Error ? error.message.split('\n')[0] : error})`,
  )
}

function shuffled<T>(list: readonly T[]): T[] {
  const left = [...list]
  return list.map(() => left.splice(noise.random(left.length), 1)[0]!)
}

function pick(): Worker {
  return crowds[noise.random(CROWDS)]!
}

function sample(): { end(): void } {
  const timer = setInterval(async () => {
    const rss = await server.ask<number>('rss')
    samples.push({ minute: minutesSince(), rss })
  }, SAMPLE_MS)
  return { end: () => clearInterval(timer) }
}

function minutesSince(): number {
  return (performance.now() - begun) / 60_000
}

function mib(octets: number): string {
  return `${(octets / MIB).toFixed(1)} MiB`
}
