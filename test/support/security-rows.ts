// The rows of test/vectors/hostile-security.json.
import { readFileSync } from 'node:fs'

export interface SecurityRow {
  readonly id: string
  readonly what: string
  /** The kind of fault. */
  readonly theirs: string
  /** What the connection must end with; without it, it must live. */
  readonly code?: string
  /** Two rules contradict each other: what is done, and why. */
  readonly conflict?: string
}

export interface StepRow extends SecurityRow {
  /** `ROUTER/PLAIN`; `client:DEALER/CURVE`: a socket that dials. */
  readonly local: string
  readonly steps: string[]
  /** How many frames the other side has said before each step. */
  readonly heard?: number[]
}

export interface DialogRow extends SecurityRow {
  readonly recipe: string
  /** What reaches the application. */
  readonly delivered?: string[]
}

export const SECURITY: { readonly rows: StepRow[]; readonly dialogs: DialogRow[] } = JSON.parse(
  readFileSync('test/vectors/hostile-security.json', 'utf8'),
)

/** What each kind of fault is called here. The first names are placeholders of the table, which want to be stable once chosen. */
export const CODES: Readonly<Record<string, readonly (string | undefined)[]>> = {
  // A control: it lives.
  '-': [undefined],
  // AUTHENTICATION_FAILED where we refuse, PEER_ERROR where we are refused.
  AUTH: ['AUTHENTICATION_FAILED', 'PEER_ERROR'],
  COMMAND: ['UNEXPECTED_COMMAND'],
  // A box that does not open; a key of low order gets no box at all.
  CRYPTO: ['CRYPTO_FAILED', 'KEY_EXCHANGE_FAILED'],
  FLAGS: ['BAD_FLAGS'],
  HS_TIMEOUT: ['HANDSHAKE_TIMEOUT'],
  KEY_EXCHANGE: ['KEY_EXCHANGE_FAILED'],
  MALFORMED: ['BAD_COMMAND'],
  MECHANISM: ['MECHANISM_MISMATCH'],
  METADATA: ['BAD_METADATA'],
  NONCE: ['NONCE_REUSED'],
  // Dropped and counted.
  ORPHAN: [undefined],
  PEER_TYPE: ['INCOMPATIBLE_SOCKET_TYPE'],
  VERSION: ['UNSUPPORTED_VERSION'],
}
