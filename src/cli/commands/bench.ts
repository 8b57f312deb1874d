/**
 * `pseud bench`: how many calls of one function a server answers, and how long they take. What makes the load stands in load.ts; here is what
 * is asked for, the line that shows how far it is, and the figures in the end.
 */
import { RpcError } from '../../rpc/index.ts'
import { Load } from '../bench/load.ts'
import { type About, linesOf, progressLine, summaryOf } from '../bench/report.ts'
import { ANY, type Command, type Invocation } from '../command.ts'
import { CONNECTION_OPTIONS, type Connected, connect, timeoutOption } from '../connect.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { explained } from '../explain.ts'
import { Failure, misused } from '../failure.ts'
import { shownCount } from '../figures.ts'
import type { Given } from '../parse.ts'
import { cropped } from '../printable.ts'
import { isStream } from '../results.ts'
import type { Screen } from '../screen.ts'
import { jsonOf, parseValue } from '../values.ts'

export const bench: Command = {
  name: 'bench',
  summary: 'Calls a function as often as it can, and measures how long that takes.',
  usage: ['ENDPOINT METHOD [ARGUMENT ...]'],
  about: [
    'Keeps --inflight calls open on each of --connections connections: when one is answered the next is made. Arguments are those of pseud call; a result that streams is read to its end. What happens during the warm-up is not counted. Ctrl-C ends it early, and prints what was measured.',
    'Times are those of the caller, and only of calls that succeeded. All calls come from one process: where that uses a whole core, it is what is measured.',
    'The exit code is that of the most frequent error where calls failed.',
  ],
  args: [2, ANY],
  options: [
    { name: 'connections', short: 'n', value: 'N', fallback: '1', help: 'How many connections.' },
    {
      name: 'inflight',
      short: 'f',
      value: 'N',
      fallback: '64',
      help: 'How many calls are open at once on each of them.',
    },
    { name: 'duration', short: 'd', value: 'TIME', fallback: '10s', help: 'For how long calls are made.' },
    { name: 'count', short: 'c', value: 'N', help: 'How many calls to make, however long it takes.' },
    { name: 'warm-up', value: 'TIME', fallback: '1s', help: 'How long to call before it counts, or none.' },
    { name: 'text', help: 'Take every argument as a text, also what is JSON.' },
    timeoutOption('5s', 'Each call has so long for itself.'),
    ...CONNECTION_OPTIONS,
  ],
  examples: [
    ['pseud bench :5555 add 2 4', 'Ten seconds, 64 calls at once.'],
    [
      'pseud bench :5555 add 2 4 --inflight 1 --count 10000',
      'One call after the other: what one call takes.',
    ],
    ['pseud bench :5555 add 2 4 --connections 8 --json', 'Eight connections; the figures for a program.'],
  ],
  run,
}

// Sockets and slots of one process; the server has bounds of its own.
const CONNECTIONS_MAX = 10_000
const INFLIGHT_MAX = 100_000

async function run(invocation: Invocation): Promise<undefined> {
  const { args, options, screen, stop } = invocation
  const [endpoint = '', method = '', ...words] = args
  const values = options.has('text') ? words : words.map((word, at) => parseValue(word, `argument ${at + 1}`))
  const inflight = bounded(options, 'inflight', INFLIGHT_MAX)
  const connections = bounded(options, 'connections', CONNECTIONS_MAX)
  const count = options.has('count') ? options.count('count') : Number.POSITIVE_INFINITY
  // A count that was asked for is made, unless a time was asked for as well.
  const durationMs =
    options.has('count') && !options.has('duration') ? Number.POSITIVE_INFINITY : options.duration('duration')
  const warmUpMs = options.text('warm-up') === 'none' ? 0 : options.duration('warm-up')
  const timeoutMs = options.duration('timeout')

  const connected: Connected[] = []
  try {
    while (connected.length < connections) {
      const limits = { limits: { maxPendingCalls: inflight + SPARE } }
      connected.push(await connect(invocation, endpoint, limits))
    }
    const [first] = connected as [Connected]
    await tryOut(first, method, values, timeoutMs, stop)
    const clients = connected.map(({ client }) => client)
    const load = new Load({
      clients,
      method,
      args: values,
      inflight,
      timeoutMs,
      warmUpMs,
      durationMs,
      count,
      stop,
    })
    const progress = new Progress(load, screen)
    await load.run()
    progress.end()
    if (load.calls === 0) throw stop.reason
    await tell(screen, load, {
      endpoint: first.endpoint,
      server: first.server,
      method,
      connections,
      inflight,
      warmUpMs,
    })
    fail(load)
  } finally {
    await Promise.all(connected.map((one) => one.close()))
  }
}

// For what is asked besides, such as the functions that there are.
const SPARE = 16

function bounded(options: Given, name: string, most: number): number {
  const count = options.count(name)
  if (count > most) throw misused(`--${name} is at most ${most}`)
  return count
}

/** One call: who does not offer the function, or does not take these arguments, is not asked a million times. */
async function tryOut(
  connected: Connected,
  method: string,
  args: readonly unknown[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const result = await connected.client.call(method, args, { timeoutMs, signal })
    if (isStream(result)) for await (const _ of result) break
  } catch (error) {
    signal.throwIfAborted()
    const isHopeless =
      error instanceof RpcError && error.executed === 'no' && error.code !== 'RESOURCE_EXHAUSTED'
    if (isHopeless || !(error instanceof RpcError)) throw await explained(error, connected, method)
  }
}

async function tell(screen: Screen, load: Load, about: About): Promise<void> {
  if (screen.json) await screen.print(jsonOf(summaryOf(load, about)))
  else for (const line of linesOf(load, about, screen)) await screen.print(line)
}

function fail({ errors, failed, calls }: Load): void {
  if (failed === 0) return
  const [worst] = [...errors].sort(([, one], [, other]) => other - one)
  const code = worst?.[0] ?? 'INTERNAL'
  throw new Failure(exitCodeOf(code), `${shownCount(failed)} of ${shownCount(calls)} calls failed`, [], code)
}

// -- how far it is ---------------------------------------------------------------------------------------------------------

const PROGRESS_MS = 200

/** One line on standard error that is written again and again, where somebody sees it. */
class Progress {
  readonly #load: Load
  readonly #screen: Screen
  readonly #timer: NodeJS.Timeout | undefined

  constructor(load: Load, screen: Screen) {
    this.#load = load
    this.#screen = screen
    if (screen.err.isTTY !== true || screen.jsonErrors) return
    this.#timer = setInterval(() => this.#draw(), PROGRESS_MS)
  }

  end(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#screen.err.write('\r\u001b[0K')
  }

  #draw(): void {
    const width = this.#screen.err.columns || 80
    // A full line would begin a new one.
    this.#screen.err.write(
      `\r${this.#screen.paintError('dim', cropped(progressLine(this.#load), width - 1))}\u001b[0K`,
    )
  }
}
