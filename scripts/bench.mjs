// `npm run bench [-- codec|sockets|rpc|memory|start-up|frame|... ] [--json] [--quick] [--aims] [--only=TEXT] [--save]`: builds the benchmarks as users'
// bundles are built (minifySyntax, es2022), installs the peers that only they need, runs one after the other, prints tables or, with --json, one
// line per row, and at the end which aims were met. --save keeps the lines in bench/results/latest.jsonl, of which `npm run bench:report [-- FILE]`
// makes docs/benchmarks.md. `npm run bench:guard` runs bench/guard.ts alone, which needs no such peer.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { buildWithBaseline } from './baseline.mjs'
import { installed, installedVersion } from './installed.mjs'
import { sourceAliases } from './source-aliases.mjs'

// Below bench/, so that bundles find bench/node_modules.
const outdir = `bench/build/${process.pid}`
const linesFile = `${outdir}/lines.jsonl`
const SAVED = 'bench/results/latest.jsonl'
// Those that the aims of bench/aims.json are about come first.
const AIMED = ['sockets', 'rpc', 'codec', 'memory', 'start-up']
// The files that a benchmark starts as processes of their own.
const PEERS = {
  'sockets.bench': ['one-way', 'round-trip'],
  'handshake.bench': ['handshake'],
  'rpc.bench': ['rpc'],
  'memory.bench': ['memory'],
  'threads.bench': ['threads'],
}
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const words = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const isGuard = flags.includes('--guard')
const isReport = flags.includes('--report')
const wanted = isReport ? [] : words
const all = readdirSync('bench')
  .filter((name) => name.endsWith('.bench.ts'))
  .map((name) => name.slice(0, -'.bench.ts'.length))
  .sort((a, b) => (AIMED.indexOf(a) + 1 || 99) - (AIMED.indexOf(b) + 1 || 99))
const unknown = wanted.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}: there are ${all.join(', ')}`)
  process.exit(2)
}
const parts = wanted.length > 0 ? wanted : flags.includes('--aims') ? AIMED : all
const names = isReport ? ['report'] : isGuard ? ['guard'] : parts.map((name) => `${name}.bench`)
const peers = names.flatMap((name) => PEERS[name] ?? []).map((name) => `peers/${name}`)

process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))
if (!isGuard && !isReport) {
  if (!installed('bench')) console.error('*** each benchmark says which of its peers is missing\n')
  if (parts.includes('start-up')) buildPackage()
}
const settings = {
  outbase: 'bench',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  minifySyntax: true,
  packages: 'external',
  sourcemap: 'linked',
  logLevel: 'warning',
}
await build({
  ...settings,
  entryPoints: [...names, ...peers, 'verdict'].map((name) => `bench/${name}.ts`),
  outdir,
  plugins: [sourceAliases],
})

if (isReport) process.exit(run('report', words))
if (isGuard) process.exit(run('guard', flags, await baseline()))

let status = 0
const load = os.loadavg()[0]
for (const [i, name] of names.entries()) {
  console.error(`part ${i + 1} of ${names.length}: ${parts[i]}`)
  status = run(name, flags, { PSEUD_BENCH_LINES: path.resolve(linesFile) }) || status
}
const lines = [JSON.stringify(machine()), ...linesOf(linesFile)]
writeFileSync(linesFile, `${lines.join('\n')}\n`)
if (flags.includes('--save')) save()
status = run('verdict', [linesFile, ...flags]) || status
process.exit(status)

function run(name, args, env = {}) {
  const done = spawnSync(
    process.execPath,
    ['--enable-source-maps', '--no-warnings', `${outdir}/${name}.js`, ...args],
    {
      stdio: 'inherit',
      env: { ...process.env, ...env },
    },
  )
  return done.status ?? 1
}

/** Where the guard finds the build to compare with. */
async function baseline() {
  const { baseline: commit } = JSON.parse(readFileSync('bench/budgets.json', 'utf8'))
  const options = { ...settings, entryPoints: ['bench/support/guarded.ts'], outdir: `${outdir}/baseline` }
  const isThere = await buildWithBaseline(commit, options)
  return isThere ? { PSEUD_BASELINE: path.resolve(outdir, 'baseline/support/guarded.js') } : {}
}

/** What start-up imports is what users import. */
function buildPackage() {
  console.error('building dist/, which start-up imports')
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (built.status !== 0) process.exit(built.status ?? 1)
}

function machine() {
  const { dependencies } = JSON.parse(readFileSync('bench/package.json', 'utf8'))
  const versions = { zeromq: installedVersion('.', 'zeromq') }
  for (const name of Object.keys(dependencies)) versions[name] = installedVersion('bench', name)
  return {
    run: parts,
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(
      ' ',
    ),
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() ?? '',
    load: [load, os.loadavg()[0]].map((number) => Number(number.toFixed(1))),
    versions,
  }
}

function linesOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

/** A run of some parts replaces what an earlier one had of them. */
function save() {
  const kept = linesOf(SAVED).flatMap((line) => {
    const value = JSON.parse(line)
    if (value.bench !== undefined) return parts.includes(value.bench) ? [] : [line]
    if (value.run === undefined) return [line]
    const run = value.run.filter((part) => !parts.includes(part))
    return run.length > 0 ? [JSON.stringify({ ...value, run })] : []
  })
  mkdirSync(path.dirname(SAVED), { recursive: true })
  writeFileSync(SAVED, `${[...kept, ...lines].join('\n')}\n`)
  console.error(`kept in ${SAVED}`)
}
