// RPC with Python: the scripts of examples/python, as they stand there, against Server and Client.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client } from '../../src/rpc/index.ts'
import { sleep, until, within } from '../support/within.ts'
import { Child } from './support/child.ts'
import { pythonOr } from './support/python.ts'
import {
  ANY_PORT,
  assertFails,
  ERROR,
  newServer,
  PythonPeer,
  RESULT,
  type Register,
  support,
} from './support/rpc.ts'

const python = pythonOr('RPC with Python peers')
const tests = suite('RPC with Python')
const test: Register = python === undefined ? tests.skip : tests

tests('the README of the Python examples names every one of them, and nothing else', () => {
  const readme = readFileSync('examples/python/README.md', 'utf8')
  const named = [...readme.matchAll(/^\| `([^`]*\.py)`/gm)].map((match) => match[1])
  assert.equal(
    named.sort(),
    readdirSync('examples/python')
      .filter((file) => file.endsWith('.py'))
      .sort(),
  )
})

test('the three-line client of the protocol page prints [1, 1, abc]', async () => {
  const server = newServer()
  const child = new Child(python!, [path.resolve('examples/python/client.py'), await server.bind(ANY_PORT)])
  assert.is(await child.line(), "[1, 1, 'abc']")
  assert.is(await child.ended(), 0)
  await server.close()
})

test('a REQ calls 200 times, one in ten an unknown name', async () => {
  const server = newServer()
  const child = new Child(python!, [support('rpc_req.py'), await server.bind(ANY_PORT), '200'])
  const answers = JSON.parse(await child.line()) as [number, number, unknown][]
  assert.is(await child.ended(), 0)
  assert.is(answers.length, 200)
  for (const [n, [kind, id, value]] of answers.entries()) {
    assert.is(id, n)
    if (n % 10 === 0) assert.equal([kind, (value as { c: string }).c], [ERROR, 'NOT_FOUND'])
    else assert.equal([kind, value], [RESULT, `CALL ${n}`])
  }
  await server.close()
})

test('a Client calls the 20-line server', async () => {
  const child = new Child(python!, [path.resolve('examples/python/server.py'), 'tcp://127.0.0.1:*'])
  const client = new Client('any').connect((await child.line()).split(' ').at(-1)!)
  assert.is(await within(10_000, client.lower('ABC') as Promise<unknown>), 'abc')
  const sums = Array.from({ length: 200 }, (_, n) => client.add(n, 1) as Promise<unknown>)
  assert.equal(
    await within(10_000, Promise.all(sums)),
    sums.map((_, n) => n + 1),
  )
  await assertFails(client.nothing(), 'NOT_FOUND', 'no')
  await assertFails(client.add('a', 1), 'INTERNAL', 'yes')
  await client.close()
  await child.kill()
})

test('a Python peer calls a Server with values of every type, keywords, errors and a timeout', async () => {
  const server = newServer()
  server.registerRpc('area', ({ width, height }: { width: number; height: number }) => width * height)
  const peer = await PythonPeer.start('connect', await server.bind(ANY_PORT), 'worker')
  assert.equal(await peer.call('math.add', [2, 4]), { value: 6 })
  assert.equal(await peer.run('roundtrip'), [])
  assert.equal(await peer.call('area', [], { width: 3, height: 4 }), { value: 12 })
  assert.equal((await peer.call('nothing')).code, 'NOT_FOUND')
  assert.equal((await peer.call('explode')).code, 'INTERNAL')
  // Both ends watch the time: whichever is first says so.
  const late = await peer.call('sleep', [2000, 0], { timeout: 0.1 })
  assert.ok(late.code === 'TIMEOUT' || late.code === 'DEADLINE_EXCEEDED', late.code)
  assert.equal(await peer.call('lower', ['AGAIN']), { value: 'again' })
  const { welcome } = (await peer.run('state')) as { welcome: Record<string, unknown> }
  assert.equal([welcome.v, welcome.name], [2, 'remote'])
  await peer.end()
  await server.close()
})

test('a Python peer goes through streams: to the end, to an error, and leaves one early', async () => {
  const server = newServer()
  let made = 0
  let left = 0
  server.registerRpc('forever', async function* () {
    try {
      for (;;) yield { n: made++, filling: new Uint8Array(10_000) }
    } finally {
      left++
    }
  })
  const peer = await PythonPeer.start('connect', await server.bind(ANY_PORT), 'worker')
  const numbers = (to: number) => Array.from({ length: to }, (_, n) => n)
  assert.equal(await peer.run('stream', ['count', 1000]), { taken: numbers(1000), end: 'end' })
  assert.equal(await peer.run('stream', ['count', 0]), { taken: [], end: 'end' })
  assert.equal(await peer.run('stream', ['breakAt', 100]), { taken: numbers(100), end: 'INTERNAL' })
  assert.equal(await peer.run('stream', ['nothing']), { taken: [], end: 'NOT_FOUND' })
  // A result is no stream, and has no items.
  assert.equal(await peer.run('stream', ['lower', 'ABC']), { taken: [], end: 'end' })
  await peer.call('count', [3]).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /count streams/),
  )
  assert.equal(await peer.run('stream', ['count', 300], { leave_after: 200 }), {
    taken: numbers(200),
    end: 'left',
  })
  const [worker] = server.peers.values()
  const leaving = peer.run('stream', ['forever'], { leave_after: 0 })
  void leaving.catch(() => {})
  await until(() => made > 200)
  await peer.child.kill()
  await until(() => left === 1, 5000, 'the end of the generator whose consumer was killed')
  assert.is(worker!.claimedName, 'worker')
  await server.close()
})

test('a Server calls a Python peer by sendTo: results, errors, unknown names', async () => {
  const server = newServer()
  const peer = await PythonPeer.start('connect', await server.bind(ANY_PORT), 'worker')
  await until(() => server.peers.size === 1)
  assert.equal(
    [...server.peers.values()].map((one) => one.claimedName),
    ['worker'],
  )
  const worker = server.sendTo('worker')
  assert.is(await within(10_000, worker.addition(2, 4) as Promise<unknown>), 6)
  const many = Array.from({ length: 100 }, (_, n) => worker.addition(n, n) as Promise<unknown>)
  assert.equal(
    await within(10_000, Promise.all(many)),
    many.map((_, n) => 2 * n),
  )
  await assertFails(worker.nothing(), 'NOT_FOUND', 'no')
  await assertFails(worker.boom(), 'INTERNAL', 'yes', /nothing there/)
  await assertFails(server.sendTo('nobody').addition(2, 4), 'UNAVAILABLE', 'no')
  await peer.end()
  await until(() => server.peers.size === 0)
  await server.close()
})

test('calls nest between a Server and a Python peer, and start on either side', async () => {
  const server = newServer()
  const peer = await PythonPeer.start('connect', await server.bind(ANY_PORT), 'worker')
  await until(() => server.peers.size === 1)
  assert.equal((await peer.call('countdown', [4])).value, [
    'node: 4',
    'python: 3',
    'node: 2',
    'python: 1',
    'node: lift-off',
  ])
  assert.equal(await within(10_000, server.sendTo('worker').countdown(3) as Promise<unknown>), [
    'python: 3',
    'node: 2',
    'python: 1',
    'node: lift-off',
  ])
  await peer.end()
  await server.close()
})

test('a Client and a Python server call each other', async () => {
  const peer = await PythonPeer.start('bind', 'tcp://127.0.0.1:*', 'remote')
  const client = new Client('remote', { userId: 'client' })
  client.registerRpc({
    echo: (value: unknown) => value,
    area: ({ width, height }: { width: number; height: number }) => width * height,
    countdown: async (n: number): Promise<string[]> =>
      n === 0 ? ['node: lift-off'] : [`node: ${n}`, ...((await client.countdown(n - 1)) as string[])],
  })
  client.connect(peer.endpoint)
  assert.is(await within(10_000, client.addition(2, 4) as Promise<unknown>), 6)
  await within(10_000, client.ready()) // WELCOME: the server knows our name
  assert.equal(await peer.call('area', [], { width: 3, height: 4 }), { value: 12 })
  assert.equal(await peer.run('roundtrip'), [])
  assert.equal(await within(10_000, client.countdown(3) as Promise<unknown>), [
    'python: 3',
    'node: 2',
    'python: 1',
    'node: lift-off',
  ])
  await assertFails(client.boom(), 'INTERNAL', 'yes', /nothing there/)
  await client.close()
  await peer.end()
})

test('notifications go both ways', async () => {
  const server = newServer()
  const heard: unknown[] = []
  server.registerRpc('note', (value: unknown) => {
    heard.push(value)
  })
  const peer = await PythonPeer.start('connect', await server.bind(ANY_PORT), 'worker')
  await peer.run('notify', ['note', 'from Python'])
  await until(() => heard.length === 1)
  assert.equal(heard, ['from Python'])
  const [worker] = server.peers.values()
  assert.is(worker!.notify('note', ['from Node']), true)
  assert.is(await within(10_000, worker!.call('addition', [2, 4])), 6) // behind it on the same wire
  assert.equal(((await peer.run('state')) as { noted: unknown[] }).noted, ['from Node'])
  await peer.end()
  await server.close()
})

test('a Python peer that was killed and started again is called under its name', async () => {
  const server = newServer()
  const endpoint = await server.bind(ANY_PORT)
  for (let life = 0; life < 3; life++) {
    const peer = await PythonPeer.start('connect', endpoint, 'worker')
    await until(() => server.peers.size === 1)
    assert.is(await within(10_000, server.sendTo('worker').addition(life, 1) as Promise<unknown>), life + 1)
    assert.equal(await peer.call('lower', ['ABC']), { value: 'abc' })
    await peer.child.kill()
    await until(() => server.peers.size === 0)
  }
  await server.close()
})

test('a Python peer finds a Server that was closed and bound again, and is called without having called', async () => {
  let server = newServer()
  const endpoint = await server.bind(ANY_PORT)
  const peer = await PythonPeer.start('connect', endpoint, 'worker')
  await until(() => server.peers.size === 1)
  await server.close()
  server = newServer()
  await server.bind(endpoint)
  await until(() => server.peers.size === 1)
  assert.is(await within(10_000, server.sendTo('worker').addition(2, 4) as Promise<unknown>), 6)
  assert.equal(await peer.call('lower', ['ABC']), { value: 'abc' })
  await peer.end()
  await server.close()
})

test('a Client finds a Python server that was killed and started again', async () => {
  let peer = await PythonPeer.start('bind', 'tcp://127.0.0.1:*', 'remote')
  const { endpoint } = peer
  const client = new Client('remote').connect(endpoint)
  assert.is(await within(10_000, client.addition(2, 4) as Promise<unknown>), 6)
  await assertFails(client.die(), 'UNAVAILABLE', 'maybe')
  const waiting = client.addition(3, 4) as Promise<unknown>
  peer = await PythonPeer.start('bind', endpoint, 'remote')
  assert.is(await within(20_000, waiting), 7)
  await client.close()
  await peer.end()
})

test('of two Python peers with one name the first is called, and after it has gone the second', async () => {
  const server = newServer()
  const endpoint = await server.bind(ANY_PORT)
  const first = await PythonPeer.start('connect', endpoint, 'worker')
  await until(() => server.peers.size === 1)
  const second = await PythonPeer.start('connect', endpoint, 'worker')
  await until(() => server.peers.size === 2)
  assert.equal(await second.call('lower', ['ABC']), { value: 'abc' })
  assert.is(await within(10_000, server.sendTo('worker').addition(2, 4) as Promise<unknown>), 6)
  await first.child.kill()
  await until(() => server.peers.size === 1)
  assert.equal(await second.call('lower', ['ABC']), { value: 'abc' })
  await second.end()
  await server.close()
})

test('calls to a Python peer that is killed fail as UNAVAILABLE, executed maybe', async () => {
  const server = newServer()
  const peer = await PythonPeer.start('connect', await server.bind(ANY_PORT), 'worker')
  await until(() => server.peers.size === 1)
  peer.child.signal('SIGSTOP')
  const calls = Array.from({ length: 50 }, () => server.sendTo('worker').addition(1, 1) as Promise<unknown>)
  const outcomes = Promise.allSettled(calls)
  await sleep(100)
  await peer.child.kill()
  for (const outcome of await within(5000, outcomes)) {
    const reason = (outcome as PromiseRejectedResult).reason as { code: string; executed: string }
    assert.equal([reason.code, reason.executed], ['UNAVAILABLE', 'maybe'])
  }
  await server.close()
})

tests.run()
