import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TransportContext } from '../../../src/zmtp/transport/context.ts'
import { FakeClock } from '../../support/clock.ts'

const test = suite('TransportContext: the turn')

test('time stands still within a turn, over every await of it, and moves on in the next', async () => {
  const clock = new FakeClock()
  const context = new TransportContext({ clock })
  clock.advance(100)
  await undefined // ticks queued by a microtask wait until the last microtask is done
  assert.is(context.now(), 100)
  clock.advance(50)
  for (let i = 0; i < 100; i++) await undefined
  assert.is(context.now(), 100)
  await new Promise(setImmediate)
  assert.is(context.now(), 150)
})

test('flushes once at the end of the turn, after every microtask of it', async () => {
  const context = new TransportContext({ clock: new FakeClock() })
  const log: string[] = []
  context.flushAtEndOfTurn({ flush: () => log.push('flush') })
  for (let i = 0; i < 3; i++) {
    await undefined
    log.push('await')
  }
  await new Promise(setImmediate)
  assert.equal(log, ['await', 'await', 'await', 'flush'])
})

test('what is asked for during a flush is flushed in the turn after', async () => {
  const context = new TransportContext({ clock: new FakeClock() })
  const log: string[] = []
  const second = { flush: () => log.push('second') }
  context.flushAtEndOfTurn({
    flush: () => {
      log.push('first')
      context.flushAtEndOfTurn(second)
    },
  })
  await new Promise(setImmediate)
  assert.equal(log, ['first', 'second'])
})

test('a turn knows whether the loop has slept since the last one that asked', async () => {
  const clock = new FakeClock()
  const context = new TransportContext({ clock })
  const asked = (): Promise<boolean> =>
    new Promise((resolve) => {
      setImmediate(() => {
        context.now()
        resolve(context.slept)
      })
    })
  assert.is(await asked(), false)
  clock.sleep(1)
  assert.is(await asked(), true)
  assert.is(await asked(), false)
  clock.sleep(1)
  context.now()
  assert.is(context.slept, true)
  assert.is(context.slept, true, 'throughout the turn')
})

test.run()
