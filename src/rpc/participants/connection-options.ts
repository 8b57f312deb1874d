// How an RPC connection is set up in ZMTP's terms: the defaults of docs/security.md for the wire, and the property by which
// our peers know each other.
import { type ConnectionOptions, fullJitter, nullMechanism } from '../../zmtp/connections.ts'
import type { ResolvedOptions } from '../api/options.ts'
import { judgeOf } from '../security/wire.ts'
import { PSEUD_PROPERTY, PSEUD_VALUE } from '../session/envelope.ts'

/**
 * How long a peer that is heard all the time goes without a PING. Seldom: only to be measured; but within its patience with us, as of one who
 * sends a message that takes longer than that nothing else is heard by it, and its own PINGs wait behind that message.
 */
function measureMs({ heartbeatIntervalMs, heartbeatTimeoutMs }: ResolvedOptions): number {
  return Math.min(heartbeatIntervalMs * MEASURE_EVERY, heartbeatTimeoutMs / 2)
}

// In intervals of the heartbeat.
const MEASURE_EVERY = 6

export function connectionOptions(
  socketType: string,
  identity: string,
  options: ResolvedOptions,
): ConnectionOptions {
  const authenticate = judgeOf(options.security)
  return {
    socketType,
    identity: Buffer.from(identity),
    ...(options.protocols.has(2) && { metadata: new Map([[PSEUD_PROPERTY, PSEUD_VALUE]]) }),
    mechanism: nullMechanism(),
    ...(authenticate && { authenticate }),
    maxFrameSize: options.maxMessageSize,
    maxMessageSize: options.maxMessageSize,
    maxFrames: 64,
    handshakeTimeoutMs: options.handshakeTimeoutMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs,
    // Whoever wants to be asked before a peer is given up is asked by the session (pulse.ts).
    heartbeatTimeoutMs: options.heartbeat?.onTimeout === undefined ? options.heartbeatTimeoutMs : 0,
    heartbeatTtlMs: 0,
    heartbeatOnlyWhenSilent: true,
    heartbeatMeasureMs: options.heartbeatIntervalMs === 0 ? 0 : measureMs(options),
    heartbeatSince31: true,
    connectTimeoutMs: options.handshakeTimeoutMs,
    retryDelayMs: fullJitter(options.reconnectMinMs, options.reconnectMaxMs),
    backlog: 511,
    ipv6: true,
    keepAliveMs: -1,
  }
}
