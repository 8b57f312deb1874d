// Python's pseud sends dates and times as extensions 123 to 126, which are pickles: programs for Python's unpickler. They are known here to be
// refused with a reason; a peer of protocol 1 that wants to tell the time sends a number, a string or a MessagePack timestamp.
import { CodecError } from '../../base/errors.ts'
import type { ExtensionType } from '../../codec/messages.ts'

const WHAT: ReadonlyMap<number, string> = new Map([
  [123, 'tzinfo'],
  [124, 'timedelta'],
  [125, 'datetime'],
  [126, 'date'],
])

/** No value is one. */
abstract class Pickle {
  abstract readonly never: never
}

/** The extensions that are refused: all of them, but for codes that the application has given another meaning. */
export function pickles(own: readonly ExtensionType[] = []): ExtensionType[] {
  const taken = new Set(own.map((extension) => extension.type))
  return [...WHAT]
    .filter(([type]) => !taken.has(type))
    .map(([type, what]) => ({
      type,
      class: Pickle,
      encode: () => failPickle(type, what),
      decode: () => failPickle(type, what),
    }))
}

function failPickle(type: number, what: string): never {
  throw new CodecError(
    'BAD_EXTENSION',
    `extension ${type} is a pickled ${what} of Python, which is not decoded: send a string, a number or a timestamp`,
  )
}
