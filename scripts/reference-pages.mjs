// The model of reference-model.mjs as Markdown, a page for each entry, and what is missing in it. Strings in, strings out: no files.

const INTRODUCTIONS = new Map([
  [
    'pseud',
    'Calls in both directions over ZeroMQ: servers, clients, what they can be told, what they fail with.',
  ],
  ['pseud/zmtp', 'ZeroMQ sockets, call-compatible with version 6 of the native `zeromq` package.'],
  ['pseud/zmtp/v5-compat', 'The same sockets behind the API that the native package had up to version 5.'],
  ['pseud/sync', 'A client whose calls block until they are answered, for scripts and prompts.'],
  ['pseud/codec', 'Values to octets and back: MessagePack with the types of JavaScript.'],
])

const GROUPS = [
  ['Classes', (item) => item.kind === 'class' && !isError(item)],
  ['Functions', (item) => item.kind === 'function'],
  ['Values', (item) => item.kind === 'value'],
  ['Errors', (item) => isError(item)],
  ['Types', (item) => item.kind === 'interface' || item.kind === 'type'],
]
const HIDDEN = 'Not exported'

/** `pseud/zmtp/v5-compat` is `zmtp-v5-compat.md`. */
export function fileOf(entry) {
  return `${entry === 'pseud' ? entry : entry.slice('pseud/'.length).replaceAll('/', '-')}.md`
}

/** The pages, by file name. */
export function renderPages(model) {
  const book = plan(model)
  const files = new Map([['README.md', renderIndex(book)]])
  for (const page of book.pages) files.set(fileOf(page.entry), renderPage(page, book))
  return files
}

/** What is missing: one line for each, nothing when all is well. */
export function findFaults({ items }) {
  const faults = []
  for (const item of items.values()) {
    const at = `${item.file}: ${item.name}`
    if (item.doc === '') faults.push(`${at} has no docstring`)
    if (item.throws && !FAILS.test(item.doc)) faults.push(`${at} does not say what it throws`)
    const isOptions = /(?:Options|Limits)$/.test(item.name)
    for (const member of item.members) {
      const where = `${at}.${member.name}`
      if (member.doc === '' && !SAID_BY_TYPE.has(member.name)) faults.push(`${where} has no docstring`)
      if (isOptions && member.optional && !/\bdefault\b/i.test(member.doc))
        faults.push(`${where} does not say its default`)
      if (member.units.length > 0 && !member.units.some((unit) => wordIn(unit, member.doc))) {
        faults.push(`${where} does not say its unit: ${member.units.join(', ')}`)
      }
      if (member.throws && !FAILS.test(member.doc)) faults.push(`${where} does not say what it throws`)
    }
  }
  return faults.sort()
}

const FAILS = /\b(?:throws?|rejects?|fails?|refused?)\b/i
// What the docstring of the type says already, or the language.
const SAID_BY_TYPE = new Set(['()', 'new', '[]', '[Symbol.toStringTag]', '[Symbol.hasInstance]'])

function wordIn(word, text) {
  return new RegExp(`\\b${word}\\b`, 'i').test(text)
}

function isError(item) {
  return item.kind === 'class' && /\bextends \w*Error\b/.test(item.shown[0])
}

/**
 * Which item has which heading on which page. What is exported twice has its text on the first page; what is not exported and
 * named by others, on the first page that names it.
 */
function plan({ pages, items }) {
  const home = new Map()
  const planned = pages.map(({ entry, exported }) => {
    const groups = GROUPS.map(([title, fits]) => ({
      title,
      rows: exported.filter(({ item }) => fits(item)).sort((a, b) => compare(a.name, b.name)),
    }))
    for (const { name, item } of exported) {
      if (!home.has(item.id)) home.set(item.id, { entry, name })
    }
    return { entry, groups }
  })
  for (const page of planned) {
    const rows = []
    const reach = (item) => {
      for (const id of [item.refs, ...item.members.map((member) => member.refs)].flatMap((refs) => [
        ...refs,
      ])) {
        if (home.has(id)) continue
        home.set(id, { entry: page.entry, name: items.get(id).name })
        rows.push({ name: items.get(id).name, item: items.get(id) })
        reach(items.get(id))
      }
    }
    for (const { rows: exported } of page.groups) for (const { item } of exported) reach(item)
    page.groups.push({ title: HIDDEN, rows: rows.sort((a, b) => compare(a.name, b.name)) })
    page.groups = page.groups.filter((group) => group.rows.length > 0)
    page.anchors = anchorsOf(page)
  }
  return { pages: planned, home, items, aliases: aliasesIn(pages) }
}

/** What is declared under a name that it is not exported under. */
function aliasesIn(pages) {
  const all = pages.flatMap(({ exported }) => exported)
  const own = new Set(all.filter(({ name, item }) => name === item.name).map(({ item }) => item))
  return new Map(all.filter(({ item }) => !own.has(item)).map(({ name, item }) => [item.name, name]))
}

/** As GitHub makes them from headings, in the order in which these stand on the page. */
function anchorsOf(page) {
  const taken = new Map()
  const slug = (heading) => {
    const plain = heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-')
    const count = taken.get(plain) ?? 0
    taken.set(plain, count + 1)
    return count === 0 ? plain : `${plain}-${count}`
  }
  slug(page.entry)
  slug('Contents')
  const anchors = new Map()
  for (const { title, rows } of page.groups) {
    anchors.set(`## ${title}`, slug(title))
    if (isTable(rows)) continue
    for (const { name } of rows) anchors.set(name, slug(name))
  }
  return anchors
}

function renderIndex({ pages }) {
  return lines(
    '# Reference',
    '',
    'Every name that the package exports, with its declaration and docstring. Written by `npm run reference` from the sources;',
    '`npm run check` fails when a page is not current, a docstring is missing, or one does not say a default, a unit or what is thrown.',
    '',
    '| entry | |',
    '|---|---|',
    ...pages.map(({ entry }) => `| [\`${entry}\`](${fileOf(entry)}) | ${INTRODUCTIONS.get(entry) ?? ''} |`),
    '',
    'In all of them: durations are in ms and sizes in octets where nothing else is said; the codes of errors are explained in',
    '[errors.md](../errors.md), options side by side in [options.md](../options.md), bounds in [limits.md](../limits.md).',
  )
}

function renderPage(page, book) {
  const parts = [
    `# \`${page.entry}\``,
    '',
    `${INTRODUCTIONS.get(page.entry) ?? ''} Written by \`npm run reference\` from the docstrings of the sources. [Other entries](README.md).`,
    '',
    '## Contents',
    '',
  ]
  for (const { title, rows } of page.groups) {
    parts.push(
      `**[${title}](#${page.anchors.get(`## ${title}`)})**${title === HIDDEN ? ', but named by what is' : ''}`,
      '',
    )
    if (isTable(rows)) continue
    parts.push('| name | |', '|---|---|')
    for (const row of rows) {
      const text = firstSentence(row.item.doc).replaceAll('|', '\\|')
      parts.push(
        `| [\`${row.name}\`](#${page.anchors.get(row.name)}) | ${markUp(text, row.item, page, book)} |`,
      )
    }
    parts.push('')
  }
  for (const { title, rows } of page.groups) {
    parts.push(`## ${title}`, '')
    if (isTable(rows)) parts.push(...renderTable(rows, page, book), '')
    else for (const row of rows) parts.push(...renderItem(row, page, book))
  }
  return lines(...parts)
}

/** Many constants of one kind: a row for each says as much as a heading. */
function isTable(rows) {
  return rows.length > 20 && rows.every(({ item }) => item.kind === 'value')
}

function renderTable(rows, page, book) {
  return [
    '| name | value | |',
    '|---|---|---|',
    ...rows.map(({ name, item }) => {
      const [, value] = / = ([\s\S]*)$/.exec(item.shown[0]) ?? []
      return `| \`${name}\` | ${value === undefined ? '' : `\`${value}\``} | ${markUp(item.doc, item, page, book).replaceAll('\n', ' ').replaceAll('|', '\\|')} |`
    }),
  ]
}

function renderItem({ name, item }, page, book) {
  const heading = [`### \`${name}\``, '']
  const home = book.home.get(item.id)
  if (home.entry !== page.entry || home.name !== name) {
    const same = home.entry === page.entry ? 'The same as' : `The same as in \`${home.entry}\`:`
    return [
      ...heading,
      `${same} [\`${home.name}\`](${linkTo(item.id, page, book)}). ${markUp(firstSentence(item.doc), item, page, book)}`,
      '',
    ]
  }
  const renamed = (text) => text.replace(/\b\w+\b/g, (word) => book.aliases.get(word) ?? word)
  const parts = [...heading]
  const text = markUp(item.doc, item, page, book)
  if (text !== '') parts.push(text, '')
  parts.push('```typescript', ...item.shown.map(renamed), '```', '')
  const links = linksOf(item.refs, text, page, book)
  if (links !== '') parts.push(links, '')
  for (const member of item.members) {
    parts.push(...renderMember(renamed(member.shown), member, item, page, book))
  }
  if (item.members.length > 0) parts.push('')
  return parts
}

function renderMember(shown, member, item, page, book) {
  const doc = markUp(member.doc, item, page, book)
  const text = [doc, linksOf(member.refs, doc, page, book)].filter((part) => part !== '').join('\n\n')
  const head = shown.includes('\n')
    ? ['- ```typescript', ...shown.split('\n').map((line) => `  ${line}`), '  ```']
    : [`- \`${shown}\``]
  return text === ''
    ? head
    : [...head, '', ...text.split('\n').map((line) => (line === '' ? '' : `  ${line}`)), '']
}

/** To what a declaration names, but for what the text beside it links already. */
function linksOf(refs, text, page, book) {
  const links = [...refs]
    .map((id) => ({ name: book.home.get(id).name, link: linkTo(id, page, book) }))
    .sort((a, b) => compare(a.name, b.name))
    .filter(({ link }) => !text.includes(`](${link})`))
    .map(({ name, link }) => `[\`${name}\`](${link})`)
  return links.length === 0 ? '' : `→ ${links.join(', ')}`
}

function linkTo(id, page, book) {
  const { entry, name } = book.home.get(id)
  const there = book.pages.find((one) => one.entry === entry)
  return `${entry === page.entry ? '' : fileOf(entry)}#${there.anchors.get(name)}`
}

/** Links the types and documents that a docstring names; what would be HTML is text. */
function markUp(doc, item, page, book) {
  let fenced = false
  return doc
    .split('\n')
    .map((line) => {
      if (line.startsWith('```')) fenced = !fenced
      if (fenced || line.startsWith('```')) return line
      return line
        .split(/(`[^`]*`)/)
        .map((piece) => (piece.startsWith('`') ? linked(piece, item, page, book) : plain(piece)))
        .join('')
    })
    .join('\n')
}

function linked(code, item, page, book) {
  const [, name] = /^`([A-Z]\w+)(?:\.\w+)?`$/.exec(code) ?? []
  if (name === undefined || name === item.name) return code
  const found =
    [...book.home].find(([, one]) => one.name === name && one.entry === page.entry) ??
    [...book.home].find(([, one]) => one.name === name)
  return found === undefined ? code : `[${code}](${linkTo(found[0], page, book)})`
}

function plain(text) {
  return text.replaceAll('<', '&lt;').replace(/\bdocs\/([\w-]+\.md)\b/g, '[$1](../$1)')
}

function firstSentence(doc) {
  const [line = ''] = doc.split('\n')
  // A full stop inside of code ends nothing.
  const kept = line.replace(/`[^`]*`/g, (code) => code.replaceAll('. ', '.\0'))
  return (/^.*?\.(?= |$)/.exec(kept)?.[0] ?? kept).replaceAll('\0', ' ')
}

function compare(a, b) {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()]
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : 1
}

function lines(...all) {
  return `${all
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`
}
