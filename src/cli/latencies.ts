/**
 * Times that were measured, and what is said of them: percentiles, and a histogram whose bounds are round numbers. Knows no command and
 * prints nothing.
 */

export interface Bucket {
  readonly fromMs: number
  readonly toMs: number
  readonly count: number
}

export class Latencies {
  readonly #times: number[] = []
  #sorted = true

  add(ms: number): void {
    this.#times.push(ms)
    this.#sorted = false
  }

  get count(): number {
    return this.#times.length
  }

  get mean(): number {
    return this.#times.reduce((sum, ms) => sum + ms, 0) / this.#times.length
  }

  /** The least time that `share` of all are not above, 0 to 1. */
  percentile(share: number): number {
    this.#sort()
    return this.#times[Math.max(0, Math.ceil(share * this.#times.length) - 1)] ?? Number.NaN
  }

  histogram(): Bucket[] {
    this.#sort()
    return histogramOf(this.#times.map((ms) => [ms, 1]))
  }

  /** For JSON; microseconds are as exact as it gets. */
  summary(): Readonly<Record<'minMs' | 'meanMs' | 'p50Ms' | 'p90Ms' | 'p99Ms' | 'maxMs', number>> {
    return {
      minMs: microsOf(this.percentile(0)),
      meanMs: microsOf(this.mean),
      p50Ms: microsOf(this.percentile(0.5)),
      p90Ms: microsOf(this.percentile(0.9)),
      p99Ms: microsOf(this.percentile(0.99)),
      maxMs: microsOf(this.percentile(1)),
    }
  }

  #sort(): void {
    if (this.#sorted) return
    this.#times.sort((one, other) => one - other)
    this.#sorted = true
  }
}

/**
 * From the bound below the least to the bound above the largest, by 1, 2, 5, 10, …; what lies between is there, also where it is empty. `times`
 * in order, each with how often it was measured.
 */
export function histogramOf(times: Iterable<readonly [ms: number, count: number]>): Bucket[] {
  const buckets: Bucket[] = []
  for (const [ms, count] of times) {
    if (buckets.length === 0) buckets.push(bucketFrom(roundBelow(ms)))
    while (ms >= buckets.at(-1)!.toMs) buckets.push(bucketFrom(buckets.at(-1)!.toMs))
    const last = buckets.pop()!
    buckets.push({ ...last, count: last.count + count })
  }
  return buckets
}

function bucketFrom(fromMs: number): Bucket {
  return { fromMs, toMs: roundAbove(fromMs), count: 0 }
}

/** `0.214 ms`, `12.3 ms`, `1.25 s`. */
export function shownMs(ms: number): string {
  return ms >= 1000 ? `${threeDigits(ms / 1000)} s` : `${threeDigits(ms)} ms`
}

// Below a microsecond all is one.
const STEPS = [0, 0.001, ...series(-3, 5)]

function series(from: number, to: number): number[] {
  const bounds: number[] = []
  for (let power = from; power <= to; power++) {
    for (const step of [1, 2, 5]) bounds.push(Number(`${step}e${power}`))
  }
  return bounds.slice(1)
}

function roundBelow(ms: number): number {
  return STEPS.findLast((bound) => bound <= ms) ?? 0
}

function roundAbove(bound: number): number {
  return STEPS.find((other) => other > bound) ?? Number.POSITIVE_INFINITY
}

function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** As exact as times of calls get. */
export function microsOf(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
