// Mechanisms by the name that the greeting carries, for those above who choose one but must not know the engine.
import type { Mechanism } from '../engine/mechanism.ts'
import { NullMechanism } from '../engine/null.ts'

/** No security: see RFC 37, "The NULL Security Mechanism". */
export function nullMechanism(): Mechanism {
  return new NullMechanism()
}
