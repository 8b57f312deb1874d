/**
 * The channels of `node:diagnostics_channel` that tell what happens here, and what a subscriber gets on them. Without a subscriber
 * nothing is made: who publishes asks `hasSubscribers` first. docs/observability.md is the page for users.
 */
import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel'
import type { Peer } from '../api/peer.ts'
import type { Executed } from '../errors/errors.ts'

/**
 * One call, on `tracing:pseud:call:start`, `:end`, `:asyncStart`, `:asyncEnd` and, when it fails, `:error`: the same object each time,
 * on which a subscriber may keep what is its own.
 */
export interface CallTrace {
  /** Who calls is `client`, who runs the function is `server`: a `Server` that calls one of its clients is `client` here. */
  readonly side: 'client' | 'server'
  /** `notify`: nobody waits for an answer. */
  readonly kind: 'call' | 'notify'
  /** The name of the participant at whose side this is. */
  readonly name: string
  /** The name of the function. */
  readonly method: string
  /** What it is called with. */
  readonly args: readonly unknown[]
  /** At `start` of the caller's side what is put in here travels with the call; what is no string is left out. */
  readonly headers: Record<string, string>
  /** The other side in words: `"remote"`, or `"worker" (tcp://127.0.0.1:40404)`. */
  readonly remote: string
  /** The other side; `undefined` as long as a client with several servers has not chosen one. */
  readonly peer: Peer | undefined
  /** Who the other side has proved to be. */
  readonly user: string | undefined
  /** Once it is over: what it gave. For a stream the stream; `asyncEnd` comes when that has ended. */
  result?: unknown
  /** Once it is over: why it failed. */
  error?: unknown
  /** Once it is over: whether the function ran. */
  executed?: Executed
  /** From `start` to the outcome, in ms. */
  durationMs?: number
}

/** What became of a connection, on `pseud:link`. */
export interface LinkEvent {
  /**
   * `ready`: calls go out and come in. `lost`: a connection that was ready is gone. `retry`: an attempt to connect failed, the next follows
   * in `retryInMs`. `refused`: it will not be tried again, or a peer was not let in. `goaway`: no new calls after this, said by us (`sent`)
   * or by the peer. `slow-peer`: it does not read; nothing more is read from it until it does.
   */
  readonly type: 'ready' | 'lost' | 'retry' | 'refused' | 'goaway' | 'slow-peer'
  /** Which kind of participant this is. */
  readonly side: 'client' | 'server'
  /** The name of the participant here. */
  readonly name: string
  /** The other side in words. */
  readonly remote: string
  /** Where the connection goes to, or was accepted. */
  readonly endpoint?: string
  /** Who the other side has proved to be. */
  readonly user?: string
  /** Of `retry`: in how many ms. */
  readonly retryInMs?: number
  /** Of `goaway`: said by us, not by the peer. */
  readonly sent?: boolean
  /** Why: that of a `goaway`. */
  readonly reason?: string
  /** Of `slow-peer`: octets that wait for it. */
  readonly queuedBytes?: number
  /** Of `lost`, `retry` and `refused`: why. */
  readonly error?: Error
  /**
   * Of what is `lost`: messages of all kinds that were written to it since the last PING that it answered, and their octets. What became of
   * calls among them, their own results and errors say. Absent where it was closed here, and where it hears no PING (docs/presence.md).
   */
  readonly unconfirmed?: { readonly messages: number; readonly bytes: number }
}

/** A function of ours held the event loop up, on `pseud:blocked`. */
export interface BlockedEvent {
  /** The name of the participant whose function it was. */
  readonly name: string
  /** The name of the function. */
  readonly method: string
  /** Who called it, in words. */
  readonly remote: string
  /** For so many ms nothing else was done: from reading its arguments to the first `await`, or to the answer. */
  readonly durationMs: number
}

const call = tracingChannel<unknown, CallTrace>('pseud:call')

export const callStart: Channel<unknown, CallTrace> = call.start
export const callEnd: Channel<unknown, CallTrace> = call.end
export const callAsyncStart: Channel<unknown, CallTrace> = call.asyncStart
export const callAsyncEnd: Channel<unknown, CallTrace> = call.asyncEnd
export const callError: Channel<unknown, CallTrace> = call.error
export const linkChannel: Channel = channel('pseud:link')
export const blockedChannel: Channel = channel('pseud:blocked')

/** Somebody listens to calls. A function, so that the hot path reads five flags and no more. */
export function callsAreTraced(): boolean {
  return (
    callStart.hasSubscribers ||
    callEnd.hasSubscribers ||
    callAsyncStart.hasSubscribers ||
    callAsyncEnd.hasSubscribers ||
    callError.hasSubscribers
  )
}
