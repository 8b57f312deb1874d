// RPC with peers that are not pseud: bare libzmq sockets of both libraries, which know no more than docs/protocol.md.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../src/codec/index.ts'
import { Client } from '../../src/rpc/index.ts'
import { until, within } from '../support/within.ts'
import { LIBRARIES, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'
import {
  ANY_PORT,
  assertFails,
  CALL,
  CANCEL,
  ERROR,
  type Fields,
  failure,
  HELLO,
  newServer,
  PING,
  PONG,
  RESULT,
  type Register,
  WELCOME,
} from './support/rpc.ts'

const python = pythonOr('RPC with the sockets of pyzmq')

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
    const endpoint = await bind('ROUTER', { mandatory: true })
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
