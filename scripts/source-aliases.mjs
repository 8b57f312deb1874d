// `pseud` and its entries mean the sources, for everything that is bundled inside this repository (tests, examples,
// benchmarks, README snippets). The list of entries is read from package.json: one place to add one.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { replaceSyncWorker } from './sync-worker.mjs'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** Entry name (`pseud`, `pseud/zmtp`, …) to its source file, absolute. */
export const entries = new Map(
  Object.keys(JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')).exports)
    .filter((key) => !key.endsWith('.json'))
    .map((key) => [
      key === '.' ? 'pseud' : `pseud/${key.slice(2)}`,
      path.join(home, 'src', key === '.' ? '' : key, 'index.ts'),
    ]),
)

/** The source file of an entry, below src/: `zmtp/index.ts`. */
export function sourceOf(name) {
  return path.relative(path.join(home, 'src'), entries.get(name)).split(path.sep).join('/')
}

/** esbuild plugin. */
export const sourceAliases = {
  name: 'source-aliases',
  setup(builder) {
    replaceSyncWorker(builder)
    builder.onResolve({ filter: /^pseud(\/|$)/ }, (request) => {
      const file = entries.get(request.path)
      return file === undefined
        ? { errors: [{ text: `package.json exports no ${request.path}` }] }
        : { path: file }
    })
  },
}

/** What esbuild is told where files are bundled against the sources to be run here and now. */
export const runnable = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  packages: 'external',
  sourcemap: 'linked',
  logLevel: 'warning',
  plugins: [sourceAliases],
}
