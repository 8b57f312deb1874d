// A connection in memory between two RPC sessions, for operations in any order: messages wait on it until they are delivered, it gets
// congested, is paused, ended gently or at once by either side, or cut. What a Driver promises its receiver it promises too: onEnd
// once, last, and in the same turn for the side that destroys.
import type { PseudError } from '../../src/base/errors.ts'
import { LinkError } from '../../src/base/errors.ts'
import { Mark, Slab } from '../../src/base/slab.ts'
import type { Driver, PeerInfo, Receiver } from '../../src/zmtp/connections.ts'

const CONGESTED_MESSAGES = 6

interface Core {
  receiver(driver: Driver): Receiver
}

export class LinkEnd {
  readonly endpoint = 'inproc://fuzz'
  readonly remoteAddress = 'inproc://fuzz'
  readonly outgoing: boolean
  succeeded = false
  congested = false
  rttMs: number | undefined = undefined
  lastHeard = 0
  over = false
  readonly peer: PeerInfo
  receiver!: Receiver
  other!: LinkEnd
  /** Messages on their way to the other end, each as its frames. */
  readonly underWay: Buffer[][] = []
  readonly #slab = new Slab()
  readonly #mark = new Mark()
  readonly #now: () => number
  #frames: Buffer[] = []
  #paused = false
  #ending = false
  #delivering = false

  /** `first`: the peer speaks protocol 1. */
  constructor(socketType: string, outgoing: boolean, first: boolean, now: () => number) {
    this.outgoing = outgoing
    this.#now = now
    this.peer = {
      socketType,
      identity: Buffer.from(outgoing ? 'server' : first ? 'client' : ''),
      properties: new Map(first ? [] : [['x-pseud', Buffer.from('2')]]),
      major: 3,
      minor: 1,
      userId: undefined,
      userMetadata: new Map(),
    }
  }

  get driver(): Driver {
    return this as unknown as Driver
  }

  handOver(receiver: Receiver): void {
    this.receiver = receiver
  }

  get ready(): boolean {
    return !this.over && !this.#ending
  }

  get queuedBytes(): number {
    return this.underWay.reduce((sum, frames) => sum + frames.at(-1)!.length, 0)
  }

  // -- what the fuzzer does -------------------------------------------------------------------------------------------------

  /** Hands at most `most` messages to the other end; how many it took. */
  deliver(most: number = Number.POSITIVE_INFINITY): number {
    const { other, underWay } = this
    if (other.#delivering) return 0
    other.#delivering = true
    let taken = 0
    while (taken < most && underWay.length > 0 && !other.over && !other.#ending && !other.#paused) {
      const frames = underWay.shift()!
      taken++
      other.lastHeard = this.#now()
      frames.forEach((frame, i) => {
        if (!other.over) other.receiver.onPart(other.driver, frame, 0, frame.length, i < frames.length - 1)
      })
    }
    other.#delivering = false
    if (other.over || other.#ending) underWay.length = 0
    if (this.congested && underWay.length <= CONGESTED_MESSAGES / 2 && !this.over) {
      this.congested = false
      this.receiver.onDrain(this.driver)
    }
    if (this.#ending && underWay.length === 0) this.finish(undefined)
    // What arrived whole before the end is still delivered; then the end is.
    if (this.over && underWay.length === 0) other.finish(undefined)
    return taken
  }

  /** The link breaks: what was under way is lost. */
  cut(): void {
    const { other } = this
    this.underWay.length = 0
    other.underWay.length = 0
    const error = new LinkError('RESET', 'the connection was lost')
    this.finish(error)
    other.finish(error)
  }

  finish(error: PseudError | undefined): void {
    if (this.over) return
    this.over = true
    this.#paused = false
    this.receiver.onEnd(this.driver, error)
  }

  // -- what a session does -------------------------------------------------------------------------------------------------

  sendPart(body: Buffer, more: boolean): void {
    this.#frames.push(Buffer.from(body))
    if (!more) this.#complete()
  }

  beginPart(): Slab {
    this.#slab.save(this.#mark)
    return this.#slab
  }

  endPart(): void {
    this.#frames.push(Buffer.from(this.#slab.gather(this.#mark)))
    this.#slab.rollback(this.#mark)
    this.#complete()
  }

  abandonPart(): void {
    this.#slab.rollback(this.#mark)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
  }

  end(): void {
    if (this.over || this.#ending) return
    this.#ending = true
    this.#paused = false
  }

  destroy(error?: PseudError): void {
    this.underWay.length = 0
    this.finish(error)
  }

  flush(): void {}

  #complete(): void {
    const frames = this.#frames
    this.#frames = []
    if (!this.ready) return
    this.underWay.push(frames)
    if (this.underWay.length > CONGESTED_MESSAGES) this.congested = true
  }
}

/** Joins two cores by a new link; the server's end comes first. `first`: the client speaks protocol 1. */
export function join(server: Core, client: Core, first: boolean, now: () => number): [LinkEnd, LinkEnd] {
  const atServer = new LinkEnd(first ? 'ROUTER' : 'DEALER', false, first, now)
  const atClient = new LinkEnd('ROUTER', true, first, now)
  atServer.other = atClient
  atClient.other = atServer
  const ends: [LinkEnd, LinkEnd] = [atServer, atClient]
  atServer.receiver = server.receiver(atServer.driver)
  atClient.receiver = client.receiver(atClient.driver)
  for (const end of ends) if (!end.over) end.receiver.onReady(end.driver)
  return ends
}
