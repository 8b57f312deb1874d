// The lines of a run as docs/benchmarks.md and its charts: pure, from text to text. Every aim has its row, also when it was missed or could not be measured;
// what is to be said of it comes from bench/explanations.json. Below them stand all rows.
import { chartOf, type Group } from './chart.ts'
import { type Aim, boundOf, figureOf, judge, type Outcome, type Row, short, spreadOf } from './judge.ts'
import type { Lines, Run } from './lines.ts'

export interface Report {
  readonly markdown: string
  /** By the name of the file. */
  readonly charts: ReadonlyMap<string, string>
}

/** Where the charts are, as the page names it. */
export const CHARTS = 'benchmarks'

const LEAST_ROUNDS = 5

export function reportOf(lines: Lines, aims: readonly Aim[], explanations: Record<string, string>): Report {
  const outcomes = judge(aims, lines.rows)
  const benches = [...new Set(lines.rows.map(({ bench }) => bench))]
  const charts = new Map(
    benches.map((bench) => [
      `${bench}.svg`,
      chartOf(`${bench}: median, line from least to greatest`, groupsOf(lines.rows, bench)),
    ]),
  )
  const markdown = [
    '# Benchmarks',
    '',
    'Made by `npm run bench:report`; do not edit. How a figure is made, and by which files: [bench/README.md](../bench/README.md).',
    '',
    ...machineOf(lines),
    '## Aims',
    '',
    ...countOf(outcomes),
    ...tablesOf(outcomes, explanations),
    ...benches.flatMap((bench) => [
      `## All rows: ${bench}`,
      '',
      `![${bench}](${CHARTS}/${bench}.svg)`,
      '',
      ...rowsOf(lines.rows.filter((row) => row.bench === bench)),
    ]),
  ]
  return { markdown: `${markdown.join('\n').trimEnd()}\n`, charts }
}

function machineOf({ runs, missing, versions }: Lines): string[] {
  const peers = Object.entries(runs.at(-1)?.versions ?? {}).map(([name, version]) => `${name} ${version}`)
  for (const { peer, version } of new Map(versions.map((line) => [line.peer, line])).values()) {
    peers.push(`${peer} ${version}`)
  }
  return [
    ...runs.flatMap((run) => [...runOf(run), '']),
    `Peers: ${peers.join(', ')}.`,
    '',
    ...missing.flatMap(({ bench, missing: peer, reason }) => [
      `**Missing in ${bench}: ${peer}** (${reason}).`,
      '',
    ]),
  ]
}

function runOf(run: Run): string[] {
  const [before, after] = run.load
  const isBusy = Math.max(before, after) > run.cores
  return [
    `- ${run.date}, ${run.run.join(', ')}: \`${run.command}\` at commit ${run.commit}`,
    `- ${run.cpu}, ${run.cores} cores, ${run.memoryGiB} GiB, ${run.os}, Node ${run.node}`,
    `- load average ${before} at the beginning, ${after} at the end${isBusy ? '. **Others kept this machine busy: the ratios say little, the figures less.**' : ''}`,
  ]
}

function countOf(outcomes: readonly Outcome[]): string[] {
  const met = outcomes.filter((outcome) => outcome.met).length
  const absent = outcomes.filter((outcome) => outcome.missing !== undefined).length
  return [
    `${met} met, ${outcomes.length - met - absent} missed, ${absent} not measured. A figure is the median of the comparisons within each round, ` +
      'the spread their least and greatest.',
    '',
    ...(outcomes.some(({ rounds, missing }) => missing === undefined && rounds < LEAST_ROUNDS)
      ? [`**Rows of fewer than ${LEAST_ROUNDS} rounds are a look, not a measurement.**`, '']
      : []),
  ]
}

/** One table for each work. */
function tablesOf(outcomes: readonly Outcome[], explanations: Record<string, string>): string[] {
  return [...new Set(outcomes.map(({ aim }) => aim.work))].flatMap((work) => {
    const own = outcomes.filter(({ aim }) => aim.work === work)
    const words = own.flatMap((outcome) => explanationOf(outcome, explanations[outcome.aim.id]))
    return [
      `### ${work}`,
      '',
      '| aim | figure | spread | rounds | ours | theirs | |',
      '|---|---|---|---|---|---|---|',
      ...own.map(lineOf),
      '',
      ...(words.length > 0 ? [...words, ''] : []),
    ]
  })
}

function lineOf(outcome: Outcome): string {
  const { aim, missing, met, own, peer, rounds, subject } = outcome
  const scope = aim.fold === undefined ? '' : `${aim.fold} of ${aim.subjects.length}: `
  const bound = `${scope}${boundOf(aim)}`
  if (missing !== undefined) return `| ${bound} | | | | | | not measured: ${missing} |`
  const absolute = (value: number | undefined): string =>
    value === undefined ? '' : `${short(value)} ${aim.unit}`
  const at = subject === undefined ? '' : ` (${subject})`
  const verdict = met ? 'met' : '**missed**'
  return `| ${bound} | ${figureOf(outcome)}${at} | ${spreadOf(outcome)} | ${rounds} | ${absolute(own)} | ${absolute(peer)} | ${verdict} |`
}

function explanationOf({ aim, met, missing }: Outcome, words: string | undefined): string[] {
  if (words !== undefined) return [`- ${boundOf(aim)}: ${words}`]
  return met || missing !== undefined ? [] : [`- ${boundOf(aim)}: not explained yet.`]
}

function groupsOf(rows: readonly Row[], bench: string): Group[] {
  const own = rows.filter((row) => row.bench === bench)
  return [...new Set(own.map(({ subject }) => subject))].map((subject) => {
    const bars = own.filter((row) => row.subject === subject)
    return {
      title: `${subject} (${bars[0]!.unit})`,
      bars: bars.map(({ contender, median, min, max }) => ({ label: contender, value: median, min, max })),
    }
  })
}

function rowsOf(rows: readonly Row[]): string[] {
  return [
    '| | contender | median | spread | rounds | ratio to the first |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      (row, i) =>
        `| ${rows[i - 1]?.subject === row.subject ? '' : row.subject} | ${row.contender} | ${short(row.median)} ${row.unit} | ` +
        `${short(row.min)} to ${short(row.max)} | ${row.rounds} | ${row.ratio.toFixed(2)} |`,
    ),
    '',
  ]
}
