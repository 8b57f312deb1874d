// OpenTelemetry: spans of all calls, both sides, out of the channel `pseud:call`; the caller's span travels in a header.
// Run `node scripts/run-example.mjs opentelemetry`.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { type CallContext, type CallTrace, Client, method, Server } from 'pseud'

// A program would export to its collector; this one keeps the spans, to print them.
const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = provider.getTracer('pseud')

// -- the instrumentation: everything that a program needs ---------------------------------------------------------------

// The span that the code at hand runs in: bound to `start`, it holds in the function and all that this awaits.
const current = new AsyncLocalStorage<Span>()
const spans = new WeakMap<CallTrace, Span>()
const calls = tracingChannel<Span, CallTrace>('pseud:call')

calls.start.bindStore(current, (call) => {
  const client = call.side === 'client'
  const span = tracer.startSpan(
    call.method,
    {
      kind: client ? SpanKind.CLIENT : SpanKind.SERVER,
      attributes: { 'rpc.system': 'pseud', 'rpc.method': call.method, 'server.name': call.name },
    },
    client ? surrounding() : sentAlong(call.headers.traceparent),
  )
  const { traceId, spanId } = span.spanContext()
  if (client) call.headers.traceparent = `00-${traceId}-${spanId}-01`
  spans.set(call, span)
  return span
})
calls.asyncEnd.subscribe((message) => {
  const call = message as CallTrace
  const span = spans.get(call)
  if (call.error !== undefined) {
    span?.recordException(call.error as Error)
    span?.setStatus({ code: SpanStatusCode.ERROR, message: `executed: ${call.executed}` })
  }
  span?.end()
})

/** The span around a call that is made: that of the function which makes it. */
function surrounding(): Context {
  const span = current.getStore()
  return span === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, span)
}

/** The caller's span, from its header (W3C Trace Context). */
function sentAlong(header: string | undefined): Context {
  const [, traceId, spanId, flags] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header ?? '') ?? []
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT
  const traceFlags = Number.parseInt(flags!, 16)
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}

// -- a shop, its stock, and a till: a call, with two others inside ---------------------------------------------------------

const stock = new Server('stock')
stock.registerRpc({
  take(what: string) {
    if (what === 'unicorn') throw new RangeError(`there is no ${what}`)
    return 3
  },
})
const toStock = new Client<{ take(what: string): number }>('stock')
toStock.connect(await stock.bind('tcp://127.0.0.1:0'))

const shop = new Server('shop')
const api = {
  order: method(async (ctx: CallContext<{ confirm(price: number): boolean }>, what: string) => {
    const price = await ctx.with(toStock).take(what)
    return (await ctx.peer.api.confirm(price)) ? `${what} for ${price}` : 'nothing'
  }),
}
shop.registerRpc(api)
const till = new Client<typeof api>('shop', { userId: 'till' })
till.registerRpc({ confirm: (price: number) => price < 10 })
till.connect(await shop.bind('tcp://127.0.0.1:0'))

assert.equal(await till.order('tea'), 'tea for 3')
await assert.rejects(till.order('unicorn'), RangeError)
await Promise.all([till.close(), toStock.close()])
await Promise.all([shop.close(), stock.close()])

// -- the spans, as a tree --------------------------------------------------------------------------------------------------

const finished = exporter.getFinishedSpans()
const KINDS = { [SpanKind.CLIENT]: 'calls', [SpanKind.SERVER]: 'runs' } as Record<SpanKind, string>

function tree(parent: string | undefined, depth = 0): string[] {
  return finished
    .filter((span) => span.parentSpanContext?.spanId === parent)
    .sort((a, b) => micros(a.startTime) - micros(b.startTime))
    .flatMap((span) => [line(span, depth), ...tree(span.spanContext().spanId, depth + 1)])
}

function line(span: ReadableSpan, depth: number): string {
  const failed = span.status.code === SpanStatusCode.ERROR ? `, failed (${span.status.message})` : ''
  const ms = (micros(span.duration) / 1000).toFixed(1)
  return `${'  '.repeat(depth)}${span.attributes['server.name']} ${KINDS[span.kind]} ${span.name}: ${ms} ms${failed}`
}

function micros([seconds, nanos]: [number, number]): number {
  return seconds * 1e6 + nanos / 1e3
}

const lines = tree(undefined)
console.log(lines.join('\n'))
assert.deepEqual(
  lines.map((text) => text.replace(/: .* ms/, '')),
  [
    'shop calls order',
    '  shop runs order',
    '    stock calls take',
    '      stock runs take',
    '    shop calls confirm',
    '      shop runs confirm',
    'shop calls order, failed (executed: yes)',
    '  shop runs order, failed (executed: yes)',
    '    stock calls take, failed (executed: yes)',
    '      stock runs take, failed (executed: yes)',
  ],
)
