// Which sessions have a pulse of their own: those whose peers a backend wants to hear of, and those that need our PING.

import type { Deadlines } from '../../base/deadlines.ts'
import type { ResolvedOptions } from '../api/options.ts'
import type { Peer } from '../api/peer.ts'
import type { ErrorReport } from '../serving/answers.ts'
import { Pulse } from '../session/pulse.ts'
import type { Session } from '../session/session.ts'

/** A participant, as far as the life of its peers is concerned. */
interface Attending {
  readonly options: ResolvedOptions
  readonly deadlines: Deadlines
  readonly context: { readonly clock: { now(): number } }
  report(error: unknown, about: ErrorReport): void
}

/** The pulse of `session`; `undefined` when ZMTP's heartbeat says all there is to say. */
export function pulseOf(owner: Attending, session: Session, peer: () => Peer<never>): Pulse | undefined {
  const { heartbeat, heartbeatIntervalMs, heartbeatTimeoutMs } = owner.options
  if (heartbeat === undefined || !session.open) return undefined
  const isHeardOf = heartbeat.onHeartbeat !== undefined || heartbeat.onTimeout !== undefined
  if (!isHeardOf && !session.wantsPing) return undefined
  return new Pulse(session, peer() as unknown as Peer, {
    backend: heartbeat,
    intervalMs: heartbeatIntervalMs,
    timeoutMs: heartbeatTimeoutMs,
    deadlines: owner.deadlines,
    now: () => owner.context.clock.now(),
    report: (error) => owner.report(error, { peer: session.shown }),
  })
}
