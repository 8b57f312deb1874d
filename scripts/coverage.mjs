// `npm run coverage [path fragment ...]`: runs the tests under c8, prints the table, and fails when base, codec,
// zmtp/wire, zmtp/engine or the dispatch of calls (rpc/serving, session, security) has a branch that no test takes. Other folders are shown and have no threshold.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { transformSync } from 'esbuild'

const COMPLETE = [
  'src/base/',
  'src/codec/',
  'src/zmtp/wire/',
  'src/zmtp/engine/',
  'src/rpc/serving/',
  'src/rpc/session/',
  'src/rpc/security/',
]
// Branches of the dispatch that are no refusals: what they say, to be found in the line where they stand.
const APART = [
  [/tracer\?\./, 'there is a subscriber to traces, or there is none'],
  [
    /\?\? \[\]|\?\? 'CANCELLED'|reason\?\.message|name \|\| 'this peer'/,
    'a default that no caller needs today',
  ],
  [
    /=== OVER\) return|!this\.#owner\.open\) return|!== OPEN\) return|!this\.#session\.open\) return|=== undefined\) return|!== remembered\) return/,
    'asked once more after the end',
  ],
  [
    /throw error$|\} catch \(error\) \{|\} finally \{/,
    'a defect of ours, or a path that the runtime counts and no program takes',
  ],
]
const report = 'coverage'
const fragments = process.argv.slice(2)

rmSync(report, { recursive: true, force: true })
const c8 = spawnSync(
  process.execPath,
  [
    'node_modules/c8/bin/c8.js',
    '--all',
    '--include=src/**/*.ts',
    '--exclude-after-remap',
    '--src=src',
    '--reporter=json',
    '--reporter=text',
    '--reporter=html',
    `--reports-dir=${report}`,
    process.execPath,
    'scripts/test.mjs',
    '--separate',
    ...fragments,
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, PSEUD_TEST_DIR: process.env.PSEUD_TEST_DIR ?? 'build/coverage' },
  },
)

const files = JSON.parse(readFileSync(path.join(report, 'coverage-final.json'), 'utf8'))
let missed = 0
for (const [file, data] of Object.entries(files)) {
  const name = path.relative('.', file).split(path.sep).join('/')
  if (!COMPLETE.some((folder) => name.startsWith(folder))) continue
  if (isTypesOnly(name)) continue
  const lines = readFileSync(file, 'utf8').split('\n')
  for (const [id, counts] of Object.entries(data.b)) {
    counts.forEach((count, index) => {
      if (count > 0) return
      const { start, end } = data.branchMap[id].locations[index]
      if (name.startsWith('src/rpc/') && isApart(lines[start.line - 1])) return
      missed++
      console.log(`not taken: ${name}:${start.line}:${start.column} to ${end.line}:${end.column}`)
    })
  }
}
console.log(
  missed === 0
    ? `coverage: every branch of ${COMPLETE.join(', ')} was taken`
    : `coverage: ${missed} branches of ${COMPLETE.join(', ')} were never taken`,
)
process.exit(c8.status === 0 && missed === 0 ? 0 : 1)

function isApart(line) {
  return APART.some(([words]) => words.test(line))
}

// Interfaces leave no code behind, so nothing can run it.
function isTypesOnly(file) {
  return transformSync(readFileSync(file, 'utf8'), { loader: 'ts' }).code.trim() === ''
}
