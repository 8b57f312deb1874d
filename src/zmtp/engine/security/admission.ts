// Whether a peer may come in, as a state machine that every mechanism shares (RFC 27, ZAP): its credentials are put to somebody
// once, and only the exact status 200 lets it pass. Whatever else comes back, or does not, keeps it out. Who judges, and how,
// is not known here.
import { AuthenticationError } from './authentication-error.ts'

/** What a peer shows to be let in. Octets as the peer sent them: nothing says that they are text. */
export type Credentials =
  | { readonly mechanism: 'NULL' }
  | { readonly mechanism: 'PLAIN'; readonly username: Buffer; readonly password: Buffer }
  | { readonly mechanism: 'CURVE'; readonly publicKey: Buffer }

/** The answer of whoever judges. */
export interface Verdict {
  /** `200` lets the peer in. `300`: not now; `400`: not with these credentials; `500`: the judge is at a loss. */
  readonly status: string
  /** Who the peer is. */
  readonly userId?: string
  /** What else is known of it. */
  readonly metadata?: ReadonlyMap<string, Buffer>
  /** Why there is no proper answer, where that is so. */
  readonly cause?: unknown
}

const GRANTED = '200'
// The peer is told these by an ERROR command. One that may come back later is told nothing, nor is anybody what went wrong here.
const TOLD = ['400', '500']

export class Admission {
  /** Set from `ask` to `decide`, when somebody judges. */
  question: Credentials | undefined
  /** Set by a verdict that lets the peer in. */
  verdict: Verdict | undefined
  /** Set by any other. */
  refusal: AuthenticationError | undefined
  readonly #asks: boolean
  #asked = false

  /** `asks`: somebody judges. Otherwise all come in whom the mechanism itself lets pass. */
  constructor(asks: boolean) {
    this.#asks = asks
  }

  /** The peer may come in. */
  get granted(): boolean {
    return this.#asked && this.question === undefined && this.refusal === undefined
  }

  /** The reason for the ERROR command that a refused peer gets; empty: it gets none. */
  get lastWord(): string {
    const status = this.refusal?.status ?? ''
    return TOLD.includes(status) ? status : ''
  }

  /** The peer has shown its credentials; only the first time counts. */
  ask(credentials: Credentials): void {
    if (this.#asked) return
    this.#asked = true
    if (this.#asks) this.question = credentials
  }

  decide(verdict: Verdict): void {
    if (this.question === undefined) return
    this.question = undefined
    if (verdict.status === GRANTED) this.verdict = verdict
    else this.refusal = new AuthenticationError(verdict.status, verdict.cause)
  }
}
