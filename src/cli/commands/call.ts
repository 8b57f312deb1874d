// `pseud call`: one call, and what comes of it: a value, the items of a stream, an error as an exit code.
import { ANY, type Command, type Invocation } from '../command.ts'
import { CONNECTION_OPTIONS, connect, TIMEOUT_OPTION } from '../connect.ts'
import { Results } from '../results.ts'
import { parseValue } from '../values.ts'

export const call: Command = {
  name: 'call',
  summary: 'Calls a function of a server and prints its result.',
  usage: ['ENDPOINT METHOD [ARGUMENT ...]'],
  about: [],
  args: [2, ANY],
  options: [TIMEOUT_OPTION, ...CONNECTION_OPTIONS],
  examples: [],
  run,
}

async function run(invocation: Invocation): Promise<undefined> {
  const { args, options, screen, stop } = invocation
  const [endpoint = '', method = '', ...words] = args
  const values = words.map((word, place) => parseValue(word, `argument ${place + 1}`))
  const { client, remainingMs, close } = await connect(invocation, endpoint)
  const results = new Results(screen, options.has('raw'))
  try {
    await results.print(await client.call(method, values, { signal: stop, timeoutMs: remainingMs() }))
  } finally {
    await close()
  }
}
