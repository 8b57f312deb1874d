/**
 * `pseud`: finds the command, parses its options, runs it, and turns whatever it throws into a message and an exit code. Touches the
 * process only by what it is given, so that a defect is a stack and everything else is not.
 */
import { PseudError, UsageError } from '../base/errors.ts'
import { suggestion } from '../base/suggest.ts'
import { RpcError } from '../rpc/index.ts'
import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { exitCodeOf } from './exit-codes.ts'
import { Failure, misused, Stopped } from './failure.ts'
import { COMMON_OPTIONS, exitCodes, manual, overview } from './help.ts'
import { parse } from './parse.ts'
import { printable } from './printable.ts'
import { Screen, type Stream } from './screen.ts'
import { jsonOf } from './values.ts'

export interface World {
  readonly words: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly input: AsyncIterable<Uint8Array>
  readonly out: Stream
  readonly err: Stream
  readonly stop: AbortSignal
  readonly version: string
}

/** Resolves to the exit code. Never rejects. */
export async function main(world: World): Promise<number> {
  const { words, out, err, env } = world
  const screen = new Screen({ out, err, env, json: saysJson(words) })
  let exitCode: number
  try {
    exitCode = await run(world, screen)
  } catch (error) {
    exitCode = tell(error, screen)
  }
  await screen.flush()
  return exitCode
}

async function run({ words, env, input, stop, version }: World, screen: Screen): Promise<number> {
  const [name, ...rest] = words
  if (name === undefined) {
    screen.remark(overview(COMMANDS))
    return 2
  }
  if (name === '--version' || name === '-V' || name === 'version') {
    await screen.print(version)
    return 0
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    await screen.print(help(rest.filter((word) => !word.startsWith('-'))))
    return 0
  }
  const command = find(name)
  if (asksForHelp(rest)) {
    await screen.print(manual(command))
    return 0
  }
  const { args, options } = parse(rest, [...command.options, ...COMMON_OPTIONS], env)
  const [least, most] = command.args
  if (args.length < least || args.length > most) throw misuse(command, args.length < least)
  return (await command.run({ args, options, screen, env, input, stop })) ?? 0
}

function help([name]: readonly string[]): string {
  if (name === undefined) return overview(COMMANDS)
  return name === 'exit-codes' ? exitCodes() : manual(find(name))
}

function find(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name)
  if (command !== undefined) return command
  if (name.startsWith('-')) throw misused(`there is no option ${name}`, 'pseud --help lists the commands.')
  const close = suggestion(
    name,
    COMMANDS.map((one) => one.name),
  )
  throw misused(
    `there is no command ${name}`,
    close === undefined ? 'pseud --help lists the commands.' : `Did you mean ${close}?`,
  )
}

function misuse(command: Command, tooFew: boolean): Failure {
  const [form = ''] = command.usage
  return misused(
    `${command.name} ${tooFew ? 'needs more' : 'takes fewer'} arguments: pseud ${command.name} ${form}`,
    `pseud ${command.name} --help says more.`,
  )
}

// Both before the options are parsed: `--help` also helps who got the others wrong, and `--json` says how to tell.
function asksForHelp(words: readonly string[]): boolean {
  return beforeEnd(words).some((word) => word === '--help' || word === '-h')
}

function saysJson(words: readonly string[]): boolean {
  return beforeEnd(words).includes('--json')
}

function beforeEnd(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--')
  return end < 0 ? words : words.slice(0, end)
}

/** Says what went wrong, and gives the exit code for it. */
function tell(error: unknown, screen: Screen): number {
  if (error instanceof Stopped) return error.exitCode
  const { exitCode, message, hints, code, more } = described(error)
  if (screen.jsonErrors) {
    screen.remark(jsonOf({ error: { code: code ?? 'USAGE', message, ...more, exitCode } }))
    return exitCode
  }
  const named = code === undefined || error instanceof Failure ? message : `${code}: ${message}`
  // Texts of the other side are among them.
  const [first = '', ...others] = named.split('\n').map(printable)
  screen.remark(`${screen.paintError('red', 'pseud:')} ${first}`)
  for (const line of others) screen.remark(line)
  for (const hint of hints) screen.remark(screen.paintError('dim', `  ${printable(hint)}`))
  return exitCode
}

interface Described {
  readonly exitCode: number
  readonly message: string
  readonly hints: readonly string[]
  readonly code?: string | undefined
  readonly more?: Readonly<Record<string, unknown>>
}

function described(error: unknown): Described {
  if (error instanceof Failure) return error
  if (error instanceof UsageError || isUnencodable(error)) {
    return { exitCode: 2, message: error.message, hints: [], code: error.code }
  }
  if (error instanceof RpcError) {
    const { code, message, executed, details, remoteStack } = error
    return {
      exitCode: exitCodeOf(code),
      message: error.name in ORDINARY ? message : `${error.name}: ${message}`,
      hints: [
        ...(details === undefined ? [] : [`details: ${jsonOf(details)}`]),
        ...(remoteStack === undefined ? [] : remoteStack.split('\n').slice(1)),
      ],
      code,
      more: { executed, ...(details !== undefined && { details }) },
    }
  }
  if (error instanceof PseudError) {
    return { exitCode: exitCodeOf(error.code), message: error.message, hints: [], code: error.code }
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { exitCode: 70, message: `this is a defect of pseud\n${stack}`, hints: [] }
}

// Their names say no more than their codes.
const ORDINARY = {
  RpcError: true,
  Error: true,
  ServiceNotFoundError: true,
  UnauthorizedError: true,
  DeadlineError: true,
}

function isUnencodable(error: unknown): error is Error & { code: string } {
  return error instanceof TypeError && (error as { code?: unknown }).code === 'NOT_ENCODABLE'
}
