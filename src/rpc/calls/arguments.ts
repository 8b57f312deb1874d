// Arguments in MessagePack, before it is known which connection takes them. What has no encoding is the caller's own fault, and is
// told to it as a TypeError. Knows nothing of connections.
import { CodecError } from '../../base/errors.ts'
import { Mark, Slab } from '../../base/slab.ts'
import { type Codec, writeString, writeUint } from '../../codec/messages.ts'
import { ArgumentError } from '../errors/errors.ts'

/** `id, method, args` of a call that has to wait, in memory of its own. Throws `ArgumentError`. */
export function encodeCall(
  codec: Codec,
  call: { readonly id: number; readonly method: string },
  args: readonly unknown[],
): Buffer {
  return encodeArguments(codec, args, (slab) => {
    writeUint(slab, call.id)
    writeString(slab, call.method)
  })
}

/** The octets of `args` behind what `writeFirst` writes; throws `ArgumentError`. */
export function encodeArguments(
  codec: Codec,
  args: readonly unknown[],
  writeFirst?: (slab: Slab) => void,
): Buffer {
  const slab = new Slab()
  const mark = new Mark()
  slab.save(mark)
  try {
    writeFirst?.(slab)
    codec.writeValue(slab, args, 'args')
    return Buffer.from(slab.gather(mark))
  } catch (error) {
    return failArguments(error)
  } finally {
    slab.rollback(mark)
  }
}

/** Throws `error`; as an `ArgumentError` what the codec says. */
export function failArguments(error: unknown): never {
  if (!(error instanceof CodecError)) throw error
  throw new ArgumentError(error.message, error.path, error)
}
