import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_DELAY_MS, realClock, realRandom } from '../../src/base/clock.ts'
import { sleep } from '../support/within.ts'

const test = suite('clock')

test('now never goes back and counts milliseconds', async () => {
  const before = realClock.now()
  await sleep(20)
  const passed = realClock.now() - before
  assert.ok(passed >= 15 && passed < 5000, `${passed} ms`)
})

test('idle counts what the event loop sleeps, and not what it works', async () => {
  const before = realClock.idle()
  const started = realClock.now()
  while (realClock.now() - started < 5) {}
  assert.is(realClock.idle(), before)
  await sleep(20)
  assert.ok(realClock.idle() > before)
})

test('idle stays 0 where the runtime does not say how long its event loop slept', async () => {
  Object.defineProperty(performance, 'nodeTiming', { value: undefined, configurable: true })
  try {
    assert.is(realClock.idle(), 0)
    await sleep(5)
    assert.is(realClock.idle(), 0)
  } finally {
    delete (performance as { nodeTiming?: unknown }).nodeTiming
  }
  assert.ok(realClock.idle() > 0)
})

test('a timer fires once, a cancelled one never', async () => {
  let fired = 0
  realClock.setTimer(() => fired++, 1)
  realClock.setTimer(() => fired++, 1).cancel()
  await sleep(30)
  assert.is(fired, 1)
})

test('a delay beyond what timers keep, or a negative one, does not turn into a warning or an early call', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)
  process.on('warning', onWarning)
  let early = 0
  let late = 0
  const timer = realClock.setTimer(() => early++, MAX_DELAY_MS * 4)
  realClock.setTimer(() => late++, -5)
  await sleep(30)
  timer.cancel()
  process.off('warning', onWarning)
  assert.is(early, 0)
  assert.is(late, 1)
  assert.equal(warnings, [])
})

test('random draws from [0, 1)', () => {
  for (let i = 0; i < 100; i++) {
    const drawn = realRandom()
    assert.ok(drawn >= 0 && drawn < 1)
  }
})

test.run()
