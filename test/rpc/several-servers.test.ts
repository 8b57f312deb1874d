// Servers that come, go and are asked for: GOAWAY and its ids, endpoints that a function says, credentials that expire. On scripted
// connections and a fake clock where that is enough, else over real ones.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import type { CallOptions } from '../../src/rpc/api/settings.ts'
import {
  type AuthenticationBackend,
  Client,
  type ClientOptions,
  curve,
  method,
  plain,
  type RpcError,
  Server,
} from '../../src/rpc/index.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import { EndpointSource } from '../../src/rpc/participants/endpoint-source.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection, type ScriptedPeer } from '../support/scripted-driver-rpc.ts'
import { sleep, until, within } from '../support/within.ts'

const test = suite('RPC several servers')

const open = new Set<{ close(): Promise<unknown> }>()
const keep = <T extends { close(): Promise<unknown> }>(one: T): T => {
  open.add(one)
  return one
}

test.after.each(async () => {
  for (const one of [...open].reverse()) await within(10_000, one.close())
  open.clear()
})

const settle = (): Promise<void> => sleep(0)
const ID_MAX = 0x7fff_ffff

function newClient(options: ClientOptions = {}, firstId = 1) {
  const clock = new FakeClock()
  let draws = 0
  // The third number drawn decides where the ids of calls begin.
  const context = new TransportContext({
    clock,
    random: () => (draws++ === 2 ? (firstId - 1) / (ID_MAX - 1) : draws / 1000),
  })
  const core = keep(new ClientCore('', { context, timeoutMs: Number.POSITIVE_INFINITY, ...options }))
  return {
    clock,
    core,
    call: (name: string, args: unknown[] = [], callOptions: CallOptions = {}): Promise<unknown> =>
      core.calls.start(core, name, args, core.settings.with(callOptions)) as unknown as Promise<unknown>,
    connect: (identity: string, peer: ScriptedPeer = {}): ScriptedConnection =>
      new ScriptedConnection({ socketType: 'ROUTER', identity, pseud: false, ...peer }).open(core),
  }
}

function rejection(promise: Promise<unknown>): Promise<RpcError> {
  return within(
    10_000,
    promise.then(
      () => {
        throw new Error('it was resolved')
      },
      (error: unknown) => error as RpcError,
    ),
  )
}

const ids = (wire: ScriptedConnection): number[] => wire.take().map(([, id]) => id as number)

const GOING = { c: 'UNAVAILABLE', m: 'a is shutting down', x: 'no', g: true }

// -- GOAWAY --------------------------------------------------------------------------------------------------------------

test('GOAWAY: calls up to lastId stay where they are, those above go elsewhere, with their ids', async () => {
  const { call, connect, core } = newClient()
  const a = connect('a')
  const calls = [1, 2, 3, 4].map((n) => call(`m${n}`))
  assert.equal(ids(a), [1, 2, 3, 4])
  const b = connect('b')
  a.feed([10, 2, 'draining'])
  assert.equal(b.take(), [
    [0, 3, 'm3', []],
    [0, 4, 'm4', []],
  ])
  a.feed([1, 1, 'a1'])
  b.feed([1, 3, 'b3'])
  // What the old one says of them now comes too late.
  a.feed([2, 4, GOING])
  b.feed([1, 4, 'b4'])
  assert.is(core.stats().late, 1)
  a.feed([1, 2, 'a2'])
  assert.equal(await Promise.all(calls), ['a1', 'a2', 'b3', 'b4'])
  await settle()
  assert.equal([a.over, b.over], [true, false])
})

test('GOAWAY: where the ids have begun anew, those that cannot be told apart wait for the word of the server', async () => {
  const { call, connect } = newClient({}, ID_MAX - 1)
  const a = connect('a')
  const calls = [1, 2, 3, 4].map((n) => call(`m${n}`))
  assert.equal(ids(a), [ID_MAX - 1, ID_MAX, 1, 2])
  const b = connect('b')
  // It has all but the last, whose id is below: it may have come, as far as anybody can tell.
  a.feed([10, ID_MAX, 'draining'])
  assert.equal(b.take(), [])
  a.feed([2, 2, GOING])
  assert.equal(ids(b), [2])
  a.feed([1, ID_MAX - 1, 'a1'])
  a.feed([1, ID_MAX, 'a2'])
  a.feed([1, 1, 'a3'])
  b.feed([1, 2, 'b4'])
  assert.equal(await Promise.all(calls), ['a1', 'a2', 'a3', 'b4'])
})

test('GOAWAY: a server that had only an early part of ids that begin anew has not begun the later ones', () => {
  const { call, connect } = newClient({}, ID_MAX)
  const a = connect('a')
  for (const n of [1, 2, 3]) void call(`m${n}`).catch(() => {})
  assert.equal(ids(a), [ID_MAX, 1, 2])
  const b = connect('b')
  a.feed([10, 0, 'draining'])
  assert.equal(ids(b), [ID_MAX, 1, 2])
})

test('GOAWAY: a nested call is not judged by its id, since a draining server serves those that its own calls need', async () => {
  const { core, connect } = newClient()
  const a = connect('a')
  connect('b').congested = true
  const nested = core.calls.start(core, 'm', [], core.settings.nested(1, Number.POSITIVE_INFINITY))
  a.feed([10, 0, 'draining'])
  assert.is(core.stats().queued, 0)
  a.feed([1, 1, 'done'])
  assert.is(await nested, 'done')
})

test('a refusal that is marked sends the call elsewhere; the same without the mark is told', async () => {
  const { call, connect } = newClient()
  const a = connect('a')
  const [moved, told] = [call('moved'), call('told')]
  const b = connect('b')
  a.feed([10, 2, 'draining'])
  a.feed([2, 1, GOING])
  assert.equal(b.take(), [[0, 1, 'moved', []]])
  const { g: _mark, ...plainRefusal } = GOING
  a.feed([2, 2, plainRefusal])
  assert.is((await rejection(told)).code, 'UNAVAILABLE')
  b.feed([1, 1, 'done'])
  assert.is(await moved, 'done')
})

test('a mark is nothing without UNAVAILABLE and "no": what ran is not run again', async () => {
  const { call, connect, core } = newClient()
  const a = connect('a')
  connect('b').congested = true
  for (const [i, odd] of [{ x: 'yes' }, { x: 'maybe' }, { c: 'INTERNAL' }, { g: 1 }].entries()) {
    const result = call('m')
    a.feed([2, i + 1, { ...GOING, ...odd }])
    await rejection(result)
    assert.is(core.stats().queued, 0)
  }
})

test('behind a proxy, whose session stays, a call is sent again three times, then told', async () => {
  const { call, connect } = newClient()
  const proxy = connect('')
  const result = call('m')
  for (let times = 0; times < 4; times++) {
    assert.equal(ids(proxy), [1])
    proxy.feed([2, 1, GOING])
  }
  assert.equal(proxy.take(), [])
  const { code, executed } = await rejection(result)
  assert.equal([code, executed, proxy.over], ['UNAVAILABLE', 'no', false])
})

test('a stream that has begun is not sent again, whatever its server says', async () => {
  const { call, connect } = newClient()
  const a = connect('a')
  const stream = (await Promise.resolve().then(async () => {
    const pending = call('ticks')
    a.take()
    a.feed([4, 1, 'one'])
    return pending
  })) as AsyncIterable<unknown>
  const b = connect('b')
  a.feed([10, 0, 'draining'])
  assert.equal(b.take(), [])
  a.feed([5, 1])
  const items: unknown[] = []
  for await (const item of stream) items.push(item)
  assert.equal(items, ['one'])
})

test('calls of one peer behind a proxy do not count for the lastId of the session', () => {
  const core = keep(new ServerCore('remote', {}, undefined))
  core.registry.registerRpc({ never: () => new Promise(() => {}) })
  const wire = new ScriptedConnection({ pseud: false }).open(core)
  wire.feed([0, 7, 'never', []])
  wire.feed([0, 900, 'never', []], [Buffer.from('route')])
  wire.take()
  void core.drain({ timeoutMs: 0 })
  assert.equal(wire.take()[0], [10, 7, 'draining'])
})

test('a draining server refuses with the mark, but serves what its own open calls need', async () => {
  const core = keep(new ServerCore('remote', {}, undefined))
  core.registry.registerRpc({ back: () => 'served' })
  const wire = new ScriptedConnection({ identity: 'worker', pseud: false }).open(core)
  const outgoing = wire.session.lane.call('work', [], core.settings)
  const id = wire.take()[0]![1]
  void core.drain()
  wire.take()
  wire.feed([0, 5, 'back', []])
  wire.feed([0, 6, 'back', [], { n: 1 }])
  const [refused, served] = wire.take() as [[number, number, object], unknown[]]
  assert.equal(refused, [2, 5, { c: 'UNAVAILABLE', m: 'remote is shutting down', x: 'no', g: true }])
  assert.equal(served, [1, 6, 'served'])
  wire.feed([1, id, 'done'])
  assert.is(await outgoing, 'done')
  wire.feed([0, 7, 'back', [], { n: 1 }])
  assert.is((wire.take()[0] as [number])[0], 2)
})

test('calls that wait for a slot when the time of a drain is over have not begun, and go elsewhere', async () => {
  const clock = new FakeClock()
  const limits = { maxRunningCallsPerPeer: 1 }
  const core = keep(new ServerCore('remote', { limits, context: new TransportContext({ clock }) }, undefined))
  core.registry.registerRpc({ never: () => new Promise(() => {}) })
  const wire = new ScriptedConnection({ pseud: false }).open(core)
  wire.feed([0, 1, 'never', []])
  wire.feed([0, 2, 'never', []])
  const drained = core.drain({ timeoutMs: 100 })
  wire.take()
  clock.advance(100)
  await settle()
  assert.equal(wire.take(), [[2, 2, { c: 'UNAVAILABLE', m: 'remote is shutting down', x: 'no', g: true }]])
  clock.advance(1000)
  await within(10_000, drained)
})

test('a client that drains is called no more: its server sends elsewhere, or says so', async () => {
  const core = keep(new ServerCore('remote', {}, undefined))
  const wire = new ScriptedConnection({ identity: 'worker' }).open(core)
  wire.feed([8, { v: 2, name: 'worker' }])
  const begun = wire.session.lane.call('work', [], core.settings)
  const unread = rejection(wire.session.lane.call('work', [], core.settings))
  wire.take()
  const first = wire.session.lane.pending.values()[0]!.id
  wire.feed([10, first, 'draining'])
  const { code, executed } = await unread
  assert.equal([code, executed], ['UNAVAILABLE', 'no'])
  assert.equal([core.sessionOf('worker'), wire.session.lane.pending.size], [undefined, 1])
  assert.is((await rejection(wire.session.lane.call('work', [], core.settings))).executed, 'no')
  wire.feed([1, first, 'done'])
  assert.is(await begun, 'done')
})

// -- drain ---------------------------------------------------------------------------------------------------------------

test('drain: a listener takes nobody in from the first moment on, and the name is free', async () => {
  const server = keep(new Server('remote'))
  server.registerRpc({ never: () => new Promise(() => {}) })
  const at = await server.bind('tcp://127.0.0.1:0')
  const client = keep(new Client('remote').connect(at))
  await client.ready({ timeoutMs: 5000 })
  void Promise.resolve(client.never()).catch(() => {})
  await until(() => server.stats().running === 1)
  const drained = server.drain({ timeoutMs: 100 })
  const next = keep(new Server('remote'))
  assert.is(await next.bind(at), at)
  assert.is((await rejection(server.bind('tcp://127.0.0.1:0'))).code, 'CLOSED')
  await within(10_000, drained)
})

test('drain: timeoutMs is a number from 0 on; a signal that is given is listened to no longer than needed', async () => {
  const server = keep(new Server('remote'))
  for (const timeoutMs of [-1, Number.NaN, '1' as never]) {
    assert.is((await rejection(server.drain({ timeoutMs }))).code, 'BAD_OPTION')
  }
  const aborted = keep(new Server('remote'))
  aborted.registerRpc({ never: () => new Promise(() => {}) })
  const client = keep(new Client('remote').connect(await aborted.bind('tcp://127.0.0.1:0')))
  const never = rejection(client.never() as Promise<unknown>)
  await until(() => aborted.stats().running === 1)
  await within(10_000, aborted.drain({ signal: AbortSignal.abort() }))
  assert.is((await never).executed, 'maybe')
  let listeners = 0
  const signal = new AbortController().signal
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<AbortSignal['addEventListener']>) => {
    listeners++
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<AbortSignal['removeEventListener']>) => {
    listeners--
    removeEventListener.apply(signal, args)
  }
  await within(10_000, server.drain({ signal }))
  assert.is(listeners, 0)
})

test('drain: close in the middle ends it', async () => {
  const server = keep(new Server('remote'))
  server.registerRpc({ never: () => new Promise(() => {}) })
  const client = keep(new Client('remote').connect(await server.bind('tcp://127.0.0.1:0')))
  const never = rejection(client.never() as Promise<unknown>)
  await until(() => server.stats().running === 1)
  const drained = server.drain({ timeoutMs: Number.POSITIVE_INFINITY })
  await within(10_000, server.close())
  await within(10_000, drained)
  assert.is((await never).code, 'UNAVAILABLE')
})

test('drain: a generator that is held up ends with an error, not as if it were complete', async () => {
  const server = keep(new Server('remote'))
  let ended = false
  server.registerRpc({
    ticks: method(async function* ({ signal }) {
      try {
        for (let n = 0; ; n++) {
          yield n
          await new Promise((resolve) => {
            const timer = setTimeout(resolve, 5)
            signal.addEventListener('abort', () => {
              clearTimeout(timer)
              resolve(0)
            })
          })
        }
      } finally {
        ended = true
      }
    }),
  })
  const client = keep(new Client('remote').connect(await server.bind('tcp://127.0.0.1:0')))
  let items = 0
  const reading = rejection(
    (async () => {
      for await (const _item of client.ticks()) items++
    })(),
  )
  await until(() => items > 0)
  await within(10_000, server.drain({ timeoutMs: 20 }))
  assert.is((await reading).code, 'DRAINING')
  assert.is(ended, true)
})

test('row 7: a server that lets us in and throws us out again is dialled ever more slowly', async () => {
  const waits: number[] = []
  // It ends each connection after the handshake, and before WELCOME.
  const server = keep(
    new Server('remote', {
      security: {
        name: 'moody',
        authenticates: true,
        mechanism: () => ({ name: 'NULL' }),
        authenticateLogin: () => {
          throw new Error('not now')
        },
      },
    }),
  )
  const at = await server.bind('tcp://127.0.0.1:0')
  const context = new TransportContext({ random: () => 0.999 })
  const client = keep(new Client('remote', { context, reconnect: { minMs: 4, maxMs: 40 } }))
  client.on('status', ({ status, retryInMs }) => status === 'retrying' && waits.push(retryInMs!))
  client.connect(at)
  await until(() => waits.length >= 5, 10_000, 'five attempts')
  assert.equal(waits.slice(0, 5), [3, 7, 15, 31, 39])
})

// -- endpoints -----------------------------------------------------------------------------------------------------------

function newSource(ask: () => readonly string[] | Promise<readonly string[]>) {
  const clock = new FakeClock()
  const named: string[][] = []
  const failures: string[] = []
  const source = new EndpointSource(ask, {
    clock,
    random: () => 0.5,
    refreshMs: 30_000,
    answerMs: 10_000,
    backOff: (attempt) => attempt * 100,
    onEndpoints: (endpoints) => named.push([...endpoints]),
    onFailure: ({ code, message }) => failures.push(`${code} ${message}`),
  })
  return { clock, source, named, failures }
}

test('a function is asked at the start, at an interval, and when a connection is lost, but not each moment', async () => {
  let asked = 0
  const { clock, source, named } = newSource(() => [`tcp://a:${++asked}`, 'tcp://b:1', 'tcp://b:1'])
  source.start()
  await settle()
  assert.equal(named, [['tcp://a:1', 'tcp://b:1']])
  clock.advance(30_000)
  await settle()
  assert.is(asked, 2)
  for (let i = 0; i < 10; i++) source.hurry()
  clock.advance(999)
  await settle()
  assert.is(asked, 2)
  clock.advance(1)
  await settle()
  assert.is(asked, 3)
  clock.advance(5000)
  source.hurry()
  clock.advance(0)
  await settle()
  assert.is(asked, 4)
  source.close()
  clock.advance(100_000)
  await settle()
  assert.equal([asked, clock.armed], [4, 0])
})

test('what is no answer changes nothing, is reported, and asked again with back-off', async () => {
  const answers: (() => unknown)[] = [
    () => {
      throw new Error('no such host')
    },
    () => Promise.reject(new Error('refused')),
    () => [],
    () => 'tcp://a:1',
    () => ['tcp://a:1', 7],
    () => ['tcp://a'],
    () => new Promise(() => {}),
    () => ['tcp://a:1'],
  ]
  let asked = 0
  const { clock, source, named, failures } = newSource(() => answers[asked++]!() as string[])
  source.start()
  for (let failed = 1; failed <= 6; failed++) {
    await settle()
    assert.equal([asked, failures.length, named.length], [failed, failed, 0])
    source.hurry()
    clock.advance(failed * 100 - 1)
    await settle()
    assert.is(asked, failed)
    clock.advance(1)
  }
  await settle()
  clock.advance(10_000)
  assert.is(failures.length, 7)
  clock.advance(700)
  await settle()
  assert.equal(named, [['tcp://a:1']])
  assert.match(failures[0]!, /^NO_ENDPOINTS .*no such host/)
})

test('endpoints that come are dialled, those that go are left once their calls are answered', async () => {
  let finish!: () => void
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const servers = ['a', 'b', 'c'].map((name) => {
    const server = keep(new Server(name))
    server.registerRpc({ who: () => name, slow: () => finished.then(() => name) })
    return server
  })
  const [a, b, c] = await Promise.all(servers.map((server) => server.bind('tcp://127.0.0.1:0')))
  let endpoints: readonly string[] | Error = [a!, b!]
  const client = keep(
    new Client('', {
      endpointsRefreshMs: 20,
      endpoints: () => {
        if (endpoints instanceof Error) throw endpoints
        return endpoints
      },
      picker: 'round-robin',
    }),
  )
  const errors: string[] = []
  client.on('error', (error) => errors.push((error as LinkError).code))
  const ask = async (): Promise<string> => {
    const names = await Promise.all(Array.from({ length: 6 }, () => client.who()))
    return [...new Set(names)].sort().join('')
  }
  await client.ready({ timeoutMs: 5000 })
  await until(() => client.stats().peers === 2)
  assert.is(await ask(), 'ab')
  const slow = Promise.all([client.slow(), client.slow()])
  const left: string[] = []
  client.on('status', ({ status, server }) => status.startsWith('le') && left.push(`${status} ${server}`))
  endpoints = [b!, c!]
  await until(() => left.length === 1 && client.stats().peers === 3)
  assert.equal(left, ['leaving a'])
  assert.is(await ask(), 'bc')
  finish()
  assert.equal((await slow).sort(), ['a', 'b'])
  await until(() => left.length === 2)
  assert.is(left[1], 'left a')
  endpoints = new Error('down')
  await until(() => errors.length > 0)
  assert.is(errors[0], 'NO_ENDPOINTS')
  assert.is(await ask(), 'bc')
  assert.is(client.stats().failed, 0)
})

test('a list names endpoints once and for all; what is none is refused when the client is made', async () => {
  const server = keep(new Server('remote'))
  server.registerRpc({ who: () => 'here' })
  const at = await server.bind('tcp://127.0.0.1:0')
  assert.is(
    await within(5000, keep(new Client('remote', { endpoints: [at, at] })).who() as Promise<unknown>),
    'here',
  )
  for (const endpoints of [[], ['nowhere'], [7], 'tcp://127.0.0.1:1', { a: 1 }]) {
    assert.throws(
      () => new Client('remote', { endpoints: endpoints as never }),
      (error: { code: string }) => ['BAD_OPTION', 'BAD_ENDPOINT'].includes(error.code),
    )
  }
  assert.throws(
    () => new Client('remote', { endpoints: () => [at], endpointsRefreshMs: 0 }),
    (error: { code: string }) => error.code === 'BAD_OPTION',
  )
})

// -- credentials that expire ---------------------------------------------------------------------------------------------

const keys = curve.keyPair()

/** Ways to prove who one is whose proofs hold for `holdMs`; `asked` counts how often the client was. */
function expiring(
  holdMs: () => number,
): [string, AuthenticationBackend, (ask: () => void) => AuthenticationBackend][] {
  const until = (): Date => new Date(Date.now() + holdMs())
  return [
    [
      'plain',
      plain({ authenticate: (user) => ({ user: `${user}!`, expiresAt: until() }) }),
      (ask) =>
        plain({
          user: 'ann',
          password: () => {
            ask()
            return 'secret'
          },
        }),
    ],
    [
      'a login inside CURVE',
      curve.server({ secretKey: keys.secretKey, login: () => ({ expiresAt: until() }) }),
      (ask) =>
        curve.client({
          serverKey: keys.publicKey,
          login: () => {
            ask()
            return { user: 'ann!', password: 'secret' }
          },
        }),
    ],
  ]
}

for (const [name, ,] of expiring(() => 0)) {
  test(`row 33: credentials by ${name} are renewed when they expire, and callers see nothing`, async () => {
    const [, security, login] = expiring(() => 150).find(([known]) => known === name)!
    const server = keep(new Server('remote', { security }))
    server.registerRpc({ who: method((ctx) => ctx.user) })
    let asked = 0
    const client = keep(
      new Client('remote', {
        security: login(() => asked++),
      }),
    )
    client.connect(await server.bind('tcp://127.0.0.1:0'))
    await client.ready({ timeoutMs: 5000 })
    const end = performance.now() + 10_000
    let calls = 0
    while (asked < 4) {
      assert.is(await client.who(), 'ann!')
      calls++
      if (performance.now() > end) throw new Error('the credentials are not renewed')
      await sleep(2)
    }
    assert.ok(calls > 10)
    assert.is(client.stats().failed, 0)
    await until(() => server.peers.size <= 2)
  })
}

test('row 33: new credentials that are refused leave the old session to its end, and then all is UNAUTHENTICATED', async () => {
  let welcome = true
  const security = plain({
    authenticate: () => (welcome ? { user: 'ann', expiresAt: new Date(Date.now() + 100) } : undefined),
  })
  const server = keep(new Server('remote', { security, reauthGraceMs: 150 }))
  server.registerRpc({ who: method((ctx) => ctx.user) })
  const client = keep(new Client('remote', { security: plain({ user: 'ann', password: 'x' }) }))
  client.connect(await server.bind('tcp://127.0.0.1:0'))
  await client.ready({ timeoutMs: 5000 })
  welcome = false
  const states: string[] = []
  client.on('status', ({ status }) => states.push(status))
  await until(() => states.includes('refused'))
  // In the grace time it is still served.
  assert.is(await client.who(), 'ann')
  await until(() => server.peers.size === 0)
  await until(() => client.stats().peers === 0)
  assert.is((await rejection(client.who() as Promise<unknown>)).code, 'UNAUTHENTICATED')
})

test('an identity whose expiry is no time is refused: it was meant to end', async () => {
  const security = plain({ authenticate: () => ({ expiresAt: new Date(Number.NaN) }) })
  const server = keep(new Server('remote', { security }))
  const client = keep(new Client('remote', { security: plain({ user: 'ann', password: 'x' }) }))
  client.connect(await server.bind('tcp://127.0.0.1:0'))
  assert.is((await rejection(client.ready())).code, 'UNAUTHENTICATED')
})

test('a peer behind a proxy, one of a client, and one that is gone cannot be asked for new credentials', async () => {
  const core = keep(new ServerCore('remote', {}, undefined))
  const asked: boolean[] = []
  core.registry.registerRpc({ ask: method((ctx) => void asked.push(ctx.peer.reauthenticate())) })
  const wire = new ScriptedConnection({ pseud: false }).open(core)
  wire.feed([0, 1, 'ask', []], [Buffer.from('route')])
  wire.feed([0, 1, 'ask', []])
  assert.equal(asked, [false, true])
  assert.equal(
    wire.take().find(([kind]) => kind === 10),
    [10, Number.MAX_SAFE_INTEGER, 'reauth'],
  )
  const [peer] = [...core.peers.values()]
  wire.lose(new LinkError('RESET', 'gone'))
  assert.is(peer!.reauthenticate(), false)
  const client = newClient()
  client.core.registry.registerRpc({ ask: method((ctx) => void asked.push(ctx.peer.reauthenticate())) })
  client.connect('a').feed([0, 1, 'ask', []])
  assert.is(asked[2], false)
})

test.run()
