// What the README shows of a run: one table over all benchmarks, and one chart. Pure, as the report is; every figure in it stands in docs/benchmarks.md, too.
import { chartOf } from './chart.ts'
import { type Row, short } from './judge.ts'
import type { Lines } from './lines.ts'

export interface Overview {
  readonly markdown: string
  readonly chart: string
}

/** What the README's table has a line for, in its words. */
const SUBJECTS = [
  ['rpc', 'calls, 1,000 in flight', 'calls, 1,000 under way'],
  ['rpc', 'calls, 100 in flight', 'calls, 100 under way'],
  ['rpc', 'call, one in flight', 'one call, there and back'],
  ['rpc', 'stream items', 'items of a stream'],
  ['sockets', 'PUSH to PULL, 16 B', 'messages of 16 B'],
  ['sockets', 'PUSH to PULL, 64 KB', 'messages of 64 KB'],
  ['sockets', 'REQ to REP and back, 16 B', 'a question and its answer'],
  ['sockets', 'PUSH to PULL under CURVE, 16 B', 'encrypted, 16 B'],
  ['sockets', 'PUSH to PULL under CURVE, 64 KB', 'encrypted, 64 KB'],
  ['memory', '10,000 idle clients, server', 'memory of an idle client'],
] as const

/** Heading of a column, and the contenders that stand in it. */
const COLUMNS = [
  ['pseud', ['pseud']],
  ['zeromq', ['zeromq', 'zeromq + msgpackr']],
  ['ws', ['ws + msgpackr']],
  ['grpc-js', ['grpc-js']],
  ['socket.io', ['socket.io']],
  ['bare node:net', ['node:net', 'node:net echo', 'node:net + msgpackr']],
  ['libzmq in C', ['libzmq C']],
] as const

const CHARTED = ['calls, 1,000 in flight', 'call, one in flight', 'PUSH to PULL, 16 B']
const BEGIN = '<!-- speed: made by npm run bench:report -->'
const END = '<!-- /speed -->'

export function overviewOf({ rows, runs }: Lines): Overview {
  const run = runs.at(-1)
  const table = SUBJECTS.flatMap(([bench, subject, words]) => {
    const own = rows.filter((row) => row.bench === bench && row.subject === subject)
    if (own.length === 0) return []
    const cells = COLUMNS.map(([, names]) => {
      const row = own.find(({ contender }) => names.some((name) => name === contender))
      return row === undefined ? '' : short(row.median)
    })
    return [`| ${words}, ${own[0]!.unit} | ${cells.join(' | ')} |`]
  })
  const markdown = [
    `| | ${COLUMNS.map(([name]) => name).join(' | ')} |`,
    `|---|${COLUMNS.map(() => '---|').join('')}`,
    ...table,
    ...(run === undefined
      ? []
      : [
          '',
          `Medians of ${run.date}, by \`${run.command}\` at commit ${run.commit}: ${run.cpu}, ${run.cores} cores, ${run.os}, Node ${run.node}.`,
        ]),
  ].join('\n')
  return { markdown, chart: chartOf('median, line from least to greatest', groupsOf(rows)) }
}

/** `readme` with the table of this run in the place of the one before. */
export function withOverview(readme: string, markdown: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`no ${BEGIN} … ${END}`)
  return `${readme.slice(0, begin + BEGIN.length)}\n${markdown}\n${readme.slice(end)}`
}

function groupsOf(rows: readonly Row[]) {
  return CHARTED.map((subject) => ({ subject, own: rows.filter((row) => row.subject === subject) }))
    .filter(({ own }) => own.length > 0)
    .map(({ subject, own }) => ({
      title: `${subject} (${own[0]!.unit})`,
      bars: own.map(({ contender, median, min, max }) => ({ label: contender, value: median, min, max })),
    }))
}
