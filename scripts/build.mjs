// Builds dist/ from src/: the code once, as CommonJS files that share chunks, for that runs everywhere, also where `require` takes no ES module;
// ES modules that are doors onto it, so that each class exists once in a process; declarations for both; what is bundled, and its licences.
// The list of entries is package.json `exports`. Also dist/zeromq, a package of its own (standin.mjs).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundled, compact } from './bundling.mjs'
import { commonJsOf } from './commonjs.mjs'
import { withDeclarations, writeDeclarations } from './declarations.mjs'
import { entries, sourceOf } from './source-aliases.mjs'
import { buildStandin, writeStandinTypes } from './standin.mjs'
import { writeThirdParties } from './third-parties.mjs'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
process.chdir(home)
rmSync('dist', { recursive: true, force: true })

const names = [...entries.keys()]
await buildCode()
await buildStandin('dist/zeromq')
emitDeclarations()
report()

async function buildCode() {
  const result = await build({
    ...bundled,
    // No entries of the package: the worker thread of pseud/sync, and the command. They share their chunks with the entries, so that a module
    // which the command serves registers with the same library.
    entryPoints: {
      ...Object.fromEntries(names.map((name) => [fileName(name), entries.get(name)])),
      'sync-worker': 'src/sync/worker.ts',
      command: 'src/cli/pseud.ts',
    },
    outdir: 'dist/cjs',
    splitting: true,
    format: 'esm',
    write: false,
  })
  mkdirSync('dist/cjs/lib', { recursive: true })
  mkdirSync('dist/esm')
  const files = commonJsOf(result)
  for (const [file, { text }] of files) {
    const isCommand = file === 'command.cjs'
    const code = compact(text, { anyName: isCommand })
    writeFileSync(`dist/cjs/${file}`, isCommand ? `#!/usr/bin/env node\n${code}` : code, {
      mode: isCommand ? 0o755 : 0o644,
    })
  }
  for (const file of names.map(fileName)) {
    const { exported } = files.get(`${file}.cjs`)
    // Only for code that was compiled from ES modules to CommonJS: this was one.
    const mark = "Object.defineProperty(module.exports, '__esModule', { value: true })\n"
    writeFileSync(`dist/cjs/${file}.cjs`, mark, { flag: 'a' })
    writeFileSync(`dist/esm/${file}.js`, `export { ${exported.join(', ')} } from '../cjs/${file}.cjs'\n`)
  }
  writeThirdParties('dist', 'pseud', result)
}

function emitDeclarations() {
  withDeclarations((raw) => {
    const doors = new Map(names.map((name) => [fileName(name), sourceOf(name)]))
    writeDeclarations(raw, 'dist/types', doors, 'cts')
    writeStandinTypes('dist/zeromq', raw)
  })
}

function report() {
  for (const folder of ['dist/cjs', 'dist/esm', 'dist/types', 'dist/zeromq']) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    )
    const bytes = files.reduce(
      (sum, { parentPath, name }) => sum + readFileSync(path.join(parentPath, name)).length,
      0,
    )
    console.log(`${folder}: ${files.length} files, ${(bytes / 1024).toFixed(0)} KiB`)
  }
}

/** `pseud` is pseud.js, `pseud/zmtp` is zmtp.js, `pseud/zmtp/v5-compat` is zmtp-v5-compat.js. */
function fileName(name) {
  return name === 'pseud' ? name : name.slice('pseud/'.length).replaceAll('/', '-')
}
