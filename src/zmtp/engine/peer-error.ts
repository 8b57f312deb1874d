// The ERROR command as an error: the one protocol fault that carries a reason that policy looks at.
import { ProtocolError } from '../../base/errors.ts'
import { readErrorReason, startOfReason } from '../wire/command.ts'

/** What the statuses of ZAP (RFC 27) mean, which most peers give as their reason. */
const STATUSES: ReadonlyMap<string, string> = new Map([
  ['300', 'it cannot judge us now'],
  ['400', 'our credentials are not accepted'],
  ['500', 'it failed to judge us'],
])

/** Code PEER_ERROR: the peer refused us with an ERROR command. */
export class PeerError extends ProtocolError {
  /** What it said, made printable: a status such as `400`, a text, or nothing. */
  readonly reason: string

  constructor(reason: string) {
    const status = STATUSES.get(reason)
    const why = status === undefined ? reason : `${status} (status ${reason})`
    super('PEER_ERROR', why === '' ? 'the peer refused us' : `the peer refused us: ${why}`)
    this.reason = reason
  }
}

/** Throws `PeerError` when the command `bytes[start, end)` is an ERROR. */
export function throwIfError(bytes: Buffer, start: number, end: number): void {
  const at = startOfReason(bytes, start, end)
  if (at >= 0) throw new PeerError(readErrorReason(bytes, at, end))
}
