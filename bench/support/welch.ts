// Whether two ways of doing something take the same time: Welch's t over many single tries of both, mixed at random. As in dudect (Reparaz,
// Balasch, Verbauwhede: "Dude, is my code constant time?"), the slowest tries are left out at a hundred thresholds, because what
// disturbs a try only ever makes it slower; the largest t of all is what counts.

export interface Samples {
  readonly left: number[]
  readonly right: number[]
}

export interface Leak {
  /** Of all tries. */
  readonly t: number
  /** The largest |t| of any crop, with its sign, and which share of the tries that crop keeps. */
  readonly largest: number
  readonly kept: number
}

// A crop that keeps fewer says little.
const LEAST_TRIES = 1000
const CROPS = 100

export function leakOf({ left, right }: Samples): Leak {
  const all = Float64Array.from([...left, ...right]).sort()
  const t = welch(left, right)
  let largest = t
  let kept = 1
  for (let crop = 1; crop <= CROPS; crop++) {
    const share = 1 - 0.5 ** ((10 * crop) / CROPS)
    const threshold = all[Math.floor(share * (all.length - 1))]!
    const fast = [left, right].map((times) => times.filter((time) => time < threshold)) as [
      number[],
      number[],
    ]
    if (fast[0].length < LEAST_TRIES || fast[1].length < LEAST_TRIES) continue
    const ofCrop = welch(...fast)
    if (Math.abs(ofCrop) <= Math.abs(largest)) continue
    largest = ofCrop
    kept = share
  }
  return { t, largest, kept }
}

/** Welch's t: how many standard errors the means are apart. */
export function welch(left: readonly number[], right: readonly number[]): number {
  const [a, b] = [moments(left), moments(right)]
  return (a.mean - b.mean) / Math.sqrt(a.variance / left.length + b.variance / right.length)
}

function moments(times: readonly number[]): { mean: number; variance: number } {
  let mean = 0
  for (const time of times) mean += time
  mean /= times.length
  let squares = 0
  for (const time of times) squares += (time - mean) ** 2
  return { mean, variance: squares / (times.length - 1) }
}
