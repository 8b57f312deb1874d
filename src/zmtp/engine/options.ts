// What a connection is configured with and what it learns of its peer.
import { type Metadata, NO_PROPERTIES } from '../wire/metadata.ts'
import type { HeartbeatOptions } from './heartbeat.ts'
import type { LimitOptions } from './limits.ts'
import type { Verdict } from './security/admission.ts'

/** Durations in milliseconds, sizes in octets. Shared by the connections of a socket: what is one connection's own is not in here. */
export interface EngineOptions extends HeartbeatOptions, LimitOptions {
  /** As announced: `DEALER`. */
  readonly socketType: string
  /** 0 to 255 octets, not beginning with 00; announced by REQ, DEALER and ROUTER. */
  readonly identity: Buffer
  /** Further properties to announce. */
  readonly metadata?: ReadonlyMap<string, Buffer>
  /** From the constructor to READY; 0: no limit. */
  readonly handshakeTimeoutMs: number
  /** Told to the peer with each PING; 0: none, at most 65.5 s. */
  readonly heartbeatTtlMs: number
  /** Ends a connection whose begun message gets no octet for so long, or under 240 octets/s. Default 30 s; 0: never. */
  readonly stallTimeoutMs?: number
}

/** Who the peer says it is. */
export interface PeerInfo extends Metadata {
  /** The ZMTP version of its greeting: 3.0 and above. 0: there is no ZMTP on this connection, and nothing was said. */
  readonly major: number
  readonly minor: number
  /** Who it is, where somebody judged and said so; this, and not its identity, can be trusted. */
  readonly userId: string | undefined
  /** What else was said of it then; empty otherwise. */
  readonly userMetadata: ReadonlyMap<string, Buffer>
}

// As of a connection's metadata: of ten thousand peers that say the same there is one.
let newest: PeerInfo | undefined

/** The peer that said `metadata` in ZMTP `major`.`minor`, and of which somebody said `verdict`. */
export function peerInfoOf(
  metadata: Metadata,
  major: number,
  minor: number,
  verdict: Verdict | undefined,
): PeerInfo {
  const { socketType, identity, properties } = metadata
  const isKnown =
    newest?.properties === properties &&
    newest.major === major &&
    newest.minor === minor &&
    newest.userId === verdict?.userId &&
    newest.userMetadata === (verdict?.metadata ?? NO_PROPERTIES)
  if (!isKnown) {
    const userMetadata = verdict?.metadata ?? NO_PROPERTIES
    newest = { socketType, identity, properties, major, minor, userId: verdict?.userId, userMetadata }
  }
  return newest!
}
