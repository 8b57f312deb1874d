// The small pieces behind overload and loss: when to come again, and how long a function goes on without its caller.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Deadlines } from '../../src/base/deadlines.ts'
import { RpcError } from '../../src/rpc/errors/errors.ts'
import { Grace, type Unawaited } from '../../src/rpc/serving/grace.ts'
import { Pace } from '../../src/rpc/serving/pace.ts'
import { FakeClock } from '../support/clock.ts'

const pace = suite('pace')

pace('knows nothing at first, and says 100 ms', () => {
  assert.is(new Pace().retryAfterMs(0, 1000), 100)
})

pace('says how long what waits takes at the pace of the last tenth of a second', () => {
  const one = new Pace()
  one.wait(0)
  for (let now = 1; now <= 100; now++) one.ended(now)
  // One each millisecond.
  assert.is(one.retryAfterMs(100, 1000), 1000)
  assert.is(one.retryAfterMs(150, 1000), 1000)
  for (let now = 110; now <= 200; now += 10) one.ended(now)
  assert.is(one.retryAfterMs(200, 1000), 10_000)
  assert.is(one.retryAfterMs(200, 1), 100)
  assert.is(one.retryAfterMs(200, 100_000), 30_000)
})

pace('takes a time without an end for what it is', () => {
  const one = new Pace()
  one.wait(0)
  assert.is(one.retryAfterMs(2000, 2), 4000)
  one.rest()
  assert.is(one.retryAfterMs(3000, 2), 100)
})

pace.run()

const grace = suite('grace')
const reason = new RpcError('PEER_GONE', 'gone')

function world(graceMs: number) {
  const clock = new FakeClock()
  const aborted: string[] = []
  const call = (name: string, due = Number.POSITIVE_INFINITY): Unawaited => ({
    due,
    abort: (why) => aborted.push(`${name} ${why.code} ${clock.now()}`),
  })
  return { clock, aborted, call, grace: new Grace(graceMs, new Deadlines(clock)) }
}

grace('without any, the abort comes at once', () => {
  const { aborted, call, grace } = world(0)
  grace.begin(call('a'), reason, 0)
  assert.equal([aborted, grace.size], [['a PEER_GONE 0'], 0])
})

grace('comes later, at the end of the call’s own time at the latest, and not to who has ended', () => {
  const { clock, aborted, call, grace } = world(1000)
  const ended = call('ended')
  grace.begin(call('a'), reason, 0)
  grace.begin(call('short', 300), reason, 0)
  grace.begin(call('over', 0), reason, 0)
  grace.begin(ended, reason, 0)
  grace.end(ended)
  grace.end(ended)
  assert.equal(aborted, ['over PEER_GONE 0'])
  clock.advance(2000)
  assert.equal(aborted.slice(1), ['short PEER_GONE 300', 'a PEER_GONE 1000'])
  assert.is(grace.size, 0)
})

grace('close tells all, and grants no more', () => {
  const { clock, aborted, call, grace } = world(1000)
  grace.begin(call('a'), reason, 0)
  grace.close()
  grace.begin(call('b'), reason, 0)
  assert.equal(aborted, ['a PEER_GONE 0', 'b PEER_GONE 0'])
  clock.advance(2000)
  assert.is(aborted.length, 2)
})

grace.run()

const error = suite('retryAfterMs')

error('is that of the details, where they have one', () => {
  const of = (details: unknown) => new RpcError('RESOURCE_EXHAUSTED', 'x', { details }).retryAfterMs
  assert.equal(
    [{ retryAfterMs: 5 }, { retryAfterMs: -1 }, { retryAfterMs: '5' }, {}, null, 'text', undefined].map(of),
    [5, undefined, undefined, undefined, undefined, undefined, undefined],
  )
})

error.run()
