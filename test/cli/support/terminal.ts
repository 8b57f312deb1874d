/**
 * Somebody in front of a terminal, for tests: starts a command in a pseudo-terminal (pseudo_terminal.py), types, resizes the window, and waits until
 * the screen (display.ts) shows something. Knows no command.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { within } from '../../support/within.ts'
import { Display } from './display.ts'

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Ended {
  /** 128 and the number of the signal, where one ended it. */
  readonly code: number
  /** The terminal echoes, waits for whole lines and so on as before. */
  readonly restored: boolean
}

export const CTRL_C = '\u0003'

const WAIT_MS = 30_000
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class Terminal {
  readonly display: Display
  /** Everything the command has printed, as it was. */
  output = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<Ended>
  readonly #onChange = new Set<() => void>()
  #isOver = false

  constructor(python: string, command: readonly string[], options: TerminalOptions = {}) {
    const { columns = 80, rows = 24, cwd = process.cwd(), env = {} } = options
    this.display = new Display(columns, rows)
    this.#child = spawn(
      python,
      [path.resolve('test/cli/support/pseudo_terminal.py'), String(columns), String(rows), ...command],
      {
        cwd,
        // What the terminal of who runs the tests is has no say.
        env: { ...process.env, NO_COLOR: '', TERM: 'xterm-256color', COLUMNS: '', LINES: '', ...env },
        stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
      },
    )
    running.add(this.#child)
    const decoder = new StringDecoder('utf8')
    this.#child.stdout!.on('data', (octets: Buffer) => {
      const text = decoder.write(octets)
      this.output += text
      this.display.write(text)
      for (const told of this.#onChange) told()
    })
    let report = ''
    ;(this.#child.stdio[3] as Readable).setEncoding('utf8').on('data', (text: string) => {
      report += text
    })
    this.#child.stdin!.on('error', () => {})
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('close', () => {
        running.delete(this.#child)
        this.#isOver = true
        for (const told of this.#onChange) told()
        if (report === '') reject(new Error(`the terminal failed: ${command.join(' ')}`))
        else resolve(JSON.parse(report))
      })
    })
    this.#ended.catch(() => {})
  }

  get isOver(): boolean {
    return this.#isOver
  }

  type(keys: string): void {
    this.#order({ type: keys })
  }

  resize(columns: number, rows: number): void {
    this.display.resize(columns, rows)
    this.#order({ size: [columns, rows] })
  }

  /** To the command, from elsewhere than its terminal. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.#order({ signal: constants.signals[name] })
  }

  /** Resolves as soon as the screen is one of which `holds` says so; with what has scrolled away, unless the command has a page of its own. */
  async shows(holds: RegExp | ((lines: string[]) => boolean), ms: number = WAIT_MS): Promise<string[]> {
    const test = holds instanceof RegExp ? (lines: string[]) => holds.test(lines.join('\n')) : holds
    const look = (): string[] | undefined => {
      const lines = this.display.isAlternate ? this.display.lines : this.display.all
      return test(lines) ? lines : undefined
    }
    const seen = look()
    if (seen !== undefined) return seen
    let told = (): void => {}
    const shown = new Promise<string[]>((resolve, reject) => {
      told = () => {
        const lines = look()
        if (lines !== undefined) resolve(lines)
        else if (this.#isOver) reject(new Error(`it ended before it showed ${holds}:\n${this.#shown()}`))
      }
      this.#onChange.add(told)
      told()
    })
    try {
      return await within(ms, shown, 'what is due on the screen')
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${holds}\n${this.#shown()}`)
    } finally {
      this.#onChange.delete(told)
    }
  }

  async ended(ms: number = WAIT_MS): Promise<Ended> {
    try {
      return await within(ms, this.#ended, 'the end of the command')
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.#shown()}`)
    }
  }

  /** Ends the command, if it runs. */
  async close(): Promise<void> {
    this.#child.stdin!.end()
    await this.ended(10_000)
  }

  #order(order: object): void {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`)
  }

  #shown(): string {
    return this.display.all.map((line) => `  | ${line}`).join('\n')
  }
}
