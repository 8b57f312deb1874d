// The seam between the engine and a security mechanism (NULL, later PLAIN and CURVE): which handshake command comes
// next, what the peer's command means, and how traffic is wrapped. Types only.
import type { Slab } from '../../base/slab.ts'
import type { Metadata } from '../wire/metadata.ts'

export interface Mechanism {
  /** As in the greeting: `NULL`, `PLAIN`, `CURVE`. */
  readonly name: string
  /** The greeting's as-server octet. */
  readonly asServer: boolean
  /** Peer's metadata, once `ready`. */
  readonly peerMetadata: Metadata | undefined
  /** Both sides have said all: traffic may begin. */
  readonly ready: boolean
  /** Writes the body of the next handshake command that is this side's turn; `false` when it is the peer's. */
  writeNextCommand(output: Slab, localMetadata: Metadata): boolean
  /** Takes a handshake command `bytes[start, end)` (name length, name, data); throws `ProtocolError`. */
  handleCommand(bytes: Buffer, start: number, end: number): void
}
