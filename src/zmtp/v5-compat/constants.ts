// The numbers that version 5 exports: libzmq's, as its header has them, under the names they had then. Data only.

/** Number of the socket type `pair`. */
export const ZMQ_PAIR = 0
/** Number of the socket type `pub`. */
export const ZMQ_PUB = 1
/** Number of the socket type `sub`. */
export const ZMQ_SUB = 2
/** Number of the socket type `req`. */
export const ZMQ_REQ = 3
/** Number of the socket type `rep`. */
export const ZMQ_REP = 4
/** Number of the socket type `dealer`. */
export const ZMQ_DEALER = 5
/** Number of the socket type `xreq`, which is `dealer`. */
export const ZMQ_XREQ = 5
/** Number of the socket type `router`. */
export const ZMQ_ROUTER = 6
/** Number of the socket type `xrep`, which is `router`. */
export const ZMQ_XREP = 6
/** Number of the socket type `pull`. */
export const ZMQ_PULL = 7
/** Number of the socket type `push`. */
export const ZMQ_PUSH = 8
/** Number of the socket type `xpub`. */
export const ZMQ_XPUB = 9
/** Number of the socket type `xsub`. */
export const ZMQ_XSUB = 10
/** Number of the socket type `stream`. */
export const ZMQ_STREAM = 11

/** Option: `affinity` of version 6. */
export const ZMQ_AFFINITY = 4
/** Option: `routingId` of version 6. */
export const ZMQ_IDENTITY = 5
/** Option of SUB: messages that begin so are wanted. Cannot be read. */
export const ZMQ_SUBSCRIBE = 6
/** Option of SUB: takes one ZMQ_SUBSCRIBE back. Cannot be read. */
export const ZMQ_UNSUBSCRIBE = 7
/** Option: `rate` of version 6. */
export const ZMQ_RATE = 8
/** Option: `recoveryInterval` of version 6. */
export const ZMQ_RECOVERY_IVL = 9
/** The same as ZMQ_RECOVERY_IVL. */
export const ZMQ_RECOVERY_IVL_MSEC = 9
/** Option: `sendBufferSize` of version 6. */
export const ZMQ_SNDBUF = 11
/** Option: `receiveBufferSize` of version 6. */
export const ZMQ_RCVBUF = 12
/** Option that is not supported: messages come whole. Reading throws. */
export const ZMQ_RCVMORE = 13
/** Option that is not supported. Reading throws. */
export const ZMQ_FD = 14
/** Option: ZMQ_POLLIN and ZMQ_POLLOUT, as far as they hold. Cannot be written. */
export const ZMQ_EVENTS = 15
/** Option: `type` of version 6; cannot be written. */
export const ZMQ_TYPE = 16
/** Option: `linger` of version 6. */
export const ZMQ_LINGER = 17
/** Option: `reconnectInterval` of version 6. */
export const ZMQ_RECONNECT_IVL = 18
/** Option: `backlog` of version 6. */
export const ZMQ_BACKLOG = 19
/** Option: `reconnectMaxInterval` of version 6. */
export const ZMQ_RECONNECT_IVL_MAX = 21
/** Option: `maxMessageSize` of version 6. */
export const ZMQ_MAXMSGSIZE = 22
/** Option: `sendHighWaterMark` of version 6. */
export const ZMQ_SNDHWM = 23
/** Option: `receiveHighWaterMark` of version 6. */
export const ZMQ_RCVHWM = 24
/** Option: `multicastHops` of version 6. */
export const ZMQ_MULTICAST_HOPS = 25
/** Option: kept, without effect, for messages come by themselves. In ms. */
export const ZMQ_RCVTIMEO = 27
/** Option: `sendTimeout` of version 6. */
export const ZMQ_SNDTIMEO = 28
/** Option: the contrary of `ipv6` of version 6. */
export const ZMQ_IPV4ONLY = 31
/** Option: `lastEndpoint` of version 6; cannot be written. */
export const ZMQ_LAST_ENDPOINT = 32
/** Option: `mandatory` of version 6, as 0 or 1. */
export const ZMQ_ROUTER_MANDATORY = 33
/** Option: `tcpKeepalive` of version 6. */
export const ZMQ_TCP_KEEPALIVE = 34
/** Option: `tcpKeepaliveCount` of version 6. */
export const ZMQ_TCP_KEEPALIVE_CNT = 35
/** Option: `tcpKeepaliveIdle` of version 6. */
export const ZMQ_TCP_KEEPALIVE_IDLE = 36
/** Option: `tcpKeepaliveInterval` of version 6. */
export const ZMQ_TCP_KEEPALIVE_INTVL = 37
/** Option: `tcpAcceptFilter` of version 6; cannot be read. */
export const ZMQ_TCP_ACCEPT_FILTER = 38
/** Option: `immediate` of version 6, as 0 or 1. */
export const ZMQ_DELAY_ATTACH_ON_CONNECT = 39
/** Option of XPUB: 1 is `verbosity` `allSubs` of version 6. Reading throws. */
export const ZMQ_XPUB_VERBOSE = 40
/** Option that is not supported. Reading and writing throw. */
export const ZMQ_ROUTER_RAW = 41
/** Option: `ipv6` of version 6, as 0 or 1. */
export const ZMQ_IPV6 = 42
/** Option: 0 none, 1 PLAIN, 2 CURVE. Cannot be written. */
export const ZMQ_MECHANISM = 43
/** Option: `plainServer` of version 6, as 0 or 1. */
export const ZMQ_PLAIN_SERVER = 44
/** Option: `plainUsername` of version 6. */
export const ZMQ_PLAIN_USERNAME = 45
/** Option: `plainPassword` of version 6. */
export const ZMQ_PLAIN_PASSWORD = 46
/** Option: `curveServer` of version 6, as 0 or 1. */
export const ZMQ_CURVE_SERVER = 47
/** Option: `curvePublicKey` of version 6. */
export const ZMQ_CURVE_PUBLICKEY = 48
/** Option: `curveSecretKey` of version 6. */
export const ZMQ_CURVE_SECRETKEY = 49
/** Option: `curveServerKey` of version 6. */
export const ZMQ_CURVE_SERVERKEY = 50
/** Option: `zapDomain` of version 6. */
export const ZMQ_ZAP_DOMAIN = 55
/** Option: `handover` of version 6, as 0 or 1; cannot be read. */
export const ZMQ_ROUTER_HANDOVER = 56
/** Option: `heartbeatInterval` of version 6. */
export const ZMQ_HEARTBEAT_IVL = 75
/** Option: `heartbeatTimeToLive` of version 6. */
export const ZMQ_HEARTBEAT_TTL = 76
/** Option: `heartbeatTimeout` of version 6. */
export const ZMQ_HEARTBEAT_TIMEOUT = 77
/** Option: `connectTimeout` of version 6. */
export const ZMQ_CONNECT_TIMEOUT = 79

/** Option of the context: `Context.setMaxThreads`. */
export const ZMQ_IO_THREADS = 1
/** Option of the context: `Context.setMaxSockets`. */
export const ZMQ_MAX_SOCKETS = 2

/** Bit of ZMQ_EVENTS: a message is there. */
export const ZMQ_POLLIN = 1
/** Bit of ZMQ_EVENTS: a message can be sent. */
export const ZMQ_POLLOUT = 2
/** Bit of ZMQ_EVENTS in libzmq; never set here. */
export const ZMQ_POLLERR = 4

/** Flag of `send`: more parts follow. */
export const ZMQ_SNDMORE = 2

// What the library can do, for programs that also ran with the libzmq of their day.
/** For programs that ask whether the library has `disconnect`. */
export const ZMQ_CAN_DISCONNECT = 1
/** For programs that ask whether the library has `monitor`. */
export const ZMQ_CAN_MONITOR = 1
/** For programs that ask whether the options of the context can be set. */
export const ZMQ_CAN_SET_CTX = 1
/** For programs that ask whether the library has `unbind`. */
export const ZMQ_CAN_UNBIND = 1

/** State of a socket in version 5: open. */
export const STATE_READY = 0
/** State of a socket in version 5: a bind is under way. */
export const STATE_BUSY = 1
/** State of a socket in version 5: closed. */
export const STATE_CLOSED = 2

/** Options by their short names; each is a property of a socket as well. */
export const shortOptions = {
  _fd: 14,
  _ioevents: 15,
  _receiveMore: 13,
  _subscribe: 6,
  _unsubscribe: 7,
  affinity: 4,
  backlog: 19,
  identity: 5,
  linger: 17,
  rate: 8,
  rcvbuf: 12,
  last_endpoint: 32,
  reconnect_ivl: 18,
  recovery_ivl: 9,
  sndbuf: 11,
  mechanism: 43,
  plain_server: 44,
  plain_username: 45,
  plain_password: 46,
  curve_server: 47,
  curve_publickey: 48,
  curve_secretkey: 49,
  curve_serverkey: 50,
  zap_domain: 55,
  heartbeat_ivl: 75,
  heartbeat_ttl: 76,
  heartbeat_timeout: 77,
  connect_timeout: 79,
} as const

/** The short names of options. */
export type ShortOption = keyof typeof shortOptions
