// Socket types by libzmq's number: the name in the greeting's metadata and the pattern behind it. A new type is a row here, a pattern, and a
// class with its options.
import { DEALER, PAIR, PUB, PULL, PUSH, REP, REQ, ROUTER, STREAM, SUB, XPUB, XSUB } from '../option-table.ts'
import { DealerPattern } from './dealer.ts'
import { PairPattern } from './pair.ts'
import type { Pattern, PatternHost } from './pattern.ts'
import { PublisherPattern } from './publisher.ts'
import { PullPattern } from './pull.ts'
import { PushPattern } from './push.ts'
import { ReplyPattern } from './reply.ts'
import { RequestPattern } from './request.ts'
import { RouterPattern } from './router.ts'
import { StreamPattern } from './stream.ts'
import { SubscriberPattern } from './subscriber.ts'
import { XPublisherPattern } from './xpublisher.ts'
import { XSubscriberPattern } from './xsubscriber.ts'

export interface PatternRow {
  /** As announced in READY; STREAM announces nothing, there is no ZMTP on its connections. */
  readonly socketType: string
  /** A second connect to the same endpoint changes nothing. */
  readonly connectsOnce: boolean
  readonly create: (host: PatternHost) => Pattern
}

export const PATTERNS: ReadonlyMap<number, PatternRow> = new Map([
  [PAIR, { socketType: 'PAIR', connectsOnce: false, create: (host) => new PairPattern(host) }],
  [PUB, { socketType: 'PUB', connectsOnce: true, create: (host) => new PublisherPattern(host) }],
  [SUB, { socketType: 'SUB', connectsOnce: true, create: (host) => new SubscriberPattern(host) }],
  [REQ, { socketType: 'REQ', connectsOnce: true, create: (host) => new RequestPattern(host) }],
  [REP, { socketType: 'REP', connectsOnce: false, create: (host) => new ReplyPattern(host) }],
  [DEALER, { socketType: 'DEALER', connectsOnce: true, create: (host) => new DealerPattern(host) }],
  [ROUTER, { socketType: 'ROUTER', connectsOnce: false, create: (host) => new RouterPattern(host) }],
  [PULL, { socketType: 'PULL', connectsOnce: false, create: (host) => new PullPattern(host) }],
  [PUSH, { socketType: 'PUSH', connectsOnce: false, create: (host) => new PushPattern(host) }],
  [XPUB, { socketType: 'XPUB', connectsOnce: false, create: (host) => new XPublisherPattern(host) }],
  [XSUB, { socketType: 'XSUB', connectsOnce: false, create: (host) => new XSubscriberPattern(host) }],
  [STREAM, { socketType: 'STREAM', connectsOnce: false, create: (host) => new StreamPattern(host) }],
] satisfies [number, PatternRow][])
