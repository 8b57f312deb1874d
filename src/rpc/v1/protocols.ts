/**
 * Which protocols a participant speaks, and what becomes of its connections accordingly. A participant that speaks protocol 2 alone, as all do
 * unless they are told otherwise, has nothing of this.
 */

import type { Deadline, Deadlines } from '../../base/deadlines.ts'
import type { Driver, Receiver, TransportContext } from '../../zmtp/connections.ts'
import type { ResolvedOptions } from '../api/options.ts'
import { Session } from '../session/session.ts'
import type { SessionOwner } from '../session/session-owner.ts'
import { FirstMessage } from './choice.ts'
import { Translator, type TranslatorOptions } from './translator.ts'

/** The participant. */
export interface ProtocolsOwner extends SessionOwner<Session> {
  readonly sessions: Set<Session>
  readonly options: ResolvedOptions
  readonly deadlines: Deadlines
  readonly context: TransportContext
}

export class Protocols {
  readonly #owner: ProtocolsOwner
  readonly #both: boolean
  readonly #options: TranslatorOptions

  constructor(owner: ProtocolsOwner) {
    const { context, options } = owner
    this.#owner = owner
    this.#both = options.protocols.has(2)
    this.#options = {
      reader: owner.codec.reader(),
      deadlines: owner.deadlines,
      now: () => context.now(),
      random: context.random,
      isClient: options.isClient,
      hasLogin: options.security.login !== undefined,
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      handshakeTimeoutMs: options.handshakeTimeoutMs,
    }
  }

  /** Who gets what comes over a new connection. */
  receiver(driver: Driver): Receiver {
    if (!this.#both) return this.#translator(driver)
    // There from the beginning, so that whoever ends all sessions finds it.
    const session = new Session(this.#owner, driver)
    this.#owner.sessions.add(session)
    const { deadlines, now, handshakeTimeoutMs } = this.#options
    const asksLogin = this.#owner.options.security.authenticateLogin !== undefined
    const owner = {
      patienceMs: asksLogin ? handshakeTimeoutMs : 0,
      arm: (deadline: Deadline, delayMs: number): void => deadlines.add(deadline, now(), delayMs),
      disarm: (deadline: Deadline): void => deadlines.remove(deadline),
      chooseFirst: (): Receiver => {
        this.#owner.sessions.delete(session)
        return this.#translator(driver)
      },
    }
    return new FirstMessage(owner, driver, session)
  }

  #translator(driver: Driver): Translator {
    const translator = new Translator(this.#owner, driver, this.#options)
    this.#owner.sessions.add(translator.session)
    return translator
  }
}
