// What `pseud bench` says of a load: a line while it goes on, and the figures in the end, for people and for programs. Pure.
import { shownCount, shownShort } from '../figures.ts'
import { histogramLines } from '../histogram.ts'
import { shownMs } from '../latencies.ts'
import { printable } from '../printable.ts'
import type { Screen } from '../screen.ts'
import type { Load } from './load.ts'

export interface About {
  readonly endpoint: string
  readonly server: string | undefined
  readonly method: string
  readonly connections: number
  readonly inflight: number
  readonly warmUpMs: number
}

const BAR_WIDTH = 20

export function progressLine(load: Load): string {
  if (!load.isWarm) return 'warming up'
  const done = Math.floor(load.progress * BAR_WIDTH)
  const bar = `${'█'.repeat(done)}${'░'.repeat(BAR_WIDTH - done)}`
  const failed = load.failed === 0 ? '' : `  ${shownCount(load.failed)} failed`
  const median = load.succeeded === 0 ? '' : `  median ${shownMs(load.times.percentile(0.5))}`
  return `${bar}  ${shownCount(load.calls)} calls  ${shownShort(perSecond(load))}/s${median}${failed}`
}

/** For JSON. */
export function summaryOf(load: Load, about: About): object {
  const { calls, succeeded, failed, items, elapsedMs, errors, times } = load
  return {
    ...about,
    durationMs: Math.round(elapsedMs),
    calls,
    succeeded,
    failed,
    ...(items > 0 && { items }),
    callsPerSecond: Math.round(perSecond(load) * 10) / 10,
    errors: Object.fromEntries(errors),
    ...(succeeded > 0 && { ...times.summary(), histogram: times.histogram() }),
  }
}

export function linesOf(load: Load, about: About, screen: Screen): string[] {
  const { endpoint, server, method, connections, inflight } = about
  const { calls, succeeded, failed, items, elapsedMs, errors, times } = load
  const paint: Screen['paint'] = (style, text) => screen.paint(style, text)
  const who = server === undefined ? endpoint : `${printable(server)} at ${endpoint}`
  const lines = [
    `${who}: ${method}, ${counted(connections, 'connection')}, ${inflight} at once on each`,
    `${counted(calls, 'call')} in ${shownMs(elapsedMs)}: ${paint('bold', `${shownShort(perSecond(load))}/s`)}` +
      (items === 0 ? '' : `, ${counted(items, 'item')}: ${shownShort((items / elapsedMs) * 1000)}/s`),
  ]
  for (const [code, count] of [...errors].sort(([, one], [, other]) => other - one)) {
    lines.push(paint('red', `${shownCount(count)} failed: ${printable(code)}`))
  }
  if (failed === 0) lines.push('none failed')
  if (succeeded === 0) return lines
  const { p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = times.summary()
  // All in one row of 80 columns; the least is in the histogram.
  const named = { median: p50Ms, p90: p90Ms, p99: p99Ms, 'p99.9': p999Ms, max: maxMs }
  const percentiles = Object.entries(named).map(([name, ms]) => `${paint('dim', name)} ${shownMs(ms)}`)
  return [
    ...lines,
    percentiles.join('  '),
    '',
    ...histogramLines(times.histogram(), { width: screen.width, paint }),
  ]
}

function counted(count: number, what: string): string {
  return `${shownCount(count)} ${what}${count === 1 ? '' : 's'}`
}

function perSecond({ succeeded, elapsedMs }: Load): number {
  return elapsedMs === 0 ? 0 : (succeeded / elapsedMs) * 1000
}
