/**
 * Received parts as users may keep them: a kept part of 16 octets must not keep the 64 KiB that it came with. Small ones are copied, and since
 * they mostly come in rows, what follows in the chunk is copied along: then a part costs a view, instead of memory, a view and a copy of its own.
 * Knows nothing of frames but how far apart the parts of a row are.
 */
import { copy, EMPTY, view, viewOf } from '../../base/bytes.ts'

export class OwnParts {
  // The octets #from to #until of the chunk #source stand in #memory, from #shift + #from on.
  #source: Buffer = EMPTY
  #from = 0
  #until = 0
  #memory: ArrayBufferLike = EMPTY.buffer
  #shift = 0
  #gap = 0
  // How much is copied at once: twice as much each time, as long as the row goes on.
  #room = ROW_MIN

  /**
   * The part `chunk[start, end)`, in memory that keeps little else alive: a large part that fills most of its memory anyway is a view of it. What
   * `chunk` holds in front of `settled` never changes any more.
   */
  take(chunk: Buffer, start: number, end: number, settled: number): Buffer {
    const size = end - start
    if (size < VIEW_FROM) {
      if (size === 0) return EMPTY
      const copied = chunk === this.#source && start >= this.#from && end <= this.#until
      if (!copied && !this.#copyRow(chunk, start, end, settled)) return copy(chunk, start, end)
      return viewOf(this.#memory, this.#shift + start, size)
    }
    if (size * 2 < chunk.buffer.byteLength) return copy(chunk, start, end)
    return size === chunk.length ? chunk : view(chunk, start, end)
  }

  /** Copies `chunk[start, end)` with what follows it; `false`: it is better copied alone. */
  #copyRow(chunk: Buffer, start: number, end: number, settled: number): boolean {
    const gap = chunk === this.#source ? start - this.#until : NO_ROW
    this.#source = chunk
    this.#room = gap <= ROW_GAP_MAX ? Math.min(this.#room * 2, ROW_MAX) : ROW_MIN
    if (gap > 0) this.#gap = gap
    // What follows is mostly as large: of the last part there should be no piece, which would be copied twice.
    const stride = end - start + this.#gap
    const parts = Math.floor(Math.min(this.#room, settled - start) / stride)
    if (gap > ROW_GAP_MAX || parts < ROW_PARTS) {
      this.#from = end
      this.#until = end
      return false
    }
    const until = start + parts * stride
    const row = copy(chunk, start, until)
    this.#from = start
    this.#until = until
    this.#memory = row.buffer
    this.#shift = row.byteOffset - start
    return true
  }
}

const VIEW_FROM = 4096
// The header of a frame stands between two parts of a row.
const ROW_GAP_MAX = 9
const NO_ROW = Number.MAX_SAFE_INTEGER
const ROW_MIN = 512
// What Node still takes from its pool: so a kept part keeps no more alive than one that was copied alone, and its memory cannot be transferred, which
// would empty all others.
const ROW_MAX = 4088
// A row of fewer saves nothing (bench/sockets.bench.ts: 128 B 0.7, 256 B 0.9, 512 B 0.95 of the reader's processor time).
const ROW_PARTS = 4
