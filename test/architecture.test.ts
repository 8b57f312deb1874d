// Holds the sources to the layers of docs/architecture.md: who may import whom, no cycles, no time or chance or network
// outside transport/, one heading per file, no file grown past 400 lines without saying why. Reads text, runs nothing.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const architecture = suite('architecture')

interface Layer {
  /** Files of the layer, by how their path below src/ begins. The first layer that matches owns a file. */
  files: string[]
  /** What it may import, by how the path begins: a folder, or one file. Its own files are always allowed. */
  imports: string[]
  /** Which `node:` modules. `*` is any. */
  node: string[]
  /** May it read the clock, arm timers, draw random numbers? */
  time?: true
}

// Order matters: a door such as zmtp/index.ts stands before the folder that holds it.
const LAYERS: Layer[] = [
  { files: ['index.ts'], imports: ['rpc/index.ts', 'base/'], node: [] },
  { files: ['base/clock.ts'], imports: [], node: [], time: true },
  // What it may load for others, who are looked at themselves.
  {
    files: ['base/builtin.ts'],
    imports: [],
    node: ['node:crypto', 'node:dns/promises', 'node:worker_threads'],
  },
  { files: ['base/'], imports: [], node: [] },
  { files: ['codec/'], imports: ['base/'], node: [] },
  { files: ['zmtp/wire/'], imports: ['base/'], node: [] },
  // node:crypto for what it computes, not for chance.
  {
    files: ['zmtp/engine/security/'],
    imports: ['zmtp/engine/peer-error.ts', 'zmtp/wire/', 'base/'],
    node: ['node:crypto'],
  },
  { files: ['zmtp/engine/'], imports: ['zmtp/wire/', 'base/'], node: [] },
  { files: ['zmtp/routing/'], imports: ['base/'], node: [] },
  {
    files: ['zmtp/transport/'],
    imports: ['zmtp/engine/', 'zmtp/wire/', 'base/'],
    node: ['*'],
    time: true,
  },
  {
    files: ['zmtp/sockets/'],
    imports: ['zmtp/routing/', 'zmtp/transport/', 'base/'],
    node: ['node:events'],
  },
  {
    files: ['zmtp/v5-compat/'],
    imports: ['zmtp/sockets/', 'base/'],
    node: ['node:events'],
  },
  // The doors: pseud/zmtp for users, connections.ts for rpc/.
  { files: ['zmtp/'], imports: ['zmtp/'], node: [] },
  {
    files: ['rpc/'],
    imports: ['zmtp/connections.ts', 'codec/messages.ts', 'base/'],
    node: ['node:diagnostics_channel', 'node:util', 'node:crypto'],
  },
  {
    files: ['sync/'],
    imports: ['rpc/index.ts', 'rpc/faces.ts', 'codec/messages.ts', 'base/'],
    node: ['node:worker_threads', 'node:fs'],
  },
  { files: ['cli/'], imports: ['rpc/index.ts', 'zmtp/index.ts', 'base/'], node: ['*'] },
]

interface Source {
  name: string
  text: string
  /** Comments and the contents of strings blanked out. */
  code: string
  imports: string[]
}

const sources: Source[] = readdirSync('src', { recursive: true })
  .map((name) => String(name).split(path.sep).join('/'))
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .map((name) => {
    const text = readFileSync(path.join('src', name), 'utf8')
    return { name, text, code: blankStrings(stripComments(text)), imports: importsOf(name, text) }
  })

architecture('reads the sources', () => {
  assert.ok(sources.length > 5)
  assert.ok(sources.some((source) => source.imports.length > 0))
})

architecture('every file belongs to a layer and imports only what its layer may', () => {
  const wrong: string[] = []
  for (const source of sources) {
    const layer = layerOf(source.name)
    if (layer === undefined) {
      wrong.push(`${source.name} belongs to no layer`)
      continue
    }
    for (const target of source.imports) {
      if (target.startsWith('node:')) {
        if (!layer.node.includes('*') && !layer.node.includes(target))
          wrong.push(`${source.name} -> ${target}`)
      } else if (target.includes('/') && target.startsWith('@')) {
        // The audited ciphers that the build bundles: CURVE and nothing else.
        if (!(target.startsWith('@noble/ciphers/') && source.name.startsWith('zmtp/engine/'))) {
          wrong.push(`${source.name} -> ${target}`)
        }
      } else if (
        !layer.files.some((file) => target.startsWith(file)) &&
        !layer.imports.some((allowed) => target.startsWith(allowed))
      ) {
        wrong.push(`${source.name} -> ${target}`)
      }
    }
  }
  assert.equal(wrong, [])
})

architecture('a door is never imported from inside its folder', () => {
  const wrong: string[] = []
  for (const source of sources) {
    for (const target of source.imports) {
      if (path.posix.basename(target) !== 'index.ts') continue
      const folder = path.posix.dirname(target)
      if (folder === '.' || source.name.startsWith(`${folder}/`)) wrong.push(`${source.name} -> ${target}`)
    }
  }
  assert.equal(wrong, [])
})

architecture('there is no import cycle, types included', () => {
  const byName = new Map(sources.map((source) => [source.name, source]))
  const done = new Set<string>()
  const cycles: string[] = []
  const walk = (name: string, trail: string[]): void => {
    if (trail.includes(name)) {
      cycles.push([...trail.slice(trail.indexOf(name)), name].join(' -> '))
      return
    }
    if (done.has(name)) return
    for (const target of byName.get(name)?.imports ?? []) walk(target, [...trail, name])
    done.add(name)
  }
  for (const source of sources) walk(source.name, [])
  assert.equal(cycles, [])
})

architecture('every import names a file that exists, with its .ts extension', () => {
  const wrong: string[] = []
  for (const source of sources) {
    for (const target of source.imports) {
      if (target.startsWith('node:') || target.startsWith('@')) continue
      if (!existsSync(path.join('src', target))) wrong.push(`${source.name} -> ${target}`)
    }
  }
  assert.equal(wrong, [])
})

architecture('time, timers and chance are arguments outside transport/ and base/clock.ts', () => {
  const forbidden =
    /\b(?:setTimeout|setInterval|Date\.now|performance\.now|process\.hrtime|Math\.random|randomBytes|randomUUID|randomInt)\b/
  const wrong = sources
    .filter((source) => layerOf(source.name)?.time !== true && !source.name.startsWith('cli/'))
    .flatMap((source) => linesMatching(source, forbidden))
  assert.equal(wrong, [])
})

architecture('no code is made from text: it runs under a strict content security policy', () => {
  const forbidden = /\beval\s*\(|\bnew Function\b|\bFunction\s*\(\s*['"`]|\bvm\b\.|\bWebAssembly\b/
  assert.equal(
    sources.flatMap((source) => linesMatching(source, forbidden)),
    [],
  )
})

architecture('the library prints nothing', () => {
  const printing = /\bconsole\.\w+\(|\bprocess\.std(?:out|err)\b/
  // Has to tell the standard streams from what else keeps a process alive.
  const looks = 'zmtp/transport/stuck-writes.ts'
  const wrong = sources
    .filter((source) => !source.name.startsWith('cli/'))
    .flatMap((source) => linesMatching(source, source.name === looks ? /\.write\(/ : printing))
  assert.equal(wrong, [])
})

architecture('nothing is exported by default', () => {
  assert.equal(
    sources.flatMap((source) => linesMatching(source, /^export default\b/)),
    [],
  )
})

architecture('every file opens with a heading: what it owns, what it refuses to know', () => {
  const wrong = sources
    .filter((source) => headingOf(source.text).replace(/[^\p{L}]/gu, '').length < 40)
    .map((source) => source.name)
  assert.equal(wrong, [])
})

architecture('a file of more than 400 lines says in its heading why it is one piece', () => {
  const wrong = sources
    .filter((source) => source.text.split('\n').length > 401)
    .filter((source) => !/\bone (?:file|piece)\b|\blong because\b/i.test(headingOf(source.text)))
    .map((source) => `${source.name}: ${source.text.split('\n').length} lines`)
  assert.equal(wrong, [])
})

// -- docs/architecture.md ------------------------------------------------------------------------------------------------

const page = readFileSync('docs/architecture.md', 'utf8')

architecture('docs/architecture.md lists every folder of src/, and no other', () => {
  const folders = readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name).split(path.sep).slice(1).join('/'))
  const listed = treeOf(page)
  assert.equal(listed.filter((name) => name.endsWith('/')).sort(), folders.map((name) => `${name}/`).sort())
  assert.equal(
    listed.filter((name) => !existsSync(path.join('src', name))),
    [],
  )
})

architecture('docs/architecture.md names files that are there', () => {
  const beside = new Set(sources.map(({ name }) => path.posix.basename(name)))
  const wrong = [...page.matchAll(/`([\w/-]+\.ts)`/g)]
    .map(([, name]) => name!)
    .filter((name) => (name.includes('/') ? !existsSync(path.join('src', name)) : !beside.has(name)))
    .filter((name) => !existsSync(name))
  assert.equal(wrong, [])
})

architecture('its table of imports is the one that is enforced', () => {
  const rows = [...page.matchAll(/^\| `([\w/-]+)` \| (.*) \|$/gm)].filter(([, folder]) =>
    existsSync(`src/${folder}`),
  )
  assert.ok(rows.length > 8)
  for (const [, folder, cells] of rows) {
    const layer = LAYERS.find(({ files }) => files.includes(`${folder}/`))!
    const said = [...cells!.matchAll(/`([^`]+)`/g)]
      .map(([, name]) => name!)
      .filter((name) => !name.startsWith('node:'))
    const allowed = layer.imports.map((name) => name.replace(/\/$/, ''))
    assert.equal(said.sort(), allowed.sort(), folder)
  }
})

architecture('what a layer may import, it imports', () => {
  const unused = LAYERS.flatMap((layer) =>
    [...layer.imports, ...layer.node.filter((name) => name !== '*')]
      .filter(
        (allowed) =>
          !sources.some(
            (source) =>
              layerOf(source.name) === layer && source.imports.some((target) => target.startsWith(allowed)),
          ),
      )
      .map((allowed) => `${layer.files[0]} -> ${allowed}`),
  )
  assert.equal(unused, [])
})

architecture('its diagram of imports is what there is', () => {
  const groups = treeOf(page)
    .filter((name) => name.endsWith('/'))
    .map((name) => name.slice(0, -1))
    .filter((name) => name.split('/').length === 1 || /^zmtp\/[\w-]+$/.test(name))
    .sort((a, b) => b.length - a.length)
  const groupOf = (name: string) => groups.find((group) => name.startsWith(`${group}/`)) ?? name
  const edges = new Set<string>()
  for (const { name, imports } of sources) {
    for (const target of imports) {
      const [from, to] = [groupOf(name), groupOf(target)]
      if (from !== to && to !== 'base' && !/^(?:node:|@)/.test(target)) edges.add(`${from} -> ${to}`)
    }
  }
  const diagram = diagramOf('flowchart')
  const labels = new Map([...diagram.matchAll(/(\w+)\["([^"]+)"\]/g)].map(([, id, label]) => [id!, label!]))
  const drawn = [...diagram.matchAll(/(\w+)(?:\["[^"]+"\])? --> (\w+)/g)].map(
    ([, from, to]) => `${labels.get(from!) ?? from} -> ${labels.get(to!) ?? to}`,
  )
  assert.equal(drawn.sort(), [...edges].sort())
})

architecture('its diagrams of states have the states of the sources', () => {
  for (const file of ['rpc/session/session.ts', 'rpc/calls/call.ts']) {
    const { code } = sources.find(({ name }) => name === file)!
    const states = [...code.matchAll(/^(?:export )?const ([A-Z]+) = \d+$/gm)].map(([, name]) => name!)
    const drawn = new Set(
      [...diagramOf('stateDiagram-v2', states[0]).matchAll(/\b[A-Z]{4,}\b(?= -->)/g)].map(String),
    )
    assert.ok(states.length === 3)
    assert.equal([...drawn].sort(), states.sort())
  }
})

architecture('its table of timers names every file that arms one', () => {
  const arming = sources
    .filter(({ name }) => !/^(?:base|cli)\//.test(name))
    .filter(({ code }) => /\bclock\.setTimer\(|Clock\.setTimer\(|\bnew Deadlines\(/.test(code))
    // What a context makes for its connections stands in the driver's row.
    .map(({ name }) => (name === 'zmtp/transport/context.ts' ? 'zmtp/transport/driver.ts' : name))
  const table = page.slice(page.indexOf('\n## Time\n'), page.indexOf('\n## Threads\n'))
  const named = [...table.matchAll(/`([\w/-]+\.ts)`/g)].map(([, name]) => name!)
  assert.equal(named.filter((name) => !name.startsWith('base/')).sort(), [...new Set(arming)].sort())
})

architecture('the checks see what they look for', () => {
  assert.equal(importsOf('a/b.ts', `import type { X } from './c.ts'\nexport * from '../d.ts'`), [
    'a/c.ts',
    'd.ts',
  ])
  assert.equal(
    importsOf('a.ts', `// import './no.ts'\nimport {\n  x,\n} from 'node:net'\nimport './side.ts'`),
    ['node:net', 'side.ts'],
  )
  assert.equal(importsOf('a.ts', `const lazy = import('./late.ts')`), ['late.ts'])
  assert.equal(importsOf('a.ts', `const dns = builtin('node:dns')`), ['node:dns'])
  assert.is(stripComments(`a // b\n/* c */ d`).replace(/\s+/g, ' '), 'a d')
  assert.is(stripComments(`x = 'http://y'`), `x = 'http://y'`)
  assert.is(blankStrings(`x = 'eval(1)'`), `x = ''`)
})

architecture.run()

function layerOf(name: string): Layer | undefined {
  return LAYERS.find((layer) =>
    layer.files.some((file) => (file.endsWith('/') ? name.startsWith(file) : name === file)),
  )
}

/** Targets below src/, `node:` names, or package names; in order. */
function importsOf(name: string, text: string): string[] {
  const targets: string[] = []
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\b(?:import|builtin)\s*\(\s*['"]([^'"]+)['"]/g
  for (const match of stripComments(text).matchAll(pattern)) {
    const target = match[1] ?? match[2] ?? match[3] ?? ''
    targets.push(target.startsWith('.') ? path.posix.join(path.posix.dirname(name), target) : target)
  }
  return targets
}

/** Blanks comments; strings are stepped over, so that `//` inside them stays. Regular expressions are not told apart. */
function stripComments(text: string): string {
  return text.replace(
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (piece) => (piece.startsWith('/') ? piece.replace(/[^\n]/g, ' ') : piece),
  )
}

function blankStrings(code: string): string {
  return code.replace(
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g,
    (piece) => piece.slice(0, 1) + piece.slice(-1),
  )
}

/** The names in the list of folders, below src/: `zmtp/engine/`, `base/clock.ts`. */
function treeOf(text: string): string[] {
  const [, list = ''] = /^```\nsrc\/\n([\s\S]*?)^```$/m.exec(text) ?? []
  const above: string[] = []
  return [...list.matchAll(/^( +)(\S+)/gm)].map(([, indent, name]) => {
    above.length = indent!.length / 2 - 1
    above.push(name!)
    return above.join('')
  })
}

/** The first diagram of this kind in docs/architecture.md that mentions `word`. */
function diagramOf(kind: string, word = ''): string {
  const diagrams = [...page.matchAll(/^```mermaid\n([\s\S]*?)^```$/gm)].map(([, diagram]) => diagram!)
  return diagrams.find((diagram) => diagram.startsWith(kind) && diagram.includes(word)) ?? ''
}

function headingOf(text: string): string {
  return /^(?:\/\/[^\n]*\n)+|^\/\*[\s\S]*?\*\//.exec(text)?.[0] ?? ''
}

function linesMatching(source: Source, pattern: RegExp): string[] {
  return source.code
    .split('\n')
    .map((line, index) => ({ line, at: `${source.name}:${index + 1}: ${line.trim()}` }))
    .filter(({ line }) => pattern.test(line))
    .map(({ at }) => at)
}
