// What `--help` and `pseud help` print, made of the table of commands. docs/cli.md holds the same texts: a test compares.
import type { Command } from './command.ts'
import { EXIT_CODES } from './exit-codes.ts'
import type { Option } from './option.ts'

/** Options that every command has. */
export const COMMON_OPTIONS: readonly Option[] = [
  {
    name: 'json',
    help: 'Print results, and errors, as JSON, one value a line; results also without it into a pipe.',
  },
  { name: 'help', short: 'h', help: 'Print this.' },
]

const WIDTH = 80

/** The list of commands. */
export function overview(commands: readonly Command[]): string {
  return lines(
    'Calls, serves and looks at functions over ZeroMQ.',
    '',
    'usage: pseud COMMAND ...',
    '',
    ...table([
      ...commands.map(({ name, summary }) => [name, summary] as const),
      ['help COMMAND', 'Print how a command is used; also COMMAND --help.'],
      ['help exit-codes', 'Print what exit codes mean.'],
      ['--version', 'Print the version.'],
    ]),
    '',
    'An endpoint is tcp://host:port or ipc://path; host:port and :port are short for',
    'tcp. Colour only on a terminal, and not with NO_COLOR.',
  )
}

/** How one command is used. */
export function manual(command: Command): string {
  const options = [...command.options, ...COMMON_OPTIONS]
  return lines(
    command.summary,
    '',
    ...command.usage.map((form, at) =>
      `${at === 0 ? 'usage: ' : '       '}pseud ${command.name} ${form}`.trimEnd(),
    ),
    ...command.about.flatMap((paragraph) => ['', ...wrap(paragraph, WIDTH)]),
    '',
    'options:',
    ...table(options.map((option) => [spelled(option), described(option)])),
    ...(command.examples.length === 0 ? [] : ['', 'examples:']),
    ...command.examples.flatMap(([line, does]) => [
      `  ${line}`,
      ...wrap(does, WIDTH - 6).map((text) => `      ${text}`),
    ]),
  )
}

export function exitCodes(): string {
  return lines(
    'The exit code says how a command ended; for calls, by the code of the error.',
    '',
    ...table(
      EXIT_CODES.map(({ exitCode, codes, meaning }) => [
        String(exitCode),
        codes.length === 0 ? meaning : `${codes.join(', ')}: ${meaning}`,
      ]),
    ),
  )
}

/** The part of docs/cli.md that is made of the table: what `--help` prints, command by command, and the exit codes. */
export function reference(commands: readonly Command[]): string {
  const manuals = commands.map(
    (command) => `### pseud ${command.name}\n\n\`\`\`text\n${manual(command)}\n\`\`\`\n`,
  )
  const rows = EXIT_CODES.map(({ exitCode, codes, meaning }) => {
    const named = codes.map((code) => `\`${code}\``).join(', ')
    return `| ${exitCode} | ${named} | ${meaning} |`
  })
  return lines(
    '### pseud',
    '',
    '```text',
    overview(commands),
    '```',
    '',
    ...manuals,
    '### Exit codes',
    '',
    '| exit code | `code` of the error | meaning |',
    '|---|---|---|',
    ...rows,
  )
}

function spelled({ name, short, value }: Option): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`
  return short === undefined ? long : `-${short}, ${long}`
}

function described({ help, many, env, fallback }: Option): string {
  const more = [
    ...(many === true ? ['May be given several times.'] : []),
    ...(fallback === undefined ? [] : [`Default ${fallback}.`]),
    ...(env === undefined ? [] : [`Environment: ${env}.`]),
  ]
  return [help, ...more].join(' ')
}

const LEFT_MAX = 22

function table(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const left = Math.min(LEFT_MAX, Math.max(...rows.map(([text]) => text.length)))
  const indent = ' '.repeat(left + 4)
  return rows.flatMap(([name, text]) => {
    const wrapped = wrap(text, WIDTH - left - 4)
    if (name.length > left) return [`  ${name}`, ...wrapped.map((line) => indent + line)]
    return wrapped.map((line, at) => (at === 0 ? `  ${name.padEnd(left)}  ${line}` : indent + line))
  })
}

function wrap(text: string, width: number): string[] {
  const wrapped: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      wrapped.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...wrapped, line]
}

function lines(...texts: string[]): string {
  return texts.join('\n')
}
