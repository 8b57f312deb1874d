// The declarations of src/: tsc writes a .d.ts for each file; from them comes one file that declares what the entries export and what that refers to,
// and nothing else, and for each entry a door that names what is exported. One file is a fourth of many, packed. In a package of type "module" a
// .d.ts always describes an ES module, which `require` of a CommonJS file is not allowed to refer to, but a .d.ts may refer to a .d.cts.
//
// What is marked `@internal` is left out: all members of a class, or one; of a constructor its parameters, and then only this package calls it. So are
// protected members of classes that no entry exports, which nobody can extend.
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
 * Writes `folder`/declarations.d.`shared` (ts or cts), and for each of `entries`, a map from the name of a door to a file of src/ (`zmtp/index.ts`),
 * a door; beside one of .d.cts, one for ES modules.
 */
export function writeDeclarations(raw, folder, entries, shared) {
  const files = new Map()
  const kept = new Set()
  const exported = new Map()
  const doors = new Map()
  for (const [door, name] of entries) doors.set(door, exportsOf(fileOf(name)))
  for (const found of exported.values()) for (const one of found) keep(one)

  const statements = [...files.values()].flatMap((file) => file.statements.filter((one) => kept.has(one)))
  checkNames(statements)
  const text = [
    ...importsOf(statements),
    ...statements.map((one) => dense(withModifier(one.text, exported.has(one.name)))),
    'export {}', // what does not say so is not exported
    '',
  ].join('\n')
  const relative = /(?:from|import)\s*\(?\s*['"]\.[^'"]*['"]/.exec(text)
  if (relative !== null) throw new Error(`a declaration says ${relative[0]}, which is not rolled up`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, `declarations.d.${shared}`), text)
  for (const [door, names] of doors) {
    const from = (file) => `from './${file}.${shared.replace('t', 'j')}'\n`
    writeFileSync(
      path.join(folder, `${door}.d.${shared}`),
      `export { ${names.join(', ')} } ${from('declarations')}`,
    )
    if (shared === 'cts') writeFileSync(path.join(folder, `${door}.d.ts`), `export * ${from(door)}`)
  }

  function fileOf(name) {
    if (!files.has(name))
      files.set(name, parse(name, readFileSync(path.join(raw, name.replace(/\.ts$/, '.d.ts')), 'utf8')))
    return files.get(name)
  }

  /** What a door of `file` says: `Message`, or `SocketProxy as Proxy`. */
  function exportsOf(file) {
    return [...file.exports.keys()].sort().map((name) => {
      const { local, found } = resolve(file, name)
      exported.set(local, found)
      return local === name ? name : `${local} as ${name}`
    })
  }

  /** What `name` means in `file`: the statements that declare it, and under which name. */
  function resolve(file, name) {
    const { from, name: local } = file.imports.get(name) ?? file.exports.get(name) ?? { name }
    if (from !== undefined)
      return resolve(fileOf(path.posix.join(path.posix.dirname(file.name), from)), local)
    const found = file.statements.filter((one) => one.name === local)
    if (found.length === 0) throw new Error(`${file.name} declares no ${local}`)
    return { local, found }
  }

  function keep(statement) {
    if (kept.has(statement)) return
    kept.add(statement)
    const { file } = statement
    if (!exported.has(statement.name)) statement.text = statement.text.replace(MEMBER, withoutProtected)
    const known = new Set(file.statements.map((one) => one.name))
    for (const word of new Set(statement.text.replace(COMMENTS, '').match(/[A-Za-z_$][\w$]*/g))) {
      const imported = file.imports.get(word)
      if (imported !== undefined && !imported.from.startsWith('.')) {
        statement.imports.add(`${imported.name} ${word} ${imported.from}`)
      } else if (imported !== undefined || known.has(word)) {
        const { local, found } = resolve(file, word)
        for (const one of found) keep(one)
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
    const statement = withoutInternals(
      text
        .slice(begin, begins[i + 1])
        .trim()
        .replace(HEADING, ''),
    )
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
      file.statements.push({ name: declared[1], file, text: statement, imports: new Set() })
      if (code.startsWith('export ')) file.exports.set(declared[1], { name: declared[1] })
    } else if (whole !== null) {
      file.imports.set(whole[1], { from: whole[2], name: '*' })
    } else if (!/^import '/.test(code)) {
      throw new Error(`${name}: what is ${code.slice(0, 100)}?`)
    }
  }
  return file
}

// A member, with its comment or without: all lines that are further in, or close what it opened.
const MEMBER = /^( {4}\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)?( {4}(?![ /]).*\n(?:(?: {5}| {4}[\])}]).*\n)*)/gm

function withoutInternals(statement) {
  const [own = ''] = /^\/\*\*(?:[^*]|\*(?!\/))*\*\//.exec(statement) ?? []
  if (own.includes('@internal')) return statement.replace(MEMBER, '').replace(/\{\n/, '{\n    #private;\n')
  return statement.replace(MEMBER, (all, comment = '', member) => {
    if (!comment.includes('@internal')) return all
    return member.startsWith('    constructor(') ? '    protected constructor();\n' : ''
  })
}

function withoutProtected(all, _comment, member) {
  return /^ {4}protected (?!constructor)/.test(member) ? '' : all
}

/** `export`, or `declare` where that is needed. */
function withModifier(text, isExported) {
  const [comments] = /^(?:\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*)*/.exec(text)
  const code = text.slice(comments.length).replace(/^(?:export )?(?:declare )?/, '')
  return `${comments}${isExported ? 'export ' : /^(?:type|interface)\b/.test(code) ? '' : 'declare '}${code}`
}

/** Less white space: one column where tsc has four, and a comment that is one paragraph on one line. */
function dense(text) {
  return text
    .replace(/^ +/gm, (spaces) => ' '.repeat(spaces.length / 4))
    .replace(COMMENTS, (comment) => {
      const lines = comment
        .slice(3, -2)
        .trim()
        .replace(/^\* /, '')
        .split(/\n *\* ?/)
      return lines.some((line) => /^$|^[-@|\d ]|```/.test(line)) ? comment : `/** ${lines.join(' ')} */`
    })
}

/** In one file, a name means one thing. */
function checkNames(statements) {
  const declaredIn = new Map()
  for (const { name, file } of statements) {
    if (declaredIn.has(name) && declaredIn.get(name) !== file.name) {
      throw new Error(`${name} is declared in ${file.name} and in ${declaredIn.get(name)}: rename one`)
    }
    declaredIn.set(name, file.name)
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
