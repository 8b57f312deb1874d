// Which shapes are made fast: a shape that comes again and again, from whatever connection, gets one of the makers for itself, and keeps it,
// since what V8 remembers of a place in the source is never forgotten. When all are given away the others are made key by key, as maps are:
// a peer that invents shapes can take the makers from others, and no more than that.
import { MAKER_KEYS_MAX, MAKERS, type Made, type Maker } from './makers.ts'

/** Uses from which on a shape is worth a maker. */
export const MAKER_WANTED = 32
/** A given maker and what it copies. */
export interface Making {
  readonly make: Maker
  readonly template: Made
}

const given = new Map<string, Making>()

/** How objects with these keys are made; `undefined`: key by key. Each key is there once, and none is a name of Object.prototype or an index. */
export function makingOf(keys: readonly string[]): Making | undefined {
  if (keys.length > MAKER_KEYS_MAX) return undefined
  const name = JSON.stringify(keys)
  const known = given.get(name)
  if (known !== undefined) return known
  const make = MAKERS[given.size]
  if (make === undefined) return undefined
  // As a literal of these keys: all properties inside the object, none behind it.
  const template = JSON.parse(`{${keys.map((key) => `${JSON.stringify(key)}:null`).join()}}`) as Made
  const making = { make, template }
  given.set(name, making)
  return making
}
