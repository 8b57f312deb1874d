// The worker thread of `pseud/sync` as one file, for everything that is bundled inside this repository: such bundles lie anywhere, so they
// name that file instead of one beside them. The package has it beside its entries (build.mjs).
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const SPELLED = `typeof __dirname === 'string' ? \`\${__dirname}/sync-worker.cjs\` : ''`
let built

/** Lets src/sync/thread.ts start the worker thread that the sources make now. */
export function replaceSyncWorker(builder) {
  builder.onLoad({ filter: /[\\/]src[\\/]sync[\\/]thread\.ts$/ }, async ({ path: file }) => {
    const text = readFileSync(file, 'utf8')
    if (!text.includes(SPELLED)) throw new Error(`${file} does not say ${SPELLED}`)
    built ??= buildWorker()
    return { contents: text.replace(SPELLED, JSON.stringify(await built)), loader: 'ts' }
  })
}

/** Named by what is in it, so that builds at the same time do not disturb each other. */
async function buildWorker() {
  const result = await build({
    entryPoints: [path.join(home, 'src/sync/worker.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    sourcemap: 'inline',
    write: false,
    logLevel: 'warning',
    outdir: path.join(home, 'build/sync'),
  })
  const { contents } = result.outputFiles[0]
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 16)
  const file = path.join(home, 'build/sync', `worker-${hash}.mjs`)
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(`${file}.${process.pid}`, contents)
    renameSync(`${file}.${process.pid}`, file)
  }
  return file
}
