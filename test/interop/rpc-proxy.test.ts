// RPC through libzmq's own zmq_proxy, of both libraries: callers in front, our servers behind, nobody told of it.
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../src/codec/index.ts'
import { Client, type Server } from '../../src/rpc/index.ts'
import { until, within } from '../support/within.ts'
import { Child } from './support/child.ts'
import { LIBRARIES, type Library, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'
import {
  ANY_PORT,
  assertFails,
  CALL,
  CANCEL,
  type Fields,
  newServer,
  PythonPeer,
  RESULT,
  type Register,
  support,
} from './support/rpc.ts'

const python = pythonOr('RPC through the zmq_proxy of pyzmq, and with Python in front of one')

function startProxy(library: Library, backEndpoints: string[] = []): Child {
  return library === 'pyzmq'
    ? new Child(python!, [support('rpc_proxy.py'), ...backEndpoints])
    : new Child(process.execPath, [support('rpc_proxy.mjs'), ...backEndpoints])
}

async function closeAll(...all: { close(): unknown }[]): Promise<void> {
  for (const one of all) await one.close()
}

for (const library of LIBRARIES) {
  const tests = suite(`RPC through the zmq_proxy of ${library}`)
  const pythonTest: Register = python === undefined ? tests.skip : tests
  const test: Register = library === 'pyzmq' ? pythonTest : tests

  test('what one caller behind a proxy does wrong leaves the calls of the others alone', async () => {
    const server = newServer()
    const proxy = startProxy(library)
    const [front, back] = JSON.parse(await proxy.line()) as [string, string]
    server.connect(back)
    const client = new Client('remote').connect(front)
    await within(10_000, client.ready())
    const slow = client.sleep(400, 'done') as Promise<unknown>
    assert.is(await within(10_000, client.lower('ABC') as Promise<unknown>), 'abc')
    const bad = new Peer('zeromq')
    await bad.run({ do: 'socket', name: 's', type: 'DEALER' })
    await bad.run({ do: 'connect', name: 's', endpoint: front })
    const GOAWAY = 10
    for (const frame of [
      Buffer.from('GET / HTTP/1.1'),
      encode([CALL, 'no id']),
      encode([GOAWAY, 1, 'all of us']),
    ]) {
      await bad.run({ do: 'put', name: 's', parts: [Buffer.from(frame).toString('base64')] })
    }
    await until(() => server.stats().protocolErrors === 2 && server.stats().ignored >= 1)
    assert.is(await within(10_000, slow), 'done')
    assert.is(await within(10_000, client.lower('STILL') as Promise<unknown>), 'still')
    await bad.end()
    await closeAll(client, server)
    await proxy.end()
  })

  for (const proxyBinds of [true, false]) {
    const how = proxyBinds ? 'connect to the proxy' : 'are dialled by the proxy'
    const start = async (): Promise<{ proxy: Child; front: string; servers: Server[] }> => {
      const servers = [newServer('one'), newServer('two')]
      const bound = proxyBinds ? [] : await Promise.all(servers.map((server) => server.bind(ANY_PORT)))
      const proxy = startProxy(library, bound)
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

    pythonTest(`two servers that ${how} serve a Python DEALER and a Python REQ`, async () => {
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

  pythonTest('a Python peer behind a proxy is called back from within its own calls', async () => {
    const server = newServer()
    const proxy = startProxy(library)
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

  pythonTest('a Python peer behind a proxy goes through streams of the one server there', async () => {
    const server = newServer()
    const proxy = startProxy(library)
    const [front, back] = JSON.parse(await proxy.line()) as [string, string]
    server.connect(back)
    const peer = await PythonPeer.start('connect', front, '')
    const numbers = (to: number) => Array.from({ length: to }, (_, n) => n)
    assert.equal(await peer.run('stream', ['count', 500]), { taken: numbers(500), end: 'end' })
    assert.equal(await peer.run('stream', ['breakAt', 70]), { taken: numbers(70), end: 'INTERNAL' })
    assert.equal(await peer.run('stream', ['count', 500], { leave_after: 100 }), {
      taken: numbers(100),
      end: 'left',
    })
    assert.equal(await peer.call('lower', ['ABC']), { value: 'abc' })
    await until(() => server.stats().running === 0)
    await peer.end()
    await server.close()
    await proxy.end()
  })

  test('callers behind one proxy may use the same ids at once: each gets its own answers', async () => {
    const server = newServer()
    const proxy = startProxy(library)
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
