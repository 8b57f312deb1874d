// The frames in front of a message: put there by ROUTERs and proxies, opaque, kept as long as its call runs.
import { copy, EMPTY } from '../../base/bytes.ts'
import { ProtocolError } from '../../base/errors.ts'

// A few ids of 5 to 255 octets.
const FRAMES_MAX = 32
const BYTES_MAX = 4096

export class Route {
  readonly frames: Buffer[] = []
  #bytes = 0

  /** Throws `ProtocolError` PROTOCOL. */
  add(chunk: Buffer, start: number, end: number): void {
    this.#bytes += end - start
    if (this.frames.length === FRAMES_MAX || this.#bytes > BYTES_MAX) {
      throw new ProtocolError(
        'PROTOCOL',
        'the route of a message is longer than any chain of proxies makes it',
      )
    }
    this.frames.push(start === end ? EMPTY : copy(chunk, start, end))
  }
}

/** Different routes have different keys: each frame with its length in front. */
export function keyOf(route: readonly Buffer[]): string {
  let key = ''
  for (const frame of route) key += `${String.fromCharCode(frame.length)}${frame.toString('latin1')}`
  return key
}
