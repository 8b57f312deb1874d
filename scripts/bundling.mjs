// What the bundles of both packages (scripts/build.mjs, scripts/standin.mjs) have in common.
import { transformSync } from 'esbuild'

/** Options for esbuild. */
export const bundled = {
  bundle: true,
  platform: 'node',
  target: 'es2022', // below it, #private fields become WeakMaps: fifteen times slower (test/package.test.ts looks)
  minifySyntax: true, // folds `const` numbers across files; renames nothing
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
}

/**
 * The code of `text`, as esbuild prints it, in fewer octets: no comments but licences, no white space but line breaks, short names for parameters,
 * local variables and private fields. What stack traces name keeps its name: functions, methods, classes.
 */
export function compact(text) {
  const { code, map } = transformSync(readable(text), {
    ...MINIFIED,
    minifyIdentifiers: true,
    sourcemap: 'external',
  })
  const lines = text.split('\n')
  const broken = withLineBreaks(code, JSON.parse(map).mappings, (line) => !/^[ })]/.test(lines[line]))
  // Where a line may be broken is not for us to judge.
  if (codeOf(broken) !== codeOf(code)) throw new Error('other code with line breaks')
  return broken.replaceAll(PRIVATE, '#')
}

/** `text`, where esbuild renames nothing that stack traces name. */
function readable(text) {
  if (text.includes(PRIVATE)) throw new Error(`${PRIVATE} is taken`)
  const methods = new Set([...text.matchAll(METHOD)].map(([, method, field]) => method ?? field))
  return (
    text
      .replace(/#(\w+)/g, (word, name) => (methods.has(name) ? PRIVATE + name : word))
      // A class that names itself has an inner name, which is what traces show.
      .replace(/^(.*\b(\w+) = )class _\2\b([^\n]*\{)$/gm, '$1class$3 static { $2 = this }')
      .replace(/\b_(\w+)\b/g, (inner, outer) => (text.includes(`${outer} = class ${inner} `) ? outer : inner))
  )
}

const WIDTH = 300
const MINIFIED = {
  minifyWhitespace: true,
  minifySyntax: true,
  target: bundled.target,
  legalComments: 'inline',
}
const PRIVATE = '$private$'
// A private method, or a field that holds a function.
const METHOD =
  /^ +(?:(?:static|async|get|set) )*(?:\*?#(\w+)\(.*\{$|#(\w+) = (?:async )?(?:\(|\w+ =>|function\b))/gm

/**
 * `code`, of one line or few, with line breaks of the text that it was made from (`mappings` of a source map): before what `isTop`, and others once a line
 * has WIDTH characters, because Node prints the line that threw.
 */
function withLineBreaks(code, mappings, isTop) {
  let line = 0
  let last = -1
  const rows = mappings.split(';').map((row) => row.split(',').filter(Boolean).map(numbersOf))
  return code
    .split('\n')
    .map((text, i) => {
      let at = 0
      let begin = 0
      let broken = ''
      for (const [column, , lines = 0] of rows[i] ?? []) {
        at += column
        line += lines
        // Behind these, a line break never means anything.
        if (line !== last && ';{},'.includes(text[at - 1]) && (isTop(line) || at - begin >= WIDTH)) {
          broken += `${text.slice(begin, at)}\n`
          begin = at
        }
        last = line
      }
      return broken + text.slice(begin)
    })
    .join('\n')
}

/** The numbers of one segment of a source map: base 64, five bits a digit, the least first, the sign in the lowest bit. */
function numbersOf(segment) {
  const numbers = []
  let bits = 0
  let shift = 0
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter)
    bits |= (digit & 31) << shift
    shift += 5
    if (digit & 32) continue
    numbers.push(bits & 1 ? -(bits >> 1) : bits >> 1)
    bits = shift = 0
  }
  return numbers
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function codeOf(text) {
  return transformSync(text, MINIFIED).code
}
