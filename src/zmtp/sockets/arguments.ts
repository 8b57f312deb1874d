// Checks of arguments that TypeScript would make, for callers without it; texts are those of the native package. Throws TypeError.

/** Throws when more than `most` arguments were given. */
export function expectArguments(most: number, given: number): void {
  if (given <= most) return
  throw new TypeError(`Expected ${most} argument${most === 1 ? '' : 's'} but received ${given}`)
}

/** Throws unless `options` is an object, a function, or not there. */
export function expectOptions(options: unknown): void {
  if (options === undefined || isObject(options)) return
  throw new TypeError('Options must be an object')
}

/** Whether `value` has properties. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
