// SyncClient against servers in processes of their own: values, errors, time, credentials, and what becomes of its thread.
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { curve, plain, RpcError } from '../../src/rpc/index.ts'
import { SyncClient, type SyncClientOptions } from '../../src/sync/index.ts'
import { Child } from '../interop/support/child.ts'
import { pythonOr } from '../interop/support/python.ts'
import { within } from '../support/within.ts'

const test = suite('SyncClient')
const folder = path.resolve(process.env.PSEUD_TEST_DIR ?? 'build/test', `sync-${process.pid}`)
const python = pythonOr('SyncClient against a REP of pyzmq')
const NoStock = RpcError.define<{ left: number }>('NoStock', 'FAILED_PRECONDITION')
const children = new Set<Child>()
const open = new Set<SyncClient>()
let server = ''
let endpoint = ''

/** Bundles source text that may import from the sources; returns the file to run. */
async function bundle(name: string, text: string): Promise<string> {
  const { sourceAliases } = await import(path.resolve('scripts/source-aliases.mjs'))
  const outfile = path.join(folder, `${name}.mjs`)
  await build({
    stdin: { contents: text, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    plugins: [sourceAliases],
    outfile,
  })
  return outfile
}

async function start(file: string, ...args: string[]): Promise<string> {
  const child = new Child(process.execPath, [file, ...args])
  children.add(child)
  return child.line()
}

function connected(options?: SyncClientOptions, to = endpoint): SyncClient {
  const client = new SyncClient('remote', options).connect(to)
  open.add(client)
  return client
}

function failure(call: () => unknown): RpcError & { path?: string } {
  try {
    call()
  } catch (error) {
    return error as RpcError
  }
  throw new Error('should have thrown')
}

test.before(async () => {
  server = await bundle(
    'server',
    readFileSync('test/support/sync-server.ts', 'utf8').replaceAll('../../', './'),
  )
  endpoint = await start(server)
})
test.after.each(() => {
  for (const client of open) client.close()
  open.clear()
})
test.after(async () => {
  for (const child of children) child.signal('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

test('calls block and return: by name, by dotted name, by `api`, by `call`', () => {
  const client = connected()
  assert.is(client.lower('ABC'), 'abc')
  assert.is(client.math.add(2, 4), 6)
  assert.is(client.call('math.add', [1, 2]), 3)
  assert.is(client.api.close(), 'closed there')
  assert.is(client.close(), undefined)
})

test('the name may be left out, and a server of another name is refused', () => {
  const any = new SyncClient().connect(endpoint)
  assert.is(any.lower('ABC'), 'abc')
  any.close()
  const wrong = new SyncClient('other').connect(endpoint)
  const error = failure(() => wrong.lower('ABC'))
  assert.equal([error.code, error.executed], ['UNAVAILABLE', 'no'])
  assert.is((error.cause as RpcError).code, 'WRONG_SERVER')
  wrong.close()
})

test('values of every kind come back as themselves', () => {
  const client = connected()
  const values = [
    null,
    undefined,
    true,
    -0,
    Number.NaN,
    2 ** 53,
    2n ** 80n,
    'ü',
    new Date(5),
    new Map([[{ a: 1 }, 'b']]),
    new Set([1, 'x']),
    Buffer.from('abc'),
    new Float64Array([1.5]),
    Object.assign(new Array(3), { 0: 1, 2: 3 }), // with a hole
    { deep: { er: [1] } },
  ]
  for (const value of values) {
    const back = client.echo(value)
    assert.equal(inspect(back), inspect(value))
  }
  const error = client.echo(new RangeError('far'))
  assert.ok(error instanceof RangeError)
  assert.is(error.message, 'far')
})

test('12 MiB go there and back, as one binary and as a list', () => {
  const client = connected({ maxMessageSize: 64 * 1024 * 1024 })
  const large = Buffer.alloc(12 * 1024 * 1024, 'large')
  assert.is(large.compare(client.echo(large)), 0)
  const list = Array.from({ length: 12 }, (_, n) => String(n).repeat(512 * 1024))
  assert.equal(client.echo(list), list)
})

test('classes of the application travel by extensions whose functions stay in this thread', () => {
  class Point {
    readonly x: number
    constructor(x: number) {
      this.x = x
    }
  }
  const client = connected({
    extensions: [
      {
        type: 1,
        class: Point,
        encode: (point) => Uint8Array.of((point as Point).x),
        decode: (data) => new Point(data[0]!),
      },
    ],
  })
  const point = client.double(new Point(4))
  assert.ok(point instanceof Point)
  assert.is(point.x, 8)
})

test('what a function throws is thrown here, as its class, and the stack is that of the call', () => {
  const client = connected()
  const far = failure(() => client.age(-1))
  assert.ok(far instanceof RangeError && (far as unknown) instanceof RpcError)
  assert.equal([far.code, far.executed, far.message], ['INTERNAL', 'yes', 'an age is not negative'])
  assert.match(far.stack!, 'client.test')
  assert.match(far.remoteStack!, 'age')
  assert.instance(far.cause, TypeError)

  const none = failure(() => client.take(5))
  assert.ok(none instanceof NoStock)
  assert.equal([none.code, none.details, none.executed], ['FAILED_PRECONDITION', { left: 3 }, 'yes'])

  const missing = failure(() => client.nothing())
  assert.equal([missing.name, missing.code, missing.executed], ['ServiceNotFoundError', 'NOT_FOUND', 'no'])
})

test('an argument without an encoding is a TypeError that names it, and nothing is sent', () => {
  const client = connected()
  const error = failure(() => client.echo({ ok: () => 1 }))
  assert.instance(error, TypeError)
  assert.equal([error.code, error.path, error.executed], ['NOT_ENCODABLE', 'args[0].ok', 'no'])
})

test('a call may take as long as the client or `with` says; a late answer is not taken for the next', () => {
  const client = connected({ timeoutMs: 20_000 })
  assert.is(client.later(1, 'soon'), 'soon')
  const error = failure(() => client.with({ timeoutMs: 100 }).later(300, 'late'))
  assert.equal([error.name, error.code, error.executed], ['DeadlineError', 'DEADLINE_EXCEEDED', 'maybe'])
  assert.match(error.message, /later/) // whichever side's clock was first
  assert.is(client.later(500, 'next'), 'next')
  const impatient = connected({ timeoutMs: 150 })
  assert.is(failure(() => impatient.never()).code, 'DEADLINE_EXCEEDED')
  assert.is(failure(() => client.call('never', [], { timeoutMs: 50 })).code, 'DEADLINE_EXCEEDED')
})

test('the items of a function that streams come one by one, to the end, to an error, or until they are left', () => {
  const client = connected()
  const numbers = (to: number): number[] => Array.from({ length: to }, (_, n) => n)
  assert.equal([...client.count(70)], numbers(70))
  assert.equal([...client.count(0)], [])
  const seen: number[] = []
  const error = failure(() => {
    for (const n of client.call('count', [1000]) as Iterable<number>) seen.push(n)
  })
  assert.equal([error.name, error.message, error.executed], ['RangeError', 'too far', 'yes'])
  assert.equal(seen, numbers(100))
  for (const n of client.count(90)) if (n === 5) break
  const begun = client.count(90)
  assert.equal(begun.next(), { value: 0, done: false })
  assert.equal(begun.return(), { value: undefined, done: true })
  assert.equal(begun.next(), { value: undefined, done: true })
  assert.equal(begun.return(), { value: undefined, done: true })
  {
    const open = client.count(90)
    assert.throws(() => open.throw(new Error('enough')), 'enough')
  }
  for (let i = 0; i < 100 && client.left() < 6; i++) client.later(10)
  assert.is(client.left(), 6)
  assert.is(client.lower('AFTER'), 'after')
})

test('an item may take as long as its call; a stream of a closed client is over', () => {
  const client = connected()
  const items = client.with({ timeoutMs: 10_000 }).count(90)
  assert.is(items.next().value, 0)
  client.close()
  assert.is(failure(() => items.next()).code, 'CLOSED')
  assert.is(items.next().done, true)
})

test('what may be run twice is sent to the next server when one dies, as the client or the call says', async () => {
  for (const [options, call] of [
    [{ idempotent: ['dieIf'] }, {}],
    [{}, { idempotent: true }],
  ] as const) {
    const client = connected({ ...options, retry: { minMs: 1, maxMs: 5 } }, await start(server))
    client.connect(await start(server))
    const pid = client.pid()
    assert.is(client.with(call).dieIf(pid), 'alive')
    const last = client.pid()
    assert.is.not(last, pid)
    assert.is(failure(() => client.with({ ...call, retry: false }).dieIf(last)).code, 'UNAVAILABLE')
  }
  assert.is(failure(() => connected({ retry: { attempts: 0 } })).code, 'BAD_OPTION')
  assert.is(failure(() => connected({ idempotent: [7] as never })).code, 'BAD_OPTION')
})

test('headers reach the function', () => {
  const client = connected()
  assert.equal(client.with({ headers: { trace: 'a' } }).headers(), { trace: 'a' })
})

test('where nobody listens a call ends with its time, or at once when it must not wait', () => {
  const nowhere = connected({ timeoutMs: 300 }, 'tcp://127.0.0.1:1')
  const late = failure(() => nowhere.lower('ABC'))
  assert.equal([late.code, late.executed], ['DEADLINE_EXCEEDED', 'no'])
  assert.is((late.cause as RpcError).name, 'LinkError')
  const fast = failure(() => nowhere.with({ failFast: true }).lower('ABC'))
  assert.equal([fast.code, fast.executed], ['UNAVAILABLE', 'no'])
  assert.is(failure(() => nowhere.ready({ timeoutMs: 100 })).code, 'DEADLINE_EXCEEDED')
  assert.is(connected().ready().lower('X'), 'x')
})

test('a server that dies in the middle of a call is said to have died, and the next one is found', async () => {
  const [first, second] = [await start(server), await start(server)]
  const client = connected({ reconnect: { minMs: 20, maxMs: 100 } }, first)
  const error = failure(() => client.die())
  assert.equal([error.code, error.executed], ['UNAVAILABLE', 'maybe'])
  const waiting = failure(() => client.with({ timeoutMs: 100 }).lower('ABC'))
  assert.equal([waiting.code, waiting.executed], ['DEADLINE_EXCEEDED', 'no'])
  assert.is(client.connect(second).lower('ABC'), 'abc')
})

test('what the caller gets wrong is a UsageError at the spot', () => {
  const client = connected()
  const code = (call: () => unknown): unknown[] => {
    const { name, code } = failure(call)
    return [name, code]
  }
  assert.equal(
    code(() => client.connect('nonsense')),
    ['UsageError', 'BAD_ENDPOINT'],
  )
  assert.equal(
    code(() => client.connect('inproc://x')),
    ['UsageError', 'UNSUPPORTED_TRANSPORT'],
  )
  assert.equal(
    code(() => client.with({ timeoutMs: -1 })),
    ['UsageError', 'BAD_OPTION'],
  )
  assert.equal(
    code(() => client.with({ signal: AbortSignal.abort() } as never)),
    ['UsageError', 'BAD_OPTION'],
  )
  const making = (options: unknown) => code(() => new SyncClient('remote', options as SyncClientOptions))
  assert.equal(making({ timeoutMs: 0 }), ['UsageError', 'BAD_OPTION'])
  assert.equal(making({ registry: {} }), ['UsageError', 'BAD_OPTION'])
  assert.equal(making({ security: plain({ user: 'a', password: 'b' }) }), ['UsageError', 'BAD_OPTION'])
  assert.equal(making({ security: { curve: { serverKey: 'short' } } }), ['UsageError', 'BAD_CURVE_KEY'])
  const promising = { security: { plain: { user: 'a', password: async () => 'b' } } }
  assert.equal(making(promising), ['UsageError', 'NOT_SYNCHRONOUS'])
})

test('credentials are data, or functions that are called here', async () => {
  const asked = await start(server, 'plain')
  const security = { plain: { user: 'ada', password: () => 'secret' } }
  assert.is(connected({ security }, asked).whoami(), 'ada')
  const wrong = connected({ security: { plain: { user: 'ada', password: 'wrong' } } }, asked)
  const error = failure(() => wrong.whoami())
  assert.equal([error.name, error.code, error.executed], ['UnauthorizedError', 'UNAUTHENTICATED', 'no'])

  const keys = curve.keyPair()
  const sealed = await start(server, `curve:${keys.secretKey}`)
  const login = { user: 'ada', password: 'secret' }
  assert.is(connected({ security: { curve: { serverKey: keys.publicKey, login } } }, sealed).whoami(), 'ada')
})

test('is awaited, printed and turned to text without a call', async () => {
  const client = connected()
  const before = client.calls()
  assert.is(await client, client)
  assert.is(await client.some.name, client.some.name)
  assert.is(inspect(client), 'SyncClient { name: "remote" }')
  assert.is(String(client), '[object SyncClient]')
  assert.is(JSON.stringify({ client: client.api }), '{"client":{}}')
  assert.is(client.constructor.name, 'SyncClient')
  assert.ok(inspect(client.some.name).length > 0)
  assert.is(String(client.some.name), '[stub of remote].some.name')
  assert.is(client.calls(), before + 1)
})

test('several clients work side by side, and `close` disconnects', () => {
  const clients = Array.from({ length: 3 }, () => connected())
  assert.equal(
    clients.map((client, n) => client.math.add(n, 1)),
    [1, 2, 3],
  )
  const [first, second] = clients
  assert.is(first!.peers(), 3)
  second!.close()
  second!.close()
  first!.later(100)
  assert.is(first!.peers(), 2)
  const error = failure(() => second!.lower('ABC'))
  assert.equal([error.code, error.executed], ['CLOSED', 'no'])
  assert.is(failure(() => second!.connect(endpoint)).code, 'CLOSED')
})

test('works inside a worker thread', async () => {
  const file = await bundle(
    'inside',
    `import { parentPort, workerData } from 'node:worker_threads'
    import { SyncClient } from 'pseud/sync'
    const client = new SyncClient('remote').connect(workerData)
    parentPort.postMessage(client.lower('ABC'))
    client.close()`,
  )
  const worker = new Worker(file, { workerData: endpoint })
  const [said, code] = await within(
    20_000,
    Promise.all([
      new Promise((resolve) => worker.once('message', resolve)),
      new Promise((resolve) => worker.once('exit', resolve)),
    ]),
  )
  assert.equal([said, code], ['abc', 0])
})

test('a process ends by itself, with a client open or closed', async () => {
  for (const end of ['', 'client.close()', 'client[Symbol.dispose]()']) {
    const file = await bundle(
      'ending',
      `import { SyncClient } from 'pseud/sync'
      const client = new SyncClient('remote').connect(process.argv[2])
      console.log(client.lower('ABC'))
      ${end}`,
    )
    const child = new Child(process.execPath, [file, endpoint])
    children.add(child)
    assert.is(await child.ended(20_000), 0, child.output)
    assert.match(child.output, 'abc')
  }
})

test('a killed worker thread makes calls throw instead of wait', async () => {
  const born = new Promise<Worker>((resolve) => process.once('worker', resolve))
  const client = new SyncClient('remote').connect(endpoint)
  assert.is(client.lower('ABC'), 'abc')
  const worker = await within(5000, born)
  void worker.terminate() // and this thread does not get to hear of the end
  const late = failure(() => client.with({ timeoutMs: 100 }).lower('ABC'))
  assert.equal([late.code, late.executed], ['DEADLINE_EXCEEDED', 'maybe'])
  assert.match(late.message, 'the worker thread does not say why')
  const open = failure(() => client.with({ timeoutMs: 30_000 }).lower('ABC'))
  assert.equal([open.code, open.executed], ['UNAVAILABLE', 'maybe'])
  const next = failure(() => client.lower('ABC'))
  assert.equal([next.code, next.executed], ['UNAVAILABLE', 'no'])
  client.close()
})

const REP = `
import * as zmq from 'zeromq'
import { decode, encode } from './src/codec/index.ts'
const reply = new zmq.Reply()
await reply.bind('tcp://127.0.0.1:*')
console.log(reply.lastEndpoint)
for await (const [message] of reply) {
  const [, id, method, args] = decode(message) as [number, number, string, [string]]
  await reply.send(encode(method === 'lower' ? [1, id, args[0].toLowerCase()] : [2, id, { c: 'NOT_FOUND', m: method, x: 'no' }]))
}`

const PYTHON_REP = `
import msgpack, zmq
s = zmq.Context().socket(zmq.REP)
print("tcp://127.0.0.1:%d" % s.bind_to_random_port("tcp://127.0.0.1"), flush=True)
while True:
    kind, id, method, args = msgpack.unpackb(s.recv())[:4]
    s.send(msgpack.packb([1, id, args[0].lower()] if method == "lower" else [2, id, {"c": "NOT_FOUND", "m": method, "x": "no"}]))
`

function callsRep(at: string): void {
  const client = new SyncClient().connect(at)
  open.add(client)
  for (let i = 0; i < 20; i++) assert.is(client.lower(`ABC${i}`), `abc${i}`)
  assert.is(failure(() => client.nothing()).name, 'ServiceNotFoundError')
  assert.is(client.lower('STILL'), 'still')
}

test('calls a REP of libzmq', async () => {
  callsRep(await start(await bundle('rep', REP)))
})

const pythonTest: typeof test | typeof test.skip = python === undefined ? test.skip : test
pythonTest('calls a REP of pyzmq', async () => {
  const child = new Child(python!, ['-c', PYTHON_REP])
  children.add(child)
  callsRep(await child.line())
})

test.run()
