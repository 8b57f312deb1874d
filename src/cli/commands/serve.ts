/**
 * `pseud serve`: the functions of a module, offered. How modules are loaded, and what of them is offered, stands in serving/; here is the server,
 * which outlives them: a module that is loaded anew takes the place of the old one between two calls, or not at all.
 */
import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import type { ExposeErrors, Middleware, Registry, Server } from '../../rpc/index.ts'
import type { Command, Invocation } from '../command.ts'
import { endpointOf } from '../endpoint.ts'
import { Failure, misused, Stopped } from '../failure.ts'
import { shownMs } from '../latencies.ts'
import { printable } from '../printable.ts'
import type { Screen } from '../screen.ts'
import { SERVER_CREDENTIAL_OPTIONS, serverCredentials } from '../server-credentials.ts'
import { type Exposed, expose, replaceAll } from '../serving/exposed.ts'
import { type Library, libraryOf } from '../serving/library.ts'
import { ModuleLoader } from '../serving/module-loader.ts'
import { Watcher } from '../serving/watcher.ts'
import { framesOf } from '../stack.ts'
import { until } from '../until.ts'
import { jsonOf } from '../values.ts'

const BIND_DEFAULT = 'tcp://127.0.0.1:5555'

export const serve: Command = {
  name: 'serve',
  summary: 'Offers the functions that a module exports.',
  usage: ['MODULE [--bind ENDPOINT ...] [--watch]'],
  about: [
    'MODULE is a JavaScript file, an ES module or CommonJS; TypeScript where Node loads it. Offered are its exported functions by their names, those of exported objects as object.name, and those of its default export: an object, an instance of a class, or a function. A JSDoc comment in front of a function, with @param and @returns, is what pseud list shows.',
    'With --watch the module is loaded anew when it or a file that it imports changes. Nobody is disconnected, and calls that run come to their end. A module that fails to load changes nothing: the functions of before stay, and the failure is printed.',
    'At Ctrl-C or SIGTERM no new calls are taken, those that run may end, and then the command does. A second Ctrl-C ends it at once.',
  ],
  args: [1, 1],
  options: [
    {
      name: 'bind',
      short: 'b',
      value: 'ENDPOINT',
      many: true,
      help: `Where to listen; a port of 0 is any free one. Default ${BIND_DEFAULT}, where there is no --connect.`,
    },
    {
      name: 'connect',
      value: 'ENDPOINT',
      many: true,
      help: 'Whom to connect to: the back of pseud proxy, or a client that has bound.',
    },
    { name: 'watch', short: 'w', help: 'Load the module anew when it changes.' },
    { name: 'name', value: 'NAME', help: 'The name of the server. Default: that of the file.' },
    { name: 'verbose', short: 'v', help: 'Print each call and how long it took.' },
    { name: 'hidden', help: 'Do not tell callers what there is: no introspection.' },
    { name: 'stats', help: 'Tell every caller also what is done for whom, for pseud top.' },
    { name: 'drain', value: 'TIME', fallback: '10s', help: 'How long calls that run may go on at the end.' },
    {
      name: 'expose-errors',
      value: 'WHAT',
      fallback: 'message',
      help: 'What callers learn of an error: none, message, or full, which is with its stack.',
    },
    {
      name: 'allow-unauthenticated',
      help: 'Listen for other machines although nobody is asked who they are.',
    },
    ...SERVER_CREDENTIAL_OPTIONS,
  ],
  examples: [
    [
      'pseud serve api.js --watch',
      `Offers what api.js exports at ${BIND_DEFAULT}, always as it was saved last.`,
    ],
    ['pseud serve api.js --bind :7000 --bind ipc:///tmp/api.sock', 'At two endpoints.'],
    ['pseud serve api.js --connect :5556', 'As one of several servers behind pseud proxy :5555 :5556.'],
  ],
  run,
}

async function run(invocation: Invocation): Promise<number> {
  const { args, options, screen, stop } = invocation
  const file = path.resolve(args[0] ?? '')
  const binds = options.texts('bind').map(endpointOf)
  const connects = options.texts('connect').map(endpointOf)
  if (binds.length + connects.length === 0) binds.push(BIND_DEFAULT)
  const drainMs = options.duration('drain')
  if (options.has('hidden') && options.has('stats'))
    throw misused('--stats and --hidden contradict each other')
  const served = new Served(file, options.has('watch'), screen)
  const library = await served.begin()
  const server = new library.Server(options.text('name') ?? path.parse(file).name, {
    registry: served.registry,
    introspection: options.has('stats') ? { stats: true } : !options.has('hidden'),
    exposeErrors: exposureOf(options.text('expose-errors')),
    allowUnauthenticated: options.has('allow-unauthenticated'),
    ...serverCredentials(library, options),
  })
  server.on('error', (error, { method }) => tellError(screen, error, method))
  if (options.has('verbose')) server.use(teller(screen))
  try {
    const endpoints: string[] = []
    for (const endpoint of binds) endpoints.push(await listen(server, endpoint))
    for (const endpoint of connects) server.connect(endpoint)
    await tellServing(screen, server.name, served, [...endpoints, ...connects])
    await until(stop)
    if (server.stats().running > 0) screen.remark('waiting for calls that run; Ctrl-C ends them')
    await server.drain({ timeoutMs: drainMs })
  } finally {
    served.close()
    await server.close()
  }
  return stop.reason instanceof Stopped && stop.reason.signal === 'SIGPIPE' ? stop.reason.exitCode : 0
}

/** A module and the registry that holds its functions, as it was loaded last without failing. */
class Served {
  readonly shown: string
  readonly #name: string
  readonly #screen: Screen
  readonly #loader: ModuleLoader
  readonly #watcher: Watcher | undefined
  #library: Library | undefined
  #registry: Registry | undefined
  #failed = false
  // What is said once, and not at each load.
  readonly #noted = new Set<string>()
  #loading = Promise.resolve()

  constructor(file: string, watches: boolean, screen: Screen) {
    this.#name = path.parse(file).name
    this.#screen = screen
    this.#watcher = watches
      ? new Watcher(
          (changed) =>
            this.#loader.files.has(changed) || (this.#failed && /\.(?:[cm]?[jt]s|json)$/.test(changed)),
          () => this.#changed(),
        )
      : undefined
    this.#loader = new ModuleLoader(file, watches, (one) => this.#watcher?.add(one))
    this.shown = this.#loader.shown
  }

  get registry(): Registry {
    return this.#registry!
  }

  /** Those of the module, and those that it has registered for the whole process. */
  names(): string[] {
    const all = [...(this.#registry?.names() ?? []), ...(this.#library?.globalRegistry.names() ?? [])]
    return [...new Set(all)].sort()
  }

  /** Loads it for the first time. Throws a Failure. */
  async begin(): Promise<Library> {
    const loaded = await this.#loader.load()
    const { isCommonJs } = loaded
    this.#library = await libraryOf([...this.#loader.files][0]!, isCommonJs)
    const { registry } = this.#exposed(loaded)
    this.#registry = registry
    return this.#library
  }

  close(): void {
    this.#watcher?.close()
  }

  #changed(): void {
    this.#loading = this.#loading.then(() => this.#again())
  }

  async #again(): Promise<void> {
    const screen = this.#screen
    const before = new Set(this.names())
    try {
      const { registry } = this.#exposed(await this.#loader.load())
      replaceAll(this.registry, registry)
    } catch (error) {
      this.#failed = true
      if (!(error instanceof Failure)) throw error
      screen.remark(`${screen.paintError('red', 'not reloaded:')} ${error.message}`)
      for (const hint of error.hints) screen.remark(screen.paintError('dim', `  ${hint}`))
      screen.remark('  The functions of before stay.')
      return
    }
    this.#failed = false
    const after = this.names()
    const added = after.filter((name) => !before.has(name)).map((name) => `+${name}`)
    const removed = [...before].filter((name) => !after.includes(name)).map((name) => `-${name}`)
    const changes = [...added, ...removed]
    const told = changes.length === 0 ? '' : `: ${changes.join(' ')}`
    screen.remark(`${screen.paintError('green', 'reloaded')} ${this.shown}${told}`)
  }

  #exposed(loaded: Parameters<typeof expose>[1]): Exposed {
    const texts = [...this.#loader.files].map(readOr)
    const exposed = expose(this.#library!, loaded, this.#name, texts)
    for (const line of exposed.skipped) {
      if (this.#noted.has(line)) continue
      this.#noted.add(line)
      this.#screen.remark(`${this.#screen.paintError('yellow', 'note:')} ${line}`)
    }
    if (exposed.registry.size === 0 && this.#library!.globalRegistry.size === 0) {
      throw misused(`${this.shown} exports no function`, 'export function hello(name) { ... } would be one.')
    }
    return exposed
  }
}

/** The file may be gone by now: it is only about comments. */
function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function exposureOf(text: string | undefined): ExposeErrors {
  if (text === 'none' || text === 'message' || text === 'full') return text
  throw misused(`--expose-errors is none, message or full, not ${JSON.stringify(text)}`)
}

async function listen(server: Server, endpoint: string): Promise<string> {
  try {
    return await server.bind(endpoint)
  } catch (error) {
    const { code, cause, message } = error as Error & { code?: string }
    if (code === 'UNAUTHENTICATED_BIND') {
      throw misused(
        `${endpoint} can be reached from other machines, and nobody is asked who they are`,
        'Bind to 127.0.0.1, say who may come in (--users, --key-file), or --allow-unauthenticated.',
      )
    }
    if ((cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE') {
      throw new Failure(
        1,
        `cannot listen at ${endpoint}: somebody else does`,
        ['--bind :0 takes any free port.'],
        code,
      )
    }
    if (code === 'BIND_FAILED') throw new Failure(1, `cannot listen at ${endpoint}: ${message}`, [], code)
    throw error
  }
}

async function tellServing(
  screen: Screen,
  name: string,
  served: Served,
  endpoints: readonly string[],
): Promise<void> {
  const functions = served.names()
  if (screen.json) {
    await screen.print(jsonOf({ serving: name, endpoints, functions }))
    return
  }
  const count = functions.length === 1 ? '1 function' : `${functions.length} functions`
  await screen.print(
    `${screen.paint('bold', name)} serves ${count} of ${served.shown} at ${endpoints.join(', ')}`,
  )
  await screen.print(screen.paint('dim', `  ${functions.join(', ')}`))
}

function tellError(screen: Screen, error: unknown, method: string | undefined): void {
  const lines = [...String(error).split('\n'), ...(error instanceof Error ? framesOf(error) : [])]
  const text = lines.map(printable).join('\n    ')
  screen.remark(`${screen.paintError('red', 'error')}${method === undefined ? '' : ` in ${method}`}: ${text}`)
}

/** Prints each call when it is over; a stream when it begins. */
function teller(screen: Screen): Middleware {
  return async (call, next) => {
    const start = performance.now()
    const shown = `${printable(call.method)}(${call.args.map((arg) => printable(cut(jsonOf(arg)))).join(', ')})`
    try {
      const result = await next()
      screen.remark(`${shown} ${screen.paintError('dim', shownMs(performance.now() - start))}`)
      return result
    } catch (error) {
      const code = (error as { code?: unknown }).code
      const told = typeof code === 'string' ? code : String((error as Error).name)
      screen.remark(
        `${shown} ${screen.paintError('red', told)} ${screen.paintError('dim', shownMs(performance.now() - start))}`,
      )
      throw error
    }
  }
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
