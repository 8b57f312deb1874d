// How much a message may ask of whoever decodes it, and why these numbers. Nothing here reads or writes bytes.
// The same bounds hold for encoding, so that we never send what no peer of ours would take.
import { UsageError } from '../base/errors.ts'

/** Bounds of one message. Passing one is a CodecError; nothing has been allocated for what lies beyond it. */
export interface Limits {
  /** Containers inside one another, contents of extensions included; default 100, at most 1,000. */
  maxDepth: number
  /** Items of all arrays, maps (a pair is one), Maps (a pair is two) and Sets together; default 1,000,000. */
  maxValues: number
  /** Pairs of one map; default 65,536. */
  maxKeys: number
  /** Octets of one map key; default 1,024. */
  maxKeyBytes: number
  /** Octets of one bigint; default 65,536: a bigint costs more than linear time to print or to multiply. */
  maxBigintBytes: number
}

// Depth: protobuf and @msgpack stop at 100 too; the stack holds some 12,000 levels. Values: an empty map is one octet
// on the wire and 56 on the heap, so a million are 60 MB at worst. Keys: see docs/codec.md, "Limits".
/** What a `Codec` has that is told nothing else. */
export const DEFAULT_LIMITS: Limits = {
  maxDepth: 100,
  maxValues: 1_000_000,
  maxKeys: 65_536,
  maxKeyBytes: 1024,
  maxBigintBytes: 65_536,
}

// What the machine's stack surely bears, also when decoding starts deep inside other calls.
const DEEPEST = 1000

/** The given limits over the defaults. Throws UsageError BAD_OPTION for what is no limit. */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS }
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]) {
    const bound = given[name]
    if (bound === undefined) continue
    if (!Number.isSafeInteger(bound) || bound < 0 || (name === 'maxDepth' && bound > DEEPEST)) {
      throw new UsageError('BAD_OPTION', `limits.${name} cannot be ${String(bound)}`)
    }
    limits[name] = bound
  }
  return limits
}
