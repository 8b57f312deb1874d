// What a page is made of: two reports of a server, what lies between them, which is rates, and the window. Shows nothing.
import type { PeerReport, StatsReport } from '../../rpc/index.ts'
import type { Style } from '../screen.ts'

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
