/**
 * Who is who for a ROUTER: routing id <-> pipe. Ids are bytes, 1 to 255 of them; a peer that announces none gets one of five octets,
 * 00 and a counter that starts at random, which is unique here and now and means nothing elsewhere or later (RFC 28).
 */
import { writeU32 } from '../../base/bytes.ts'
import type { Random } from '../../base/clock.ts'
import type { Pipe } from './pipe.ts'

export class Identities {
  readonly #pipes = new Map<string, Pipe>()
  // The very buffers that stand in front of received messages: an answer to one needs no text key.
  readonly #byBuffer = new Map<Buffer, Pipe>()
  #counter: number

  constructor(random: Random) {
    this.#counter = Math.floor(random() * 0x1_0000_0000)
  }

  get size(): number {
    return this.#pipes.size
  }

  find(id: Buffer): Pipe | undefined {
    return this.#byBuffer.get(id) ?? this.#pipes.get(keyOf(id))
  }

  /** Gives `pipe` the id, in place of the one it had. The id must be free. */
  assign(pipe: Pipe, id: Buffer, generated = false): void {
    this.release(pipe)
    const own = Buffer.from(id)
    pipe.routingId = own
    pipe.generated = generated
    this.#pipes.set(keyOf(own), pipe)
    this.#byBuffer.set(own, pipe)
  }

  /** Makes up an id that nobody has, and gives it to `pipe`. */
  generate(pipe: Pipe): void {
    const id = Buffer.alloc(GENERATED_SIZE)
    do {
      writeU32(id, 1, this.#counter)
      this.#counter = (this.#counter + 1) >>> 0
    } while (this.#pipes.has(keyOf(id)))
    this.assign(pipe, id, true)
  }

  /** Frees the id of `pipe`. Messages that already carry it keep it. */
  release(pipe: Pipe): void {
    if (pipe.routingId === undefined) return
    this.#byBuffer.delete(pipe.routingId)
    this.#pipes.delete(keyOf(pipe.routingId))
    pipe.routingId = undefined
  }

  [Symbol.iterator](): Iterator<Pipe> {
    return this.#pipes.values()
  }
}

const GENERATED_SIZE = 5

/** `id` as the key of a map. */
export function keyOf(id: Buffer): string {
  return id.toString('latin1')
}
