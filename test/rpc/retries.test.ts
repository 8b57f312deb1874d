// The caller's half of safe retries (rows 3 and 4): which calls are sent again when their connection is lost, when, how often, and what
// they tell. On a fake clock, with scripted peers.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import type { CallOptions } from '../../src/rpc/api/settings.ts'
import { RetryBudget } from '../../src/rpc/calls/retry-policy.ts'
import type { RpcError } from '../../src/rpc/errors/errors.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import type { ClientOptions } from '../../src/rpc/participants/client-options.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection } from '../support/scripted-driver-rpc.ts'
import { sleep } from '../support/within.ts'

const test = suite('retries')

const cores = new Set<ClientCore>()
const LINK = new LinkError('RESET', 'the connection was lost')
const FOR_EVER = { timeoutMs: Number.POSITIVE_INFINITY }
const turn = (): Promise<void> => sleep(0) // the time of a turn is read once

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

/** A client whose dice show `chance` from its first call on. */
function newClient(options: ClientOptions = {}, chance = 0.5) {
  const clock = new FakeClock()
  let draws = 0
  const random = (): number => (draws++ < 3 ? Math.max(0, draws - 3) / 1000 : chance)
  const core = new ClientCore('remote', {
    context: new TransportContext({ clock, random }),
    ...FOR_EVER,
    ...options,
  })
  cores.add(core)
  return {
    clock,
    core,
    call: (name: string, args: unknown[] = [], callOptions: CallOptions = {}): Promise<unknown> =>
      core.calls.start(core, name, args, core.settings.with(callOptions)) as unknown as Promise<unknown>,
    connect: (): ScriptedConnection =>
      new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote', pseud: false }).open(core),
  }
}

function failed(promise: Promise<unknown>): Promise<RpcError> {
  return promise.then(
    () => {
      throw new Error('it was resolved')
    },
    (error: RpcError) => error,
  )
}

test('row 4: an idempotent call is sent again, with its id, what is left of its time, and the number of its attempt', async () => {
  const { core, clock, call, connect } = newClient()
  const first = connect()
  const answer = call('get', ['x'], { idempotent: true, timeoutMs: 1000 })
  const [sent] = first.take()
  assert.equal(sent, [0, sent![1], 'get', ['x'], { d: 1000, a: 1 }])
  first.lose(LINK)
  assert.equal([core.stats().failed, core.stats().queued, core.stats().retried], [0, 1, 1])
  const second = connect()
  assert.equal(second.take(), [], 'its time has not come')
  await turn()
  clock.advance(50) // half of 100 ms
  assert.equal(second.take(), [[0, sent![1], 'get', ['x'], { d: 950, a: 2 }]])
  second.feed([1, sent![1], 'found'])
  assert.is(await answer, 'found')
  assert.is(core.calls.open, 0)
})

test('row 4: a call with a key is sent again with it; its first message says no more than the key', async () => {
  const { clock, call, connect } = newClient(FOR_EVER)
  const first = connect()
  const answer = call('pay', [], { idempotencyKey: 'order 7' })
  const [sent] = first.take()
  assert.equal(sent, [0, sent![1], 'pay', [], { i: 'order 7' }])
  first.lose(LINK)
  await turn()
  clock.advance(100)
  const second = connect()
  assert.equal(second.take(), [[0, sent![1], 'pay', [], { i: 'order 7', a: 2 }]])
  second.feed([1, sent![1], 'paid'])
  assert.is(await answer, 'paid')
})

test('row 4: methods are declared in the client, by name or by a function; a call may say otherwise', () => {
  const attemptOf = (options: ClientOptions, name: string, callOptions: CallOptions = {}): unknown => {
    const { call, connect } = newClient(options)
    const wire = connect()
    void failed(call(name, [], callOptions))
    return (wire.take()[0]![4] as { a?: number } | undefined)?.a
  }
  assert.is(attemptOf({ idempotent: ['store.get'] }, 'store.get'), 1)
  assert.is(attemptOf({ idempotent: ['store.get'] }, 'store.put'), undefined)
  assert.is(attemptOf({ idempotent: ['store.get'] }, 'store.get', { idempotent: false }), undefined)
  assert.is(attemptOf({ idempotent: (name) => name.startsWith('store.') }, 'store.get'), 1)
  assert.is(attemptOf({ idempotent: ['store.get'], retry: false }, 'store.get'), undefined)
  assert.is(attemptOf({ idempotent: ['store.get'] }, 'store.get', { retry: false }), undefined)
  assert.is(attemptOf({ idempotent: ['store.get'], retry: false }, 'store.get', { retry: {} }), 1)
})

test('row 4: three attempts in all, each later than the one before, and the last error is what the caller sees', async () => {
  const { core, clock, call, connect } = newClient()
  const answer = failed(call('get', [], { idempotent: true }))
  for (const [attempt, delayMs] of [
    [1, 50],
    [2, 100],
  ] as const) {
    const wire = connect()
    assert.equal((wire.take()[0]![4] as { a: number }).a, attempt)
    wire.lose(new LinkError('RESET', `loss ${attempt}`))
    await turn()
    clock.advance(delayMs - 1)
    assert.is(core.calls.retries.waiting.size, 1)
    await turn()
    clock.advance(1)
    assert.is(core.calls.retries.waiting.size, 0)
  }
  const last = connect()
  last.take()
  last.lose(LINK)
  const error = await answer
  assert.equal([error.code, error.executed, error.cause], ['UNAVAILABLE', 'maybe', LINK])
  assert.equal([core.calls.open, core.stats().retried, core.stats().failed], [0, 2, 1])
})

test('row 3: any other call is rejected in the turn of the loss, and never sent again', async () => {
  const { core, call, connect } = newClient()
  const first = connect()
  const answer = failed(call('put'))
  first.take()
  first.lose(LINK)
  assert.is(core.stats().failed, 1)
  const error = await answer
  assert.equal([error.code, error.executed, error.cause], ['UNAVAILABLE', 'maybe', LINK])
  assert.equal(connect().take(), [])
})

test('row 4: no attempt is planned behind the deadline: the loss is told at once', async () => {
  const { call, connect } = newClient()
  const wire = connect()
  const answer = failed(call('get', [], { idempotent: true, timeoutMs: 40 }))
  wire.lose(LINK)
  assert.is((await answer).code, 'UNAVAILABLE')
})

test('row 4: a deadline, a signal and close end a call that waits for its next attempt, which may have been run', async () => {
  const { core, clock, call, connect } = newClient()
  const first = connect()
  const controller = new AbortController()
  const timed = failed(call('get', [], { idempotent: true, timeoutMs: 60 }))
  const aborted = failed(call('get', [], { idempotent: true, signal: controller.signal }))
  const closed = failed(call('get', [], { idempotent: true }))
  first.lose(LINK)
  controller.abort('changed')
  assert.is(await aborted, 'changed')
  await turn()
  clock.advance(60)
  const late = await timed
  assert.equal([late.code, late.executed], ['DEADLINE_EXCEEDED', 'maybe'])
  assert.is((late.cause as RpcError).code, 'UNAVAILABLE')
  await core.close()
  const error = await closed
  assert.equal([error.code, error.executed], ['CLOSED', 'maybe'])
  assert.equal([core.calls.open, core.calls.retries.waiting.size, clock.armed], [0, 0, 0])
})

test('row 4: what a later server says of itself does not make the first one innocent', async () => {
  const { clock, call, connect } = newClient()
  const first = connect()
  const answer = failed(call('get', [], { idempotent: true }))
  const [sent] = first.take()
  first.lose(LINK)
  await turn()
  clock.advance(100)
  const second = connect()
  second.take()
  second.feed([2, sent![1], { c: 'NOT_FOUND', m: 'no get', x: 'no' }])
  const error = await answer
  assert.equal([error.code, error.executed], ['NOT_FOUND', 'maybe'])
})

test('row 16: what the lost session would still say settles nothing', async () => {
  const { core, clock, call, connect } = newClient()
  const first = connect()
  const other = connect()
  const answer = call('get', [], { idempotent: true })
  const [sent] = [...first.take(), ...other.take()]
  const [lost, left] =
    core.sessions.values().next().value!.lane.pending.size === 1 ? [first, other] : [other, first]
  lost.lose(LINK)
  await turn()
  clock.advance(100)
  lost.feed([1, sent![1], 'stale'])
  assert.is(core.calls.open, 1)
  left.feed([1, sent![1], 'fresh'])
  assert.is(await answer, 'fresh')
})

test('row 4: a stream is asked for again as long as no item of it has come', async () => {
  const { clock, core, call, connect } = newClient()
  const first = connect()
  const stream = core.calls.start(core, 'items', [], core.settings.with({ idempotent: true }))
  const items = stream[Symbol.asyncIterator]()
  const item = items.next()
  const [sent] = first.take()
  first.lose(LINK)
  await turn()
  clock.advance(100)
  const second = connect()
  assert.is(second.take()[0]![2], 'items')
  second.feed([4, sent![1], 'one'])
  assert.equal(await item, { value: 'one', done: false })
  second.lose(LINK)
  assert.is((await failed(items.next())).code, 'UNAVAILABLE')
  void failed(call('x'))
})

test('row 4: at most a tenth of extra load: a client that lost much gives up on the rest', async () => {
  const { core, call, connect } = newClient()
  const wire = connect()
  const answers = Array.from({ length: 100 }, () => failed(call('get', [], { idempotent: true })))
  wire.lose(LINK)
  const { retried, overBudget, failed: lost } = core.stats()
  assert.equal([retried, overBudget, lost], [20, 80, 80])
  await core.close()
  const codes = (await Promise.all(answers)).map((error) => error.code)
  assert.is(codes.filter((code) => code === 'UNAVAILABLE').length, 80)
})

test('a budget: ten at first, one for ten calls, and ten again after a while', () => {
  const budget = new RetryBudget(0.1)
  const takeAll = (calls: number, now: number): number => {
    let count = 0
    while (budget.take(calls, now)) count++
    return count
  }
  assert.is(takeAll(0, 50_000), 10)
  assert.is(takeAll(0, 50_500), 0)
  assert.is(takeAll(30, 50_600), 3)
  assert.is(takeAll(30, 52_700), 2)
  assert.is(takeAll(30, 99_000), 10)
  assert.is(takeAll(1_000_030, 99_000), 1000)
  assert.is(new RetryBudget(0).take(1000, 0), false)
})

test('options that are none are refused', () => {
  const refused = (options: ClientOptions): void => {
    assert.throws(
      () => new ClientCore('', options),
      (error: { code: string }) => error.code === 'BAD_OPTION',
    )
  }
  refused({ retry: { attempts: 0 } })
  refused({ retry: { attempts: 1.5 } })
  refused({ retry: { minMs: -1 } })
  refused({ retry: { maxMs: Number.POSITIVE_INFINITY } })
  refused({ retry: { budget: -1 } })
  refused({ retry: true as never })
  refused({ idempotent: 'get' as never })
  const { core } = newClient()
  assert.throws(() => core.settings.with({ retry: { budget: 1 } as never }), /budget/)
  assert.throws(() => core.settings.with({ idempotencyKey: '' }), /idempotencyKey/)
  assert.throws(() => core.settings.with({ idempotencyKey: 'x'.repeat(257) }), /idempotencyKey/)
})

test.run()
