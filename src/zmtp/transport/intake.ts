/**
 * Octets on their way in, read into memory of ours: into the one chunk that all sockets of this thread share, since each read is dealt with before
 * the next begins, or straight into a large body that is on its way. Left alone, Node makes 64 KiB for each read and throws them away.
 *
 * Node takes an Intake as its `onread`, where it makes a socket anew. One that it has accepted has to be made once more, see `reopened`; where
 * neither is possible, sockets say 'data' as ever, and an Intake is never asked.
 */
import { Socket as NetSocket, type Socket } from 'node:net'
import { view } from '../../base/bytes.ts'
import type { LinkOwner } from './transport.ts'

export class Intake {
  /** Who gets the octets. None are read before there is one. */
  owner: LinkOwner | undefined
  #room: Buffer | undefined
  #paused = false
  // Octets that came since.
  #held = 0
  // The last read brought a good deal: the next may bring more.
  #flows = false

  /** Node asks before each read where its octets go. */
  readonly buffer = (): Buffer => {
    this.#room = this.owner?.room()
    if (this.#room !== undefined) return this.#room
    lent ??= new Lent()
    return this.#flows && !this.#paused ? lent.large : lent.small
  }

  /** Node has read. */
  readonly callback = (size: number): boolean => {
    const mayGoOn = this.count(size)
    this.#flows = size >= SMALL
    if (this.#room === undefined) this.owner?.onChunk(view(lent!.large, 0, size))
    else this.owner?.onFilled(size)
    return mayGoOn || !this.#paused
  }

  /** The owner wants no more: reading stops soon. Not at once, because who does not read does not see either that the peer is gone. */
  pause(): void {
    this.#paused = true
    this.#held = 0
  }

  resume(): void {
    this.#paused = false
  }

  /** `size` octets have come: `false` when reading is to stop. */
  count(size: number): boolean {
    if (!this.#paused) return true
    this.#held += size
    return this.#held < HELD_MAX
  }
}

/**
 * A socket that a server has just accepted, and from which nothing was read, as one that reads by `intake`: Node has a public way only for sockets that
 * connect. `undefined`: this runtime has none at all. The way is that of `child_process`, which hands sockets over so; docs/decisions/0032 has what it gains.
 */
export function reopened(accepted: Socket, intake: Intake): Socket | undefined {
  const from = accepted as unknown as { _handle: { useUserBuffer?: unknown } | null }
  const handle = from._handle
  if (!isNode || typeof handle?.useUserBuffer !== 'function') return undefined
  from._handle = null
  accepted.destroy()
  const options = { handle, onread: intake, readable: true, writable: true }
  return new NetSocket(options)
}

const isNode = process.versions.bun === undefined && process.versions.deno === undefined

// As libuv reads.
const SMALL = 65536
const LARGE = 262144
// As much as Node's own sockets hold.
const HELD_MAX = 16384

class Lent {
  /** Its memory is twice as large: who keeps a part as a view where that is at least half of its memory, keeps none of this. */
  readonly large: Buffer = Buffer.allocUnsafeSlow(2 * LARGE).subarray(0, LARGE)
  /** The same memory. */
  readonly small: Buffer = this.large.subarray(0, SMALL)
}

// Made when a socket is.
let lent: Lent | undefined
