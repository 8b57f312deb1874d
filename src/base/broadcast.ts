/**
 * A message for many connections. Its frames are the same for all that do not encrypt, so the first connection writes them and the others
 * refer to them or copy them in one piece. One Broadcast serves a publisher for all its messages, one after the other: frames follow upon
 * frames, so that whoever gets every message refers to one range. Knows neither framing nor connections.
 */
import { EMPTY } from './bytes.ts'

const NO_PARTS: readonly Buffer[] = []

export class Broadcast {
  /** At least one. */
  parts: readonly Buffer[] = NO_PARTS
  /** Octets of all parts. */
  byteLength = 0
  /** What is queued where it cannot be sent at once: one copy for all. Set by the first that queues. */
  kept: Kept | undefined
  /** The frames are `bytes[start, end)`, once `written`. They never change. */
  bytes: Buffer = EMPTY
  start = 0
  end = 0

  /** The next message. What refers to the one before stays good. */
  begin(parts: readonly Buffer[]): void {
    let byteLength = 0
    for (let i = 0; i < parts.length; i++) byteLength += parts[i]!.length
    this.parts = parts
    this.byteLength = byteLength
    this.kept = undefined
    this.start = this.end
  }

  /** The message was handed to all: its parts are the caller's again. */
  finish(): void {
    this.parts = NO_PARTS
    this.kept = undefined
  }

  get written(): boolean {
    return this.end > this.start
  }

  /** Makes room for frames of `size` octets at `start`. To be called once for each message, before they are written. */
  reserve(size: number): void {
    if (this.bytes.length - this.start >= size) return
    // A new one each time: the last may still be on its way to somebody. It goes when nobody refers to it.
    this.bytes = Buffer.allocUnsafeSlow(Math.max(CHUNK, size))
    this.start = 0
    this.end = 0
  }
}

/** A message that several queues hold. */
export class Kept {
  readonly message: Buffer | Buffer[]
  holders = 0

  constructor(message: Buffer | Buffer[]) {
    this.message = message
  }
}

const CHUNK = 65536
