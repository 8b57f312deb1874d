// Protocol 1 with libzmq's own sockets: scripts that send and check the exact frames of Python's pseud, a ROUTER in either role and a REQ.
import { existsSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, plain, type RpcError, Server, type ServerOptions } from '../../src/rpc/index.ts'
import { until, within } from '../support/within.ts'
import { Child } from './support/child.ts'
import { pythonOr } from './support/python.ts'
import { ANY_PORT, assertFails, failure, type Register, support } from './support/rpc.ts'

const python = pythonOr('protocol 1 with Python peers')
const tests = suite('RPC with Python, protocol 1')
const test: Register = python === undefined ? tests.skip : tests

const OK = '01'
const ERROR = '10'
const AUTHENTICATED = '04'
const UNAUTHORIZED = '11'

function serverOfBoth(options: ServerOptions = {}): Server {
  const server = new Server('remote', { protocols: [2, 1], ...options })
  server.on('error', () => {})
  server.registerRpc({
    lower: (text: string) => text.toLowerCase(),
    upper: (text: string) => text.toUpperCase(),
    area: ({ width, height }: { width: number; height: number }) => width * height,
    nothingAtAll: () => undefined,
    explode: () => {
      throw new RangeError('too far')
    },
    *ticks() {
      yield 1
    },
  })
  return server
}

const json = async (child: Child): Promise<Record<string, unknown>> =>
  JSON.parse(await child.line()) as Record<string, unknown>

const CALLS = [
  { call: 'area', type: OK, value: 12 },
  { call: 'nothingAtAll', type: OK, value: null },
  { call: 'explode', type: ERROR, value: ['RangeError', 'too far', ''] },
  { call: 'missing', type: ERROR, value: ['ServiceNotFoundError', 'there is no function "missing"', ''] },
  {
    call: 'ticks',
    type: ERROR,
    value: ['TypeError', 'the function streams, and protocol 1 has no streams', ''],
  },
]

test('a ROUTER client calls a Server, and is called by it, beside a client of protocol 2', async () => {
  const server = serverOfBoth()
  const endpoint = await server.bind(ANY_PORT)
  const ours = new Client('remote').connect(endpoint)
  const child = new Child(python!, [support('rpc_v1_client.py'), endpoint])
  assert.equal(await json(child), { call: 'lower', type: OK, value: 'abc' })
  for (const call of CALLS) assert.equal(await json(child), call)
  assert.is(await within(10_000, ours.lower('ABC') as Promise<unknown>), 'abc')
  const peer = server.peersOf('client')[0]!
  assert.equal([peer.claimedName, peer.user], ['client', undefined])
  const twice = server.sendTo('client').twice(21) as Promise<unknown>
  child.write('serve')
  assert.is(await within(10_000, twice), 42)
  assert.equal(await json(child), { asked: 'twice', args: [21], kwargs: {} })
  const missing = failure(server.sendTo('client').missing())
  child.write('serve')
  const error = (await missing) as unknown as RpcError
  assert.equal(
    [error.name, error.code, error.executed, error.remoteStack],
    ['ServiceNotFoundError', 'NOT_FOUND', 'no', 'Traceback (most recent call last):\n  here'],
  )
  child.write('end')
  assert.is(await child.ended(), 0)
  await until(() => server.peersOf('client').length === 0)
  assert.equal([server.stats().protocolErrors, server.stats().ignored], [0, 0])
  await ours.close()
  await server.close()
})

test('a ROUTER client logs in by HELLO after it was told to, and may not otherwise', async () => {
  const security = plain({ users: { john: 's3cret!' }, inHello: true })
  const server = serverOfBoth({ security })
  const endpoint = await server.bind(ANY_PORT)
  const child = new Child(python!, [support('rpc_v1_client.py'), endpoint, 'john', 's3cret!'])
  assert.equal(await json(child), { call: 'lower', type: UNAUTHORIZED, text: 'log in first' })
  assert.equal(await json(child), { login: AUTHENTICATED, text: '' })
  assert.equal(await json(child), { call: 'lower', type: OK, value: 'abc' })
  for (const call of CALLS) assert.equal(await json(child), call)
  assert.is(server.peersOf('john')[0]!.user, 'john')
  const twice = server.sendTo('john').twice(21) as Promise<unknown>
  child.write('serve')
  assert.is(await within(10_000, twice), 42)
  await child.kill()
  const stranger = new Child(python!, [support('rpc_v1_client.py'), endpoint, 'john', 'guess'])
  assert.is((await json(stranger)).type, UNAUTHORIZED)
  assert.is((await json(stranger)).login, UNAUTHORIZED)
  assert.equal(await json(stranger), { call: 'lower', type: UNAUTHORIZED, text: 'the login is refused' })
  await stranger.kill()
  await server.close()
})

test('a REQ client calls 200 times, one in ten an unknown name', async () => {
  const server = serverOfBoth()
  const child = new Child(python!, [support('rpc_v1_req.py'), await server.bind(ANY_PORT), '200'])
  const answers = JSON.parse(await child.line()) as [string, unknown][]
  assert.is(await child.ended(), 0)
  assert.is(answers.length, 200)
  for (const [n, answer] of answers.entries()) {
    const missing = ['ServiceNotFoundError', 'there is no function "nothing"', '']
    assert.equal(answer, n % 10 === 0 ? [ERROR, missing] : [OK, `CALL ${n}`])
  }
  await server.close()
})

test('a Client calls a ROUTER server: probe, results, errors with their tracebacks, heartbeats', async () => {
  const child = new Child(python!, [support('rpc_v1_server.py')])
  const client = new Client('remote', {
    protocol: 1,
    userId: 'client',
    heartbeat: { intervalMs: 100, timeoutMs: 30_000 },
  })
  client.registerRpc('twice', (n: number) => 2 * n)
  client.connect(await child.line())
  assert.equal(await json(child), { probe: true })
  assert.is(await within(10_000, client.lower('ABC') as Promise<unknown>), 'abc')
  const sums = Array.from({ length: 200 }, (_, n) => client.math.add(n, 1) as Promise<unknown>)
  assert.equal(
    await within(10_000, Promise.all(sums)),
    sums.map((_, n) => n + 1),
  )
  const value = { list: [1, null, true, 2.5], text: 'äöü', octets: Buffer.from([1, 2]) }
  assert.equal(await within(10_000, client.echo(value) as Promise<unknown>), value)
  await assertFails(client.nothing(), 'NOT_FOUND', 'no', /^nothing$/)
  await assertFails(client.boom(), 'INTERNAL', 'yes', /^'nothing there'$/)
  const wrong = (await failure(client.wrong())) as unknown as RpcError
  assert.ok(wrong instanceof TypeError)
  assert.is(wrong.remoteStack, 'Traceback (most recent call last):\n  here')
  const now = await failure(client.now())
  assert.match((now.cause as Error).message, /^extension 125 is a pickled datetime of Python/)
  let seen = await json(child)
  for (let beats = 1; beats < 3; beats++) {
    assert.equal(seen, { heartbeat: true })
    seen = await json(child)
  }
  for (const [name, type, result] of [
    ['twice', OK, 42],
    ['missing', ERROR, ['ServiceNotFoundError', 'there is no function "missing"', '']],
  ]) {
    child.write(name as string)
    while (seen.heartbeat === true) seen = await json(child)
    assert.equal(seen, { answer: name, type, value: result })
    seen = { heartbeat: true }
  }
  await client.close()
  await child.end()
})

test('a Client logs in at a ROUTER server; a refusal is final', async () => {
  const child = new Child(python!, [support('rpc_v1_server.py'), 'john', 's3cret!'])
  const endpoint = await child.line()
  const login = (password: string): Client =>
    new Client('remote', {
      protocol: 1,
      security: plain({ user: 'john', password, inHello: true }),
    }).connect(endpoint)
  const right = login('s3cret!')
  assert.is(await within(10_000, right.lower('ABC') as Promise<unknown>), 'abc')
  const wrong = login('guess')
  await assertFails(wrong.lower('ABC'), 'UNAUTHENTICATED', 'no')
  await assertFails(wrong.lower('ABC'), 'UNAUTHENTICATED', 'no')
  const none = new Client('remote', { protocol: 1 }).connect(endpoint)
  await assertFails(none.lower('ABC'), 'UNAUTHENTICATED', 'no')
  for (const client of [right, wrong, none]) await client.close()
  await child.kill()
})

test('a Python server that was killed and started again is found again', async () => {
  const first = new Child(python!, [support('rpc_v1_server.py')])
  const client = new Client('remote', { protocol: 1 }).connect(await first.line())
  assert.is(await within(10_000, client.lower('ABC') as Promise<unknown>), 'abc')
  await first.kill()
  await until(() => client.stats().peers === 0)
  const second = new Child(python!, [support('rpc_v1_server.py')])
  client.connect(await second.line())
  assert.is(await within(10_000, client.lower('DEF') as Promise<unknown>), 'def')
  await client.close()
  await second.kill()
})

tests('the scripts are there', () => {
  for (const role of ['client', 'req', 'server']) assert.ok(existsSync(support(`rpc_v1_${role}.py`)))
})

tests.run()
