/**
 * Bytes on their way out. A writer (frame header, codec) puts octets straight into the current chunk; large bodies
 * that already exist join by reference; whoever sends takes everything as a list of views, in order. One Slab belongs
 * to one connection, one encoder: it is never shared. Imports base/bytes only.
 *
 * Writing is a contract on three public fields, because a call per octet would cost more than the octet:
 *
 *     if (slab.at + 5 > slab.end) slab.reserve(5)   // may replace `bytes`, `at` and `end`: read them again
 *     slab.bytes[slab.at++] = …
 *
 * Chunks come from a free list shared by all slabs and go back when the bytes have left, so an idle slab holds none.
 */
import { EMPTY, view } from './bytes.ts'

/** What the codec writes to. @internal */
export class Slab {
  /** The chunk being written. */
  bytes: Buffer = EMPTY
  /** Where the next octet goes. */
  at = 0
  /** One past the last octet that may be written. */
  end = 0

  #start = 0
  #takenBytes = 0
  // Both lists are made when something has to be remembered beside the current chunk.
  #sealed: Buffer[] = NONE
  #sealedBytes = 0
  // Those before the current one.
  #chunks: Buffer[] = NONE
  #large = false
  // A range of somebody else's octets that may yet grow: #shared[#sharedStart, #sharedEnd). While it is open there is no room (`end` is `at`), so
  // that whoever writes after it calls `reserve`, which closes it.
  #shared: Buffer | undefined
  #sharedStart = 0
  #sharedEnd = 0

  /** Octets written and not yet taken. */
  get byteLength(): number {
    return this.#sealedBytes + this.at - this.#start
  }

  /** Octets written, taken or not. */
  get writtenBytes(): number {
    return this.#takenBytes + this.byteLength
  }

  /** Makes room for `size` octets in one piece at `at`. Reads of `bytes`, `at`, `end` from before are stale after it. */
  reserve(size: number): void {
    if (this.end - this.at >= size) return
    this.#seal()
    if (this.bytes !== EMPTY) {
      if (this.#chunks === NONE) this.#chunks = []
      this.#chunks.push(this.bytes)
    }
    this.bytes = size > LARGE ? Buffer.allocUnsafeSlow(size) : takeChunk(this.#large || size > SMALL)
    this.#large = true
    this.#start = 0
    this.at = 0
    this.end = this.bytes.length
  }

  /** Appends `body` by reference: it must not change until the bytes have left. For bodies too large to copy. */
  append(body: Buffer): void {
    this.#seal()
    this.#sealedBytes += body.length
    this.#remember(body)
  }

  /**
   * Appends `bytes[start, end)` by reference where that is cheap: as the first octets, or right behind what was shared before. `false`: it was not,
   * and is to be copied. So a slab refers to few ranges, whatever it is given: each is one more piece to be sent, and keeps all of `bytes`.
   */
  share(bytes: Buffer, start: number, end: number): boolean {
    if (this.#shared === undefined) {
      if (this.byteLength > 0) return false
    } else if (this.#shared === bytes && this.#sharedEnd === start) {
      this.#sharedEnd = end
      this.#sealedBytes += end - start
      return true
    } else {
      // The owner of what was shared goes on in other memory, or has left something out for us.
      if (start > 0) return false
      this.#seal()
    }
    this.#shared = bytes
    this.#sharedStart = start
    this.#sharedEnd = end
    this.#sealedBytes += end - start
    this.end = this.at
    return true
  }

  /** Remembers this position in `mark`, to return to it by `rollback`. The mark is the caller's, reused. */
  save(mark: Mark): void {
    if (this.#shared !== undefined) this.#seal()
    mark.bytes = this.bytes
    mark.start = this.#start
    mark.at = this.at
    mark.sealed = this.#sealed.length
    mark.sealedBytes = this.#sealedBytes
  }

  /** A copy of everything written since `mark`, in one piece. */
  gather(mark: Mark): Buffer {
    this.#seal()
    const pieces = this.#sealed.slice(mark.sealed)
    const whole = Buffer.concat(pieces)
    return mark.at > mark.start ? whole.subarray(mark.at - mark.start) : whole
  }

  /** Copies everything written since `mark` to `into`, from `at` on. */
  copySince(mark: Mark, into: Buffer, at: number): void {
    let skipped = mark.at - mark.start
    for (let i = mark.sealed; i < this.#sealed.length; i++) {
      at += this.#sealed[i]!.copy(into, at, skipped)
      skipped = 0
    }
    if (this.at > this.#start) this.bytes.copy(into, at, this.#start + skipped, this.at)
  }

  /** Forgets everything written since `mark` was saved. */
  rollback(mark: Mark): void {
    while (this.bytes !== mark.bytes) {
      giveChunk(this.bytes)
      this.bytes = this.#chunks.pop() ?? EMPTY
    }
    this.#sealed.length = mark.sealed
    this.#sealedBytes = mark.sealedBytes
    this.#start = mark.start
    this.at = mark.at
    this.end = mark.bytes.length
  }

  /**
   * Moves everything written to the end of `into`, and the chunks behind it to `batch`, to be given back with
   * `giveChunk` once the bytes have left. The slab is empty afterwards and holds no memory.
   */
  take(into: Buffer[], batch: Buffer[]): void {
    this.#takenBytes += this.byteLength
    this.#large = this.#chunks.length > 0 || this.at > SMALL
    for (const piece of this.#sealed) into.push(piece)
    const last = this.#unsealed()
    if (last !== undefined) into.push(last)
    for (const chunk of this.#chunks) batch.push(chunk)
    if (this.bytes !== EMPTY) batch.push(this.bytes)
    clear(this.#sealed)
    this.#sealedBytes = 0
    clear(this.#chunks)
    this.#shared = undefined
    this.bytes = EMPTY
    this.#start = 0
    this.at = 0
    this.end = 0
  }

  #seal(): void {
    const piece = this.#unsealed()
    if (piece === undefined) return
    // What was shared is counted already, and nothing was written since.
    this.#sealedBytes += this.at - this.#start
    this.#shared = undefined
    this.#start = this.at
    this.#remember(piece)
  }

  /** The last piece, which may yet grow; `undefined`: there is none. */
  #unsealed(): Buffer | undefined {
    if (this.#shared !== undefined) return view(this.#shared, this.#sharedStart, this.#sharedEnd)
    return this.at === this.#start ? undefined : this.bytes.subarray(this.#start, this.at)
  }

  #remember(piece: Buffer): void {
    if (this.#sealed === NONE) this.#sealed = []
    this.#sealed.push(piece)
  }
}

/** A position in a slab; see `Slab.save`. */
export class Mark {
  bytes: Buffer = EMPTY
  start = 0
  at = 0
  sealed = 0
  sealedBytes = 0
}

// The lists of a slab that has had nothing to remember: nobody writes to it.
const NONE: Buffer[] = []

// A connection's first bytes of a turn go to a small chunk, so that 10,000 connections that each say a word do not take
// 640 MB; one that filled it last time gets a large one at once.
const SMALL = 4096
const LARGE = 65536
const KEPT_SMALL = 256
const KEPT_LARGE = 64

const small: Buffer[] = []
const large: Buffer[] = []

function takeChunk(wantLarge: boolean): Buffer {
  if (wantLarge) return large.pop() ?? Buffer.allocUnsafeSlow(LARGE)
  return small.pop() ?? Buffer.allocUnsafeSlow(SMALL)
}

/** Returns a chunk to the free list. Its octets must have left: whoever still reads them would see others' bytes. */
export function giveChunk(chunk: Buffer): void {
  if (chunk.length === SMALL && small.length < KEPT_SMALL) small.push(chunk)
  else if (chunk.length === LARGE && large.length < KEPT_LARGE) large.push(chunk)
}

/** Empties a list that is about to be filled again: `length = 0` gives its memory away, which is right for a long one only. */
export function clear(list: unknown[]): void {
  if (list.length > KEPT_PIECES) list.length = 0
  while (list.length > 0) list.pop()
}

const KEPT_PIECES = 8
