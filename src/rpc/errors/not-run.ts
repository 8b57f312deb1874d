// Errors of which is known that the function behind them never started: validation that failed, a guard that refused. A mark and not
// a property, because `executed` on a thrown error is what some other call said, and a function may well pass that on.

const marked = new WeakSet<object>()

/** Says of `error` that it was thrown in front of the function: its caller learns `executed: 'no'`. */
export function markNotRun<E extends object>(error: E): E {
  marked.add(error)
  return error
}

export function didNotRun(error: unknown): boolean {
  return typeof error === 'object' && error !== null && marked.has(error)
}
