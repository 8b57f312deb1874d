// The answer of `$rpc.stats`, checked: it comes from whoever is at the other end, perhaps of another version. What is missing is 0 or empty.
import type { PeerReport, Stats, StatsReport } from '../../rpc/index.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { Failure } from '../failure.ts'

/** Throws a Failure for what is no such answer at all. */
export function statsIn(value: unknown): StatsReport {
  if (!isObject(value) || !isObject(value.stats) || !Array.isArray(value.peers)) {
    throw new Failure(exitCodeOf('PROTOCOL'), 'what came back are no figures of a server', [], 'PROTOCOL')
  }
  return {
    name: textIn(value.name),
    time: dateIn(value.time),
    stats: countersIn(value.stats),
    peers: value.peers.filter(isObject).map(peerIn),
    omitted: numberIn(value.omitted),
  }
}

/** Those that are not known here stay, for JSON. */
function countersIn(stats: Readonly<Record<string, unknown>>): Stats {
  const counters = Object.entries(stats).filter(([, count]) => typeof count === 'number')
  return Object.fromEntries(counters) as unknown as Stats
}

function peerIn(peer: Readonly<Record<string, unknown>>): PeerReport {
  const { user, claimedName, rttMs } = peer
  return {
    id: textIn(peer.id),
    ...(typeof user === 'string' && { user }),
    ...(typeof claimedName === 'string' && { claimedName }),
    address: textIn(peer.address),
    since: dateIn(peer.since),
    ...(typeof rttMs === 'number' && { rttMs }),
    asked: numberIn(peer.asked),
    running: numberIn(peer.running),
    waiting: numberIn(peer.waiting),
    inFlight: numberIn(peer.inFlight),
    queued: numberIn(peer.queued),
    queuedBytes: numberIn(peer.queuedBytes),
    slow: peer.slow === true,
  }
}

function numberIn(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function dateIn(value: unknown): Date {
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value : new Date(0)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
