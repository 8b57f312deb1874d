// Middleware: what it sees, changes and answers, on both sides and in both directions; and that the rows about deadlines, abort and close
// hold for a call that something stands around.
import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type CallContext,
  Client,
  type MiddlewareCall,
  method,
  type RpcError,
  Server,
} from '../../src/rpc/index.ts'
import { sleep, until, within } from '../support/within.ts'

const test = suite('middleware')
const open: { close(): Promise<void> }[] = []
let counter = 0

test.after.each(async () => {
  for (const one of open.splice(0).reverse()) await within(5000, one.close(), 'close')
})

async function pair(
  functions: object,
  clientFunctions: object = {},
): Promise<{ server: Server; client: Client }> {
  const server = new Server('remote')
  server.registerRpc(functions)
  const at = await server.bind(`inproc://middleware-${process.pid}-${++counter}`)
  const client = new Client('remote', { userId: 'worker' })
  client.registerRpc(clientFunctions)
  client.connect(at)
  open.push(server, client)
  await within(5000, client.ready())
  await until(() => server.peers.size === 1)
  return { server, client }
}

async function rejection(promise: Promise<unknown>): Promise<RpcError> {
  return within(
    5000,
    promise.then(
      (value) => {
        throw new Error(`it was resolved with ${String(value)}`)
      },
      (error: unknown) => error as RpcError,
    ),
  )
}

const add = (a: number, b: number): number => a + b

test('it stands around calls on both sides, the first outermost, and sees what the call is', async () => {
  const { server, client } = await pair({ add })
  const seen: string[] = []
  const layer = (name: string) => async (call: MiddlewareCall, next: () => Promise<unknown>) => {
    seen.push(`${name} ${call.side} ${call.kind} ${call.method}(${call.args})`)
    const result = await next()
    seen.push(`${name} ${result}`)
    return result
  }
  client.use(layer('a'))
  client.use(layer('b'))
  server.use(layer('c'))
  server.use(layer('d'))
  assert.is(await within(5000, client.add(1, 2)), 3)
  assert.equal(seen, [
    'a client call add(1,2)',
    'b client call add(1,2)',
    'c server call add(1,2)',
    'd server call add(1,2)',
    'd 3',
    'c 3',
    'b 3',
    'a 3',
  ])
})

test('it changes arguments, headers and results, and answers without next()', async () => {
  const { server, client } = await pair({
    add,
    trace: method((ctx: CallContext, ...args: unknown[]) => [ctx.headers.trace, ...args]),
  })
  client.use((call, next) => {
    call.headers = { ...call.headers, trace: 'abc' }
    if (call.method === 'trace') call.args.push('more')
    return next()
  })
  server.use(async (call, next) => {
    if (call.method === 'cached') return 'never called'
    if (call.method !== 'add') return next()
    call.args = call.args.map((n) => (n as number) * 10)
    return { sum: await next() }
  })
  assert.equal(await within(5000, client.add(1, 2)), { sum: 30 })
  assert.equal(await within(5000, client.with({ headers: { own: '1' } }).trace('x')), ['abc', 'x', 'more'])
  const use = client.use((call, next) => (call.method === 'local' ? 'from here' : next()))
  const { started } = client.stats()
  assert.is(await within(5000, client.local()), 'from here')
  assert.is(client.stats().started, started)
  use[Symbol.dispose]()
  assert.is((await rejection(client.local())).code, 'NOT_FOUND')
})

test('what it throws reaches the caller as what a function throws, on either side', async () => {
  const { server, client } = await pair({
    add,
    fail: () => {
      throw new RangeError('far')
    },
  })
  const onServer = server.use((call) => {
    throw new TypeError(`no ${call.method}`)
  })
  const thrown = await rejection(client.add(1, 2))
  assert.instance(thrown, TypeError)
  assert.equal([thrown.code, thrown.executed, thrown.message], ['INTERNAL', 'no', 'no add'])
  onServer[Symbol.dispose]()
  const own = new Error('not today')
  const onClient = client.use(() => {
    throw own
  })
  assert.is(await rejection(client.add(1, 2)), own)
  onClient[Symbol.dispose]()
  client.use(async (_call, next) => {
    try {
      return await next()
    } catch (error) {
      return (error as Error).message
    }
  })
  assert.is(await within(5000, client.fail()), 'far')
  assert.is(await within(5000, client.add(1, 2)), 3)
})

test('next() goes on once: a second call of it is an error', async () => {
  const { server, client } = await pair({ add })
  const used = server.use(async (_call, next) => {
    await next()
    return next()
  })
  const error = await rejection(client.add(1, 2))
  assert.match(error.message, /next\(\) once/)
  used[Symbol.dispose]()
  client.use(async (_call, next) => {
    await next()
    return next()
  })
  assert.is((await rejection(client.add(1, 2))).code, 'NEXT_CALLED_TWICE')
})

test('a Server that calls its clients passes its own middleware as `client`, and knows the peer', async () => {
  const { server, client } = await pair(
    {
      relay: method((ctx: CallContext, n: number) =>
        (ctx.peer as never as { api: { twice(n: number): unknown } }).api.twice(n),
      ),
    },
    { twice: (n: number) => n * 2 },
  )
  const seen: string[] = []
  const note = (who: string) => (call: MiddlewareCall, next: () => Promise<unknown>) => {
    seen.push(`${who} ${call.side} ${call.method} ${call.peer?.claimedName}`)
    return next()
  }
  server.use(note('server'))
  client.use(note('client'))
  assert.is(await within(5000, server.sendTo('worker').twice(4)), 8)
  assert.is(await within(5000, client.relay(5)), 10)
  assert.equal(seen, [
    'server client twice worker',
    'client server twice remote',
    'client client relay undefined',
    'server server relay worker',
    'server client twice worker',
    'client server twice remote',
  ])
})

test('next() of a call that streams gives the stream, which may be replaced by another, on either side', async () => {
  let ended = 0
  const { server, client } = await pair({
    async *count(to: number) {
      try {
        for (let n = 0; n < to; n++) yield n
      } finally {
        ended++
      }
    },
  })
  async function* mapped(items: AsyncIterable<number>, by: (n: number) => number) {
    for await (const n of items) yield by(n)
  }
  const onClient = client.use(async (_call, next) =>
    mapped((await next()) as AsyncIterable<number>, (n) => n * 10),
  )
  const collect = async (items: AsyncIterable<number>): Promise<number[]> => {
    const all: number[] = []
    for await (const n of items) all.push(n)
    return all
  }
  assert.equal(await within(5000, collect(client.count(3))), [0, 10, 20])
  assert.equal(await within(5000, collect(await client.count(2))), [0, 10])
  server.use(async (_call, next) => mapped((await next()) as AsyncIterable<number>, (n) => n + 1))
  assert.equal(await within(5000, collect(client.count(3))), [10, 20, 30])
  onClient[Symbol.dispose]()
  assert.equal(await within(5000, collect(client.count(3))), [1, 2, 3])
  client.use((_call, next) => next())
  for await (const n of client.count(1000)) if (n === 2) break
  await until(() => ended === 5)
  await until(() => server.stats().running === 0)
  assert.is(client.stats().inFlight, 0)
})

test('a stream that is left before middleware has answered ends the call', async () => {
  const { client } = await pair({ never: () => new Promise(() => {}) })
  let aborted = false
  client.use((call, next) => {
    call.signal.addEventListener('abort', () => {
      aborted = true
    })
    return next()
  })
  const call = client.never()
  const items = call[Symbol.asyncIterator]()
  await items.return()
  assert.is((await rejection(call)).code, 'CANCELLED')
  assert.ok(aborted)
  assert.is(client.stats().inFlight, 0)
  assert.equal(await items.next(), { value: undefined, done: true })
})

test('a call that gives no stream says so to who takes items', async () => {
  const { client } = await pair({ add })
  client.use((_call, next) => next())
  const items = client.add(1, 2)[Symbol.asyncIterator]()
  assert.is((await rejection(items.next())).code, 'NOT_A_STREAM')
})

test('an argument that streams passes middleware on both sides', async () => {
  const { server, client } = await pair({
    async sum(numbers: AsyncIterable<number>) {
      let sum = 0
      for await (const n of numbers) sum += n
      return sum
    },
  })
  const methods: string[] = []
  for (const one of [server, client]) {
    one.use((call, next) => {
      methods.push(`${call.side} ${call.method}`)
      return next()
    })
  }
  async function* three() {
    yield* [1, 2, 3]
  }
  assert.is(await within(5000, client.sum(three())), 6)
  assert.equal(methods, ['client sum', 'server sum'])
})

test('notify passes it on both sides, and says what is known at once', async () => {
  const heard: unknown[] = []
  const { server, client } = await pair({ hear: (what: unknown) => void heard.push(what) })
  const kinds: string[] = []
  const errors: unknown[] = []
  client.on('error', (error) => errors.push(error))
  const used = client.use((call, next) => {
    kinds.push(`${call.side} ${call.kind}`)
    call.args = [`${call.args[0]}!`]
    return next()
  })
  server.use((call, next) => {
    kinds.push(`${call.side} ${call.kind}`)
    return next()
  })
  assert.is(client.notify('hear', ['a']), true)
  await until(() => heard.length === 1)
  assert.equal([heard, kinds], [['a!'], ['client notify', 'server notify']])
  used[Symbol.dispose]()
  client.use(() => Promise.reject(new Error('not told')))
  const { notifiesDropped } = client.stats()
  assert.is(client.notify('hear', ['b']), true)
  await until(() => errors.length === 1)
  assert.is(client.stats().notifiesDropped, notifiesDropped + 1)
})

test('a deadline passes for middleware too: before next(), and after it', async () => {
  const { client } = await pair({ add, never: () => new Promise(() => {}) })
  const stuck = client.use(() => new Promise(() => {}))
  const error = await rejection(client.with({ timeoutMs: 20 }).add(1, 2))
  assert.equal([error.code, error.executed], ['DEADLINE_EXCEEDED', 'no'])
  assert.match(error.message, /add/)
  stuck[Symbol.dispose]()
  const fallback = client.use((_call, next) => next().catch((late: RpcError) => `late: ${late.code}`))
  assert.is(await within(5000, client.with({ timeoutMs: 20 }).never()), 'late: DEADLINE_EXCEEDED')
  fallback[Symbol.dispose]()
  client.use(async (call, next) => {
    assert.ok(call.deadline!.getTime() - Date.now() <= 5000)
    return next()
  })
  assert.is(await within(5000, client.with({ timeoutMs: 5000 }).add(1, 2)), 3)
})

test('the time that middleware takes is no longer there for the call inside', async () => {
  const { client } = await pair({ left: method((ctx: CallContext) => ctx.remainingMs) })
  client.use(async (_call, next) => {
    await sleep(50)
    return next()
  })
  const left = await within(10_000, client.with({ timeoutMs: 5000 }).left() as Promise<number>)
  assert.ok(left <= 4951, `${left} ms`)
})

test('ctx.with(other) hands headers on, and middleware on the way sees them', async () => {
  const { client, server } = await pair({ seen: method((ctx: CallContext) => ({ ...ctx.headers })) })
  const front = await pair({
    relay: method((ctx: CallContext) => (ctx.with(client) as { seen(): unknown }).seen()),
  })
  const seen: unknown[] = []
  for (const one of [client, server]) {
    one.use((call, next) => {
      seen.push(call.headers.id)
      return next()
    })
  }
  assert.equal(await within(5000, front.client.with({ headers: { id: '7' } }).relay()), { id: '7' })
  assert.equal(seen, ['7', '7'])
})

test('abort and close are told at once, whatever middleware waits for, and next() then makes no call', async () => {
  const { server, client } = await pair({ add })
  let go = (): void => {}
  const late: unknown[] = []
  client.use(async (call, next) => {
    await new Promise<void>((resolve) => {
      go = resolve
    })
    await next().catch((error) => late.push(call.signal.aborted, error))
  })
  const controller = new AbortController()
  const reason = new Error('enough')
  const call = client.with({ signal: controller.signal }).add(1, 2)
  controller.abort(reason)
  assert.is(await rejection(call), reason)
  go()
  await turn()
  assert.equal(late, [true, reason])
  assert.is(server.stats().handled, 0)
  const pending = client.add(1, 2)
  let settled = false
  pending.catch(() => {
    settled = true
  })
  void client.close()
  await Promise.resolve()
  await Promise.resolve()
  assert.ok(settled)
  assert.is((await rejection(pending)).code, 'CLOSED')
})

test('a function is not run for a caller that has given up while middleware waited', async () => {
  let ran = 0
  const { server, client } = await pair({ run: () => ++ran })
  let go = (): void => {}
  let entered = false
  server.use(async (call, next) => {
    entered = true
    await new Promise<void>((resolve) => {
      go = resolve
    })
    assert.ok(call.signal.aborted)
    return next()
  })
  const controller = new AbortController()
  const call = client.with({ signal: controller.signal }).run()
  await until(() => entered)
  controller.abort()
  await rejection(call)
  await until(() => server.stats().running === 0)
  go()
  await turn()
  await turn()
  assert.is(ran, 0)
})

test('it leaves nothing: no call is open after calls that were answered, failed or replaced', async () => {
  const { server, client } = await pair({ add, fail: () => Promise.reject(new Error('no')) })
  for (const one of [server, client]) one.use(async (_call, next) => next())
  const calls = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? client.add(n, 1) : client.fail()))
  await within(5000, Promise.allSettled(calls))
  assert.equal(
    [client.stats().inFlight, client.stats().queued, server.stats().running, server.stats().waiting],
    [0, 0, 0, 0],
  )
  await within(5000, client.drain())
})

test('what is no function is no middleware; call.args must stay a list, headers must stay text', async () => {
  const { client } = await pair({ add })
  assert.throws(() => client.use('x' as never), /middleware is a function/)
  const used = client.use((call, next) => {
    call.args = 'x' as never
    return next()
  })
  assert.is((await rejection(client.add(1, 2))).code, 'BAD_OPTION')
  used[Symbol.dispose]()
  client.use((call, next) => {
    call.headers = { n: 1 as never }
    return next()
  })
  assert.is((await rejection(client.add(1, 2))).code, 'BAD_OPTION')
})

test.run()
