// esbuild shares code between entries only among ES modules. Here its ES modules become CommonJS files, for what package.json `exports`: imports
// are taken apart once, at the top, so that code reads its own constants, not properties of another module; what a file exports is a plain object,
// made when the file has run. Modules of Node come without `require`, which bundlers that make ES modules do not have. The chunks are named after what is in them: names in stack traces.
import path from 'node:path'

/**
 * The outputs of `result`, of a build of entries that lie in one folder, as CommonJS: a map from file name (`lib/rpc.cjs`) to
 * `{ text, exported }`.
 */
export function commonJsOf({ outputFiles, metafile }) {
  const outputs = Object.entries(metafile.outputs)
  const names = new Map(
    outputs.map(([file, { entryPoint }]) => [path.basename(file), entryPoint && fileNameOf(file)]),
  )
  for (const [file, output] of outputs) {
    if (output.entryPoint === undefined)
      names.set(path.basename(file), nameOfChunk(output, [...names.values()]))
  }
  const files = new Map()
  for (const { path: file, text } of outputFiles) {
    const name = names.get(path.basename(file))
    files.set(name, {
      text: convert(text, name, names),
      exported: metafile.outputs[path.relative('.', file)].exports,
    })
  }
  return files
}

function fileNameOf(file) {
  return `${path.basename(file, '.js')}.cjs`
}

/** `lib/rpc.cjs`, when most of it is from src/rpc; `lib/zmtp-sockets.cjs` where there is one of that name. */
function nameOfChunk({ inputs }, taken) {
  const folders = new Map()
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    const [top, ...below] = path.dirname(path.relative('src', file)).split(path.sep)
    for (const folder of [top, `${top}-${below[0]}`]) {
      folders.set(folder, (folders.get(folder) ?? 0) + bytesInOutput)
    }
  }
  const most = [...folders].sort(([a, x], [b, y]) => y - x || a.length - b.length).map(([folder]) => folder)
  const name = most.map((folder) => `lib/${folder}.cjs`).find((folder) => !taken.includes(folder))
  if (name === undefined) throw new Error(`no name for a chunk of ${most.join(', ')}`)
  return name
}

function convert(text, name, names) {
  const required = (from) => {
    if (from.startsWith('node:')) return `process.getBuiltinModule(${JSON.stringify(from)})`
    if (!names.has(path.basename(from))) throw new Error(`${name} imports ${from}`)
    const target = names.get(path.basename(from))
    const relative = path.posix.relative(path.posix.dirname(name), target)
    return `require(${JSON.stringify(relative.startsWith('.') ? relative : `./${relative}`)})`
  }
  const body = text
    .replace(
      IMPORTED_NAMES,
      (_, members, from) => `const {${members.replaceAll(' as ', ': ')}} = ${required(from)};`,
    )
    .replace(IMPORTED_WHOLE, (_, local, from) => `const ${local} = ${required(from)};`)
    .replace(IMPORTED_FOR_EFFECT, (_, from) => `${required(from)};`)
    .replace(EXPORTED, (_, members) => `module.exports = {${members.replace(/(\S+) as (\w+)/g, '$2: $1')}};`)
  const left = /^(?:import [\w{*"]|export [{*]).*/m.exec(body)
  if (left !== null) throw new Error(`${name}: ${left[0]} has no CommonJS form here`)
  const url = body.includes('import.meta.url')
    ? 'const importMetaUrl = process.getBuiltinModule("node:url").pathToFileURL(__filename).href;\n'
    : ''
  return `"use strict";\n${url}${body.replaceAll('import.meta.url', 'importMetaUrl')}`
}

// As esbuild prints them: each at the beginning of a line.
const IMPORTED_NAMES = /^import \{([^}]*)\} from "([^"]+)";$/gm
const IMPORTED_WHOLE = /^import (?:\* as )?(\S+) from "(node:[^"]+)";$/gm
const IMPORTED_FOR_EFFECT = /^import "([^"]+)";$/gm
const EXPORTED = /^export \{([^}]*)\};$/gm
