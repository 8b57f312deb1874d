// Runs an example against the sources: `node scripts/run-example.mjs NAME [argument …]` bundles examples/NAME.ts, or
// examples/NAME/main.ts, and imports it in this process. So `run-example.mjs demo/server` is examples/demo/server.ts,
// and an example that needs more processes starts this script again.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { sourceAliases } from './source-aliases.mjs'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const [name, ...rest] = process.argv.slice(2)
const candidates = name === undefined ? [] : [`${name}.ts`, `${name}/main.ts`, name]
const entry = candidates
  .map((candidate) => path.join(home, 'examples', candidate))
  .find((file) => file.endsWith('.ts') && existsSync(file))
if (entry === undefined) {
  console.error(`no example ${name ?? '(name missing)'}: looked for ${candidates.join(', ')} in examples/`)
  process.exit(2)
}

// One file per process, so that the same example may run many times at once.
const outfile = path.join(home, 'build/examples', `${name.replaceAll('/', '-')}-${process.pid}.mjs`)
mkdirSync(path.dirname(outfile), { recursive: true })
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
  plugins: [sourceAliases],
})
process.on('exit', () => rmSync(outfile, { force: true }))
process.argv = [process.execPath, entry, ...rest]
process.setSourceMapsEnabled(true)
await import(pathToFileURL(outfile))
