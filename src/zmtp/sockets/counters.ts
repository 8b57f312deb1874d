// What a socket has counted: in all, and for each of its peers. Not known to the native package. Types only; nothing here costs a message
// anything, the numbers are read where they are kept anyway.
//
// What became of a message that was given to send is in one of four places: received at the other end, dropped or queued at either. Only
// what a connection held when it broke is in none: how much that was at most, `disconnect` says with `countUnconfirmed`.

/** Messages of a socket since it was made, and how many wait now. */
export interface SocketCounters {
  /** Handed to a connection; of what is published, for each peer that wanted it. */
  readonly sent: number
  /** Arrived whole for the application, read or not. */
  readonly received: number
  /**
   * Thrown away: no room at a peer that must not block, no such peer, a queue lost with its peer, unread at the end, out of turn, malformed,
   * broken off, not asked for, or replaced by a newer one with `conflate`. What nobody has subscribed to is not dropped.
   */
  readonly dropped: number
  /** Waiting to be sent. */
  readonly queuedToSend: number
  /** Waiting to be received. */
  readonly queuedToReceive: number
  /** How many peers have a connection or a queue. */
  readonly peers: number
}

/**
 * One peer of a socket as it is at the moment of asking: connected, or with a queue that waits for it. The numbers are those of
 * `SocketCounters`, and count from `connect`, over all connections to that endpoint, or from the connection of a peer that has come to us.
 */
export interface SocketPeer {
  /**
   * On a ROUTER or STREAM its routing id, the very Buffer that stands in front of each of its messages. On other sockets the identity that it has
   * announced. Empty: none, or not known before it has answered.
   */
  readonly identity: Buffer
  /** As announced: `DEALER`. Empty while it is not connected. */
  readonly socketType: string
  /** The endpoint that was connected, or our own address that the peer came to. */
  readonly endpoint: string
  /** Where it is: `tcp://127.0.0.1:40404`. `undefined` while it is not connected. */
  readonly address: string | undefined
  /** Who it has proved to be, where somebody has judged. */
  readonly userId?: string
  /** Since when it is connected; `undefined` while it is not. */
  readonly since: Date | undefined
  /** See `SocketCounters`. */
  readonly sent: number
  /** See `SocketCounters`. */
  readonly received: number
  /** See `SocketCounters`. */
  readonly dropped: number
  /** See `SocketCounters`. */
  readonly queuedToSend: number
  /** See `SocketCounters`. */
  readonly queuedToReceive: number
}
