/**
 * What `pseud top` shows, made of two reports of a server: rates are what lies between them. Pure: reports and the size of the window in,
 * lines out.
 */
import type { PeerReport, Stats, StatsReport } from '../rpc/index.ts'
import { shownAge, shownOctets, shownShort } from './figures.ts'
import { shownMs } from './latencies.ts'
import { columnsOf, cropped, fitted, printable } from './printable.ts'
import type { Style } from './screen.ts'

/** A report, and when it was here. */
export interface Sample {
  readonly report: StatsReport
  readonly atMs: number
}

export interface View {
  readonly endpoint: string
  readonly last: Sample
  /** Without it nothing is known of rates. */
  readonly before: Sample | undefined
  /** Why there is no newer report. */
  readonly trouble?: string | undefined
  readonly columns: number
  readonly rows: number
  paint(style: Style, text: string): string
}

/** `callsPerSecond`: `undefined` where that is not known. */
export interface RatedPeer extends PeerReport {
  readonly callsPerSecond: number | undefined
}

/** How much a second; `undefined` where that is not known, as when the server has begun anew meanwhile. */
export function rateOf(last: number, before: number | undefined, ms: number): number | undefined {
  return before === undefined || last < before || ms <= 0 ? undefined : ((last - before) / ms) * 1000
}

/** The peers, those that call most first. */
export function ratedPeers(last: Sample, before: Sample | undefined): RatedPeer[] {
  const known = new Map(before?.report.peers.map(({ id, asked }) => [id, asked]))
  const ms = last.atMs - (before?.atMs ?? 0)
  const rated = last.report.peers.map((peer) => ({
    ...peer,
    callsPerSecond: rateOf(peer.asked, known.get(peer.id), ms),
  }))
  // Stable: of equals the order of the report stays, which has the busy ones first.
  return rated.sort((one, other) => (other.callsPerSecond ?? 0) - (one.callsPerSecond ?? 0))
}

export function linesOf(view: View): string[] {
  const { last, columns, rows, trouble, paint } = view
  const above = [title(view), '', ...groups(view)]
  const peers = ratedPeers(last, view.before)
  const room = rows - above.length - 2
  if (room < 2) return withTrouble(above.slice(0, rows), trouble, columns, paint)
  const shown = peers.slice(0, peers.length + last.report.omitted > room ? room - 1 : room)
  const hidden = peers.length - shown.length + last.report.omitted
  const more = hidden === 0 ? [] : [paint('dim', cropped(`… ${shownShort(hidden)} more`, columns))]
  return withTrouble([...above, '', ...table(shown, view), ...more], trouble, columns, paint)
}

function withTrouble(
  lines: string[],
  trouble: string | undefined,
  columns: number,
  paint: View['paint'],
): string[] {
  // In the empty line below the title, so that nothing moves.
  if (trouble !== undefined && lines.length > 1) lines[1] = paint('red', cropped(printable(trouble), columns))
  return lines
}

function title({ endpoint, last, columns, paint }: View): string {
  const time = ` ${last.report.time.toISOString().slice(11, 19)} UTC`
  const name = printable(last.report.name)
  const text = cropped(name === '' ? endpoint : `${name} at ${endpoint}`, Math.max(0, columns - time.length))
  const left = text.startsWith(name) ? paint('bold', name) + text.slice(name.length) : text
  const space = columns - columnsOf(text) - time.length
  return space < 0 ? left : `${left}${' '.repeat(space)}${paint('dim', time)}`
}

// -- the counters --------------------------------------------------------------------------------------------------------

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

function groups({ last, before, columns, paint }: View): string[] {
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

// -- the peers -----------------------------------------------------------------------------------------------------------

interface Column {
  readonly head: string
  readonly width: number
  /** Those with the highest go first where the window is narrow. */
  readonly rank: number
  readonly isText?: true
  text(peer: RatedPeer, time: Date): string
}

const NAME: Column = { head: 'PEER', width: 8, rank: 0, isText: true, text: nameOf }
const ADDRESS: Column = {
  head: 'ADDRESS',
  width: 12,
  rank: 3,
  isText: true,
  text: ({ address }) => printable(address.replace(/^tcp:\/\//, '')),
}

const COLUMNS: readonly Column[] = [
  NAME,
  ADDRESS,
  { head: 'SINCE', width: 6, rank: 6, text: ({ since }, time) => shownAge(time.getTime() - since.getTime()) },
  { head: 'RTT', width: 8, rank: 7, text: ({ rttMs }) => (rttMs === undefined ? '-' : shownMs(rttMs)) },
  {
    head: 'CALLS/S',
    width: 7,
    rank: 1,
    text: ({ callsPerSecond }) => (callsPerSecond === undefined ? '-' : shownShort(callsPerSecond)),
  },
  { head: 'RUN', width: 6, rank: 2, text: ({ running }) => shownShort(running) },
  { head: 'WAIT', width: 6, rank: 4, text: ({ waiting }) => shownShort(waiting) },
  { head: 'OUT', width: 6, rank: 5, text: ({ inFlight, queued }) => shownShort(inFlight + queued) },
  { head: 'UNSENT', width: 7, rank: 8, text: ({ queuedBytes }) => shownOctets(queuedBytes) },
]

/** Who it has proved to be, or `~` and what it says to be. */
function nameOf({ user, claimedName }: PeerReport): string {
  if (user !== undefined) return printable(user)
  return claimedName === undefined ? '-' : printable(`~${claimedName}`)
}

function table(peers: readonly RatedPeer[], { last, columns, paint }: View): string[] {
  const { time } = last.report
  const shown = fitting(columns)
  const wanted = (column: Column): number =>
    Math.max(column.width, ...peers.map((peer) => columnsOf(column.text(peer, time))))
  const rest = columns - widthOf(shown)
  // What is left is for the two that are text.
  const address = shown.includes(ADDRESS) ? Math.min(rest, wanted(ADDRESS) - ADDRESS.width) : 0
  const width = (column: Column): number =>
    column.width + (column === ADDRESS ? address : column === NAME ? rest - address : 0)
  const line = (text: (column: Column) => string): string =>
    cropped(
      shown.map((column) => fitted(text(column), width(column), column.isText ? 'left' : 'right')).join(' '),
      columns,
    )
  return [
    paint(
      'dim',
      line(({ head }) => head),
    ),
    ...peers.map((peer) => {
      const text = line((column) => column.text(peer, time))
      return peer.slow ? paint('red', text) : text
    }),
  ]
}

function fitting(columns: number): readonly Column[] {
  let shown = COLUMNS
  while (shown.length > 1 && widthOf(shown) > columns) {
    const last = Math.max(...shown.map(({ rank }) => rank))
    shown = shown.filter(({ rank }) => rank !== last)
  }
  return shown
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + 1, -1)
}
