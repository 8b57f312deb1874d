/**
 * Where a command prints. On a terminal: for people, with colour unless NO_COLOR says otherwise. Into a pipe or with `--json`: JSON, one
 * value a line. Errors and remarks go to standard error, so that a pipe gets results and nothing else.
 */
import type { Writable } from 'node:stream'

export interface Stream extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

const CODES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
}

export interface ScreenOptions {
  readonly out: Stream
  readonly err: Stream
  readonly env: NodeJS.ProcessEnv
  /** `--json`. */
  readonly json: boolean
}

export class Screen {
  readonly out: Stream
  readonly err: Stream
  /** Standard output is somebody's terminal. */
  readonly isTerminal: boolean
  /** Results are for programs: JSON, one value a line. */
  readonly json: boolean
  /** `--json` was said: errors are for programs, too. */
  readonly jsonErrors: boolean
  readonly #outColor: boolean
  readonly #errColor: boolean

  constructor({ out, err, env, json }: ScreenOptions) {
    this.out = out
    this.err = err
    this.isTerminal = out.isTTY === true
    this.json = json || !this.isTerminal
    this.jsonErrors = json
    const wanted = !env.NO_COLOR && env.TERM !== 'dumb'
    this.#outColor = wanted && this.isTerminal
    this.#errColor = wanted && err.isTTY === true
  }

  /** Whether what is printed is coloured. */
  get color(): boolean {
    return this.#outColor
  }

  /** Columns of the terminal; 80 where there is none. */
  get width(): number {
    return this.out.columns || 80
  }

  get height(): number {
    return this.out.rows || 24
  }

  /** One line of the result. Resolves when there is room for the next: who prints much waits for it. */
  print(line: string): Promise<void> {
    return this.write(`${line}\n`)
  }

  /** As `print`, without the end of the line. */
  write(text: string | Uint8Array): Promise<void> {
    if (this.out.write(text) || this.out.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        this.out.off('drain', done).off('close', done)
        resolve()
      }
      this.out.on('drain', done).on('close', done)
    })
  }

  /** One line for the person in front of it, never part of the result. */
  remark(line: string): void {
    this.err.write(`${line}\n`)
  }

  /** `text` in this style, for standard output. */
  paint(style: Style, text: string): string {
    return this.#outColor ? painted(style, text) : text
  }

  /** `text` in this style, for standard error. */
  paintError(style: Style, text: string): string {
    return this.#errColor ? painted(style, text) : text
  }

  /** Resolves when everything has been handed to the system. */
  async flush(): Promise<void> {
    await Promise.all(
      [this.out, this.err].map(
        (stream) =>
          new Promise<void>((resolve) => {
            if (stream.destroyed) resolve()
            else stream.write('', () => resolve())
          }),
      ),
    )
  }
}

function painted(style: Style, text: string): string {
  const [on, off] = CODES[style]
  return `\u001b[${on}m${text}\u001b[${off}m`
}
