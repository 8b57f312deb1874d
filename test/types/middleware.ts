// Compiled, never run: what middleware and the subscribers of channels may do with what they get.
import { tracingChannel } from 'node:diagnostics_channel'
import { type CallTrace, Client, type Middleware, type MiddlewareCall, Server } from '../../src/rpc/index.ts'

export function middleware(client: Client<{ add(a: number, b: number): number }>, server: Server): void {
  const used: Disposable = client.use(async (call, next) => {
    call.args = [1, 2]
    call.headers = { ...call.headers, more: 'text' }
    const result: unknown = await next()
    return result
  })
  const same: Middleware = (_call: MiddlewareCall, next) => next()
  server.use(same)
  server.use(() => 'an answer')
  client.use((call, next) => {
    // @ts-expect-error: a call goes where it goes
    call.method = 'other'
    // @ts-expect-error: headers are text
    call.headers = { n: 1 }
    // @ts-expect-error: a single header is changed by replacing all of them
    call.headers.n = '1'
    // @ts-expect-error: the peer may not be known yet
    void call.peer.id
    // @ts-expect-error: next takes nothing; what it should see is put into the call
    return next([1])
  })
  // @ts-expect-error: middleware is a function
  client.use({ run: same })
  void used
}

export function traces(): void {
  tracingChannel<unknown, CallTrace>('pseud:call').start.subscribe((message) => {
    const trace = message as CallTrace
    if (trace.side === 'client') trace.headers.traceparent = '00-1-1-01'
    // @ts-expect-error: what is called stays what it is
    trace.args = []
    const duration: number | undefined = trace.durationMs
    void duration
  })
  void new Client('remote')
  void new Server('remote')
}
