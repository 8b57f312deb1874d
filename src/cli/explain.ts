/**
 * What to tell besides when a call failed: the function that was meant, the arguments that it takes. Asks the server, where that tells of its
 * functions; where it does not, there is nothing to add.
 */

import { suggestion } from '../base/suggest.ts'
import { type Client, type FunctionDescription, RpcError, type ValidationIssue } from '../rpc/index.ts'
import type { Connected } from './connect.ts'
import { exitCodeOf } from './exit-codes.ts'
import { Failure } from './failure.ts'
import { signatureOf } from './signature.ts'

// Nobody waits long for advice.
const ADVICE_MS = 1000

/** The error of a call of `method`, or a Failure that says more. */
export async function explained(
  error: unknown,
  { client, endpoint }: Connected,
  method: string,
): Promise<unknown> {
  if (!(error instanceof RpcError)) return error
  if (error.code === 'NOT_FOUND' && error.executed === 'no') {
    return new Failure(
      exitCodeOf(error.code),
      `no method ${method} at ${endpoint}`,
      await otherNames(client, method, endpoint),
      error.code,
    )
  }
  if (error.code === 'INVALID_ARGUMENT' && error.executed === 'no') {
    const issues = (error.details as { issues?: readonly ValidationIssue[] } | undefined)?.issues ?? []
    return new Failure(
      exitCodeOf(error.code),
      `${method} does not take these arguments: ${error.message}`,
      [...issues.map(shown), ...(await usage(client, method))],
      error.code,
    )
  }
  return error
}

async function otherNames(client: Client, method: string, endpoint: string): Promise<string[]> {
  const names = await asked<readonly string[]>(client, '$rpc.list')
  if (names === undefined) return []
  const close = suggestion(method, names)
  return close === undefined ? [`pseud list ${endpoint} shows what there is.`] : [`Did you mean ${close}?`]
}

async function usage(client: Client, method: string): Promise<string[]> {
  const description = await asked<FunctionDescription>(client, '$rpc.describe', method)
  return description === undefined ? [] : [`It is ${signatureOf(description)}`]
}

async function asked<T>(client: Client, method: string, ...args: unknown[]): Promise<T | undefined> {
  try {
    return (await client.call(method, args, { timeoutMs: ADVICE_MS })) as T
  } catch {
    return undefined
  }
}

function shown({ path, message }: ValidationIssue): string {
  const [place, ...inside] = path
  const where = typeof place === 'number' ? [`argument ${place + 1}`, ...inside] : path
  return where.length === 0 ? message : `${where.join('.')}: ${message}`
}
