// What a large API costs the compiler: the stub of 1,000 functions, each of them called, against the declarations that users get.
// Counted in instantiations of types and not in seconds, so that it is the same on every machine.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const thousand = suite('a thousand methods')
const MOST = 60_000
const GROUPS = 50
const TSC = 'node_modules/typescript/bin/tsc'
let folder = ''

thousand.before(() => {
  mkdirSync('build', { recursive: true })
  folder = mkdtempSync(path.resolve('build', 'thousand-'))
  const types = path.join(folder, 'types')
  const built = spawnSync(process.execPath, [TSC, '-p', 'tsconfig.build.json', '--outDir', types], {
    encoding: 'utf8',
  })
  assert.is(built.status, 0, built.stdout)
})
thousand.after(() => rmSync(folder, { recursive: true, force: true }))

/** One function as it is written down, and a call of it. `g` differs from group to group, so that types do too. */
type Kind = readonly [declared: (g: number) => string, called: (g: number) => string]

const plain: Kind = [
  (g) => `(text: string, options: { readonly n${g}: number }) => ({ text, n: options.n${g} })`,
  (g) => `('a', { n${g}: 1 })`,
]
const async: Kind = [(g) => `async (n: number, how?: 'x' | 'y${g}') => [n, how] as const`, () => '(1)']
const context: Kind = [
  () => 'method((ctx, a: { id: number; tags: string[] }) => ({ ...a, user: ctx.user }))',
  () => '({ id: 1, tags: [] })',
]
const stream: Kind = [(g) => `async function* (n: number) { yield { n, g: ${g} } }`, () => '(1)']
const generic: Kind = [
  () => 'async <T>(list: readonly T[]): Promise<T | undefined> => list[0]',
  () => '([1])',
]
const union: Kind = [
  (g) => `(flag: boolean): 'yes' | { no: ${g} } => (flag ? 'yes' : { no: ${g} })`,
  () => '(true)',
]

// The twenty functions of a group.
const MIXED = [
  ...Array.from({ length: 8 }, () => plain),
  ...Array.from({ length: 6 }, () => async),
  context,
  context,
  stream,
  generic,
  union,
  union,
]

function mixedApi(): string {
  const groups = each(
    GROUPS,
    (g) => `  group${g}: {\n${MIXED.map(([declared], i) => `    m${i}: ${declared(g)},\n`).join('')}  },\n`,
  )
  const calls = each(GROUPS, (g) =>
    MIXED.map((kind, i) => {
      const call = `client.group${g}.m${i}${kind[1](g)}`
      return kind === stream ? `  for await (const item of ${call}) void item.n\n` : `  await ${call}\n`
    }).join(''),
  )
  return program('method', `const api = {\n${groups}}\n`, 'typeof api', calls)
}

function declaredApi(): string {
  const groups = each(
    GROUPS,
    (g) =>
      `  group${g}: {\n${each(20, (i) => `    m${i}(a: string, b: number): { readonly x${g}: number; readonly y: string }\n`)}  }\n`,
  )
  const calls = each(GROUPS, (g) => each(20, (i) => `  await client.group${g}.m${i}('a', 1)\n`))
  return program('', `interface Api {\n${groups}}\n`, 'Api', calls)
}

function each(count: number, write: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => write(n)).join('')
}

function program(imports: string, api: string, type: string, calls: string): string {
  const names = ['Client', imports].filter((name) => name !== '').join(', ')
  return `import { ${names} } from 'pseud'\n${api}export async function use(): Promise<void> {\n  const client = new Client<${type}>('remote')\n${calls}}\n`
}

/** What the compiler says of a program, with its figures. */
function compile(name: string, code: string): string {
  writeFileSync(path.join(folder, `${name}.ts`), code)
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: {
      isolatedDeclarations: false,
      declaration: false,
      paths: { pseud: ['./types/index.d.ts'] },
    },
    include: [`${name}.ts`],
    exclude: [],
  }
  const project = path.join(folder, `tsconfig.${name}.json`)
  writeFileSync(project, JSON.stringify(config))
  const flags = ['--pretty', 'false', '--extendedDiagnostics', '-p', project]
  return spawnSync(process.execPath, [TSC, ...flags], { encoding: 'utf8' }).stdout
}

for (const [name, code, what] of [
  ['mixed', mixedApi(), 'inferred from an object of functions of all kinds'],
  ['declared', declaredApi(), 'declared by an interface'],
] as const) {
  thousand(`an API of 1,000 methods ${what}, each called, stays under ${MOST} instantiations`, () => {
    const said = compile(name, code)
    assert.not.match(said, /error TS/)
    const count = Number(/^Instantiations:\s+(\d+)/m.exec(said)?.[1])
    console.log(`REPORT: 1,000 methods, ${what}: ${count} instantiations`)
    assert.ok(count > 1000, 'the compiler counts no more')
    assert.ok(count < MOST, `${count} instantiations`)
  })
}

thousand('the fixture is checked at all: a call that is wrong fails', () => {
  const wrong = declaredApi().replace("m0('a', 1)", "m0('a', '1')")
  assert.match(compile('wrong', wrong), /error TS2345/)
})

thousand.run()
