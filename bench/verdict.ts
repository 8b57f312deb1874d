// The last thing of a run: `verdict FILE [--json]` reads its lines and says which aims were met, missed, or not measured. Aims of parts that did not
// run are left out; with `--only` those that had no row, too.
import aims from './aims.json' with { type: 'json' }
import { type Aim, judge, wordsOf } from './support/judge.ts'
import { readLines } from './support/lines.ts'

const [file = '', ...flags] = process.argv.slice(2)
const { runs, rows, missing } = readLines(file)
const parts = runs.flatMap(({ run }) => run)
const isPartial = flags.some((flag) => flag.startsWith('--only='))
const outcomes = judge(
  (aims as Aim[]).filter(({ bench }) => parts.includes(bench)),
  rows,
).filter((outcome) => outcome.missing === undefined || !isPartial || wasBegun(outcome.aim))

if (flags.includes('--json')) {
  for (const { aim, ...outcome } of outcomes) {
    const { id, atLeast, atMost, compare } = aim
    console.log(JSON.stringify({ aim: id, compare, atLeast, atMost, ...outcome }))
  }
} else if (outcomes.length > 0) {
  console.log('\naims')
  for (const outcome of outcomes) {
    const { missing, met, aim } = outcome
    const mark = missing !== undefined ? 'absent' : met ? 'met' : 'MISSED'
    console.log(`  ${mark.padEnd(6)}  ${aim.work}: ${wordsOf(outcome)}`)
  }
  const met = outcomes.filter((outcome) => outcome.met).length
  const absent = outcomes.filter((outcome) => outcome.missing !== undefined).length
  console.log(`\n${met} aims met, ${outcomes.length - met - absent} missed, ${absent} not measured`)
  for (const { bench, missing: peer, reason } of missing)
    console.log(`MISSING in ${bench}: ${peer}: ${reason}`)
}

function wasBegun(aim: Aim): boolean {
  return aim.subjects.every((subject) =>
    rows.some((row) => row.bench === aim.bench && row.subject === subject),
  )
}
