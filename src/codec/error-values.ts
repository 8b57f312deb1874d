// Error objects from inert data: which class is decided by a fixed table, never by looking a name up anywhere, and the
// stack is ours to leave empty. Knows no octets.

const STANDARD: ReadonlyMap<string, new (message: string) => Error> = new Map([
  ['Error', Error],
  ['EvalError', EvalError],
  ['RangeError', RangeError],
  ['ReferenceError', ReferenceError],
  ['SyntaxError', SyntaxError],
  ['TypeError', TypeError],
  ['URIError', URIError],
])

/** An Error (of the standard class called `name`, if there is one) with these parts and a stack of one line. */
export function makeError(name: string, message: string): Error {
  const Class = STANDARD.get(name)
  const error = new (Class ?? Error)(message)
  if (Class === undefined) hide(error, 'name', name)
  // Where it was decoded says nothing about where it was thrown.
  hide(error, 'stack', `${name}: ${message}`)
  return error
}

/** Sets what Error itself keeps unenumerable. */
export function hide(error: Error, key: 'name' | 'stack' | 'cause', value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false })
}
