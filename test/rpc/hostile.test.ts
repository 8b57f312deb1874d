// What sessions make of messages that no peer of ours sends, beside the single messages of test/hostile/rpc.test.ts.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ClientCore } from '../../src/rpc/participants/client-core.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection } from '../support/scripted-driver-rpc.ts'

const test = suite('hostile RPC messages')

const cores = new Set<ServerCore | ClientCore>()

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

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
