// What a command of `pseud` is: a row of the table in commands.ts. The parser, `--help` and docs/cli.md all go by these rows.
// Knows no command.
import type { Option } from './option.ts'
import type { Given } from './parse.ts'
import type { Screen } from './screen.ts'

export interface Command {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** What stands behind `pseud NAME`, one line for each form. */
  readonly usage: readonly string[]
  /** Paragraphs. */
  readonly about: readonly string[]
  /** How many arguments it takes, at least and at most. */
  readonly args: readonly [least: number, most: number]
  readonly options: readonly Option[]
  /** Lines as they are typed, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[]
  /** Gives the exit code; default 0. What it throws is told, and decides the exit code (errors.ts). */
  run(given: Invocation): Promise<number | undefined>
}

/** What a command is run with. */
export interface Invocation {
  readonly args: readonly string[]
  readonly options: Given
  readonly screen: Screen
  readonly env: NodeJS.ProcessEnv
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>
  /** Aborts at Ctrl-C or SIGTERM; its reason is a `Stopped`, to be thrown on where there is nothing to bring to an end. */
  readonly stop: AbortSignal
}

/** How many arguments may follow where there is no bound. */
export const ANY: number = Number.POSITIVE_INFINITY
