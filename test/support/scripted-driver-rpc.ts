// A connection in memory for RPC sessions: no sockets, no ZMTP, no time. Messages that a session writes are kept as decoded arrays
// and raw frames, or handed to the session at the other end when the test says so; the test plays the driver.
import { EMPTY } from '../../src/base/bytes.ts'
import type { PseudError } from '../../src/base/errors.ts'
import { Slab } from '../../src/base/slab.ts'
import { decode, encode } from '../../src/codec/index.ts'
import type { Session } from '../../src/rpc/session/session.ts'
import type { Driver, PeerInfo } from '../../src/zmtp/connections.ts'

export interface ScriptedPeer {
  readonly socketType?: string
  readonly identity?: string
  /** Announces X-Pseud; default true. */
  readonly pseud?: boolean
  /** Of its ZMTP version; default 1. */
  readonly minor?: number
}

/** Stands in for a Driver. */
export class ScriptedConnection {
  readonly endpoint = 'inproc://script'
  readonly remoteAddress = 'inproc://script'
  readonly outgoing = false
  congested = false
  queuedBytes = 0
  lastHeard = 0
  rttMs: number | undefined = undefined
  ready = true
  paused = false
  /** Why the session ended it; `undefined`: it did not, or without an error. */
  error: PseudError | undefined
  over = false
  /** Every message written, as its frames. */
  readonly sent: Buffer[][] = []
  session!: Session
  readonly peer: PeerInfo
  /** Who gets what is written, by `deliver`. */
  other: ScriptedConnection | undefined
  readonly #slab = new Slab()
  #frames: Buffer[] = []
  #open = false
  #undelivered = 0

  constructor({ socketType = 'DEALER', identity = '', pseud = true, minor = 1 }: ScriptedPeer = {}) {
    this.peer = {
      socketType,
      identity: Buffer.from(identity),
      properties: new Map(pseud ? [['x-pseud', Buffer.from('2')]] : []),
      major: 3,
      minor,
      userId: undefined,
      userMetadata: new Map(),
    }
  }

  /** Opens a session of `core` on this connection. */
  open(core: { receiver(driver: Driver): unknown }): this {
    this.session = core.receiver(this as unknown as Driver) as Session
    this.session.onReady()
    return this
  }

  /** Feeds a message to the session: values, or frames as they are. */
  feed(message: readonly unknown[] | Buffer, route: readonly Buffer[] = []): void {
    for (const frame of route) this.session.onPart(undefined, frame, 0, frame.length, true)
    const last = Buffer.isBuffer(message) ? message : encode(message)
    // Inside a larger chunk, as it would be.
    const chunk = Buffer.concat([Buffer.from('<<'), last, Buffer.from('>>')])
    this.session.onPart(undefined, chunk, 2, 2 + last.length, false)
  }

  /** The last frames of the messages written so far, decoded; forgets them. */
  take(): unknown[][] {
    return this.sent.splice(0).map((frames) => decode(frames.at(-1)!) as unknown[])
  }

  /** Hands over what was written since the last time; how many messages it was. */
  deliver(): number {
    const messages = this.sent.slice(this.#undelivered)
    this.#undelivered = this.sent.length
    for (const frames of messages) {
      frames.forEach((frame, i) => {
        this.other!.session.onPart(undefined, frame, 0, frame.length, i < frames.length - 1)
      })
    }
    return messages.length
  }

  /** The link is gone. */
  lose(error?: PseudError): void {
    if (this.over) return
    this.over = true
    this.ready = false
    this.session.onEnd(undefined, error)
  }

  // -- what a session calls ----------------------------------------------------------------------------------------------

  sendPart(body: Buffer, more: boolean): void {
    if (this.#open) throw new Error('a part is open')
    this.#frames.push(Buffer.from(body))
    if (!more) this.#complete()
  }

  beginPart(more: boolean): Slab {
    if (this.#open || more) throw new Error('a part is open, or it is not the last')
    this.#open = true
    this.#slab.save(this.#mark)
    return this.#slab
  }

  endPart(): void {
    if (!this.#open) throw new Error('no part is open')
    this.#open = false
    this.#frames.push(Buffer.from(this.#slab.gather(this.#mark)))
    this.#slab.rollback(this.#mark)
    this.#complete()
  }

  abandonPart(): void {
    if (!this.#open) throw new Error('no part is open')
    this.#open = false
    this.#slab.rollback(this.#mark)
  }

  readonly #mark = { bytes: EMPTY, start: 0, at: 0, sealed: 0, sealedBytes: 0, chunks: 0 }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  end(): void {
    this.lose()
  }

  destroy(error?: PseudError): void {
    this.error = error
    this.lose(error)
  }

  flush(): void {}

  #complete(): void {
    this.sent.push(this.#frames)
    this.#frames = []
  }
}

/** Joins the sessions of two cores; `pump` delivers until both are silent. */
export function joinSessions(
  server: { receiver(driver: Driver): unknown },
  client: { receiver(driver: Driver): unknown },
  names: { server?: string; client?: string } = {},
): { server: ScriptedConnection; client: ScriptedConnection; pump(): Promise<void> } {
  // Each sees the other's kind.
  const atServer = new ScriptedConnection({ socketType: 'DEALER', identity: names.client ?? '' })
  const atClient = new ScriptedConnection({ socketType: 'ROUTER', identity: names.server ?? '' })
  atServer.other = atClient
  atClient.other = atServer
  atServer.open(server)
  atClient.open(client)
  const pump = async (): Promise<void> => {
    for (;;) {
      const moved = atClient.deliver() + atServer.deliver()
      // Functions that return promises answer in later microtasks.
      for (let i = 0; i < 10; i++) await Promise.resolve()
      if (moved === 0 && atClient.deliver() + atServer.deliver() === 0) return
    }
  }
  return { server: atServer, client: atClient, pump }
}
