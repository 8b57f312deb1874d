// `npm run scale` and `npm run soak`: bundles test/load against the sources and runs its scale.ts or soak.ts, which say what they take.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { build } from 'esbuild'
import { runnable } from './source-aliases.mjs'

const [name, ...rest] = process.argv.slice(2)
const outdir = `build/load/${process.pid}`
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))
await build({
  ...runnable,
  entryPoints: [name, 'server', 'clients', 'attackers'].map((file) => `test/load/${file}.ts`),
  outdir,
  splitting: true,
})
const run = spawnSync(process.execPath, ['--enable-source-maps', `${outdir}/${name}.js`, ...rest], {
  stdio: 'inherit',
})
process.exit(run.status ?? 1)
