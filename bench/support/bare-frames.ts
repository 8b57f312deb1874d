// The yardstick: ZMTP framing over bare node:net, as little code as can be. No handshake, no limits, no back-pressure to
// speak of, no routing. It shows what Node itself allows; nothing that has features can beat it.
import type { Socket } from 'node:net'

const CHUNK = 65536
const LONG = 0x02

/** Collects frames and writes them in chunks of 64 KiB, the rest at the end of the turn. */
export class FrameWriter {
  readonly #socket: Socket
  #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK)
  #at = 0
  #scheduled = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** `false` when the socket wants a pause. */
  write(body: Buffer): boolean {
    const size = body.length + 9
    let roomy = true
    if (this.#at + size > this.#chunk.length) roomy = this.flush(size)
    const chunk = this.#chunk
    if (body.length < 256) {
      chunk[this.#at] = 0
      chunk[this.#at + 1] = body.length
      this.#at += 2
    } else {
      chunk[this.#at] = LONG
      chunk.writeUInt32BE(0, this.#at + 1)
      chunk.writeUInt32BE(body.length, this.#at + 5)
      this.#at += 9
    }
    chunk.set(body, this.#at)
    this.#at += body.length
    if (!this.#scheduled) {
      this.#scheduled = true
      process.nextTick(this.#flushLater)
    }
    return roomy
  }

  flush(next = 0): boolean {
    if (this.#at === 0 && next <= this.#chunk.length) return true
    const roomy = this.#at === 0 || this.#socket.write(this.#chunk.subarray(0, this.#at))
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK, next))
    this.#at = 0
    return roomy
  }

  readonly #flushLater = (): void => {
    this.#scheduled = false
    this.flush()
  }
}

/** Walks whole frames, hands out ranges, keeps what is incomplete. */
export class FrameReader {
  #rest: Buffer | undefined
  readonly #onFrame: (chunk: Buffer, start: number, end: number) => void

  constructor(onFrame: (chunk: Buffer, start: number, end: number) => void) {
    this.#onFrame = onFrame
  }

  read(data: Buffer): void {
    const chunk = this.#rest === undefined ? data : Buffer.concat([this.#rest, data])
    const rest = walkFrames(chunk, this.#onFrame)
    this.#rest = rest < chunk.length ? chunk.subarray(rest) : undefined
  }
}

/** Calls `onFrame` for each whole frame in `chunk`; returns where the first incomplete one begins. */
export function walkFrames(
  chunk: Buffer,
  onFrame: (chunk: Buffer, start: number, end: number) => void,
): number {
  let at = 0
  while (at + 2 <= chunk.length) {
    let start = at + 2
    let length = chunk[at + 1]!
    if ((chunk[at]! & LONG) !== 0) {
      if (at + 9 > chunk.length) break
      start = at + 9
      length = chunk.readUInt32BE(at + 5)
    }
    if (start + length > chunk.length) break
    onFrame(chunk, start, start + length)
    at = start + length
  }
  return at
}
