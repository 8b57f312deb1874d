/**
 * `pseud call`: one call, and what comes of it: a value, the items of a stream, an error as an exit code. What is made of the words of the
 * command line stands in values.ts, what is printed in results.ts.
 */
import { DeadlineError } from '../../rpc/index.ts'
import { ANY, type Command, type Invocation } from '../command.ts'
import { CONNECTION_OPTIONS, type Connected, connect, timeoutOption } from '../connect.ts'
import { explained } from '../explain.ts'
import { misused } from '../failure.ts'
import type { Given } from '../parse.ts'
import { Results } from '../results.ts'
import { parseValue } from '../values.ts'

export const call: Command = {
  name: 'call',
  summary: 'Calls a function and prints what it gives.',
  usage: ['ENDPOINT METHOD [ARGUMENT ...]'],
  about: [
    'An argument is JSON, or a plain word that stands for itself: 2 is a number, ABC and "2" are texts. What begins with [, { or " has to be JSON. The argument - stands for the lines of standard input, each of them one argument; input that is JSON as a whole is one.',
    'The result is printed as JSON, indented on a terminal. The items of a stream are printed as they come, one a line. What JSON does not have is spelled: dates as ISO 8601, bigints as texts, octets as base64.',
    'Ctrl-C takes the call back: the function there is told. Errors go to standard error, and the exit code says which it was: pseud help exit-codes.',
  ],
  args: [2, ANY],
  options: [
    timeoutOption('30s', 'For a stream without --timeout: until its first item.'),
    {
      name: 'header',
      short: 'H',
      value: 'NAME=VALUE',
      many: true,
      help: 'A header of the call: the function finds it in ctx.headers.',
    },
    { name: 'text', help: 'Take every argument as a text, also what is JSON.' },
    { name: 'raw', short: 'r', help: 'Print texts without quotes, and octets as they are.' },
    { name: 'idempotent', help: 'It may be run twice: sent again when the connection is lost.' },
    ...CONNECTION_OPTIONS,
  ],
  examples: [
    ['pseud call :5555 add 2 4', 'Calls add(2, 4) of the server on this machine.'],
    [
      'pseud call :5555 user.create \'{"name": "Ann"}\' --timeout 2s',
      'An object as argument, two seconds at most.',
    ],
    ['pseud call :5555 ticks | jq .at', 'The items of a stream, one a line, for another program.'],
  ],
  run,
}

async function run(invocation: Invocation): Promise<undefined> {
  const { args, options, screen, input, stop } = invocation
  const [endpoint = '', method = '', ...words] = args
  const headers = headersOf(options.texts('header'))
  const values = await argumentsOf(words, options.has('text'), input)
  const connected = await connect(invocation, endpoint)
  const results = new Results(screen, options.has('raw'))
  try {
    await results.print(await answerTo(connected, method, values, options, headers, stop), stop)
  } catch (error) {
    throw await explained(error, connected, method)
  } finally {
    await connected.close()
  }
}

/** A stream that nobody has put a time to may go on; all else has its time, connecting included. */
async function answerTo(
  { client, remainingMs }: Connected,
  method: string,
  values: readonly unknown[],
  options: Given,
  headers: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<unknown> {
  const shared = { headers, ...(options.has('idempotent') && { idempotent: true, retry: {} }) }
  if (options.has('timeout')) {
    return await client.call(method, values, { ...shared, signal: stop, timeoutMs: remainingMs() })
  }
  const late = new AbortController()
  const ms = remainingMs()
  const timer = setTimeout(() => {
    late.abort(new DeadlineError(`${method} did not answer within ${ms / 1000} s`))
  }, ms)
  try {
    const signal = AbortSignal.any([stop, late.signal])
    return await client.call(method, values, { ...shared, signal, timeoutMs: Number.POSITIVE_INFINITY })
  } finally {
    clearTimeout(timer)
  }
}

function headersOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw misused(`--header is NAME=VALUE, not ${JSON.stringify(text)}`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

async function argumentsOf(
  words: readonly string[],
  asTexts: boolean,
  input: AsyncIterable<Uint8Array>,
): Promise<unknown[]> {
  const typed = [...words]
  const dash = typed.indexOf('-')
  if (dash >= 0) {
    if (typed.indexOf('-', dash + 1) >= 0) throw misused('standard input is there once: one - at most')
    typed.splice(dash, 1, ...wordsOf(await textOf(input), asTexts))
  }
  return asTexts ? typed : typed.map((word, place) => parseValue(word, `argument ${place + 1}`))
}

/** One JSON text, or a word on each line. */
function wordsOf(text: string, asTexts: boolean): string[] {
  if (!asTexts) {
    try {
      JSON.parse(text)
      return [text.trim()]
    } catch {
      // Lines, then; each is told about for itself.
    }
  }
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

async function textOf(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of input) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
