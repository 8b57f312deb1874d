/**
 * REQ (RFC 28): one request, then one reply, from the peer that was asked. On the wire: [request id, 4 octets, with `correlate`],
 * an empty delimiter, the body. Messages of peers that were not asked, and late ones, are dropped as they arrive.
 */
import { EMPTY, writeU32 } from '../../../base/bytes.ts'
import { ProtocolError } from '../../../base/errors.ts'
import { LoadBalancer } from '../../routing/load-balancer.ts'
import { behind, DELIMITER, type Message, type Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { CORRELATE, RELAXED } from '../option-table.ts'
import { Pattern, type PatternHost } from './pattern.ts'

export class RequestPattern extends Pattern {
  readonly #out = new LoadBalancer()
  #awaiting = false
  /** Who was asked; `undefined` when that pipe has gone: then anybody may answer. */
  #asked: Pipe | undefined
  // Mirrors of options, because they are looked at for every message.
  #correlate = false
  #relaxed = false
  #requestId: number
  /** The id frame of the request under way, where it has one. */
  #sentId: Buffer | undefined
  /** Who the reply came from, while it is unread. */
  #replier: Pipe | undefined
  /** The answer to the last request was malformed, whether or not a receive has heard of that yet. */
  #refused = false

  constructor(host: PatternHost) {
    super(host)
    this.#requestId = Math.floor(host.random() * 0x1_0000_0000)
  }

  get readable(): boolean {
    return this.#replier !== undefined
  }

  get writable(): boolean {
    return this.#mayAsk && this.#out.writable
  }

  get queued(): number {
    return this.#replier === undefined ? 0 : 1
  }

  override configure(): void {
    this.#correlate = this.host.options.flag(CORRELATE)
    this.#relaxed = this.host.options.flag(RELAXED)
  }

  attach(pipe: Pipe): void {
    this.#out.attach(pipe)
  }

  detach(pipe: Pipe, discard: boolean): void {
    this.#out.detach(pipe)
    if (this.#asked === pipe) this.#asked = undefined
    if (discard && this.#replier === pipe) this.clear()
  }

  override clear(): void {
    this.#replier?.discardInbound()
    this.#replier = undefined
  }

  override rearm(pipe: Pipe): void {
    this.#out.rearm(pipe)
  }

  arrive(pipe: Pipe, message: Message): void {
    const bodyAt = bodyIndex(message)
    if (bodyAt < 0) {
      this.#refuse(pipe)
      return
    }
    if (!this.#awaiting || this.#replier !== undefined || !this.#isAnswer(pipe, message, bodyAt)) {
      pipe.refuse()
      return
    }
    this.#replier = pipe
    pipe.arrive(behind(message, bodyAt))
  }

  receive(): Message | undefined {
    const pipe = this.#replier
    if (pipe === undefined) return undefined
    this.#replier = undefined
    this.#awaiting = false
    this.#asked = undefined
    return pipe.take()
  }

  override get receiveFault(): ErrnoCode {
    if (this.#awaiting) return 'EAGAIN'
    return this.#refused ? 'EPROTO' : 'EFSM'
  }

  send(parts: Message): ErrnoCode | undefined {
    if (!this.#mayAsk) return 'EFSM'
    const pipe = this.#out.choose()
    if (pipe === undefined) return 'EAGAIN'
    // With `relaxed`: the reply that nobody has read is not the one to this request.
    this.clear()
    pipe.send(parts, 0, this.#envelope())
    this.#out.sent(pipe)
    this.#asked = pipe
    this.#awaiting = true
    this.#refused = false
    return undefined
  }

  get #mayAsk(): boolean {
    return !this.#awaiting || this.#relaxed
  }

  #envelope(): readonly Buffer[] {
    if (!this.#correlate) {
      this.#sentId = undefined
      return DELIMITER
    }
    this.#requestId = (this.#requestId + 1) >>> 0
    const id = Buffer.alloc(4)
    writeU32(id, 0, this.#requestId)
    this.#sentId = id
    return [id, EMPTY]
  }

  #isAnswer(pipe: Pipe, message: Message, bodyAt: number): boolean {
    if (this.#asked !== undefined && this.#asked !== pipe) return false
    if (this.#sentId === undefined) return bodyAt === 1
    return bodyAt === 2 && message[0]!.equals(this.#sentId)
  }

  /**
   * Not the form of a reply. libzmq closes the connection for good and waits for ever; here the connection is closed and dialled again,
   * and if this peer owed us the reply, the receive fails and another request may be sent.
   */
  #refuse(pipe: Pipe): void {
    pipe.refuse()
    const owed = this.#awaiting && this.#replier === undefined && (this.#asked ?? pipe) === pipe
    if (owed) {
      this.#awaiting = false
      this.#refused = true
      this.#asked = undefined
    }
    this.host.cut(pipe, new ProtocolError('BAD_REPLY', 'a reply has no delimiter, or nothing behind it'))
    if (owed) this.host.failReceive('EPROTO')
  }
}

/** Where the body of `[id of 4 octets?] ['' ] body…` begins, or -1 when the message does not have that form. */
function bodyIndex(message: Message): number {
  if (message[0]!.length === 0) return message.length > 1 ? 1 : -1
  return message[0]!.length === 4 && message.length > 2 && message[1]!.length === 0 ? 2 : -1
}
