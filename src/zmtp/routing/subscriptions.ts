/**
 * Who wants what, at a publisher: a set of pipes for each topic, and the topics of each pipe, bounded. A peer that subscribes twice to a
 * topic and cancels once has no subscription left, as in libzmq; subscribers do the counting (RFC 29).
 */
import { LimitError } from '../../base/errors.ts'
import type { Distributor } from './distributor.ts'
import type { Pipe } from './pipe.ts'
import { Topics } from './topics.ts'

/** What `add` and `remove` found. */
export const FIRST = 0
export const REPEATED = 1
export const LAST = 2
export const REMAINING = 3
export const UNKNOWN = 4

export class Subscriptions {
  readonly #topics: Topics<Entry> = new Topics()
  readonly #peers = new Map<Pipe, PeerTopics>()
  readonly #found: Entry[] = []

  /** Topics that anybody wants. */
  get size(): number {
    return this.#topics.size
  }

  /** `topic` is kept: it must not change. FIRST: nobody had it; REPEATED: this pipe or another did. */
  add(pipe: Pipe, topic: Buffer): number {
    let entry = this.#topics.find(topic)
    const first = entry === undefined
    if (entry === undefined) {
      entry = { topic, pipes: new Set() }
      this.#topics.set(topic, entry)
    }
    entry.pipes.add(pipe)
    let peer = this.#peers.get(pipe)
    if (peer === undefined) {
      peer = { entries: new Set(), octets: 0 }
      this.#peers.set(pipe, peer)
    }
    if (!peer.entries.has(entry)) peer.octets += topic.length
    peer.entries.add(entry)
    return first ? FIRST : REPEATED
  }

  /** LAST: nobody wants it any more; REMAINING: others do; UNKNOWN: this pipe did not. */
  remove(pipe: Pipe, topic: Buffer): number {
    const entry = this.#topics.find(topic)
    const peer = this.#peers.get(pipe)
    if (entry === undefined || peer === undefined || !peer.entries.delete(entry)) return UNKNOWN
    peer.octets -= topic.length
    return this.#leave(entry, pipe)
  }

  /** Removes all that `pipe` wants; `onRemoved` hears of each topic, with LAST or REMAINING. */
  removeAll(pipe: Pipe, onRemoved: (topic: Buffer, found: number) => void): void {
    const peer = this.#peers.get(pipe)
    if (peer === undefined) return
    this.#peers.delete(pipe)
    for (const entry of peer.entries) onRemoved(entry.topic, this.#leave(entry, pipe))
  }

  /** Why `pipe` may not have `topic` besides what it has; `undefined` when it may, or has it already. */
  excess(pipe: Pipe, topic: Buffer): LimitError | undefined {
    const peer = this.#peers.get(pipe)
    const count = (peer?.entries.size ?? 0) + 1
    const octets = (peer?.octets ?? 0) + topic.length
    if (count <= TOPICS_MAX && octets <= TOPIC_OCTETS_MAX && topic.length <= TOPIC_SIZE_MAX) return undefined
    if (this.#topics.find(topic)?.pipes.has(pipe) === true) return undefined
    if (topic.length > TOPIC_SIZE_MAX) {
      return new LimitError('TOPICS_TOO_LARGE', 'maxTopicSize', TOPIC_SIZE_MAX, topic.length)
    }
    return count > TOPICS_MAX
      ? new LimitError('TOO_MANY_TOPICS', 'maxTopics', TOPICS_MAX, count)
      : new LimitError('TOPICS_TOO_LARGE', 'maxTopicOctets', TOPIC_OCTETS_MAX, octets)
  }

  /** Chooses all pipes that want a message whose first part is `body`. */
  choose(body: Buffer, distributor: Distributor): void {
    const found = this.#found
    this.#topics.collect(body, found)
    for (const entry of found) for (const pipe of entry.pipes) distributor.choose(pipe)
    found.length = 0
  }

  #leave(entry: Entry, pipe: Pipe): number {
    entry.pipes.delete(pipe)
    if (entry.pipes.size > 0) return REMAINING
    this.#topics.delete(entry.topic)
    return LAST
  }
}

interface Entry {
  readonly topic: Buffer
  readonly pipes: Set<Pipe>
}

interface PeerTopics {
  readonly entries: Set<Entry>
  octets: number
}

// What one peer may make a publisher keep. A topic costs a few hundred octets beside its own.
const TOPICS_MAX = 10_000
const TOPIC_OCTETS_MAX = 0x10_0000
const TOPIC_SIZE_MAX = 4096
