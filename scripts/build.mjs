// Builds dist/ from src/: ESM entries that share chunks, CommonJS entries that are doors onto one bundle (so that each
// class exists once per module system), and declarations for both. Nothing is renamed or minified away: stack traces
// and class names stay readable. The list of entries is package.json `exports`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { entries } from './source-aliases.mjs'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
process.chdir(home)
rmSync('dist', { recursive: true, force: true })

const shared = {
  bundle: true,
  platform: 'node',
  target: 'es2022', // below it, #private fields become WeakMaps: fifteen times slower (test/package.test.ts looks)
  minifySyntax: true, // folds `const` numbers across files; renames nothing
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
}
const names = [...entries.keys()]
const esm = await buildEsm()
const cjs = await buildCjs(esm)
writeThirdPartyLicences(esm, cjs)
emitDeclarations()
report()

async function buildEsm() {
  return await build({
    ...shared,
    entryPoints: Object.fromEntries(names.map((name) => [fileName(name), entries.get(name)])),
    outdir: 'dist/esm',
    chunkNames: 'chunk-[hash]',
    splitting: true,
    format: 'esm',
  })
}

async function buildCjs(esm) {
  const result = await build({
    ...shared,
    stdin: {
      contents: names.map((name) => `export * as ${fileName(name)} from '${entries.get(name)}'`).join('\n'),
      resolveDir: home,
    },
    outfile: 'dist/cjs/bundle.cjs',
    format: 'cjs',
  })
  for (const name of names) {
    const exported = esm.metafile.outputs[`dist/esm/${fileName(name)}.js`].exports
    writeFileSync(
      `dist/cjs/${fileName(name)}.cjs`,
      [
        "'use strict'",
        `const { ${fileName(name)} } = require('./bundle.cjs')`,
        `Object.defineProperty(${fileName(name)}, '__esModule', { value: true })`,
        `module.exports = ${fileName(name)}`,
        '// Never runs: it tells Node which names an `import` of this file may ask for.',
        `0 && (module.exports = { ${exported.join(', ')} })`,
        '',
      ].join('\n'),
    )
  }
  return result
}

// Bundled packages are dev dependencies whose code ships inside ours: their licence texts ship too.
function writeThirdPartyLicences(...results) {
  const packages = new Set()
  for (const { metafile } of results) {
    for (const output of Object.values(metafile.outputs)) {
      for (const input of Object.keys(output.inputs)) {
        const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)
        if (match !== null) packages.add(match[1])
      }
    }
  }
  if (packages.size === 0) return
  const texts = [...packages].sort().map((name) => {
    const file = `node_modules/${name}/LICENSE`
    if (!existsSync(file)) throw new Error(`${name} is bundled but has no LICENSE to ship`)
    return `${name}\n\n${readFileSync(file, 'utf8').trim()}\n`
  })
  writeFileSync('dist/THIRD_PARTY_LICENSES', texts.join('\n---\n\n'))
}

// tsc writes one tree of .d.ts whose imports say `.ts`; from it come a tree for `import` and one for `require`, because
// in a package of type "module" a .d.ts always describes an ES module.
function emitDeclarations() {
  const raw = `build/types-${process.pid}`
  rmSync(raw, { recursive: true, force: true })
  const tsc = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', raw],
    {
      stdio: 'inherit',
    },
  )
  if (tsc.status !== 0) process.exit(tsc.status ?? 1)
  for (const name of readdirSync(raw, { recursive: true })) {
    const file = path.join(raw, String(name))
    if (!file.endsWith('.d.ts')) continue
    const text = readFileSync(file, 'utf8')
    for (const [tree, extension] of [
      ['types', 'ts'],
      ['types-cjs', 'cts'],
    ]) {
      const target = path.join('dist', tree, path.relative(raw, file)).replace(/\.d\.ts$/, `.d.${extension}`)
      mkdirSync(path.dirname(target), { recursive: true })
      writeFileSync(target, rewriteImports(text, extension === 'ts' ? 'js' : 'cjs'))
    }
  }
  rmSync(raw, { recursive: true, force: true })
}

function rewriteImports(text, extension) {
  return text.replace(/((?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, `$1.${extension}$2`)
}

function report() {
  for (const folder of ['dist/esm', 'dist/cjs']) {
    const bytes = readdirSync(folder).reduce(
      (sum, name) => sum + readFileSync(path.join(folder, name)).length,
      0,
    )
    console.log(`${folder}: ${readdirSync(folder).length} files, ${(bytes / 1024).toFixed(0)} KiB`)
  }
}

/** `pseud` is pseud.js, `pseud/zmtp` is zmtp.js. */
function fileName(name) {
  return name === 'pseud' ? name : name.slice('pseud/'.length)
}
