// The seam between the engine and a security mechanism (NULL, later PLAIN and CURVE): which handshake command comes
// next and what the peer's command means. Types only.
import type { Slab } from '../../base/slab.ts'
import type { Metadata } from '../wire/metadata.ts'

/** One connection's mechanism: it holds state, so every connection has its own. */
export interface Mechanism {
  /** As in the greeting: `NULL`, `PLAIN`, `CURVE`. */
  readonly name: string
  /** The greeting's as-server octet. */
  readonly asServer: boolean
  /** Peer's metadata, once it has said so; complete at the latest when `ready`. */
  readonly peerMetadata: Metadata | undefined
  /** Both sides have said all: traffic may begin. */
  readonly ready: boolean
  /**
   * Writes the body of the next handshake command that is this side's turn; `false`, with nothing written, when it is
   * the peer's. Asked once the peer's greeting is accepted, and again after each of its commands, until `false`.
   */
  writeNextCommand(output: Slab, localMetadata: Metadata): boolean
  /**
   * Takes a handshake command `bytes[start, end)` (name length, name, data), whose name is known to fit. Throws
   * `ProtocolError` or `LimitError`, which end the connection; must copy what it keeps.
   */
  handleCommand(bytes: Buffer, start: number, end: number): void
}
