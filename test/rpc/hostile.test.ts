// The RPC rows of test/vectors/hostile-rpc.json: each frame goes to a session as the row says, and the session goes on or ends as
// the row says. Where the table leaves a choice, what we do stands beside it.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../src/codec/index.ts'
import type { UntypedCall } from '../../src/rpc/api/types.ts'
import { RpcError } from '../../src/rpc/errors/errors.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection } from '../support/scripted-driver-rpc.ts'
import { sleep } from '../support/within.ts'

const test = suite('hostile RPC messages')

interface Row {
  readonly id: string
  readonly to: 'server' | 'client'
  readonly hex: string
  readonly gen?: string
  readonly what: string
  readonly expect: string
}

const rows = new Map(
  (JSON.parse(readFileSync('test/vectors/hostile-rpc.json', 'utf8')) as Row[]).map((row) => [row.id, row]),
)
const tested = new Set<string>()
const cores = new Set<ServerCore | ClientCore>()

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

/** Runs a test that carries a row's id, with its frame. */
function row(ids: string, extra: string, run: (frame: Buffer) => void | Promise<void>): void {
  for (const id of ids.split(' ')) {
    const found = rows.get(id)
    if (found === undefined) throw new Error(`no row ${id}`)
    tested.add(id)
    test(`${id}: ${found.what}: ${extra || found.expect}`, () => run(Buffer.from(found.hex, 'hex')))
  }
}

interface Bench {
  readonly core: ServerCore
  readonly clock: FakeClock
  readonly wire: ScriptedConnection
  readonly ran: unknown[][]
}

function server(): Bench {
  const clock = new FakeClock()
  const core = new ServerCore(
    'remote',
    { context: new TransportContext({ clock, random: () => 0.5 }) },
    undefined,
  )
  const ran: unknown[][] = []
  cores.add(core)
  core.registry.registerRpc('svc', {
    add: (...args: number[]) => {
      ran.push(args)
      return args.reduce((sum, n) => sum + n, 0)
    },
    echo: async (...args: unknown[]) => {
      ran.push(args)
      return await args[0]
    },
    slow: () => new Promise(() => ran.push([])),
    never: () => new Promise(() => ran.push([])),
    throw: () => {
      throw new RangeError('too far', { cause: new Error('inner') })
    },
    throwNull: () => {
      throw null
    },
    rejectUndefined: () => Promise.reject(undefined),
  })
  const wire = new ScriptedConnection({ socketType: 'DEALER', pseud: false }).open(core)
  return { core, clock, wire, ran }
}

interface ClientBench {
  readonly core: ClientCore
  readonly wire: ScriptedConnection
  /** Makes a call, which has id 1. */
  call(): UntypedCall
}

function client(): ClientBench {
  // Ids begin at 1 where the dice show nothing.
  const context = new TransportContext({ clock: new FakeClock(), random: () => 0 })
  const core = new ClientCore('remote', { context })
  const wire = new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote', pseud: false }).open(core)
  cores.add(core)
  return {
    core,
    wire,
    call: () => core.calls.start(core, 'svc.add', [1, 2], core.settings),
  }
}

/** The error that `promise` rejects with. */
async function rejection(promise: Promise<unknown>): Promise<RpcError> {
  return promise.then(
    () => {
      throw new Error('it was resolved')
    },
    (error: unknown) => error as RpcError,
  )
}

/** What the session answers, by code, if it is one ERROR. */
function answeredCode(wire: ScriptedConnection): unknown[] {
  return wire
    .take()
    .map(([kind, id, error]) => [kind, id, (error as { c: string; x: string }).c, (error as { x: string }).x])
}

const closes = (frame: Buffer): void => {
  const { wire, ran, core } = server()
  wire.feed(frame)
  assert.is(wire.error?.code, 'PROTOCOL')
  assert.equal(wire.take(), [])
  assert.equal(ran, [])
  assert.is(core.counters.protocolErrors, 1)
  assert.is(core.peers.size, 0)
}

row('R01 R03 R04 R07 R09 R10 R11 R12 R44 R48', '', closes)

row('R14', '', (frame) => {
  const { wire, ran } = server()
  wire.feed(frame)
  assert.is(wire.error, undefined)
  wire.feed(frame)
  assert.is(wire.error?.code, 'PROTOCOL')
  assert.equal(wire.take(), [])
  assert.is(ran.length, 1)
})

const invalid = (frame: Buffer): void => {
  const { wire, ran } = server()
  wire.feed(frame)
  assert.is(wire.error, undefined)
  assert.equal(answeredCode(wire), [[2, 1, 'INVALID_ARGUMENT', 'no']])
  assert.equal(ran, [])
  wire.feed([0, 2, 'svc.add', [2, 4]])
  assert.equal(wire.take(), [[1, 2, 6]])
}

row('R15 R17 R42', '', invalid)

row('R16 R19 R25 R26 R28 R31 R32 R33 R35 R40', '', (frame) => {
  const { wire, ran } = server()
  wire.feed(frame)
  const [, , method] = decode(frame) as [number, number, string]
  const [[kind, id, error]] = wire.take() as [[number, number, { c: string; m: string; x: string }]]
  assert.equal([kind, id, error.c, error.x], [2, 1, 'NOT_FOUND', 'no'])
  assert.is(error.m, `there is no function "${method}"`)
  assert.equal(ran, [])
})

row('R47', 'INVALID_ARGUMENT: what follows args is a map of meta', invalid)

// A result that looks like a promise, but is inert: its `then` is no function.
const inert = Object.fromEntries([['then', 1]])

row('R49', '', async (frame) => {
  const { wire, ran } = server()
  wire.feed(frame)
  assert.equal(ran, [[inert]])
  wire.feed([0, 2, 'svc.echo', [inert]])
  await sleep(0)
  assert.equal(wire.take().at(-1), [1, 2, inert])
})

row('R50', '', async (frame) => {
  const { wire, ran } = server()
  wire.feed(frame)
  const [value] = ran[0] as [Record<string, unknown>]
  assert.equal(Object.keys(value), ['toJSON', 'constructor'])
  await sleep(0)
  const [[kind, id, result]] = wire.take() as [[number, number, object]]
  assert.equal(
    [kind, id, Object.entries(result)],
    [
      1,
      1,
      [
        ['toJSON', 'x'],
        ['constructor', 'y'],
      ],
    ],
  )
})

row('R53', '', async (frame) => {
  const { core, wire, call } = client()
  const result = call()
  wire.feed(frame)
  wire.feed(frame)
  assert.is(await result, 'a')
  assert.is(core.counters.late, 1)
  assert.is(wire.error, undefined)
})

row('R54', '', async (frame) => {
  const { wire, call } = client()
  const failed = rejection(call())
  wire.feed(frame)
  const error = await failed
  assert.is(error.code, 'constructor')
  assert.is(Object.getPrototypeOf(error), RpcError.prototype)
})

row('R55 R56 R58 R59', '', async (frame) => {
  const { wire, call } = client()
  const failed = rejection(call())
  wire.feed(frame)
  const error = await failed
  assert.equal([error.code, error.executed], ['PROTOCOL', 'yes'])
  assert.is(wire.error, undefined)
  const next = call()
  wire.feed([1, 2, 'fine'])
  assert.is(await next, 'fine')
})

row('R57', '', async (frame) => {
  const { wire, call } = client()
  const failed = rejection(call())
  wire.feed(frame)
  const error = await failed
  assert.is(Buffer.byteLength(error.message), 1024)
  assert.is(error.remoteStack, undefined)
})

row('R61', 'ERROR NOT_FOUND', (frame) => {
  const { wire } = client()
  wire.feed(frame)
  assert.equal(answeredCode(wire), [[2, 1, 'NOT_FOUND', 'no']])
})

row('R64', '', async (frame) => {
  const { core, wire } = server()
  const other = new ScriptedConnection({ pseud: false }).open(core)
  other.feed([0, 1, 'svc.slow', []])
  wire.feed(frame)
  assert.is(core.slots.running, 1)
  assert.is(core.counters.ignored, 1)
  assert.equal([wire.error, wire.take()], [undefined, []])
})

row('R65', '', (frame) => {
  const { core, wire } = server()
  wire.feed([0, 1, 'svc.slow', []])
  wire.feed(frame)
  assert.equal([wire.error?.code, core.slots.running], ['PROTOCOL', 0])
})

row('R67', '', async (frame) => {
  const { core, wire, call } = client()
  const items: unknown[] = []
  const stream = call()
  wire.feed(frame)
  wire.feed([4, 1, 'late'])
  for await (const item of stream) items.push(item)
  assert.equal([items, core.counters.late, wire.error], [[], 1, undefined])
})

row('R68', 'at most 1,024 items are under way', async (frame) => {
  const { core, wire } = server()
  core.registry.registerRpc('endless', function* () {
    for (;;) yield 1
  })
  wire.feed([0, 1, 'endless', []])
  wire.feed(frame)
  await sleep(20)
  // The frame says that the 64 before it were taken.
  assert.equal([wire.take().length, wire.error], [64 + 1024, undefined])
  wire.lose()
})

row('R69 R70', '', (frame) => {
  const { wire } = server()
  wire.feed(frame)
  assert.is(wire.error?.code, 'PROTOCOL')
})

row('R71', '', (frame) => {
  const { core, wire } = server()
  wire.feed(frame)
  assert.equal([wire.error, wire.take()], [undefined, []])
  assert.is(core.counters.ignored, 1)
})

row('R73', '', async (frame) => {
  const { core, clock, wire } = server()
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => {
    warnings.push(warning)
  }
  process.on('warning', onWarning)
  wire.feed(frame)
  assert.equal(wire.take(), [[1, 1, 3]])
  wire.feed([0, 2, 'svc.slow', [], { d: 2n ** 53n }])
  assert.is(core.slots.running, 1)
  clock.advance(1000)
  await sleep(0)
  process.off('warning', onWarning)
  assert.is(core.slots.running, 1)
  assert.equal(warnings, [])
})

row('R75', '', (frame) => {
  const { core, wire, ran } = server()
  const [, , method] = decode(frame) as [number, number, string]
  for (let id = 1; id <= 1400; id++) wire.feed([0, id, method, []])
  assert.equal([core.slots.running, core.slots.waiting, ran.length], [256, 1024, 256])
  const refused = answeredCode(wire)
  assert.is(refused.length, 120)
  assert.equal(refused[0], [2, 1281, 'RESOURCE_EXHAUSTED', 'no'])
  const other = new ScriptedConnection({ pseud: false }).open(core)
  other.feed([0, 1, 'svc.add', [2, 4]])
  assert.equal(other.take(), [[1, 1, 6]])
  wire.lose()
  assert.equal([core.slots.running, core.slots.waiting], [0, 0])
})

row('R77', '', (frame) => {
  const { wire } = server()
  wire.feed(frame)
  assert.equal(wire.take(), [[2, 1, { c: 'INTERNAL', m: 'too far', n: 'RangeError', x: 'yes' }]])
})

row('R78', '', async (frame) => {
  const { wire } = server()
  wire.feed(frame)
  wire.feed([0, 2, 'svc.rejectUndefined', []])
  await sleep(0)
  assert.equal(answeredCode(wire), [
    [2, 1, 'INTERNAL', 'yes'],
    [2, 2, 'INTERNAL', 'yes'],
  ])
})

row('R80', '', (frame) => {
  const { core, clock, wire } = server()
  const [, id, method] = decode(frame) as [number, number, string]
  wire.feed([0, id, method, [], { d: 500 }])
  assert.is(core.slots.running, 1)
  clock.advance(501)
  assert.is(core.slots.running, 0)
  assert.equal(answeredCode(wire), [[2, 1, 'DEADLINE_EXCEEDED', 'maybe']])
})

test('every row is tested', () => {
  assert.equal(
    [...rows.keys()].filter((id) => !tested.has(id)),
    [],
  )
})

const faults: [string, Buffer][] = [
  ['a kind that is a text', encode(['0', 1, 'svc.add', []])],
  ['a kind below 0', encode([-1, 1, 'svc.add', []])],
  ['a kind that is a fraction', encode([0.5, 1, 'svc.add', []])],
  ['an id below 0', encode([0, -1, 'svc.add', []])],
  ['an id of 2^53', encode([0, 2n ** 53n, 'svc.add', []])],
  ['a CALL without args', encode([0, 1, 'svc.add'])],
  ['a CALL that is cut off in its args', encode([0, 1, 'svc.add', ['abc']]).subarray(0, -1)],
  ['a RESULT without value', encode([1, 1])],
  ['an ERROR without error', encode([2, 1])],
  ['a CANCEL without id', encode([3])],
  ['a NOTIFY without args', encode([7, 'svc.add'])],
  ['a HELLO that holds a number', encode([8, 5])],
  ['a HELLO without anything', encode([8])],
  ['a GOAWAY with a text for an id', encode([10, 'x', 'y'])],
  ['a PING with a token of 100 octets', encode([11, 'x'.repeat(100)])],
  ['a PING with something behind it', Buffer.concat([encode([11, 1]), Buffer.from([0])])],
  ['a nil', Buffer.from([0xc0])],
  ['an octet that is no MessagePack', Buffer.from([0xc1])],
]

for (const [what, frame] of faults) test(`${what} ends the session: PROTOCOL`, () => closes(frame))

const bodies: [string, unknown[]][] = [
  ['an argument with the key __proto__', [0, 1, 'svc.add', Buffer.from('9181a95f5f70726f746f5f5fc0', 'hex')]],
  ['an extension that nobody knows', [0, 1, 'svc.add', Buffer.from('91d46400', 'hex')]],
  ['a name that is no UTF-8', [0, 1, Buffer.from('a1ff', 'hex'), Buffer.from('90', 'hex')]],
  ['args nested 101 deep', [0, 1, 'svc.add', Buffer.concat([Buffer.alloc(102, 0x91), Buffer.from([0x90])])]],
]

for (const [what, [kind, id, name, args]] of bodies) {
  test(`${what} fails that call alone: INVALID_ARGUMENT`, () => {
    invalid(
      Buffer.concat([
        Buffer.from([0x94]),
        encode(kind),
        encode(id),
        Buffer.isBuffer(name) ? name : encode(name),
        args as Buffer,
      ]),
    )
  })
}

for (const [what, meta] of [
  ['d is a text', { d: 'soon' }],
  ['d is below 0', { d: -1 }],
  ['d is NaN', { d: Number.NaN }],
  ['n is a text', { n: 'deep' }],
  ['h is a text', { h: 'header' }],
  ['h holds a number', { h: { a: 1 } }],
  ['h is longer than 8 KiB', { h: { a: 'x'.repeat(9000) } }],
  ['k is an array', { k: [1] }],
] as const) {
  test(`a meta whose ${what} fails that call alone: INVALID_ARGUMENT`, () =>
    invalid(encode([0, 1, 'svc.add', [], meta])))
}

test('a name is repeated in at most 64 characters, escaped', () => {
  const { wire } = server()
  wire.feed([0, 1, `\u001b[31m${'m'.repeat(200)}`, []])
  const [[, , error]] = wire.take() as [[number, number, { m: string }]]
  assert.ok(error.m.length < 100)
  assert.match(error.m, /^there is no function "\\u\{1b\}\[31mm+"\.\.\.$/)
})

test('unknown kinds and keys are passed over and counted', () => {
  const { core, wire } = server()
  wire.feed([13, 'future'])
  wire.feed([99])
  wire.feed([12, 'a pong'])
  wire.feed([0, 1, 'svc.add', [2, 4], { zz: 1, d: 100, yy: { a: [1] } }])
  wire.feed([0, 2, 'svc.add', [2, 4], null])
  wire.feed([0, 3, 'svc.add', [2, 4], {}, 'later', ['elements']])
  assert.equal(wire.take(), [
    [1, 1, 6],
    [1, 2, 6],
    [1, 3, 6],
  ])
  assert.is(core.counters.ignored, 4)
  assert.is(wire.error, undefined)
})

test('keyword arguments come as a last plain object', () => {
  const { wire, ran } = server()
  wire.feed([0, 1, 'svc.add', [1], { k: { width: 3 } }])
  assert.equal(ran, [[1, { width: 3 }]])
})

test('a route longer than any chain of proxies ends the session', () => {
  const { wire } = server()
  wire.feed(
    [0, 1, 'svc.add', [1]],
    Array.from({ length: 32 }, () => Buffer.from('id')),
  )
  assert.is(wire.error, undefined)
  wire.feed(
    [0, 2, 'svc.add', [1]],
    Array.from({ length: 33 }, () => Buffer.from('id')),
  )
  assert.is(wire.error?.code, 'PROTOCOL')
  const { wire: other } = server()
  other.feed([0, 1, 'svc.add', [1]], [Buffer.alloc(4097)])
  assert.is(other.error?.code, 'PROTOCOL')
})

test.run()
