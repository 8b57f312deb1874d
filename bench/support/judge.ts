// What was aimed at and whether it was reached: pure functions from rows to outcomes, for the end of a run and for the report. An aim compares two
// contenders of one subject, or of several that it folds into one figure; the aims themselves are bench/aims.json.

export interface Row {
  readonly bench: string
  readonly subject: string
  readonly detail?: string
  readonly contender: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
  /** Against the reference, in this run. */
  readonly ratio: number
  /** Against every other contender: the median of the ratios within each round. */
  readonly ratios: Readonly<Record<string, number>>
  /** Of each round. */
  readonly figures: readonly number[]
}

export interface Aim {
  readonly id: string
  /** The row of the table that it belongs to. */
  readonly work: string
  readonly bench: string
  /** One, or all that are folded. */
  readonly subjects: string[]
  readonly contender: string
  readonly against: string
  readonly unit: string
  /** How the two are compared, round by round. */
  readonly compare: 'ratio' | 'difference'
  /** Several subjects as one: their geometric mean, or the least of them. */
  readonly fold?: 'geometric mean' | 'least'
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Outcome {
  readonly aim: Aim
  /** Why there is no figure. */
  readonly missing?: string
  readonly figure: number
  /** Of the comparisons within each round. */
  readonly min: number
  readonly max: number
  readonly rounds: number
  readonly met: boolean
  /** Medians, where there is one subject. */
  readonly own?: number
  readonly peer?: number
  /** Which subject was the least. */
  readonly subject?: string
}

interface Comparison {
  readonly subject: string
  readonly byRound: readonly number[]
  readonly figure: number
  readonly own: number
  readonly peer: number
}

export function aimedAt(aim: { bench: string; subjects: string[] }, bench: string, subject: string): boolean {
  return aim.bench === bench && aim.subjects.includes(subject)
}

/** One outcome for each aim, in their order; an aim without its rows has one that says so. */
export function judge(aims: readonly Aim[], rows: readonly Row[]): Outcome[] {
  return aims.map((aim) => outcomeOf(aim, rows))
}

export function outcomeOf(aim: Aim, rows: readonly Row[]): Outcome {
  const comparisons: Comparison[] = []
  for (const subject of aim.subjects) {
    const of = (contender: string): Row | undefined =>
      rows.findLast(
        (row) => row.bench === aim.bench && row.subject === subject && row.contender === contender,
      )
    const [own, peer] = [of(aim.contender), of(aim.against)]
    if (own === undefined || peer === undefined) {
      const name = own === undefined ? aim.contender : aim.against
      return absent(aim, `${name} was not measured${aim.subjects.length > 1 ? ` at ${subject}` : ''}`)
    }
    comparisons.push(compare(aim, own, peer))
  }
  const [first, ...others] = comparisons
  if (first === undefined) return absent(aim, 'it names no subject')
  if (others.length > 0) return folded(aim, comparisons)
  const { figure, byRound, own, peer } = first
  return { ...result(aim, figure, byRound), own, peer }
}

function compare({ compare: how }: Aim, own: Row, peer: Row): Comparison {
  const byRound = own.figures.map((figure, round) =>
    how === 'ratio' ? figure / peer.figures[round]! : figure - peer.figures[round]!,
  )
  return { subject: own.subject, byRound, figure: median(byRound), own: own.median, peer: peer.median }
}

function folded(aim: Aim, comparisons: readonly Comparison[]): Outcome {
  if (aim.fold === 'least') {
    const least = comparisons.reduce((a, b) => (b.figure < a.figure ? b : a))
    return { ...result(aim, least.figure, least.byRound), subject: least.subject }
  }
  const rounds = Math.min(...comparisons.map(({ byRound }) => byRound.length))
  const byRound = Array.from({ length: rounds }, (_, round) =>
    geometricMean(comparisons.map((comparison) => comparison.byRound[round]!)),
  )
  return result(aim, geometricMean(comparisons.map(({ figure }) => figure)), byRound)
}

function result(aim: Aim, figure: number, byRound: readonly number[]): Outcome {
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = aim
  const met = figure >= atLeast && figure <= atMost
  return { aim, figure, min: Math.min(...byRound), max: Math.max(...byRound), rounds: byRound.length, met }
}

function absent(aim: Aim, missing: string): Outcome {
  return { aim, missing, figure: Number.NaN, min: Number.NaN, max: Number.NaN, rounds: 0, met: false }
}

/** `at least 1.2 x libzmq C`. */
export function boundOf({ compare: how, against, atLeast, atMost, unit }: Aim): string {
  const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`
  return how === 'ratio' ? `${bound} x ${against}` : `${bound} ${unit} more than ${against}`
}

/** `at least 1.2 x libzmq C: 1.31 x (1.25 to 1.4), met`. */
export function wordsOf(outcome: Outcome): string {
  const { aim, missing, met, subject } = outcome
  if (missing !== undefined) return `${boundOf(aim)}: NOT MEASURED, ${missing}`
  const at = subject === undefined ? '' : ` at ${subject}`
  return `${boundOf(aim)}: ${figureOf(outcome)} (${spreadOf(outcome)})${at}, ${met ? 'met' : 'MISSED'}`
}

export function figureOf({ aim, figure }: Outcome): string {
  return aim.compare === 'ratio' ? `${short(figure)} x` : `${short(figure)} ${aim.unit}`
}

export function spreadOf({ min, max }: Outcome): string {
  return `${short(min)} to ${short(max)}`
}

/** 1234567 as `1.23 M`. */
export function short(value: number): string {
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toPrecision(3)} M`
  if (Math.abs(value) >= 1e3) return `${(value / 1e3).toPrecision(3)} k`
  return value.toPrecision(3)
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length)
}
