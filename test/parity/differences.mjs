// The rows of docs/zeromq-differences.md that probes refer to, by their first cells, and differences that more than one probe meets.

export const ADDED = {
  many: '`receiveMany`, `batches()`, `sendMany`',
  pending: '`maxPendingSends`, `maxPendingReceives`',
  unconfirmed: '`countUnconfirmed`',
  maxBuffered: '`maxBufferedBytes` of a Context',
  authenticator: '`socket.authenticator`',
  sender: '`socket.senderOf(message)`',
  counters: '`socket.counters`',
  peers: '`socket.peers`',
  dispose: '`[Symbol.asyncDispose]`',
  signal: '`{ signal }` for send, receive and the batch forms',
  subscribe: '`subscribe`, `unsubscribe` of XPublisher',
}

export const ROWS = {
  conflateSubscriber: '`conflate` on a SUB',
  inproc: 'inproc',
  ipc: 'ipc',
  mandatoryAlone: '`mandatory` without any peer',
  mandatoryFull: '`mandatory` with the peer full and another one not',
  manyParts: 'messages of more than 65,536 parts',
  noDropWritable: '`noDrop` and `writable`',
  proxyOfNothing: '`new Proxy` with an object that is no socket',
  routingIdPart: 'the routing id part of received messages',
  severalPartsUp: 'what an XSUB sends up in several parts',
  takenId: 'a routing id given to `connect` that another peer has',
  twins: 'a second peer of the same identity at a ROUTER',
  twinsOfReply: 'two REQ of the same identity at a REP',
  unbindSync: '`unbindSync`',
  context: 'what is no context, given as `context`; what is no socket, given to an Observer',
  curveKeys: 'reading `curvePublicKey`, `curveSecretKey`, `curveServerKey`',
  dataView: 'DataView as a part',
  dataViewOption: 'DataView as the value of an option',
  draft: 'draft sockets (types 12 to 19) and their `join` and `leave`',
  abstract: 'ipc',
  acceptFilterIpv6: '`tcpAcceptFilter` with an IPv6 network',
  acceptFilterText: '`tcpAcceptFilter` with text such as `127.1/8`, `127`, `10.0.0.0/8x`',
  ipv4OverIpv6: 'an IPv4 address bound with `ipv6`',
  ipv6: 'IPv6 addresses without `ipv6`',
  lenient:
    'addresses such as `tcp://h:99999`, `tcp://h:22x`, `tcp://h:1 `, `tcp://:1`, `tcp://a:b:1`, `tcp://[127.0.0.1]:1`, an IPv6 address without brackets, `ipc://*` to connect to',
  longId: 'a routing id of more than 255 octets given to `connect`',
  mandatory: 'reading `mandatory`, `tcpAcceptFilter`',
  members: 'members of the classes',
  noContext: '`context: undefined`',
  nameless:
    'options that have a number but no name: 14, 31, 41, 58 to 60, 89, those of ROUTER on a REP, drafts from 95 on except 99 and 100; 6 to 10 of a context',
  oddParts: 'a message of an odd number of parts, sent through a Stream',
  optionsObject: 'the options object given to a constructor',
  sharedArrayBuffer: 'SharedArrayBuffer as a part',
  proxyOfArray: 'a Proxy of an array as a message',
  transports: 'transports beside tcp, ipc and inproc',
  wrongWay: 'receiving on a PUB or PUSH, sending on a SUB or PULL',
}

export const EINVAL = 'throws Error "Invalid argument", errno 22, code \'EINVAL\''

/** EINVAL of a bind, connect, unbind or disconnect. */
export const EINVAL_AT = /"Invalid argument", errno 22, code 'EINVAL', address/
