// Shared shapes between peers: who uses them with whom, and that both ends of a session know the same shapes whatever becomes of
// single messages: late answers, calls that cannot be read, encoded or sent.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ParticipantOptions } from '../../src/rpc/api/options.ts'
import type { RpcError } from '../../src/rpc/errors/errors.ts'
import { Client, Server } from '../../src/rpc/index.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import type { ClientOptions } from '../../src/rpc/participants/client-options.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { joinSessions, ScriptedConnection } from '../support/scripted-driver-rpc.ts'
import { within } from '../support/within.ts'

const test = suite('shared shapes between peers')

const closing: { close(): Promise<void> }[] = []
test.after.each(async () => {
  await Promise.all(closing.splice(0).map((one) => one.close()))
})

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const REFERENCE = hex('d428')
const DEFINITION = hex('29')

function context(): TransportContext {
  let draws = 0
  return new TransportContext({ clock: new FakeClock(), random: () => Math.max(0, draws++ - 2) / 1000 })
}

interface Joined {
  readonly server: ServerCore
  readonly client: ClientCore
  readonly atServer: ScriptedConnection
  readonly atClient: ScriptedConnection
  pump(): Promise<void>
  /** The last messages that went from the client and from the server. */
  last(): [fromClient: Buffer, fromServer: Buffer]
  call(name: string, ...args: unknown[]): Promise<unknown>
}

/** A server and a client joined in memory, who have greeted. */
async function joined(
  serverOptions: ParticipantOptions = {},
  clientOptions: ClientOptions = {},
): Promise<Joined> {
  const server = new ServerCore('remote', { context: context(), ...serverOptions }, undefined)
  const client = new ClientCore('remote', { context: context(), ...clientOptions })
  closing.push(server, client)
  server.registry.registerRpc({ echo: (value: unknown) => value, count: (list: unknown[]) => list.length })
  const wire = joinSessions(server, client, { server: 'remote', client: '' })
  await wire.pump()
  const lastOf = (end: ScriptedConnection): Buffer => end.sent.at(-1)!.at(-1)!
  return {
    server,
    client,
    atServer: wire.server,
    atClient: wire.client,
    pump: wire.pump,
    last: () => [lastOf(wire.client), lastOf(wire.server)],
    async call(name, ...args) {
      const result = client.calls.start(client, name, args, client.settings)
      await wire.pump()
      return result
    },
  }
}

async function codeOf(promise: PromiseLike<unknown>): Promise<string> {
  const error = await Promise.resolve(promise).then(
    () => {
      throw new Error('it was resolved')
    },
    (reason: unknown) => reason as RpcError,
  )
  return error.code
}

const record = (id: number) => ({ id, name: `Ada ${id}`, tags: ['red', 'green'] })

test('records go with their keys, then with a definition, then with a number, both ways', async () => {
  const { call, last } = await joined()
  for (const [shown, octets] of [
    [hex('83 a2 69 64'), undefined],
    [hex('94 c7 0e 29 00 a2 69 64 a4 6e 61 6d 65 a4 74 61 67 73'), undefined],
    [hex('94 d4 28 00'), hex('a4 6e 61 6d 65')],
    [hex('94 d4 28 00'), hex('a4 6e 61 6d 65')],
  ] as const) {
    assert.equal(await call('echo', record(7)), record(7))
    for (const message of last()) {
      assert.ok(message.includes(shown), message.toString('hex'))
      if (octets !== undefined) assert.not(message.includes(octets), message.toString('hex'))
    }
  }
})

for (const [who, options] of [
  ['server', [{ sharedShapes: false }, {}]],
  ['client', [{}, { sharedShapes: false }]],
] as const) {
  test(`a ${who} without them is sent maps, and sends maps`, async () => {
    const { call, last, atServer, atClient } = await joined(...options)
    const named = [atClient, atServer].map((end) => end.sent[0]!.at(-1)!.includes('shapes'))
    assert.equal(named, who === 'server' ? [true, false] : [false, true])
    for (let i = 0; i < 4; i++) assert.equal(await call('echo', record(i)), record(i))
    for (const message of last()) assert.ok(message.includes(hex('83 a2 69 64')))
  })
}

test('calls made before WELCOME, and those that waited, hold maps', async () => {
  const server = new ServerCore('remote', { context: context() }, undefined)
  const client = new ClientCore('remote', { context: context() })
  closing.push(server, client)
  server.registry.registerRpc({ echo: (value: unknown) => value })
  const results: Promise<unknown>[] = []
  const callEcho = () => results.push(client.calls.start(client, 'echo', [record(1)], client.settings))
  for (let i = 0; i < 4; i++) callEcho()
  const wire = joinSessions(server, client, { server: 'remote', client: '' })
  for (let i = 0; i < 4; i++) callEcho()
  assert.is(wire.client.sent.length, 9)
  for (const [message] of wire.client.sent.slice(1)) assert.ok(message!.includes(hex('83 a2 69 64')))
  await wire.pump()
  assert.equal(await Promise.all(results), Array(8).fill(record(1)))
  wire.client.congested = true
  for (let i = 0; i < 4; i++) callEcho()
  wire.client.congested = false
  wire.client.session.onDrain()
  for (const [message] of wire.client.sent.slice(-4)) assert.ok(message!.includes(hex('83 a2 69 64')))
  await wire.pump()
  assert.equal(await Promise.all(results), Array(12).fill(record(1)))
})

test('the shapes of a late answer are known', async () => {
  const { client, call, pump, last } = await joined()
  const gaveUp = new AbortController()
  const lost = client.calls.start(
    client,
    'echo',
    [[record(1), record(2)]],
    client.settings.with({ signal: gaveUp.signal }),
  )
  gaveUp.abort(new Error('enough'))
  await lost.then(
    () => assert.unreachable(),
    () => {},
  )
  await pump()
  assert.is(client.counters.late, 1)
  assert.equal(await call('echo', record(3)), record(3))
  assert.ok(last()[1].includes(REFERENCE))
})

test('the shapes of an item that comes late are known', async () => {
  const { server, client, call, pump, last, atClient } = await joined()
  server.registry.registerRpc({
    async *two() {
      yield [record(1), record(2)]
      yield 2
    },
  })
  const gaveUp = new AbortController()
  const lost = client.calls.start(client, 'two', [], client.settings.with({ signal: gaveUp.signal }))
  atClient.deliver()
  for (let i = 0; i < 10; i++) await Promise.resolve()
  gaveUp.abort(new Error('enough'))
  await lost.then(
    () => assert.unreachable(),
    () => {},
  )
  await pump()
  assert.ok(client.counters.late > 0)
  assert.equal(await call('echo', record(3)), record(3))
  assert.ok(last()[1].includes(REFERENCE))
})

class Odd {}
const odd = (broken: boolean) => ({
  type: 5,
  class: Odd,
  encode: () => Buffer.from([1]),
  decode: () => {
    if (broken) throw new Error('cannot be read here')
    return new Odd()
  },
})

test('the shapes of arguments that cannot be read are known, and the session goes on', async () => {
  const { call, last, atServer } = await joined({ extensions: [odd(true)] }, { extensions: [odd(false)] })
  assert.is(await codeOf(call('echo', [record(1), new Odd(), record(2)])), 'INVALID_ARGUMENT')
  assert.ok(last()[0].includes(DEFINITION))
  assert.equal(await call('echo', record(3)), record(3))
  assert.ok(last()[0].includes(REFERENCE))
  // A name too long to be looked up: what stands behind it is not read.
  const other = (id: number) => ({ a: id, b: id })
  assert.is(await codeOf(call('x'.repeat(300), [other(1), other(2)])), 'INVALID_ARGUMENT')
  assert.equal(await call('echo', other(3)), other(3))
  assert.ok(last()[0].includes(hex('93 d4 28 01')))
  assert.is(atServer.over, false)
})

test('the shapes of a result or item that cannot be read are known', async () => {
  const { server, call, last } = await joined({ extensions: [odd(false)] }, { extensions: [odd(true)] })
  server.registry.registerRpc({
    result: () => [record(1), new Odd(), record(2)],
    async *items() {
      yield [{ a: 1 }, new Odd(), { a: 2 }]
    },
  })
  assert.is(await codeOf(call('result')), 'PROTOCOL')
  assert.equal(await call('echo', record(3)), record(3))
  assert.ok(last()[1].includes(REFERENCE))
  assert.is(await codeOf(call('items')), 'PROTOCOL')
  assert.equal(await call('echo', { a: 3 }), { a: 3 })
  assert.ok(last()[1].includes(hex('92 d4 28 01')))
})

test('what a message that was given up has defined is defined again', async () => {
  const { server, call, last } = await joined({ maxMessageSize: 2000 }, { maxMessageSize: 2000 })
  server.registry.registerRpc({
    unsendable: () => [record(1), record(2), () => 1],
    large: () => [record(1), record(2), 'x'.repeat(3000)],
  })
  assert.is(await codeOf(call('count', [record(1), record(2), () => 1])), 'NOT_ENCODABLE')
  assert.is(await codeOf(call('count', [record(1), record(2), 'x'.repeat(3000)])), 'PAYLOAD_TOO_LARGE')
  assert.is(await codeOf(call('unsendable')), 'INTERNAL')
  assert.is(await codeOf(call('large')), 'PAYLOAD_TOO_LARGE')
  assert.equal(await call('echo', record(3)), record(3))
  for (const message of last()) assert.ok(message.includes(DEFINITION))
  // Failures before anything of a message is written take nothing back.
  assert.is(await codeOf(call('\ud800', record(4))), 'NOT_ENCODABLE')
  assert.equal(await call('echo', record(5)), record(5))
  for (const message of last()) assert.ok(message.includes(REFERENCE))
})

test('a call that is sent again, to other servers, takes none of the first one along', () => {
  const client = new ClientCore('remote', { context: context(), timeoutMs: Number.POSITIVE_INFINITY })
  closing.push(client)
  const connect = () => {
    const wire = new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote' }).open(client)
    wire.feed([9, { v: 2, id: 's', shapes: 256 }])
    wire.take()
    return wire
  }
  const first = connect()
  const args = [{ other: 1 }, { other: 2 }, record(1), record(2), record(3)]
  client.calls.start(client, 'put', args, client.settings).then(undefined, () => {})
  const [shaped] = first.sent.at(-1)!
  assert.ok(shaped!.includes(REFERENCE) && shaped!.includes(DEFINITION))
  let from = first
  // The second time what is kept is what the second server got.
  for (let i = 0; i < 2; i++) {
    from.congested = true
    const next = connect()
    client.calls.resend([...from.session.lane.pending.values()], false)
    assert.equal(next.take(), [[0, 1, 'put', args]])
    from = next
  }
})

test('a hostile definition ends the session; a shape that nobody defined is the fault of one call', async () => {
  const server = new ServerCore('remote', { context: context() }, undefined)
  closing.push(server)
  let got: unknown
  server.registry.registerRpc({
    keep: (value: unknown) => {
      got = value
    },
  })
  const wire = new ScriptedConnection().open(server)
  const HELLO = [8, { v: 2, id: 'c', shapes: 1 }]
  // Before WELCOME they are no more than unknown extensions.
  wire.feed(hex('94 00 01 a4 6b656570 91 92 c70329 00 a161 01'))
  wire.feed(HELLO)
  assert.equal([(wire.take().at(-1) as [number, { shapes: number }])[1].shapes, wire.over], [256, false])
  wire.feed(hex('94 00 02 a4 6b656570 91 92 d42805 01'))
  assert.is((wire.take() as [number, number, { c: string }][])[0]![2].c, 'INVALID_ARGUMENT')
  wire.feed(hex('94 00 03 a4 6b656570 91 92 c70329 00 a161 01'))
  wire.feed(hex('94 00 04 a4 6b656570 91 92 d42800 07'))
  assert.equal(got, { a: 7 })
  assert.is(wire.over, false)
  wire.feed(hex('94 00 05 a4 6b656570 91 92 c70329 00 a162 01'))
  assert.is(wire.error?.code, 'PROTOCOL')
})

test('no more shapes are defined than the peer takes; what is no number of shapes counts as none', async () => {
  for (const [given, defined] of [
    [1, true],
    [0, false],
    [-1, false],
    [1.5, false],
    ['256', false],
  ] as const) {
    const server = new ServerCore('remote', { context: context() }, undefined)
    closing.push(server)
    server.registry.registerRpc({ make: () => [record(1), record(2), record(3), { b: 1 }, { b: 2 }] })
    const wire = new ScriptedConnection().open(server)
    wire.feed([8, { v: 2, id: 'c', shapes: given }])
    wire.feed([0, 1, 'make', []])
    const answer = wire.sent.at(-1)!.at(-1)!
    assert.is(answer.includes(REFERENCE), defined, `${given}`)
    assert.is(answer.includes(hex('81 a162 02')), true)
  }
})

test('who comes through a proxy is answered in maps', async () => {
  const server = new ServerCore('remote', { context: context() }, undefined)
  closing.push(server)
  server.registry.registerRpc({ make: () => [record(1), record(2), record(3)] })
  const wire = new ScriptedConnection().open(server)
  wire.feed([8, { v: 2, id: 'c', shapes: 256 }])
  wire.feed([0, 1, 'make', []], [Buffer.from('route')])
  assert.not(wire.sent.at(-1)!.at(-1)!.includes(REFERENCE))
})

test('over TCP, a peer with shapes and one without call the same server, and each other through it', async () => {
  const server = new Server('remote')
  closing.push(server)
  server.registerRpc('echo', (value: unknown) => value)
  server.registerRpc('ask', async (user: string, value: unknown) => server.sendTo(user).echo(value))
  const endpoint = await server.bind('tcp://127.0.0.1:*')
  const clients: Client[] = []
  for (const [userId, sharedShapes] of [
    ['with', true],
    ['without', false],
  ] as const) {
    const client = new Client('remote', { userId, sharedShapes })
    closing.push(client)
    client.registerRpc('echo', (value: unknown) => value)
    client.connect(endpoint)
    clients.push(client)
    await client.ready({ timeoutMs: 10_000 })
  }
  const value = {
    list: Array.from({ length: 40 }, (_, i) => record(i)),
    large: Buffer.alloc(100_000, 7),
    map: new Map([[1, record(1)]]),
    nested: { a: { b: { c: [record(1), { a: { b: 1 } }] } } },
  }
  for (let i = 0; i < 5; i++) {
    for (const client of clients) {
      assert.equal(await within(10_000, client.api.echo(value), 'an echo'), value)
      for (const user of ['with', 'without']) {
        assert.equal(await within(10_000, client.api.ask(user, value), 'an answer'), value)
      }
    }
  }
})

test.run()
