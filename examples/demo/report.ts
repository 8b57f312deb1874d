// How the demo tells of a call: each process reports its calls, main.ts prints those of all of them; alone a process prints its own.
// Not to be run: `npm run demo` and `npm start` use it.
import { isDeepStrictEqual } from 'node:util'

export interface CallReport {
  readonly from: string
  readonly to: string
  readonly call: string
  readonly result: string
  readonly ms: number
  readonly ok: boolean
}

const underMain = process.env.PSEUD_DEMO === '1'

/** Makes a call, reports it with its time, and whether it gave what was `expected`: a value, or an error's code. Never rejects. */
export async function timed(
  from: string,
  to: string,
  call: string,
  run: () => PromiseLike<unknown>,
  expected: unknown,
): Promise<void> {
  const start = performance.now()
  let outcome: unknown
  let result: string
  try {
    outcome = await run()
    result = JSON.stringify(outcome) ?? 'undefined'
  } catch (error) {
    outcome = (error as { code?: string }).code
    result = `refused: ${outcome ?? error}`
  }
  const ms = performance.now() - start
  const ok = isDeepStrictEqual(outcome, expected)
  if (!ok) process.exitCode = 1
  report({ from, to, call, result, ms, ok })
}

export function report(line: CallReport): void {
  console.log(underMain ? JSON.stringify(line) : format(line))
}

/** Tells main.ts that this process is ready, and where it listens. */
export function ready(endpoint: string): void {
  if (underMain) console.log(JSON.stringify({ ready: endpoint }))
}

/** Calls `stop` when main.ts wants this process to end, or on Ctrl-C. */
export function onStop(stop: () => void): void {
  if (underMain) process.stdin.on('end', stop).resume()
  process.once('SIGINT', stop)
}

/** One line of the table. `colour` 1 to 255 is a terminal colour for the two names. */
export function format(line: CallReport, paint: Paint = plain): string {
  const route = `${paint('name', line.from.padStart(6))} ${paint('dim', '→')} ${paint('name', line.to.padEnd(6))}`
  const mark = line.ok ? paint('good', '✓') : paint('bad', '✗ failed')
  const time = line.ms < 100 ? line.ms.toFixed(2) : line.ms.toFixed(0)
  const call = clip(line.call, 26).padEnd(26)
  return `  ${route}  ${call}  ${clip(line.result, 20).padEnd(20)} ${paint('dim', `${time.padStart(7)} ms`)} ${mark}`
}

export type Paint = (style: 'name' | 'dim' | 'good' | 'bad' | 'title', text: string) => string

export const plain: Paint = (_, text) => text

const STYLES = { name: '36', dim: '2', good: '32', bad: '31', title: '1' }

/** Colours for a terminal. */
export const colours: Paint = (style, text) => `\u001b[${STYLES[style]}m${text}\u001b[0m`

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}
