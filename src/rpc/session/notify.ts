// NOTIFY as it stands on the wire, in memory of its own: one that is for many peers is encoded once.
import { Mark, Slab } from '../../base/slab.ts'
import { type Codec, writeString } from '../../codec/messages.ts'
import type { CallSettings } from '../api/settings.ts'
import { failArguments } from '../calls/arguments.ts'
import { hasMeta, NOTIFY, writeKind, writeMeta } from './envelope.ts'

/** [7, method, args, meta?]. Throws `ArgumentError`. */
export function encodeNotify(
  codec: Codec,
  method: string,
  args: readonly unknown[],
  settings: CallSettings,
): Buffer {
  const slab = new Slab()
  const mark = new Mark()
  const withMeta = hasMeta(settings, Number.POSITIVE_INFINITY)
  slab.save(mark)
  try {
    writeKind(slab, withMeta ? 4 : 3, NOTIFY)
    writeString(slab, method)
    codec.writeValue(slab, args, 'args')
    if (withMeta) writeMeta(slab, settings, Number.POSITIVE_INFINITY)
    return Buffer.from(slab.gather(mark))
  } catch (error) {
    return failArguments(error)
  } finally {
    slab.rollback(mark)
  }
}
