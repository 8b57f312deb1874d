// Builds dist/ from src/: ESM entries that share chunks, CommonJS entries that are doors onto one bundle (so that each
// class exists once per module system), and declarations for both. Nothing is renamed or minified away: stack traces
// and class names stay readable. The list of entries is package.json `exports`. Also dist/zeromq, a package of its own (standin.mjs).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundled, dropComments, writeThirdPartyLicences } from './bundling.mjs'
import { withDeclarations, writeDeclarations, writeDoors } from './declarations.mjs'
import { entries, sourceOf } from './source-aliases.mjs'
import { buildStandin, writeStandinTypes } from './standin.mjs'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
process.chdir(home)
rmSync('dist', { recursive: true, force: true })

const names = [...entries.keys()]
const esm = await buildEsm()
const cjs = await buildCjs(esm)
writeThirdPartyLicences('dist', esm, cjs)
dropComments(esm)
dropComments(cjs)
writeCommand()
await buildStandin('dist/zeromq')
emitDeclarations()
report()

async function buildEsm() {
  return await build({
    ...bundled,
    // No entries of the package: the worker thread of pseud/sync, for its CommonJS files too (src/sync/thread.ts), and the command. That shares
    // its chunks with the entries, so that a module which it serves registers with the same library.
    entryPoints: {
      ...Object.fromEntries(names.map((name) => [fileName(name), entries.get(name)])),
      'sync-worker': 'src/sync/worker.ts',
      cli: 'src/cli/pseud.ts',
    },
    outdir: 'dist/esm',
    chunkNames: 'chunk-[hash]',
    splitting: true,
    format: 'esm',
  })
}

async function buildCjs(esm) {
  const result = await build({
    ...bundled,
    stdin: {
      contents: names.map((name) => `export * as ${identifier(name)} from '${entries.get(name)}'`).join('\n'),
      resolveDir: home,
    },
    outfile: 'dist/cjs/bundle.cjs',
    format: 'cjs',
    // What CommonJS has instead.
    define: { 'import.meta.url': 'importMetaUrl' },
    inject: ['scripts/import-meta-url.mjs'],
  })
  for (const name of names) {
    const exported = esm.metafile.outputs[`dist/esm/${fileName(name)}.js`].exports
    writeFileSync(
      `dist/cjs/${fileName(name)}.cjs`,
      [
        "'use strict'",
        `const { ${identifier(name)} } = require('./bundle.cjs')`,
        `Object.defineProperty(${identifier(name)}, '__esModule', { value: true })`,
        `module.exports = ${identifier(name)}`,
        '// Never runs: it tells Node which names an `import` of this file may ask for.',
        `0 && (module.exports = { ${exported.join(', ')} })`,
        '',
      ].join('\n'),
    )
  }
  return result
}

/** What package.json `bin` names. */
function writeCommand() {
  mkdirSync('dist/cli')
  writeFileSync('dist/cli/pseud.js', "#!/usr/bin/env node\nimport '../esm/cli.js'\n", { mode: 0o755 })
}

function emitDeclarations() {
  withDeclarations((raw) => {
    const roots = names.map(sourceOf)
    writeDeclarations(raw, 'dist/types', 'cts', roots)
    writeDoors('dist/types', roots)
    writeStandinTypes('dist/zeromq', raw)
  })
}

function report() {
  for (const folder of ['dist/esm', 'dist/cjs', 'dist/zeromq/lib']) {
    const bytes = readdirSync(folder).reduce(
      (sum, name) => sum + readFileSync(path.join(folder, name)).length,
      0,
    )
    console.log(`${folder}: ${readdirSync(folder).length} files, ${(bytes / 1024).toFixed(0)} KiB`)
  }
}

/** `pseud` is pseud.js, `pseud/zmtp` is zmtp.js, `pseud/zmtp/v5-compat` is zmtp-v5-compat.js. */
function fileName(name) {
  return name === 'pseud' ? name : name.slice('pseud/'.length).replaceAll('/', '-')
}

function identifier(name) {
  return fileName(name).replaceAll('-', '_')
}
