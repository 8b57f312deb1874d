/**
 * Shared shapes: objects with the same keys in the same order send their keys once, afterwards a number (docs/codec.md, "Shared
 * shapes"). One table for each direction of one connection: SentShapes where values are written, ReceivedShapes where they are
 * read. Knows keys and numbers; the octets around them are the encoder's and the cursor's affair.
 *
 * Both tables can go back to where they were before the message at hand, because a message may be given up half-written, and one
 * that could not be read is gone through again for its definitions.
 */
import { MAKER_WANTED, type Making, makingOf } from './making.ts'
import { putString, roomForString } from './text.ts'

/** Shapes of one direction: a number is one octet. */
export const SHAPES_MAX = 256
/** Keys of one shape. What has more is a dictionary, or large enough to bear its keys. */
export const SHAPE_KEYS_MAX = 64
/** Octets of all definitions of one direction. Interned strings and hidden classes come to some ten times as much. */
const SHAPE_OCTETS_MAX = 65_536

/** What `SentShapes.find` says of keys that are to be sent as a plain map, or to be defined now. */
export const PLAIN = -1
export const DEFINE = -2

const NO_KEYS: readonly string[] = []

/** Where a row of keys has got to: a tree, as of the hidden classes of an engine. Most have one child. */
class Step {
  readonly key: string
  first: Step | undefined = undefined
  others: Map<string, Step> | undefined = undefined
  /** The number of the shape that ends here, and all its keys. */
  id: number = PLAIN
  keys: readonly string[] = NO_KEYS

  constructor(key: string) {
    this.key = key
  }
}

// Keys seen once, by a hash of their lengths and ends. Two places for each hash, so that two shapes do not chase one another out for ever.
const SIGHTINGS = 128

/**
 * The shapes that a writer may refer to. Only keys met a second time are defined: an object that comes once, or a dictionary with
 * other keys each time, takes no place. A full table is used as it is, for there is no order in which both ends could forget.
 */
export class SentShapes {
  readonly #max: number
  #root: Step | undefined
  #defined: Step[] = NO_STEPS
  #octets = 0
  #markedSize = 0
  #markedOctets = 0
  #sighted: (readonly string[])[] | undefined
  #turn = 0

  /** `max`: how many the reader takes. */
  constructor(max: number = SHAPES_MAX) {
    this.#max = Math.min(max, SHAPES_MAX)
  }

  get size(): number {
    return this.#defined.length
  }

  /** A message begins: what is defined from here on counts only if it is sent. */
  mark(): void {
    this.#markedSize = this.#defined.length
    this.#markedOctets = this.#octets
  }

  /** The message was given up: what it defined is undefined again. */
  rollback(): void {
    while (this.#defined.length > this.#markedSize) this.#defined.pop()!.id = DEFINE
    this.#octets = this.#markedOctets
  }

  /** The keys of shape `id`, which has been defined. */
  keysOf(id: number): readonly string[] {
    return this.#defined[id]!.keys
  }

  /** The number of the shape with these keys; PLAIN, or DEFINE. */
  find(keys: readonly string[]): number {
    let step = this.#root
    if (step === undefined) return this.#sight(keys)
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      const first: Step | undefined = step.first
      if (first !== undefined && first.key === key) {
        step = first
      } else {
        step = step.others?.get(key)
        if (step === undefined) return this.#sight(keys)
      }
    }
    return step.id === PLAIN ? this.#sight(keys) : step.id
  }

  /** As `find` for the enumerable keys of `object`, its own and inherited ones; PLAIN when they are no shape yet. */
  findOf(object: object): number {
    let step = this.#root
    if (step === undefined) return PLAIN
    for (const key in object) {
      const first: Step | undefined = step.first
      if (first !== undefined && first.key === key) {
        step = first
      } else {
        step = step.others?.get(key)
        if (step === undefined) return PLAIN
      }
    }
    return step.id
  }

  /**
   * Gives these keys the next number; returns the data of the extension that says so. `undefined`: they cannot have one, since the
   * table is full, or one of them asks for a closer look.
   */
  define(keys: readonly string[], maxKeyBytes: number): Buffer | undefined {
    const id = this.#defined.length
    if (id >= this.#max || !keys.every(isOrdinary)) return undefined
    let room = 1
    for (const key of keys) room += roomForString(key, key.length)
    const data = Buffer.allocUnsafe(room)
    data[0] = id
    let at = 1
    for (const key of keys) {
      const to = putString(data, at, key, key.length)
      if (to === -1 || to - at > maxKeyBytes) return undefined
      at = to
    }
    if (this.#octets + at > SHAPE_OCTETS_MAX) return undefined
    this.#octets += at
    const step = this.#place(keys)
    step.id = id
    step.keys = keys
    if (id === 0) this.#defined = []
    this.#defined.push(step)
    return data.subarray(0, at)
  }

  #place(keys: readonly string[]): Step {
    this.#root ??= new Step('')
    let step = this.#root
    for (const key of keys) {
      let next = step.first?.key === key ? step.first : step.others?.get(key)
      if (next === undefined) {
        next = new Step(key)
        if (step.first === undefined) {
          step.first = next
        } else {
          step.others ??= new Map()
          step.others.set(key, next)
        }
      }
      step = next
    }
    return step
  }

  /** Remembers keys that are no shape; DEFINE when they were remembered already. */
  #sight(keys: readonly string[]): number {
    const count = keys.length
    if (count === 0 || count > SHAPE_KEYS_MAX || this.#defined.length >= this.#max) return PLAIN
    let hash = count
    for (let i = 0; i < count; i++) {
      const key = keys[i]!
      hash = Math.imul(hash, 31) + (key.length << 8) + key.charCodeAt(0) + key.charCodeAt(key.length - 1)
    }
    const slot = (hash ^ (hash >>> 7)) & (SIGHTINGS - 2)
    this.#sighted ??= new Array<readonly string[]>(SIGHTINGS).fill(NO_KEYS)
    if (isSame(this.#sighted[slot]!, keys) || isSame(this.#sighted[slot + 1]!, keys)) return DEFINE
    this.#turn ^= 1
    this.#sighted[slot + this.#turn] = keys
    return PLAIN
  }
}

const NO_STEPS: Step[] = []

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false
  return true
}

/** Names of Object.prototype have rules of their own, and what begins with a digit is the key of a dictionary. */
function isOrdinary(key: string): boolean {
  const first = key.charCodeAt(0)
  return !(key in Object.prototype) && !(first >= 0x30 && first <= 0x39)
}

/** The keys of a shape as they came. */
export class Shape {
  readonly keys: readonly string[]
  /** Its keys can be set one after the other: none of them is a name of Object.prototype, or there twice. */
  readonly plain: boolean
  /** How it is made, once it is known to come often. */
  making: Making | undefined = undefined
  #uses = 0

  constructor(keys: readonly string[]) {
    this.keys = keys
    this.plain = keys.every(isOrdinary) && new Set(keys).size === keys.length
  }

  /** It is used without a maker. */
  count(): void {
    if (++this.#uses === MAKER_WANTED) this.making = makingOf(this.keys)
  }
}

/** The shapes that a peer has defined. */
export class ReceivedShapes {
  readonly #max: number
  #shapes: Shape[] = NO_SHAPES
  #octets = 0
  #markedSize = 0
  #markedOctets = 0

  /** `max`: how many the peer was told that it may define. */
  constructor(max: number = SHAPES_MAX) {
    this.#max = Math.min(max, SHAPES_MAX)
  }

  get size(): number {
    return this.#shapes.length
  }

  /** A message begins. */
  mark(): void {
    this.#markedSize = this.#shapes.length
    this.#markedOctets = this.#octets
  }

  /** Forgets what was defined since. */
  rollback(): void {
    if (this.#shapes.length > this.#markedSize) this.#shapes.length = this.#markedSize
    this.#octets = this.#markedOctets
  }

  get(id: number): Shape | undefined {
    return this.#shapes[id]
  }

  /** Whether shape `id` may be defined now, with `size` octets. */
  takes(id: number, size: number): boolean {
    return id === this.#shapes.length && id < this.#max && this.#octets + size <= SHAPE_OCTETS_MAX
  }

  /** Defines the next shape, in `size` octets. */
  add(keys: readonly string[], size: number): Shape {
    const shape = new Shape(keys)
    if (this.#shapes === NO_SHAPES) this.#shapes = []
    this.#shapes.push(shape)
    this.#octets += size
    return shape
  }
}

const NO_SHAPES: Shape[] = []
