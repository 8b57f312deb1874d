/**
 * Options by number, as version 5 has them: which property of version 6 each is, and what differs. Booleans are 0 and 1, the mechanism is a
 * number. What the values mean and which are refused is said where version 6 keeps them.
 */
import {
  shortOptions,
  ZMQ_AFFINITY,
  ZMQ_BACKLOG,
  ZMQ_CONNECT_TIMEOUT,
  ZMQ_CURVE_PUBLICKEY,
  ZMQ_CURVE_SECRETKEY,
  ZMQ_CURVE_SERVER,
  ZMQ_CURVE_SERVERKEY,
  ZMQ_DELAY_ATTACH_ON_CONNECT,
  ZMQ_EVENTS,
  ZMQ_FD,
  ZMQ_HEARTBEAT_IVL,
  ZMQ_HEARTBEAT_TIMEOUT,
  ZMQ_HEARTBEAT_TTL,
  ZMQ_IDENTITY,
  ZMQ_IPV4ONLY,
  ZMQ_IPV6,
  ZMQ_LAST_ENDPOINT,
  ZMQ_LINGER,
  ZMQ_MAXMSGSIZE,
  ZMQ_MECHANISM,
  ZMQ_MULTICAST_HOPS,
  ZMQ_PLAIN_PASSWORD,
  ZMQ_PLAIN_SERVER,
  ZMQ_PLAIN_USERNAME,
  ZMQ_POLLIN,
  ZMQ_POLLOUT,
  ZMQ_RATE,
  ZMQ_RCVBUF,
  ZMQ_RCVHWM,
  ZMQ_RCVMORE,
  ZMQ_RCVTIMEO,
  ZMQ_RECONNECT_IVL,
  ZMQ_RECONNECT_IVL_MAX,
  ZMQ_RECOVERY_IVL,
  ZMQ_ROUTER_HANDOVER,
  ZMQ_ROUTER_MANDATORY,
  ZMQ_ROUTER_RAW,
  ZMQ_SNDBUF,
  ZMQ_SNDHWM,
  ZMQ_SNDTIMEO,
  ZMQ_SUB,
  ZMQ_SUBSCRIBE,
  ZMQ_TCP_ACCEPT_FILTER,
  ZMQ_TCP_KEEPALIVE,
  ZMQ_TCP_KEEPALIVE_CNT,
  ZMQ_TCP_KEEPALIVE_IDLE,
  ZMQ_TCP_KEEPALIVE_INTVL,
  ZMQ_TYPE,
  ZMQ_UNSUBSCRIBE,
  ZMQ_XPUB_VERBOSE,
  ZMQ_ZAP_DOMAIN,
} from './constants.ts'
import type { Options } from './core.ts'

/** What can be read of an option. */
export type OptionValue = string | number | boolean | null

interface Row {
  readonly read?: (core: Options) => unknown
  readonly write?: (core: Options, value: unknown) => void
}

/** The value of an option. Throws Error for an unknown one, ENOTSOCK when the socket is closed. */
export function readOption(core: Options, option: number | string): OptionValue {
  const read = rowOf(option)?.read
  if (read === undefined) throw new Error(UNKNOWN)
  return read(core) as OptionValue
}

/** Throws as `readOption`, and what version 6 throws for the value. */
export function writeOption(core: Options, option: number | string, value: unknown): void {
  const write = rowOf(option)?.write
  if (write === undefined) throw new Error(UNKNOWN)
  write(core, value)
}

function rowOf(option: number | string): Row | undefined {
  const short: Record<string, number> = shortOptions
  if (typeof option === 'number') return ROWS.get(option)
  return Object.hasOwn(short, option) ? ROWS.get(short[option]!) : undefined
}

const UNKNOWN = 'Unknown option'
const MECHANISMS: readonly unknown[] = [null, 'plain', 'curve', 'gssapi']

/** As in version 6. */
function same(name: string): Row {
  return {
    read: (core) => core[name],
    write: (core, value) => {
      core[name] = value
    },
  }
}

/** 0 and 1 outside, a boolean inside. */
function flag(name: string): Row {
  return {
    read: (core) => (core[name] ? 1 : 0),
    write: (core, value) => {
      core[name] = Boolean(value)
    },
  }
}

function readOnly({ read }: Row): Row {
  return { read: read! }
}

function writeOnly({ write }: Row): Row {
  return { write: write! }
}

function fails(text: string): () => never {
  return () => {
    throw new Error(text)
  }
}

const EVENTS: Row = {
  read: ({ readable, writable }) => (readable ? ZMQ_POLLIN : 0) | (writable ? ZMQ_POLLOUT : 0),
}

const VERBOSE: Row = {
  read: fails('Reading ZMQ_XPUB_VERBOSE is not supported'),
  write: (core, value) => {
    core.verbosity = value ? 'allSubs' : null
  },
}

const IPV4_ONLY: Row = {
  read: ({ ipv6 }) => !ipv6,
  write: (core, value) => {
    core.ipv6 = !value
  },
}

// Kept, without effect: messages are not asked for but come, whenever that is, and nothing is late.
const receiveTimeouts = new WeakMap<Options, unknown>()
const RECEIVE_TIMEOUT: Row = {
  read: (core) => {
    const timeout = core.receiveTimeout
    return receiveTimeouts.get(core) ?? timeout
  },
  write: (core, value) => {
    core.receiveTimeout = value
    receiveTimeouts.set(core, core.receiveTimeout)
    core.receiveTimeout = -1
  },
}

function subscription(name: 'subscribe' | 'unsubscribe'): Row {
  return {
    write: (core, value) => {
      if (core.type !== ZMQ_SUB) throw new Error('Subscriber socket required')
      const subscribe = core[name] as (filter: unknown) => void
      subscribe.call(core, value)
    },
  }
}

const RAW = fails('ZMQ_ROUTER_RAW is not supported in compatibility mode')

const ROWS: ReadonlyMap<number, Row> = new Map<number, Row>([
  [ZMQ_AFFINITY, same('affinity')],
  [ZMQ_IDENTITY, same('routingId')],
  [ZMQ_SUBSCRIBE, subscription('subscribe')],
  [ZMQ_UNSUBSCRIBE, subscription('unsubscribe')],
  [ZMQ_RATE, same('rate')],
  [ZMQ_RECOVERY_IVL, same('recoveryInterval')],
  [ZMQ_SNDBUF, same('sendBufferSize')],
  [ZMQ_RCVBUF, same('receiveBufferSize')],
  [ZMQ_RCVMORE, { read: fails('ZMQ_RCVMORE is not supported in compatibility mode') }],
  [ZMQ_FD, { read: fails('ZMQ_FD is not supported in compatibility mode') }],
  [ZMQ_EVENTS, EVENTS],
  [ZMQ_TYPE, readOnly(same('type'))],
  [ZMQ_LINGER, same('linger')],
  [ZMQ_RECONNECT_IVL, same('reconnectInterval')],
  [ZMQ_BACKLOG, same('backlog')],
  [ZMQ_RECONNECT_IVL_MAX, same('reconnectMaxInterval')],
  [ZMQ_MAXMSGSIZE, same('maxMessageSize')],
  [ZMQ_SNDHWM, same('sendHighWaterMark')],
  [ZMQ_RCVHWM, same('receiveHighWaterMark')],
  [ZMQ_MULTICAST_HOPS, same('multicastHops')],
  [ZMQ_RCVTIMEO, RECEIVE_TIMEOUT],
  [ZMQ_SNDTIMEO, same('sendTimeout')],
  [ZMQ_IPV4ONLY, IPV4_ONLY],
  [ZMQ_LAST_ENDPOINT, readOnly(same('lastEndpoint'))],
  [ZMQ_ROUTER_MANDATORY, flag('mandatory')],
  [ZMQ_TCP_KEEPALIVE, same('tcpKeepalive')],
  [ZMQ_TCP_KEEPALIVE_CNT, same('tcpKeepaliveCount')],
  [ZMQ_TCP_KEEPALIVE_IDLE, same('tcpKeepaliveIdle')],
  [ZMQ_TCP_KEEPALIVE_INTVL, same('tcpKeepaliveInterval')],
  [ZMQ_TCP_ACCEPT_FILTER, writeOnly(same('tcpAcceptFilter'))],
  [ZMQ_DELAY_ATTACH_ON_CONNECT, flag('immediate')],
  [ZMQ_XPUB_VERBOSE, VERBOSE],
  [ZMQ_ROUTER_RAW, { read: RAW, write: RAW }],
  [ZMQ_IPV6, flag('ipv6')],
  [ZMQ_MECHANISM, { read: ({ securityMechanism }) => MECHANISMS.indexOf(securityMechanism) }],
  [ZMQ_PLAIN_SERVER, flag('plainServer')],
  [ZMQ_PLAIN_USERNAME, same('plainUsername')],
  [ZMQ_PLAIN_PASSWORD, same('plainPassword')],
  [ZMQ_CURVE_SERVER, flag('curveServer')],
  [ZMQ_CURVE_PUBLICKEY, same('curvePublicKey')],
  [ZMQ_CURVE_SECRETKEY, same('curveSecretKey')],
  [ZMQ_CURVE_SERVERKEY, same('curveServerKey')],
  [ZMQ_ZAP_DOMAIN, same('zapDomain')],
  [ZMQ_ROUTER_HANDOVER, writeOnly(flag('handover'))],
  [ZMQ_HEARTBEAT_IVL, same('heartbeatInterval')],
  [ZMQ_HEARTBEAT_TTL, same('heartbeatTimeToLive')],
  [ZMQ_HEARTBEAT_TIMEOUT, same('heartbeatTimeout')],
  [ZMQ_CONNECT_TIMEOUT, same('connectTimeout')],
])
