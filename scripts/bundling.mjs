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
 * The code of `text`, as esbuild prints it, in fewer octets: no comments but licences, no white space but line breaks, short names for parameters, variables
 * in functions, constants and private members. Functions, public methods and classes keep their names, which stand in stack traces; where `anyName`, nothing does.
 */
export function compact(text, { anyName = false } = {}) {
  const input = anyName ? `(()=>{\n${text}\n})()` : withShortConstants(namedInside(text))
  const { code, map } = transformSync(input, { ...MINIFIED, minifyIdentifiers: true, sourcemap: 'external' })
  const lines = input.split('\n')
  const broken = withLineBreaks(code, JSON.parse(map).mappings, (line) => !/^[ })]/.test(lines[line]))
  // Where a line may be broken is not for us to judge.
  if (codeOf(broken) !== codeOf(code)) throw new Error('other code with line breaks')
  return broken
}

/** A class that names itself has an inner name in what esbuild prints, and stack traces show that: here its name goes to the outer one. */
function namedInside(text) {
  return text
    .replace(/^(.*\b(\w+) = )class _\2\b([^\n]*\{)$/gm, '$1class$3 static { $2 = this }')
    .replace(/\b_(\w+)\b/g, (inner, outer) => (text.includes(`${outer} = class ${inner} `) ? outer : inner))
}

/**
 * Short names for constants (`LIKE_THIS`, at the top), which esbuild gives only inside of functions. What is everywhere the same variable may have another
 * name everywhere: so nothing that is a key somewhere, or stands in a text.
 */
function withShortConstants(text) {
  const texts = (text.match(TEXTS) ?? []).map((one) => one.replace(/\$\{[^}]*\}/g, ''))
  const said = new Set(texts.join(' ').match(/\w+/g))
  const names = new Map()
  let count = 0
  for (const [line] of text.matchAll(/^[^ \n].*/gm)) {
    for (const [, name] of line.matchAll(/\b([A-Z][A-Z0-9_]{2,}) = /g)) {
      const key = `[.#]${name}\\b|\\b${name}:|(?:^ +|\\{ )${name},?(?:$| \\})|: ${name} \\}? ?=`
      if (names.has(name) || said.has(name) || new RegExp(key, 'm').test(text)) continue
      let short
      do short = `$${(count++).toString(36)}`
      while (text.includes(short))
      names.set(name, short)
    }
  }
  const renamed = text.replace(/[A-Za-z_$][\w$]*/g, (word) => names.get(word) ?? word)
  if (shapeOf(renamed) === shapeOf(text)) return renamed
  console.warn('constants keep their names: one of them was something else somewhere')
  return text
}

// In one line each, as esbuild prints them.
const TEXTS = /"(?:[^"\\\n]|\\.)*"|`(?:[^`\\\n]|\\.)*`|\/(?![*/ ])(?:[^/\\\n]|\\.)+\/\w*[.,;)]/g

/** The code of `text` without the names of its variables. */
function shapeOf(text) {
  const { code } = transformSync(`(()=>{${text}\n})()`, { ...MINIFIED, minifyIdentifiers: true })
  return code.replace(/(?<![\w$])[A-Za-z_$][\w$]{0,2}(?![\w$])/g, '_').replace(/_:_(?=[,}])/g, '_')
}

const WIDTH = 3000
const MINIFIED = {
  minifyWhitespace: true,
  minifySyntax: true,
  target: bundled.target,
  legalComments: 'inline',
}

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
