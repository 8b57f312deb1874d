// What the two threads say to each other. Values travel as MessagePack and not as clones: only so are they the same as those of a
// Client, classes of the application included. Types and numbers only.
import type { ClientOptions, HeartbeatOptions } from '../rpc/index.ts'
import type { SyncCallOptions } from './types.ts'

/** What the worker thread begins with. */
export interface Opening {
  readonly name: string
  readonly options: PlainOptions
  /** Codes of the application's own classes, whose functions stay in the calling thread. */
  readonly extensionCodes: readonly number[]
  readonly security: PlainSecurity | undefined
  readonly port: import('node:worker_threads').MessagePort
  /** Numbers that both threads see; the places are below. */
  readonly signals: Int32Array
}

/** The options of `Client` that are data: they can be given to another thread. */
export type PlainOptions = Pick<
  ClientOptions,
  | 'userId'
  | 'timeoutMs'
  | 'maxMessageSize'
  | 'reconnect'
  | 'handshakeTimeoutMs'
  | 'lingerMs'
  | 'codecLimits'
  | 'sharedShapes'
  | 'limits'
  | 'retry'
> & { readonly idempotent?: readonly string[]; readonly heartbeat?: HeartbeatOptions | false }

/** Credentials with all functions called. */
export type PlainSecurity =
  | { readonly plain: { readonly user: string; readonly password: string } }
  | {
      readonly curve: {
        readonly serverKey: string | Uint8Array
        readonly publicKey?: string | Uint8Array
        readonly secretKey?: string | Uint8Array
        readonly login?: { readonly user: string; readonly password: string }
      }
    }

export type Request =
  | { readonly do: 'connect'; readonly endpoint: string }
  | { readonly do: 'ready'; readonly timeoutMs: number }
  | {
      readonly do: 'call'
      readonly method: string
      readonly args: Uint8Array
      readonly options: SyncCallOptions
    }
  /** Of the stream that question number `stream` has answered with: its next item, or that there is to be none. */
  | { readonly do: 'next'; readonly stream: number }
  | { readonly do: 'leave'; readonly stream: number }
  | { readonly do: 'close' }

/** A request and its number; 0 asks for a sign of life, and for nothing else. */
export interface Question {
  readonly id: number
  readonly request?: Request
}

/** `value` or `error`, in MessagePack; neither: it was done. `streams`: the function does, its items are to be asked for. */
export interface Answer {
  readonly id: number
  readonly streams?: true
  readonly value?: Uint8Array
  readonly error?: Uint8Array
}

// -- places in `signals` -------------------------------------------------------------------------------------------------

/** Goes up with each answer: what the calling thread sleeps on. */
export const ANSWERS = 0
/** Goes up with each sign of life. */
export const BEATS = 1
/** 1 once the worker thread is at its end. */
export const ENDED = 2
export const SIGNALS = 3
