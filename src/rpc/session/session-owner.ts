// What a session needs of the participant that it belongs to. Types only.

import type { Deadlines } from '../../base/deadlines.ts'
import type { PseudError } from '../../base/errors.ts'
import type { Codec } from '../../codec/messages.ts'
import type { Links } from '../around/links.ts'
import type { Calls } from '../calls/calls.ts'
import type { ExposeErrors } from '../errors/remote-error.ts'
import type { Counters } from '../participants/counters.ts'
import type { ErrorReport } from '../serving/answers.ts'
import type { Dispatcher } from '../serving/dispatcher.ts'
import type { BacklogLimits } from './backlog.ts'
import type { HelloInfo, Inbound } from './inbound.ts'

/** What all sessions of a participant share, and who hears of their fate. */
export interface SessionOwner<OwnSession> {
  readonly codec: Codec
  readonly inbound: Inbound
  readonly calls: Calls
  readonly dispatcher: Dispatcher
  readonly counters: Counters
  readonly maxQueuedCalls: number
  readonly maxQueuedBytes: number
  readonly links: Links
  readonly deadlines: Deadlines
  readonly backlogLimits: BacklogLimits
  /** Shapes of objects that a peer may define; 0: none are used. */
  readonly options: { readonly maxShapes: number; readonly exposeErrors: ExposeErrors }
  report(error: unknown, about: ErrorReport): void
  now(): number
  newSessionId(): string
  date(): Date
  onReady(session: OwnSession): void
  onHello(session: OwnSession, info: HelloInfo): void
  onWelcome(session: OwnSession): void
  onGoaway(session: OwnSession, lastId: number, reason: unknown): void
  /** Nothing is open on a session that is being left. */
  onIdle(session: OwnSession): void
  /** Asks the peer for new credentials; `false`: it cannot be asked. */
  reauthenticate(session: OwnSession): boolean
  /** Writing is possible again. */
  onDrain(session: OwnSession): void
  onEnd(session: OwnSession, error: PseudError | undefined): void
}
