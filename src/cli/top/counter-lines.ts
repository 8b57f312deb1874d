// The counters of a server as `pseud top` shows them: a table of which stands where, and lines as wide as the window. Pure.
import type { Stats } from '../../rpc/index.ts'
import { shownOctets, shownShort } from '../figures.ts'
import { fitted } from '../printable.ts'
import { rateOf, type View } from './samples.ts'

/** `rate`: how much it has grown in a second; `trouble`: it stands out when it has grown. */
interface Figure {
  readonly label: string
  readonly counter: keyof Stats
  readonly as: 'rate' | 'count' | 'octets'
  readonly trouble?: true
}

/** docs/cli.md has a table of them, which a test compares. */
export const GROUPS: readonly (readonly [name: string, figures: readonly Figure[]])[] = [
  [
    'in',
    [
      { label: 'calls/s', counter: 'handled', as: 'rate' },
      { label: 'running', counter: 'running', as: 'count' },
      { label: 'waiting', counter: 'waiting', as: 'count' },
      { label: 'threw/s', counter: 'threw', as: 'rate', trouble: true },
      { label: 'refused/s', counter: 'refused', as: 'rate', trouble: true },
      { label: 'dropped/s', counter: 'dropped', as: 'rate', trouble: true },
    ],
  ],
  [
    'out',
    [
      { label: 'calls/s', counter: 'started', as: 'rate' },
      { label: 'in flight', counter: 'inFlight', as: 'count' },
      { label: 'queued', counter: 'queued', as: 'count' },
      { label: 'failed/s', counter: 'failed', as: 'rate', trouble: true },
      { label: 'late/s', counter: 'timedOut', as: 'rate', trouble: true },
      { label: 'retried/s', counter: 'retried', as: 'rate', trouble: true },
    ],
  ],
  [
    'items',
    [
      { label: 'in/s', counter: 'itemsReceived', as: 'rate' },
      { label: 'out/s', counter: 'itemsSent', as: 'rate' },
    ],
  ],
  [
    'notes',
    [
      { label: 'in/s', counter: 'notifiesReceived', as: 'rate' },
      { label: 'out/s', counter: 'notifiesSent', as: 'rate' },
      { label: 'dropped/s', counter: 'notifiesDropped', as: 'rate', trouble: true },
    ],
  ],
  [
    'links',
    [
      { label: 'peers', counter: 'peers', as: 'count' },
      { label: 'unsent', counter: 'queuedBytes', as: 'octets' },
      { label: 'slow', counter: 'slowPeers', as: 'count', trouble: true },
      { label: 'denied', counter: 'unauthenticated', as: 'count', trouble: true },
      { label: 'protocol', counter: 'protocolErrors', as: 'count', trouble: true },
      { label: 'ignored', counter: 'ignored', as: 'count' },
    ],
  ],
]

const GROUP_WIDTH = 6
const LABEL_WIDTH = 10
const VALUE_WIDTH = 7

export function counterLines({ last, before, columns, paint }: View): string[] {
  if (columns < GROUP_WIDTH + LABEL_WIDTH + VALUE_WIDTH) return []
  const now = (name: keyof Stats): number => last.report.stats[name] ?? 0
  const then = (name: keyof Stats): number | undefined => before && (before.report.stats[name] ?? 0)
  const ms = last.atMs - (before?.atMs ?? 0)
  const cell = ({ label, counter, as, trouble }: Figure): string => {
    const rate = as === 'rate' ? rateOf(now(counter), then(counter), ms) : now(counter)
    const value = rate === undefined ? '-' : as === 'octets' ? shownOctets(rate) : shownShort(rate)
    const style = trouble === true && now(counter) > (then(counter) ?? now(counter)) ? 'yellow' : 'bold'
    return paint('dim', fitted(label, LABEL_WIDTH)) + paint(style, fitted(value, VALUE_WIDTH, 'right'))
  }
  const perLine = Math.floor((columns - GROUP_WIDTH) / (LABEL_WIDTH + VALUE_WIDTH + 1)) || 1
  return GROUPS.flatMap(([group, figures]) => {
    const lines: string[] = []
    for (let at = 0; at < figures.length; at += perLine) {
      const cells = figures.slice(at, at + perLine).map(cell)
      lines.push(fitted(at === 0 ? group : '', GROUP_WIDTH) + cells.join(' '))
    }
    return lines
  })
}
