// What open calls are told that end without an answer: closed, left, late, lost. Says which were run, as far as a call knows it.
import { DeadlineError, type Executed, RpcError } from '../errors/errors.ts'
import { quote } from '../registry/names.ts'

/** What went wrong last on the way to somebody who is not there, and at which endpoint, where it was at one. */
export interface Trouble {
  readonly error: Error
  readonly at?: string
}

/** A call, as far as its end can be told. */
export interface Ending {
  readonly method: string
  readonly executed: Executed
  readonly timeoutMs: number
  readonly target: { readonly shown: string; readonly trouble: Trouble | undefined }
  readonly past: { readonly error: unknown } | undefined
  readonly lane: { readonly shown: string } | undefined
  readonly stream: { readonly receivedId: string | undefined } | undefined
}

/** What every open call is told when its side closes. */
export function closedError(executed: Executed): RpcError {
  return new RpcError('CLOSED', 'this side was closed', { executed })
}

/** What ends a call whose stream was left before its end. */
export function leftError(call: Pick<Ending, 'method' | 'executed'>): RpcError {
  return new RpcError('CANCELLED', `the stream of ${quote(call.method)} was left`, {
    executed: call.executed,
  })
}

/** The end of a message that says why. */
export function because(trouble: Trouble | undefined): string {
  if (trouble === undefined) return ''
  const { error, at = '' } = trouble
  return error.message.includes(at) ? `: ${error.message}` : `: ${error.message} (${at})`
}

/** What a call is told that does not wait, where nobody is there. */
export function absentError({ shown, trouble }: Ending['target']): RpcError {
  return new RpcError('UNAVAILABLE', `${shown} is not connected${because(trouble)}`, {
    executed: 'no',
    ...(trouble && { cause: trouble.error }),
  })
}

/** What a call is told whose time is over: one that never left says why. */
export function lateError(call: Ending, executed: Executed): DeadlineError {
  const { method, target } = call
  const timeoutMs = Math.round(call.timeoutMs)
  if (executed !== 'no') {
    return new DeadlineError(`${method} at ${target.shown} did not answer within ${timeoutMs} ms`, {
      executed,
      ...(call.past?.error !== undefined && { cause: call.past.error }),
    })
  }
  const why = because(target.trouble)
  return new DeadlineError(`${method} could not be sent to ${target.shown} within ${timeoutMs} ms${why}`, {
    executed,
    ...(target.trouble && { cause: target.trouble.error }),
  })
}

/** What every call sent on a lost connection is told; a stream of tracked items also where it stood: `details.lastId`. */
export function lostError(call: Ending, cause: Error | undefined): RpcError {
  const lastId = call.stream?.receivedId
  const shown = call.lane?.shown ?? call.target.shown
  return new RpcError(
    'UNAVAILABLE',
    `the connection to ${shown} was lost while ${quote(call.method)} was open`,
    {
      executed: call.executed,
      ...(lastId !== undefined && { details: { lastId } }),
      ...(cause && { cause }),
    },
  )
}
