// `npm run mutate [-- --sample N --seed N --only TEXT --jobs N]`: do the tests see it when a line of wire, engine, mechanisms, codec or dispatch is wrong?
// StrykerJS's instrumenter writes all mutants into one copy of the sources, each behind a switch; the tests are bundled with that copy once, each
// test file runs once to learn which mutants it reaches, and then for each mutant the files that reach it run, until one fails: those first that
// have seen mutants of the same source, then those of the same folder, then the fastest.
// A mutant that no file reaches, or that all let pass, has survived; it is printed with its place.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { inPlaceOf } from './baseline.mjs'
import { guardedUvu, runFile } from './guarded-file.mjs'
import { installed } from './installed.mjs'

const HOME = 'test/mutation'
// What is mutated, and the tests that are about it; what takes longer than this is not asked.
const SUBJECTS = ['src/zmtp/wire', 'src/zmtp/engine', 'src/codec', 'src/rpc/serving']
const TESTS = [
  'test/codec',
  'test/zmtp/engine',
  'test/zmtp/wire',
  'test/rpc',
  'test/hostile',
  'test/fuzz',
  'test/sweep',
]
const SLOWEST_MS = 60_000

const { values: flags } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
  },
})
const outdir = `build/mutation-${process.pid}`
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))

// After so many files of tests that let it pass a mutant has survived.
const MOST_FILES = 12
const killers = new Map()
const SILENT = Object.fromEntries(
  ['debug', 'info', 'warn', 'trace', 'error'].map((level) => [level, () => {}]),
)
SILENT.isDebugEnabled = () => false
// Writes down which mutants a test file has reached.
const COVERAGE = `import { writeFileSync } from 'node:fs'
process.on('exit', () => {
  const reached = globalThis.__stryker__?.mutantCoverage?.static ?? {}
  writeFileSync(process.env.PSEUD_COVERAGE, JSON.stringify(Object.keys(reached)))
})`

if (!installed(HOME)) process.exit(1)
const mutants = await instrument()
const tests = await bundleTests()
console.log(`${mutants.length} mutants, ${tests.length} test files`)
await learn()
await judge(chosen())
report()

/** Makes the copy of the sources. Gives every mutant: its id, file and line, what it does, and the tests that reach it, still none. */
async function instrument() {
  const load = (file) => import(pathToFileURL(path.resolve(HOME, 'node_modules', file)))
  const { createInjector } = await load('typed-inject/dist/src/index.js')
  const { createInstrumenter } = await load('@stryker-mutator/instrumenter/dist/src/index.js')
  const all = readdirSync('src', { recursive: true })
    .map((name) => path.join('src', String(name)))
    .filter((name) => name.endsWith('.ts'))
  const subjects = all.filter(
    (file) => SUBJECTS.some((folder) => file.startsWith(folder)) && file.includes(flags.only),
  )
  const { files, mutants } = await createInjector()
    .provideValue('logger', SILENT)
    .injectFunction(createInstrumenter)
    .instrument(
      subjects.map((name) => ({ name, mutate: true, content: readFileSync(name, 'utf8') })),
      // What a message says to its reader is not looked at by tests; codes are.
      { plugins: [], excludedMutations: ['StringLiteral'], ignorers: [], noHeader: false },
    )
  const instrumented = new Map(files.map(({ name, content }) => [name, content]))
  for (const name of all) {
    mkdirSync(path.join(outdir, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(outdir, name), instrumented.get(name) ?? readFileSync(name, 'utf8'))
  }
  const asked = mutants.filter(({ status }) => status !== 'Ignored')
  return asked.map(({ id, fileName, location, mutatorName, replacement }) => ({
    id,
    place: `${fileName}:${location.start.line + 1}`,
    what: `${mutatorName}: ${replacement.replaceAll(/\s+/g, ' ').slice(0, 80)}`,
    tests: [],
    fate: 'survived',
  }))
}

async function bundleTests() {
  const entryPoints = TESTS.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .map((name) => path.join(folder, String(name)))
      .filter((name) => name.endsWith('.test.ts')),
  )
  await build({
    entryPoints,
    outdir: path.join(outdir, 'test'),
    outbase: 'test',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    logLevel: 'warning',
    plugins: [guardedUvu, inPlaceOf(path.resolve(outdir, 'src'))],
  })
  return entryPoints.map((file) => ({ file, bundle: path.join(outdir, file.replace(/\.ts$/, '.js')), ms: 0 }))
}

/** Runs each test file once, without a mutant. */
async function learn() {
  const preload = path.resolve(outdir, 'coverage.mjs')
  writeFileSync(preload, COVERAGE)
  const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]))
  await inParallel(tests, async (test) => {
    const out = `${test.bundle}.coverage`
    const { failed, elapsedMs } = await runFile(test.bundle, {
      deadlineMs: SLOWEST_MS,
      nodeFlags: ['--import', preload],
      env: { PSEUD_COVERAGE: out },
    })
    test.ms = elapsedMs
    if (failed > 0 || elapsedMs > SLOWEST_MS || !existsSync(out)) {
      console.log(`left out: ${test.file} (${failed} failed, ${(elapsedMs / 1000).toFixed(1)} s)`)
      return
    }
    for (const id of JSON.parse(readFileSync(out, 'utf8'))) byId.get(id)?.tests.push(test)
  })
  for (const { place, tests } of mutants) {
    const own = path.dirname(place).replace('src', 'test')
    const isOwn = ({ file }) => Number(file.startsWith(own))
    tests.sort((a, b) => isOwn(b) - isOwn(a) || a.ms - b.ms)
  }
}

async function judge(some) {
  const started = performance.now()
  let done = 0
  await inParallel(some, async (mutant) => {
    mutant.fate = mutant.tests.length === 0 ? 'not reached' : await fateOf(mutant)
    if (mutant.fate !== 'killed') console.log(`${mutant.fate}: ${mutant.place}: ${mutant.what}`)
    if (++done % 100 !== 0) return
    const seconds = (performance.now() - started) / 1000
    console.log(`${done} of ${some.length}, ${seconds.toFixed(0)} s, ${score(some.slice(0, done))}`)
  })
  mutants.splice(0, mutants.length, ...some)
}

async function fateOf({ id, place, tests }) {
  const [source] = place.split(':')
  // How many mutants of a source each test file has killed: what has seen its neighbours is likely to see this one.
  const kills = killers.get(source) ?? new Map()
  killers.set(source, kills)
  const best = tests
    .slice(0, MOST_FILES)
    .sort((a, b) => (kills.get(b) ?? 0) / b.ms - (kills.get(a) ?? 0) / a.ms)
  for (const test of best) {
    const { failed } = await runFile(test.bundle, {
      deadlineMs: 3 * test.ms + 3000,
      env: { __STRYKER_ACTIVE_MUTANT__: id, PSEUD_TEST_BAIL: '1' },
    })
    if (failed === 0) continue
    kills.set(test, (kills.get(test) ?? 0) + 1)
    return 'killed'
  }
  return 'survived'
}

/** All, or a sample that the seed decides. */
function chosen() {
  if (flags.sample === undefined) return mutants
  let state = Number(flags.seed)
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
  return mutants
    .map((mutant) => ({ mutant, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, Number(flags.sample))
    .map(({ mutant }) => mutant)
}

function report() {
  const folders = SUBJECTS.map((folder) => [folder, mutants.filter(({ place }) => place.startsWith(folder))])
  for (const [folder, some] of folders) if (some.length > 0) console.log(`${folder}: ${score(some)}`)
  console.log(score(mutants))
}

function score(some) {
  const killed = some.filter(({ fate }) => fate === 'killed').length
  return `${killed} of ${some.length} mutants killed, ${((100 * killed) / some.length).toFixed(1)} %`
}

async function inParallel(list, work) {
  const queue = list.slice()
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: Number(flags.jobs) }, worker))
}
