// How every figure of this repository is made: contenders do the same work, are checked to give the same result before
// any clock runs, warm up, and then take turns, round by round, so that a busy moment hits all of them. A row is a
// median with its range; a ratio is the median of the ratios within each round, which cancels most of the noise.
import { isDeepStrictEqual } from 'node:util'

export interface Contender {
  readonly name: string
  /** What the work gives, for the check against the reference. Runs once, before the clock. */
  result?(): unknown
  /** One round: operations per second. */
  rate(): number | Promise<number>
}

export interface Subject {
  /** File and case, such as `codec` and `encode small`. */
  readonly bench: string
  readonly subject: string
  /** What is counted: `encodes/s`. */
  readonly unit: string
  /** The first is the reference: results and ratios are relative to it. */
  readonly contenders: readonly Contender[]
  readonly rounds?: number
  readonly warmups?: number
}

export interface Row {
  readonly bench: string
  readonly subject: string
  readonly contender: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
  /** Against the reference, in this run. */
  readonly ratio: number
}

const asJson = process.argv.includes('--json')
const isQuick = process.argv.includes('--quick')
const only = process.argv.find((flag) => flag.startsWith('--only='))?.slice('--only='.length)

/** Whether `--only=TEXT`, if given, names this subject. */
export function isWanted(subject: string): boolean {
  return only === undefined || subject.includes(only)
}

/** Checks, warms, measures and prints; resolves to one row for each contender, none when `--only` excludes it. Throws when results differ. */
export async function measure(subject: Subject): Promise<Row[]> {
  if (!isWanted(subject.subject)) return []
  checkEqual(subject)
  const rounds = isQuick ? 3 : (subject.rounds ?? 9)
  for (let i = 0; i < (subject.warmups ?? 1); i++) {
    for (const contender of subject.contenders) {
      progress(`${subject.bench} ${subject.subject}: warming ${contender.name}`)
      await contender.rate()
    }
  }
  const rates = subject.contenders.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of subject.contenders.entries()) {
      progress(`${subject.bench} ${subject.subject}: round ${round + 1}/${rounds} ${contender.name}`)
      rates[i]!.push(await contender.rate())
    }
  }
  progress('')
  const rows = subject.contenders.map((contender, i): Row => {
    const own = rates[i]!
    return {
      bench: subject.bench,
      subject: subject.subject,
      contender: contender.name,
      unit: subject.unit,
      median: median(own),
      min: Math.min(...own),
      max: Math.max(...own),
      rounds,
      ratio: median(own.map((rate, round) => rate / rates[0]![round]!)),
    }
  })
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

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function checkEqual(subject: Subject): void {
  const [first, ...others] = subject.contenders.filter((contender) => contender.result !== undefined)
  if (first === undefined) return
  const expected = first.result?.()
  for (const other of others) {
    if (isDeepStrictEqual(other.result?.(), expected)) continue
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
  console.log(
    `\n${subject.bench}: ${subject.subject} (${subject.unit}, median of ${rows[0]!.rounds}, min to max)`,
  )
  for (const row of rows) {
    const range = `${short(row.min)} to ${short(row.max)}`
    console.log(
      `  ${row.contender.padEnd(width)}  ${short(row.median).padStart(8)}  ${range.padEnd(20)} ${row.ratio.toFixed(2).padStart(6)} x`,
    )
  }
}

/** 1234567 as `1.23 M`. */
function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`
  if (value >= 1e3) return `${(value / 1e3).toPrecision(3)} k`
  return value.toPrecision(3)
}

/** One line that overwrites itself, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`)
}
