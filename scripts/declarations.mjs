// The declarations of src/: tsc writes one tree of .d.ts whose imports say `.ts`; from it come the trees that users get, whose imports say
// what lies beside them there. In a package of type "module" a .d.ts always describes an ES module, so `require` needs a tree of .d.cts.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Runs tsc once and hands the folder of its output to `use`. Ends the process when a type is wrong. */
export function withDeclarations(use) {
  const raw = `build/types-${process.pid}`
  rmSync(raw, { recursive: true, force: true })
  const tsc = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', raw],
    { stdio: 'inherit' },
  )
  if (tsc.status !== 0) process.exit(tsc.status ?? 1)
  use(raw)
  rmSync(raw, { recursive: true, force: true })
}

/** Writes the tree to `target`: .d.ts beside .js (`ts`), or .d.cts beside .cjs (`cts`). `folders` are those of src/ wanted, all by default. */
export function writeDeclarations(raw, target, extension, folders) {
  for (const name of readdirSync(raw, { recursive: true }).map(String)) {
    if (!name.endsWith('.d.ts')) continue
    if (folders !== undefined && !folders.includes(name.split(path.sep)[0])) continue
    const file = path.join(target, name.replace(/\.d\.ts$/, `.d.${extension}`))
    mkdirSync(path.dirname(file), { recursive: true })
    const text = readFileSync(path.join(raw, name), 'utf8')
    writeFileSync(file, rewriteImports(text, extension === 'ts' ? 'js' : 'cjs'))
  }
}

function rewriteImports(text, extension) {
  return text.replace(/((?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, `$1.${extension}$2`)
}
