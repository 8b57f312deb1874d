// The same octets, delivered in every way that a network may: whole, one at a time, at every split.
import type { Engine } from '../../src/zmtp/engine/engine.ts'
import { eventsOf } from './engine.ts'

export interface Delivery {
  name: string
  chunks: Buffer[]
}

/** Whole, bytewise, and split at every place; above `maxSplits` places, at that many, spread out. */
export function deliveries(bytes: Buffer, maxSplits = 400): Delivery[] {
  const all: Delivery[] = [
    { name: 'whole', chunks: [Buffer.from(bytes)] },
    { name: 'bytewise', chunks: Array.from(bytes, (octet) => Buffer.from([octet])) },
  ]
  const step = Math.max(1, Math.ceil(bytes.length / maxSplits))
  for (let at = 1; at < bytes.length; at += step) {
    all.push({
      name: `split at ${at}`,
      chunks: [Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))],
    })
  }
  return all
}

/** Runs `check` for each delivery of `bytes`; a failure says which one it was. */
export function feed(bytes: Buffer, check: (chunks: Buffer[]) => void, maxSplits?: number): void {
  for (const { name, chunks } of deliveries(bytes, maxSplits)) {
    try {
      check(chunks)
    } catch (error) {
      if (error instanceof Error) error.message = `${name}: ${error.message}`
      throw error
    }
  }
}

/**
 * Feeds `bytes` to a new engine for each delivery and compares what it makes of them, as text, with `expected`; then
 * with `tail` behind it, of which everything expected must be independent.
 */
export function feedEngine(make: () => Engine, bytes: Buffer, expected: string[], tail?: Buffer): void {
  feed(bytes, (chunks) => same(run(make(), chunks), expected))
  if (tail === undefined) return
  feed(Buffer.concat([bytes, tail]), (chunks) => {
    same(run(make(), chunks).slice(0, expected.length), expected)
  })
}

function run(engine: Engine, chunks: Buffer[]): string[] {
  const events: string[] = []
  for (const chunk of chunks) {
    engine.handleBytes(chunk, 0)
    events.push(...eventsOf(engine))
    if (events.at(-1)?.startsWith('ended')) break
  }
  return events
}

function same(actual: string[], expected: string[]): void {
  const left = JSON.stringify(actual)
  const right = JSON.stringify(expected)
  if (left !== right) throw new Error(`got ${left.slice(0, 600)}, want ${right.slice(0, 600)}`)
}
