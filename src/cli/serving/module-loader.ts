/**
 * Loads a module, and loads it again as it is now: ES modules under a new URL, `?pseud-load=2`, that its own imports inherit from it, CommonJS by
 * leaving the cache. Imports by the name of a package are loaded once. Remembers the files that were asked for, so that somebody can watch them. What
 * was loaded before stays in memory: that is for development.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import * as path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MessageChannel } from 'node:worker_threads'
import { suggestion } from '../../base/suggest.ts'
import { type Failure, misused } from '../failure.ts'
import { framesOf } from '../stack.ts'

export interface Loaded {
  readonly namespace: Readonly<Record<string, unknown>>
  readonly isCommonJs: boolean
}

export class ModuleLoader {
  /** As it was typed, as far as that is short. */
  readonly shown: string
  /** The module and the files that it imports, but for packages. */
  readonly files: Set<string> = new Set()
  readonly #file: string
  readonly #onFile: (file: string) => void
  #load = 0

  /** `onFile` hears of each file that joins `files`. With `again` it can be loaded more than once. */
  constructor(file: string, again: boolean, onFile: (file: string) => void = () => {}) {
    this.#file = file
    this.#onFile = onFile
    const relative = path.relative('', file)
    this.shown = relative.startsWith('..') ? file : relative
    if (again) follow((url) => this.#add(url))
  }

  /** Throws a Failure that says what is wrong with it, and where. */
  async load(): Promise<Loaded> {
    if (!existsSync(this.#file)) throw missing(this.#file, this.shown)
    const { cache } = nodeModule.createRequire(this.#file)
    for (const file of this.files) delete cache[file]
    const url = pathToFileURL(this.#file).href
    const before = new Set(Object.keys(cache))
    this.#add(url)
    try {
      const namespace = await import(this.#load++ === 0 ? url : `${url}?pseud-load=${this.#load}`)
      return { namespace, isCommonJs: cache[this.#file] !== undefined }
    } catch (error) {
      throw unloadable(error, this.shown, this.#file)
    } finally {
      for (const file of Object.keys(cache)) {
        if (!before.has(file) && !file.includes('node_modules')) this.#add(pathToFileURL(file).href)
      }
    }
  }

  #add(url: string): void {
    const file = fileURLToPath(url)
    if (this.files.has(file)) return
    this.files.add(file)
    this.#onFile(file)
  }
}

interface Resolved {
  readonly url: string
}

type Resolve = (specifier: string, context: object) => Resolved

/** Module hooks of this thread, since Node 22.15. */
type RegisterHooks = (hooks: {
  resolve(specifier: string, context: { readonly parentURL?: string }, next: Resolve): Resolved
}) => void

/** Passes the mark in the URL of a module on to what it imports by path, and tells of each such file. */
function follow(onUrl: (url: string) => void): void {
  const { registerHooks, register } = nodeModule as typeof nodeModule & { registerHooks?: RegisterHooks }
  if (registerHooks !== undefined) {
    registerHooks({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context)
        const url = marked(specifier, context.parentURL, resolved.url)
        if (url === undefined) return resolved
        onUrl(resolved.url.split('?')[0]!)
        return { ...resolved, url }
      },
    })
    return
  }
  // The hooks of Node 20 run in a thread of their own.
  const { port1, port2 } = new MessageChannel()
  port1.on('message', onUrl).unref()
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, { data: port2, transferList: [port2] })
}

/** The URL to load in place of `url`; `undefined` for what is not ours to follow. Its text also runs elsewhere: it uses nothing of this file. */
function marked(specifier: string, parent: string | undefined, url: string): string | undefined {
  if (!/^(?:\.|file:)/.test(specifier) || !url.startsWith('file:') || url.includes('/node_modules/'))
    return undefined
  const mark = /[?&](pseud-load=\d+)/.exec(parent ?? '')
  return mark === null || url.includes('pseud-load=')
    ? url
    : `${url}${url.includes('?') ? '&' : '?'}${mark[1]}`
}

// Indented, so that no line of it begins as those do that the build looks for.
const HOOKS = `
  const marked = ${String(marked)}
  let port
  export function initialize(given) { port = given }
  export async function resolve(specifier, context, next) {
    const resolved = await next(specifier, context)
    const url = marked(specifier, context.parentURL, resolved.url)
    if (url === undefined) return resolved
    port.postMessage(resolved.url.split('?')[0])
    return { ...resolved, url }
  }
`

function missing(file: string, shown: string): Failure {
  const folder = path.dirname(file)
  const others = existsSync(folder) ? readdirSync(folder).filter((name) => /\.[cm]?[jt]s$/.test(name)) : []
  const close = suggestion(path.basename(file), others)
  return misused(`there is no file ${shown}`, ...(close === undefined ? [] : [`Did you mean ${close}?`]))
}

function unloadable(error: unknown, shown: string, file: string): Failure {
  if ((error as NodeJS.ErrnoException)?.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return misused(
      `this Node (${process.version}) does not load ${path.extname(shown)} files`,
      'Node 22.18 and later load TypeScript whose types can be left out.',
    )
  }
  if (!(error instanceof Error)) return misused(`${shown} could not be loaded: it threw ${String(error)}`)
  const message = error.name === 'Error' ? error.message : `${error.name}: ${error.message}`
  const where = error instanceof SyntaxError ? placeOfSyntaxError(file) : framesOf(error)
  return misused(
    `${shown} could not be loaded: ${message}`,
    ...where.map((line) => line.replace(/[?&]pseud-load=\d+/, '')),
  )
}

/**
 * Which Node tells nobody but those who do not catch it: the file with its line, the line, and a mark below it. Looks through `main` and what
 * that imports by path.
 */
function placeOfSyntaxError(main: string): string[] {
  const files = new Set([main])
  for (const file of files) {
    if (!existsSync(file) || !/\.[cm]?js$/.test(file)) continue
    const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
    if (status !== 0 && stderr.includes('SyntaxError')) {
      return stderr.split('\n', 3).filter((line) => line.trim() !== '')
    }
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/['"](\.{1,2}\/[^'"\n]+)['"]/g)) {
      files.add(path.resolve(path.dirname(file), specifier))
    }
  }
  return []
}
