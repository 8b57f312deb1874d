/**
 * Every socket option as one table: its name as a property, libzmq's number, type, access, default, which socket types have it, when it
 * takes effect and which values are refused (as libzmq 4.3.5 refuses them). Data only; `options.ts` keeps the values.
 * Adding an option is adding a row, and reading it where it matters.
 */

import { parseNetwork } from '../transport/accept-filter.ts'

/** How libzmq passes the value. Bool, Int32 and Uint32 are the same four octets to it, Int64 and Uint64 the same eight. */
export type OptionKind = 'Bool' | 'Int32' | 'Uint32' | 'Int64' | 'Uint64' | 'String'

export type OptionValue = number | bigint | boolean | Buffer | null

/** A value as it was passed: a number for Bool, Int32 and Uint32, a bigint for 64 bits, octets or null for String. */
export type Passed = number | bigint | Buffer | null

export interface OptionRow {
  readonly name: string
  readonly id: number
  readonly kind: OptionKind
  /** As a property. */
  readonly access: 'rw' | 'r' | 'w'
  readonly initial: OptionValue
  /** Bit n: socket type n has it as a property. */
  readonly sockets: number
  /** Bit n: socket type n has it by number. */
  readonly byNumber: number
  /** By number it can only be written. */
  readonly mute: boolean
  /** Takes effect at once; otherwise with the next bind or connect, and setting it later brings a warning. */
  readonly atOnce: boolean
  readonly accepts: (value: Passed) => boolean
  /** What is kept when `value` is written over `before`; without it, `value`, or for Bool whether it is other than 0. */
  readonly keeps?: (value: Passed, before: OptionValue) => OptionValue
}

// Numbers that code refers to.
export const ROUTING_ID = 5
export const SUBSCRIBE = 6
export const UNSUBSCRIBE = 7
export const BACKLOG = 19
export const MAX_MESSAGE_SIZE = 22
export const SEND_HIGH_WATER_MARK = 23
export const RECEIVE_HIGH_WATER_MARK = 24
export const RECEIVE_TIMEOUT = 27
export const SEND_TIMEOUT = 28
export const EVENTS = 15
export const TYPE = 16
export const LINGER = 17
export const RECONNECT_INTERVAL = 18
export const RECONNECT_MAX_INTERVAL = 21
export const LAST_ENDPOINT = 32
export const MANDATORY = 33
export const TCP_KEEPALIVE = 34
export const TCP_KEEPALIVE_IDLE = 36
export const TCP_ACCEPT_FILTER = 38
export const IMMEDIATE = 39
export const XPUB_VERBOSE = 40
export const IPV6 = 42
export const MECHANISM = 43
export const PLAIN_SERVER = 44
export const PLAIN_USERNAME = 45
export const PLAIN_PASSWORD = 46
export const CURVE_SERVER = 47
export const CURVE_PUBLIC_KEY = 48
export const CURVE_SECRET_KEY = 49
export const CURVE_SERVER_KEY = 50
export const PROBE_ROUTER = 51
export const CORRELATE = 52
export const RELAXED = 53
export const CONFLATE = 54
export const ZAP_DOMAIN = 55
export const HANDOVER = 56
export const CONNECT_ROUTING_ID = 61
export const HANDSHAKE_INTERVAL = 66
export const SOCKS_PROXY = 68
export const NO_DROP = 69
export const MANUAL = 71
export const WELCOME_MESSAGE = 72
export const NOTIFY = 73
export const INVERT_MATCHING = 74
export const HEARTBEAT_INTERVAL = 75
export const HEARTBEAT_TTL = 76
export const HEARTBEAT_TIMEOUT = 77
export const XPUB_VERBOSER = 78
export const CONNECT_TIMEOUT = 79
export const THREAD_SAFE = 81
export const ZAP_ENFORCE_DOMAIN = 93
export const SOCKS_USERNAME = 99
export const SOCKS_PASSWORD = 100
// Ours, above all of libzmq's.
export const MAX_PENDING_SENDS = 0x10001
export const MAX_PENDING_RECEIVES = 0x10002
export const COUNT_UNCONFIRMED = 0x10003

// Socket types, by libzmq's number.
export const PAIR = 0
export const PUB = 1
export const SUB = 2
export const REQ = 3
export const REP = 4
export const DEALER = 5
export const ROUTER = 6
export const PULL = 7
export const PUSH = 8
export const XPUB = 9
export const XSUB = 10
export const STREAM = 11

const types = (...numbers: number[]): number => numbers.reduce((mask, type) => mask | (1 << type), 0)

export const ALL_TYPES: number = types(
  PAIR,
  PUB,
  SUB,
  REQ,
  REP,
  DEALER,
  ROUTER,
  PULL,
  PUSH,
  XPUB,
  XSUB,
  STREAM,
)
const WITH_SEND = types(PAIR, PUB, REQ, REP, DEALER, ROUTER, PUSH, XPUB, XSUB, STREAM)
const WITH_RECEIVE = types(PAIR, SUB, REQ, REP, DEALER, ROUTER, PULL, XPUB, XSUB, STREAM)
const WITH_CONFLATE = types(PUB, SUB, DEALER, PULL, PUSH)

type Accepts = OptionRow['accepts']

const anything: Accepts = () => true
const nothing: Accepts = () => false
const from =
  (least: number, most = 0x7fff_ffff): Accepts =>
  (value) =>
    (value as number) >= least && (value as number) <= most
// libzmq is strict with some truths, and takes any number from 0 for others.
const truth: Accepts = from(0, 1)
const natural: Accepts = from(0)
const sized =
  (least: number, most: number): Accepts =>
  (value) => {
    if (value === null) return least === 0
    const size = (value as Buffer).length
    return size >= Math.max(1, least) && size <= most
  }

const network: Accepts = (value) => value === null || parseNetwork((value as Buffer).toString()) !== undefined
const upTo255: Accepts = (value) => value === null || (value as Buffer).length <= 255
const emptyIsNone = (value: Passed): OptionValue =>
  (value as Buffer | null)?.length ? (value as Buffer) : null
/** Each write adds to the list, null empties it. */
const oneMore = (value: Passed, before: OptionValue): OptionValue =>
  value === null || before === null ? value : Buffer.from(`${before},${value}`)
/** What null takes back is the mechanism, not the name or the password. */
const unlessNull = (value: Passed, before: OptionValue): OptionValue => value ?? before
/** What fits on the wire, and what libzmq reads back. */
const wholeTenths = (ms: Passed): OptionValue => Math.trunc((ms as number) / 100) * 100

function late(
  name: string,
  id: number,
  kind: OptionKind,
  initial: OptionValue,
  sockets: number,
  accepts: Accepts = anything,
  access: OptionRow['access'] = 'rw',
): OptionRow {
  return {
    name,
    id,
    kind,
    access,
    initial,
    sockets,
    byNumber: ALL_TYPES,
    mute: false,
    atOnce: false,
    accepts,
  }
}

function atOnce(...row: Parameters<typeof late>): OptionRow {
  return { ...late(...row), atOnce: true }
}

/** Any use by number throws EINVAL, and with it any use of the property. */
function nowhere(row: OptionRow): OptionRow {
  return { ...row, byNumber: 0 }
}

/** An option of a pattern, not of all sockets: by number, too, only some types have it (`sockets` and `more`), and cannot read it. */
function special(row: OptionRow, more = 0): OptionRow {
  return { ...row, byNumber: row.sockets | more, mute: row.access === 'w' }
}

export const OPTIONS: readonly OptionRow[] = [
  late('affinity', 4, 'Uint64', 0n, ALL_TYPES),
  late('routingId', ROUTING_ID, 'String', null, types(REQ, REP, DEALER, ROUTER), sized(1, 255)),
  late('rate', 8, 'Int32', 100, ALL_TYPES, from(1)),
  late('recoveryInterval', 9, 'Int32', 10000, ALL_TYPES, from(0)),
  late('sendBufferSize', 11, 'Int32', -1, WITH_SEND, from(-1)),
  late('receiveBufferSize', 12, 'Int32', -1, WITH_RECEIVE, from(-1)),
  late('type', TYPE, 'Int32', null, ALL_TYPES, nothing, 'r'),
  atOnce('linger', LINGER, 'Int32', -1, ALL_TYPES, from(-1)),
  late('reconnectInterval', RECONNECT_INTERVAL, 'Int32', 100, ALL_TYPES, from(-1)),
  late('backlog', BACKLOG, 'Int32', 100, ALL_TYPES, from(0)),
  late('reconnectMaxInterval', RECONNECT_MAX_INTERVAL, 'Int32', 0, ALL_TYPES, from(0)),
  late('maxMessageSize', MAX_MESSAGE_SIZE, 'Int64', -1n, ALL_TYPES),
  atOnce('sendHighWaterMark', SEND_HIGH_WATER_MARK, 'Int32', 1000, WITH_SEND, from(0)),
  atOnce('receiveHighWaterMark', RECEIVE_HIGH_WATER_MARK, 'Int32', 1000, WITH_RECEIVE, from(0)),
  late('multicastHops', 25, 'Int32', 1, WITH_SEND, from(1)),
  atOnce('receiveTimeout', RECEIVE_TIMEOUT, 'Int32', -1, WITH_RECEIVE, from(-1)),
  atOnce('sendTimeout', SEND_TIMEOUT, 'Int32', -1, WITH_SEND, from(-1)),
  late('lastEndpoint', LAST_ENDPOINT, 'String', null, ALL_TYPES, nothing, 'r'),
  special(atOnce('mandatory', MANDATORY, 'Bool', false, types(ROUTER), natural)),
  late('tcpKeepalive', TCP_KEEPALIVE, 'Int32', -1, ALL_TYPES, from(-1, 1)),
  late('tcpKeepaliveCount', 35, 'Int32', -1, ALL_TYPES, from(-1)),
  late('tcpKeepaliveIdle', TCP_KEEPALIVE_IDLE, 'Int32', -1, ALL_TYPES, from(-1)),
  late('tcpKeepaliveInterval', 37, 'Int32', -1, ALL_TYPES, from(-1)),
  { ...late('tcpAcceptFilter', TCP_ACCEPT_FILTER, 'String', null, ALL_TYPES, network), keeps: oneMore },
  late('immediate', IMMEDIATE, 'Bool', false, ALL_TYPES, truth),
  late('ipv6', IPV6, 'Bool', false, ALL_TYPES, truth),
  late('securityMechanism', MECHANISM, 'Int32', null, ALL_TYPES, nothing, 'r'),
  late('plainServer', PLAIN_SERVER, 'Bool', false, ALL_TYPES, truth),
  { ...late('plainUsername', PLAIN_USERNAME, 'String', null, ALL_TYPES, sized(0, 255)), keeps: unlessNull },
  { ...late('plainPassword', PLAIN_PASSWORD, 'String', null, ALL_TYPES, sized(0, 255)), keeps: unlessNull },
  late('curveServer', CURVE_SERVER, 'Bool', false, ALL_TYPES, truth),
  late('curvePublicKey', CURVE_PUBLIC_KEY, 'String', null, ALL_TYPES),
  late('curveSecretKey', CURVE_SECRET_KEY, 'String', null, ALL_TYPES),
  late('curveServerKey', CURVE_SERVER_KEY, 'String', null, ALL_TYPES),
  special(atOnce('probeRouter', PROBE_ROUTER, 'Bool', false, types(REQ, DEALER, ROUTER), natural, 'w')),
  special(atOnce('correlate', CORRELATE, 'Bool', false, types(REQ), natural, 'w')),
  special(atOnce('relaxed', RELAXED, 'Bool', false, types(REQ), natural, 'w')),
  late('conflate', CONFLATE, 'Bool', false, WITH_CONFLATE, truth, 'w'),
  late('zapDomain', ZAP_DOMAIN, 'String', null, ALL_TYPES, sized(1, 255)),
  special(atOnce('handover', HANDOVER, 'Bool', false, types(ROUTER), natural, 'w')),
  late('typeOfService', 57, 'Uint32', 0, ALL_TYPES, from(0)),
  late('handshakeInterval', HANDSHAKE_INTERVAL, 'Int32', 30000, ALL_TYPES, from(0)),
  late('socksProxy', SOCKS_PROXY, 'String', null, ALL_TYPES, sized(0, 0x7fff_ffff)),
  special(late('noDrop', NO_DROP, 'Bool', false, types(PUB, XPUB), natural, 'w')),
  special(late('manual', MANUAL, 'Bool', false, types(XPUB), natural, 'w'), types(PUB)),
  special(late('welcomeMessage', WELCOME_MESSAGE, 'String', null, types(XPUB), anything, 'w'), types(PUB)),
  special(late('notify', NOTIFY, 'Bool', true, types(STREAM), truth, 'w')),
  late('invertMatching', INVERT_MATCHING, 'Bool', false, types(PUB, SUB, XPUB)),
  late('heartbeatInterval', HEARTBEAT_INTERVAL, 'Int32', 0, ALL_TYPES, from(0)),
  // Told to the peer in tenths of a second, in two octets: what does not fit is refused.
  {
    ...late('heartbeatTimeToLive', HEARTBEAT_TTL, 'Int32', 0, ALL_TYPES, from(-99, 6_553_599)),
    keeps: wholeTenths,
  },
  late('heartbeatTimeout', HEARTBEAT_TIMEOUT, 'Int32', -1, ALL_TYPES, from(0)),
  late('connectTimeout', CONNECT_TIMEOUT, 'Int32', 0, ALL_TYPES, from(0)),
  late('tcpMaxRetransmitTimeout', 80, 'Int32', 0, ALL_TYPES, from(0)),
  late('threadSafe', THREAD_SAFE, 'Bool', false, ALL_TYPES, nothing, 'r'),
  late('multicastMaxTransportDataUnit', 84, 'Int32', 1500, ALL_TYPES, from(1)),
  late('interface', 92, 'String', null, ALL_TYPES, sized(0, 16)),
  late('zapEnforceDomain', ZAP_ENFORCE_DOMAIN, 'Bool', false, ALL_TYPES),
  late('loopbackFastPath', 94, 'Bool', false, ALL_TYPES),
  // Known to the package, not to the build of libzmq in it: there is the property, and nothing behind it.
  nowhere(late('vmciBufferSize', 85, 'Uint64', 0n, ALL_TYPES)),
  nowhere(late('vmciBufferMinSize', 86, 'Uint64', 0n, ALL_TYPES)),
  nowhere(late('vmciBufferMaxSize', 87, 'Uint64', 0n, ALL_TYPES)),
  nowhere(late('vmciConnectTimeout', 88, 'Int32', 0, ALL_TYPES)),
  // Not libzmq's: how many sends and receives may wait at once. 1 is the native package's rule.
  atOnce('maxPendingSends', MAX_PENDING_SENDS, 'Int32', 1, WITH_SEND, from(1)),
  atOnce('maxPendingReceives', MAX_PENDING_RECEIVES, 'Int32', 1, WITH_RECEIVE, from(1)),
  // Nor this: PINGs have a context, which libzmq's never have.
  late('countUnconfirmed', COUNT_UNCONFIRMED, 'Bool', false, WITH_SEND, truth),
]

/** Options that exist only as raw numbers, for `setStringOption` and its kin. */
export const RAW_OPTIONS: readonly OptionRow[] = [
  special(
    late('connectRoutingId', CONNECT_ROUTING_ID, 'String', null, types(ROUTER, STREAM), sized(1, 255), 'w'),
  ),
  special(atOnce('subscribe', SUBSCRIBE, 'String', null, types(SUB, XPUB), anything, 'w')),
  special(atOnce('unsubscribe', UNSUBSCRIBE, 'String', null, types(SUB, XPUB), anything, 'w')),
  special(atOnce('verbose', XPUB_VERBOSE, 'Bool', false, types(XPUB), natural, 'w'), types(PUB)),
  special(atOnce('verboser', XPUB_VERBOSER, 'Bool', false, types(XPUB), natural, 'w'), types(PUB)),
  // Whether a part is the last one of its message: always, here, as messages are received whole.
  late('receiveMore', 13, 'Int32', 0, 0, nothing, 'r'),
  late('events', EVENTS, 'Int32', 0, 0, nothing, 'r'),
  { ...late('socksUsername', SOCKS_USERNAME, 'String', null, ALL_TYPES, upTo255), keeps: emptyIsNone },
  { ...late('socksPassword', SOCKS_PASSWORD, 'String', null, ALL_TYPES, upTo255), keeps: emptyIsNone },
]

// What neither this nor the native build has is absent, as `capability` says: gssapi*. Setting an absent option throws, so nobody
// believes a filter or a cipher to be in force that is not.
