/**
 * What a socket type is: which pipe a message goes to, which message comes next, and what is in between. One subclass per type, each a
 * small composition of routing pieces. A pattern sees pipes and whole messages; endpoints, promises, timeouts and options with their
 * checks are the socket's.
 */
import type { Random } from '../../../base/clock.ts'
import type { PseudError } from '../../../base/errors.ts'
import type { Losses, Message, Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import type { OptionValues } from '../options.ts'

/** What a pattern may ask of its socket. */
export interface PatternHost {
  readonly options: OptionValues
  readonly random: Random
  /** What is thrown away and was for no peer in particular is counted here, all else by its pipe. */
  readonly losses: Losses
  /** Ends the connection of `pipe`, and says why. A dialled one is dialled again. */
  cut(pipe: Pipe, error: PseudError): void
  /** Takes leave of the peer of `pipe`: what is queued for it is sent, then the connection is closed, and not dialled again. */
  part(pipe: Pipe): void
  /** A receive that waits fails now. */
  failReceive(code: ErrnoCode): void
}

export abstract class Pattern {
  protected readonly host: PatternHost

  constructor(host: PatternHost) {
    this.host = host
  }

  /** A receive would give a message now. */
  abstract get readable(): boolean
  /** A send would be taken now. */
  abstract get writable(): boolean
  /** Messages that wait to be received. */
  abstract get queued(): number

  /** The user wants to address the peer of a pipe that is not attached yet as `id`. `false`: this type does not address, or the id is taken. */
  name(_pipe: Pipe, _id: Buffer): boolean {
    return false
  }
  /** A new pipe: before any connection where the socket dialled, else right before `open`. */
  abstract attach(pipe: Pipe): void
  /**
   * Why a connection that has just been made is closed before its handshake; `undefined`: it goes on. `pipe` is what it will serve, if that
   * exists already. A peer that is turned away here has sent nothing yet, so it loses nothing; later it may.
   */
  refusal(_pipe: Pipe | undefined): PseudError | undefined {
    return undefined
  }
  /**
   * `pipe` has a new connection, to a peer that announced `identity` and, where that was asked, proved to be `user`. What is returned
   * refuses it: the connection is closed.
   */
  open(_pipe: Pipe, _identity: Buffer, _user: string | undefined): PseudError | undefined {
    return undefined
  }
  /** The connection of `pipe` takes messages from now on; what must come before all that is queued is sent here. */
  linked(_pipe: Pipe): void {}
  /** The connection of `pipe` has ended; the pipe itself may live on. */
  lost(_pipe: Pipe): void {}
  /** The pipe takes no message any more. What it brought stays readable, unless `discard`. */
  abstract detach(pipe: Pipe, discard: boolean): void
  /** The socket is closed: what is still unread is dropped. */
  clear(): void {}
  /** `pipe.full` has changed. */
  rearm(_pipe: Pipe): void {}

  /** A whole message has come through `pipe`. */
  abstract arrive(pipe: Pipe, message: Message): void
  /** The peer of `pipe` wants `topic`, or no longer, as it said by a command. */
  request(_pipe: Pipe, _topic: Buffer, _wanted: boolean): void {}
  /** The user wants `topic`, or no longer. Returns why that cannot be. */
  subscribe(_topic: Buffer, _wanted: boolean): ErrnoCode | undefined {
    return 'EINVAL'
  }
  /** Options may have changed: those that are looked at for every message are mirrored. */
  configure(): void {}
  /** The next message, or `undefined` when there is none or it is not the time: see `fault`. */
  abstract receive(): Message | undefined
  /** The next messages, until `batch` holds `most` or there is none. */
  receiveInto(batch: Message[], most: number): void {
    while (batch.length < most) {
      const message = this.receive()
      if (message === undefined) return
      batch.push(message)
    }
  }
  /** Why receiving gives nothing: nothing there, or out of turn. */
  get receiveFault(): ErrnoCode {
    return 'EAGAIN'
  }

  /** Whether a send that is not possible now waits until it is. If not, EAGAIN is the answer, whatever the time limit. */
  get sendWaits(): boolean {
    return true
  }
  /** Takes a message, or says why not. EAGAIN and EFSM may pass with time, all others are final. */
  abstract send(parts: Message): ErrnoCode | undefined
  /** The same for a message of one part. */
  sendOne(body: Buffer): ErrnoCode | undefined {
    return this.send([body])
  }
}
