// Runs an example against the sources: `node scripts/run-example.mjs NAME [argument …]` bundles examples/NAME.ts, or
// examples/NAME/main.ts with the files beside it, and imports it in this process. So `run-example.mjs demo/server` is
// examples/demo/server.ts. What an example says of files beside it holds, as it does where the example is copied to.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { installed } from './installed.mjs'
import { runnable, sourceAliases } from './source-aliases.mjs'

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
const folder = path.dirname(entry)

/** `new URL('./worker.ts', import.meta.url)` is what that file is bundled into, and any other file the one beside the source. */
const filesBeside = {
  name: 'files-beside',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      if (path.dirname(file) !== folder) return undefined
      const contents = readFileSync(file, 'utf8').replaceAll(
        /new URL\('\.\/([\w-]+)\.(\w+)', import\.meta\.url\)/g,
        (_all, base, ending) =>
          ending === 'ts'
            ? `new URL('./${base}.mjs', import.meta.url)`
            : `new URL('${pathToFileURL(path.join(folder, `${base}.${ending}`))}')`,
      )
      return { contents, loader: 'ts' }
    })
  },
}

// A folder per process, so that the same example may run many times at once; where the packages are that it uses.
const packages = existsSync(path.join(folder, 'package.json')) ? folder : home
if (packages !== home && !installed(packages)) process.exit(3)
const outdir = path.join(packages, 'build/examples', `${name.replaceAll('/', '-')}-${process.pid}`)
const isMain = path.basename(entry) === 'main.ts'
const files = isMain ? readdirSync(folder).filter((file) => file.endsWith('.ts')) : [path.basename(entry)]
mkdirSync(outdir, { recursive: true })
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))
await build({
  ...runnable,
  entryPoints: files.map((file) => path.join(folder, file)),
  outdir,
  outExtension: { '.js': '.mjs' },
  sourcemap: 'inline',
  plugins: [filesBeside, sourceAliases],
})
const started = path.join(outdir, path.basename(entry).replace(/\.ts$/, '.mjs'))
process.argv = [process.execPath, started, ...rest]
process.execArgv.push('--enable-source-maps') // for the processes that the example forks
process.setSourceMapsEnabled(true)
await import(pathToFileURL(started))
