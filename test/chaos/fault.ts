// What a fault of the list is, to the runner: a number, a title, and how it is made in a world. What must hold after every fault is the
// ledger's; what must hold after this one, `inject` asserts.
import type { World } from './world.ts'

export interface Fault {
  /** Its row in the list. */
  readonly number: number
  readonly title: string
  /** How long one injection may take, in ms, on a busy machine. Default 30,000. */
  readonly deadlineMs?: number
  /** Why this machine cannot make it; `undefined`: it can. */
  readonly impossible?: () => string | undefined
  /** Makes it, and asserts what must come of it. The ledger of the world is checked after that. */
  readonly inject: (world: World) => Promise<void>
}

/** Only so that a file of faults reads as a table. */
export function fault(
  number: number,
  title: string,
  inject: Fault['inject'],
  more: Pick<Fault, 'deadlineMs' | 'impossible'> = {},
): Fault {
  return { number, title, inject, ...more }
}
