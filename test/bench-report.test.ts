// The report of the benchmarks, from a small fixed run; and that every row of the table of aims is one that a benchmark measures.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import aims from '../bench/aims.json' with { type: 'json' }
import explanations from '../bench/explanations.json' with { type: 'json' }
import { SUBJECTS } from '../bench/subjects.ts'
import { type Aim, judge, outcomeOf, type Row } from '../bench/support/judge.ts'
import { linesOf, readLines } from '../bench/support/lines.ts'
import { overviewOf, withOverview } from '../bench/support/overview.ts'
import { reportOf } from '../bench/support/report.ts'

const report = suite('bench report')

// What was promised (aims.json has the numbers): no row may disappear.
const PROMISED = [
  ...['16b', '128b', '1kb'].flatMap((size) =>
    ['libzmq', 'zeromq', 'net'].map((peer) => `one-way-${size}-${peer}`),
  ),
  ...['64kb', '1mb'].flatMap((size) => ['libzmq', 'zeromq'].map((peer) => `one-way-${size}-${peer}`)),
  'one-way-own-16b-zeromq',
  ...['net', 'zeromq', 'libzmq'].map((peer) => `round-trip-${peer}`),
  ...[1, 10, 100].map((readers) => `pub-${readers}-zeromq`),
  ...['16b', '1kb', '64kb'].map((size) => `curve-${size}-zeromq`),
  ...[100, 1000].flatMap((inFlight) =>
    ['zeromq', 'ws', 'grpc', 'net'].map((peer) => `calls-${inFlight}-${peer}`),
  ),
  'call-p50-net',
  'stream-grpc',
  'thousand-clients',
  'codec-mean',
  'codec-least',
  'codec-shared-encode',
  'codec-shared-decode',
  'memory-idle-clients',
  'memory-kept-messages',
  'start-up',
]

report('every row of the table of aims has an aim, and no aim is there twice', () => {
  const ids = aims.map(({ id }) => id)
  assert.equal([...ids].sort(), [...PROMISED].sort())
  assert.is(new Set(ids).size, ids.length)
})

report('every aim names subjects that its benchmark measures, and one bound', () => {
  for (const { id, bench, subjects, atLeast, atMost } of aims as Aim[]) {
    for (const subject of subjects) assert.ok(SUBJECTS[bench]?.includes(subject), `${id}: ${subject}`)
    assert.is((atLeast === undefined ? 0 : 1) + (atMost === undefined ? 0 : 1), 1, id)
  }
})

report('the aim of the codec is about all 12 payloads, encoded and decoded', () => {
  const mean = (aims as Aim[]).find(({ id }) => id === 'codec-mean')
  assert.is(mean?.subjects.length, 24)
  assert.is(new Set(mean?.subjects).size, 24)
})

report('every explanation belongs to an aim', () => {
  for (const id of Object.keys(explanations)) assert.ok(PROMISED.includes(id), id)
})

const AIM: Aim = {
  id: 'faster',
  work: 'a work',
  bench: 'part',
  subjects: ['one'],
  contender: 'pseud',
  against: 'peer',
  unit: 'messages/s',
  compare: 'ratio',
  atLeast: 2,
}

function row(subject: string, contender: string, figures: number[], more: Partial<Row> = {}): Row {
  const sorted = [...figures].sort((a, b) => a - b)
  const [min, median, max] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!]
  const rounds = figures.length
  return {
    bench: 'part',
    subject,
    contender,
    unit: 'messages/s',
    median,
    min,
    max,
    rounds,
    ratio: 1,
    ratios: {},
    figures,
    ...more,
  }
}

report('an aim is judged by the median of the ratios within each round', () => {
  const rows = [row('one', 'peer', [100, 10, 50]), row('one', 'pseud', [300, 15, 100])]
  const outcome = outcomeOf(AIM, rows)
  assert.equal([outcome.figure, outcome.min, outcome.max, outcome.rounds], [2, 1.5, 3, 3])
  assert.ok(outcome.met)
  assert.not.ok(outcomeOf({ ...AIM, atLeast: 2.1 }, rows).met)
})

report('an aim at most so much more is judged by the differences', () => {
  const rows = [row('one', 'peer', [40, 41, 42]), row('one', 'pseud', [60, 66, 70])]
  const { atLeast: _, ...rest } = AIM
  const outcome = outcomeOf({ ...rest, compare: 'difference', atMost: 25 }, rows)
  assert.equal([outcome.figure, outcome.met], [25, true])
})

report('several subjects are folded into their geometric mean, or the least of them', () => {
  const rows = [
    ...[row('one', 'peer', [1, 1, 1]), row('one', 'pseud', [8, 8, 8])],
    ...[row('two', 'peer', [1, 1, 1]), row('two', 'pseud', [2, 2, 2])],
  ]
  const both = { ...AIM, subjects: ['one', 'two'] }
  assert.is(Math.round(outcomeOf({ ...both, fold: 'geometric mean' }, rows).figure * 1e6), 4e6)
  const least = outcomeOf({ ...both, fold: 'least' }, rows)
  assert.equal([least.figure, least.subject], [2, 'two'])
})

report('an aim without its rows, or without one subject of several, is not measured rather than met', () => {
  const rows = [row('one', 'pseud', [8])]
  assert.match(outcomeOf(AIM, rows).missing ?? '', 'peer was not measured')
  assert.match(outcomeOf({ ...AIM, subjects: ['one', 'two'] }, rows).missing ?? '', 'not measured')
  assert.equal(
    judge([AIM], []).map(({ met }) => met),
    [false],
  )
})

const run = {
  run: ['part'],
  date: '2030-01-02',
  command: 'npm run bench -- part --save',
  cpu: 'A Processor',
  cores: 2,
  memoryGiB: 8,
  os: 'Linux 6 x64',
  node: 'v20.19.0',
  commit: 'abc1234',
  load: [0.5, 9.5],
  versions: { zeromq: '6.8.0' },
}
const FIXED = [
  run,
  { peer: 'libzmq in C', version: '4.3.4' },
  { bench: 'part', missing: 'ws', reason: 'not installed' },
  row('one', 'peer', [1000, 1000, 1000]),
  row('one', 'pseud', [1500, 1600, 1700], { ratio: 1.6 }),
  row('<two>', 'peer', [2, 2, 2]),
  row('<two>', 'pseud', [8, 8, 8], { ratio: 4 }),
]
  .map((line) => JSON.stringify(line))
  .join('\n')
const AIMS: Aim[] = [
  AIM,
  { ...AIM, id: 'second', subjects: ['<two>'] },
  { ...AIM, id: 'absent', work: 'another', against: 'ws' },
]

report('the page has the machine, the versions, the load, what is missing, and a line for each aim', () => {
  const { markdown } = reportOf(linesOf(FIXED), AIMS, { faster: 'Frames are copied twice.' })
  for (const words of [
    '- A Processor, 2 cores, 8 GiB, Linux 6 x64, Node v20.19.0',
    '`npm run bench -- part --save` at commit abc1234',
    'load average 0.5 at the beginning, 9.5 at the end. **Others kept this machine busy',
    'Peers: zeromq 6.8.0, libzmq in C 4.3.4.',
    '**Missing in part: ws** (not installed).',
    '1 met, 1 missed, 1 not measured.',
    '**Rows of fewer than 5 rounds are a look, not a measurement.**',
    '| at least 2 x peer | 1.60 x | 1.50 to 1.70 | 3 | 1.60 k messages/s | 1.00 k messages/s | **missed** |',
    '- at least 2 x peer: Frames are copied twice.',
    '| at least 2 x peer | 4.00 x | 4.00 to 4.00 | 3 | 8.00 messages/s | 2.00 messages/s | met |',
    '| at least 2 x ws | | | | | | not measured: ws was not measured |',
    '![part](benchmarks/part.svg)',
    '|  | pseud | 1.60 k messages/s | 1.50 k to 1.70 k | 3 | 1.60 |',
  ]) {
    assert.ok(markdown.includes(words), `${words}\nis not in\n${markdown}`)
  }
})

report('a missed aim that nobody has explained says so', () => {
  assert.match(reportOf(linesOf(FIXED), AIMS, {}).markdown, '- at least 2 x peer: not explained yet.')
})

report('a chart has a bar for each contender, as long as its median, and a style for dark ground', () => {
  const svg = reportOf(linesOf(FIXED), AIMS, {}).charts.get('part.svg') ?? ''
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 760 \d+"/)
  assert.match(svg, '@media(prefers-color-scheme:dark)')
  assert.is([...svg.matchAll(/<rect class="[bo]"/g)].length, 4)
  assert.match(svg, '<rect class="o" x="170" y="126" width="500.0"')
  assert.match(svg, '&lt;two> (messages/s)')
  assert.match(svg, '>1.60 k</text>')
})

report(
  'what the README shows is what `npm run bench:report` makes of the run that is kept, and each figure stands in docs/benchmarks.md',
  () => {
    const { markdown, chart } = overviewOf(readLines('bench/results/latest.jsonl'))
    const readme = readFileSync('README.md', 'utf8')
    assert.is(withOverview(readme, markdown), readme)
    assert.is(readFileSync('docs/benchmarks/overview.svg', 'utf8'), chart)
    const page = readFileSync('docs/benchmarks.md', 'utf8')
    const figures = [...markdown.matchAll(/\| ([\d.]+(?: [kM])?) (?=\|)/g)].map(([, figure = '']) => figure)
    assert.ok(figures.length > 25, `${figures}`)
    for (const figure of figures) assert.ok(page.includes(`| ${figure} `), figure)
  },
)

report('the overview has a row only for what was measured', () => {
  const rows = [
    row('calls, 1,000 in flight', 'pseud', [4000, 5000, 6000], { bench: 'rpc', unit: 'calls/s' }),
    row('calls, 1,000 in flight', 'ws + msgpackr', [1000, 1000, 1000], { bench: 'rpc', unit: 'calls/s' }),
  ]
  const { markdown } = overviewOf({ rows, runs: [], missing: [], versions: [] })
  assert.equal(markdown.split('\n').slice(2), [
    '| calls, 1,000 under way, calls/s | 5.00 k |  | 1.00 k |  |  |  |  |',
  ])
})

report.run()
