// What `$rpc.stats` tells of those who are connected: bounded, the busy ones first. Reads sessions, changes nothing.
import type { Share } from '../serving/slots.ts'
import type { Stats } from './counters.ts'

/** What `$rpc.stats` gives. */
export interface StatsReport {
  /** Of the `Server` or `Client` that tells. */
  readonly name: string
  /** The time there. */
  readonly time: Date
  /** What its `stats()` gives. */
  readonly stats: Stats
  /** Those for whom most is going on first, then in the order of coming: at most 256. */
  readonly peers: readonly PeerReport[]
  /** How many more are connected. */
  readonly omitted: number
}

/** One connection of the participant that tells. Text of more than 256 characters is cut. */
export interface PeerReport {
  /** As `Peer#id`: new for each connection. */
  readonly id: string
  /** Who it has proved to be. */
  readonly user?: string
  /** Under which name it wants to be called. */
  readonly claimedName?: string
  /** Where it is: `tcp://127.0.0.1:40404`. */
  readonly address: string
  /** When it connected. */
  readonly since: Date
  /** How long the last heartbeat took there and back, in ms. */
  readonly rttMs?: number
  /** Calls from there that found a function, since it connected. */
  readonly asked: number
  /** Calls from there that run now. */
  readonly running: number
  /** Calls from there that wait for a slot now. */
  readonly waiting: number
  /** Calls to there that are sent and not answered. */
  readonly inFlight: number
  /** Calls to there that wait until it takes them. */
  readonly queued: number
  /** Octets that wait for it. */
  readonly queuedBytes: number
  /** It does not read, so nothing is read from it. */
  readonly slow: boolean
}

/** A participant is one. */
export interface Reporting {
  readonly name: string
  readonly sessions: Iterable<Reported>
  stats(): Stats
  date(): Date
}

/** A session is one. */
export interface Reported {
  readonly open: boolean
  readonly admitted: boolean
  readonly id: string
  readonly user: string | undefined
  readonly claimedName: string | undefined
  readonly since: Date
  readonly rttMs: number | undefined
  readonly taken: Share<unknown> | undefined
  readonly inFlight: number
  readonly queuedCalls: number
  readonly paused: boolean
  readonly connection: { readonly remoteAddress: string; readonly queuedBytes: number }
}

/** However many are asked for. */
const PEERS_MAX = 256
// In characters, of what a peer says of itself.
const TEXT_MAX = 256

export function reportStats(of: Reporting, peersMax: number): StatsReport {
  return { name: of.name, time: of.date(), stats: of.stats(), ...reportPeers(of.sessions, peersMax) }
}

function reportPeers(
  sessions: Iterable<Reported>,
  peersMax: number,
): { readonly peers: readonly PeerReport[]; readonly omitted: number } {
  const max = Math.min(PEERS_MAX, peersMax)
  const busy: { readonly load: number; readonly session: Reported }[] = []
  const idle: Reported[] = []
  let count = 0
  for (const session of sessions) {
    if (!session.open || !session.admitted) continue
    count++
    const load = loadOf(session)
    if (load > 0) busy.push({ load, session })
    else if (idle.length < max) idle.push(session)
  }
  busy.sort((one, other) => other.load - one.load)
  const shown = [...busy.map(({ session }) => session).slice(0, max), ...idle].slice(0, max)
  return { peers: shown.map(reportOf), omitted: count - shown.length }
}

function loadOf({ taken, inFlight, queuedCalls }: Reported): number {
  return (taken === undefined ? 0 : taken.running + taken.waiting.size) + inFlight + queuedCalls
}

function reportOf(session: Reported): PeerReport {
  const { id, user, claimedName, since, rttMs, taken, inFlight, queuedCalls, paused, connection } = session
  return {
    id,
    ...(user !== undefined && { user: user.slice(0, TEXT_MAX) }),
    ...(claimedName !== undefined && { claimedName: claimedName.slice(0, TEXT_MAX) }),
    address: connection.remoteAddress.slice(0, TEXT_MAX),
    since,
    ...(rttMs !== undefined && { rttMs }),
    asked: taken?.asked ?? 0,
    running: taken?.running ?? 0,
    waiting: taken?.waiting.size ?? 0,
    inFlight,
    queued: queuedCalls,
    queuedBytes: connection.queuedBytes,
    slow: paused,
  }
}
