// `npm run bench:report [-- FILE]`: the lines of FILE (bench/results/latest.jsonl, which `npm run bench -- --save` writes) as docs/benchmarks.md and charts.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import aims from './aims.json' with { type: 'json' }
import explanations from './explanations.json' with { type: 'json' }
import type { Aim } from './support/judge.ts'
import { readLines } from './support/lines.ts'
import { CHARTS, reportOf } from './support/report.ts'

const [file = 'bench/results/latest.jsonl'] = process.argv.slice(2)
if (existsSync(file)) {
  const { markdown, charts } = reportOf(readLines(file), aims as Aim[], explanations)
  mkdirSync(path.join('docs', CHARTS), { recursive: true })
  writeFileSync('docs/benchmarks.md', markdown)
  for (const [name, svg] of charts) writeFileSync(path.join('docs', CHARTS, name), svg)
  console.log(`docs/benchmarks.md and ${charts.size} charts in docs/${CHARTS}`)
} else {
  console.error(`no ${file}: npm run bench -- --save`)
  process.exitCode = 2
}
