// The names of a function's parameters, as they stand in its source: for those who ask what a function takes and were told nothing by
// who registered it. A guess for people to read, so what is too clever for this scan is called by its place.

/** At most so many parameters are looked at, in at most so many characters of source. */
const PARAMETERS_MAX = 32
const SOURCE_MAX = 4096

export interface SourceParameter {
  readonly name: string
  readonly optional?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: any function at all
export function sourceParameters(fn: (...args: any[]) => any): SourceParameter[] {
  const source = Function.prototype.toString.call(fn).slice(0, SOURCE_MAX)
  if (source.endsWith('{ [native code] }')) return []
  const alone = /^(?:async\s+)?([\w$]+)\s*=>/.exec(source)
  const texts = alone === null ? split(source, source.indexOf('(') + 1) : [alone[1]!]
  return texts.slice(0, PARAMETERS_MAX).map(describe)
}

/** The texts between the commas from `start` to the bracket that closes. */
function split(source: string, start: number): string[] {
  const texts: string[] = []
  let depth = 0
  let text = ''
  for (let at = start; at < source.length; at++) {
    const character = source[at]!
    if (character === '/' && (source[at + 1] === '*' || source[at + 1] === '/')) {
      const end = source.indexOf(source[at + 1] === '*' ? '*/' : '\n', at + 2)
      if (end < 0) break
      at = source[at + 1] === '*' ? end + 1 : end
      continue
    }
    if (character === "'" || character === '"' || character === '`') {
      at = endOfText(source, at)
      text += character
      continue
    }
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character) && depth-- === 0) break
    if (character === ',' && depth === 0) {
      texts.push(text)
      text = ''
    } else text += character
  }
  if (text.trim() !== '') texts.push(text)
  return texts
}

function endOfText(source: string, start: number): number {
  let at = start + 1
  while (at < source.length && source[at] !== source[start]) at += source[at] === '\\' ? 2 : 1
  return at
}

function describe(text: string, place: number): SourceParameter {
  const name = /^\s*((?:\.\.\.)?[\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(=(?!>)|$)/u.exec(text)
  if (name === null) return { name: `arg${place}`, ...(/[}\]]\s*=/.test(text) && { optional: true }) }
  return { name: name[1]!, ...(name[2] === '=' && { optional: true }) }
}
