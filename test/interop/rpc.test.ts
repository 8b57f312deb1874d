// RPC with peers that are not pseud: bare libzmq sockets of both libraries that know no more than docs/protocol.md,
// the Python peer of examples/python, and libzmq's own zmq_proxy in between.
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../src/codec/index.ts'
import { Client, method, Server } from '../../src/rpc/index.ts'
import { sleep, until, within } from '../support/within.ts'
import { Child } from './support/child.ts'
import { LIBRARIES, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'

const python = pythonOr('RPC with Python peers, and through zmq_proxy')
const ANY_PORT = 'tcp://127.0.0.1:0'
const CALL = 0
const RESULT = 1
const ERROR = 2
const CANCEL = 3
const HELLO = 8
const WELCOME = 9
const PING = 11
const PONG = 12

type Register = (name: string, run: () => Promise<void>) => void
type Fields = [kind: number, ...fields: unknown[]]
type Closable = { close(): unknown }

/** The functions that every server of these tests has. */
function newServer(name = 'remote'): Server {
  const server = new Server(name)
  server.registerRpc({
    lower: (text: string) => text.toLowerCase(),
    upper: (text: string) => text.toUpperCase(),
    math: { add: (a: number, b: number) => a + b },
    echo: (value: unknown) => value,
    whoAreYou: () => name,
    nothingAtAll: () => undefined,
    sleep: async (ms: number, value: unknown) => {
      await sleep(ms)
      return value
    },
    explode: () => {
      throw new RangeError('too far')
    },
    countdown: method(async (ctx, n: number): Promise<string[]> => {
      return n === 0
        ? ['node: lift-off']
        : [`node: ${n}`, ...((await ctx.peer.api.countdown(n - 1)) as string[])]
    }),
  })
  return server
}

async function closeAll(...all: Closable[]): Promise<void> {
  for (const one of all) await one.close()
}

for (const library of LIBRARIES) {
  const tests = suite(`RPC with the sockets of ${library}`)
  const there = library === 'zeromq' || python !== undefined
  const test: Register = there ? tests : tests.skip
  let peer: Peer

  tests.before(() => {
    if (there) peer = new Peer(library)
  })
  tests.after(async () => {
    if (there) await peer.end()
  })

  /** Opens the only socket of the peer; `close` ends it. */
  const open = async (type: string, options: Record<string, unknown> = {}) => {
    await peer.run({ do: 'socket', name: 's', type, options })
  }
  const bind = async (type: string, options: Record<string, unknown> = {}): Promise<string> => {
    await open(type, options)
    return (await peer.run({ do: 'bind', name: 's', endpoint: ANY_PORT })) as string
  }
  const connect = async (type: string, endpoint: string, options: Record<string, unknown> = {}) => {
    await open(type, options)
    await peer.run({ do: 'connect', name: 's', endpoint })
  }
  const close = () => peer.run({ do: 'close', name: 's' })
  const put = (route: Uint8Array[], message: Fields) =>
    peer.run({
      do: 'put',
      name: 's',
      parts: [...route, encode(message)].map((part) => Buffer.from(part).toString('base64')),
    })
  const take = async (): Promise<{ route: Buffer[]; message: Fields }> => {
    const parts = ((await peer.run({ do: 'take', name: 's' })) as string[]).map((part) =>
      Buffer.from(part, 'base64'),
    )
    return { route: parts.slice(0, -1), message: decode(parts.at(-1)!) as Fields }
  }

  test('a bare DEALER calls, and is told of unknown names and of errors', async () => {
    const server = newServer()
    await connect('DEALER', await server.bind(ANY_PORT))
    await put([], [CALL, 1, 'lower', ['ABC']])
    assert.equal(await take(), { route: [], message: [RESULT, 1, 'abc'] })
    await put([], [CALL, 2, 'math.add', [2, 4], { d: 5000, unknown: true }])
    assert.equal((await take()).message, [RESULT, 2, 6])
    for (const name of ['nothing', 'constructor', '__proto__', 'toString', 'math', 'math.constructor']) {
      await put([], [CALL, 3, name, []])
      const { message } = await take()
      assert.equal(message.slice(0, 2), [ERROR, 3])
      const { c, x } = message[2] as { c: string; x: string }
      assert.equal([c, x], ['NOT_FOUND', 'no'], name)
    }
    await put([], [CALL, 4, 'explode', []])
    const thrown = (await take()).message[2] as Record<string, unknown>
    assert.equal([thrown.c, thrown.m, thrown.n, thrown.x], ['INTERNAL', 'too far', 'RangeError', 'yes'])
    await close()
    await server.close()
  })

  test('a result of undefined is nil for a peer that did not announce X-Pseud', async () => {
    const server = newServer()
    await connect('DEALER', await server.bind(ANY_PORT))
    await put([], [CALL, 1, 'nothingAtAll', []])
    assert.equal((await take()).message, [RESULT, 1, null])
    await close()
    await server.close()
  })

  test('a bare DEALER has 500 calls under way at once, and each is answered once', async () => {
    const server = newServer()
    await connect('DEALER', await server.bind(ANY_PORT))
    for (let id = 0; id < 500; id++) await put([], [CALL, id, 'echo', [`call ${id}`]])
    const answers = new Map<number, unknown>()
    for (let n = 0; n < 500; n++) {
      const { message } = await take()
      assert.is(message[0], RESULT)
      answers.set(message[1] as number, message[2])
    }
    assert.is(answers.size, 500)
    for (const [id, value] of answers) assert.is(value, `call ${id}`)
    await close()
    await server.close()
  })

  test('a bare REQ calls, with and without correlate', async () => {
    const server = newServer()
    const endpoint = await server.bind(ANY_PORT)
    for (const options of [{}, { correlate: true, relaxed: true }]) {
      await connect('REQ', endpoint, options)
      for (let id = 0; id < 20; id++) {
        await put([], [CALL, id, 'upper', [`call ${id}`]])
        assert.equal(await take(), { route: [], message: [RESULT, id, `CALL ${id}`] })
      }
      await close()
    }
    await server.close()
  })

  test('a server dials a bare DEALER that has bound, and serves it', async () => {
    const server = newServer()
    server.connect(await bind('DEALER'))
    await put([], [CALL, 1, 'lower', ['ABC']])
    assert.equal((await take()).message, [RESULT, 1, 'abc'])
    await close()
    await server.close()
  })

  test('HELLO is answered with WELCOME, PING with PONG, and what is unknown is passed over', async () => {
    const server = newServer()
    await connect('DEALER', await server.bind(ANY_PORT))
    await put([], [HELLO, { v: 2, id: 'an instance', name: 'worker', later: [1] }])
    const { message } = await take()
    assert.is(message[0], WELCOME)
    const info = message[1] as Record<string, unknown>
    assert.equal([info.v, info.name], [2, 'remote'])
    await until(() => [...server.peers.values()].some((one) => one.claimedName === 'worker'))
    await put([], [PING, 'token'])
    assert.equal((await take()).message, [PONG, 'token'])
    await put([], [99, 'from the future'])
    await put([], [CANCEL, 12345])
    await put([], [RESULT, 12345, 'an answer to nobody'])
    await put([], [CALL, 1, 'lower', ['ABC']])
    assert.equal((await take()).message, [RESULT, 1, 'abc'])
    await close()
    await server.close()
  })

  test('a bare DEALER with an identity is called by sendTo, and seen to go', async () => {
    const server = newServer()
    const gone = new Promise<unknown>((resolve) => server.on('peergone', resolve))
    await connect('DEALER', await server.bind(ANY_PORT), { routingId: 'worker' })
    await until(() => server.peers.size === 1)
    const sum = server.sendTo('worker').addition(2, 4)
    const { message } = await take()
    assert.equal([message[0], message[2], message[3]], [CALL, 'addition', [2, 4]])
    await put([], [RESULT, message[1], 6])
    assert.is(await within(5000, sum), 6)

    const failing = failure(server.sendTo('worker').deep.name('x'))
    const call = (await take()).message
    assert.is(call[2], 'deep.name')
    await put([], [ERROR, call[1], { c: 'OUT_OF_STOCK', m: 'none left', d: { wanted: 3 }, x: 'yes' }])
    const error = await failing
    assert.equal([error.code, error.executed, error.details], ['OUT_OF_STOCK', 'yes', { wanted: 3 }])

    const lost = failure(server.sendTo('worker').addition(1, 1))
    await take()
    await close()
    const reason = await lost
    assert.equal([reason.code, reason.executed], ['UNAVAILABLE', 'maybe'])
    await within(5000, gone)
    assert.is(server.peers.size, 0)
    await server.close()
  })

  test('a Client calls a bare ROUTER that knows CALL, RESULT and ERROR only', async () => {
    const endpoint = await bind('ROUTER')
    const client = new Client('any name').connect(endpoint)
    await within(5000, client.ready())
    const first = client.lower('ABC') as Promise<unknown>
    const second = client.with({ timeoutMs: 30_000 }).math.add(2, 4) as Promise<unknown>
    const calls = [await take(), await take()]
    assert.equal(
      calls.map(({ message }) => [message[0], message[2], message[3]]),
      [
        [CALL, 'lower', ['ABC']],
        [CALL, 'math.add', [2, 4]],
      ],
    )
    assert.equal(calls[0]!.route.length, 1)
    await put(calls[1]!.route, [RESULT, calls[1]!.message[1], 6])
    await put(calls[0]!.route, [RESULT, calls[0]!.message[1], 'abc'])
    assert.equal(await within(5000, Promise.all([first, second])), ['abc', 6])

    const failing = failure(client.nothing())
    const { route, message } = await take()
    await put(route, [ERROR, message[1], { c: 'NOT_FOUND', m: 'no nothing', x: 'no' }])
    const error = await failing
    assert.equal([error.code, error.executed], ['NOT_FOUND', 'no'])
    await client.close()
    await close()
  })

  test('a Client that is called by a bare ROUTER answers it', async () => {
    const endpoint = await bind('ROUTER')
    const client = new Client('any', { userId: 'me' })
    client.registerRpc('addition', (a: number, b: number) => a + b)
    client.connect(endpoint)
    await within(5000, client.ready())
    await put([Buffer.from('me')], [CALL, 1, 'addition', [2, 4]])
    assert.equal(await take(), { route: [Buffer.from('me')], message: [RESULT, 1, 6] })
    await client.close()
    await close()
  })

  test('a Client leaves a ROUTER that announces another name, and stays with one that announces its own', async () => {
    const endpoint = await bind('ROUTER', { routingId: 'somebody' })
    const wrong = new Client('remote').connect(endpoint)
    await assertFails(wrong.lower('ABC'), 'UNAVAILABLE', 'no')
    await assertFails(wrong.ready(), 'UNAVAILABLE', 'no')
    await wrong.close()
    const right = new Client('somebody').connect(endpoint)
    await within(5000, right.ready())
    await right.close()
    await close()
  })

  test('bodies of 0 octets to 4 MiB reach a bare DEALER and come back', async () => {
    const server = newServer()
    await connect('DEALER', await server.bind(ANY_PORT))
    for (const size of [0, 1, 255, 256, 65_535, 65_536, 1_048_576, 4_194_304]) {
      const body = Buffer.alloc(size, size % 251)
      await put([], [CALL, size, 'echo', [body]])
      const { message } = await take()
      assert.equal(message.slice(0, 2), [RESULT, size])
      assert.ok(body.equals(message[2] as Buffer), `${size} octets`)
    }
    await close()
    await server.close()
  })

  test('a Client calls a bare REP, call after call', async () => {
    const endpoint = await bind('REP')
    const client = new Client('any').connect(endpoint)
    for (let n = 0; n < 10; n++) {
      const result = client.echo(n) as Promise<unknown>
      const { route, message } = await take()
      assert.equal([route.length, message[0], message[2], message[3]], [0, CALL, 'echo', [n]])
      await put([], [RESULT, message[1], n])
      assert.is(await within(5000, result), n)
    }
    await client.close()
    await close()
  })

  test('a call that timed out is cancelled, and its late answer harms nobody', async () => {
    const endpoint = await bind('ROUTER')
    const client = new Client('any').connect(endpoint)
    const slow = failure(client.with({ timeoutMs: 100 }).slow())
    const { route, message } = await take()
    const error = await slow
    assert.equal([error.code, error.executed], ['DEADLINE_EXCEEDED', 'maybe'])
    const cancel = (await take()).message
    assert.equal(cancel.slice(0, 2), [CANCEL, message[1]])
    await put(route, [RESULT, message[1], 'too late'])
    const next = client.next() as Promise<unknown>
    const call = await take()
    await put(call.route, [RESULT, call.message[1], 'in time'])
    assert.is(await within(5000, next), 'in time')
    await client.close()
    await close()
  })

  tests.run()
}

pythonTests()
proxyTests()

function pythonTests(): void {
  const tests = suite('RPC with Python')
  const test: Register = python === undefined ? tests.skip : tests

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
}

function proxyTests(): void {
  const tests = suite('RPC through zmq_proxy')
  const test: Register = python === undefined ? tests.skip : tests

  for (const proxyBinds of [true, false]) {
    const how = proxyBinds ? 'connect to the proxy' : 'are dialled by the proxy'
    const start = async (): Promise<{ proxy: Child; front: string; servers: Server[] }> => {
      const servers = [newServer('one'), newServer('two')]
      const bound = proxyBinds ? [] : await Promise.all(servers.map((server) => server.bind(ANY_PORT)))
      const proxy = new Child(python!, [support('rpc_proxy.py'), ...bound])
      const [front, back] = JSON.parse(await proxy.line()) as [string, string]
      if (proxyBinds) for (const server of servers) server.connect(back)
      await until(() => servers.every((server) => server.peers.size === 1))
      return { proxy, front, servers }
    }

    test(`two servers that ${how} share the calls of a Client`, async () => {
      const { proxy, front, servers } = await start()
      const client = new Client('one').connect(front)
      await within(10_000, client.ready())
      const calls = Array.from({ length: 200 }, (_, n) => client.math.add(n, 1) as Promise<unknown>)
      assert.equal(
        await within(10_000, Promise.all(calls)),
        calls.map((_, n) => n + 1),
      )
      const names = new Set(
        await within(
          10_000,
          Promise.all(Array.from({ length: 20 }, () => client.whoAreYou() as Promise<unknown>)),
        ),
      )
      assert.equal([...names].sort(), ['one', 'two'])
      await assertFails(client.nothing(), 'NOT_FOUND', 'no')
      await assertFails(client.explode(), 'INTERNAL', 'yes', /too far/)
      await closeAll(client, ...servers)
      await proxy.end()
    })

    test(`two servers that ${how} serve a Python DEALER and a Python REQ`, async () => {
      const { proxy, front, servers } = await start()
      const small = new Child(python!, [path.resolve('examples/python/client.py'), front])
      assert.is(await small.line(), "[1, 1, 'abc']")
      const req = new Child(python!, [support('rpc_req.py'), front, '50'])
      const answers = JSON.parse(await req.line()) as unknown[][]
      assert.equal(
        answers.filter(([kind]) => kind === RESULT).map(([, , text]) => text),
        answers.flatMap((_, n) => (n % 10 === 0 ? [] : [`CALL ${n}`])),
      )
      const peer = await PythonPeer.start('connect', front, '')
      assert.equal(await peer.run('roundtrip'), [])
      await Promise.all([peer.end(), small.ended(), req.ended()])
      await closeAll(...servers)
      await proxy.end()
    })
  }

  test('a Python peer behind a proxy is called back from within its own calls', async () => {
    const server = newServer()
    const proxy = new Child(python!, [support('rpc_proxy.py')])
    const [front, back] = JSON.parse(await proxy.line()) as [string, string]
    server.connect(back)
    const peer = await PythonPeer.start('connect', front, '')
    assert.equal((await peer.call('countdown', [3])).value, [
      'node: 3',
      'python: 2',
      'node: 1',
      'python: lift-off',
    ])
    await peer.end()
    await server.close()
    await proxy.end()
  })

  test('callers behind one proxy may use the same ids at once: each gets its own answers', async () => {
    const server = newServer()
    const proxy = new Child(python!, [support('rpc_proxy.py')])
    const [front, back] = JSON.parse(await proxy.line()) as [string, string]
    server.connect(back)
    const peers = [new Peer('zeromq'), new Peer('zeromq')]
    for (const one of peers) {
      await one.run({ do: 'socket', name: 's', type: 'DEALER' })
      await one.run({ do: 'connect', name: 's', endpoint: front })
    }
    const put = (one: number, message: Fields) =>
      peers[one]!.run({ do: 'put', name: 's', parts: [Buffer.from(encode(message)).toString('base64')] })
    const take = async (one: number) => {
      const parts = (await peers[one]!.run({ do: 'take', name: 's' })) as string[]
      return decode(Buffer.from(parts.at(-1)!, 'base64'))
    }
    await put(0, [CALL, 1, 'sleep', [400, 'for the first']])
    await put(1, [CALL, 1, 'sleep', [200, 'for the second']])
    assert.equal(await take(1), [RESULT, 1, 'for the second'])
    assert.equal(await take(0), [RESULT, 1, 'for the first'])

    // Nor does a CANCEL of one reach the call of another.
    await put(0, [CALL, 2, 'sleep', [300, 'kept']])
    await put(1, [CALL, 2, 'sleep', [300, 'cancelled']])
    await put(1, [CANCEL, 2])
    assert.equal(await take(0), [RESULT, 2, 'kept'])
    await Promise.all(peers.map((one) => one.end()))
    await server.close()
    await proxy.end()
  })

  tests.run()
}

/** test/interop/support/rpc_peer.py: the Python peer of the examples under command. */
class PythonPeer {
  readonly child: Child
  endpoint = ''

  static async start(role: 'connect' | 'bind', endpoint: string, name: string): Promise<PythonPeer> {
    const peer = new PythonPeer(new Child(python!, [support('rpc_peer.py'), role, endpoint, name]))
    peer.endpoint = (await peer.#answer()) as string
    return peer
  }

  constructor(child: Child) {
    this.child = child
  }

  run(action: string, args: unknown[] = [], options: Record<string, unknown> = {}): Promise<unknown> {
    this.child.write(JSON.stringify({ do: action, args, options }))
    return this.#answer()
  }

  async call(name: string, args: unknown[] = [], keywords: Record<string, unknown> = {}): Promise<Outcome> {
    return (await this.run('call', [name, ...args], keywords)) as Outcome
  }

  async #answer(): Promise<unknown> {
    const answer = JSON.parse(await this.child.line()) as { value?: unknown; error?: string }
    if (answer.error !== undefined) throw new Error(`the Python peer failed: ${answer.error}`)
    return answer.value
  }

  end(): Promise<void> {
    return this.child.end()
  }
}

interface Outcome {
  readonly value?: unknown
  readonly code?: string
}

function support(file: string): string {
  return path.resolve('test/interop/support', file)
}

function unexpected(value: unknown): never {
  throw new Error(`should have been refused, but gave ${JSON.stringify(value)}`)
}

async function failure(call: unknown): Promise<Error & Record<string, unknown>> {
  return within(
    10_000,
    (call as Promise<unknown>).then(
      unexpected,
      (reason: unknown) => reason as Error & Record<string, unknown>,
    ),
  )
}

async function assertFails(call: unknown, code: string, executed: string, message?: RegExp): Promise<void> {
  const error = await failure(call)
  assert.equal([error.code, error.executed], [code, executed])
  if (message !== undefined) assert.match(error.message, message)
}
