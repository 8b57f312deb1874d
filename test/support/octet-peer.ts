/**
 * A peer made of octets in front of a participant, without sockets: a real Driver on a link in memory, so that what it says goes through the
 * engine, in whatever chunks a test likes. Knows protocol 1 as docs/protocol.md has it, written out once more.
 */
import { decode, encode } from '../../src/codec/index.ts'
import { connectionOptions } from '../../src/rpc/participants/connection-options.ts'
import type { Participant } from '../../src/rpc/participants/participant.ts'
import { Driver } from '../../src/zmtp/connections.ts'
import type { LinkOwner } from '../../src/zmtp/transport/transport.ts'
import { frame, greeting, property, ready } from './engine.ts'
import { sleep } from './within.ts'

export const OK = 0x01
export const HELLO = 0x02
export const WORK = 0x03
export const AUTHENTICATED = 0x04
export const HEARTBEAT = 0x06
export const ERROR = 0x10
export const UNAUTHORIZED = 0x11

const GREETING_SIZE = 64

export interface OctetPeerOptions {
  /** Default ROUTER. */
  readonly socketType?: string
  readonly identity?: string
  /** Announces X-Pseud. Default false. */
  readonly pseud?: boolean
  /** The participant dials. Default false. */
  readonly outgoing?: boolean
  readonly minor?: number
}

export interface Said {
  readonly uuid: Buffer
  readonly type: number
  /** Decoded; text for types whose body is text. */
  readonly body: unknown
}

// biome-ignore lint/suspicious/noExplicitAny: whatever events it has
type AnyParticipant = Participant<any>

export class OctetPeer {
  readonly remoteAddress = 'memory://peer'
  pendingBytes = 0
  /** The participant's driver is over, and why. */
  over = false
  error: (Error & { code?: string }) | undefined
  readonly driver: Driver
  #owner!: LinkOwner
  #octets: Buffer[] = []
  #read = 0

  constructor(core: AnyParticipant, options: OctetPeerOptions = {}) {
    const { socketType = 'ROUTER', identity = '', pseud = false, outgoing = false, minor = 1 } = options
    const local = core.options.isClient && !core.options.protocols.has(1) ? 'DEALER' : 'ROUTER'
    const name = core.options.isClient ? 'us' : core.name
    this.driver = new Driver(
      this,
      'memory://us',
      outgoing,
      connectionOptions(local, name, core.options),
      core,
      core.context,
      {
        onFinished: (_, error) => {
          this.over = true
          this.error = error
        },
      },
    )
    this.driver.start()
    const properties = [property('Identity', identity), ...(pseud ? [property('X-Pseud', '2')] : [])]
    this.octets(greeting('NULL', 3, minor), ready(socketType, ...properties))
  }

  // -- what it says --------------------------------------------------------------------------------------------------------

  octets(...chunks: Buffer[]): this {
    for (const chunk of chunks) this.#owner.onChunk(Buffer.from(chunk))
    return this
  }

  /** A message of these frames. */
  frames(...bodies: (Buffer | string)[]): this {
    return this.octets(framesOf(...bodies))
  }

  say(type: number, uuid: Buffer | string, body: Buffer | string = ''): this {
    return this.octets(messageOf(type, uuid, body))
  }

  work(uuid: Buffer | string, name: unknown, args: unknown = [], keywords: unknown = {}): this {
    return this.say(WORK, uuid, encode([name, args, keywords]))
  }

  close(error?: Error): void {
    this.#owner.onClose(error)
  }

  // -- what it hears -------------------------------------------------------------------------------------------------------

  /** Whole messages since the last time, without commands. */
  async heard(): Promise<Buffer[][]> {
    await sleep(0)
    const all = Buffer.concat(this.#octets)
    const messages: Buffer[][] = []
    let message: Buffer[] = []
    let at = Math.max(GREETING_SIZE, this.#read)
    while (at + 2 <= all.length) {
      const flags = all[at]!
      const long = (flags & 2) !== 0
      const size = long ? all.readUInt32BE(at + 5) : all[at + 1]!
      const start = at + (long ? 9 : 2)
      at = start + size
      if ((flags & 4) !== 0) continue
      message.push(all.subarray(start, at))
      if ((flags & 1) !== 0) continue
      messages.push(message)
      message = []
      this.#read = at
    }
    return messages
  }

  /** The messages of protocol 1 since the last time; anything else throws. */
  async answers(): Promise<Said[]> {
    return (await this.heard()).map((frames) => {
      const [delimiter, version, uuid, type, body] = frames
      if (frames.length !== 5 || delimiter!.length > 0 || String(version) !== 'v1' || type!.length !== 1) {
        throw new Error(`no message of protocol 1: ${frames.map((part) => part.toString('hex')).join('|')}`)
      }
      const isText = type![0] === AUTHENTICATED || type![0] === UNAUTHORIZED || type![0] === HEARTBEAT
      return { uuid: uuid!, type: type![0]!, body: isText ? String(body) : decode(body!) }
    })
  }

  // -- the link ------------------------------------------------------------------------------------------------------------

  start(owner: LinkOwner): void {
    this.#owner = owner
  }

  write(pieces: Buffer[]): void {
    for (const piece of pieces) this.#octets.push(Buffer.from(piece))
    queueMicrotask(() => this.#owner.onWritten())
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    queueMicrotask(() => this.#owner.onClose(undefined))
  }

  destroy(): void {}
}

export function framesOf(...bodies: (Buffer | string)[]): Buffer {
  return Buffer.concat(
    bodies.map((body, i) => frame(i < bodies.length - 1 ? 1 : 0, Buffer.from(body as string))),
  )
}

export function messageOf(type: number, uuid: Buffer | string, body: Buffer | string = ''): Buffer {
  return framesOf('', 'v1', uuid, Buffer.of(type), body)
}
