/**
 * All deadlines of those who share one wheel behind one timer: a hierarchical timing wheel of six levels with 64 slots, a tick of one
 * millisecond, good for two years. Putting in and taking out are constant time and allocate nothing, because almost every
 * call is answered long before its deadline. Fires never early, and at most a tick late.
 *
 * Level 0 holds what is due within 64 ticks, each slot one tick; a slot of level n covers 64^n ticks and is dealt out to
 * the levels below when its time begins. Knows nothing of calls and connections.
 */
import type { Clock, Timer } from './clock.ts'

/** Something with a deadline. Its links belong to the wheel it is in: one at a time. */
export abstract class Deadline {
  /** On the clock of the wheel, in ms. */
  due: number = Number.POSITIVE_INFINITY
  /** Which slot holds it; `NOWHERE` when none does. */
  slot: number = NOWHERE
  previous: Deadline | undefined = undefined
  next: Deadline | undefined = undefined

  get inWheel(): boolean {
    return this.slot !== NOWHERE
  }

  /** The deadline has passed; it is out of the wheel. */
  abstract onDeadline(): void
}

/** One that stands for nothing but what is done then. */
export class Alarm extends Deadline {
  readonly onDeadline: () => void

  constructor(onDeadline: () => void) {
    super()
    this.onDeadline = onDeadline
  }
}

const NOWHERE = -1

const SLOTS = 64
// Those of a level that nothing was ever put into: nobody writes to it.
const NO_SLOTS: (Deadline | undefined)[] = new Array(SLOTS).fill(undefined)
const SPANS: readonly number[] = [1, 64, 64 ** 2, 64 ** 3, 64 ** 4, 64 ** 5]
/** Longest delay; more is cut to it. */
const FARTHEST = 64 ** 6 - 1
// A timer that comes this late was held up by a busy event loop: answers may lie unread in the sockets, so those are read first.
const LATE_MS = 100

export class Deadlines {
  readonly #clock: Clock
  // A level has slots of its own once something is in it: a client's calls are at home on one.
  readonly #levels: (Deadline | undefined)[][] = SPANS.map(() => NO_SLOTS)
  readonly #counts: number[] = SPANS.map(() => 0)
  #size = 0
  // Everything due at this tick or before has fired.
  #tick = 0
  #timer: Timer | undefined
  #armedFor = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#size
  }

  /** Puts `item` in, to fire `delayMs` after `now`, which is the clock's time, perhaps that of the turn's begin. */
  add(item: Deadline, now: number, delayMs: number): void {
    this.addAt(item, now, now + delayMs)
  }

  /** As `add`, to fire at `due`. */
  addAt(item: Deadline, now: number, due: number): void {
    if (this.#size === 0) this.#tick = Math.max(this.#tick, Math.floor(now))
    item.due = due
    const wake = this.#insert(item)
    if (wake < this.#armedFor) this.#arm(wake)
  }

  /** Takes `item` out; nothing happens when it is not in. */
  remove(item: Deadline): void {
    const slot = item.slot
    if (slot === NOWHERE) return
    const { previous, next } = item
    const level = Math.floor(slot / SLOTS)
    if (previous === undefined) this.#levels[level]![slot % SLOTS] = next
    else previous.next = next
    if (next !== undefined) next.previous = previous
    item.previous = undefined
    item.next = undefined
    item.slot = NOWHERE
    this.#size--
    this.#counts[level]!--
  }

  /** Stops the timer. What is still in never fires. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#armedFor = Number.NEGATIVE_INFINITY
  }

  /** Returns the tick at which the slot that it went to needs a look. */
  #insert(item: Deadline): number {
    const tick = this.#tick
    let at = Math.ceil(item.due)
    if (at <= tick) at = tick + 1
    else if (at - tick > FARTHEST) at = tick + FARTHEST
    const away = at - tick
    let level = 0
    while (away >= SPANS[level]! * SLOTS) level++
    const span = SPANS[level]!
    const turn = Math.floor(at / span)
    this.#put(item, level, turn % SLOTS)
    return turn * span
  }

  readonly #onTimer = (): void => {
    const now = this.#clock.now()
    const late = now - this.#armedFor
    this.#timer = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
    if (late > LATE_MS && this.#size > 0) {
      // A timer of no delay fires after the event loop has looked at the sockets once.
      this.#armedFor = now
      this.#timer = this.#clock.setTimer(this.#onTimer, 0)
      return
    }
    this.#advance(Math.floor(now))
  }

  #advance(now: number): void {
    for (;;) {
      const next = this.#nextTick()
      if (next > now) {
        this.#tick = Math.max(this.#tick, now)
        if (this.#armedFor > next) this.#arm(next)
        return
      }
      this.#tick = next
      for (let level = SPANS.length - 1; level > 0; level--) this.#dealOut(level)
      this.#fire(next % SLOTS)
    }
  }

  /** Moves a slot whose time begins at this tick to the levels below. */
  #dealOut(level: number): void {
    const span = SPANS[level]!
    if (this.#counts[level] === 0 || this.#tick % span !== 0) return
    const slots = this.#levels[level]!
    const slot = (this.#tick / span) % SLOTS
    let item = slots[slot]
    // Due at this very tick: level 0's slot of now, which fires next.
    while (item !== undefined) {
      this.remove(item)
      if (Math.ceil(item.due) <= this.#tick) this.#put(item, 0, this.#tick % SLOTS)
      else this.#insert(item)
      item = slots[slot]
    }
  }

  #put(item: Deadline, level: number, slot: number): void {
    let slots = this.#levels[level]!
    if (slots === NO_SLOTS) {
      slots = new Array(SLOTS).fill(undefined)
      this.#levels[level] = slots
    }
    const head = slots[slot]
    item.slot = level * SLOTS + slot
    item.previous = undefined
    item.next = head
    if (head !== undefined) head.previous = item
    slots[slot] = item
    this.#size++
    this.#counts[level]!++
  }

  #fire(slot: number): void {
    let item = this.#levels[0]![slot]
    while (item !== undefined) {
      this.remove(item)
      item.onDeadline()
      item = this.#levels[0]![slot]
    }
  }

  /** The next tick at which a slot begins that holds something; `Infinity` when all are empty. */
  #nextTick(): number {
    let next = Number.POSITIVE_INFINITY
    for (let level = 0; level < SPANS.length; level++) {
      if (this.#counts[level] === 0) continue
      const span = SPANS[level]!
      const turn = Math.floor(this.#tick / span)
      for (let away = 1; away <= SLOTS; away++) {
        if (this.#levels[level]![(turn + away) % SLOTS] === undefined) continue
        next = Math.min(next, (turn + away) * span)
        break
      }
    }
    return next
  }

  #arm(tick: number): void {
    this.#timer?.cancel()
    this.#armedFor = tick
    this.#timer = this.#clock.setTimer(this.#onTimer, Math.ceil(tick - this.#clock.now()))
  }
}
