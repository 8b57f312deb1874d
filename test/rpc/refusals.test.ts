// Refusals that no other test happens to reach: what is said no to in dispatch, by sessions and by backends, and with what. Scripted peers.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Deadlines } from '../../src/base/deadlines.ts'
import { encode } from '../../src/codec/index.ts'
import { Counters } from '../../src/rpc/participants/counters.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import type { ShownCredentials } from '../../src/rpc/security/backend.ts'
import { warnOfClear } from '../../src/rpc/security/clear.ts'
import { curve } from '../../src/rpc/security/curve.ts'
import { keyBytes } from '../../src/rpc/security/keys.ts'
import { plain } from '../../src/rpc/security/plain.ts'
import { judgeOf } from '../../src/rpc/security/wire.ts'
import { Outcomes, Remembered } from '../../src/rpc/serving/outcomes.ts'
import { type Credentials, parseEndpoint, TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection, type ScriptedPeer } from '../support/scripted-driver-rpc.ts'
import { sleep } from '../support/within.ts'

const test = suite('RPC refusals')
const cores = new Set<ServerCore>()
const turn = (): Promise<void> => sleep(0)
const ROUTE = [Buffer.from('caller')]

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

function newServer() {
  const reported: string[] = []
  const core = new ServerCore(
    'remote',
    { context: new TransportContext({ clock: new FakeClock() }) },
    undefined,
  )
  cores.add(core)
  core.emitter.on('error', (error: unknown) => reported.push((error as Error).message))
  const connect = (peer: ScriptedPeer = {}, info: object = {}): ScriptedConnection => {
    const wire = new ScriptedConnection(peer).open(core)
    wire.feed([8, { v: 2, id: 'program', ...info }])
    wire.take()
    return wire
  }
  return { core, connect, reported }
}

const codes = (messages: unknown[][]): unknown[] =>
  messages.map((message) => (message.at(-1) as { c: string }).c)

// -- outcomes that are told more than once ---------------------------------------------------------------------------------------

test('a repeatable call whose result cannot be sent fails, and its repetition in the same way, without being run again', () => {
  const { core, connect, reported } = newServer()
  let runs = 0
  core.registry.registerRpc({
    odd: () => {
      runs++
      return Symbol('no value')
    },
  })
  const wire = connect()
  for (const attempt of [1, 2]) wire.feed([0, 7, 'odd', [], { a: attempt }])
  const [first, again] = wire.take()
  assert.equal(first!.slice(0, 2), [2, 7])
  assert.equal(again, first)
  assert.equal([runs, core.stats().threw, core.stats().answered, reported.length], [1, 1, 0, 1])
})

test('an outcome that is remembered and larger than who asks for it takes is an error to him', () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({ much: () => 'x'.repeat(1000) })
  connect().feed([0, 7, 'much', [], { i: 'key', a: 1 }])
  const modest = connect({}, { maxMessageSize: 100 })
  modest.feed([0, 9, 'much', [], { i: 'key', a: 2 }])
  assert.equal(codes(modest.take()), ['PAYLOAD_TOO_LARGE'])
})

test('nothing that is said of a function without a result reaches a peer that does not know `undefined`', () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({ nothing: () => undefined })
  const other = connect({ pseud: false })
  other.feed([0, 7, 'nothing', [], { a: 1 }])
  assert.equal(other.take(), [[1, 7, null]])
})

test('a function that closes the connection of its caller is told that nobody waits, and nothing is remembered', async () => {
  const { core, connect } = newServer()
  const aborted: unknown[] = []
  let wire: ScriptedConnection
  let runs = 0
  core.registry.registerRpc({
    leave: () => {
      runs++
      wire.lose()
      return new Promise((resolve) => setTimeout(resolve, 1, aborted.push('ran')))
    },
  })
  wire = connect()
  wire.feed([0, 7, 'leave', [], { i: 'key' }])
  await turn()
  assert.equal([core.stats().running, core.stats().peers, aborted], [0, 0, ['ran']])
  wire = connect()
  wire.feed([0, 8, 'leave', [], { i: 'key', a: 1 }])
  assert.is(runs, 2)
  await turn()
})

test('a repeatable call that middleware has refused after a while is asked again when it is repeated', async () => {
  const { core, connect } = newServer()
  let asked = 0
  core.registry.registerRpc({ count: () => assert.unreachable() })
  core.around.onion.use(async () => {
    asked++
    await turn()
    throw new Error('not today')
  })
  const wire = connect()
  for (const attempt of [1, 2]) {
    wire.feed([0, 7, 'count', [], { i: 'key', a: attempt }])
    await turn()
    await turn()
  }
  assert.equal([wire.take().length, asked, core.stats().replayed], [2, 2, 0])
})

/** A function whose promise turns out to be a stream, which says when it was ended. */
function newLater(core: ServerCore) {
  const ended: number[] = []
  core.registry.registerRpc({
    later: async () => {
      await turn()
      return (function* () {
        try {
          for (let n = 0; ; n++) yield n
        } finally {
          ended.push(1)
        }
      })()
    },
  })
  return ended
}

test('a call that turns out to be a stream is not told twice: who has joined it is refused', async () => {
  const { core, connect } = newServer()
  newLater(core)
  const wire = connect()
  wire.feed([0, 1, 'later', [], { i: 'key' }])
  wire.feed([0, 2, 'later', [], { i: 'key', a: 1 }])
  await turn()
  await turn()
  const messages = wire.take()
  assert.equal(codes(messages.filter(([kind, id]) => kind === 2 && id === 2)), ['ABORTED'])
  assert.ok(messages.some(([kind, id]) => kind === 4 && id === 1))
  wire.lose()
})

test('a stream that is stopped because nobody takes from it is counted as a failure, and says which function it was', () => {
  const clock = new FakeClock()
  const context = new TransportContext({ clock })
  const core = new ServerCore('remote', { context, heartbeat: false, limits: { stallMs: 1000 } }, undefined)
  cores.add(core)
  core.registry.registerRpc({
    *items() {
      for (;;) yield 1
    },
  })
  const wire = new ScriptedConnection().open(core)
  wire.feed([8, { v: 2, id: 'program' }])
  wire.feed([0, 1, 'items', []])
  wire.take()
  clock.advance(1000)
  return turn().then(() => {
    const [kind, id, error] = wire.take().at(-1)! as [number, number, { c: string; m: string }]
    assert.equal([kind, id, error.c], [2, 1, 'RESOURCE_EXHAUSTED'])
    assert.match(error.m, 'items')
    assert.equal([core.stats().threw, core.stats().answered], [1, 0])
    wire.lose()
  })
})

test('a stream that nobody waits for any more when it begins is not begun', async () => {
  for (const leave of ['cancel', 'lose'] as const) {
    const { core, connect } = newServer()
    newLater(core)
    const wire = connect()
    wire.feed([0, 1, 'later', [], leave === 'lose' ? { i: 'key' } : {}])
    if (leave === 'cancel') wire.feed([3, 1])
    else wire.lose()
    wire.take()
    await turn()
    await turn()
    assert.equal(
      wire.take().filter(([kind]) => kind === 4),
      [],
    )
    assert.is(core.stats().running, 0)
  }
})

test('what makes room for one more outcome is the oldest of all, unless most are of the same user', () => {
  const clock = new FakeClock()
  const limits = { maxRememberedCalls: 3, maxRememberedBytes: 1e6, rememberMs: 1e6 }
  const all = new Outcomes<{ left: boolean }>({
    ...limits,
    counters: new Counters(),
    deadlines: new Deadlines(clock),
    now: () => 0,
  })
  const store = (key: string, user: string): void => {
    const remembered = new Remembered<{ left: boolean }>(key, user, (over) => all.forget(over))
    all.add(remembered)
    all.store(remembered, { failed: false, octets: Buffer.alloc(1) })
  }
  const known = (): string[] => ['a', 'b', 'c', 'd', 'e'].filter((key) => all.find(key) !== undefined)
  for (const key of ['a', 'b', 'c']) store(key, key)
  store('d', 'c')
  assert.equal(known(), ['b', 'c', 'd'])
  store('e', 'c')
  assert.equal(known(), ['b', 'd', 'e'])
})

// -- who is silent, who shows its password ----------------------------------------------------------------------------------------

test('with a timeout below the interval a peer has both before it is given up', () => {
  const clock = new FakeClock()
  const heartbeat = { intervalMs: 10_000, timeoutMs: 5_000 }
  const core = new ServerCore('remote', { context: new TransportContext({ clock }), heartbeat }, undefined)
  cores.add(core)
  const wire = new ScriptedConnection({ minor: 0 }).open(core)
  wire.lastHeard = clock.now()
  wire.feed([8, { v: 2, id: 'program' }])
  clock.advance(14_999)
  assert.not(wire.over)
  clock.advance(1)
  assert.is(wire.error?.code, 'SILENT_PEER')
})

test('passwords in clear to where others can come from are warned of, once', () => {
  const { emitWarning } = process
  const codes: unknown[] = []
  process.emitWarning = ((_text: string, { code }: { code: string }) => {
    codes.push(code)
  }) as typeof emitWarning
  try {
    const security = plain({ users: { john: 'pw' } })
    for (const endpoint of ['tcp://127.0.0.1:1', 'ipc://x', 'tcp://192.0.2.1:1', 'tcp://192.0.2.2:1'])
      warnOfClear(security, parseEndpoint(endpoint, 'bind'))
  } finally {
    process.emitWarning = emitWarning
  }
  assert.equal(codes, ['PSEUD_PASSWORD_IN_CLEAR'])
})

// -- what others say in front of a route, or of calls of ours ---------------------------------------------------------------------

test('a GOAWAY behind a foreign route is ignored and counted; one without a reason is taken', () => {
  const { core, connect } = newServer()
  const wire = connect()
  wire.feed([10, 0], ROUTE)
  assert.equal([wire.session.leaving, core.stats().ignored], [false, 1])
  wire.feed([10, 0])
  assert.equal([wire.over, wire.session.leaving], [false, true])
})

test('an ERROR that cannot be read rejects its call, and not the session', async () => {
  const { core, connect } = newServer()
  const wire = connect()
  const call = [...core.peers.values()][0]!.call('x', []) as Promise<unknown>
  const [message] = wire.take()
  // Its map has a key that is refused.
  const body = Buffer.concat([Buffer.from([0x81, 0xa9]), Buffer.from('__proto__'), Buffer.from([0xc0])])
  wire.feed(Buffer.concat([Buffer.from([0x93, 2]), encode(message![1]), body]))
  const error = await call.catch((thrown: unknown) => thrown)
  assert.is((error as { executed: string }).executed, 'yes')
  assert.not(wire.over)
})

test('a notify whose arguments cannot be encoded throws, and nothing is written; headers travel with one that can', () => {
  const { core, connect } = newServer()
  const wire = connect()
  const [peer] = core.peers.values()
  const { lane } = wire.session
  assert.throws(
    () => lane.sendNotify('x', [Symbol('no value')], core.settings),
    ({ code }: { code?: string }) => code === 'NOT_ENCODABLE',
  )
  assert.equal(wire.take(), [])
  assert.ok(lane.sendNotify('x', [1], core.settings.with({ headers: { a: 'b' } })))
  assert.equal(wire.take(), [[7, 'x', [1], { h: { a: 'b' } }]])
  assert.ok(peer)
})

test('callers behind one proxy are told apart, and none of them by what another has claimed', () => {
  const { core, connect } = newServer()
  const wire = connect({}, { name: 'proxy' })
  const seen: unknown[] = []
  core.registry.registerRpc({ never: () => new Promise(() => {}) })
  wire.feed([0, 1, 'never', []], ROUTE)
  const lane = wire.session.lanes.at(-1)!
  seen.push(lane.id, lane.instance, lane.claimedName)
  assert.equal(seen, [`${wire.session.id}/${Buffer.from('\x06caller').toString('hex')}`, lane.id, undefined])
  assert.equal([wire.session.lane.instance, wire.session.lane.claimedName], ['program', 'proxy'])
})

// -- backends ---------------------------------------------------------------------------------------------------------------------

const judged = async (backend: Parameters<typeof judgeOf>[0], credentials: Credentials): Promise<string> => {
  const { status } = await judgeOf(backend)!({ credentials, address: '127.0.0.1', identity: Buffer.alloc(0) })
  return status
}

test('a backend for one mechanism lets nobody in by another', async () => {
  const shown: ShownCredentials[] = [
    { mechanism: 'NULL', address: '127.0.0.1' },
    { mechanism: 'PLAIN', user: 'john', password: 'pw', address: '127.0.0.1' },
    { mechanism: 'CURVE', publicKey: 'x'.repeat(40), address: '127.0.0.1' },
  ]
  const { publicKey, secretKey } = curve.keyPair()
  const byPassword = plain({ users: { john: 'pw' } })
  const byKey = curve.server({ secretKey, authorize: [publicKey] })
  for (const [backend, own] of [
    [byPassword, 'PLAIN'],
    [byKey, 'none of these'],
  ] as const) {
    for (const one of shown) {
      assert.is(
        (await backend.authenticate!(one)) !== undefined,
        one.mechanism === own,
        `${backend.name}: ${one.mechanism}`,
      )
    }
  }
})

test('user names and passwords that are no text let nobody in; an address may, where a backend says so', async () => {
  const everybody = {
    name: 'any',
    authenticates: true,
    mechanism: () => ({ name: 'NULL' }) as const,
    authenticate: () => true,
  }
  const [text, none] = [Buffer.from('john'), Buffer.from([0xff])]
  assert.is(await judged(everybody, { mechanism: 'PLAIN', username: text, password: text }), '200')
  assert.is(await judged(everybody, { mechanism: 'PLAIN', username: none, password: text }), '400')
  assert.is(await judged(everybody, { mechanism: 'PLAIN', username: text, password: none }), '400')
  assert.is(await judged(everybody, { mechanism: 'NULL' }), '200')
  assert.is(await judged({ ...everybody, authenticate: () => false as never }, { mechanism: 'NULL' }), '400')
})

test('what is no key is refused, and the error does not repeat it', () => {
  for (const [key, told] of [
    ['short', '5 characters'],
    [' '.repeat(40), '40 others'],
    [Buffer.alloc(31), '31 octets'],
    [undefined, 'undefined'],
  ] as const) {
    assert.throws(
      () => keyBytes(key as never, 'secretKey'),
      (error: { code: string; message: string }) =>
        error.code === 'BAD_CURVE_KEY' && error.message.endsWith(`not ${told}`),
    )
  }
})

test.run()
