// A peer that was not let in, as an error: its status decides what the peer is told and what a monitor reports.
import { ProtocolError } from '../../../base/errors.ts'

const REASONS: Readonly<Record<string, string>> = {
  300: 'not now',
  400: 'its credentials are refused',
  500: 'they could not be judged',
}

/** Code AUTHENTICATION_FAILED: we refused the peer. */
export class AuthenticationError extends ProtocolError {
  /** `300`, `400`, `500`; anything else: there was no proper verdict. */
  readonly status: string

  constructor(status: string, cause?: unknown) {
    const reason = REASONS[status] ?? 'there is no proper verdict'
    super(
      'AUTHENTICATION_FAILED',
      `the peer is not let in: ${reason}`,
      cause === undefined ? undefined : { cause },
    )
    this.status = status
  }
}
