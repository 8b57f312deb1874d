// Does what a reader of a document would do: writes its files, types its commands in an empty folder, in their order, and looks at what they print.
//   node server.ts      # goes on until Ctrl-C              stays in the background, and is interrupted at the end
//   node client.ts      # prints abc                        must print it, and end with 0
//   node client.ts      # exits with 1, prints NOT_FOUND
// What differs from the reader: `npm install pseud` takes a packed tarball, other packages are linked from this repository, nothing is fetched; ports are free
// ones; a Node that does not run TypeScript files does what the README says then, `npx tsx`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Block } from './documents.ts'
import { withoutNpm } from './packed.ts'
import { freePort } from './sockets.ts'
import { until, within } from './within.ts'

export interface Outcome {
  readonly output: string
  readonly code: number | null
}

/** Whether this Node runs TypeScript files by itself. */
export const STRIPS_TYPES: boolean = 'typescript' in process.features && process.features.typescript !== false

const WAIT_MS = 100_000

export class Walker {
  readonly #tarball: string
  readonly #python: string | undefined
  readonly #ports = new Map<string, number>()
  readonly #outputs = new Map<ChildProcess, string>()
  readonly #background: { child: ChildProcess; line: string }[] = []
  #folder: string
  #runner = '$1node --import tsx $2'

  constructor(folder: string, tarball: string, python?: string) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
    this.#tarball = tarball
    this.#python = python
  }

  /** Where it stands: commands may have changed the folder. */
  get folder(): string {
    return this.#folder
  }

  /** Whether a Node that does not run TypeScript does it as the README says then. Starting npx takes half a second that other pages need not wait for. */
  set asTold(told: boolean) {
    this.#runner = told ? '$1npx tsx $2' : '$1node --import tsx $2'
  }

  /** Has `pseud` installed without a command, as the sections that do not begin with `npm install` expect. */
  provide(installed: string): void {
    writeFileSync(path.join(this.#folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    this.#link('pseud', installed)
  }

  async follow(block: Block): Promise<void> {
    if (block.file !== undefined) return this.write(block.file, block.code)
    for (const line of block.code.split('\n')) {
      if (line.trim() !== '' && !line.startsWith('#')) await this.#type(line, block)
    }
  }

  async write(file: string, code: string): Promise<void> {
    const target = path.join(this.#folder, file)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, `${await this.here(code)}\n`)
  }

  /** The text with ports of this walk in the place of its own, the same one for the same. */
  async here(text: string): Promise<string> {
    for (const [, port = ''] of text.matchAll(/(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\*|\s):(\d{4,5})\b/g)) {
      if (!this.#ports.has(port)) this.#ports.set(port, await freePort())
    }
    let changed = text
    for (const [port, free] of this.#ports) changed = changed.replaceAll(`:${port}`, `:${free}`)
    return changed
  }

  /** The text with the ports that the document has. */
  there(text: string): string {
    let changed = text
    for (const [port, free] of this.#ports) changed = changed.replaceAll(`:${free}`, `:${port}`)
    return changed
  }

  /** Runs a line of a shell to its end. */
  async run(line: string, env: Record<string, string> = {}): Promise<Outcome> {
    const place = path.join(this.#folder, '.place')
    const child = this.#spawn(`${await this.#translated(line)}\ncode=$?; pwd > '${place}'; exit $code`, env)
    const code = await within(
      WAIT_MS,
      new Promise<number | null>((resolve) => child.on('close', resolve)),
      line,
    )
    const output = this.#outputOf(child)
    if (existsSync(place)) this.#folder = readFileSync(place, 'utf8').trim()
    return { output: this.there(output), code }
  }

  /** Starts a line that goes on; resolves when it has printed `prints`. */
  async start(line: string, prints = ''): Promise<void> {
    // Should this process be killed, nothing is left behind: a group of its own does not end with it.
    const guard = `(while kill -0 ${process.pid}; do sleep 2; done; kill -KILL 0) >/dev/null 2>&1 &`
    const child = this.#spawn(`${guard}\n${await this.#translated(line)}`)
    this.#background.push({ child, line })
    const wanted = await this.here(prints)
    await until(
      () => this.#outputOf(child).includes(wanted) || child.exitCode !== null,
      WAIT_MS,
      `"${prints}" of ${line}`,
    )
    if (child.exitCode !== null) throw new Error(`${line} ended: ${this.#outputOf(child)}`)
  }

  /** Ctrl-C for all that go on; returns what each printed. */
  async interrupt(): Promise<string> {
    let printed = ''
    for (const { child, line } of this.#background.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        const closed = new Promise((resolve) => child.on('close', resolve))
        signal(child, 'SIGINT')
        await within(10_000, closed, `the end of ${line} after Ctrl-C`).catch((error) => {
          signal(child, 'SIGKILL')
          throw error
        })
      }
      signal(child, 'SIGKILL') // what watches over it
      printed += this.#outputOf(child)
    }
    return printed
  }

  async #type(line: string, block: Block): Promise<void> {
    const [, command = '', comment = ''] = /^(.*?)(?:\s+# (.*))?$/.exec(line)!
    const prints = /prints (.*?)(?:, goes on until Ctrl-C)?$/.exec(comment)?.[1] ?? ''
    if (comment.includes('until Ctrl-C')) return this.start(command, prints)
    const wanted = Number(/exits with (\d+)/.exec(comment)?.[1] ?? 0)
    const { output, code } = await this.run(command)
    if (code !== wanted || !output.includes(prints)) {
      const others = this.#background.map((other) => this.#outputOf(other.child)).join('\n')
      throw new Error(
        `${block.document}:${block.line}: ${command}: exit ${code}, not what the comment says:\n${output}\n${others}`,
      )
    }
  }

  #spawn(script: string, env: Record<string, string> = {}): ChildProcess {
    const child = spawn('bash', ['-c', script], {
      cwd: this.#folder,
      detached: true, // a group of its own, as a terminal makes it
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...withoutNpm(),
        npm_config_offline: 'true',
        npm_config_audit: 'false',
        npm_config_fund: 'false',
        npm_config_update_notifier: 'false',
        ...env,
      },
    })
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#outputs.set(child, this.#outputOf(child) + text)
      })
    }
    living.add(child)
    child.on('close', () => living.delete(child))
    return child
  }

  #outputOf(child: ChildProcess): string {
    return this.#outputs.get(child) ?? ''
  }

  async #translated(line: string): Promise<string> {
    const here = await this.here(line)
    const install = /^npm (?:install|i) (.*)$/.exec(here)
    if (install !== null) return this.#install(install[1]!.split(/\s+/))
    if (!STRIPS_TYPES && /(?:^|\s)node \S+\.ts\b/.test(here)) {
      this.#link('tsx')
      return here.replace(/(^|\s)node (\S+\.ts)\b/, this.#runner)
    }
    // From a clone of this repository, as the reader has one beside the folder.
    if (here.startsWith('cp examples/')) return here.replace('examples/', `${path.resolve('examples')}/`)
    return this.#python === undefined ? here : here.replace(/(^|\s)python3 /, `$1${this.#python} `)
  }

  #install(words: readonly string[]): string {
    const flags = words.filter((word) => word.startsWith('-'))
    const names = words.filter((word) => !word.startsWith('-'))
    const others = names.filter((name) => name !== 'pseud')
    for (const name of others) this.#link(name)
    return names.includes('pseud') ? `npm install ${flags.join(' ')} ${this.#tarball}` : 'true'
  }

  /** As if it were installed: it is one of this repository's own. */
  #link(name: string, target = path.resolve('node_modules', name)): void {
    const { bin = {} } = JSON.parse(readFileSync(path.join(target, 'package.json'), 'utf8'))
    const modules = path.join(this.#folder, 'node_modules')
    mkdirSync(path.join(modules, '.bin'), { recursive: true })
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true })
    if (!existsSync(path.join(modules, name))) symlinkSync(target, path.join(modules, name))
    const bins: Record<string, string> = typeof bin === 'string' ? { [name]: bin } : bin
    for (const [command, file] of Object.entries(bins)) {
      const link = path.join(modules, '.bin', command)
      if (!existsSync(link)) symlinkSync(path.join('..', name, file), link)
    }
  }
}

const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) signal(child, 'SIGKILL')
})

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, name)
  } catch {
    // It has ended.
  }
}

/** Where a compiler and the library for C are. */
export function hasC(): boolean {
  return spawnSync('gcc', ['-x', 'c', '-fsyntax-only', '-include', 'zmq.h', '/dev/null']).status === 0
}
