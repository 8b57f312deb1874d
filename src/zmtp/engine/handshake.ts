// What a connection needs until both sides are ready, and nobody afterwards: the greeting as it comes, the mechanism, and where the
// judging of the peer stands. The engine drops it with READY, unless a cipher's keys have to be wiped at the end. No order, no octets of its own.
import { GREETING_SIZE, MAJOR_AT, MINOR_AT } from '../wire/constants.ts'
import type { Mechanism } from './security/mechanism.ts'

export class Handshake {
  readonly mechanism: Mechanism
  /** When it has to be done; `Infinity`: some time. */
  readonly deadline: number
  /** The peer's, of which `greeted` octets have come. */
  readonly greeting: Buffer = Buffer.allocUnsafe(GREETING_SIZE)
  greeted = 0
  /** Somebody judges the peer: nothing that it sends is looked at meanwhile. */
  judging = false
  /** The verdict is there. */
  decided = false
  /** Octets that wait for it. */
  held = 0

  constructor(mechanism: Mechanism, deadline: number) {
    this.mechanism = mechanism
    this.deadline = deadline
  }

  /** The version of ZMTP in the greeting. */
  get major(): number {
    return this.greeting[MAJOR_AT]!
  }

  get minor(): number {
    return this.greeting[MINOR_AT]!
  }
}
