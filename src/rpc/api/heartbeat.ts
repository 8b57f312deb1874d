/**
 * What a program can have a say in about signs of life: how often, how long, and, by functions of its own, what is made of them. For who
 * keeps presence elsewhere than in this process, as in a store that several servers share. No timers, no octets.
 */
import { UsageError } from '../../base/errors.ts'
import type { Awaitable } from '../security/backend.ts'
import type { Peer } from './peer.ts'

/** When a silent peer is asked for a sign of life, and when it is given up. */
export interface HeartbeatOptions {
  /** A peer that has been silent for so long is asked for a sign of life, in ms. Default 5,000. */
  readonly intervalMs?: number
  /** A peer that has been silent for so long is given up, in ms. Default 15,000. */
  readonly timeoutMs?: number
}

/**
 * What becomes of signs of life. Both functions may return promises. What they throw is reported as an `error` event, and changes
 * nothing for the peer.
 */
export interface HeartbeatBackend<PeerApi = unknown> extends HeartbeatOptions {
  /** The peer is alive: called when it has come, and then once for each interval in which anything was heard of it. */
  onHeartbeat?(peer: Peer<PeerApi>): Awaitable<void>
  /**
   * Nothing was heard of the peer for `timeoutMs`. `true`: it stays, and this is asked again after as much more silence. Anything else: its
   * connection is ended with SILENT_PEER, also when there is no answer within `timeoutMs`.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that says nothing lets the peer go
  onTimeout?(peer: Peer<PeerApi>): Awaitable<boolean | void>
}

/** Throws `UsageError` BAD_OPTION. */
export function checkHeartbeat(heartbeat: HeartbeatBackend): HeartbeatBackend {
  for (const name of ['onHeartbeat', 'onTimeout'] as const) {
    const member: unknown = heartbeat[name]
    if (member !== undefined && typeof member !== 'function') {
      throw new UsageError('BAD_OPTION', `heartbeat.${name} is a function`)
    }
  }
  return heartbeat
}
