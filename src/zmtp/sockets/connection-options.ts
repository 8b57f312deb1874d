// From a socket's options to what a connection is made with, at the moment of a bind or connect. What keeps strangers out of it stands in
// security.ts.
import { EMPTY } from '../../base/bytes.ts'
import { AcceptFilter, parseNetwork } from '../transport/accept-filter.ts'
import { parseProxy } from '../transport/endpoint.ts'
import { zmqBackoff } from '../transport/reconnect.ts'
import type { SocksProxy } from '../transport/socks.ts'
import type { ConnectionOptions } from '../transport/transport.ts'
import {
  BACKLOG,
  CONNECT_TIMEOUT,
  COUNT_UNCONFIRMED,
  HANDSHAKE_INTERVAL,
  HEARTBEAT_INTERVAL,
  HEARTBEAT_TIMEOUT,
  HEARTBEAT_TTL,
  IPV6,
  MAX_MESSAGE_SIZE,
  RECONNECT_INTERVAL,
  RECONNECT_MAX_INTERVAL,
  ROUTING_ID,
  SOCKS_PASSWORD,
  SOCKS_PROXY,
  SOCKS_USERNAME,
  TCP_ACCEPT_FILTER,
  TCP_KEEPALIVE,
  TCP_KEEPALIVE_IDLE,
} from './option-table.ts'
import type { OptionValues } from './options.ts'
import type { Security } from './security.ts'

/** What a connection of a socket of type `socketType` is made with, as the options stand now. */
export function connectionOptions(
  options: OptionValues,
  socketType: string,
  security: Security,
): ConnectionOptions {
  const heartbeatIntervalMs = options.number(HEARTBEAT_INTERVAL)
  const heartbeatTimeoutMs = options.number(HEARTBEAT_TIMEOUT)
  const maxMessageSize = options.number(MAX_MESSAGE_SIZE)
  return {
    socketType,
    identity: options.bytes(ROUTING_ID) ?? EMPTY,
    ...security,
    // libzmq holds each frame, not the sum, against the limit; the number of frames is what bounds the sum here.
    maxFrameSize: maxMessageSize < 0 ? Number.POSITIVE_INFINITY : maxMessageSize,
    maxMessageSize: Number.POSITIVE_INFINITY,
    maxFrames: MAX_FRAMES,
    handshakeTimeoutMs: options.number(HANDSHAKE_INTERVAL),
    heartbeatIntervalMs,
    heartbeatTimeoutMs: heartbeatTimeoutMs < 0 ? heartbeatIntervalMs : heartbeatTimeoutMs,
    heartbeatTtlMs: options.number(HEARTBEAT_TTL),
    heartbeatOnlyWhenSilent: false,
    // Each PING that is said anyway, and none besides.
    ...(options.flag(COUNT_UNCONFIRMED) && { heartbeatMeasureMs: Number.POSITIVE_INFINITY }),
    connectTimeoutMs: options.number(CONNECT_TIMEOUT),
    retryDelayMs: zmqBackoff(options.number(RECONNECT_INTERVAL), options.number(RECONNECT_MAX_INTERVAL)),
    backlog: options.number(BACKLOG),
    reception: RECEPTION,
    ipv6: options.flag(IPV6),
    keepAliveMs: keepAlive(options.number(TCP_KEEPALIVE), options.number(TCP_KEEPALIVE_IDLE)),
    acceptFilter: acceptFilter(options.bytes(TCP_ACCEPT_FILTER)),
  }
}

/** The filter of a list as the option keeps it: networks with commas between. */
function acceptFilter(list: Buffer | null): AcceptFilter | undefined {
  return list === null
    ? undefined
    : new AcceptFilter(
        list
          .toString()
          .split(',')
          .map((text) => parseNetwork(text)!),
      )
}

/** Through whom TCP endpoints are dialled. Throws `UsageError` BAD_ENDPOINT when the option is no address: it is looked at only now. */
export function proxyOf(options: OptionValues): SocksProxy | undefined {
  // libzmq reads its strings up to a NUL.
  const address = options.bytes(SOCKS_PROXY)?.toString().split('\0', 1)[0] ?? ''
  if (address === '') return undefined
  const username = options.bytes(SOCKS_USERNAME)
  const credentials =
    username === null ? undefined : { username, password: options.bytes(SOCKS_PASSWORD) ?? EMPTY }
  return { ...parseProxy(address), credentials }
}

// The native package has no such lids, and programs may live beyond them; handshakes under way are bounded all the same.
const RECEPTION = {
  maxConnections: Number.POSITIVE_INFINITY,
  keyExchangesPerAddress: Number.POSITIVE_INFINITY,
}

// A message of one octet per frame costs a hundred octets of memory per frame: without a bound that is an attack.
const MAX_FRAMES = 1024

/** In libzmq's terms: -1 leaves it, 0 off, 1 on with an idle time in seconds or the system's. */
function keepAlive(mode: number, idleSeconds: number): number {
  if (mode !== 1) return mode
  return idleSeconds > 0 ? idleSeconds * 1000 : SYSTEM_IDLE_MS
}

// Linux's own default: switching keep-alive on without a time must not change the time.
const SYSTEM_IDLE_MS = 7_200_000
