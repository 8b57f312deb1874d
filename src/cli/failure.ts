// What commands throw to end with a message and an exit code, and no stack: a user's mistake, or a signal.

/** Ends the command with `message` on standard error. */
export class Failure extends Error {
  readonly exitCode: number
  /** What to do about it, in lines of their own. */
  readonly hints: readonly string[]
  /** As the error that it stands for has it, for `--json`. */
  readonly code: string | undefined

  constructor(exitCode: number, message: string, hints: readonly string[] = [], code?: string) {
    super(message)
    this.exitCode = exitCode
    this.hints = hints
    this.code = code
  }
}

/** A signal ends the command: 128 and its number, as shells have it. */
export class Stopped extends Error {
  readonly signal: StopSignal

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`)
    this.signal = signal
  }

  get exitCode(): number {
    return SIGNALS[this.signal]
  }
}

/** The command was not used as it is meant to be: exit code 2. */
export function misused(message: string, ...hints: string[]): Failure {
  return new Failure(2, message, hints)
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGPIPE: 141 } as const

export type StopSignal = keyof typeof SIGNALS
