/**
 * A session as docs/cli.md shows it, and as somebody types it again: commands behind `$ `, below each what it prints. Reads the text, plays it in
 * terminals, and says where the two differ. Knows no command.
 *
 *     $ COMMAND      is run in a shell; with & at its end it runs on, in a terminal of its own, until the session is over
 *     ^C             Ctrl-C is typed, which the terminal shows like that
 *     # press KEY    that key is typed, once the screen shows what stands above; what was drawn in place is gone then
 *     # ...          is for the reader
 *     ‹0.31›         some other number; ‹…› is any text; what else stands between ‹ and › are so many other words. Where a later command has the same
 *                    text of at least 8 characters, it gets what there was in its place
 *     1 ms - 2 ms ██ a histogram has other rows
 *
 * A block is a session: it has a folder of its own with the files that the document shows, and the ports 55xx are others, which are free.
 */
import { createServer } from 'node:net'
import { CTRL_C, type Terminal } from './terminal.ts'

export interface Session {
  /** Where it stands: the number of its first line. */
  readonly line: number
  readonly steps: readonly Step[]
}

export interface Step {
  readonly line: number
  readonly command: string
  readonly inBackground: boolean
  /** What is printed, and what is typed meanwhile. */
  readonly events: readonly Event[]
}

type Event = { readonly prints: string } | { readonly types: string; readonly echo?: string }

/** What is needed to play one. */
export interface Stage {
  /** Runs `command` in a shell, in a terminal. */
  open(command: string): Terminal
}

/** The sessions of a document: its blocks `console`. */
export function sessionsOf(document: string): Session[] {
  const sessions: Session[] = []
  for (const match of document.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    const line = document.slice(0, match.index).split('\n').length + 1
    sessions.push({ line, steps: stepsOf(match[1]!, line) })
  }
  return sessions
}

/** The files that a document shows: blocks whose first line is a comment with their name. */
export function filesOf(document: string): Map<string, string> {
  const blocks = document.matchAll(/^```\w+\n(?:\/\/|#) ([\w.-]+\.\w+)\n([\s\S]*?)^```$/gm)
  return new Map([...blocks].map(([, name = '', text = '']) => [name, text]))
}

function stepsOf(text: string, first: number): Step[] {
  const steps: Step[] = []
  const events = (): Event[] => {
    const last = steps.at(-1)
    if (last === undefined) throw new Error(`line ${first}: a session begins with a command`)
    return last.events as Event[]
  }
  for (const [at, line] of text.trimEnd().split('\n').entries()) {
    const press = /^# press (.*)$/.exec(line)
    if (line.startsWith('$ ')) {
      const inBackground = line.endsWith(' &')
      steps.push({
        line: first + at,
        command: line.slice(2, inBackground ? -2 : undefined),
        inBackground,
        events: [],
      })
    } else if (press !== null) events().push({ types: keyOf(press[1]!) })
    else if (line.startsWith('^C')) events().push({ types: CTRL_C }, { prints: line })
    else if (!line.startsWith('# ')) events().push({ prints: line })
  }
  return steps
}

function keyOf(name: string): string {
  if (name === 'space') return ' '
  if (name === 'Ctrl-C') return CTRL_C
  if (name.length === 1) return name
  throw new Error(`there is no key ${name}`)
}

/** Plays it, and throws where something else is printed. */
export async function play({ steps }: Session, stage: Stage): Promise<void> {
  const ports = await freePorts(JSON.stringify(steps))
  const values = new Map<string, string>()
  const here = (text: string): string => {
    const there = text.replace(/\b55\d\d\b/g, (port) => ports.get(port) ?? port)
    return [...values].reduce((replaced, [said, value]) => replaced.replaceAll(said, value), there)
  }
  let exitCode = 0
  for (const step of steps) {
    const terminal = stage.open(shellLine(here(step.command), exitCode))
    const due: string[] = []
    const matches = (lines: readonly string[]): boolean => isAsDue(lines, due.map(here))
    for (const event of step.events) {
      if ('prints' in event) {
        due.push(event.prints)
        continue
      }
      await seen(terminal, step, due, matches)
      // What was drawn in place goes: a page, a line that says how far something is.
      if (terminal.display.isAlternate) due.length = 0
      else if (due.at(-1)?.includes('░') === true) due.pop()
      terminal.type(event.types)
    }
    if (step.inBackground) {
      await seen(terminal, step, due, matches)
      continue
    }
    exitCode = (await terminal.ended()).code
    const lines = terminal.display.all
    if (!matches(lines)) throw differing(step, due, terminal)
    for (const [at, line] of due.entries())
      for (const [said, value] of valuesIn(line, lines[at])) values.set(said, value)
  }
}

/** A shell that somebody sits in front of does not end by Ctrl-C, and knows how the command before ended. */
function shellLine(command: string, exitCode: number): string {
  return `trap : INT; (exit ${exitCode}); ${command}`
}

async function seen(
  terminal: Terminal,
  step: Step,
  due: readonly string[],
  matches: (lines: readonly string[]) => boolean,
): Promise<void> {
  try {
    await terminal.shows((lines) => matches(lines))
  } catch (cause) {
    throw differing(step, due, terminal, cause)
  }
}

function differing(
  { line, command }: Step,
  due: readonly string[],
  terminal: Terminal,
  cause?: unknown,
): Error {
  const { display } = terminal
  const shown = display.isAlternate ? display.lines : display.all
  const text = (lines: readonly string[]): string => lines.map((one) => `    ${one}`).join('\n')
  return new Error(`line ${line}, $ ${command}\n  is due:\n${text(due)}\n  was shown:\n${text(shown)}`, {
    cause,
  })
}

function isAsDue(shown: readonly string[], said: readonly string[]): boolean {
  const lines = withoutBars(shown)
  const due = withoutBars(said)
  return lines.length === due.length && due.every((line, at) => patternOf(line).test(lines[at]!))
}

const BAR = /^ *\d+ (?:µs|ms|s) - \d+ (?:µs|ms|s) {2}(?:█+ )?\d+$/u

/** A histogram counts as one line, whatever is in it. */
function withoutBars(lines: readonly string[]): string[] {
  const isBar = (line: string | undefined): boolean => line !== undefined && BAR.test(line)
  return lines.flatMap((line, at) => (!isBar(line) ? [line] : isBar(lines[at - 1]) ? [] : ['a histogram']))
}

/** Spaces around a number make up for the place that it takes. */
function patternOf(line: string): RegExp {
  const source = line
    .split(/( *‹[^›]*› *)/)
    .map((part) => {
      const [, before = '', value, after = ''] = /^( *)‹([^›]*)›( *)$/.exec(part) ?? []
      if (value === undefined) return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
      return `${spaces(before)}(${anyLike(value)})${spaces(after)}`
    })
    .join('')
  return new RegExp(`^${source}$`, 'u')
}

/** What stood for a long text between ‹ and ›, such as a key. */
function* valuesIn(due: string, line = ''): Generator<[said: string, value: string]> {
  const found = patternOf(due).exec(line)?.slice(1) ?? []
  for (const [at, [, said = '']] of [...due.matchAll(/‹([^›]*)›/g)].entries()) {
    if (said.length >= VALUE_LEAST) yield [said, found[at]!]
  }
}

// Shorter ones may stand elsewhere by chance.
const VALUE_LEAST = 8

function spaces(text: string): string {
  return text === '' ? '' : ' +'
}

function anyLike(value: string): string {
  if (value === '…') return '.*'
  if (/^[\d.,]+ m?s$/.test(value)) return '[\\d.,]+ m?s'
  return /^[\d.,]+$/.test(value) ? '[\\d.,]+[kMG]?' : `\\S+${' +\\S+'.repeat(value.split(/ +/).length - 1)}`
}

async function freePorts(text: string): Promise<Map<string, string>> {
  const ports = new Map<string, string>()
  for (const [port] of text.matchAll(/\b55\d\d\b/g)) {
    if (ports.has(port)) continue
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports.set(port, String((server.address() as { port: number }).port))
    await new Promise((resolve) => server.close(resolve))
  }
  return ports
}
