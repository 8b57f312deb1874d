// Two engines joined by a wire that loses nothing, with time that a test moves from deadline to deadline.
import type { Engine } from '../../src/zmtp/engine/engine.ts'
import { eventsOf, makeEngine, outputOf, type TestOptions } from './engine.ts'

export class Pair {
  readonly left: Engine
  readonly right: Engine
  now = 0
  /** What each side made of what came, as `eventsOf` writes it, with the time in front when it is not 0. */
  readonly leftEvents: string[] = []
  readonly rightEvents: string[] = []
  /** Octets that went over, each way. */
  readonly sent: { left: number; right: number } = { left: 0, right: 0 }
  /** How the wire cuts: the largest chunk delivered. */
  maxChunk: number = Infinity
  /** A cut wire takes octets and delivers none. */
  cut = false

  constructor(left: string, right: string, leftOptions: TestOptions = {}, rightOptions: TestOptions = {}) {
    this.left = makeEngine(left, leftOptions)
    this.right = makeEngine(right, rightOptions)
  }

  /** Carries octets both ways until both are quiet. */
  exchange(): this {
    for (;;) {
      const fromLeft = outputOf(this.left)
      const fromRight = outputOf(this.right)
      this.#poll()
      if (fromLeft.length + fromRight.length === 0) return this
      this.sent.left += fromLeft.length
      this.sent.right += fromRight.length
      if (this.cut) continue
      this.#deliver(fromLeft, this.right)
      this.#deliver(fromRight, this.left)
      this.#poll()
    }
  }

  /** Moves time on by `ms`, waking each side at its deadlines and carrying what it then says. */
  advance(ms: number): this {
    const end = this.now + ms
    for (;;) {
      const next = Math.min(this.left.pollDeadline(), this.right.pollDeadline())
      if (next > end) break
      this.now = Math.max(this.now, next)
      for (const engine of [this.left, this.right]) {
        if (engine.pollDeadline() <= this.now) engine.handleTimeout(this.now)
      }
      this.exchange()
    }
    this.now = end
    return this
  }

  #deliver(bytes: Buffer, to: Engine): void {
    for (let at = 0; at < bytes.length; at += this.maxChunk) {
      to.handleBytes(Buffer.from(bytes.subarray(at, at + this.maxChunk)), this.now)
      this.#poll()
    }
  }

  #poll(): void {
    this.leftEvents.push(...this.#fresh(this.left, this.leftEvents))
    this.rightEvents.push(...this.#fresh(this.right, this.rightEvents))
  }

  #fresh(engine: Engine, before: string[]): string[] {
    const ended = before.some((event) => event.includes('ended'))
    return eventsOf(engine)
      .filter((event) => !(ended && event.startsWith('ended')))
      .map((event) => (this.now === 0 ? event : `${this.now}: ${event}`))
  }
}
