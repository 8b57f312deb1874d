/**
 * A Client as commands want it: connected when they get it, or a Failure that says why nobody answers. Closes it when the command is over.
 * Knows no command.
 */
import { Client, type ClientOptions, RpcError } from '../rpc/index.ts'
import type { Invocation } from './command.ts'
import { CREDENTIAL_OPTIONS, clientCredentials } from './credentials.ts'
import { endpointOf } from './endpoint.ts'
import { misused } from './failure.ts'
import type { Option } from './option.ts'
import { silence, stranger } from './unreachable.ts'

/** For commands that connect to a server. */
export const CONNECTION_OPTIONS: readonly Option[] = [
  { name: 'wait', short: 'w', help: 'Where nobody answers yet, go on trying until --timeout is over.' },
  {
    name: 'server',
    value: 'NAME',
    help: 'The name that the server has to have; any other is refused. Default: any will do.',
  },
  {
    name: 'protocol',
    value: 'N',
    fallback: '2',
    help: "The protocol to speak: 2, or 1 for servers of Python's pseud.",
  },
  ...CREDENTIAL_OPTIONS,
]

/** `--timeout`, for commands that wait for answers. */
export function timeoutOption(fallback: string, more = ''): Option {
  const help = 'How long an answer may take, connecting included: 500ms, 5s, 2m, or none for ever.'
  return { name: 'timeout', short: 't', value: 'TIME', fallback, help: `${help} ${more}`.trimEnd() }
}

// Who answers at all does so by then.
const CONNECT_MS = 5000

export interface Connected {
  readonly client: Client
  readonly endpoint: string
  /** The name of the server, if it has told one. */
  readonly server: string | undefined
  /** What is left of --timeout. */
  remainingMs(): number
  close(): Promise<void>
}

/** Connects to `endpoint`, as the options of `given` say. `more`: what the command wants of its Client besides. */
export async function connect(
  { options, env, stop }: Invocation,
  endpoint: string,
  more: ClientOptions = {},
): Promise<Connected> {
  const at = endpointOf(endpoint)
  const timeoutMs = options.duration('timeout')
  const due = performance.now() + timeoutMs
  const client = new Client(options.text('server') ?? '', {
    retry: false,
    reconnect: { minMs: 50, maxMs: 500 },
    protocol: protocolOf(options.text('protocol')),
    ...clientCredentials(options, env),
    ...more,
  })
  const failed = deferred()
  let last: Error | undefined
  let name: string | undefined
  client.on('status', ({ status, error, server }) => {
    if (status === 'ready') name = server
    if (status !== 'retrying') return
    last = error
    const other = stranger(at, error)
    if (other !== undefined) failed.reject(other)
    else if (!options.has('wait')) failed.reject(silence(at, error))
  })
  // What becomes of the connection later is told by the calls on it.
  client.on('error', () => {})
  const limitMs = options.has('wait') ? timeoutMs : Math.min(timeoutMs, CONNECT_MS)
  try {
    client.connect(at)
    await Promise.race([client.ready({ timeoutMs: limitMs, signal: stop }), failed.promise])
  } catch (error) {
    void client.close()
    if (error instanceof RpcError && error.code === 'DEADLINE_EXCEEDED') throw silence(at, last, limitMs)
    throw error
  }
  return {
    client,
    endpoint: at,
    server: name === '' ? undefined : name,
    remainingMs: () => Math.max(1, due - performance.now()),
    close: () => client.close(),
  }
}

function protocolOf(text: string | undefined): 1 | 2 {
  if (text !== '1' && text !== '2') throw misused(`--protocol is 1 or 2, not ${JSON.stringify(text)}`)
  return text === '1' ? 1 : 2
}

function deferred(): { promise: Promise<never>; reject(error: unknown): void } {
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<never>((_, fail) => {
    reject = fail
  })
  promise.catch(() => {})
  return { promise, reject }
}
