// Asks whoever judges peers and waits for the verdict, but not for ever. It never rejects: whatever goes wrong is a verdict that lets
// nobody in. Knows neither mechanisms nor ZAP.
import type { Clock } from '../../base/clock.ts'
import type { Verdict } from '../engine/security/admission.ts'
import type { AuthenticationRequest, ConnectionOptions } from './transport.ts'

/** A judge that takes longer is none. */
export const JUDGE_TIMEOUT_MS = 5000

/** The address of a peer as ZAP has it (RFC 27): of a TCP peer without scheme and port. */
export function hostOf(remoteAddress: string): string {
  return /^tcp:\/\/\[?(.*?)\]?:\d+$/.exec(remoteAddress)?.[1] ?? remoteAddress
}

/** The verdict on a peer. Without a judge, or a proper answer of it in time, its status is the empty string. */
export function judge(
  authenticate: ConnectionOptions['authenticate'],
  request: AuthenticationRequest,
  clock: Clock,
): Promise<Verdict> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(
      () => deny(new Error(`no verdict within ${JUDGE_TIMEOUT_MS} ms`)),
      JUDGE_TIMEOUT_MS,
    )
    const settle = (verdict: Verdict): void => {
      timer.cancel()
      resolve(verdict)
    }
    const deny = (cause: unknown): void => settle({ status: '', cause })
    if (authenticate === undefined) {
      deny(new Error('nobody is there to judge'))
      return
    }
    // A judge may throw at once, reject later, or answer with anything.
    Promise.resolve(request)
      .then(authenticate)
      .then((verdict) => {
        if (typeof verdict?.status === 'string') settle(verdict)
        else deny(new Error('the verdict has no status'))
      })
      .catch(deny)
  })
}
