/**
 * Errors of protocol 1: a class name, a message, a traceback. There is no code, and nothing says whether a function ran; what can be told of that
 * is told here. Knows no octets.
 */
import { declaredError } from '../errors/errors.ts'
import type { WireError } from '../errors/remote-error.ts'
import { quote } from '../registry/names.ts'

/** What protocol 2 says in place of what a peer of protocol 1 has answered to the call of `method`. */
export function toMap(
  [name, message, traceback]: readonly [string, string, string],
  method: string,
): WireError {
  const rest = { m: message, n: name, ...(traceback !== '' && { s: traceback }) }
  switch (name) {
    case 'ServiceNotFoundError':
      // Of the name that was asked for nothing was run. Of another one: some function asked a third side for it.
      return { c: 'NOT_FOUND', x: names(message, method) ? 'no' : 'maybe', ...rest }
    case 'UnauthorizedError':
      return { c: 'UNAUTHENTICATED', x: 'maybe', ...rest }
    default:
      return { c: declaredError(name)?.code ?? 'INTERNAL', x: 'yes', ...rest }
  }
}

/** Python's message is the name, ours ends with it. */
function names(message: string, method: string): boolean {
  return message === method || message.endsWith(` ${quote(method)}`)
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['NOT_FOUND', 'ServiceNotFoundError'],
  ['UNAUTHENTICATED', 'UnauthorizedError'],
  ['DEADLINE_EXCEEDED', 'TimeoutError'],
  ['INVALID_ARGUMENT', 'ValueError'],
  ['PERMISSION_DENIED', 'PermissionError'],
])
const OTHERS = 'Exception'

/** Class name, message and traceback for the texts of an error map. */
export function toTriple({
  c = '',
  m = '',
  n,
  s = '',
  x,
}: Readonly<Record<string, string>>): [string, string, string] {
  const plain = n === undefined || !isSafe(n)
  // A class of the application that only shares a code with ours is not ours; and NOT_FOUND of what ran is its own affair.
  const name = plain ? (c === 'NOT_FOUND' && x !== 'no' ? OTHERS : (NAMES.get(c) ?? OTHERS)) : n
  return [name, name === OTHERS && c !== 'INTERNAL' ? `${c}: ${m}` : m, s]
}

// Python's pseud takes whatever its builtins have under the name, and calls it with the message: no name from elsewhere may reach it that is not
// that of an exception which can be made so. The three below cannot, and end the reading of all messages there.
const UNMAKEABLE: ReadonlySet<string> = new Set([
  'UnicodeDecodeError',
  'UnicodeEncodeError',
  'UnicodeTranslateError',
])

function isSafe(name: string): boolean {
  return /^[A-Z][A-Za-z0-9_]{0,100}Error$/.test(name) && !UNMAKEABLE.has(name)
}
