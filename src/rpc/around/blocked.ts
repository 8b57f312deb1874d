/**
 * Row 34 of the failure table: a function that held the event loop up is not hidden. A clock is read before and after each function, and
 * only while somebody listens: two readings cost about a tenth of what a short call costs (docs/decisions/0024-around-calls.md).
 */
import { type BlockedEvent, blockedChannel } from './channels.ts'
import { debug, debugBlocked } from './debug.ts'

export class BlockedWatch {
  readonly now: () => number
  readonly #name: string
  readonly #thresholdMs: number

  constructor(name: string, thresholdMs: number, now: () => number) {
    this.#name = name
    this.#thresholdMs = thresholdMs
    this.now = now
  }

  get watching(): boolean {
    return blockedChannel.hasSubscribers || debug.enabled
  }

  /** What began at `began` is over, as far as the event loop is concerned. */
  check(began: number, method: string, caller: { readonly shown: string }): void {
    const durationMs = this.now() - began
    if (durationMs <= this.#thresholdMs) return
    const event: BlockedEvent = { name: this.#name, method, remote: caller.shown, durationMs }
    blockedChannel.publish(event)
    debugBlocked(event)
  }
}
