// Builds the test files with esbuild and runs each in a process of its own, behind the guard that uvu lacks
// (scripts/guarded-file.mjs): a file fails that runs no test, leaves a suite or a test behind, outlives its deadline,
// dies early, or lets a promise reject unhandled; a full run fails that ran fewer tests than test/floor.json records.
//
// Usage: node scripts/test.mjs [--record-floor] [--jobs N] [--deadline-ms N] [--root DIR] [--again N] [path fragment ...]
//   PSEUD_TEST_DIR   where the bundles go (build/test): two runs at once need two
//   --separate       one output file for each source file, instead of bundles: what coverage needs
//   --again N        when at most N files failed, each is tried once more, alone, and told loudly if it passes then: what fails twice has failed
//   CI=true          a line `SKIPPED: …` printed by a test is a failure
// What a test prints on lines `REPORT: …` is shown below the name of its file.
// The last line is `N passed, N failed`.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { guardedUvu, killAll, runFile } from './guarded-file.mjs'
import { entries, runnable, sourceAliases } from './source-aliases.mjs'
import { replaceSyncWorker } from './sync-worker.mjs'

const FLOOR_FILE = 'test/floor.json'
const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    'record-floor': { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    'deadline-ms': { type: 'string', default: '180000' },
    root: { type: 'string', default: 'test' },
    separate: { type: 'boolean', default: false },
    again: { type: 'string', default: '0' },
  },
})
const root = flags.root
const outdir = process.env.PSEUD_TEST_DIR ?? 'build/test'
const files = readdirSync(root, { recursive: true })
  .map((name) => path.join(root, String(name)))
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort()
const fullRun = wanted.length === 0 && root === 'test'

if (files.length === 0) {
  console.log(`guard: no test file matches ${wanted.join(' ') || root}`)
  console.log('0 passed, 1 failed')
  process.exit(1)
}

rmSync(outdir, { recursive: true, force: true })
const common = { ...runnable, outdir }
await build(
  flags.separate
    ? {
        ...common,
        entryPoints: [...files, ...sourcesBeside(files)],
        outbase: '.',
        plugins: [separateFiles()],
      }
    : {
        ...common,
        entryPoints: files,
        outbase: root,
        splitting: true,
        plugins: [sourceAliases, guardedUvu],
      },
).catch(() => {
  // esbuild has said what it could not build.
  console.log('0 passed, 1 failed')
  process.exit(1)
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    killAll()
    process.exit(1)
  })
}

const totals = { passed: 0, failed: 0, skipped: 0 }
const skippedLines = new Set()
const queue = files.slice()
const failures = new Map()
await Promise.all(Array.from({ length: Math.max(1, Number(flags.jobs)) }, drainQueue))
if (failures.size <= Number(flags.again)) await tryAgain()
checkSkips()
if (fullRun) checkFloor()
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exit(totals.failed > 0 ? 1 : 0)

async function drainQueue() {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const result = await runAndTell(file)
    if (result.failed > 0) failures.set(file, result)
  }
}

/** A machine that others use as well makes a test late that is right: only what fails twice, the second time with nothing beside it, has failed. */
async function tryAgain() {
  const unsteady = []
  for (const [file, first] of failures) {
    console.log(`again:          ${file}`)
    for (const count of ['passed', 'failed', 'skipped']) totals[count] -= first[count]
    const second = await runAndTell(file)
    if (second.failed === 0) unsteady.push(file)
  }
  if (unsteady.length === 0) return
  console.log('\nPASSED ONLY AT THE SECOND TRY, which somebody should look into:')
  for (const file of unsteady) console.log(`  ${file}`)
}

async function runAndTell(file) {
  const bundle = path.join(outdir, path.relative(flags.separate ? '.' : root, file).replace(/\.ts$/, '.js'))
  const result = await runFile(bundle, { deadlineMs: Number(flags['deadline-ms']) })
  totals.passed += result.passed
  totals.failed += result.failed
  totals.skipped += result.skipped
  const time = `${(result.elapsedMs / 1000).toFixed(1)} s`.padStart(7)
  const skips = result.skipped > 0 ? `, ${result.skipped} skipped` : ''
  console.log(`${result.failed > 0 ? 'FAIL' : 'ok  '} ${time}  ${file} (${result.passed} passed${skips})`)
  for (const complaint of result.complaints) console.log(`     guard: ${complaint}`)
  if (result.failed > 0) console.log(result.output)
  for (const line of result.output.split('\n')) {
    const report = line.indexOf('REPORT: ')
    if (report >= 0 && result.failed === 0) console.log(`     ${line.slice(report + 8)}`)
    const at = line.indexOf('SKIPPED:')
    if (at >= 0) skippedLines.add(`${file}: ${line.slice(at)}`)
  }
  return result
}

function checkSkips() {
  if (skippedLines.size === 0) return
  console.log('\nNOT TESTED HERE:')
  for (const line of skippedLines) console.log(`  ${line}`)
  if (process.env.CI === 'true') {
    console.log('guard: CI=true, so each of these is a failure')
    totals.failed += skippedLines.size
  }
}

// The floor holds what a full run registered, skipped tests included, so that it is the same with and without Python.
function checkFloor() {
  const ran = totals.passed + totals.failed + totals.skipped
  const floor = JSON.parse(readFileSync(FLOOR_FILE, 'utf8')).tests
  if (flags['record-floor']) {
    if (totals.failed > 0) return console.log('guard: the floor is recorded from green runs only')
    if (ran < floor) console.log(`guard: the floor falls from ${floor} to ${ran}: say why in the commit`)
    writeFileSync(FLOOR_FILE, `${JSON.stringify({ tests: ran }, null, 2)}\n`)
    return
  }
  if (ran >= floor) return
  console.log(`guard: ${ran} tests, but ${FLOOR_FILE} records ${floor}: tests went missing`)
  totals.failed++
}

/** Everything that a test may import besides tests. */
function sourcesBeside(tests) {
  return ['src', 'test', 'bench', 'examples']
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true }).map((name) => path.join(folder, String(name))),
    )
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules') && !name.endsWith('.test.ts'))
    .filter((name) => !tests.includes(name))
}

/** Keeps every import an import. Coverage of a bundle cannot be told apart by its sources: c8 shows all of it as run. */
function separateFiles() {
  const guarded = pathToFileURL(path.resolve('scripts/guarded-uvu.mjs')).href
  return {
    name: 'separate-files',
    setup(builder) {
      replaceSyncWorker(builder)
      builder.onResolve({ filter: /^uvu$/ }, () => ({ path: guarded, external: true }))
      builder.onResolve({ filter: /^pseud(\/|$)|^\..*\.ts$/ }, (request) => {
        if (request.kind === 'entry-point') return undefined
        const target = entries.get(request.path) ?? path.resolve(request.resolveDir, request.path)
        const relative = path.relative(request.resolveDir, target).split(path.sep).join('/')
        return {
          path: (relative.startsWith('.') ? relative : `./${relative}`).replace(/\.ts$/, '.js'),
          external: true,
        }
      })
    },
  }
}
