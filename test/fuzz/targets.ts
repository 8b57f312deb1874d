// All targets by name.
import { codecTarget } from './codec.ts'
import { engineTarget } from './engine.ts'
import { sessionTarget } from './session.ts'
import type { Target } from './target.ts'

export const TARGETS: ReadonlyMap<string, Target> = new Map(
  [codecTarget, engineTarget, sessionTarget].map((target) => [target.name, target]),
)
