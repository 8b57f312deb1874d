// `pseud ping`: how long a call takes there and back. What answers is `$rpc.ping`, or the refusal of a server that has no such function: either way a
// call has gone there and an answer has come.
import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '../../rpc/index.ts'
import type { Command, Invocation } from '../command.ts'
import { CONNECTION_OPTIONS, connect, timeoutOption } from '../connect.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { histogramLines } from '../histogram.ts'
import { Latencies, shownMs } from '../latencies.ts'
import { printable } from '../printable.ts'
import type { Screen } from '../screen.ts'
import { jsonOf } from '../values.ts'

export const ping: Command = {
  name: 'ping',
  summary: 'Measures how long a call takes, there and back.',
  usage: ['ENDPOINT'],
  about: [
    'Makes one call after the other and prints a histogram of the times. It calls $rpc.ping; a server without introspection answers that there is none, which is an answer, too. Ctrl-C ends it early, and prints what was measured.',
  ],
  args: [1, 1],
  options: [
    { name: 'count', short: 'c', value: 'N', fallback: '100', help: 'How many calls.' },
    {
      name: 'interval',
      short: 'i',
      value: 'TIME',
      fallback: '10ms',
      help: 'How long to wait between two calls.',
    },
    timeoutOption('5s', 'Each call has so long for itself.'),
    ...CONNECTION_OPTIONS,
  ],
  examples: [
    ['pseud ping :5555 --count 1000 --interval 1ms', 'A thousand calls to the server on this machine.'],
  ],
  run,
}

async function run(invocation: Invocation): Promise<number> {
  const { args, options, screen, stop } = invocation
  const count = options.count('count')
  const intervalMs = options.duration('interval')
  const timeoutMs = options.duration('timeout')
  const { client, endpoint, server, close } = await connect(invocation, args[0] ?? '')
  const times = new Latencies()
  let sent = 0
  let last: unknown
  try {
    while (sent < count && !stop.aborted) {
      if (sent > 0) await sleep(intervalMs, undefined, { signal: stop }).catch(() => {})
      if (stop.aborted) break
      sent++
      const start = performance.now()
      try {
        await client.call('$rpc.ping', [], { timeoutMs, signal: stop }).catch(answered)
        times.add(performance.now() - start)
      } catch (error) {
        // Not lost, but taken back.
        if (stop.aborted) sent--
        else last = error
      }
    }
  } finally {
    await close()
  }
  if (times.count === 0) throw last ?? stop.reason
  await tell(screen, { endpoint, server, sent, times })
  if (times.count === sent) return 0
  throw new Failure(exitCodeOf('UNAVAILABLE'), `${sent - times.count} of ${sent} calls got no answer`)
}

/** A refusal of the other side is an answer; `executed` says that it is one. */
function answered(error: unknown): void {
  if (!(error instanceof RpcError) || error.code !== 'NOT_FOUND') throw error
}

interface Outcome {
  readonly endpoint: string
  readonly server: string | undefined
  readonly sent: number
  readonly times: Latencies
}

async function tell(screen: Screen, { endpoint, server, sent, times }: Outcome): Promise<void> {
  const buckets = times.histogram()
  if (screen.json) {
    const counts = { sent, answered: times.count, lost: sent - times.count }
    await screen.print(jsonOf({ endpoint, server, ...counts, ...times.summary(), histogram: buckets }))
    return
  }
  const who = server === undefined ? endpoint : `${printable(server)} at ${endpoint}`
  await screen.print(`${who}: ${times.count} of ${sent} calls answered`)
  const { minMs, p50Ms, p90Ms, p99Ms, maxMs } = times.summary()
  const named = { min: minMs, median: p50Ms, p90: p90Ms, p99: p99Ms, max: maxMs }
  await screen.print(
    Object.entries(named)
      .map(([name, ms]) => `${screen.paint('dim', name)} ${shownMs(ms)}`)
      .join('  '),
  )
  await screen.print('')
  const { width } = screen
  const paint: Screen['paint'] = (style, text) => screen.paint(style, text)
  for (const line of histogramLines(buckets, { width, paint })) await screen.print(line)
}
