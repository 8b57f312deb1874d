// How long to wait before the next attempt to connect: pure functions of the attempt's number, chance passed in.
// Attempts count from 1 and start anew only after a finished handshake: a peer that accepts and closes at once is a failure.

/** Delay in ms before attempt `attempt`, or `undefined` to give up. */
export type RetryPolicy = (attempt: number, random: () => number) => number | undefined

/**
 * libzmq's policy (RECONNECT_IVL, RECONNECT_IVL_MAX): `intervalMs` plus a random part of it; with `maxMs` above it the
 * interval doubles up to `maxMs`. -1 never retries. Zero is read as -1, as libzmq does.
 */
export function zmqBackoff(intervalMs: number, maxMs: number): RetryPolicy {
  if (intervalMs <= 0) return () => undefined
  return (attempt, random) => {
    const jitter = random() * intervalMs
    if (maxMs <= intervalMs) return intervalMs + jitter
    return Math.min(intervalMs * 2 ** Math.min(attempt - 1, 30) + jitter, maxMs)
  }
}

/**
 * The RPC layer's policy: a random delay between 0 and a bound that doubles from `baseMs` to `maxMs` ("full jitter"), so that
 * a thousand clients of a restarted server come back spread over the time and not in waves.
 */
export function fullJitter(baseMs: number, maxMs: number): RetryPolicy {
  return (attempt, random) => random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30))
}
