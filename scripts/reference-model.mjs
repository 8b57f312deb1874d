// What the entries of the package export, read from the sources by the compiler's own API (typescript 7, `unstable`: its version is
// pinned; decision 0043): names, declarations as they are written, docstrings, what refers to what. Knows nothing of Markdown.
import path from 'node:path'
import { SyntaxKind } from 'typescript/unstable/ast'
import { API, SymbolFlags } from 'typescript/unstable/sync'

/**
 * @typedef {object} Member
 * @property {string} name      `close`, `constructor`, `[Symbol.asyncIterator]`, `()` for a call signature
 * @property {string} shown     as a reader sees it: `close(): Promise<void>`
 * @property {string} doc       '' when there is none
 * @property {Set<number>} refs items that it names
 * @property {boolean} optional may be left out: of an option, its default is to be said
 * @property {string[]} units   what its name and type say that it is measured in: `ms`, `octets`
 * @property {boolean} throws   its body has a `throw` of its own
 *
 * @typedef {object} Item
 * @property {number} id
 * @property {string} name
 * @property {'class' | 'function' | 'value' | 'interface' | 'type'} kind
 * @property {string} file      below the root: where it is declared
 * @property {string} doc
 * @property {string[]} shown   declarations, without members and bodies
 * @property {Set<number>} refs
 * @property {Member[]} members
 * @property {boolean} throws
 *
 * @typedef {object} Page
 * @property {string} entry
 * @property {{ name: string, item: Item }[]} exported  by name; an item may have several
 */

/**
 * The pages of `entries` (name to source file, absolute), and every item that these name without exporting it.
 * @returns {{ pages: Page[], items: Map<number, Item> }}
 */
export function readModel(root, config, entries) {
  const api = new API({ cwd: root })
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProjects()[0]
    const reader = new Reader(root, project)
    const pages = [...entries].map(([entry, file]) => ({ entry, exported: reader.exportsOf(file) }))
    reader.followAll()
    return { pages, items: reader.items }
  } finally {
    api.close()
  }
}

class Reader {
  /** @type {Map<number, Item>} */
  items = new Map()
  #root
  #project
  #checker
  /** Classes that a type of another name stands for (`ClientMembers`) to that type's item. */
  #faces = new Map()

  constructor(root, project) {
    this.#root = root
    this.#project = project
    this.#checker = project.checker
  }

  exportsOf(file) {
    const source = this.#project.program.getSourceFile(file)
    const module = this.#checker.getSymbolAtLocation(source)
    return this.#checker
      .getExportsOfModule(module)
      .map((symbol) => ({ name: symbol.name, item: this.#itemOf(this.#target(symbol)) }))
      .sort((a, b) => compare(a.name, b.name))
  }

  /** Reads what is referred to until nothing new is. */
  followAll() {
    for (const item of this.items.values()) {
      for (const refs of [item.refs, ...item.members.map((member) => member.refs)]) {
        for (const id of [...refs]) {
          const face = this.#faces.get(id)
          if (face === undefined) continue
          refs.delete(id)
          refs.add(face)
        }
        refs.delete(item.id)
      }
    }
  }

  #target(symbol) {
    return symbol.flags & SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol
  }

  #itemOf(symbol) {
    const known = this.items.get(symbol.id)
    if (known !== undefined) return known
    const nodes = symbol.declarations.map((handle) => handle.resolve(this.#project))
    const item = {
      id: symbol.id,
      name: symbol.name,
      kind: kindOf(nodes),
      file: path.relative(this.#root, nodes[0].getSourceFile().fileName).split(path.sep).join('/'),
      doc: nodes.map(docOf).find((doc) => doc !== '') ?? '',
      shown: [],
      refs: new Set(),
      members: [],
      throws: nodes.some((node) => throwsItself(node.body)),
    }
    this.items.set(symbol.id, item)
    const behind = this.#classBehind(nodes)
    if (behind !== undefined) {
      const [face] = nodes.filter((node) => node.kind === SyntaxKind.TypeAliasDeclaration)
      item.kind = 'class'
      item.shown = [`class ${item.name}${typeParametersOf(face)}`]
      this.#faces.set(behind.symbol.id, item.id)
      this.#addMembers(item, behind.node)
      return item
    }
    for (const node of withoutImplementation(nodes)) {
      item.shown.push(this.#declare(node, item))
      this.#addMembers(item, node)
    }
    return item
  }

  /** `type Client = ClientMembers & …` with `const Client`: a class whose declaration cannot say all that its instances have. */
  #classBehind(nodes) {
    const alias = nodes.find((node) => node.kind === SyntaxKind.TypeAliasDeclaration)
    if (nodes.length !== 2 || alias === undefined) return undefined
    const first = alias.type.types?.[0]
    if (first?.kind !== SyntaxKind.TypeReference) return undefined
    const symbol = this.#target(this.#checker.getSymbolAtLocation(first.typeName))
    const node = symbol.declarations[0].resolve(this.#project)
    return node.kind === SyntaxKind.ClassDeclaration ? { symbol, node } : undefined
  }

  /** How the declaration is shown; what it names goes to `item.refs`. */
  #declare(node, item) {
    switch (node.kind) {
      case SyntaxKind.FunctionDeclaration:
        this.#refer(node, item.refs, node.body)
        return clean(node, node.getStart(), node.body?.pos ?? node.end)
      case SyntaxKind.ClassDeclaration:
      case SyntaxKind.InterfaceDeclaration: {
        for (const part of [...(node.typeParameters ?? []), ...(node.heritageClauses ?? [])])
          this.#refer(part, item.refs)
        const last = node.heritageClauses?.at(-1) ?? node.typeParameters?.at(-1) ?? node.name
        const close = node.heritageClauses === undefined && node.typeParameters !== undefined ? '>' : ''
        return clean(node, node.getStart(), last.end) + close
      }
      case SyntaxKind.TypeAliasDeclaration:
        if (node.type.kind === SyntaxKind.TypeLiteral)
          return `type ${node.name.text}${typeParametersOf(node)}`
        // What is computed from types says nothing to a reader: the docstring has to.
        if (isComputed(node.type)) return `type ${node.name.text}${typeParametersOf(node)} = …`
        this.#refer(node, item.refs)
        // With what is said of its parts: they have no place of their own on the page.
        return unindented(node, node.getStart(), node.end)
      case SyntaxKind.VariableDeclaration: {
        if (node.type === undefined) return `const ${clean(node, node.getStart(), node.end)}`
        if (node.type.kind === SyntaxKind.TypeLiteral) return `const ${node.name.text}`
        this.#refer(node.type, item.refs)
        return `const ${node.name.text}: ${typeOf(node)}`
      }
      default:
        throw new Error(`${item.file}: no way to show ${item.name}`)
    }
  }

  /** `under`: of which member these are the parts, `$rpc.`. */
  #addMembers(item, node, under = '') {
    const literal =
      !isFunctionLike(node) && node.type?.kind === SyntaxKind.TypeLiteral ? node.type : undefined
    const overloaded = new Set()
    const accessors = new Map()
    for (const member of node.members ?? literal?.members ?? []) {
      if (isHidden(member)) continue
      const name = nameOf(member)
      // The declaration behind overloads repeats them.
      if (member.body !== undefined && overloaded.has(name)) continue
      if (member.body === undefined && isFunctionLike(member)) overloaded.add(name)
      if (member.kind === SyntaxKind.SetAccessor && accessors.has(name)) {
        const getter = accessors.get(name)
        getter.shown = getter.shown.replace(/^readonly /, '')
        continue
      }
      const read = this.#readMember(item, node, member, name)
      read.name = under + name
      read.shown = under + read.shown
      if (member.kind === SyntaxKind.GetAccessor) accessors.set(name, read)
      item.members.push(read)
      const parts = describedParts(member)
      if (parts === undefined) continue
      const others = (member.type.types ?? []).filter((type) => type !== parts).map((type) => type.getText())
      read.shown = `${name}: ${[...others, '{ … }'].join(' & ')}`
      read.refs.clear()
      this.#refer(member, read.refs, parts)
      this.#addMembers(item, { type: parts }, `${name}.`)
    }
  }

  #readMember(item, owner, member, name) {
    const refs = new Set()
    this.#refer(member, refs, member.body ?? member.initializer)
    const own = docOf(member)
    return {
      name,
      shown: showMember(item, owner, member, name),
      doc: own === '' ? this.#inherited(owner, name) : own,
      refs,
      optional: member.questionToken !== undefined || member.postfixToken?.kind === SyntaxKind.QuestionToken,
      units: unitsOf(name, member.type),
      throws: throwsItself(member.body),
    }
  }

  /** What is said of a member where it is declared first. */
  #inherited(owner, name) {
    for (const clause of owner.heritageClauses ?? []) {
      for (const { expression } of clause.types) {
        const found = expression === undefined ? undefined : this.#checker.getSymbolAtLocation(expression)
        if (found === undefined) continue
        for (const handle of this.#target(found).declarations) {
          const base = handle.resolve(this.#project)
          const member = base?.members?.find((one) => nameOf(one) === name)
          const doc = member === undefined ? '' : docOf(member)
          if (doc !== '') return doc
          const further = base === undefined ? '' : this.#inherited(base, name)
          if (further !== '') return further
        }
      }
    }
    return ''
  }

  /** Collects into `refs` what `node` names that is declared in these sources; not inside `except`. */
  #refer(node, refs, except) {
    const visit = (one) => {
      if (one === undefined || one === except) return
      if (one.kind === SyntaxKind.TypeReference) this.#name(one.typeName, refs)
      else if (one.kind === SyntaxKind.ExpressionWithTypeArguments) this.#name(one.expression, refs)
      one.forEachChild((child) => void visit(child))
    }
    visit(node)
  }

  #name(node, refs) {
    const found = this.#checker.getSymbolAtLocation(node)
    if (found === undefined) return
    const symbol = this.#target(found)
    const declared = symbol.declarations[0]
    if (declared === undefined || symbol.flags & SymbolFlags.TypeParameter) return
    const file = declared.resolve(this.#project)?.getSourceFile().fileName
    if (file === undefined || !file.startsWith(`${this.#root}/`) || file.includes('/node_modules/')) return
    this.#itemOf(symbol)
    refs.add(symbol.id)
  }
}

const KINDS = new Map([
  [SyntaxKind.ClassDeclaration, 'class'],
  [SyntaxKind.FunctionDeclaration, 'function'],
  [SyntaxKind.VariableDeclaration, 'value'],
  [SyntaxKind.InterfaceDeclaration, 'interface'],
  [SyntaxKind.TypeAliasDeclaration, 'type'],
])

function kindOf(nodes) {
  return KINDS.get(nodes[0].kind)
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Of overloads, those that can be seen from outside. */
function withoutImplementation(nodes) {
  return nodes.length > 1 && nodes.some((node) => isFunctionLike(node) && node.body === undefined)
    ? nodes.filter((node) => node.body === undefined)
    : nodes
}

function isFunctionLike(node) {
  return [
    SyntaxKind.FunctionDeclaration,
    SyntaxKind.MethodDeclaration,
    SyntaxKind.MethodSignature,
    SyntaxKind.Constructor,
  ].includes(node.kind)
}

/** Private, `#private`, `@internal`, static blocks, and what has a symbol of ours for a name. */
function isHidden(member) {
  if (member.kind === SyntaxKind.ClassStaticBlockDeclaration) return true
  if (/^\[(?!Symbol\.)./.test(member.name?.getText() ?? '')) return true
  if (member.name?.kind === SyntaxKind.PrivateIdentifier) return true
  if (member.modifiers?.some(({ kind }) => kind === SyntaxKind.PrivateKeyword)) return true
  return isInternal(member)
}

/** The object in the type of a member whose members are described one by one. */
function describedParts(member) {
  if (member.kind !== SyntaxKind.PropertySignature) return undefined
  return [member.type, ...(member.type?.types ?? [])].find(
    (type) => type?.kind === SyntaxKind.TypeLiteral && type.members.some((part) => docOf(part) !== ''),
  )
}

function isInternal(node) {
  return /@internal\b/.test(commentOf(node))
}

function nameOf(member) {
  switch (member.kind) {
    case SyntaxKind.Constructor:
      return 'constructor'
    case SyntaxKind.CallSignature:
      return '()'
    case SyntaxKind.ConstructSignature:
      return 'new'
    case SyntaxKind.IndexSignature:
      return '[]'
    default:
      return member.name?.getText() ?? ''
  }
}

function showMember(item, owner, member, name) {
  const head = modifiersOf(owner, member)
  const start = member.modifiers === undefined ? member.getStart() : member.modifiers.at(-1).end
  const upTo = (end) => clean(member, start, end).trim()
  switch (member.kind) {
    case SyntaxKind.Constructor:
      return upTo(member.body?.pos ?? member.end).replace(/^constructor/, `new ${item.name}`)
    case SyntaxKind.GetAccessor:
      return `${member.modifiers ? head : ''}readonly ${name}: ${typeOf(member)}`
    case SyntaxKind.SetAccessor:
      return `${head}set ${name}(${member.parameters[0].getText()})`
    case SyntaxKind.PropertyDeclaration:
    case SyntaxKind.PropertySignature: {
      const mark = member.postfixToken?.kind === SyntaxKind.QuestionToken ? '?' : ''
      if (member.type === undefined) return `${head}${name} = ${member.initializer.getText()}`
      return `${head}${name}${mark}: ${typeOf(member)}`.replace(': \n', ':\n')
    }
    default:
      return head + upTo(member.body?.pos ?? member.end)
  }
}

const SAID = new Map([
  [SyntaxKind.StaticKeyword, 'static '],
  [SyntaxKind.ProtectedKeyword, 'protected '],
  [SyntaxKind.AbstractKeyword, 'abstract '],
  [SyntaxKind.ReadonlyKeyword, 'readonly '],
])

function modifiersOf(owner, member) {
  const isClass = owner.kind === SyntaxKind.ClassDeclaration
  return (member.modifiers ?? [])
    .map(({ kind }) => (kind === SyntaxKind.ReadonlyKeyword && !isClass ? '' : (SAID.get(kind) ?? '')))
    .join('')
}

function typeOf(node) {
  const type = clean(node, node.type.getStart(), node.type.end)
  // A union of several lines, each of which begins with a bar.
  return type.startsWith('|') ? `\n  ${type}` : type
}

function typeParametersOf(node) {
  const { typeParameters } = node
  return typeParameters === undefined ? '' : `<${typeParameters.map((one) => one.getText()).join(', ')}>`
}

/** Whether a type has to be worked out to know what it is. */
function isComputed(node) {
  let found = false
  const visit = (one) => {
    if ([SyntaxKind.ConditionalType, SyntaxKind.MappedType, SyntaxKind.InferType].includes(one.kind))
      found = true
    else one.forEachChild((child) => void visit(child))
  }
  visit(node)
  return found
}

/** A `throw` that is not one of a function inside. */
function throwsItself(body) {
  if (body === undefined) return false
  let found = false
  const visit = (node) => {
    if (node.kind === SyntaxKind.ThrowStatement) found = true
    if ([SyntaxKind.ArrowFunction, SyntaxKind.FunctionExpression].includes(node.kind)) return
    node.forEachChild((child) => void visit(child))
  }
  body.forEachChild((child) => void visit(child))
  return found
}

function unitsOf(name, type) {
  if (type?.kind !== SyntaxKind.NumberKeyword) return []
  if (/(?:Ms|Timeout|Interval|linger)$/.test(name)) return ['ms', 'seconds']
  return /(?:Bytes|Octets|Size)$/.test(name) ? ['octets', 'KiB', 'MiB'] : []
}

/** The last comment in front of a declaration, `/**` and all. What opens a file is about the file. */
function commentOf(node) {
  const statement = node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node
  const source = statement.getSourceFile()
  const trivia = source.text.slice(statement.pos, statement.getStart())
  const comments = [...trivia.matchAll(/\/\*\*[\s\S]*?\*\//g)]
  const last = comments.at(-1)
  return last === undefined || statement.pos + last.index === 0 ? '' : last[0]
}

/** The docstring as Markdown: a line for each paragraph, item or line of code. */
function docOf(node) {
  const lines = commentOf(node)
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  const joined = []
  let code = false
  for (const line of lines) {
    const fence = /^\s*```/.test(line)
    const before = joined.at(-1) ?? ''
    const continues =
      !code &&
      !fence &&
      before !== '' &&
      !/^\s*(?:```|\|)/.test(before) &&
      !/^\s*(?:[-*|]|\d+\.|@|$)/.test(line)
    if (continues) joined[joined.length - 1] = `${before} ${line.trim()}`
    else joined.push(code ? line : line.trim())
    if (fence) code = !code
  }
  return joined.join('\n').trim()
}

/** As `unindented`, without comments. */
function clean(node, from, to) {
  return unindented(node, from, to).replace(/\/\*[\s\S]*?\*\/\s*/g, '')
}

/** `[from, to)` of a declaration, without `export` and the like, remarks for linters, and the indentation of where `node` stands. */
function unindented(node, from, to) {
  const { text } = node.getSourceFile()
  const line = text.slice(text.lastIndexOf('\n', node.getStart()) + 1)
  const indent = ' '.repeat(line.length - line.trimStart().length)
  return text
    .slice(from, to)
    .replace(/^\s*\/\/.*\n/gm, '')
    .replaceAll(`\n${indent}`, '\n')
    .replace(/^(?:export |declare |async |override )+/, '')
    .trimEnd()
}
