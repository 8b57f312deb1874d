// `npm run bench:report [-- FILE]`: the lines of FILE (bench/results/latest.jsonl, which `npm run bench -- --save` writes) as docs/benchmarks.md and charts,
// and what the README shows of them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import aims from './aims.json' with { type: 'json' }
import explanations from './explanations.json' with { type: 'json' }
import type { Aim } from './support/judge.ts'
import { readLines } from './support/lines.ts'
import { overviewOf, withOverview } from './support/overview.ts'
import { CHARTS, reportOf } from './support/report.ts'

const [file = 'bench/results/latest.jsonl'] = process.argv.slice(2)
if (existsSync(file)) {
  const lines = readLines(file)
  const { markdown, charts } = reportOf(lines, aims as Aim[], explanations)
  mkdirSync(path.join('docs', CHARTS), { recursive: true })
  writeFileSync('docs/benchmarks.md', markdown)
  for (const [name, svg] of charts) writeFileSync(path.join('docs', CHARTS, name), svg)
  const overview = overviewOf(lines)
  writeFileSync(path.join('docs', CHARTS, 'overview.svg'), overview.chart)
  writeFileSync('README.md', withOverview(readFileSync('README.md', 'utf8'), overview.markdown))
  console.log(`docs/benchmarks.md, ${charts.size + 1} charts in docs/${CHARTS}, and the table of README.md`)
} else {
  console.error(`no ${file}: npm run bench -- --save`)
  process.exitCode = 2
}
