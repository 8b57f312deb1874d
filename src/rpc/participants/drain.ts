/**
 * The gentle end, as a sequence of steps and their times: say goodbye, let what is open end, tell what does not, close. Knows neither
 * sessions nor calls, only whether any are left.
 *
 *     1 GOAWAY, nothing new is taken     3 at t: abort what runs, and give it a second
 *     2 wait until nothing is open       4 wait until those who were told have left     5 flush, close
 */
import { type Clock, MAX_DELAY_MS } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'

/** The options of `drain`. */
export interface DrainOptions {
  /**
   * How long what is open may go on before its signals abort, in ms; it then has one second more. Default 10,000; `Infinity`: as long as it
   * takes.
   */
  readonly timeoutMs?: number
  /** When it aborts, nothing more is waited for: connections end at once. Default: none. */
  readonly signal?: AbortSignal
}

/** What is brought to its end. */
export interface Drainable {
  /** Tells everybody, and takes nothing new from now on. */
  beginDrain(): void
  /** No call is open, in either direction. */
  readonly isIdle: boolean
  /** Nobody is here any more who was told and is going to leave by itself. */
  readonly isLeft: boolean
  /** Tells all that runs that it has to end now. */
  abortRunning(): void
  /** Settles what is left and ends all connections; `lingerMs`: how long what was written may take. */
  close(lingerMs?: number): Promise<void>
}

// What has been told to end, and who was told to leave, may take so long.
const LAST_CALL_MS = 1000

export class Drain {
  readonly #target: Drainable
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #signals = new Map<AbortSignal, () => void>()
  #skipped = false
  #aborted = false
  #wake: (() => void) | undefined
  #done: Promise<void> | undefined

  constructor(target: Drainable, clock: Clock, timeoutMs: number) {
    this.#target = target
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Begins, at the first call; resolves at the end. */
  run(): Promise<void> {
    this.#done ??= this.#run()
    return this.#done
  }

  /** What is waited for may be there. */
  check(): void {
    this.#wake?.()
  }

  /** Waits no more. */
  skip(): void {
    this.#skipped = true
    this.#wake?.()
  }

  /** Waits no more once `signal` aborts. */
  skipOn(signal: AbortSignal): void {
    const onAbort = (): void => {
      this.#aborted = true
      this.skip()
    }
    if (signal.aborted) {
      onAbort()
    } else if (!this.#signals.has(signal)) {
      this.#signals.set(signal, onAbort)
      signal.addEventListener('abort', onAbort)
    }
  }

  async #run(): Promise<void> {
    const target = this.#target
    target.beginDrain()
    if (!(await this.#until(() => target.isIdle, this.#timeoutMs))) {
      target.abortRunning()
      await this.#until(() => target.isIdle, LAST_CALL_MS)
    }
    if (target.isIdle) await this.#until(() => target.isLeft, LAST_CALL_MS)
    for (const [signal, onAbort] of this.#signals) signal.removeEventListener('abort', onAbort)
    this.#signals.clear()
    await target.close(this.#aborted ? 0 : undefined)
  }

  /** Whether `condition` came to hold, or nothing is waited for any more, within `ms`. */
  async #until(condition: () => boolean, ms: number): Promise<boolean> {
    if (this.#skipped || condition()) return true
    let over = false
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        this.#wake = undefined
        timer?.cancel()
        resolve()
      }
      const onTimer = (): void => {
        over = true
        settle()
      }
      const timer = ms === Number.POSITIVE_INFINITY ? undefined : this.#clock.setTimer(onTimer, ms)
      this.#wake = () => {
        if (this.#skipped || condition()) settle()
      }
    })
    return !over
  }
}

/** Throws `UsageError` BAD_OPTION. */
export function checkDrainTimeout(timeoutMs = 10_000): number {
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
    throw new UsageError(
      'BAD_OPTION',
      `timeoutMs is a number from 0 on, or Infinity, not ${String(timeoutMs)}`,
    )
  }
  return timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : Math.min(timeoutMs, MAX_DELAY_MS)
}
