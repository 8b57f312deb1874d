// What programs can watch: the channels pseud:call, pseud:link and pseud:blocked, and the lines of NODE_DEBUG.
import { AsyncLocalStorage } from 'node:async_hooks'
import { spawnSync } from 'node:child_process'
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type BlockedEvent,
  type CallContext,
  type CallTrace,
  Client,
  type ClientOptions,
  type LinkEvent,
  method,
  RpcError,
  Server,
  type ServerOptions,
} from '../../src/rpc/index.ts'
import { until, within } from '../support/within.ts'

const test = suite('channels')
const open: { close(): Promise<void> }[] = []
const listening: (() => void)[] = []
let counter = 0

test.after.each(async () => {
  for (const stop of listening.splice(0)) stop()
  for (const one of open.splice(0).reverse()) await within(5000, one.close(), 'close')
})

async function pair(
  functions: object,
  options: { server?: ServerOptions; client?: ClientOptions } = {},
): Promise<{ server: Server; client: Client; at: string }> {
  const server = new Server('remote', options.server)
  server.registerRpc(functions)
  const at = await server.bind(`inproc://channels-${process.pid}-${++counter}`)
  const client = new Client('remote', { userId: 'worker', ...options.client }).connect(at)
  open.push(server, client)
  await within(5000, client.ready())
  await until(() => server.peers.size === 1)
  return { server, client, at }
}

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

/** What the tracing channel publishes, as `event side method`, and the contexts. */
function traced(onStart: (trace: CallTrace) => void = () => {}): { seen: string[]; traces: CallTrace[] } {
  const calls = tracingChannel<unknown, CallTrace>('pseud:call')
  const seen: string[] = []
  const traces: CallTrace[] = []
  const subscribers = Object.fromEntries(
    EVENTS.map((event) => [
      event,
      (message: unknown) => {
        const trace = message as CallTrace
        seen.push(`${event} ${trace.side} ${trace.method}`)
        if (event !== 'start') return
        traces.push(trace)
        onStart(trace)
      },
    ]),
  ) as never
  calls.subscribe(subscribers)
  listening.push(() => calls.unsubscribe(subscribers))
  return { seen, traces }
}

function heard<T>(name: string): T[] {
  const events: T[] = []
  const listener = (event: unknown): void => void events.push(event as T)
  subscribe(name, listener)
  listening.push(() => unsubscribe(name, listener))
  return events
}

const failed = (call: Promise<unknown>): Promise<unknown> =>
  within(
    5000,
    call.then(
      () => assert.unreachable(),
      (error: unknown) => error,
    ),
  )

test('a call is told on both sides: start, end, then the outcome, in one object', async () => {
  const { server, client } = await pair({ add: (a: number, b: number) => a + b })
  const { seen, traces } = traced()
  assert.is(await within(5000, client.add(1, 2)), 3)
  assert.equal(seen, [
    'start client add',
    'end client add',
    'start server add',
    'end server add',
    'asyncStart server add',
    'asyncEnd server add',
    'asyncStart client add',
    'asyncEnd client add',
  ])
  const [made, served] = traces as [CallTrace, CallTrace]
  assert.equal(
    [made.args, made.result, made.executed, made.kind, made.name],
    [[1, 2], 3, 'yes', 'call', 'remote'],
  )
  assert.equal([served.args, served.result, served.executed], [[1, 2], 3, 'yes'])
  assert.match(served.remote, /"worker"/)
  assert.is(served.peer?.claimedName, 'worker')
  assert.is(made.peer, undefined)
  assert.type(made.durationMs, 'number')
  assert.not.ok('error' in made)
  assert.is(server.stats().answered, 1)
})

test('without a subscriber nothing is made, and a call under way is not told to one that comes later', async () => {
  const { client } = await pair({ slow: () => new Promise((resolve) => setImmediate(resolve)) })
  const call = client.slow()
  const { seen } = traced()
  await within(5000, call)
  assert.equal(
    seen.filter((line) => line.includes('client')),
    [],
  )
})

test('headers put in at start travel with the call; what is no text is left out', async () => {
  const { client } = await pair({ seen: method((ctx: CallContext) => ({ ...ctx.headers })) })
  const { traces } = traced((trace) => {
    if (trace.side !== 'client') return
    trace.headers.traceparent = '00-abc'
    trace.headers.number = 1 as never
  })
  assert.equal(await within(5000, client.with({ headers: { own: 'x' } }).seen()), {
    own: 'x',
    traceparent: '00-abc',
  })
  const served = traces.find(({ side }) => side === 'server')!
  assert.equal({ ...served.headers }, { own: 'x', traceparent: '00-abc' })
})

test('errors of every kind are told, with whether the function ran, and `error` comes before the end', async () => {
  const { client } = await pair({
    fail: () => Promise.reject(new RangeError('no')),
    never: () => new Promise(() => {}),
    strange: () => () => {},
  })
  const { seen, traces } = traced()
  await failed(client.fail())
  assert.equal(
    seen.filter((line) => line.includes('client')),
    [
      'start client fail',
      'end client fail',
      'error client fail',
      'asyncStart client fail',
      'asyncEnd client fail',
    ],
  )
  await failed(client.missing())
  await failed(client.fail(() => {}))
  await failed(client.with({ timeoutMs: 10 }).never())
  await failed(client.strange())
  const aborted = AbortSignal.abort(new Error('before'))
  await failed(client.with({ signal: aborted }).never())
  await until(() => seen.filter((line) => line.startsWith('asyncEnd')).length === traces.length)
  const outcome = ({ side, method, executed, error }: CallTrace): string =>
    `${side} ${method} ${executed} ${(error as { code?: string }).code ?? (error as Error).message}`
  // Whose clock says so first, the caller's or the server's, is chance.
  const late = traces.find(({ side, method }) => side === 'server' && method === 'never')!
  assert.ok(['CANCELLED', 'DEADLINE_EXCEEDED'].includes((late.error as { code: string }).code))
  assert.equal(
    traces
      .filter((trace) => trace !== late)
      .map(outcome)
      .sort(),
    [
      'client fail no NOT_ENCODABLE',
      'client fail yes INTERNAL',
      'client missing no NOT_FOUND',
      'client never maybe DEADLINE_EXCEEDED',
      'client never no before',
      'client strange yes INTERNAL',
      'server fail yes no',
      'server missing no NOT_FOUND',
      'server strange yes INTERNAL',
    ],
  )
})

test('a stream ends when its last item has come, with and without middleware', async () => {
  let go = (): void => {}
  const { server, client } = await pair({
    async *three() {
      yield* [1, 2]
      await new Promise<void>((resolve) => {
        go = resolve
      })
      yield 3
    },
  })
  const { seen } = traced()
  for (const around of [false, true]) {
    if (around) for (const one of [server, client]) one.use((_call, next) => next())
    seen.length = 0
    for await (const n of client.three()) {
      if (n !== 2) continue
      await until(() => server.stats().itemsSent % 3 === 2)
      assert.not.ok(seen.some((line) => line.startsWith('asyncEnd')))
      go()
    }
    await until(() => seen.includes('asyncEnd client three') && seen.includes('asyncEnd server three'))
  }
})

test('stores bound to start hold in the function that is called', async () => {
  const store = new AsyncLocalStorage<string>()
  const calls = tracingChannel<unknown, CallTrace>('pseud:call')
  calls.start.bindStore(store as never, ((trace: CallTrace) => `${trace.side} ${trace.method}`) as never)
  listening.push(() => calls.start.unbindStore(store as never))
  const { client } = await pair({
    async where() {
      await Promise.resolve()
      return store.getStore()
    },
  })
  assert.is(await within(5000, client.where()), 'server where')
})

test('middleware stands inside the trace: what it answers is the result, and its headers go on', async () => {
  const { server, client } = await pair({ add: (a: number, b: number) => a + b })
  client.use(async (_call, next) => ((await next()) as number) * 10)
  server.use(() => 5)
  const { traces } = traced()
  assert.is(await within(5000, client.add(1, 2)), 50)
  assert.equal(
    traces.map(({ side, result }) => `${side} ${result}`),
    ['client 50', 'server 5'],
  )
})

test('both sides agree on whether the function ran: not behind a guard, but where it hands on what another call said', async () => {
  const { server, client } = await pair({
    handsOn() {
      throw new RpcError('UNAVAILABLE', 'another server is away', { executed: 'no' })
    },
  })
  const { traces } = traced()
  await failed(client.handsOn())
  server.use(() => {
    throw new RpcError('PERMISSION_DENIED', 'not you')
  })
  await failed(client.handsOn())
  assert.equal(
    traces.map(({ side, executed, error }) => `${side} ${executed} ${(error as RpcError).code}`),
    [
      'client yes UNAVAILABLE',
      'server yes UNAVAILABLE',
      'client no PERMISSION_DENIED',
      'server no PERMISSION_DENIED',
    ],
  )
})

test('notifies are told too', async () => {
  let got = 0
  const { client } = await pair({ hear: () => void got++ })
  const { traces } = traced()
  assert.ok(client.notify('hear', [1]))
  await until(() => got === 1)
  assert.equal(
    traces.map(({ side, kind, result }) => `${side} ${kind} ${result}`),
    ['client notify true', 'server notify undefined'],
  )
})

test('pseud:link tells of connections: ready, retry, lost, goaway, and who is refused', async () => {
  const events = heard<LinkEvent>('pseud:link')
  const { server, client, at } = await pair({}, { client: { reconnect: { minMs: 5, maxMs: 10 } } })
  const lines = (): string[] =>
    events.map(({ type, side, sent }) => `${side} ${type}${sent === undefined ? '' : ` ${sent}`}`)
  assert.equal(lines().sort(), ['client ready', 'server ready'])
  assert.match(events.find(({ side }) => side === 'server')!.remote, /"worker"/)
  await server.drain({ timeoutMs: 1000 })
  await until(() => lines().includes('client lost') && lines().includes('server lost'))
  assert.ok(lines().includes('server goaway true'))
  assert.ok(lines().includes('client goaway false'))
  assert.is(events.find(({ type }) => type === 'goaway')!.reason, 'draining')
  const other = new Server('another')
  open.push(other)
  await other.bind(at)
  await until(() => lines().includes('client refused'))
  assert.match(events.find(({ type }) => type === 'refused')!.error!.message, /another/)
  const nobody = new Client('remote', { reconnect: { minMs: 5, maxMs: 10 } }).connect('tcp://127.0.0.1:1')
  open.push(nobody)
  await until(() => lines().includes('client retry'))
  assert.type(events.find(({ type }) => type === 'retry')!.retryInMs, 'number')
  assert.is(client.stats().peers, 0)
})

test('pseud:blocked tells of functions that hold the event loop up, by name, and not of others', async () => {
  const busy = (ms: number): void => {
    for (const end = performance.now() + ms; performance.now() < end; );
  }
  const { client } = await pair(
    { busy, later: async (ms: number) => busy(ms), quick: () => 1 },
    { server: { blockedMs: 20 } },
  )
  const events = heard<BlockedEvent>('pseud:blocked')
  await within(5000, Promise.all([client.quick(), client.busy(40), client.quick(), client.later(40)]))
  // A machine that is busy itself may hold up even the quick one.
  const blocking = events.filter(({ method }) => method !== 'quick')
  assert.equal(
    blocking.map(({ method }) => method),
    ['busy', 'later'],
  )
  assert.ok(blocking.every(({ durationMs }) => durationMs >= 40))
  assert.match(blocking[0]!.remote, /"worker"/)
  client.notify('busy', [40])
  await until(() => events.filter(({ method }) => method === 'busy').length === 2)
  const patient = await pair({ busy }, { server: { blockedMs: 60_000 } })
  const { length } = events
  await within(5000, patient.client.busy(40))
  assert.is(events.length, length)
})

test('what a subscriber throws harms no call', async () => {
  const { client } = await pair({ add: (a: number, b: number) => a + b })
  const errors: unknown[] = []
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error))
  try {
    traced(() => {
      throw new Error('a subscriber')
    })
    assert.is(await within(5000, client.add(1, 2)), 3)
    await until(() => errors.length === 2)
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
  }
})

test('docs/observability.md says what each number of stats() counts', async () => {
  const { client } = await pair({})
  const rows = readFileSync('docs/observability.md', 'utf8')
    .split('\n## Counters')[1]!
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!))
  assert.equal(named.sort(), Object.keys(client.stats()).sort())
})

test('nobody listens after these tests', () => {
  for (const name of [
    ...EVENTS.map((event) => `tracing:pseud:call:${event}`),
    'pseud:link',
    'pseud:blocked',
  ]) {
    assert.not.ok(channel(name).hasSubscribers, name)
  }
})

const PROGRAM = `
import { Client, Server } from './src/index.ts'
const server = new Server('remote', { blockedMs: 5 })
server.registerRpc({
  fail() { throw new Error('SECRET of a function') },
  busy() { for (const end = performance.now() + 20; performance.now() < end; ); },
})
const at = await server.bind('inproc://debugged')
const client = new Client('remote', { userId: 'work\\ner' }).connect(at)
await client.ready()
const failing = client.with({ headers: { token: 'SECRET header' } })
await failing.fail('SECRET argument').catch(() => {})
await client.missing('SECRET argument').catch(() => {})
await client.busy()
client.use(() => { throw new Error('SECRET of middleware') })
await client.fail().catch(() => {})
await client.close()
await server.close()
console.log('done')
`

function runDebugged(env: NodeJS.ProcessEnv): { stdout: string; stderr: string } {
  const folder = mkdtempSync(path.resolve('build', 'debug-'))
  try {
    const outfile = path.join(folder, 'program.mjs')
    const build = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { buildSync } from 'esbuild'
         buildSync({ stdin: { contents: process.env.PROGRAM, loader: 'ts', resolveDir: process.cwd() }, outfile: ${JSON.stringify(outfile)},
           bundle: true, format: 'esm', platform: 'node', target: 'es2022' })`,
      ],
      { encoding: 'utf8', env: { ...process.env, PROGRAM } },
    )
    assert.is(build.status, 0, build.stderr)
    return spawnSync(process.execPath, [outfile], {
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, ...env },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('NODE_DEBUG=pseud prints a line for each event of a link and each call that failed, and no secrets', () => {
  const quiet = runDebugged({ NODE_DEBUG: '' })
  assert.equal([quiet.stdout, quiet.stderr], ['done\n', ''])
  const { stdout, stderr } = runDebugged({ NODE_DEBUG: 'pseud' })
  assert.is(stdout, 'done\n')
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => line.replace(/^PSEUD \d+: /, ''))
  const has = (pattern: RegExp): void =>
    assert.ok(
      lines.some((line) => pattern.test(line)),
      `${pattern}\n${stderr}`,
    )
  has(/^client "remote": ready "remote" \(inproc/)
  has(/^server "remote": ready "work\\u\{a\}er"/)
  has(/^"remote": call of "fail" to .* failed after \d+ ms, executed: yes, .*INTERNAL/)
  has(/^"remote": call of "fail" by .* threw: "Error"/)
  has(/^"remote": call of "missing" by .* was refused: "NOT_FOUND"/)
  has(/^"remote": call of "missing" to .* executed: no, .*NOT_FOUND.*there is no function/)
  has(/^"remote": "busy", called by .* blocked for \d+ ms/)
  has(/^client "remote": lost/)
  assert.not.match(stderr, /SECRET/)
})

test.run()
