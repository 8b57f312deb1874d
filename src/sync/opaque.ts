// The application's own classes as the worker thread sees them: their functions are in the other thread, so what stands on the wire is
// passed on as it is. Knows the codes and nothing else.
import type { ExtensionType } from '../codec/messages.ts'

class Opaque {
  readonly data: Buffer

  constructor(data: Buffer) {
    this.data = data
  }
}

/** For each of `codes` a type whose values are their octets. */
export function opaqueExtensions(codes: readonly number[]): ExtensionType[] {
  return codes.map((code): ExtensionType<Opaque> => {
    const OfThisCode = class extends Opaque {}
    return {
      type: code,
      class: OfThisCode,
      encode: (value) => value.data,
      decode: (data) => new OfThisCode(data),
    }
  }) as ExtensionType[]
}
