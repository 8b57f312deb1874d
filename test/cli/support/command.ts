// The `pseud` command of the sources, with pipes for standard streams: `pseud` runs it to its end in this process, `start` in one of its own, which takes
// signals and is ended at the latest with this one. For a terminal there is terminal.ts.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { Readable, Writable } from 'node:stream'
import { main } from '../../../src/cli/main.ts'
import { until, within } from '../../support/within.ts'

export interface Result {
  /** 128 and the number of the signal, where one ended it. */
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface InputOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Standard input; default: it ends at once. */
  readonly input?: string
}

export interface RunOptions extends InputOptions {
  readonly cwd?: string
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

/** Runs `pseud` with these words until it ends, here: a hundred times as fast as a process. */
export async function pseud(
  words: readonly string[],
  { env = {}, input = '' }: InputOptions = {},
): Promise<Result> {
  const out = new Sink()
  const err = new Sink()
  const code = await within(
    WAIT_MS,
    main({
      words,
      env: { ...process.env, ...env },
      input: Readable.from(input === '' ? [] : [Buffer.from(input)]),
      out,
      err,
      stop: new AbortController().signal,
      version: '0.0.0-test',
    }),
    `the end of pseud ${words.join(' ')}`,
  )
  return { code, out: out.text, err: err.text }
}

class Sink extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
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
