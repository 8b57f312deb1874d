// What the dispatcher is made with: all that it needs of the Server or Client that it works for. Types only; what is done with it
// stands in dispatcher.ts.

import type { Deadlines } from '../../base/deadlines.ts'
import type { Reader } from '../../codec/messages.ts'
import type { CallSettings } from '../api/settings.ts'
import type { Around } from '../around/around.ts'
import type { BlockedWatch } from '../around/blocked.ts'
import type { Handler } from '../registry/handler.ts'
import type { Asking } from '../registry/registry.ts'
import type { AnswersOptions } from './answers.ts'
import type { Incoming } from './incoming.ts'
import type { RepeatsOptions } from './repeats.ts'
import type { Slots } from './slots.ts'

export interface DispatcherOptions extends AnswersOptions, RepeatsOptions {
  readonly reader: Reader
  readonly find: (name: string, asking: Asking) => Handler | undefined
  readonly slots: Slots<Incoming>
  /** Middleware and traces. */
  readonly around: Around
  readonly blocked: BlockedWatch
  readonly deadlines: Deadlines
  readonly settings: CallSettings
  readonly maxDepth: number
  readonly maxTimeoutMs: number
  readonly stallMs: number
  readonly disconnectGraceMs: number
  readonly now: () => number
  /** The last call of peers has ended. */
  readonly onIdle: () => void
}
