// What a participant counts, for `stats()`: every frame and call that has no other trace ends up in one of these numbers.

/** What a participant has counted since it was made. */
export class Counters {
  /** Calls made here. */
  started = 0
  /** Calls made here that were answered with a result. */
  succeeded = 0
  /** Calls made here that failed in another way than the next two. */
  failed = 0
  /** Calls made here whose time was over. */
  timedOut = 0
  /** Calls made here that were given up by their signal. */
  cancelled = 0
  /** Calls that cannot be sent again, should that be asked: what is kept for it was full. */
  unkept = 0
  /** Calls sent again after their connection was lost. */
  retried = 0
  /** Calls that would have been sent again if not too many were. */
  overBudget = 0
  /** Answers to no open call: late, repeated, or never asked for. */
  late = 0
  /** Calls of peers that were begun. */
  handled = 0
  /** Calls of peers that were answered with a result. */
  answered = 0
  /** Calls of peers that were answered with an error. */
  threw = 0
  /** Calls of peers that were refused before they began. */
  refused = 0
  /** Calls of peers that were asked for again while they ran. */
  joined = 0
  /** Calls of peers that were asked for again after that, and answered from memory. */
  replayed = 0
  /** Outcomes that were not remembered, or not as long as they should be, because too many were. */
  unremembered = 0
  /** Peers that were not let in. */
  unauthenticated = 0
  /** Results of functions whose caller had gone or given up. */
  dropped = 0
  /** Items of streams that went out. */
  itemsSent = 0
  /** Items of streams that came in. */
  itemsReceived = 0
  /** Calls without an answer that went out. */
  notifiesSent = 0
  /** Calls without an answer that came in. */
  notifiesReceived = 0
  /** Notifies that found no way out or no function. */
  notifiesDropped = 0
  /** How often a peer was read from no more, because it did not read itself. */
  slowPeers = 0
  /** Messages written to connections that were lost, since the last PING that the peer answered: they may have arrived, or not. */
  unconfirmed = 0
  /** Frames and keys that mean nothing here. */
  ignored = 0
  /** Sessions ended because the peer broke the protocol. */
  protocolErrors = 0
  /** Events whose listener threw, and there was nobody to tell. */
  listenerErrors = 0
}

/** A copy of the counters, and what is going on at the moment. */
export interface Stats extends Readonly<Counters> {
  /** Calls made here that wait for a connection. */
  readonly queued: number
  /** Calls made here that are sent and not settled. */
  readonly inFlight: number
  /** Calls of peers that run. */
  readonly running: number
  /** Calls of peers that wait for a slot. */
  readonly waiting: number
  /** Connected peers. */
  readonly peers: number
  /** Octets that are written and wait for peers to take them. */
  readonly queuedBytes: number
}

/** A session is one. */
interface Countable {
  readonly open: boolean
  readonly inFlight: number
  readonly queuedCalls: number
  readonly connection: { readonly queuedBytes: number }
}

/** `queuedCalls`: those that wait for no session in particular. */
export function statsOf(
  counters: Counters,
  sessions: Iterable<Countable>,
  queuedCalls: number,
  { running, waiting }: { readonly running: number; readonly waiting: number },
): Stats {
  let inFlight = 0
  let queued = queuedCalls
  let peers = 0
  let queuedBytes = 0
  for (const session of sessions) {
    if (!session.open) continue
    peers++
    inFlight += session.inFlight
    queued += session.queuedCalls
    queuedBytes += session.connection.queuedBytes
  }
  return { ...counters, queued, inFlight, running, waiting, peers, queuedBytes }
}
