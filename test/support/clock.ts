// A clock that stands still until a test moves it: jumps from deadline to deadline, in order.
import type { Clock, Timer } from '../../src/base/clock.ts'

export class FakeClock implements Clock {
  #now = 0
  #idle = 0
  #timers: { at: number; fire: () => void }[] = []

  now(): number {
    return this.#now
  }

  setTimer(fire: () => void, delayMs: number): Timer {
    const timer = { at: this.#now + Math.max(0, delayMs), fire }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  idle(): number {
    return this.#idle
  }

  /** The event loop has slept for `ms`; what time it is does not change. */
  sleep(ms: number): void {
    this.#idle += ms
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.#timers.length
  }

  /** Moves time on by `ms`, firing each timer that falls due at its own moment. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.at)
      next.fire()
    }
    this.#now = end
  }
}
