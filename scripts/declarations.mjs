// The declarations of src/: tsc writes one tree of .d.ts whose imports say `.ts`; from it come the trees that users get, whose imports say
// what lies beside them there. In a package of type "module" a .d.ts always describes an ES module, which `require` of a CommonJS file is not allowed
// to refer to, but a .d.ts may refer to a .d.cts: so the tree is one of .d.cts, and ES modules get doors onto it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/**
 * Writes to `target` what declares `roots` (files of src/, `zmtp/index.ts`) and what they refer to, and nothing else: .d.ts beside .js (`ts`), or .d.cts
 * beside .cjs (`cts`).
 */
export function writeDeclarations(raw, target, extension, roots) {
  const written = new Set()
  const wanted = [...roots]
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (written.has(name)) continue
    written.add(name)
    const text = readFileSync(path.join(raw, name.replace(/\.ts$/, '.d.ts')), 'utf8')
    for (const [, , imported] of text.matchAll(IMPORTED)) {
      wanted.push(path.posix.join(path.posix.dirname(name), `${imported}.ts`))
    }
    const file = path.join(target, name.replace(/\.ts$/, `.d.${extension}`))
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text.replace(HEADING, '').replace(IMPORTED, `$1$2.${extension.replace('t', 'j')}`))
  }
}

/** For ES modules, whose declarations have to be a file of their own: beside each of `roots` in `target` one that exports all of it. */
export function writeDoors(target, roots) {
  for (const name of roots) {
    const file = path.posix.basename(name, '.ts')
    writeFileSync(path.join(target, path.dirname(name), `${file}.d.ts`), `export * from './${file}.cjs'\n`)
  }
}

const IMPORTED = /((?:from|import)\s*\(?\s*['"])(\.{1,2}\/[^'"]+)\.ts(?=['"])/g
// What a file owns and refuses to know is for those who change it. It stands before an import or another comment; what stands before a
// declaration describes that.
const HEADING = /^\s*\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*(?=import\b|\/\*\*)/
