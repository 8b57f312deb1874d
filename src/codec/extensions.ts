// Types beyond MessagePack's own, by code: the user's, and what is kept of unknown ones. Resolves the options of a
// Codec once, into what encoder and reader look things up in. Knows nothing of how bytes are written.
import { UsageError } from '../base/errors.ts'
import { type Limits, limitsOf } from './limits.ts'
import { EXT_FIRST, EXT_LAST, EXT_TIMESTAMP } from './tags.ts'

/** An extension as it stands on the wire: what a Codec with `unknownExtensions: 'keep'` gives for a code it does not know. */
export class Extension {
  /** -128 to 127. */
  readonly type: number
  /** As it stands on the wire. */
  readonly data: Buffer

  /** Can be encoded: goes back as it came. */
  constructor(type: number, data: Buffer) {
    this.type = type
    this.data = data
  }
}

/** How values of a class travel: both ends register the same code. */
export interface ExtensionType<T = unknown> {
  /** -128 to 127, but not -1 (timestamp) and not 32 to 47 (ours). */
  readonly type: number
  /** Instances of it, subclasses included, are given to `encode`. The first match in the list wins. */
  readonly class: abstract new (
    ...args: never[]
  ) => T
  /** The data. May use the same Codec for parts of the value: depth and values go on counting. */
  encode(value: T): Uint8Array
  /** The value. `data` is the caller's to keep. Whatever it throws becomes CodecError BAD_EXTENSION with that as `cause`. */
  decode(data: Buffer): T
}

/** What a `Codec` can be told. */
export interface CodecOptions {
  /** Classes of one's own. Default: none. */
  extensions?: readonly ExtensionType[]
  /** Bounds of one message; those that are not given have the default of `Limits`. */
  limits?: Partial<Limits>
  /** What an unknown extension code does when decoded: CodecError UNKNOWN_EXTENSION (default), or an `Extension`. */
  unknownExtensions?: 'error' | 'keep'
  /**
   * Whether `writeValue` may put binaries of 8 KiB and more into the slab by reference instead of copying them: they must then not change
   * until the slab's bytes have left. Default false.
   * @internal
   */
  borrowBinaries?: boolean
}

/** The options of a Codec, checked and resolved. Throws UsageError BAD_OPTION. */
export class Settings {
  readonly limits: Limits
  readonly extensions: readonly ExtensionType[]
  readonly byCode: ReadonlyMap<number, ExtensionType>
  readonly keepUnknown: boolean
  readonly borrowBinaries: boolean
  // While an extension's own encode or decode runs, it may use the Codec again: what it makes or reads there counts as
  // part of the message around it.
  /** Containers around the value that user code is working on; 0 outside. */
  depth = 0
  /** Values that one message may hold; inside an extension what is left of it. */
  valuesLeft: number

  constructor(options: CodecOptions = {}) {
    const byCode = new Map<number, ExtensionType>()
    this.extensions = [...(options.extensions ?? [])]
    for (const extension of this.extensions) {
      const code = extension.type
      const ours = code === EXT_TIMESTAMP || (code >= EXT_FIRST && code <= EXT_LAST)
      if (!isCode(code) || ours || byCode.has(code)) {
        throw new UsageError('BAD_OPTION', `extension code ${String(code)} is taken, reserved, or none`)
      }
      byCode.set(code, extension)
    }
    this.limits = limitsOf(options.limits)
    this.valuesLeft = this.limits.maxValues
    this.byCode = byCode
    this.keepUnknown = options.unknownExtensions === 'keep'
    this.borrowBinaries = options.borrowBinaries === true
  }

  /** Before user code runs inside a message; returns what `leave` wants back. */
  enter(depth: number, valuesLeft: number): number {
    const outer = this.depth
    this.depth = depth
    this.valuesLeft = valuesLeft
    return outer
  }

  /** After it: returns how many values the message around it has left. */
  leave(outer: number): number {
    const left = this.valuesLeft
    this.depth = outer
    if (outer === 0) this.valuesLeft = this.limits.maxValues
    return left
  }
}

/** Whether `code` can stand in the one octet that the wire has for it. */
export function isCode(code: number): boolean {
  return Number.isInteger(code) && code >= -128 && code <= 127
}
