// A histogram as lines of text, as wide as the window allows. What is in it stands in latencies.ts and bench/tally.ts.
import type { Bucket } from './latencies.ts'
import type { Screen } from './screen.ts'

const BAR_MAX = 50
// What a count and the spaces around it take.
const COUNT_WIDTH = 12

export function histogramLines(
  buckets: readonly Bucket[],
  { width, paint }: { readonly width: number; readonly paint: Screen['paint'] },
): string[] {
  const labels = buckets.map(({ fromMs, toMs }) => `${label(fromMs)} - ${label(toMs)}`)
  const left = Math.max(...labels.map((text) => text.length))
  const most = Math.max(...buckets.map((bucket) => bucket.count))
  const room = Math.max(10, Math.min(BAR_MAX, width - left - COUNT_WIDTH))
  return buckets.map(({ count }, at) => {
    const bar = '█'.repeat(Math.ceil((count / most) * room))
    return `${labels[at]!.padStart(left)}  ${paint('cyan', bar)}${bar === '' ? '' : ' '}${count}`
  })
}

function label(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : ms >= 1 || ms === 0 ? `${ms} ms` : `${Math.round(ms * 1000)} µs`
}
