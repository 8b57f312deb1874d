// What a lane needs of the session that it belongs to, and of the connection under both.
import type { Codec, SentShapes } from '../../codec/messages.ts'
import type { Driver } from '../../zmtp/connections.ts'
import type { CallSettings } from '../api/settings.ts'
import type { Call } from '../calls/call.ts'
import type { Calls } from '../calls/calls.ts'
import type { WaitingQueue } from '../calls/queue.ts'
import type { RpcError } from '../errors/errors.ts'
import type { Counters } from '../participants/counters.ts'
import type { Incoming } from '../serving/incoming.ts'
import type { Share } from '../serving/slots.ts'
import type { Outflow } from '../streams/outflow.ts'

/** A connection, as far as messages and their fate are concerned: `Driver` is one. */
export type Connection = Pick<
  Driver,
  | 'congested'
  | 'queuedBytes'
  | 'lastHeard'
  | 'rttMs'
  | 'ready'
  | 'succeeded'
  | 'peer'
  | 'endpoint'
  | 'remoteAddress'
  | 'sendPart'
  | 'beginPart'
  | 'endPart'
  | 'abandonPart'
  | 'flush'
  | 'pause'
  | 'resume'
  | 'end'
  | 'destroy'
>

/** The session that lanes belong to. */
export interface LaneOwner<Lane> {
  readonly connection: Connection
  readonly codec: Codec
  readonly calls: Calls
  readonly shown: string
  readonly id: string
  readonly user: string | undefined
  /** Which program the peer says it is, over all its connections. */
  readonly instance: string | undefined
  readonly claimedName: string | undefined
  readonly since: Date
  readonly rttMs: number | undefined
  readonly share: Share<Incoming>
  readonly queue: WaitingQueue<Call>
  /** Ready and not at its end. */
  readonly open: boolean
  /** So much waits for it that nothing is read from it. */
  readonly paused: boolean
  readonly counters: Counters
  /** It announced X-Pseud: it knows our extension for `undefined`. */
  readonly isPseud: boolean
  /** The largest message it takes; `Infinity` when it did not say. */
  readonly peerMaxMessageSize: number
  /** Those that its peer and we have agreed on, for messages without a foreign route that are written in one go. */
  readonly sentShapes: SentShapes | undefined
  /** Callers are told nothing of what goes wrong here (`exposeErrors: 'none'`). */
  readonly hidesErrors: boolean
  /** A result could not be sent: whose function it was has to know. */
  report(error: unknown): void
  /** Why no call can be made: the session is over, or its peer cannot be called. */
  refusal(settings?: CallSettings): RpcError | undefined
  /** A message is open: what user code does while its values are being encoded must not write into it. */
  writing: boolean
  /** Has `action` done once the open message is complete. */
  defer(action: () => void): void
  /** Has `outflow` woken when the connection takes more. */
  park(outflow: Outflow): void
  /** A message is complete, or was given up. */
  onWritten(): void
  /** Asks the peer to show its credentials anew; `false`: it cannot be asked. */
  reauthenticate(): boolean
  /** The lane with this one's route that has calls open, if there is one: a route has one table. */
  keep(lane: Lane): Lane
  /** Nothing is open on a lane that is watched. */
  release(lane: Lane): void
}
