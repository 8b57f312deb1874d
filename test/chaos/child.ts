/**
 * A participant in a process of its own, to be killed, stopped, starved: a `server`, or `clients`. The second argument is its setting
 * as JSON. Prints its endpoint (or `ready`), then takes one JSON command a line and prints one JSON answer a line. Which calls it has begun to run it writes
 * into a file before it runs them, four octets each, so that it is known also when it is killed.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Client, type ClientOptions, Server, type ServerOptions } from '../../src/rpc/index.ts'

interface Settings {
  readonly endpoint: string
  readonly log?: string
  readonly options?: ServerOptions & ClientOptions
  /** How many clients. */
  readonly count?: number
}

type Command = { readonly do: string; readonly id: number } & Record<string, never>

const [role, json] = process.argv.slice(2)
const settings = JSON.parse(json!) as Settings
const log = settings.log === undefined ? -1 : openSync(settings.log, 'a')
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const entry = Buffer.alloc(4)
let accept = 0

function note(number: number): void {
  if (log < 0) return
  entry.writeUInt32BE(number)
  writeSync(log, entry)
}

function busy(ms: number): number {
  const end = performance.now() + ms
  while (performance.now() < end);
  return ms
}

const common = {
  busy: async ({ ms }: { ms: number }) => busy(ms),
  memory: async () => process.memoryUsage(),
  // Needs no file descriptor.
  cpu: async () => process.cpuUsage(),
  accepted: async () => accept,
  exit: async ({ code }: { code: number }) => process.exit(code),
}

const functions = {
  /** Runs for so long, and gives its number. */
  work: async (number: number, ms = 0) => {
    note(number)
    if (ms > 0) await pause(ms)
    return number
  },
  add: (number: number) => {
    note(number)
    return number
  },
  never: (number: number) => {
    note(number)
    return new Promise(() => {})
  },
  take: (number: number, data: Uint8Array, ms = 0) => {
    note(number)
    return ms > 0 ? pause(ms).then(() => data.length) : data.length
  },
  block: (number: number, ms: number) => {
    note(number)
    busy(ms)
    return number
  },
}

async function serve(): Promise<Record<string, (command: never) => Promise<unknown>>> {
  const server = new Server('remote', { lingerMs: 500, ...settings.options })
  server.registerRpc(functions)
  server.on('peer', () => accept++)
  process.on('SIGTERM', () => {
    server.drain({ timeoutMs: 5000 }).then(() => process.exit(0))
  })
  console.log(await server.bind(settings.endpoint))
  return {
    stats: async () => server.stats(),
    open: async () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length,
    /** Takes all file descriptors but so many. */
    hoard: async ({ leave }: { leave: number }) => hoard(leave),
    release: async () => release(),
  }
}

async function connect(): Promise<Record<string, (command: never) => Promise<unknown>>> {
  const clients = Array.from({ length: settings.count ?? 1 }, (_, n) => {
    const client = new Client('remote', { lingerMs: 200, userId: `client-${n}`, ...settings.options })
    client.registerRpc({
      one: (number: number) => {
        note(number)
        return number
      },
      never: (number: number) => {
        note(number)
        return new Promise(() => {})
      },
      eat: () => {},
    })
    return client.connect(settings.endpoint)
  })
  const statuses: string[] = []
  const outcomes: Record<string, number> = {}
  const count = (key: string): void => {
    outcomes[key] = (outcomes[key] ?? 0) + 1
  }
  console.log('ready')
  return {
    ready: async ({ timeoutMs }: { timeoutMs: number }) => {
      await Promise.all(clients.map((client) => client.ready({ timeoutMs })))
      return clients.length
    },
    /** Each client calls so often, at once; how the calls ended. */
    calls: async ({ each }: { each: number }) => {
      const calls = clients.flatMap((client) =>
        Array.from({ length: each }, (_, n) =>
          Promise.resolve(client.add(n)).then(
            (value) => count(value === n ? 'result' : 'wrong'),
            (error) => count(`${error.code} ${error.executed}`),
          ),
        ),
      )
      await Promise.all(calls)
      return outcomes
    },
    /** One call with so many octets, of which nobody awaits the end. */
    take: async ({ size }: { size: number }) => {
      Promise.resolve(clients[0]!.take(0, Buffer.alloc(size))).catch(() => {})
      return size
    },
    /** So many calls that are answered with so many octets, of which nobody awaits the end. */
    give: async ({ count, size }: { count: number; size: number }) => {
      for (let n = 0; n < count; n++) Promise.resolve(clients[0]!.give(size)).catch(() => {})
      return count
    },
    stats: async () => clients[0]!.stats(),
    status: async () => {
      clients[0]!.on('status', ({ status, error }) => {
        statuses.push(`${status} ${(error as { code?: string } | undefined)?.code ?? ''}`)
      })
      return 0
    },
    statuses: async () => statuses,
    hoard: async ({ leave }: { leave: number }) => hoard(leave),
    release: async () => release(),
    /** Ends the process in the middle of `close`. */
    closeAndExit: async () => {
      const closing = Promise.all(clients.map((client) => client.close()))
      process.exit((await Promise.race([closing, 'under way'])) === 'under way' ? 0 : 3)
    },
  }
}

// -- file descriptors -----------------------------------------------------------------------------------------------------

const held: number[] = []

function hoard(leave: number): number {
  for (;;) {
    try {
      held.push(openSync('/dev/null', 'r'))
    } catch {
      break
    }
  }
  for (let n = 0; n < leave; n++) close(held.pop()!)
  return held.length
}

function release(): number {
  const count = held.length
  for (const fd of held.splice(0)) close(fd)
  return count
}

function close(fd: number): void {
  closeSync(fd)
}

// -- commands -------------------------------------------------------------------------------------------------------------

// Standard streams have to be there before descriptors run out.
process.stdout.write('')
process.stderr.write('')
const actions: Record<string, (command: never) => Promise<unknown>> = {
  ...common,
  ...(await (role === 'server' ? serve() : connect())),
}
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line) as Command
    const action = actions[command.do]
    const done =
      action === undefined ? Promise.reject(new Error('no such command')) : action(command as never)
    done.then(
      (value) => console.log(JSON.stringify({ id: command.id, value: value ?? null })),
      (error) => console.log(JSON.stringify({ id: command.id, error: String(error) })),
    )
  })
  .on('close', () => process.exit(0))
