// `npm run reference`: writes docs/reference/ from the docstrings of what the package exports. `-- --check` writes nothing, and fails when
// the pages are not what it would write, or a docstring is missing or leaves out what has to stand in it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readModel } from './reference-model.mjs'
import { findFaults, renderPages } from './reference-pages.mjs'
import { entries } from './source-aliases.mjs'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const folder = path.join(home, 'docs', 'reference')

const model = readModel(home, path.join(home, 'tsconfig.build.json'), entries)
const pages = renderPages(model)
const faults = findFaults(model)

if (process.argv.includes('--check')) {
  const names = new Set([...pages.keys(), ...(existsSync(folder) ? readdirSync(folder) : [])])
  for (const name of names) {
    const file = path.join(folder, name)
    const written = existsSync(file) ? readFileSync(file, 'utf8') : undefined
    if (written !== pages.get(name))
      faults.push(`docs/reference/${name} is not what the docstrings say: npm run reference`)
  }
} else {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of pages) writeFileSync(path.join(folder, name), text)
}
for (const fault of faults) console.error(fault)
const names = new Set(model.pages.flatMap(({ exported }) => exported.map(({ item }) => item.id)))
const members = [...model.items.values()].reduce((sum, item) => sum + item.members.length, 0)
console.log(`reference: ${names.size} exported names, ${members} members, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
