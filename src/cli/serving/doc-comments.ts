/**
 * What comments in front of functions say (those of JSDoc, with @param and @returns), for `pseud list`. A function is found in its file by its own
 * text, or by its name; where neither stands there, or no comment in front of it, nothing is said.
 */
import type { FunctionDescription } from '../../rpc/index.ts'

export type Told = Partial<Pick<FunctionDescription, 'doc' | 'params' | 'returns'>>

/** What `text`, a file, says of the function. */
export function commentOf(fn: (...args: never[]) => unknown, text: string): Told | undefined {
  const at = placeOf(fn, text)
  if (at < 0) return undefined
  const end = text.lastIndexOf('*/', at)
  const start = text.lastIndexOf('/**', end)
  // Nothing but names, keywords and what binds them may stand between.
  if (end < 0 || start < 0 || text.indexOf('*/', start) !== end) return undefined
  if (!/^[\w$\s=:.(]*$/.test(text.slice(end + 2, at))) return undefined
  return completed(toldBy(text.slice(start + 3, end)), fn)
}

/** Parameters that the comment leaves out are there all the same, as far as their names can be read. */
function completed(told: Told, fn: (...args: never[]) => unknown): Told {
  if (told.params === undefined) return told
  const [, list = ''] = /^[^(]*\(([^()]*)\)/.exec(Function.prototype.toString.call(fn)) ?? []
  const pieces = list.split(',').map((piece) => /^\s*([\w$]+)\s*(=?)/.exec(piece))
  if (!pieces.every((piece) => piece !== null)) return told
  const params = pieces.map(([, name = '', equals]) => {
    const said = told.params?.find((param) => param.name === name)
    return said ?? { name, ...(equals === '=' && { optional: true }) }
  })
  return params.length < told.params.length ? told : { ...told, params }
}

/** By its own text, which is another one where Node has taken types out of the file; then by its name. */
function placeOf(fn: { readonly name: string }, text: string): number {
  const at = text.indexOf(Function.prototype.toString.call(fn))
  if (at >= 0 || !/^[\w$]+$/.test(fn.name)) return at
  const name = fn.name.replaceAll('$', '\\$')
  return text.search(new RegExp(`(?:\\bfunction\\s*\\*?|\\b(?:const|let|var))\\s+${name}(?![\\w$])`))
}

function toldBy(comment: string): Told {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
  const sections: string[] = ['']
  for (const line of lines) {
    if (/^\s*@\w/.test(line)) sections.push(line.trim())
    else sections[sections.length - 1] += `\n${line}`
  }
  const [first = '', ...tags] = sections
  const doc = first.trim()
  const params: { name: string; type?: string; doc?: string; optional?: true }[] = []
  let returns: string | undefined
  for (const tag of tags) {
    const param = /^@param\s+(?:\{([^}]*)\}\s*)?(\[?)([\w$]+)[^\s\]]*\]?\s*(?:-\s*)?([\s\S]*)$/.exec(tag)
    if (param !== null) {
      const [, type = '', bracket, name = '', text = ''] = param
      const said = text.replace(/\s+/g, ' ').trim()
      params.push({
        name,
        ...(type !== '' && { type: type.replace(/=$/, '') }),
        ...(said !== '' && { doc: said }),
        ...((bracket === '[' || type.endsWith('=')) && { optional: true }),
      })
    }
    returns ??= /^@(?:returns?|yields?)\s+\{([^}]*)\}/.exec(tag)?.[1]
  }
  return {
    ...(doc !== '' && { doc }),
    ...(params.length > 0 && { params }),
    ...(returns !== undefined && { returns }),
  }
}
