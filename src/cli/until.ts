// Waiting for the signal that ends a command which runs until then.

/** Resolves when `signal` aborts. */
export function until(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}
