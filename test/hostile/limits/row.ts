/**
 * What a limit is held against: an attack of a size, below, at and above it, what comes of each, and how much memory it may hold at its height.
 * Memory is heap and array buffers after a collection, without what there was before the attack began.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as assert from 'uvu/assert'

export interface LimitRow {
  /** Its name in docs/limits.md or docs/options.md; several rows may be of one limit. */
  readonly limit: string
  /** What is different about this row, where a limit has several. */
  readonly what?: string
  /** What it is here: the default, or what an option was set to. */
  readonly value: number
  /** What comes of an attack of `value` - 1, `value` and `value` + 1. */
  readonly comes: readonly [below: string, at: string, above: string]
  /** Octets that the attack may hold where so many were sent and one of `size` is made. */
  holds(sent: number, size: number): number
  /** Says what came of it, after it was measured by `meter`. */
  attack(size: number, meter: Meter): string | Promise<string>
}

/** Besides what an attack holds: what a collection leaves, compiled code, the stage. */
export const NOISE: number = 1 << 20

/** The rule for octets: a small factor of those that were sent, and what a connection costs, but nothing for what was announced. */
export const ofSent =
  (connections = 1) =>
  (sent: number): number =>
    4 * sent + connections * (65_536 + 8192) + NOISE

/** The rule for calls, topics and the like: so much for each, whatever was announced. */
export const ofEach =
  (each: number) =>
  (sent: number, size: number): number =>
    4 * sent + each * size + NOISE

export class Meter {
  /** Octets that the attacker has sent. */
  sent = 0
  #before: number | undefined
  #most: number | undefined

  /** The stage stands, and what is to be sent is made: the attack begins. */
  begin(): void {
    this.#before = held()
  }

  /** The attack is at its height. */
  height(): void {
    assert.ok(this.#before !== undefined, 'it was never begun')
    this.#most = Math.max(this.#most ?? 0, held() - this.#before)
  }

  get most(): number {
    assert.ok(this.#most !== undefined, 'nothing was measured')
    return this.#most
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function held(): number {
  collect()
  // What the first one has let go of array buffers is counted by the second.
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
