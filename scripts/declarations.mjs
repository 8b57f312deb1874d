// The declarations of src/: tsc writes a .d.ts for each file; from them comes one file that declares what the entries export and what that refers to,
// and nothing else, and for each entry a door that names what is exported. One file is a fourth of many, packed. In a package of type "module" a
// .d.ts always describes an ES module, which `require` of a CommonJS file is not allowed to refer to, but a .d.ts may refer to a .d.cts.
//
// What is marked `@internal` is left out: a member of a class or an interface; of a constructor its parameters, and then only this package calls it.
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
 * Writes `folder`/declarations.d.`shared`, and for each of `entries`, a map from the name of a door to a file of src/ (`zmtp/index.ts`), doors with
 * the `extensions`.
 */
export function writeDeclarations(raw, folder, entries, { shared, extensions }) {
  const files = new Map()
  const kept = new Set()
  const exported = new Map()
  const doors = new Map()
  for (const [door, name] of entries) doors.set(door, exportsOf(fileOf(name)))

  const statements = [...files.values()].flatMap((file) => file.statements.filter((one) => kept.has(one)))
  checkNames(statements)
  const text = [
    ...importsOf(statements),
    ...statements.map(({ text }) => text.replace(/^export /m, '')),
    `export { ${[...exported.keys()].sort().join(', ')} }`,
    '',
  ].join('\n')
  const relative = /(?:from|import)\s*\(?\s*['"]\.[^'"]*['"]/.exec(text)
  if (relative !== null) throw new Error(`a declaration says ${relative[0]}, which is not rolled up`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, `declarations.d.${shared}`), text)
  for (const [door, names] of doors) {
    const words = `export { ${names.join(', ')} } from './declarations.${shared.replace('t', 'j')}'\n`
    for (const extension of extensions) writeFileSync(path.join(folder, `${door}.d.${extension}`), words)
  }

  function fileOf(name) {
    if (!files.has(name))
      files.set(name, parse(name, readFileSync(path.join(raw, name.replace(/\.ts$/, '.d.ts')), 'utf8')))
    return files.get(name)
  }

  /** What a door of `file` says: `Message`, or `SocketProxy as Proxy`. */
  function exportsOf(file) {
    return [...file.exports.keys()].sort().map((name) => {
      const local = resolve(file, name)
      exported.set(local, name)
      return local === name ? name : `${local} as ${name}`
    })
  }

  /** Keeps what `name` means in `file`, and says under which name it is declared. */
  function resolve(file, name) {
    const { from, name: there } = file.imports.get(name) ?? file.exports.get(name) ?? { name }
    if (from !== undefined)
      return from.startsWith('.')
        ? resolve(fileOf(path.posix.join(path.posix.dirname(file.name), from)), there)
        : name
    const found = file.statements.filter((one) => one.name === there)
    if (found.length === 0) throw new Error(`${file.name} declares no ${there}`)
    for (const one of found) keep(one, file)
    return there
  }

  function keep(statement, file) {
    if (kept.has(statement)) return
    kept.add(statement)
    const known = new Set(file.statements.map((one) => one.name))
    for (const [word] of statement.code.matchAll(/[A-Za-z_$][\w$]*/g)) {
      const imported = file.imports.get(word)
      if (imported !== undefined && !imported.from.startsWith('.'))
        statement.imports.add(`${imported.name} ${word} ${imported.from}`)
      else if (imported !== undefined || known.has(word)) {
        const local = resolve(file, word)
        if (local !== word) statement.text = statement.text.replace(new RegExp(`\\b${word}\\b`, 'g'), local)
      }
    }
  }
}

// Declarations of tsc begin at the beginning of a line, with a comment before them or not.
const COMMENTS = /\/\*\*(?:[^*]|\*(?!\/))*\*\//g
const KEYWORD = '(?:export|declare|import|type|interface|class|abstract|const|let|function|enum)\\b'
// What a file owns and refuses to know is for those who change it; what stands last before a declaration describes that.
const HEADING = /^(?:\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*)+(?=\/\*\*)/
const BEGIN = new RegExp(`^(?:${COMMENTS.source}\\s*)*${KEYWORD}`, 'gm')
const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(?:type|interface|class|const|let|function|enum) (\w+)/
const WHOLE = /^import (?:type )?\* as (\w+) from '([^']+)';/
const LIST = /^(import|export) (?:type )?\{([^}]*)\}(?: from '([^']+)')?;/

/** A file of tsc's: its statements, and under which names it imports and exports what. */
function parse(name, text) {
  const file = { name, statements: [], imports: new Map(), exports: new Map() }
  const begins = [...text.matchAll(BEGIN)].map(({ index }) => index)
  for (const [i, begin] of begins.entries()) {
    const statement = withoutInternals(text.slice(begin, begins[i + 1]).trim())
    const code = statement.replace(COMMENTS, '').trim()
    const list = LIST.exec(code)
    const whole = WHOLE.exec(code)
    const declared = DECLARED.exec(code)
    if (list !== null) {
      for (const member of list[2].split(',').map((word) => word.trim().replace(/^type /, ''))) {
        const [there, here = there] = member.split(' as ')
        if (there !== '') file[`${list[1]}s`].set(here, { from: list[3], name: there })
      }
    } else if (declared !== null) {
      file.statements.push({
        name: declared[1],
        file: name,
        text: statement.replace(HEADING, ''),
        code,
        imports: new Set(),
      })
      if (code.startsWith('export ')) file.exports.set(declared[1], { name: declared[1] })
    } else if (whole !== null) {
      file.imports.set(whole[1], { from: whole[2], name: '*' })
    } else if (!/^import '/.test(code)) {
      throw new Error(`${name}: what is ${code.slice(0, 100)}?`)
    }
  }
  return file
}

// A member with a comment: all lines that are further in, or close what it opened.
const MEMBER = /^( {4}\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)( {4}(?! ).*\n(?:(?: {5}| {4}[\])}]).*\n)*)/gm

function withoutInternals(statement) {
  return statement.replace(MEMBER, (all, comment, member) => {
    if (!comment.includes('@internal')) return all
    return member.startsWith('    constructor(') ? '    protected constructor();\n' : ''
  })
}

/** In one file, a name means one thing. */
function checkNames(statements) {
  const declaredIn = new Map()
  for (const { name, file } of statements) {
    if (declaredIn.has(name) && declaredIn.get(name) !== file) {
      throw new Error(`${name} is declared in ${file} and in ${declaredIn.get(name)}: rename one`)
    }
    declaredIn.set(name, file)
  }
}

/** What `statements` need of Node's declarations. */
function importsOf(statements) {
  const lines = new Map()
  const taken = new Map(statements.map(({ name }) => [name, 'a declaration']))
  for (const entry of new Set(statements.flatMap((one) => [...one.imports]))) {
    const [name, local, from] = entry.split(' ')
    if (taken.has(local)) throw new Error(`${local} of ${from} is also ${taken.get(local)}: rename one`)
    taken.set(local, from)
    const words = name === '*' ? `* as ${local}` : `{ ${name === local ? name : `${name} as ${local}`} }`
    lines.set(local, `import ${words} from '${from}'`)
  }
  return [...lines.values()].sort()
}
