// The peers of a server as `pseud top` shows them: a table with as many columns as fit into the window. Pure.
import type { PeerReport } from '../../rpc/index.ts'
import { shownAge, shownOctets, shownShort } from '../figures.ts'
import { shownMs } from '../latencies.ts'
import { columnsOf, cropped, fitted, printable } from '../printable.ts'
import type { RatedPeer, View } from './samples.ts'

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

export function peerLines(peers: readonly RatedPeer[], { last, columns, paint }: View): string[] {
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
