// The seam between the engine and a security mechanism (NULL, PLAIN, CURVE): which handshake command comes next, what the peer's
// command means, whether somebody has to judge the peer, and what becomes of frames afterwards. Types only.
import type { Slab } from '../../../base/slab.ts'
import type { Metadata } from '../../wire/metadata.ts'
import type { Admission } from './admission.ts'

/** One connection's mechanism: it holds state, so every connection has its own. */
export interface Mechanism {
  /** As in the greeting: `NULL`, `PLAIN`, `CURVE`. */
  readonly name: string
  /** The greeting's as-server octet. */
  readonly asServer: boolean
  /** Whoever is to be answered sends nothing more until it is. */
  readonly lockstep: boolean
  /** Whether the peer may come in: while its `question` is open, nothing goes on. */
  readonly admission: Admission
  /** The peer's metadata, once it has said so; complete at the latest when `ready`. */
  readonly peerMetadata: Metadata | undefined
  /** Both sides have said all: traffic may begin. */
  readonly ready: boolean
  /** What it means, probably, when the peer hangs up now without a word; `undefined`: it may mean anything. */
  readonly suspicion?: string | undefined
  /** How frames travel from `ready` on; `undefined`: in clear. */
  readonly cipher: Cipher | undefined
  /**
   * Writes the body of the next handshake command that is this side's turn; `false`, with nothing written, when it is
   * the peer's. Asked once the peer's greeting is accepted, and again after each of its commands and after the verdict on it,
   * until `false`.
   */
  writeNextCommand(output: Slab, localMetadata: Metadata): boolean
  /**
   * Takes a handshake command `bytes[start, end)` (name length, name, data), which is not empty. Throws `ProtocolError` or
   * `LimitError`, which end the connection; must copy what it keeps.
   */
  handleCommand(bytes: Buffer, start: number, end: number): void
  /** The connection has ended: forgets its keys. */
  wipe(): void
}

/** Frames of traffic in boxes. A sealed body is SEALED_HEAD octets longer than the body in it. */
export interface Cipher {
  /** There are few nonces left: the connection has to end. A million frames may still be sealed. */
  readonly spent: boolean
  /**
   * Seals `bytes[start, end)` in place: the body stands behind the first SEALED_HEAD octets, which are overwritten.
   * `flags` are those of the frame in clear.
   */
  seal(bytes: Buffer, start: number, end: number, flags: number): void
  /**
   * Opens the sealed body `bytes[start, end)` in place; the body then stands behind the first SEALED_HEAD octets. Returns the
   * flags of the frame in clear. Throws `ProtocolError` for what is not the peer's next box.
   */
  open(bytes: Buffer, start: number, end: number): number
}

/** Name (8), short nonce (8), tag (16), flags (1). */
export const SEALED_HEAD = 33
