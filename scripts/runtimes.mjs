// `npm run runtimes [-- --only TEXT --short --save --keep]`: tries the packed tarball on every runtime, compiler, bundler and test runner that test/runtimes/
// package.json names, one cell after another, and prints the table of docs/runtimes.md; `--save` writes it there. The exit code is not 0 when a cell is red.
//   --only TEXT   the cells whose row, or row and column, hold TEXT; may be given several times
//   --short       the few that `npm test` tries: what is installed anyway
//   --tarball FILE   not what the repository packs now, but this
//   --keep        leaves the folder in which everything ran, and says where it is
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { short } from '../test/runtimes/groups/short.mjs'
import { Lab, NotHere } from '../test/runtimes/lab.mjs'
import { installed } from './installed.mjs'

const PAGE = 'docs/runtimes.md'
const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    short: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    tarball: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
if (flags.save && (flags.only.length > 0 || flags.short)) {
  console.error('--save writes the whole table: without --only and --short')
  process.exit(1)
}
if (!flags.short && !installed('test/runtimes')) process.exit(1)
const groups = flags.short ? [short] : (await import('../test/runtimes/groups/all.mjs')).groups

const lab = new Lab(flags.tarball)
process.on('exit', () => (flags.keep ? console.log(`kept: ${lab.home}`) : lab.remove()))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
await lab.writeProgram()

const counts = { green: 0, explained: 0, red: 0 }
const notes = []
const tables = []
for (const group of groups) {
  const rows = []
  for (const row of group.rows) {
    const columns = group.columns.filter((column) => row.cells[column] && wanted(`${row.name} ${column}`))
    if (columns.length === 0) continue
    const results = {}
    for (const column of columns) results[column] = await tryCell(row, column)
    rows.push([row.name, await versionOf(row), ...group.columns.map((column) => results[column] ?? '')])
  }
  if (rows.length > 0) tables.push(table(group, rows))
}

const text = [...tables, notes.map((note, i) => `${i + 1}. ${note}`).join('\n')].join('\n\n').trimEnd()
console.log(`\n${text}\n`)
if (flags.save) save(text)
console.log(`${counts.green} green, ${counts.explained} explained, ${counts.red} red`)
process.exit(counts.red > 0 || counts.green === 0 ? 1 : 0)

async function tryCell(row, column) {
  const began = Date.now()
  const tell = (word) => {
    console.log(
      `${word.padEnd(9)} ${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${row.name}: ${column}`,
    )
  }
  try {
    const note = await row.cells[column](lab)
    counts.green++
    tell('ok')
    return typeof note === 'string' ? `ok ${footnote(note)}` : 'ok'
  } catch (error) {
    if (error instanceof NotHere) {
      counts.explained++
      tell('not here')
      return `not here ${footnote(error.message)}`
    }
    counts.red++
    tell('RED')
    console.log(String(error.message).replaceAll(/^/gm, '      '))
    return 'RED'
  }
}

async function versionOf(row) {
  try {
    return await row.version(lab)
  } catch {
    return ''
  }
}

function wanted(name) {
  return flags.only.length === 0 || flags.only.some((part) => name.toLowerCase().includes(part.toLowerCase()))
}

function footnote(note) {
  if (!notes.includes(note)) notes.push(note)
  return `(${notes.indexOf(note) + 1})`
}

function table(group, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const head = ['', 'version', ...group.columns]
  return [`### ${group.title}`, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function save(printed) {
  const page = readFileSync(PAGE, 'utf8')
  const [start, end] = ['<!-- table: npm run runtimes -- --save -->', '<!-- end of the table -->']
  const before = page.slice(0, page.indexOf(start) + start.length)
  const day = new Date().toISOString().slice(0, 10)
  const where = `${day}, ${process.platform} ${process.arch}.`
  writeFileSync(PAGE, `${before}\n\n${where}\n\n${printed}\n\n${page.slice(page.indexOf(end))}`)
  console.log(`${PAGE} has the table`)
}
