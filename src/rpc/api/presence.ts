// What a server can be told about the peers it calls: whom a name means, how long to wait for somebody, what became of a message for all.
import { MAX_DELAY_MS } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import type { CallOptions } from './settings.ts'

/** What a Server can be told about who is there. docs/presence.md. */
export interface PresenceOptions {
  /**
   * What becomes of a user's connections when the same user connects again. `all` (the default): they live side by side, and `sendTo`
   * means the newest. `replace`: the older ones are ended, and their clients do not come back. Only for users who are authenticated: of those
   * who merely claim a name the first keeps it.
   */
  readonly sameUser?: 'all' | 'replace'
  /** How long a call by `sendTo` waits for a user who is not connected, in ms. Default 0: it fails at once. */
  readonly waitForPeerMs?: number
}

/** The options of `server.sendTo`: those of calls, and how long to wait for somebody. */
export interface SendToOptions extends CallOptions {
  /** How long a call waits for the user when it is not connected, in ms. Default: the `waitForPeerMs` of the server. */
  readonly waitForPeerMs?: number
}

/** What became of a message for all peers. */
export interface Delivery {
  /** How many connections it was written to. */
  readonly sent: number
  /** How many it was dropped for, here: they take no more at the moment, cannot be called, or do not take a message of this size. */
  readonly dropped: number
}

/** Throws `UsageError` BAD_OPTION. */
export function checkWait(waitForPeerMs: number): number {
  if (typeof waitForPeerMs !== 'number' || !(waitForPeerMs >= 0)) {
    throw new UsageError(
      'BAD_OPTION',
      `waitForPeerMs is a number of ms, or Infinity, not ${String(waitForPeerMs)}`,
    )
  }
  return waitForPeerMs === Number.POSITIVE_INFINITY ? waitForPeerMs : Math.min(waitForPeerMs, MAX_DELAY_MS)
}

/** Throws `UsageError` BAD_OPTION. */
export function checkSameUser(sameUser: 'all' | 'replace'): 'all' | 'replace' {
  if (sameUser !== 'all' && sameUser !== 'replace') {
    throw new UsageError('BAD_OPTION', `sameUser is 'all' or 'replace', not ${String(sameUser)}`)
  }
  return sameUser
}
