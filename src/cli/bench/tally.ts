/**
 * Times of any number of calls in the same memory: counted in buckets that are 1.6 % wide, so that a percentile is off by 0.8 % at most;
 * the least and the largest are exact. For few times there is latencies.ts. Prints nothing.
 */
import { type Bucket, histogramOf, microsOf } from '../latencies.ts'

// 0.1 µs. Up to 2^7 of them a bucket each, above that 2^6 buckets for each power of two; 429 s and more are in the last.
const UNITS_PER_MS = 10_000
const UNITS_MAX = 2 ** 32 - 1
const FINE = 6
const BUCKETS = (32 - FINE) * 2 ** FINE + 2 ** FINE

export class Tally {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = 0

  add(ms: number): void {
    const units = Math.min(UNITS_MAX, Math.max(0, Math.round(ms * UNITS_PER_MS)))
    this.#counts[bucketOf(units)]!++
    this.#count++
    this.#sum += ms
    if (ms < this.#min) this.#min = ms
    if (ms > this.#max) this.#max = ms
  }

  get count(): number {
    return this.#count
  }

  /** The least time that `share` of all are not above, 0 to 1; NaN of none. */
  percentile(share: number): number {
    if (this.#count === 0) return Number.NaN
    let left = Math.max(1, Math.ceil(share * this.#count))
    if (left >= this.#count) return this.#max
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return this.#timeOf(bucket)
    }
    return this.#max
  }

  histogram(): Bucket[] {
    return histogramOf(this.#entries())
  }

  /** For JSON. */
  summary(): Readonly<Record<'minMs' | 'meanMs' | 'p50Ms' | 'p90Ms' | 'p99Ms' | 'p999Ms' | 'maxMs', number>> {
    return {
      minMs: microsOf(this.#min),
      meanMs: microsOf(this.#sum / this.#count),
      p50Ms: microsOf(this.percentile(0.5)),
      p90Ms: microsOf(this.percentile(0.9)),
      p99Ms: microsOf(this.percentile(0.99)),
      p999Ms: microsOf(this.percentile(0.999)),
      maxMs: microsOf(this.#max),
    }
  }

  *#entries(): Generator<[ms: number, count: number]> {
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) yield [this.#timeOf(bucket), count]
  }

  #timeOf(bucket: number): number {
    return Math.min(this.#max, Math.max(this.#min, middleOf(bucket)))
  }
}

function bucketOf(units: number): number {
  if (units < 2 ** (FINE + 1)) return units
  const power = 31 - Math.clz32(units)
  return (power - FINE) * 2 ** FINE + (units >>> (power - FINE))
}

/** In ms. */
function middleOf(bucket: number): number {
  if (bucket < 2 ** (FINE + 1)) return bucket / UNITS_PER_MS
  const power = Math.floor(bucket / 2 ** FINE) + FINE - 1
  const first = (bucket - (power - FINE) * 2 ** FINE) * 2 ** (power - FINE)
  return (first + 2 ** (power - FINE) / 2) / UNITS_PER_MS
}
