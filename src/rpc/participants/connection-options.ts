// How an RPC connection is set up in ZMTP's terms: the defaults of docs/security.md for the wire, and the property by which
// our peers know each other.
import { type ConnectionOptions, fullJitter, nullMechanism } from '../../zmtp/connections.ts'
import type { ResolvedOptions } from '../api/options.ts'
import { judgeOf } from '../security/wire.ts'
import { PSEUD_PROPERTY, PSEUD_VALUE } from '../session/envelope.ts'

export function connectionOptions(
  socketType: string,
  identity: string,
  options: ResolvedOptions,
): ConnectionOptions {
  const authenticate = judgeOf(options.security)
  return {
    socketType,
    identity: Buffer.from(identity),
    metadata: new Map([[PSEUD_PROPERTY, PSEUD_VALUE]]),
    mechanism: nullMechanism(),
    ...(authenticate && { authenticate }),
    maxFrameSize: options.maxMessageSize,
    maxMessageSize: options.maxMessageSize,
    maxFrames: 64,
    handshakeTimeoutMs: options.handshakeTimeoutMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs,
    heartbeatTimeoutMs: options.heartbeatTimeoutMs,
    heartbeatTtlMs: 0,
    heartbeatOnlyWhenSilent: true,
    connectTimeoutMs: options.handshakeTimeoutMs,
    retryDelayMs: fullJitter(options.reconnectMinMs, options.reconnectMaxMs),
    backlog: 511,
    ipv6: true,
    keepAliveMs: -1,
  }
}
