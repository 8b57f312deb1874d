// The `pseud` command of the sources in processes of its own: bundled once for a test file, run as often as it takes, ended at the latest with this
// process. Standard streams are pipes; for a terminal there is terminal.ts.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { until, within } from '../../support/within.ts'

export interface Result {
  /** 128 and the number of the signal, where one ended it. */
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Standard input; default: it ends at once. */
  readonly input?: string
}

const WAIT_MS = 30_000
const running = new Set<ChildProcessWithoutNullStreams>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

let bundle: Promise<string> | undefined

/** The file to run, below build/, where no module of a test finds a package `pseud` but this one. */
export function command(): Promise<string> {
  bundle ??= build()
  return bundle
}

async function build(): Promise<string> {
  const folder = mkdtempSync(path.resolve('build', 'cli-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'pseud.mjs')
  const script = `import { bundleCommand } from './scripts/bundle-command.mjs'; await bundleCommand(${JSON.stringify(file)})`
  const builder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
  await within(WAIT_MS, new Promise((resolve) => builder.on('close', resolve)), 'the bundle')
  return file
}

/** Runs `pseud` with these words until it ends. */
export async function pseud(words: readonly string[], options: RunOptions = {}): Promise<Result> {
  return (await start(words, options)).ended()
}

export async function start(words: readonly string[], options: RunOptions = {}): Promise<Running> {
  return new Running(await command(), words, options)
}

export class Running {
  out = ''
  err = ''
  readonly #child: ChildProcessWithoutNullStreams
  readonly #name: string
  readonly #ended: Promise<number>

  constructor(file: string, words: readonly string[], { env = {}, cwd = process.cwd(), input }: RunOptions) {
    this.#name = `pseud ${words.join(' ')}`
    this.#child = spawn(process.execPath, [file, ...words], { cwd, env: { ...process.env, ...env } })
    const child = this.#child
    running.add(child)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.err += text
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input ?? '')
    this.#ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        running.delete(child)
        resolve(code ?? (signal === 'SIGKILL' ? 137 : 128))
      })
    })
  }

  /** Resolves when what it has printed, on either stream, holds `text`. */
  async prints(text: string | RegExp): Promise<void> {
    await until(
      () => (typeof text === 'string' ? this.#all.includes(text) : text.test(this.#all)) || this.#isOver,
      WAIT_MS,
      `${this.#name}: ${String(text)}`,
    )
    if (typeof text === 'string' ? !this.#all.includes(text) : !text.test(this.#all)) {
      throw new Error(`${this.#name} ended without ${String(text)}: ${this.#all}`)
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Nobody reads what it prints any more. */
  stopReading(): void {
    this.#child.stdout.destroy()
  }

  async ended(): Promise<Result> {
    const code = await within(WAIT_MS, this.#ended, `the end of ${this.#name} (${this.#all})`)
    return { code, out: this.out, err: this.err }
  }

  /** Ends it, whatever it does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  get #all(): string {
    return `${this.out}${this.err}`
  }

  get #isOver(): boolean {
    return !running.has(this.#child)
  }
}
