// `pseud top`: what a server does and for whom, as `$rpc.stats` tells it, again and again: drawn in place, or a line of JSON each time.
import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '../../rpc/index.ts'
import type { Command, Invocation } from '../command.ts'
import { CONNECTION_OPTIONS, type Connected, connect, timeoutOption } from '../connect.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { LivePage } from '../top/live-page.ts'
import { ratedPeers, rateOf, type Sample } from '../top/samples.ts'
import { statsIn } from '../top/stats-in.ts'
import { linesOf } from '../top/view.ts'
import { jsonOf } from '../values.ts'

export const top: Command = {
  name: 'top',
  summary: 'Shows what a server does and for whom, and goes on showing it.',
  usage: ['ENDPOINT'],
  about: [
    'Who is connected, with names, addresses, calls a second and queues, and the counters of the server. Those who call most come first; a name behind ~ is claimed, not proved. q or Ctrl-C leaves, the space bar does not wait for the interval.',
    'The server tells this only where that is allowed: by pseud serve --stats, in a program by new Server(name, { introspection: { stats: true } }), or a function in place of true that says who may know.',
    'As JSON: one line for each interval, with the rates of that interval.',
  ],
  args: [1, 1],
  options: [
    { name: 'interval', short: 'i', value: 'TIME', fallback: '1s', help: 'How long between two looks.' },
    { name: 'count', short: 'c', value: 'N', help: 'Leave after N intervals; what was shown last stays.' },
    {
      name: 'peers',
      value: 'N',
      fallback: '256',
      help: 'How many peers to ask for, those with most going on first; 256 at most.',
    },
    timeoutOption('5s', 'Each look has so long for itself.'),
    ...CONNECTION_OPTIONS,
  ],
  examples: [
    ['pseud top :5555', 'The server on this machine.'],
    ['pseud top :5555 --json --interval 10s >> figures.jsonl', 'A line each ten seconds, for later.'],
  ],
  run,
}

interface Watch {
  readonly invocation: Invocation
  readonly connected: Connected
  readonly intervalMs: number
  /** `Infinity`: until somebody leaves. */
  readonly count: number
  /** Rejects with a Failure where the server does not tell. */
  look(signal: AbortSignal): Promise<Sample>
}

async function run(invocation: Invocation): Promise<undefined> {
  const { args, options, screen } = invocation
  const intervalMs = options.duration('interval')
  const timeoutMs = options.duration('timeout')
  const peersMax = options.count('peers', 0)
  const count = options.has('count') ? options.count('count') : Number.POSITIVE_INFINITY
  const connected = await connect(invocation, args[0] ?? '')
  const look = async (signal: AbortSignal): Promise<Sample> => {
    const call = connected.client.call('$rpc.stats', [peersMax], { timeoutMs, signal, failFast: true })
    const report = await call.catch((error: unknown) => {
      throw silent(error, connected.endpoint)
    })
    return { report: statsIn(report), atMs: performance.now() }
  }
  const watch = { invocation, connected, intervalMs, count, look }
  try {
    await (screen.json ? print(watch) : show(watch))
  } finally {
    await connected.close()
  }
}

/** A line for each interval, behind it. */
async function print({ invocation, connected, intervalMs, count, look }: Watch): Promise<void> {
  const { screen, stop } = invocation
  let before = await look(stop)
  for (let shown = 0; shown < count; shown++) {
    await sleep(intervalMs, undefined, { signal: stop }).catch(() => {})
    stop.throwIfAborted()
    const last = await look(stop)
    await screen.print(jsonOf(lineOf(connected.endpoint, last, before)))
    before = last
  }
}

function lineOf(endpoint: string, last: Sample, before: Sample): object {
  const { name, time, stats, omitted } = last.report
  const ms = last.atMs - before.atMs
  const rate = (of: 'handled' | 'started'): number | undefined =>
    rateOf(stats[of], before.report.stats[of], ms)
  return {
    time,
    endpoint,
    name,
    intervalMs: Math.round(ms),
    callsPerSecond: { in: rounded(rate('handled')), out: rounded(rate('started')) },
    stats,
    peers: ratedPeers(last, before).map(({ callsPerSecond, ...peer }) => ({
      ...peer,
      callsPerSecond: rounded(callsPerSecond),
    })),
    omitted,
  }
}

function rounded(rate: number | undefined): number | null {
  return rate === undefined ? null : Math.round(rate * 10) / 10
}

/** In place, until somebody leaves. */
async function show({ invocation, connected, intervalMs, count, look }: Watch): Promise<void> {
  const { screen, stop } = invocation
  // Who may not see this is told so where it stays to be read.
  let last = await look(stop)
  let before: Sample | undefined
  let trouble: string | undefined
  let wake = new AbortController()
  const leaving = new AbortController()
  const gone = AbortSignal.any([stop, leaving.signal])
  const lines = (): string[] =>
    linesOf({
      endpoint: connected.endpoint,
      last,
      before,
      trouble,
      columns: screen.width,
      rows: screen.height,
      paint: (style, text) => screen.paint(style, text),
    })
  const page = new LivePage(screen, {
    onKey(key) {
      if (key === 'q' || key === 'Q' || key === '\u0003') leaving.abort()
      if (key === ' ') wake.abort()
    },
    onResize: () => page.draw(lines()),
  })
  try {
    page.draw(lines())
    for (let passed = 0; passed < count; passed++) {
      wake = new AbortController()
      await sleep(intervalMs, undefined, { signal: AbortSignal.any([gone, wake.signal]) }).catch(() => {})
      if (gone.aborted) break
      try {
        const next = await look(gone)
        before = last
        last = next
        trouble = undefined
      } catch (error) {
        if (error instanceof Failure) throw error
        // It may come back, and the client dials anew.
        trouble = error instanceof Error ? error.message : String(error)
      }
      if (gone.aborted) break
      page.draw(lines())
    }
  } finally {
    page.close()
  }
  stop.throwIfAborted()
  if (!leaving.signal.aborted) for (const line of lines()) await screen.print(line.trimEnd())
}

function silent(error: unknown, endpoint: string): unknown {
  if (!(error instanceof RpcError) || error.code !== 'NOT_FOUND') return error
  return new Failure(
    exitCodeOf('NOT_FOUND'),
    `${endpoint} does not tell what it does: its figures are not for us`,
    [
      'new Server(name, { introspection: { stats: true } }) shows them to everybody, a function in place of true to some;',
      'pseud serve does with --stats.',
    ],
    'NOT_FOUND',
  )
}
