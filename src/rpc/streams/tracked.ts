// Items that say where in their stream they are, so that a consumer which has lost the connection can go on behind the last one that
// it got. Knows how they are marked, not how they travel.
import { UsageError } from '../../base/errors.ts'

const ID_MAX = 256
// By a mark and not by class: a program may load this module twice, as ESM and as CommonJS.
const MARK: unique symbol = Symbol.for('pseud.tracked')

/** What `tracked` makes; the consumer gets the `item` alone. */
export interface Tracked<T = unknown> {
  /** Where in its stream it is. */
  readonly id: string
  /** What the consumer gets. */
  readonly item: T
  readonly [MARK]: true
}

/**
 * Yields `item` under `id`, 1 to 256 octets: `yield tracked(row.id, row)`. Whoever reads the stream with `{ resume: true }` and loses the
 * connection calls the function again, which then finds the id of the last item that arrived in `ctx.lastId`. Throws `UsageError`
 * BAD_OPTION for an id that is none.
 */
export function tracked<T>(id: string | number, item: T): Tracked<T> {
  const text = String(id)
  if (text === '' || (text.length > ID_MAX / 3 && Buffer.byteLength(text) > ID_MAX)) {
    throw new UsageError('BAD_OPTION', `the id of a tracked item has 1 to ${ID_MAX} octets`)
  }
  return { id: text, item, [MARK]: true }
}

export function isTracked(value: unknown): value is Tracked {
  return typeof value === 'object' && value !== null && MARK in value
}

/** Whether a peer may use `id` for an item. */
export function isTrackId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && Buffer.byteLength(id) <= ID_MAX
}
