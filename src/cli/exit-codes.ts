// The exit codes, in one table: main.ts goes by it, `pseud help exit-codes` prints it, docs/cli.md repeats it.

export interface ExitCode {
  readonly exitCode: number
  /** The `code` of the errors that end so. */
  readonly codes: readonly string[]
  readonly meaning: string
}

export const EXIT_CODES: readonly ExitCode[] = [
  { exitCode: 0, codes: [], meaning: 'all went well' },
  { exitCode: 1, codes: ['INTERNAL'], meaning: 'the function failed; also every code without a row here' },
  { exitCode: 2, codes: [], meaning: 'wrong use: option, argument, endpoint, file; nothing was sent' },
  { exitCode: 3, codes: ['NOT_FOUND'], meaning: 'no such function' },
  { exitCode: 4, codes: ['INVALID_ARGUMENT'], meaning: 'the function does not take these arguments' },
  { exitCode: 5, codes: ['UNAUTHENTICATED'], meaning: 'the server does not accept who we say we are' },
  { exitCode: 6, codes: ['PERMISSION_DENIED'], meaning: 'the function is not for us' },
  { exitCode: 7, codes: ['UNAVAILABLE', 'CLOSED'], meaning: 'nobody answers, or the connection was lost' },
  { exitCode: 8, codes: ['DEADLINE_EXCEEDED'], meaning: 'no answer in time' },
  { exitCode: 9, codes: ['RESOURCE_EXHAUSTED'], meaning: 'the server has too much to do' },
  { exitCode: 10, codes: ['PAYLOAD_TOO_LARGE'], meaning: 'the call or its result is too large' },
  { exitCode: 11, codes: ['FAILED_PRECONDITION'], meaning: 'the state there does not allow it' },
  { exitCode: 12, codes: ['ABORTED'], meaning: 'the function gave up because of a conflict' },
  { exitCode: 13, codes: ['PROTOCOL'], meaning: 'what came back could not be read' },
  { exitCode: 14, codes: ['CANCELLED'], meaning: 'the other side took the call back' },
  { exitCode: 70, codes: [], meaning: 'a defect of pseud itself; the stack is printed' },
  { exitCode: 130, codes: [], meaning: 'Ctrl-C ended it' },
  { exitCode: 141, codes: [], meaning: 'nobody reads its output any more' },
  { exitCode: 143, codes: [], meaning: 'SIGTERM ended it' },
]

const BY_CODE: ReadonlyMap<string, number> = new Map(
  EXIT_CODES.flatMap(({ exitCode, codes }) => codes.map((code) => [code, exitCode] as const)),
)

/** The exit code for an error with this `code`; 1 for those of applications. */
export function exitCodeOf(code: string): number {
  return BY_CODE.get(code) ?? 1
}
