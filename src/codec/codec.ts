// The public face: a Codec is its settings and the encoder and reader that work by them. Owns what may be reused and
// when; knows no octet.
import { asBuffer, EMPTY } from '../base/bytes.ts'
import type { Slab } from '../base/slab.ts'
import { Encoder } from './encoder.ts'
import { Expander } from './expand.ts'
import { type CodecOptions, Settings } from './extensions.ts'
import { Reader } from './reader.ts'
import type { SentShapes } from './shapes.ts'

const KEPT_MAX = 65536

/**
 * MessagePack with the types of docs/codec.md, plus extensions and limits of one's own. Stateless between calls, so one
 * serves any number of connections; user code that runs inside a call (extensions, `toJSON`, getters) may use it too.
 */
export class Codec {
  readonly #settings: Settings
  readonly #encoders: Encoder[] = []
  readonly #readers: Reader[] = []

  /** Throws `UsageError` BAD_OPTION. */
  constructor(options?: CodecOptions) {
    this.#settings = new Settings(options)
  }

  /** The octets of `value`, the caller's to keep. Throws `CodecError` NOT_ENCODABLE with the `path` of what has none. */
  encode(value: unknown): Buffer {
    return this.#encoder().encode(value, 'value')
  }

  /**
   * The value that `bytes` are: exactly one. Shares no memory with `bytes`, but for a binary that makes up at least half of it. Throws
   * `CodecError`; the codes stand in docs/codec.md.
   */
  decode(bytes: Uint8Array): unknown {
    const reader = this.#reader()
    reader.reset(asBuffer(bytes), 0, bytes.length)
    try {
      const value = reader.readValue()
      reader.expectEnd()
      if (this.#settings.depth > 0) this.#settings.valuesLeft = reader.valuesLeft
      return value
    } finally {
      // The reader would keep the last input alive until the next one.
      if (bytes.length > KEPT_MAX) reader.reset(EMPTY, 0, 0)
    }
  }

  /**
   * Writes `value` at the end of `slab`. Throws CodecError NOT_ENCODABLE, its `path` beginning with the given one; part
   * of the value is then in the slab, and the caller rolls back. `borrowBinaries` says when binaries go by reference.
   * `shapes`: for a reader that has the other end of this table; of what the value defines there the caller says by `mark` and
   * `rollback` whether it was sent.
   * @internal
   */
  writeValue(slab: Slab, value: unknown, path = 'value', shapes?: SentShapes): void {
    this.#encoder().writeInto(slab, value, path, shapes)
  }

  /**
   * What was written with `shapes`, one or more whole values, in octets that any reader takes. No user code runs for it. The same
   * Buffer when there is no shape in it.
   * @internal
   */
  expand(octets: Buffer, shapes: SentShapes): Buffer {
    return new Expander(this.#settings).expand(octets, shapes)
  }

  /**
   * A new reader with the extensions and limits of this Codec.
   * @internal
   */
  reader(): Reader {
    return new Reader(this.#settings)
  }

  // One of each is enough until user code inside a call makes another call.
  #encoder(): Encoder {
    let level = 0
    while (this.#encoders[level]?.busy) level++
    this.#encoders[level] ??= new Encoder(this.#settings)
    return this.#encoders[level]!
  }

  #reader(): Reader {
    let level = 0
    while (this.#readers[level]?.busy) level++
    this.#readers[level] ??= new Reader(this.#settings)
    return this.#readers[level]!
  }
}
