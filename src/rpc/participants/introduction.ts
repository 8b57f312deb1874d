/**
 * How a client begins with a server: whether it is the one that was asked for, with which credentials to come, and HELLO. What follows from
 * the answer is client-core.ts's affair.
 */
import { LinkError, ProtocolError } from '../../base/errors.ts'
import type { ResolvedOptions } from '../api/options.ts'
import type { Login } from '../security/backend.ts'
import type { Session } from '../session/session.ts'

/** The client. */
export interface Introducing {
  /** That of the server it wants; '' takes every server. */
  readonly name: string
  readonly instanceId: string
  readonly options: ResolvedOptions
  /** HELLO is written, if the server is to have one. `mayBeRefused`: with credentials, for which there may be others. */
  onIntroduced(session: Session, mayBeRefused: boolean): void
  /** It is left for good, before anything is said. */
  leaveForGood(session: Session, error: ProtocolError): void
}

export class Introduction {
  readonly #owner: Introducing
  readonly #userId: string

  /** `userId`: the name that the client claims; '': none. */
  constructor(owner: Introducing, userId: string) {
    this.#owner = owner
    this.#userId = userId
  }

  begin(session: Session): void {
    const { name, options } = this.#owner
    const { endpoint } = session.connection
    if (name !== '' && session.identity !== '' && session.identity !== name) {
      const found = `at ${endpoint} is ${JSON.stringify(session.identity)}, not ${JSON.stringify(name)}`
      this.#owner.leaveForGood(session, new ProtocolError('WRONG_SERVER', found))
      return
    }
    const { security } = options
    if (!session.isPseud || security.login === undefined) {
      this.#greet(session, undefined)
      return
    }
    Promise.resolve()
      .then(() => security.login!())
      .then(
        (login) => {
          if (session.open) this.#greet(session, login)
        },
        (cause) => {
          const why = `there are no credentials for ${endpoint}`
          session.connection.destroy(new LinkError('NO_CREDENTIALS', why, { cause }))
        },
      )
  }

  #greet(session: Session, login: Login | undefined): void {
    const { instanceId, options } = this.#owner
    if (session.isPseud) {
      session.sendHello({
        id: instanceId,
        ...(this.#userId !== '' && { name: this.#userId }),
        maxMessageSize: options.maxMessageSize,
        ...(login && { user: login.user, password: login.password }),
      })
    }
    this.#owner.onIntroduced(session, login !== undefined && options.security.renews === true)
  }
}
