// How every figure of this repository is made: contenders do the same work, are checked to give the same result before
// any clock runs, warm up, and then take turns, round by round, so that a busy moment hits all of them. A row is a
// median with its range; a ratio is the median of the ratios within each round, which cancels most of the noise.
// Rows go to standard output, progress to standard error; every row is also kept for the judgement at the end of the run (judge.ts).
import { isDeepStrictEqual } from 'node:util'
import aims from '../aims.json' with { type: 'json' }
import { type Aim, aimedAt, median, outcomeOf, type Row, short, wordsOf } from './judge.ts'
import { keep } from './lines.ts'

export interface Contender {
  readonly name: string
  /** What the work gives, for the check against the reference. Runs once, before the clock. */
  result?(): unknown
  /** One round: its figure in the subject's unit, mostly operations per second. */
  rate(): number | Promise<number>
}

export interface Subject {
  /** File and case, such as `codec` and `encode small`. */
  readonly bench: string
  readonly subject: string
  /** What is counted: `encodes/s`. */
  readonly unit: string
  /** What a reader of the row wants to know besides: octets on the wire. */
  readonly detail?: string
  /** The first is the reference: results and ratios are relative to it. */
  readonly contenders: readonly Contender[]
  readonly rounds?: number
  readonly warmups?: number
}

const asJson = process.argv.includes('--json')
const isQuick = process.argv.includes('--quick')
const aimsOnly = process.argv.includes('--aims')
const only = process.argv.find((flag) => flag.startsWith('--only='))?.slice('--only='.length)
const started = performance.now()
let planned: readonly string[] | undefined
let begun = 0
const announced = new Set<string>()

/** Announces all subjects of a part, for the progress; `measure` then takes no other. */
export function plan(bench: string, subjects: readonly string[]): void {
  planned = subjects.filter((subject) => isWanted(subject, bench))
  if (planned.length === 0) console.error(`${bench}: no row is wanted`)
}

/** Whether `--only=TEXT`, if given, names this subject, and it has an aim if only `--aims` are wanted. */
export function isWanted(subject: string, bench?: string): boolean {
  if (aimsOnly && bench !== undefined && !(aims as Aim[]).some((aim) => aimedAt(aim, bench, subject)))
    return false
  return only === undefined || subject.includes(only)
}

/** Says loudly, and keeps for the report, that a contender cannot take part: its ratios will be missing. */
export function announceMissing(bench: string, contender: string, error: unknown): void {
  if (announced.has(contender)) return
  announced.add(contender)
  const [words = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  // Where the build lies is nobody's business.
  const reason = words.replace(/ imported from .*/, '')
  console.error(`\n*** MISSING in ${bench}: ${contender}: ${reason}\n*** No ratio to it can be printed.\n`)
  keep({ bench, missing: contender, reason })
}

/** Announces the version of a peer that no package.json tells, for the report. */
export function announceVersion(peer: string, version: string): void {
  keep({ peer, version })
}

/** Checks, warms, measures and prints; resolves to one row for each contender, none when `--only` excludes it. Throws when results differ. */
export async function measure(subject: Subject): Promise<Row[]> {
  if (!isWanted(subject.subject, subject.bench)) return []
  if (planned !== undefined && !planned.includes(subject.subject))
    throw new Error(`${subject.subject} is not in the plan of ${subject.bench}`)
  if (subject.contenders.length === 0) return []
  progress(subject, 'comparing results', 'begins')
  await checkEqual(subject)
  const rounds = isQuick ? 3 : (subject.rounds ?? 9)
  for (let i = 0; i < (subject.warmups ?? 1); i++) {
    for (const contender of subject.contenders) {
      progress(subject, `warming ${contender.name}`)
      await contender.rate()
    }
  }
  const rates = subject.contenders.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of subject.contenders.entries()) {
      progress(subject, `round ${round + 1}/${rounds} ${contender.name}`)
      rates[i]!.push(await contender.rate())
    }
  }
  clearProgress()
  const rows = subject.contenders.map((contender, i): Row => {
    const own = rates[i]!
    return {
      bench: subject.bench,
      subject: subject.subject,
      ...(subject.detail === undefined ? {} : { detail: subject.detail }),
      contender: contender.name,
      unit: subject.unit,
      median: rounded(median(own)),
      min: rounded(Math.min(...own)),
      max: rounded(Math.max(...own)),
      rounds,
      ratio: ratioOf(own, rates[0]!),
      ratios: Object.fromEntries(
        subject.contenders.flatMap((peer, j) => (i === j ? [] : [[peer.name, ratioOf(own, rates[j]!)]])),
      ),
      figures: own.map(rounded),
    }
  })
  for (const row of rows) keep(row)
  print(subject, rows)
  return rows
}

/** Milliseconds from some start. */
export type Stopwatch = () => number

export const wallMs: Stopwatch = () => performance.now()

/** Processor time of this process: what a busy neighbour takes does not count. */
export const cpuMs: Stopwatch = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/**
 * The rate of a synchronous operation: repeats `work`, which does `operations` of them, until `MIN_MS` have passed.
 * The time is read once per call of `work`, so that should take a tenth of a millisecond or more.
 */
export function perSecond(operations: number, work: () => void, time: Stopwatch = wallMs): () => number {
  return () => {
    const started = time()
    let done = 0
    let elapsed = 0
    do {
      work()
      done += operations
      elapsed = time() - started
    } while (elapsed < MIN_MS)
    return (done / elapsed) * 1000
  }
}

const MIN_MS = 60

/** The median of the ratios within each round. */
function ratioOf(own: readonly number[], peers: readonly number[]): number {
  return rounded(median(own.map((figure, round) => figure / peers[round]!)))
}

/** More digits than anybody believes, but few enough to read. */
function rounded(figure: number): number {
  return Number(figure.toPrecision(6))
}

async function checkEqual(subject: Subject): Promise<void> {
  const [first, ...others] = subject.contenders.filter((contender) => contender.result !== undefined)
  if (first === undefined) return
  const expected = await first.result?.()
  for (const other of others) {
    if (isDeepStrictEqual(await other.result?.(), expected)) continue
    throw new Error(
      `${subject.bench} ${subject.subject}: ${other.name} gives another result than ${first.name}`,
    )
  }
}

function print(subject: Subject, rows: readonly Row[]): void {
  if (asJson) {
    for (const row of rows) console.log(JSON.stringify(row))
    return
  }
  const width = Math.max(...rows.map((row) => row.contender.length))
  const detail = subject.detail === undefined ? '' : `; ${subject.detail}`
  console.log(
    `\n${subject.bench}: ${subject.subject} (${subject.unit}, median of ${rows[0]!.rounds}, min to max${detail})`,
  )
  for (const row of rows) {
    const range = `${short(row.min)} to ${short(row.max)}`
    console.log(
      `  ${row.contender.padEnd(width)}  ${short(row.median).padStart(8)}  ${range.padEnd(20)} ${row.ratio.toFixed(2).padStart(6)} x`,
    )
  }
  for (const aim of aims as Aim[]) {
    if (aim.subjects.length > 1 || !aimedAt(aim, subject.bench, subject.subject)) continue
    console.log(`    aim ${aim.id}: ${wordsOf(outcomeOf(aim, rows))}`)
  }
}

/** On a terminal one line that overwrites itself; elsewhere a line as each row begins. */
function progress(subject: Subject, words: string, event?: 'begins'): void {
  if (event !== undefined) begun++
  const of = planned === undefined ? '' : ` of ${planned.length}`
  const elapsed = ((performance.now() - started) / 1000).toFixed(0)
  const line = `${subject.bench}: row ${begun}${of}, ${elapsed} s: ${subject.subject}`
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line}: ${words}`)
  else if (event !== undefined) process.stderr.write(`${line}\n`)
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
}
