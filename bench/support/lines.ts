// The lines of a run, as JSON: one for each row, each missing peer, each version that only a running peer tells. scripts/bench.mjs names the file and
// puts a line about the machine in front; judge.ts and report.ts read it. Without a name nothing is kept.
import { appendFileSync, readFileSync } from 'node:fs'
import type { Row } from './judge.ts'

/** Where and how a run was made. */
export interface Run {
  /** Which benchmarks were run. */
  readonly run: readonly string[]
  readonly date: string
  readonly command: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly os: string
  readonly node: string
  readonly commit: string
  /** Over one minute, when it began and when it ended. */
  readonly load: readonly [number, number]
  readonly versions: Readonly<Record<string, string>>
}

export interface Missing {
  readonly bench: string
  readonly missing: string
  readonly reason: string
}

export interface PeerVersion {
  readonly peer: string
  readonly version: string
}

export type Line = Row | Missing | PeerVersion | Run

export interface Lines {
  readonly runs: Run[]
  readonly rows: Row[]
  readonly missing: Missing[]
  readonly versions: PeerVersion[]
}

const file = process.env.PSEUD_BENCH_LINES

export function keep(line: Line): void {
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`)
}

export function readLines(name: string): Lines {
  return linesOf(readFileSync(name, 'utf8'))
}

export function linesOf(text: string): Lines {
  const lines: Lines = { runs: [], rows: [], missing: [], versions: [] }
  for (const words of text.split('\n')) {
    if (words === '') continue
    const line: Line = JSON.parse(words)
    if ('run' in line) lines.runs.push(line)
    else if ('missing' in line) lines.missing.push(line)
    else if ('peer' in line) lines.versions.push(line)
    else lines.rows.push(line)
  }
  return lines
}
