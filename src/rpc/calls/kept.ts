/**
 * What was sent and may have to be sent again: id, method and arguments of open calls, as they were encoded the first time, so
 * that what a caller does to its arguments meanwhile changes nothing. Small ones are copied side by side into chunks that are used
 * again once all their calls are settled: a call costs a copy of its octets and no object. Bounded by the memory of all chunks;
 * what finds no room is not kept, and is counted. Decision 0022 has the figures. Knows nothing of who sends what again.
 */
import type { Mark, Slab } from '../../base/slab.ts'

/** Memory of a few calls, or of one that is large. */
export class KeptChunk {
  readonly bytes: Buffer
  /** Where the next call goes. */
  at = 0
  /** Calls in it that are not settled. */
  live = 0
  /** Whose chunk it is, to be used again. */
  readonly pool: Pool | undefined

  constructor(bytes: Buffer, pool: Pool | undefined) {
    this.bytes = bytes
    this.pool = pool
  }
}

/** Chunks of one size. */
class Pool {
  readonly size: number
  readonly free: KeptChunk[] = []
  current: KeptChunk | undefined

  constructor(size: number) {
    this.size = size
  }
}

/** A call, as far as its octets are concerned: they are `kept.bytes[keptAt, keptEnd)`. */
export interface Keepable {
  kept: KeptChunk | undefined
  keptAt: number
  keptEnd: number
}

// A call that is open for long keeps its whole chunk, so small calls have small ones. Above the large ones a call has memory of
// its own, which the system has to give and take each time.
const SMALL = 8192
const SMALL_MAX = SMALL / 4
const LARGE = 65536
const FREE_BYTES = 512 * 1024
// Below it, octets are moved faster one by one than by a call into native code.
const LOOP_MAX = 48

export class Keeper {
  readonly #maxBytes: number
  readonly #small = new Pool(SMALL)
  readonly #large = new Pool(LARGE)
  readonly #onFull: () => void
  #bytes = 0

  /** `maxBytes` for everything that is kept; `onFull` is told of each call that found no room. */
  constructor(maxBytes: number, onFull: () => void) {
    this.#maxBytes = maxBytes
    this.#onFull = onFull
  }

  /** Memory that open calls hold, in octets. */
  get byteLength(): number {
    return this.#bytes
  }

  /** Keeps what was written to `slab` since `mark`, of `size` octets. */
  keep(call: Keepable, slab: Slab, mark: Mark, size: number): void {
    if (size > LARGE) {
      if (this.#hasRoom(size)) this.#take(call, slab.gather(mark))
      return
    }
    const chunk = this.#chunkFor(size)
    if (chunk === undefined) return
    let at = chunk.at
    call.kept = chunk
    call.keptAt = at
    call.keptEnd = at + size
    chunk.at = at + size
    chunk.live++
    const from = slab.bytes
    const into = chunk.bytes
    if (size > LOOP_MAX || from !== mark.bytes || slab.at - mark.at !== size) slab.copySince(mark, into, at)
    else for (let i = mark.at; i < slab.at; i++) into[at++] = from[i]!
  }

  /** Keeps octets that are nobody else's. */
  adopt(call: Keepable, encoded: Buffer): void {
    if (call.kept === undefined && this.#hasRoom(encoded.length)) this.#take(call, encoded)
  }

  /** The octets of a call that is kept: good until it is released, and if they are many for as long as anybody refers to them. */
  octets(call: Keepable): Buffer {
    const { bytes, pool } = call.kept!
    const view = bytes.subarray(call.keptAt, call.keptEnd)
    // Who sends large ones does it by reference, perhaps after the call is over and its chunk is another's.
    return pool !== undefined && view.length > SMALL_MAX ? Buffer.from(view) : view
  }

  /** The same, for other lanes than the one that it was written for; from here on these are what is kept. */
  portable(call: Keepable, lane: { portable(octets: Buffer): Buffer }): Buffer {
    const octets = this.octets(call)
    const portable = lane.portable(octets)
    if (portable === octets) return octets
    this.release(call)
    this.adopt(call, portable)
    return portable
  }

  /** The call is over. */
  release(call: Keepable): void {
    const chunk = call.kept
    if (chunk === undefined) return
    call.kept = undefined
    if (--chunk.live > 0) return
    chunk.at = 0
    const { pool } = chunk
    if (pool?.current === chunk) return
    this.#bytes -= chunk.bytes.length
    if (pool !== undefined && pool.free.length * pool.size < FREE_BYTES) pool.free.push(chunk)
  }

  #take(call: Keepable, bytes: Buffer): void {
    const chunk = new KeptChunk(bytes, undefined)
    chunk.live = 1
    call.kept = chunk
    call.keptAt = 0
    call.keptEnd = bytes.length
    this.#bytes += bytes.length
  }

  #chunkFor(size: number): KeptChunk | undefined {
    const pool = size > SMALL_MAX ? this.#large : this.#small
    const { current } = pool
    if (current !== undefined && current.at + size <= pool.size) return current
    if (!this.#hasRoom(pool.size)) return undefined
    this.#bytes += pool.size
    pool.current = pool.free.pop() ?? new KeptChunk(Buffer.allocUnsafeSlow(pool.size), pool)
    return pool.current
  }

  #hasRoom(size: number): boolean {
    if (this.#bytes + size <= this.#maxBytes) return true
    this.#onFull()
    return false
  }
}
