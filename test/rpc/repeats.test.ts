// The callee's half of safe retries (row 15): calls that come more than once are run once, as long as that is remembered. Sessions with
// scripted peers at their other ends, on a fake clock.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Deadlines } from '../../src/base/deadlines.ts'
import { LinkError } from '../../src/base/errors.ts'
import type { CallContext } from '../../src/rpc/api/context.ts'
import type { ParticipantOptions } from '../../src/rpc/api/options.ts'
import { Counters } from '../../src/rpc/participants/counters.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { method } from '../../src/rpc/registry/registration.ts'
import { type Outcome, Outcomes, Remembered } from '../../src/rpc/serving/outcomes.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection, type ScriptedPeer } from '../support/scripted-driver-rpc.ts'
import { sleep } from '../support/within.ts'

const test = suite('calls that come more than once')

const cores = new Set<ServerCore>()
const LINK = new LinkError('RESET', 'the connection was lost')
const turn = (): Promise<void> => sleep(0)

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

/** A function whose calls end when they are told to, with what has happened to it. */
class Stepwise {
  readonly runs: unknown[][] = []
  readonly aborted: unknown[] = []
  readonly ends: ((value: unknown) => void)[] = []
  readonly fails: ((error: unknown) => void)[] = []

  readonly run = method((ctx: CallContext, ...args: unknown[]) => {
    this.runs.push(args)
    ctx.signal.addEventListener('abort', () =>
      this.aborted.push((ctx.signal.reason as { code: string }).code),
    )
    return new Promise((resolve, reject) => {
      this.ends.push(resolve)
      this.fails.push(reject)
    })
  })
}

function newServer(options: ParticipantOptions = {}) {
  const clock = new FakeClock()
  let draws = 0
  const context = new TransportContext({ clock, random: () => draws++ / 1000 })
  const core = new ServerCore('remote', { context, ...options }, undefined)
  cores.add(core)
  const slow = new Stepwise()
  let count = 0
  core.registry.registerRpc({
    slow: slow.run,
    count: () => ++count,
    fail: () => {
      count++
      throw new RangeError('too far')
    },
    items: async function* () {
      count++
      yield 1
    },
    later: async () => {
      await turn()
      return [1, 2][Symbol.iterator]()
    },
  })
  return {
    clock,
    core,
    slow,
    get count() {
      return count
    },
    /** A peer that has said HELLO as the program `id`. */
    connect: (id = 'program', peer: ScriptedPeer = {}): ScriptedConnection => {
      const wire = new ScriptedConnection({ pseud: true, ...peer }).open(core)
      wire.feed([8, { v: 2, id }])
      wire.take()
      return wire
    },
  }
}

test('row 15: a call that has ended is answered from memory when it is attempted again, over whatever session', () => {
  const server = newServer()
  const first = server.connect()
  first.feed([0, 7, 'count', [], { a: 1 }])
  assert.equal(first.take(), [[1, 7, 1]])
  first.lose(LINK)
  const second = server.connect()
  second.feed([0, 7, 'count', [], { a: 2 }])
  assert.equal(second.take(), [[1, 7, 1]])
  assert.equal([server.count, server.core.stats().replayed], [1, 1])
  second.feed([0, 8, 'fail', [], { a: 1 }])
  const [failure] = second.take()
  second.feed([0, 8, 'fail', [], { a: 3 }])
  assert.equal(second.take(), [failure])
  assert.equal([server.count, (failure![2] as { m: string }).m], [2, 'too far'])
})

test('row 15: calls of one key are one call, whatever their ids; other functions and other programs have keys of their own', () => {
  const server = newServer()
  const wire = server.connect()
  wire.feed([0, 1, 'count', [], { i: 'order' }])
  wire.feed([0, 2, 'count', [], { i: 'order' }])
  wire.feed([0, 3, 'count', [], { i: 'another' }])
  wire.feed([0, 4, 'fail', [], { i: 'order' }])
  const answers = wire.take()
  assert.equal(answers.slice(0, 3), [
    [1, 1, 1],
    [1, 2, 1],
    [1, 3, 2],
  ])
  assert.is(answers[3]![0], 2)
  const other = server.connect('other program')
  other.feed([0, 1, 'count', [], { i: 'order' }])
  assert.equal(other.take(), [[1, 1, 4]])
})

test('row 15: nothing is looked up, or remembered, for a call that says nothing of it', () => {
  const server = newServer()
  const wire = server.connect()
  wire.feed([0, 1, 'count', []])
  wire.feed([0, 1, 'count', []])
  // A first attempt is none again, whatever was before it: its id has come round.
  wire.feed([0, 1, 'count', [], { a: 1 }])
  wire.feed([0, 1, 'count', [], { a: 1 }])
  assert.equal(
    wire.take().map((answer) => answer[2]),
    [1, 2, 3, 4],
  )
  wire.feed([0, 2, 'count', [], { a: 2 }])
  assert.equal(wire.take(), [[1, 2, 5]], 'a miss is run')
})

test('row 15: one who asks while the call runs joins it; both are answered, and it has run once', async () => {
  const { core, slow, connect } = newServer()
  const first = connect()
  first.feed([0, 7, 'slow', ['x'], { a: 1 }])
  const second = connect()
  second.feed([0, 7, 'slow', ['x'], { a: 2 }])
  assert.equal([slow.runs.length, core.stats().joined, core.stats().running], [1, 1, 1])
  slow.ends[0]!('done')
  await turn()
  assert.equal(first.take(), [[1, 7, 'done']])
  assert.equal(second.take(), [[1, 7, 'done']])
  assert.equal([core.stats().running, core.stats().dropped], [0, 0])
})

test('rows 6 and 15: a call whose connection is lost runs on for its caller to come back', async () => {
  const { clock, slow, connect } = newServer()
  const first = connect()
  first.feed([0, 7, 'slow', [], { a: 1 }])
  first.lose(LINK)
  await turn()
  clock.advance(4999)
  assert.equal(slow.aborted, [])
  const second = connect()
  second.feed([0, 7, 'slow', [], { a: 2 }])
  clock.advance(60_000)
  assert.equal(slow.aborted, [])
  slow.ends[0]!('done')
  await turn()
  assert.equal(second.take(), [[1, 7, 'done']])
  assert.is(slow.runs.length, 1)
})

test('rows 6 and 15: what ends while nobody is there is told to who comes back', async () => {
  const { slow, connect } = newServer()
  const first = connect()
  first.feed([0, 7, 'slow', [], { a: 1 }])
  first.lose(LINK)
  slow.fails[0]!(new RangeError('too far'))
  await turn()
  const second = connect()
  second.feed([0, 7, 'slow', [], { a: 2 }])
  assert.equal((second.take()[0]![2] as { m: string }).m, 'too far')
  assert.is(slow.runs.length, 1)
})

test('rows 6 and 15: who does not come back in time has the call aborted, and a later attempt is a new one', async () => {
  const { clock, core, slow, connect } = newServer({ limits: { retryGraceMs: 100 } })
  const first = connect()
  first.feed([0, 7, 'slow', [], { a: 1 }])
  first.feed([0, 8, 'slow', []])
  first.lose(LINK)
  assert.equal(slow.aborted, ['PEER_GONE'], 'at once, where nobody says that he comes back')
  await turn()
  clock.advance(100)
  assert.equal(slow.aborted, ['PEER_GONE', 'PEER_GONE'])
  slow.ends[0]!('nobody wants it')
  await turn()
  assert.equal([core.stats().dropped, core.stats().running], [1, 0])
  const second = connect()
  second.feed([0, 7, 'slow', [], { a: 2 }])
  assert.is(slow.runs.length, 3)
})

test('a call ends when the last of those who have asked for it gives up, and not before', async () => {
  const { clock, core, slow, connect } = newServer()
  const wire = connect()
  wire.feed([0, 1, 'slow', [], { i: 'k' }])
  wire.feed([0, 2, 'slow', [], { i: 'k', d: 50 }])
  wire.feed([0, 3, 'slow', [], { i: 'k' }])
  wire.feed([3, 1])
  await turn()
  clock.advance(50)
  assert.equal(
    [wire.take().map((answer) => (answer[2] as { c: string }).c), slow.aborted],
    [['DEADLINE_EXCEEDED'], []],
  )
  wire.feed([3, 3])
  assert.equal(slow.aborted, ['CANCELLED'])
  assert.equal([core.stats().running, slow.runs.length], [0, 1])
  wire.feed([0, 4, 'slow', [], { i: 'k' }])
  assert.is(slow.runs.length, 2)
  slow.ends[1]!('done')
  await turn()
  assert.equal(wire.take(), [[1, 4, 'done']])
})

test('a call that waits for a slot is joined too; it runs once, for those who are left', async () => {
  const { core, slow, connect } = newServer({ limits: { maxRunningCallsPerPeer: 1 } })
  const first = connect()
  first.feed([0, 1, 'slow', ['first']])
  first.feed([0, 2, 'slow', ['again'], { a: 1 }])
  const second = connect()
  second.feed([0, 2, 'slow', ['again'], { a: 2 }])
  first.feed([3, 2])
  slow.ends[0]!('done')
  await turn()
  assert.equal(slow.runs, [['first'], ['again']])
  slow.ends[1]!('told')
  await turn()
  assert.equal([first.take(), second.take()], [[[1, 1, 'done']], [[1, 2, 'told']]])
  assert.equal([core.stats().running, core.stats().waiting], [0, 0])
})

test('one that waits for a slot and that nobody waits for is not run', async () => {
  const { core, slow, connect } = newServer({ limits: { maxRunningCalls: 1 } })
  const first = connect()
  first.feed([0, 1, 'slow', ['first']])
  const second = connect()
  second.feed([0, 2, 'slow', ['gone'], { a: 1 }])
  second.lose(LINK)
  slow.ends[0]!('done')
  await turn()
  assert.equal([slow.runs.length, core.stats().waiting], [1, 0])
})

test('at most sixteen wait for the outcome of another; what a stream gives is not remembered', async () => {
  const server = newServer()
  const wire = server.connect()
  for (let id = 0; id < 20; id++) wire.feed([0, id, 'slow', [], { i: 'k' }])
  assert.equal(
    wire.take().map((answer) => (answer[2] as { c: string }).c),
    ['RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED'],
  )
  server.slow.ends[0]!('done')
  await turn()
  assert.is(wire.take().length, 17)
  wire.feed([0, 50, 'items', [], { i: 'k' }])
  await turn()
  wire.feed([0, 51, 'items', [], { i: 'k' }])
  await turn()
  assert.equal(
    wire.take().map(([kind]) => kind),
    [4, 5, 4, 5],
  )
  assert.is(server.count, 2)
})

test('close ends what runs for those who could have come back', async () => {
  const { core, slow, connect } = newServer()
  const wire = connect()
  wire.feed([0, 7, 'slow', [], { a: 1 }])
  const other = connect()
  other.feed([0, 8, 'slow', [], { a: 1 }])
  wire.lose(LINK)
  assert.equal(slow.aborted, [])
  await core.close()
  assert.equal(slow.aborted, ['PEER_GONE', 'PEER_GONE'])
})

test('keys that are none, and those that are too long, are told', () => {
  const server = newServer()
  const wire = server.connect()
  wire.feed([0, 1, 'count', [], { i: 7 }])
  wire.feed([0, 2, 'count', [], { i: 'x'.repeat(257) }])
  wire.feed([0, 3, 'count', [], { a: 'x' }])
  assert.equal(
    wire.take().map((answer) => (answer[2] as { c: string }).c),
    ['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
  )
  assert.is(server.count, 0)
})

test('row 15: users are apart, and one user’s programs share its keys', () => {
  const server = newServer()
  const anna = server.connect('program')
  const bert = server.connect('program')
  const annaToo = server.connect('other program')
  for (const [wire, user] of [
    [anna, 'anna'],
    [bert, 'bert'],
    [annaToo, 'anna'],
  ] as const) {
    wire.session.user = user
    wire.feed([0, 1, 'count', [], { i: 'order' }])
  }
  assert.equal([anna.take(), bert.take(), annaToo.take()], [[[1, 1, 1]], [[1, 1, 2]], [[1, 1, 1]]])
})

// -- the memory ----------------------------------------------------------------------------------------------------------

function newOutcomes(limits: { maxRememberedCalls?: number; maxRememberedBytes?: number } = {}) {
  const clock = new FakeClock()
  const counters = new Counters()
  const outcomes = new Outcomes<{ left: boolean }>({
    maxRememberedCalls: 10,
    maxRememberedBytes: 1024 * 1024,
    rememberMs: 1000,
    ...limits,
    counters,
    deadlines: new Deadlines(clock),
    now: () => clock.now(),
  })
  const store = (user: string, key: string, octets = 10): void => {
    const remembered = new Remembered<{ left: boolean }>(key, user, (over) => outcomes.forget(over))
    outcomes.add(remembered)
    outcomes.store(remembered, { failed: false, octets: Buffer.alloc(octets) } satisfies Outcome)
  }
  return { clock, counters, outcomes, store }
}

test('outcomes are kept for their time, and leave no timer behind', () => {
  const { clock, outcomes, store } = newOutcomes()
  store('u', 'a')
  clock.advance(600)
  store('u', 'b')
  clock.advance(400)
  assert.equal([outcomes.find('a'), outcomes.size], [undefined, 1])
  clock.advance(600)
  assert.equal([outcomes.size, outcomes.byteLength], [0, 0])
})

test('the oldest gives way, of who has most of them', () => {
  const { counters, outcomes, store } = newOutcomes()
  for (let i = 0; i < 4; i++) store('quiet', `quiet ${i}`)
  for (let i = 0; i < 100; i++) store('loud', `loud ${i}`)
  assert.equal([outcomes.size, counters.unremembered], [10, 94])
  assert.ok(outcomes.find('quiet 0'))
  assert.is(outcomes.find('loud 0'), undefined)
  assert.ok(outcomes.find('loud 99'))
})

test('octets are bounded, and what is large by itself is not kept', () => {
  const { counters, outcomes, store } = newOutcomes({ maxRememberedCalls: 1000 })
  store('u', 'large', 70_000)
  assert.equal([outcomes.find('large'), counters.unremembered], [undefined, 1])
  for (let i = 0; i < 40; i++) store('u', `k${i}`, 60_000)
  assert.ok(outcomes.byteLength <= 1024 * 1024)
  assert.is(outcomes.size, 17)
})

test.run()
