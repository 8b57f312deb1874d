// `pseud list`: what a server tells of its functions (`$rpc.list`, `$rpc.describe`). A server that tells nothing is no error of the person who asks:
// the message says what to turn on there.
import { type Client, type FunctionDescription, RpcError } from '../../rpc/index.ts'
import type { Command, Invocation } from '../command.ts'
import { CONNECTION_OPTIONS, connect, timeoutOption } from '../connect.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { printable } from '../printable.ts'
import type { Screen } from '../screen.ts'
import { signatureOf } from '../signature.ts'
import { jsonOf } from '../values.ts'

export const list: Command = {
  name: 'list',
  summary: 'Lists the functions of a server, with signatures and descriptions.',
  usage: ['ENDPOINT [PREFIX]'],
  about: [
    'Shows the functions that whoever asks may call, those whose names begin with PREFIX. The server tells of them only where introspection is on: pseud serve turns it on, a program by new Server(name, { introspection: true }).',
    'As JSON: one line for each function, as $rpc.describe gives it.',
  ],
  args: [1, 2],
  options: [
    { name: 'names', help: 'Only the names, one a line.' },
    timeoutOption('30s'),
    ...CONNECTION_OPTIONS,
  ],
  examples: [
    ['pseud list :5555', 'All functions of the server on this machine.'],
    ['pseud list :5555 user.', 'Those whose names begin with user.'],
  ],
  run,
}

// Questions that are open at once.
const AT_ONCE = 32

async function run(invocation: Invocation): Promise<undefined> {
  const { args, options, screen, stop } = invocation
  const [endpoint = '', prefix = ''] = args
  const connected = await connect(invocation, endpoint)
  const ask = asking(connected, stop)
  try {
    const names = await namesOf(ask, prefix, connected.endpoint)
    if (options.has('names')) {
      for (const name of names) await screen.print(screen.jsonErrors ? jsonOf(name) : printable(name))
      return
    }
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const page = names.slice(at, at + AT_ONCE)
      const described = await Promise.all(page.map((name) => ask('$rpc.describe', [name]).catch(gone)))
      for (const one of described) {
        if (one === undefined) continue
        await (screen.json ? screen.print(jsonOf(one)) : show(one as FunctionDescription, screen))
      }
    }
    if (names.length === 0 && !screen.json) {
      screen.remark(
        `${connected.endpoint} offers no function${prefix === '' ? '' : ` that begins with ${prefix}`}`,
      )
    }
  } finally {
    await connected.close()
  }
}

type Ask = (method: string, args: readonly unknown[]) => Promise<unknown>

function asking(
  { client, remainingMs }: { client: Client; remainingMs(): number },
  signal: AbortSignal,
): Ask {
  return (method, args) => client.call(method, args, { signal, timeoutMs: remainingMs() })
}

/** Page by page. */
async function namesOf(ask: Ask, prefix: string, endpoint: string): Promise<string[]> {
  const names: string[] = []
  for (;;) {
    const page = await ask('$rpc.list', [prefix, names.at(-1) ?? '']).catch((error: unknown) => {
      throw silent(error, endpoint)
    })
    if (!Array.isArray(page) || page.length === 0) return names
    names.push(...page.map(String))
  }
}

function silent(error: unknown, endpoint: string): unknown {
  if (!(error instanceof RpcError) || error.code !== 'NOT_FOUND') return error
  return new Failure(
    exitCodeOf('NOT_FOUND'),
    `${endpoint} does not tell what it offers: introspection is off there`,
    ['new Server(name, { introspection: true }) turns it on; pseud serve does.'],
    'NOT_FOUND',
  )
}

/** Taken away between the two questions. */
function gone(error: unknown): undefined {
  if (error instanceof RpcError && error.code === 'NOT_FOUND') return undefined
  throw error
}

async function show(description: FunctionDescription, screen: Screen): Promise<void> {
  const { doc, domain, idempotent, params } = description
  const name = printable(description.name)
  const signature = printable(signatureOf(description))
  const marks = [
    ...(idempotent ? ['idempotent'] : []),
    ...(domain === 'default' ? [] : [`domain ${printable(domain)}`]),
  ]
  const more = marks.length === 0 ? '' : screen.paint('dim', `  ${marks.join(', ')}`)
  await screen.print(screen.paint('bold', name) + signature.slice(name.length) + more)
  for (const line of doc?.split('\n') ?? []) await screen.print(`    ${printable(line)}`.trimEnd())
  for (const param of params) {
    if (param.doc === undefined) continue
    await screen.print(`    ${screen.paint('cyan', printable(param.name))}: ${printable(param.doc)}`)
  }
}
