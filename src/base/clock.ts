// Time and chance, as arguments: everything that waits or draws takes one of these, so that tests bring their own.
// The only file besides transport/ that may touch the real clock and the real dice.

/** Monotonic milliseconds and one-shot timers. Wall-clock time is never used: it jumps. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number
  /** Calls `fire` once after `delayMs`; the timer never keeps the process alive. */
  setTimer(fire: () => void, delayMs: number): Timer
  /** Milliseconds that the event loop has waited for something to happen, all in all; always 0 where nobody knows. */
  idle(): number
}

/** The wall-clock time at `ms` of the real clock. */
export function dateOf(ms: number): Date {
  return new Date(performance.timeOrigin + ms)
}

export interface Timer {
  cancel(): void
}

/** A number in [0, 1), as `Math.random`. */
export type Random = () => number

/** Longest delay that Node's timers keep; above it they fire after 1 ms. */
export const MAX_DELAY_MS = 0x7fff_ffff

class RealTimer implements Timer {
  readonly #handle: NodeJS.Timeout

  constructor(fire: () => void, delayMs: number) {
    this.#handle = setTimeout(fire, Math.min(Math.max(0, delayMs), MAX_DELAY_MS))
    this.#handle.unref()
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }
}

export const realClock: Clock = {
  now: () => performance.now(),
  setTimer: (fire, delayMs) => new RealTimer(fire, delayMs),
  // Bun and Deno do not say.
  idle: () => performance.nodeTiming?.idleTime ?? 0,
}

export const realRandom: Random = Math.random

/** Octets that nobody can foresee. */
export function secretOctets(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  crypto.getRandomValues(bytes)
  return bytes
}
