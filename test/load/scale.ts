// `npm run scale [-- --only NAME --seconds N --clients N --connections N --calls N --rate N --seed N --counts-only]`: many of everything, against one server in a process of its own.
//   held      10,000 connections held, heartbeats and all; then each makes a call
//   death     100,000 calls in flight when the server is killed: all settle within a second
//   storm     1,000 clients whose server is killed, comes back, and finds them back within 15 s with every call that waited
//   hostile   1,000 junk connections a second, 1,000 silent ones, 100 slow readers, for two minutes, beside honest clients
// A line for each figure, and at the end `N passed, N failed`.
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { SEED } from '../support/noise.ts'
import type { Outcome } from './clients.ts'
import type { ServerState } from './server.ts'
import { Worker } from './worker.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '120' },
    clients: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '10000' },
    calls: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(SEED) },
    /** For machines that others use as well: what is measured in time is told, not judged. */
    'counts-only': { type: 'boolean', default: false },
  },
})
const SECONDS = Number(values.seconds)
const CLIENTS = Number(values.clients)
const CONNECTIONS = Number(values.connections)
const CALLS = Number(values.calls)
const RATE = Number(values.rate)
const MIB = 2 ** 20

const SCENARIOS: Record<string, () => Promise<void>> = { held, death, storm, hostile }
const workers = new Set<Worker>()
let passed = 0
let failed = 0

const wanted = values.only === undefined ? Object.keys(SCENARIOS) : values.only.split(',')
for (const name of wanted) {
  const scenario = SCENARIOS[name]
  if (scenario === undefined)
    throw new Error(`no scenario ${name}: there are ${Object.keys(SCENARIOS).join(', ')}`)
  console.log(`${name}:`)
  try {
    await scenario()
  } catch (error) {
    expect(false, String(error instanceof Error ? error.stack : error))
  }
  for (const worker of workers) await worker.end()
  workers.clear()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

// -- scenarios ---------------------------------------------------------------------------------------------------------

async function held(): Promise<void> {
  const [server, endpoint] = await serve()
  const base = await server.ask<ServerState>('state')
  const crowds = await crowdsOf(endpoint, CONNECTIONS)
  const full = await server.ask<ServerState>('state')
  expect(full.peers === CONNECTIONS, `${full.peers} of ${CONNECTIONS} connections are there`)
  await pause(SECONDS * 500)
  const later = await server.ask<ServerState>('state')
  expect(later.peers === CONNECTIONS, `${later.peers} after ${SECONDS / 2} s without a call`)
  say(
    `${((later.rss - base.rss) / 1024 / CONNECTIONS).toFixed(1)} KiB of RSS each; event loop late by ${delayOf(later)}`,
  )
  const answers = await Promise.all(crowds.map((crowd) => crowd.ask<{ ok: number }>('orderOfEach')))
  const ok = answers.reduce((sum, answer) => sum + answer.ok, 0)
  expect(ok === CONNECTIONS, `${ok} of ${CONNECTIONS} answered when each made a call`)
  await Promise.all(crowds.map((crowd) => crowd.ask('close')))
  await until(async () => (await server.ask<number>('peers')) === 0)
  await backToBase(server, base)
}

async function death(): Promise<void> {
  const limits = { maxRunningCalls: CALLS, maxRunningCallsPerPeer: CALLS, maxWaitingCalls: CALLS }
  const [server, endpoint] = await serve(0, limits)
  const [crowd] = await crowdsOf(endpoint, 10, 1)
  await crowd!.ask('hang', CALLS)
  await until(async () => (await server.ask<number>('hanging')) === CALLS)
  server.signal('SIGKILL')
  const { errors, ms, pending } = await crowd!.ask<{
    errors: Record<string, number>
    ms: number
    pending: number
  }>('hung')
  expect(pending === 0, `${pending} of ${CALLS} calls in flight left open`)
  expectInTime(ms < 1000, `all settled within ${ms.toFixed(0)} ms of the first`)
  expect(errors['UNAVAILABLE maybe'] === CALLS, `they ended as ${words(errors)}`)
  workers.delete(server)
}

async function storm(): Promise<void> {
  const [first, endpoint] = await serve()
  const crowds = await crowdsOf(endpoint, CLIENTS)
  first.signal('SIGKILL')
  workers.delete(first)
  await first.ended
  // Until all have seen it: what is sent into a connection that is dead already may have been run.
  await pause(500)
  // Their delays have grown by then, as those of people whose server stays away for a while.
  const waiting = Promise.all(
    crowds.map((crowd) => crowd.ask<{ ok: number; errors: Record<string, number> }>('orderOfEach')),
  )
  await pause(5000)
  const [server] = await serve(Number(endpoint.split(':').at(-1)))
  const begun = performance.now()
  const accepted: number[] = []
  while ((accepted.at(-1) ?? 0) < CLIENTS && performance.now() - begun < 30_000) {
    accepted.push(await server.ask<number>('peers'))
    await pause(1000 - ((performance.now() - begun) % 1000))
  }
  const seconds = (performance.now() - begun) / 1000
  const bySecond = accepted.map((count, i) => count - (accepted[i - 1] ?? 0))
  expect(accepted.at(-1) === CLIENTS, `${accepted.at(-1)} of ${CLIENTS} are back`)
  expectInTime(seconds < 15, `after ${seconds.toFixed(1)} s: by second ${bySecond.join(', ')}`)
  const answers = await waiting
  const ok = answers.reduce((sum, answer) => sum + answer.ok, 0)
  expect(ok === CLIENTS, `${ok} of ${CLIENTS} calls that waited were answered ${words(answers[0]!.errors)}`)
}

async function hostile(): Promise<void> {
  const [server, endpoint] = await serve()
  const crowds = await crowdsOf(endpoint, 50, 1)
  const base = await server.ask<ServerState>('state')
  await load(crowds, 2)
  const alone = await load(crowds, SECONDS / 2)
  const attackers = new Worker('attackers')
  workers.add(attackers)
  const port = Number(endpoint.split(':').at(-1))
  await attackers.ask('slowReaders', { endpoint, count: 100 })
  await attackers.ask('silent', { port, count: 1000 })
  await attackers.ask('junk', { port, perSecond: 1000, seed: Number(values.seed) })
  say(`junk of seed ${values.seed}`)
  const measured = load(crowds, SECONDS)
  const busy = await server.ask<number>('busy')
  await server.ask('state')
  let most = 0
  for (let second = 0; second < SECONDS; second++) {
    await pause(1000)
    most = Math.max(most, await server.ask<number>('rss'))
  }
  const attacked = await measured
  const lateness = delayOf(await server.ask<ServerState>('state'))
  const share = ((await server.ask<number>('busy')) - busy) / SECONDS / 10
  const { junk } = await attackers.ask<{ junk: number }>('stop')
  const after = await load(crowds, SECONDS / 2)
  const p99 = (alone.p99 + after.p99) / 2
  const rate = (alone.rate + after.rate) / 2
  say(
    `${junk} junk connections in ${SECONDS} s; the server was ${share.toFixed(0)} % busy, its event loop late by ${lateness}`,
  )
  for (const [name, outcome] of Object.entries({ alone, attacked, after })) {
    say(
      `${name}: ${outcome.rate.toFixed(0)} calls/s, p50 ${outcome.p50.toFixed(2)} ms, p99 ${outcome.p99.toFixed(2)} ms`,
    )
    expect(
      outcome.ok === outcome.made && outcome.wrong === 0,
      `${name}: ${outcome.ok} of ${outcome.made} honest calls answered ${words(outcome.errors)}`,
    )
  }
  expectInTime(attacked.p99 <= 2 * p99, `p99 under attack ${(attacked.p99 / p99).toFixed(2)} x (at most 2)`)
  expect(
    attacked.rate >= 0.8 * rate,
    `calls/s under attack ${(attacked.rate / rate).toFixed(2)} x (at least 0.8)`,
  )
  expect(
    most - base.rss <= 300 * MIB,
    `RSS at most ${((most - base.rss) / MIB).toFixed(0)} MiB above base (at most 300)`,
  )
  await until(async () => (await server.ask<number>('peers')) === 50)
  await backToBase(server, base)
}

// -- pieces ------------------------------------------------------------------------------------------------------------

async function serve(port = 0, limits?: object): Promise<[Worker, string]> {
  const server = new Worker('server')
  workers.add(server)
  return [server, await server.ask<string>('listen', { port, ...(limits === undefined ? {} : { limits }) })]
}

/** `count` clients in so many processes, ready. */
async function crowdsOf(endpoint: string, count: number, processes = 2): Promise<Worker[]> {
  const crowds = Array.from({ length: processes }, () => new Worker('clients'))
  for (const crowd of crowds) workers.add(crowd)
  const each = count / processes
  await Promise.all(
    crowds.map((crowd, i) => crowd.ask('connect', { endpoint, count: each, name: `crowd ${i}` })),
  )
  return crowds
}

async function load([crowd]: readonly Worker[], seconds: number): Promise<Outcome> {
  await crowd!.ask('start', { rate: RATE, text: 'x'.repeat(100) })
  await pause(seconds * 1000)
  return await crowd!.ask<Outcome>('stop')
}

/** What the server holds is what it held before: sockets, timers, calls. */
async function backToBase(server: Worker, base: ServerState): Promise<void> {
  await pause(500)
  const { resources, running } = await server.ask<ServerState>('state')
  const more = Object.entries(resources).filter(([kind, count]) => count > (base.resources[kind] ?? 0))
  expect(
    more.length === 0 && running === base.running,
    `handles and timers back to base ${words(Object.fromEntries(more))}`,
  )
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; !(await condition()); await pause(20))
    if (performance.now() > end) throw new Error('not within 60 s')
}

function expect(condition: boolean, text: string): void {
  if (condition) passed++
  else failed++
  console.log(`  ${condition ? 'ok  ' : 'FAIL'} ${text}`)
}

/** `expect` of what a busy machine makes slow. */
function expectInTime(condition: boolean, text: string): void {
  if (values['counts-only']) say(text)
  else expect(condition, text)
}

function say(text: string): void {
  console.log(`       ${text}`)
}

function delayOf({ delay }: ServerState): string {
  const [p50, p99, most] = delay.map((ms) => ms.toFixed(0))
  return `${p50} ms (p50), ${p99} (p99), ${most} (most)`
}

function words(counts: Readonly<Record<string, number>>): string {
  const pieces = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`)
  return pieces.length === 0 ? '' : `(${pieces.join(', ')})`
}
