import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Deadline, Deadlines } from '../../src/base/deadlines.ts'
import { FakeClock } from '../support/clock.ts'

const test = suite('Deadlines')

class Item extends Deadline {
  firedAt: number | undefined
  readonly #clock: FakeClock
  readonly #then: () => void

  constructor(clock: FakeClock, then: () => void = () => {}) {
    super()
    this.#clock = clock
    this.#then = then
  }

  onDeadline(): void {
    this.firedAt = this.#clock.now()
    this.#then()
  }
}

function setup(): { clock: FakeClock; deadlines: Deadlines; add(delayMs: number, then?: () => void): Item } {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock)
  return {
    clock,
    deadlines,
    add(delayMs, then) {
      const item = new Item(clock, then)
      deadlines.add(item, clock.now(), delayMs)
      return item
    },
  }
}

for (const delay of [
  1,
  2,
  63,
  64,
  65,
  127,
  128,
  4095,
  4096,
  4097,
  30_000,
  262_144,
  300_000,
  86_400_000,
  2 ** 31 - 1,
]) {
  test(`fires ${delay} ms after it was put in, not before`, () => {
    const { clock, deadlines, add } = setup()
    clock.advance(17)
    const item = add(delay)
    clock.advance(delay - 1)
    assert.is(item.firedAt, undefined)
    clock.advance(1)
    assert.is(item.firedAt, 17 + delay)
    assert.is(deadlines.size, 0)
    assert.is(item.inWheel, false)
  })
}

test('fires each of 2,000 random deadlines in its own millisecond, whatever comes and goes between', () => {
  const { clock, deadlines, add } = setup()
  let seed = 12345
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return seed % n
  }
  const items: { item: Item; due: number; removed: boolean }[] = []
  for (let i = 0; i < 2000; i++) {
    const delay = 1 + random([50, 500, 5000, 500_000][random(4)]!)
    const item = add(delay)
    items.push({ item, due: clock.now() + delay, removed: false })
    clock.advance(random(40))
    const victim = items[random(items.length)]!
    if (random(3) === 0 && victim.item.inWheel) {
      deadlines.remove(victim.item)
      victim.removed = true
    }
  }
  clock.advance(600_000)
  for (const { item, due, removed } of items) assert.is(item.firedAt, removed ? undefined : due)
  assert.is(deadlines.size, 0)
})

test('fires no earlier than a fraction of a millisecond says', () => {
  const { clock, add } = setup()
  const item = add(10.2)
  clock.advance(10)
  assert.is(item.firedAt, undefined)
  clock.advance(1)
  assert.is(item.firedAt, 11)
})

test('has one timer for any number of deadlines, and none that wakes for what was taken out', () => {
  const { clock, deadlines, add } = setup()
  const items = Array.from({ length: 1000 }, () => add(30_000))
  assert.is(clock.armed, 1)
  for (const item of items) deadlines.remove(item)
  clock.advance(60_000)
  assert.is(clock.armed, 0)
})

test('taking out twice, or what never was in, does nothing', () => {
  const { deadlines, clock, add } = setup()
  const item = add(10)
  deadlines.remove(item)
  deadlines.remove(item)
  deadlines.remove(new Item(clock))
  assert.is(deadlines.size, 0)
})

test('a deadline that fires may put in others, and take out its neighbours', () => {
  const { clock, deadlines, add } = setup()
  const neighbour = { item: undefined as Item | undefined, later: undefined as Item | undefined }
  add(100, () => {
    neighbour.later = add(50)
    deadlines.remove(neighbour.item!)
  })
  neighbour.item = add(100)
  // The newest of a slot fires first, so the neighbour may have had its turn: put the remover in last.
  add(100, () => deadlines.remove(neighbour.item!))
  clock.advance(100)
  assert.is(neighbour.item.firedAt, undefined)
  clock.advance(50)
  assert.is(neighbour.later?.firedAt, 150)
})

test('when the timer comes late, the sockets are read once before anything is judged', () => {
  const { clock } = setup()
  const late = new LateClock()
  const deadlines = new Deadlines(late)
  const answered = new Item(clock)
  deadlines.add(answered, 0, 50)
  late.time = 5000
  late.fire()
  assert.is(answered.inWheel, true)
  deadlines.remove(answered) // the answer was in the socket
  late.fire()
  assert.is(answered.firedAt, undefined)
  const unanswered = new Item(clock)
  deadlines.add(unanswered, 5000, 50)
  late.time = 10_000
  late.fire()
  assert.is(unanswered.inWheel, true)
  late.fire()
  assert.is(unanswered.inWheel, false)
})

test('what is due already fires with the next tick, and what is farther than the wheel goes is kept', () => {
  const { clock, deadlines, add } = setup()
  clock.advance(100)
  const late = add(-50)
  const far = add(2 ** 40)
  clock.advance(2)
  assert.ok(late.firedAt !== undefined)
  assert.is(far.firedAt, undefined)
  assert.is(deadlines.size, 1)
})

test('fires nothing after close', () => {
  const { clock, deadlines, add } = setup()
  const item = add(10)
  deadlines.close()
  add(5)
  clock.advance(100)
  assert.is(item.firedAt, undefined)
  assert.is(clock.armed, 0)
})

/** A clock whose timers fire when the test says so, however late. */
class LateClock {
  time = 0
  #fire: (() => void) | undefined

  now(): number {
    return this.time
  }

  idle(): number {
    return 0
  }

  setTimer(fire: () => void): { cancel(): void } {
    this.#fire = fire
    return {
      cancel: () => {
        this.#fire = undefined
      },
    }
  }

  fire(): void {
    const fire = this.#fire
    this.#fire = undefined
    fire?.()
  }
}

test.run()
