// A real clock that counts what is armed, so that timers can be seen to be gone although none of them keeps the process alive.
import { type Clock, realClock, type Timer } from '../../src/base/clock.ts'

export class CountingClock implements Clock {
  readonly #armed = new Set<object>()

  now(): number {
    return realClock.now()
  }

  idle(): number {
    return realClock.idle()
  }

  setTimer(fire: () => void, delayMs: number): Timer {
    const timer = realClock.setTimer(() => {
      this.#armed.delete(timer)
      fire()
    }, delayMs)
    this.#armed.add(timer)
    return {
      cancel: () => {
        this.#armed.delete(timer)
        timer.cancel()
      },
    }
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.#armed.size
  }
}
