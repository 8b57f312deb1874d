import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fullJitter, zmqBackoff } from '../../../src/zmtp/transport/reconnect.ts'

const test = suite('reconnect')

const almostOne = (): number => 0.999
const zero = (): number => 0

test('M2: without a maximum every delay lies within [interval, 2 x interval)', () => {
  const policy = zmqBackoff(100, 0)
  for (const attempt of [1, 2, 50]) {
    assert.is(policy(attempt, zero), 100)
    assert.ok(policy(attempt, almostOne)! < 200)
  }
})

test('M2: with a maximum the delay doubles from the interval up to it, and not beyond', () => {
  const policy = zmqBackoff(100, 1000)
  assert.equal(
    [1, 2, 3, 4, 5, 100].map((attempt) => policy(attempt, zero)),
    [100, 200, 400, 800, 1000, 1000],
  )
  assert.is(policy(100, almostOne), 1000)
})

test('M4: an interval of -1 or 0 never retries', () => {
  assert.is(zmqBackoff(-1, 0)(1, zero), undefined)
  assert.is(zmqBackoff(0, 1000)(1, zero), undefined)
})

test('full jitter draws between 0 and a bound that doubles from base to maximum', () => {
  const policy = fullJitter(100, 10_000)
  assert.is(policy(1, zero), 0)
  assert.is(policy(1, almostOne), 99.9)
  assert.is(policy(3, almostOne), 399.6)
  assert.is(policy(2000, almostOne), 9990)
})

test.run()
