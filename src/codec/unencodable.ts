// What is thrown inside the encoder: a reason, and the path put together on the way out. At the encoder's door it
// becomes a CodecError. Knows no value and no octet.
import { CodecError } from '../base/errors.ts'

class Unencodable {
  readonly reason: string
  readonly cause: unknown
  path = ''

  constructor(reason: string, cause?: unknown) {
    this.reason = reason
    this.cause = cause
  }
}

/** A value has no encoding, because `reason`. To be thrown. */
export function unencodable(reason: string): Unencodable {
  return new Unencodable(reason)
}

/** The same problem, seen from one container further out. What user code threw (a getter, an extension) is wrapped. */
export function within(error: unknown, segment: string): Unencodable {
  const problem = asUnencodable(error)
  problem.path = segment + problem.path
  return problem
}

/** The CodecError that leaves the encoder. */
export function failEncode(error: unknown, root: string): CodecError {
  const problem = asUnencodable(error)
  const path = root + problem.path
  return new CodecError('NOT_ENCODABLE', `${path} cannot be encoded: ${problem.reason}`, {
    path,
    cause: problem.cause,
  })
}

function asUnencodable(error: unknown): Unencodable {
  if (error instanceof Unencodable) return error
  return new Unencodable(error instanceof Error ? error.message : 'user code threw', error)
}

/** `.name`, or `["a name"]` for what cannot stand behind a dot; long names are cut. */
export function keyPath(key: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(key) && key.length <= NAME_MAX) return `.${key}`
  return `[${JSON.stringify(key.length <= NAME_MAX ? key : `${key.slice(0, NAME_MAX)}...`)}]`
}

const NAME_MAX = 64
