// How a client tells of its connections: the `status` event, in whose forms nothing is left empty. Knows nothing of when.
import type { Emitter } from '../api/emitter.ts'
import type { Session } from '../session/session.ts'
import type { ClientEvents, StatusEvent } from './client-options.ts'

export class Status {
  readonly #emitter: Emitter<ClientEvents>

  constructor(emitter: Emitter<ClientEvents>) {
    this.#emitter = emitter
  }

  connecting(endpoint: string): void {
    this.#emit({ status: 'connecting', endpoint })
  }

  retrying(endpoint: string, retryInMs: number, error: Error | undefined): void {
    this.#emit({ status: 'retrying', endpoint, retryInMs, ...(error && { error }) })
  }

  /** What has become of a session. */
  of(session: Session, status: 'ready' | 'leaving' | 'left' | 'lost', error?: Error): void {
    const { endpoint } = session.connection
    this.#emit({ status, endpoint, server: session.identity, ...(error && { error }) })
  }

  refused(endpoint: string, error: Error): void {
    this.#emit({ status: 'refused', endpoint, error })
  }

  closed(): void {
    this.#emit({ status: 'closed' })
  }

  #emit(event: StatusEvent): void {
    this.#emitter.emit('status', event)
  }
}
