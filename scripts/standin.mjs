// The package that stands in for `zeromq` where a dependency asks for that name (docs/decisions/0016-a-package-that-stands-in.md):
// `npm i zeromq@npm:pseud-zeromq`. It holds `pseud/zmtp` and what is exported below that, and nothing of `pseud` itself. As the native
// package it is CommonJS for everybody, so that a program and its dependencies share one set of classes and one default context.
// `npm run build` writes it to dist/zeromq; `node scripts/standin.mjs DIR` writes it alone.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundled, compact } from './bundling.mjs'
import { withDeclarations, writeDeclarations } from './declarations.mjs'
import { entries, sourceOf } from './source-aliases.mjs'
import { writeThirdParties } from './third-parties.mjs'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const ROOT = 'pseud/zmtp'
const NAME = 'pseud-zeromq'

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = path.resolve(process.argv[2] ?? 'dist/zeromq')
  process.chdir(home)
  rmSync(folder, { recursive: true, force: true })
  await buildStandin(folder)
  withDeclarations((raw) => writeStandinTypes(folder, raw))
}

/** The entries: file name without extension, and what it is in `pseud`. */
function doors() {
  return [...entries.keys()]
    .filter((name) => name === ROOT || name.startsWith(`${ROOT}/`))
    .map((name) => ({ file: name === ROOT ? 'index' : name.slice(ROOT.length + 1), name }))
}

/** Everything but the declarations. */
export async function buildStandin(folder) {
  mkdirSync(path.join(folder, 'lib'), { recursive: true })
  const result = await build({
    ...bundled,
    stdin: {
      contents: doors()
        .map(({ name }, i) => `export * as door${i} from '${entries.get(name)}'`)
        .join('\n'),
      resolveDir: home,
    },
    outfile: path.join(folder, 'lib/bundle.js'),
    format: 'cjs',
  })
  writeThirdParties(folder, NAME, result)
  const bundle = path.join(folder, 'lib/bundle.js')
  writeFileSync(bundle, compact(readFileSync(bundle, 'utf8')))
  for (const [i, { file, name }] of doors().entries()) {
    writeFileSync(path.join(folder, `${file}.js`), doorOf(`door${i}`, await exportedBy(name)))
  }
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)
  copyFileSync('LICENSE', path.join(folder, 'LICENSE'))
  copyFileSync('docs/standin-readme.md', path.join(folder, 'README.md'))
}

export function writeStandinTypes(folder, raw) {
  const files = new Map(doors().map(({ file, name }) => [file, sourceOf(name)]))
  writeDeclarations(raw, folder, files, 'ts')
}

async function exportedBy(name) {
  const { metafile } = await build({
    ...bundled,
    entryPoints: [entries.get(name)],
    outdir: 'build',
    format: 'esm',
    write: false,
  })
  return Object.values(metafile.outputs)[0].exports.filter((exported) => exported !== 'default')
}

// A plain object, whose members can be replaced as those of the native package can (sinon, jest.spyOn). `default` is for code that was
// compiled from `import zmq from`, and hidden, so that the names are those of the native package.
function doorOf(door, names) {
  return `'use strict'
const { ${door}: exported } = require('./lib/bundle.js')
module.exports = { ...exported }
Object.defineProperty(module.exports, '__esModule', { value: true })
Object.defineProperty(module.exports, 'default', { value: module.exports })
// Never runs: it tells Node which names an \`import\` of this file may ask for.
0 && (module.exports = { ${names.join(', ')} })
`
}

function manifest() {
  const { version, license, author, engines, homepage, bugs, repository, publishConfig } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  )
  const exported = doors().flatMap(({ file }) => {
    const target = { types: `./${file}.d.ts`, default: `./${file}.js` }
    return file === 'index'
      ? [['.', target]]
      : [
          [`./${file}`, target],
          [`./${file}.js`, target],
        ]
  })
  return {
    name: NAME,
    version,
    description:
      'Stands in for the native zeromq package: the same sockets without native code, from pseud/zmtp',
    keywords: ['zeromq', 'zmq', 'zmtp', '0mq'],
    license,
    author,
    homepage,
    bugs,
    repository,
    publishConfig,
    type: 'commonjs',
    engines,
    sideEffects: false,
    main: './index.js',
    types: './index.d.ts',
    exports: { ...Object.fromEntries(exported), './package.json': './package.json' },
  }
}
