// docs/reference is what the docstrings say, and they say all that they have to: every exported name and public member has one, every
// option its default, every duration and size its unit, every `throw` what is thrown. A project of its own shows that each is noticed.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFAULT_LIMITS } from '../src/codec/limits.ts'
import { DEFAULT_RPC_LIMITS } from '../src/rpc/api/options.ts'
import { OPTIONS } from '../src/zmtp/sockets/option-table.ts'

interface Member {
  readonly name: string
  readonly shown: string
  readonly doc: string
}

interface Item {
  readonly name: string
  readonly file: string
  readonly members: readonly Member[]
}

interface Model {
  readonly pages: readonly {
    readonly entry: string
    readonly exported: readonly { readonly name: string; readonly item: Item }[]
  }[]
  readonly items: ReadonlyMap<number, Item>
}

const load = (name: string) => import(path.resolve('scripts', name))
const reference = suite('reference-doc')
let readModel: (root: string, config: string, entries: ReadonlyMap<string, string>) => Model
let renderPages: (model: Model) => ReadonlyMap<string, string>
let findFaults: (model: Model) => string[]
let entries: ReadonlyMap<string, string>
let model: Model
let pages: ReadonlyMap<string, string>

reference.before(async () => {
  ;({ readModel } = await load('reference-model.mjs'))
  ;({ renderPages, findFaults } = await load('reference-pages.mjs'))
  ;({ entries } = await load('source-aliases.mjs'))
  model = readModel(process.cwd(), path.resolve('tsconfig.build.json'), entries)
  pages = renderPages(model)
})

reference('every exported name, public member, default, unit and throw is said', () => {
  assert.equal(findFaults(model), [])
})

reference('docs/reference is what `npm run reference` writes', () => {
  const written = readdirSync('docs/reference').map((name) => [
    name,
    readFileSync(path.join('docs/reference', name), 'utf8'),
  ])
  assert.equal(Object.fromEntries(written), Object.fromEntries(pages))
})

reference('every name that an entry exports is on its page, as a heading or in a table', async () => {
  const exported = await exportedValues()
  for (const [entry, source] of entries) {
    const page = pages.get(fileOf(entry))!
    const values = exported.get(source)!
    // The doors name their types one by one; what they pass on of others is in the list of values or in those.
    const types = [...readFileSync(source, 'utf8').matchAll(/\btype (\w+)(?=[,\s}])/g)].map(
      ([, name]) => name!,
    )
    assert.ok(values.length > 0, entry)
    for (const name of [...values, ...types]) {
      const found = page.includes(`\n### \`${name}\`\n`) || page.includes(`\n| \`${name}\` |`)
      assert.ok(found, `${entry}: ${name}`)
    }
  }
})

reference('every link on a page leads to a heading', () => {
  const anchors = new Map([...pages].map(([name, text]) => [name, anchorsOf(text)]))
  const wrong: string[] = []
  for (const [name, text] of pages) {
    for (const [, file, anchor] of text.matchAll(/\]\(([\w-]+\.md)?#([\w-]+)\)/g)) {
      if (!anchors.get(file ?? name)?.has(anchor!)) wrong.push(`${name} -> ${file ?? ''}#${anchor}`)
    }
  }
  assert.equal(wrong, [])
})

reference('a default that a docstring states is the one that there is', () => {
  const stated = (name: string) => new Map(itemOf(name).members.map((one) => [one.name, defaultIn(one.doc)]))
  assert.equal(Object.fromEntries(stated('RpcLimits')), { ...DEFAULT_RPC_LIMITS })
  assert.equal(Object.fromEntries(stated('Limits')), { ...DEFAULT_LIMITS })
  const sockets = [...model.items.values()].filter(
    ({ file, name }) => file.startsWith('src/zmtp/sockets/') && !/^Context$|Options$/.test(name),
  )
  let compared = 0
  for (const { name, initial } of OPTIONS) {
    for (const item of sockets) {
      const member = item.members.find((one) => one.name === name)
      if (member === undefined || !/\bdefault\b/i.test(member.doc)) continue
      compared++
      const there = typeof initial === 'bigint' ? Number(initial) : initial
      assert.is(defaultIn(member.doc), there, `${item.name}.${name}`)
    }
  }
  assert.ok(compared > 60, String(compared))
})

reference('what is missing is noticed', () => {
  const found = findFaults(fixture())
  assert.equal(found, [
    'test/fixtures/reference/index.ts: SomeOptions.defaultWrong does not say its default',
    'test/fixtures/reference/index.ts: SomeOptions.textWrong does not say its default',
    'test/fixtures/reference/index.ts: SomeOptions.textWrong has no docstring',
    'test/fixtures/reference/index.ts: SomeOptions.unitWrongMs does not say its unit: ms, seconds',
    'test/fixtures/reference/index.ts: Thing.throwWrong does not say what it throws',
    'test/fixtures/reference/index.ts: UnsaidWrong has no docstring',
    'test/fixtures/reference/index.ts: valueWrong has no docstring',
  ])
})

reference('a page shows declarations as a reader needs them', () => {
  const page = renderPages(fixture()).get('fixture.md')!
  const shows = (text: string) => assert.ok(page.includes(text), text)
  shows('\n### `renamed`\n\nA function under another name.\n')
  shows('```typescript\nfunction renamed(hidden: Hidden | undefined): void\n```\n\n→ [`Hidden`](#hidden)\n')
  shows(
    '```typescript\nfunction overloaded(first: string): string\nfunction overloaded(first: number): number\n```\n',
  )
  shows(
    '```typescript\nclass Thing<T>\n```\n\n- `new Thing(value: T)`\n\n  Says it.\n\n- `readonly value: T`\n',
  )
  shows('See [`Thing.value`](#thing), and `Nobody`.')
  shows('\n## Not exported\n\n### `Base`\n')
  shows('```typescript\ntype Hidden = …\n```\n')
  assert.not.match(page, '@internal')
  assert.not.match(page, 'hidden()')
})

reference.run()

function fixture(): Model {
  const folder = path.resolve('test/fixtures/reference')
  const of = new Map([['pseud/fixture', path.join(folder, 'index.ts')]])
  return readModel(process.cwd(), path.join(folder, 'tsconfig.json'), of)
}

function itemOf(name: string): Item {
  return [...model.items.values()].find((item) => item.name === name)!
}

function fileOf(entry: string): string {
  return `${entry.replace('pseud/', '').replaceAll('/', '-')}.md`
}

/** As GitHub makes them: `### \`Socket\`` is `#socket`, the second of a name `#socket-1`. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading] of text.matchAll(/^#+ (.*)$/gm)) {
    const plain = heading!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-')
    let anchor = plain
    for (let count = 1; anchors.has(anchor); count++) anchor = `${plain}-${count}`
    anchors.add(anchor)
  }
  return anchors
}

/** The value that a docstring gives as the default. */
function defaultIn(doc: string): number | boolean | null | undefined {
  const [, before, after] =
    /(-?\d+) \(default\)|\bdefault:? (?:`)?(-?[\d,]+(?: MiB)?|Infinity|true|false|null|none)/i.exec(doc) ?? []
  const text = before ?? after
  if (text === undefined) return undefined
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null' || text === 'none') return null
  const [digits = '', unit] = text.replaceAll(',', '').split(' ')
  return Number(digits) * (unit === undefined ? 1 : 1024 * 1024)
}

/** What the entries export at run time, by source file; nothing is run. */
async function exportedValues(): Promise<Map<string, string[]>> {
  const { build } = await import('esbuild')
  const { runnable } = await load('source-aliases.mjs')
  const { metafile } = await build({
    ...runnable,
    entryPoints: [...entries.values()],
    outdir: 'build/reference',
    write: false,
    sourcemap: false,
    metafile: true,
  })
  const outputs = Object.values(metafile!.outputs)
  return new Map(outputs.map(({ entryPoint, exports }) => [path.resolve(entryPoint!), exports]))
}
