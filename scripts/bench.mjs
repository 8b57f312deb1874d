// `npm run bench [-- codec|frame|sockets|rpc ...] [--json] [--quick]`: builds the benchmarks as users' bundles are built
// (minifySyntax, es2022), installs the peers that only they need, runs one after the other, prints tables or, with
// --json, one line per row. `npm run bench:guard` runs bench/guard.ts alone, which needs no such peer.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { sourceAliases } from './source-aliases.mjs'

// Below bench/, so that bundles find bench/node_modules.
const outdir = `bench/build/${process.pid}`
// The files that a benchmark starts as processes of their own.
const PEERS = {
  'sockets.bench': ['one-way'],
  'handshake.bench': ['handshake'],
  'rpc.bench': ['rpc'],
  'threads.bench': ['threads'],
}
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const isGuard = flags.includes('--guard')
const all = readdirSync('bench')
  .filter((name) => name.endsWith('.bench.ts'))
  .map((name) => name.slice(0, -'.bench.ts'.length))
const unknown = wanted.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}: there are ${all.join(', ')}`)
  process.exit(2)
}

if (!isGuard && !existsSync('bench/node_modules/msgpackr')) {
  console.error('installing the peers of the benchmarks (bench/package.json)')
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: 'bench',
    stdio: ['ignore', process.stderr, 'inherit'],
    shell: process.platform === 'win32',
  })
  if (install.status !== 0) process.exit(install.status ?? 1)
}

const names = isGuard ? ['guard'] : (wanted.length > 0 ? wanted : all).map((name) => `${name}.bench`)
const peers = names.flatMap((name) => PEERS[name] ?? []).map((name) => `peers/${name}`)
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))
await build({
  entryPoints: [...names, ...peers].map((name) => `bench/${name}.ts`),
  outdir,
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
  plugins: [sourceAliases],
})

let status = 0
for (const name of names) {
  const run = spawnSync(
    process.execPath,
    ['--enable-source-maps', '--no-warnings', `${outdir}/${name}.js`, ...flags],
    { stdio: 'inherit' },
  )
  if (run.status !== 0) status = run.status ?? 1
}
process.exit(status)
