// Child processes of the interop and example tests: each is ended by its own pid, at the latest when this process
// ends, and what it printed stands in the error when it fails. Knows nothing of sockets.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { within } from '../../support/within.ts'

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class Child {
  readonly #process: ChildProcess
  readonly #name: string
  #lines: string[] = []
  #errors = ''
  #onLine: (() => void) | undefined
  readonly #ended: Promise<number | null>

  constructor(file: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#name = args.join(' ')
    this.#process = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONUNBUFFERED: '1', ...env },
    })
    running.add(this.#process)
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.#handleLine(line))
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    this.#process.stdin!.on('error', () => {})
    this.#ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject)
      this.#process.on('close', (code) => {
        running.delete(this.#process)
        this.#onLine?.()
        resolve(code)
      })
    })
    this.#ended.catch(() => {})
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** Everything it has printed and nobody has read: standard output, then standard error. */
  get output(): string {
    return `${this.#lines.join('\n')}\n${this.#errors}`
  }

  write(line: string): void {
    this.#process.stdin!.write(`${line}\n`)
  }

  /** The next line of its standard output. */
  async line(ms = 20_000): Promise<string> {
    const next = async () => {
      while (this.#lines.length === 0) {
        if (!running.has(this.#process)) throw new Error(`${this.#name} ended: ${this.output}`)
        await new Promise<void>((resolve) => {
          this.#onLine = resolve
        })
      }
      return this.#lines.shift()!
    }
    return within(ms, next(), `a line from ${this.#name} (${this.#errors})`)
  }

  /** Waits for its end and returns its exit code; `null` when a signal ended it. */
  ended(ms = 20_000): Promise<number | null> {
    return within(ms, this.#ended, `the end of ${this.#name}`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Ends it: by closing its standard input, or with SIGKILL when that does not help. */
  async end(): Promise<void> {
    this.#process.stdin!.end()
    try {
      await this.ended(2000)
    } catch {
      await this.kill()
    }
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended()
  }

  #handleLine(line: string): void {
    this.#lines.push(line)
    this.#onLine?.()
  }
}
