// What tells a promise from a value. A file of its own, because both whoever runs functions and whoever streams what they give ask it.

/** What a function returned is a promise, of whatever library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
