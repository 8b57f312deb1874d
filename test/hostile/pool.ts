/**
 * Runs that share nothing, several at a time; each has its test, which waits for it. uvu runs one test after the other: this is how rows
 * overlap all the same.
 */
import type { Test } from 'uvu'
import { within } from '../support/within.ts'

const WIDTH = 6
const RUN_MS = 60_000

type Result = { readonly error?: unknown }

export class Pool {
  readonly #suite: Test
  readonly #jobs: (() => Promise<void>)[] = []
  #started = false

  constructor(suite: Test) {
    this.#suite = suite
  }

  /** A test of this name, which `run` decides. */
  test(name: string, run: () => Promise<void>): void {
    let settle: (result: Result) => void = () => {}
    const result = new Promise<Result>((resolve) => {
      settle = resolve
    })
    this.#jobs.push(async () => {
      try {
        await within(RUN_MS, run(), 'the end of the run')
        settle({})
      } catch (error) {
        settle({ error })
      }
    })
    this.#suite(name, async () => {
      this.#start()
      const outcome = await result
      if ('error' in outcome) throw outcome.error
    })
  }

  #start(): void {
    if (this.#started) return
    this.#started = true
    for (let n = 0; n < WIDTH; n++) this.#work()
  }

  async #work(): Promise<void> {
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) await job()
  }
}
