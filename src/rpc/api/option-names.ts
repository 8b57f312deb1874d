// Whether options are ones that there are: one that is misspelt, or meant for something else, would otherwise be none without a word.
import { UsageError } from '../../base/errors.ts'
import { suggestion } from '../../base/suggest.ts'
import { quote } from '../registry/names.ts'

/** The names of all options, which the compiler keeps complete. What they may hold is checked where they are used. */
export type Names<Options> = Readonly<Record<keyof Options, true>>

/** Throws `UsageError` BAD_OPTION for a name in `options` that is none of `known`. */
export function checkNames(what: string, options: object, known: object): void {
  for (const name in options) {
    if (Object.hasOwn(known, name)) continue
    const meant = suggestion(name, Object.keys(known))
    const hint = meant === undefined ? '' : `: did you mean ${meant}?`
    throw new UsageError('BAD_OPTION', `${quote(name)} is no option of ${what}${hint}`)
  }
}
