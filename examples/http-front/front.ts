// What every HTTP front of an RPC service needs, whatever the framework: errors as statuses, an end for each call, streams as text.
// Not to be run: `node scripts/run-example.mjs http-front` runs the whole.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { CallOptions, RpcError } from 'pseud'

const STATUS: Record<string, number> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  PAYLOAD_TOO_LARGE: 413,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
  CLOSED: 503,
  DEADLINE_EXCEEDED: 504,
}
const LONGEST_MS = 10_000

/** What to answer instead of a result. Whose fault it is the code says; what went wrong inside is nobody's business outside. */
export function problem(error: unknown): {
  status: number
  headers: Record<string, string>
  body: { code: string; message: string; executed: string | undefined }
} {
  const { code = 'INTERNAL', message, executed, retryAfterMs } = error as Partial<RpcError>
  const status = STATUS[code] ?? 500
  return {
    status,
    headers: retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) },
    body: { code, message: status < 500 ? String(message) : 'the service failed', executed },
  }
}

/** How long a call may take: until the browser is gone, and no longer than it asks for by `x-timeout-ms`. */
export function untilGone(request: IncomingMessage, response: ServerResponse): CallOptions {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const asked = Number(request.headers['x-timeout-ms'])
  return { signal: gone.signal, timeoutMs: asked > 0 ? Math.min(asked, LONGEST_MS) : LONGEST_MS }
}

/** A stream as Server-Sent Events for those who ask for them (`new EventSource`), else as a line of JSON for each item. */
export function streamed(
  request: IncomingMessage,
  items: AsyncIterable<unknown>,
): { type: string; body: Readable } {
  const isEvents = request.headers.accept?.includes('text/event-stream')
  return isEvents
    ? { type: 'text/event-stream', body: Readable.from(events(items)) }
    : { type: 'application/x-ndjson', body: Readable.from(lines(items)) }
}

async function* events(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  try {
    for await (const item of items) yield `data: ${JSON.stringify(item)}\n\n`
  } catch (error) {
    yield `event: problem\ndata: ${JSON.stringify(problem(error).body)}\n\n` // the status has left already
  }
}

async function* lines(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const item of items) yield `${JSON.stringify(item)}\n` // an error breaks the response off
}
