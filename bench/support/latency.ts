// How long one takes when nothing else is under way: each timed on its own, one after the other.
import { median } from './judge.ts'

/** The median of `count` trips, in µs. */
export async function medianTrip(count: number, trip: (index: number) => Promise<void>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const started = performance.now()
    await trip(i)
    times.push(performance.now() - started)
  }
  return median(times) * 1000
}
