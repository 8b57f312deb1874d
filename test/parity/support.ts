// The two libraries that are compared, each in child processes, and the comparison. Knows nothing of what is probed.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import type { Difference } from './catalogue.mjs'

export type Outcomes = Readonly<Record<string, string>>

export const NATIVE = 'zeromq'

const folder = mkdtempSync(path.join(tmpdir(), 'pseud-parity-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Builds `pseud/zmtp` as one file of CommonJS, which is what the native package is. */
export async function buildOurs(): Promise<string> {
  const outfile = path.join(folder, 'zmtp.cjs')
  await build({
    entryPoints: ['src/zmtp/index.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    logLevel: 'warning',
  })
  return outfile
}

// The native package may die of what a constructor that threw has left behind, when that is collected: so as little as possible is.
const NO_COLLECTION = ['--min-semi-space-size=64', '--max-semi-space-size=128']
const MOST_DEATHS = 5

/** What is waited for longer when a probe is asked alone. */
const PATIENCE = '5'

/**
 * What each probe of a section comes to with `library`; or only the one called `only`, with more patience: some probes have to wait a while for
 * what a library does not tell, and on a busy machine a while may be too short. Rejects when the process dies or does not end.
 */
export async function runSection(
  library: string,
  section: string,
  only?: string,
): Promise<Map<string, Outcomes>> {
  const program = [...NO_COLLECTION, path.resolve('test/parity/child.mjs'), library, section]
  const args = only === undefined ? program : [...program, only]
  const env = only === undefined ? {} : { PARITY_PATIENCE: PATIENCE }
  let ended = await run(args, 60_000, { env })
  for (let death = 1; library === NATIVE && ended.signal === 'SIGSEGV' && death < MOST_DEATHS; death++) {
    ended = await run(args, 60_000, { env })
  }
  const found = new Map<string, Outcomes>()
  for (const line of ended.output.split('\n').slice(0, -1)) {
    const { name, outcomes } = JSON.parse(line) as { name: string; outcomes: Outcomes }
    found.set(name, outcomes)
  }
  if (ended.code !== 0) {
    const how = `${ended.code ?? ended.signal} after "${[...found.keys()].at(-1)}"`
    throw new Error(`${library} ended with ${how}: ${ended.errors}`)
  }
  return found
}

export interface Ended {
  /** `null` when a signal ended it, ours when it had to be killed. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly ms: number
  readonly output: string
  readonly errors: string
}

export interface RunOptions {
  /** Besides the usual. */
  readonly env?: Readonly<Record<string, string>>
  /** Kill it so long after it has first printed something. */
  readonly sinceOutputMs?: number
}

/** Runs node with `args`; kills it after `ms`. */
export function run(args: readonly string[], ms: number, options: RunOptions = {}): Promise<Ended> {
  const { env = {}, sinceOutputMs = Number.POSITIVE_INFINITY } = options
  return new Promise((resolve) => {
    const start = performance.now()
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    let output = ''
    let errors = ''
    const kill = (): boolean => child.kill('SIGKILL')
    let timer = setTimeout(kill, ms)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output === '' && sinceOutputMs < ms) {
        clearTimeout(timer)
        timer = setTimeout(kill, sinceOutputMs)
      }
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, ms: performance.now() - start, output, errors })
    })
  })
}

/** What is wrong between the outcomes of one probe: undeclared differences, and declared ones that are not there. */
export function complaints(
  native: Outcomes | undefined,
  ours: Outcomes | undefined,
  differs: readonly Difference[],
): string[] {
  if (native === undefined || ours === undefined) return ['the probe did not run']
  const failure = native.failed ?? ours.failed
  if (failure !== undefined) return [`the probe itself failed: ${failure}`]
  const found: string[] = []
  const seen = new Set<Difference>()
  for (const label of new Set([...Object.keys(native), ...Object.keys(ours)])) {
    const there = String(native[label])
    const here = String(ours[label])
    const difference = differs.find(({ at }) => (typeof at === 'string' ? at === label : at.test(label)))
    const both = `${label}\n      native: ${cut(there)}\n      ours:   ${cut(here)}`
    if (difference === undefined) {
      if (there !== here) found.push(both)
      continue
    }
    seen.add(difference)
    if (!matches(difference.here, here)) found.push(`${both}\n      should: ${difference.here}`)
    else if (there === here && !difference.sometimes) found.push(`is said to differ, but does not: ${both}`)
  }
  for (const difference of differs) {
    if (!seen.has(difference)) found.push(`nothing there that could differ: ${difference.at}`)
  }
  return found
}

function cut(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

function matches(expected: string | RegExp, text: string): boolean {
  return typeof expected === 'string' ? expected === text : expected.test(text)
}

/** First cells of the rows of docs/zeromq-differences.md. */
export function documentedRows(): Set<string> {
  const lines = readFileSync('docs/zeromq-differences.md', 'utf8').split('\n')
  const cells = lines.flatMap((line) => /^\| (.+?) \|/.exec(line)?.[1] ?? [])
  return new Set(cells.filter((cell) => cell !== 'what'))
}
